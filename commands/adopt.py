"""`adopt OLD NEW`: a newsroom moves from one source to another, and its articles keep their ids."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from commands.context import Context, copy_of, opened
from commands.invocation import (
    ConfigOption,
    DryRunOption,
    LogFormat,
    LogOption,
    NowOption,
    invocation,
)
from commands.left_sources import left_of
from content.adoption import Proposal, adopt, moving, propose
from content.sync import Wish, sync_source
from newsroom import log
from newsroom.database import reading, sqlite_file, writing
from newsroom.errors import ConfigurationError
from newsroom.locks import held
from newsroom.settings import SourceSettings

app = typer.Typer(pretty_exceptions_enable=False)


@app.command("adopt")
def adopt_articles(
    context: typer.Context,
    old: Annotated[str, typer.Argument(help="The source that the articles come from.")],
    new: Annotated[str, typer.Argument(help="The source that has them now.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do it; otherwise it is only shown.")] = False,
    config: ConfigOption = None,
    log_format: LogOption = None,
    now: NowOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Match the articles of two sources by address, slug, or headline and day, and keep their ids.

    The new one stands in newsroom.toml; the old one may have gone from it, or go afterwards.
    """
    given = invocation(context, config, log_format, now, dry_run=dry_run)
    with opened(given) as room:
        there = _source(room, new)
        if old not in left_of(room):
            _source(room, old)
        if old == new:
            raise ConfigurationError("adopt: the two sources are one; name the old one and the new one")
        with held(room.engine, "sync"):
            proposal = _proposal(room, old, there)
            if given.log is LogFormat.TEXT:
                _show(proposal)
            adopted = 0
            if yes and not room.dry_run:
                with writing(room.engine) as connection:
                    adopted = adopt(connection, proposal.matches, new)
        log.step(
            "adopt",
            matched=len(proposal.matches),
            left=len(proposal.left),
            new=len(proposal.new),
            adopted=adopted,
            then=None if adopted else "say --yes to do it",
        )


def _source(room: Context, key: str) -> SourceSettings:
    for source in room.settings.sources:
        if source.key == key:
            return source
    known = ", ".join(source.key for source in room.settings.sources)
    raise ConfigurationError(f'{room.settings.path}: "{key}" is not a source; allowed: {known}')


def _proposal(room: Context, old: str, new: SourceSettings) -> Proposal:
    """What a full sync of the new source would bring, tried on a copy, and which of it the old one has."""
    with reading(room.engine) as connection:
        before = moving(connection, old)
    file = sqlite_file(room.engine)
    if file is None:
        raise ConfigurationError(
            "adopt: it tries the move on a copy of an SQLite database, and there is none"
        )
    with copy_of(file) as engine:
        with reading(engine) as connection:
            known = {one.reference for one in moving(connection, new.key)}
        settings = room.settings
        # Only the new source has a say, so that what has the same address is seen as having moved.
        wish = Wish(dry_run=True, full=True, order=(new.key,))
        sync_source(
            engine,
            replace(new, pictures_for=new.pictures_for * 0),
            settings.newsroom,
            settings.public_dir,
            room.clock(),
            wish,
        )
        with reading(engine) as connection:
            after = [one for one in moving(connection, new.key) if one.reference not in known]
    return propose(before, after)


def _show(proposal: Proposal) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("Old", "New", "By", "Headline"):
        table.add_column(name, overflow="fold")
    for match in proposal.matches:
        table.add_row(match.article.reference, match.reference, match.by, match.article.headline)
    for one in proposal.left:
        table.add_row(one.reference, "-", "no match", one.headline)
    Console(file=sys.stdout, highlight=False, markup=False, emoji=False).print(table)
