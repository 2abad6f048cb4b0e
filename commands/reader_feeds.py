"""`readers feeds`: the addresses of one reader's own feeds, shown, made anew or taken back."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from sqlalchemy.engine import Connection

from commands.context import Context, opened
from commands.invocation import ConfigOption, DryRunOption, LogFormat, LogOption, NowOption, invocation
from newsroom import log
from newsroom.database import LARGEST, reading, writing
from newsroom.errors import ConfigurationError, ReaderError
from readership import feed_addresses, feed_uses, store
from readership.address import recipient_key
from readership.feed_addresses import Holder
from readership.feed_uses import Sharing

_FREE = "whole articles that are free or for registered readers, teasers of the rest: no plan opens more"


def feeds(
    context: typer.Context,
    reader: Annotated[str, typer.Argument(metavar="ADDRESS", help="The reader's address, or number.")],
    rotate: Annotated[
        bool, typer.Option("--rotate", help="Make new addresses; the old ones answer 410 at once.")
    ] = False,
    revoke: Annotated[
        bool, typer.Option("--revoke", help="Switch them off; they answer 410 until --rotate.")
    ] = False,
    config: ConfigOption = None,
    log_format: LogOption = None,
    now: NowOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Show a reader's own feed addresses, which are secrets, and whether they may be shared."""
    if rotate and revoke:
        raise ConfigurationError("readers feeds: --rotate and --revoke: allowed: one of them")
    called = invocation(context, config, log_format, now, dry_run=dry_run)
    with opened(called) as room:
        with reading(room.engine) as connection:
            number = _number(connection, room, reader)
        if (rotate or revoke) and room.dry_run:
            log.step("feeds", reader=number, dry_run="nothing was changed")
            return
        if rotate or revoke:
            act = feed_addresses.rotate if rotate else feed_addresses.revoke
            with writing(room.engine) as connection:
                act(connection, number, room.clock())
            log.step("feeds", reader=number, addresses="new ones" if rotate else "switched off")
        with reading(room.engine) as connection:
            holder = feed_addresses.holder(connection, number)
            shared = feed_uses.sharing(feed_uses.uses_of(connection, number, room.clock()))
        if holder is not None and not revoke:
            _show(room, holder, shared, as_json=called.log is LogFormat.JSON)


def said(shared: Sharing) -> str:
    """What points to sharing, in words; empty where nothing does."""
    reasons = []
    if shared.subscribers > 1:
        reasons.append(f"{shared.service} says that {shared.subscribers} follow one address")
    if shared.networks > feed_uses.USUAL_NETWORKS:
        reasons.append(f"it was fetched from {shared.networks} networks within 24 hours")
    return " and ".join(reasons)


def _number(connection: Connection, room: Context, text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= LARGEST:
        found = store.by_id(connection, int(text))
    else:
        try:
            found = store.find(connection, recipient_key(room.settings.secrets.address_key, text))
        except ReaderError as error:
            raise ConfigurationError(*(f"readers feeds: {line}" for line in error.problems)) from error
    if found is None:
        raise ConfigurationError("readers feeds: no such reader; allowed: the address or number of one")
    return found.id


def _show(room: Context, holder: Holder, shared: Sharing, *, as_json: bool) -> None:
    from web.private_feeds import addresses

    newsroom = room.settings.newsroom
    today = room.clock().astimezone(newsroom.time_zone).date()
    token = holder.token(room.settings.secrets.signing_keys)
    found = addresses(newsroom, token) if token else ()
    hold = "whole articles" if holder.pays_on(today) else _FREE
    if as_json:
        value = {
            "reader": holder.reader_id,
            "feeds": [{"title": feed.title, **dict(feed.files)} for feed in found],
            "hold": hold,
            "may_be_shared": said(shared),
        }
        typer.echo(json.dumps(value, ensure_ascii=False))
        return
    # Not by the log, which would mask them: who asks for them is to have them.
    typer.echo(f"reader {holder.reader_id}: " + (hold if token else "the addresses are switched off"))
    if shared.is_noticed:
        typer.echo(f"may be shared: {said(shared)}")
    for feed in found:
        typer.echo(feed.title)
        for _, address in feed.files:
            typer.echo(f"  {address}")
