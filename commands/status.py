"""`status`: what went out, what is held, what comes next; one edition, one reader, what waits for you."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Annotated

import typer
from sqlalchemy.engine import Connection

from commands.coming import next_of
from commands.context import Context, opened
from commands.edition_contents import contents
from commands.invocation import ConfigOption, LogFormat, LogOption, NowOption, invocation
from commands.status_facts import edition_facts, moment_facts, reader_facts, waiting_facts
from commands.status_page import Page
from commands.waiting import waiting
from commands.waits import Waiting
from newsletter import edition_csv, editions, status
from newsletter.delivery import ramps
from newsletter.delivery.ramp import Standing
from newsletter.reader_moments import moments
from newsletter.returns.heard import heard_lately, heard_of
from newsroom import log
from newsroom.database import reading
from newsroom.errors import ConfigurationError, ExitStatus, MisuseError, ReaderError
from readership import store
from readership.address import recipient_key

app = typer.Typer(pretty_exceptions_enable=False)

REFUSALS = timedelta(days=7)
"""Refused readers of older editions are no news."""


@app.command("status")
def show(
    context: typer.Context,
    edition: Annotated[str | None, typer.Argument(help="Only this one, in full.")] = None,
    reader: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="What became of editions for one reader.")
    ] = None,
    problems: Annotated[
        bool, typer.Option("--problems", help="Only what waits for a person, each with its command.")
    ] = False,
    csv: Annotated[
        bool, typer.Option("--csv", help="The whole edition as CSV, one reader a line, by number.")
    ] = False,
    addresses: Annotated[
        bool, typer.Option("--addresses", help="With --csv: each reader's address as well.")
    ] = False,
    config: ConfigOption = None,
    log_format: LogOption = None,
    now: NowOption = None,
) -> None:
    """Show what went out, what is held and what comes next. Changes nothing."""
    if csv != (csv and edition is not None and reader is None and not problems) or (addresses and not csv):
        raise ConfigurationError(
            "status: --csv is of one edition, --addresses goes with it: `status EDITION --csv --addresses`"
        )
    if reader is not None and problems:
        raise MisuseError("status: --reader and --problems: say one of them")
    called = invocation(context, config, log_format, now)
    with opened(called, looks=True) as room, reading(room.engine) as connection:
        page = None if called.log is LogFormat.JSON else Page(room.settings.newsroom.time_zone)
        if edition is not None:
            editions.get(connection, edition)
        if csv and edition is not None:
            edition_csv.write(connection, edition, sys.stdout, with_addresses=addresses)
        elif reader is not None:
            _reader(connection, room, page, reader, edition)
        elif problems:
            if any(one.needs_person for one in _waiting(connection, room, page, edition, say_none=True)):
                raise typer.Exit(ExitStatus.HELD)
        elif edition is not None:
            _edition(connection, room, page, edition)
        else:
            _overview(connection, room, page)


def _overview(connection: Connection, room: Context, page: Page | None) -> None:
    for newsletter in room.settings.newsletters:
        lines = status.recent(connection, newsletter.key)
        heard = heard_lately(connection, [line.edition.key for line in lines])
        if page:
            page.editions(newsletter.title, lines, heard)
            continue
        for line in lines:
            log.step("status", **edition_facts(line, heard.get(line.edition.key)))
    _waiting(connection, room, page, None, say_none=False)
    coming = [(one.key, *next_of(connection, room, one)) for one in room.settings.newsletters]
    warmed = _warmed_up(connection, room)
    if page:
        page.warmed_up(warmed)
        page.coming([(key, at) for _, key, at in coming])
        return
    for ramp in warmed:
        log.step("ramp", newsletter=ramp.newsletter, day=ramp.day, of=ramp.days, today=ramp.today)
    for newsletter_key, key, at in coming:
        log.step("next", newsletter=newsletter_key, edition=key, at=at)


def _warmed_up(connection: Connection, room: Context) -> list[Standing]:
    today = room.clock().astimezone(room.settings.newsroom.time_zone).date()
    found = (ramps.standing(connection, one.key, today) for one in room.settings.newsletters)
    return [one for one in found if one is not None]


def _edition(connection: Connection, room: Context, page: Page | None, key: str) -> None:
    line = status.line_of(connection, key)
    found = contents(connection, room, line.edition)
    heard = heard_of(connection, key)
    if page:
        page.edition(line, found, heard)
    else:
        log.step("status", **edition_facts(line, heard), **found.facts)
    _waiting(connection, room, page, key, say_none=False)
    history = editions.log_of(connection, key)
    if page:
        page.log(history)
        return
    for at, by, what in history:
        log.step("log", edition=key, at=at, by=by, what=what)


def _waiting(
    connection: Connection, room: Context, page: Page | None, key: str | None, *, say_none: bool
) -> list[Waiting]:
    # One that is asked for by its name is told whatever its age.
    edition = None if key is None else editions.get(connection, key)
    since = room.clock() - REFUSALS if edition is None else edition.due - timedelta(seconds=1)
    found = waiting(connection, room, since, key)
    if page:
        page.waiting(found, say_none=say_none)
        return found
    for one in found:
        log.problem("status", **waiting_facts(one))
    if say_none and not found:
        log.step("status", problems="none")
    return found


def _reader(
    connection: Connection, room: Context, page: Page | None, address: str, edition: str | None
) -> None:
    try:
        key = recipient_key(room.settings.secrets.address_key, address)
    except ReaderError as error:
        raise ConfigurationError(*(f"status: --reader: {line}" for line in error.problems)) from error
    found = store.find(connection, key)
    if found is None:
        raise ConfigurationError(
            "status: --reader: no reader has this address; allowed: one that is imported"
        )
    story = status.reader_story(connection, found.id, edition)
    told = moments(connection, edition, found.id) if edition is not None and story else ()
    if page:
        page.reader(found.id, story, has_events=any(one.is_event for one in told))
        if told:
            page.moments(told)
        return
    for line in story:
        log.step("status", **reader_facts(found.id, line))
    for one in told:
        log.step("moment", **moment_facts(found.id, edition or "", one))
    if not story:
        log.step("status", reader=found.id, editions="none was meant for this reader")
