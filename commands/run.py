"""The bare run: do what is due. Read the sources, publish the feeds, compose and hand over editions."""

from __future__ import annotations

import time

import typer

from commands.context import Context, opened
from commands.digest import digest_step
from commands.feeds import feeds_step
from commands.invocation import invocation
from commands.sync import sync_step
from newsletter.history import has_unsettled, open_editions
from newsletter.schedule import next_due
from newsroom import alerts, log
from newsroom.database import reading
from newsroom.errors import ExitStatus


def run(context: typer.Context) -> ExitStatus:
    """Do every step; one that fails is told and the next ones go on. Returns the gravest status."""
    begun = time.monotonic()
    with opened(invocation(context)) as room:
        sync_step(room)
        feeds_step(room)
        for newsletter in room.settings.newsletters:
            with room.troubles.caught("digest", newsletter.key):
                digest_step(room, newsletter)
        _deliver(room)
        _say_next(room)
        if not room.dry_run:
            _tell(room)
        log.step("done", status=int(room.troubles.status), seconds=time.monotonic() - begun)
        return room.troubles.status


def _deliver(room: Context) -> None:
    with reading(room.engine) as connection:
        if not open_editions(connection) and not has_unsettled(connection):
            return
    # Rendering and sending take a while to import, and most runs have nothing to send.
    from commands.deliver import deliver_step, say_unsettled

    for newsletter in room.settings.newsletters:
        with room.troubles.caught("deliver", newsletter.key):
            deliver_step(room, newsletter)
    say_unsettled(room)


def _say_next(room: Context) -> None:
    zone, now = room.settings.newsroom.time_zone, room.clock()
    for newsletter in room.settings.newsletters:
        due = next_due(newsletter, zone, now)
        log.step("next", newsletter=newsletter.key, edition=due.due.astimezone(zone))


def _tell(room: Context) -> None:
    troubles = room.troubles
    told = alerts.settle(
        room.engine, room.settings, troubles.messages, room.clock(), all_seen=not troubles.skipped
    )
    if told:
        log.step("alert", told=len(told))
    if troubles.status is ExitStatus.DONE:
        alerts.heartbeat(room.settings)
