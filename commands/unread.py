"""Editions that are due and not decided yet; those that a run leaves to the one that reads the sources."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.engine import Connection

from commands.context import Context
from newsletter.edition import edition_key
from newsletter.history import decided_dates
from newsletter.schedule import Due, due_editions
from newsroom import locks, log
from newsroom.database import reading
from newsroom.errors import ExitStatus
from newsroom.masthead import Newsletter

SYNC = "sync"
"""The step, and the lock, of whoever reads the sources."""


def undecided(
    connection: Connection, room: Context, newsletter: Newsletter, now: datetime
) -> tuple[Due, ...]:
    """The newsletter's editions that are to be composed by `now` and of which nothing is decided, those that
    it is too late for included; the oldest first."""
    since = room.installation.created
    # All of them: after a long pause the last one may be long ago.
    decided = decided_dates(connection, newsletter.key, since.date() - timedelta(days=2))
    return due_editions(newsletter, room.settings.newsroom.time_zone, now, since, decided)


def look_who_reads(room: Context) -> None:
    """Note whether a run is reading the sources, for a command that does not read them itself.

    It only looks: to take their lock for a moment would have another run pass them over.
    """
    with reading(room.engine) as connection:
        found = locks.busy(connection, SYNC)
    if found is not None:
        room.troubles.left[SYNC] = found


def is_left(room: Context, newsletter: Newsletter, now: datetime) -> bool:
    """Say which edition is left to the run that reads the sources; False where none is due.

    That one composes it with all that it reads, or the next run does where it dies. Once that takes longer
    than runs are apart it is a problem, so that somebody looks.
    """
    with reading(room.engine) as connection:
        due = undecided(connection, room, newsletter, now)
    if not due:
        return False
    last = due[-1]
    key = edition_key(newsletter.key, last.local_date)
    if last.late or last.missed:
        hour = last.due.astimezone(room.settings.newsroom.time_zone)
        message = (
            f"{key} was due at {hour:%H:%M} and is not composed, for the sources are still being read: "
            f"{room.troubles.left[SYNC]}; look what keeps it, and end it if it does nothing"
        )
        room.troubles.add("digest", f"unread:{key}", message)
    else:
        log.step("digest", edition=key, left="to the run that reads the sources, or to the next one")
    return True


def say_not_read(room: Context, newsletter: Newsletter) -> None:
    """Say that an edition a person asked for is not composed: nobody else composes it."""
    message = f"{newsletter.key}: nothing was composed, for the sources are being read just now"
    message += f" ({room.troubles.left[SYNC]}); say it again once that is done"
    room.troubles.add("digest", f"unread:{newsletter.key}", message, ExitStatus.FAILED)
