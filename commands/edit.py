"""`edit EDITION`: what an editor changes in a composed edition; each change is a new revision."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.engine import Connection

from commands.composing import current_teasers
from commands.context import Context, opened, operator
from commands.invocation import ConfigOption, DryRunOption, LogOption, NowOption, invocation
from content import catalogue
from content.sanitise import clean_html, clean_line
from newsletter import editions
from newsletter.edition import Edits, Selection
from newsletter.revise import revised
from newsroom import log
from newsroom.database import writing
from newsroom.errors import ConfigurationError

app = typer.Typer(pretty_exceptions_enable=False)

NOTE_LIMIT = 20_000


@app.command()
def edit(
    context: typer.Context,
    edition: Annotated[str, typer.Argument(help="NEWSLETTER-YYYY-MM-DD, as `status` shows it.")],
    lead: Annotated[str | None, typer.Option(metavar="ID", help="This story leads.")] = None,
    drop: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Leave this one out; repeatable.")
    ] = None,
    place: Annotated[
        list[str] | None, typer.Option(metavar="ID=SECTION", help="Put this story under that section.")
    ] = None,
    subject: Annotated[str | None, typer.Option(help="The subject; empty goes back to the rule.")] = None,
    note: Annotated[Path | None, typer.Option(metavar="FILE", help="A word on top, as Markdown.")] = None,
    config: ConfigOption = None,
    log_format: LogOption = None,
    now: NowOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Change a composed edition before it goes out: lead, stories, places, subject, note."""
    with opened(invocation(context, config, log_format, now, dry_run=dry_run)) as room:
        text = None if note is None else _note(note)
        with writing(room.engine) as connection:
            before = _before(connection, edition)
            edits = Edits(
                lead=None if lead is None else _story(connection, before, lead, "--lead"),
                dropped=frozenset(_story(connection, before, one, "--drop") for one in drop or ()),
                subject=None if subject is None else clean_line(subject),
                note=text,
                places=tuple(_place(connection, room, before, one) for one in place or ()),
            )
            after = _after(connection, room, before, edits, editions.get(connection, edition).due)
            if after == before:
                log.step("edit", edition=edition, changed="nothing")
                return
            if room.dry_run:
                log.step("edit", edition=edition, subject=after.subject, dry_run="nothing was changed")
                return
            left_out = editions.left_out_of(connection, edition, editions.get(connection, edition).revision)
            number = editions.add_revision(
                connection, edition, after, left_out, operator(), _said(edits), room.clock()
            )
        log.step("edit", edition=edition, revision=number, stories=len(after.stories), subject=after.subject)


def _before(connection: Connection, key: str) -> Selection:
    edition = editions.get(connection, key)
    if edition.first_handed is not None:
        raise ConfigurationError(
            f"{key}: it is being handed over; now only `stop` or a withdrawal changes it"
        )
    return editions.selection_of(connection, key, edition.revision)


def _after(
    connection: Connection, room: Context, before: Selection, edits: Edits, due: datetime
) -> Selection:
    now = room.clock()
    return revised(
        before,
        room.settings.newsroom,
        room.newsletter(before.newsletter),
        current_teasers(connection, room, before, now),
        edits,
        now,
        due=due,
    )


def _story(connection: Connection, selection: Selection, text: str, option: str) -> str:
    ids = {story.teaser.id for story in selection.stories}
    found = {one.article.id for one in catalogue.find(connection, text)} | {text}
    matching = sorted(found & ids)
    if len(matching) == 1:
        return matching[0]
    slugs = ", ".join(story.teaser.slug for story in selection.stories)
    raise ConfigurationError(f'edit: {option}: "{text}" is not a story of this edition; allowed: {slugs}')


def _place(connection: Connection, room: Context, selection: Selection, text: str) -> tuple[str, str]:
    story, _, section = text.rpartition("=")
    keys = [place.section for place in room.newsletter(selection.newsletter).places]
    if section not in keys:
        raise ConfigurationError(f'edit: --place: "{section}" is not in it; allowed: {", ".join(keys)}')
    return _story(connection, selection, story, "--place"), section


def _note(path: Path) -> str:
    from markdown_it import MarkdownIt

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"edit: --note: {path} cannot be read as UTF-8 text: {error}") from error
    if len(text) > NOTE_LIMIT:
        raise ConfigurationError(f"edit: --note: {path}: {len(text):,} characters; allowed: {NOTE_LIMIT:,}")
    return clean_html(str(MarkdownIt().render(text)))


def _said(edits: Edits) -> str:
    said = [
        "lead" if edits.lead else "",
        f"{len(edits.dropped)} dropped" if edits.dropped else "",
        "subject" if edits.subject is not None else "",
        "note" if edits.note is not None else "",
        f"{len(edits.places)} placed" if edits.places else "",
    ]
    return "edited: " + ", ".join(filter(None, said))
