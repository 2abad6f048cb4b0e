"""Editions that were composed and not handed over in time: missed, said, their stories free; or, where they
had begun, held."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.engine import Connection

from commands.context import Context
from newsletter.edition import Edition
from newsletter.history import open_editions
from newsletter.schedule import in_hours
from newsroom import witness
from newsroom.database import reading, writing
from newsroom.errors import ExitStatus
from newsroom.masthead import Newsletter


@dataclass(frozen=True, slots=True)
class Missed:
    """An edition that nobody got."""

    key: str
    local_date: date
    due: datetime
    is_composed: bool = False
    why: str = ""


def span(missed: Sequence[Missed]) -> str:
    """The first and the last of their dates, as a person reads it; one where that is the same. Pure."""
    dates = sorted({one.local_date for one in missed})
    return f"{dates[0]} to {dates[-1]}" if len(dates) > 1 else f"{dates[0]}"


def say_missed(room: Context, newsletter: Newsletter, missed: Sequence[Missed]) -> None:
    """Say which editions were missed, in one line however many they are."""
    if not missed:
        return
    last = max(missed, key=lambda one: (one.due, one.key))
    said = f"{last.key} was missed: {last.why}"
    if len(missed) > 1:
        latest = in_hours(newsletter.latest)
        why = f"no run within {latest} after their hours"
        if any(one.is_composed for one in missed):
            why = f"nothing of them was handed over within {latest} of their hours"
        said = f"{newsletter.key}: {len(missed)} editions were missed, {span(missed)}: {why}; "
        said += "their stories go into the next edition"
    room.troubles.add("digest", f"missed:{last.key}", said, ExitStatus.FAILED)


def miss_late(room: Context, newsletter: Newsletter) -> list[Missed]:
    """Make missed what it is too late for, before today's edition asks which stories are free; returns what
    is to be said of it.

    Whoever calls it holds the newsletter's lock. Does nothing while the witness objects: what looks late in a
    restored database may have been handed over. A dry run says what it would do.
    """
    now, latest = room.clock(), newsletter.latest
    with reading(room.engine) as connection:
        coming = open_editions(connection, newsletter.key)
    if not coming:
        return []
    # It takes a while to import, and most runs have nothing that waits.
    from newsletter.lateness import is_too_late, miss

    late = [edition for edition in coming if is_too_late(edition, latest, now)]
    if not late or witness.objects(room.engine, room.settings.witness_path):
        return []
    missed = []
    for edition in late:
        key = edition.key
        if not room.stores:
            said = f"{key} is too late to go: a run makes it missed; nothing was changed"
            if said not in room.troubles.messages.values():
                room.troubles.add("digest", key, said, ExitStatus.FAILED)
            continue
        with writing(room.engine) as connection:
            reason = miss(connection, key, latest, now)
        if reason:
            missed.append(Missed(key, edition.local_date, edition.due, is_composed=True, why=reason))
    return missed


def too_late(room: Context, newsletter: Newsletter) -> Callable[[Connection, Edition, datetime], str | None]:
    """Asks why a person has to say that one of the newsletter's editions goes on that has begun; None where a
    run may go on with it."""
    from newsletter.lateness import why_not_on

    zone = room.settings.newsroom.time_zone
    return lambda connection, edition, now: why_not_on(connection, edition, newsletter, zone, now)


def why_too_late(connection: Connection, room: Context, edition: Edition) -> str | None:
    """Why a person has to say that an edition goes on which has begun; None where a run may go on with it, or
    its newsletter is not set up any more."""
    newsletter = room.known_newsletter(edition.newsletter)
    return None if newsletter is None else too_late(room, newsletter)(connection, edition, room.clock())
