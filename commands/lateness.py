"""Editions that were composed and not handed over in time: missed, said, their stories free; or, where they
had begun, held."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.engine import Connection

from commands.context import Context
from newsletter.edition import Edition
from newsletter.history import open_editions
from newsroom import witness
from newsroom.database import reading, writing
from newsroom.errors import ExitStatus
from newsroom.masthead import Newsletter


def miss_late(room: Context, newsletter: Newsletter) -> None:
    """Make missed what it is too late for, before today's edition asks which stories are free.

    Whoever calls it holds the newsletter's lock. Does nothing while the witness objects: what looks late in a
    restored database may have been handed over.
    """
    now, latest = room.clock(), newsletter.latest
    with reading(room.engine) as connection:
        coming = open_editions(connection, newsletter.key)
    if not coming:
        return
    # It takes a while to import, and most runs have nothing that waits.
    from newsletter.lateness import is_too_late, miss

    late = [edition.key for edition in coming if is_too_late(edition, latest, now)]
    if not late or witness.objects(room.engine, room.settings.witness_path):
        return
    for key in late:
        if not room.stores:
            said = f"{key} is too late to go: a run makes it missed; nothing was changed"
            if said not in room.troubles.messages.values():
                room.troubles.add("digest", key, said, ExitStatus.FAILED)
            continue
        with writing(room.engine) as connection:
            reason = miss(connection, key, latest, now)
        if reason:
            room.troubles.add("digest", key, f"{key} was missed: {reason}", ExitStatus.FAILED)


def too_late(room: Context, newsletter: Newsletter) -> Callable[[Connection, Edition, datetime], str | None]:
    """Asks why a person has to say that one of the newsletter's editions goes on that has begun; None where a
    run may go on with it."""
    from newsletter.lateness import why_not_on

    zone = room.settings.newsroom.time_zone
    return lambda connection, edition, now: why_not_on(connection, edition, newsletter, zone, now)


def why_too_late(connection: Connection, room: Context, edition: Edition) -> str | None:
    """Why a person has to say that an edition goes on which has begun; None where a run may go on with it, or
    its newsletter is not set up any more."""
    newsletter = next((one for one in room.settings.newsletters if one.key == edition.newsletter), None)
    return None if newsletter is None else too_late(room, newsletter)(connection, edition, room.clock())
