"""The bare run: do what is due. Read the sources, publish the feeds, compose and hand over editions."""

from __future__ import annotations

import time

import typer

from commands.coming import next_of
from commands.context import Context, opened, settings_of
from commands.digest import digest_step
from commands.ending import ASKED
from commands.feeds import feeds_step, hub_step
from commands.invocation import Invocation, invocation
from commands.letters import letters_step, say_out_of_date, say_unseen
from commands.sync import sync_step
from commands.troubles import NOT_NOTED
from newsletter.history import has_kept, has_returned, has_unsettled, open_editions
from newsletter.returns import after_all, drops
from newsroom import alerts, log, unforeseen, witness
from newsroom.database import emptied, reading
from newsroom.errors import ConfigurationError, ExitStatus, HeldError, StandfirstError, StoreError
from newsroom.stop_file import trim

UNNOTED = "Nothing can be noted in the database, so every run tells this again until it can."


def run(context: typer.Context) -> ExitStatus:
    """Do every step; one that fails is told and the next ones go on. Returns the gravest status."""
    begun = time.monotonic()
    called = invocation(context)
    try:
        with opened(called) as room:
            _do(room)
            if not room.dry_run:
                _tell(room)
            log.step("done", status=int(room.troubles.status), seconds=time.monotonic() - begun)
            return room.troubles.status
    except ConfigurationError:
        # Without its settings nobody knows whom to tell; the heartbeat that does not come does.
        raise
    except Exception as error:
        if not called.dry_run:
            _tell_without_room(called, error)
        raise


def _do(room: Context) -> None:
    with room.troubles.caught("database"):
        witness.check_there(room.engine, room.settings.witness_path)
        _do_all(room)


def _do_all(room: Context) -> None:
    sync_step(room)
    feeds_step(room)
    if room.settings.readers:
        # Most newsrooms import their lists.
        from commands.readers_step import readers_step

        readers_step(room)
    if room.settings.bounces.maildir or room.settings.bounces.imap:
        # SendGrid's users have it post what comes back. Before the editions: whom it stops gets none of them.
        from commands.bounces_step import bounces_step

        bounces_step(room)
    for newsletter in room.settings.newsletters:
        with room.troubles.caught("digest", newsletter.key):
            digest_step(room, newsletter)
    if any(one.editors for one in room.settings.newsletters):
        # Their time to look begins now, however long a hand-over takes.
        letters_step(room)
    with room.troubles.caught("deliver"):
        _deliver(room)
    if not ASKED.is_set():
        letters_step(room)
    with room.troubles.caught("letters"):
        say_unseen(room)
        say_out_of_date(room)
    with room.troubles.caught("witness"):
        _say_objection(room)
    if not ASKED.is_set():
        # After the mail: nobody waits for a hub.
        hub_step(room)
    with room.troubles.caught("next"):
        _say_next(room)
    if not room.dry_run:
        with room.troubles.caught("database"):
            # What was erased while others kept the log busy.
            emptied(room.engine)
            trim(room.engine, room.settings.stops_path, room.clock())


def _deliver(room: Context) -> None:
    with reading(room.engine) as connection:
        is_kept = has_kept(connection) or bool(after_all.lately(connection, room.clock()))
    if is_kept:
        # First: it has an hour at which it goes, and what becomes of it may be for a person to settle.
        from commands.taking_back import take_back_step

        with room.troubles.caught("deliver", "recall"):
            take_back_step(room)
    if any(one.editors for one in room.settings.newsletters):
        # Nobody else stops one far from the shell.
        from commands.stopped_editions import say_stopped

        with room.troubles.caught("deliver", "stopped"):
            say_stopped(room)
    with reading(room.engine) as connection:
        is_over = not (open_editions(connection) or has_unsettled(connection) or has_returned(connection))
        is_over = is_over and not drops.some(connection, room.clock())
    if is_over:
        return
    # Rendering and sending take a while to import, and most runs have nothing to send.
    from commands.deliver import deliver_step, say_unsettled
    from newsletter.delivery.standing import Standing

    standing = Standing()
    for newsletter in room.settings.newsletters:
        with room.troubles.caught("deliver", newsletter.key):
            deliver_step(room, newsletter, standing)
    say_unsettled(room)


def _say_objection(room: Context) -> None:
    """Say what the witness objects to also where nothing is due: sign-ups and sign-ins wait for it too."""
    with reading(room.engine) as connection:
        reason = witness.standing(connection, room.settings.witness_path)
    if reason and reason not in room.troubles.messages.values():
        raise HeldError(reason)


def _say_next(room: Context) -> None:
    for newsletter in room.settings.newsletters:
        with reading(room.engine) as connection:
            key, at = next_of(connection, room, newsletter)
        log.step("next", newsletter=newsletter.key, edition=key, at=at)


def _tell(room: Context) -> None:
    troubles, now = room.troubles, room.clock()
    try:
        told = len(
            alerts.settle(room.engine, room.settings, troubles.messages, now, all_seen=not troubles.skipped)
        )
    except StoreError:
        with troubles.caught("alert", same=NOT_NOTED):
            raise
        is_told = alerts.tell(room.settings, troubles.messages, now, end=UNNOTED)
        told = len(set(troubles.messages.values())) if is_told else 0
    if told:
        log.step("alert", told=told)
    if troubles.status is ExitStatus.DONE:
        alerts.heartbeat(room.settings)


def _tell_without_room(called: Invocation, error: Exception) -> None:
    """Tell what kept the run from its database: nothing remembers that it was told."""
    try:
        settings = settings_of(called)
    except StandfirstError:
        return
    lines = error.problems if isinstance(error, StandfirstError) else (unforeseen.said(error),)
    now = called.clock(settings.newsroom.time_zone)()
    if alerts.tell(settings, {line: line for line in lines}, now, end=UNNOTED):
        log.step("alert", told=len(lines))
