"""Editions whose hour is over: composed and not begun, half out, or not composed; and whether runs come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.engine import Connection

from commands.context import Context
from commands.unread import SYNC, undecided
from commands.waits import Waiting
from content import store
from feeds.due import last_look
from newsletter import editions, history
from newsletter.edition import BatchState, Edition, edition_key
from newsletter.half_out import HalfOut, half_out
from newsletter.lateness import goes_on_until, is_too_late
from newsletter.ledger import count_by_state
from newsletter.schedule import Due, in_hours
from newsroom import locks
from newsroom.masthead import Newsletter

GRACE = timedelta(minutes=15)
"""So long after its hour an edition of which nothing went is not overdue: cron comes every few minutes."""

PACE = timedelta(hours=1)
"""So long a run may have to wait before `max_per_hour` lets it hand over more."""

NEXT_ONE = "stories go into the next edition"


@dataclass(frozen=True, slots=True)
class _Runs:
    """What is known of the runs, as things are at `now`, in the newsroom's zone."""

    now: datetime
    last: datetime | None
    """When one last came, as far as can be told."""

    def none_since(self, hour: datetime) -> str:
        """That no run has come since before `hour`, in words; "" where one has. Pure."""
        if self.last is None:
            return "no run has come yet"
        return f"no run has come since {self.in_words(self.last)}" if self.last < hour else ""

    def in_words(self, moment: datetime) -> str:
        """The moment, with its day where that is not today. Pure."""
        local = moment.astimezone(self.now.tzinfo)
        return f"{local:%H:%M}" if local.date() == self.now.date() else f"{local:%Y-%m-%d %H:%M}"


def late(connection: Connection, room: Context, *, sends: bool) -> Iterator[Waiting]:
    """What is late. Where nothing is sent at all (not `sends`: the witness objects), nothing that could only
    be sent is for a person, and what was never composed here may have been where the database came from."""
    now = room.clock().astimezone(room.settings.newsroom.time_zone)
    runs = _Runs(now, _last_run(connection, room))
    yield from _overdue(connection, room, runs, sends=sends)
    yield from _half_out(connection, room, runs, sends=sends)
    if sends:
        for newsletter in room.settings.newsletters:
            yield from _not_composed(connection, room, newsletter, runs)


def _last_run(connection: Connection, room: Context) -> datetime | None:
    read = (store.source_state(connection, source.key).last_read for source in room.settings.sources)
    return max((one for one in (last_look(connection), *read) if one is not None), default=None)


def _overdue(connection: Connection, room: Context, runs: _Runs, *, sends: bool) -> Iterator[Waiting]:
    """Editions whose hour is over and of which nothing was handed over, though nobody holds them."""
    newsletters = _by_key(room)
    for edition in history.open_editions(connection):
        ready = max(edition.goes, edition.composed or edition.goes)
        if edition.held or edition.first_handed is not None or runs.now - ready <= GRACE:
            continue
        if count_by_state(connection, edition.key).get(BatchState.UNCERTAIN):
            continue
        newsletter = newsletters.get(edition.newsletter)
        reason, commands = _why_overdue(edition, newsletter, ready, runs, sends=sends)
        yield Waiting(
            edition.key,
            "overdue",
            reason,
            commands,
            needs_person=sends,
            edition=edition.key,
            since=edition.due,
        )


def _why_overdue(
    edition: Edition, newsletter: Newsletter | None, ready: datetime, runs: _Runs, *, sends: bool
) -> tuple[str, tuple[str, ...]]:
    """What becomes of it, and the command that helps, if one does. Pure."""
    over = "its hour is over, and nothing of it was handed over"
    if not sends:
        return over, ()
    if newsletter is None:
        return f"{over}: its newsletter is not set up any more", (f"stop {edition.key}",)
    nobody = runs.none_since(ready)
    if is_too_late(edition, newsletter.latest, runs.now):
        said = f"nothing of it was handed over within {in_hours(newsletter.latest)} of its hour: the next run"
        said = f"{said} makes it missed, and its {NEXT_ONE}"
        return f"{said}; {nobody}: see whether cron runs" if nobody else said, ()
    said = f"{over}; the next run tries it again"
    return f"{said}; {nobody}: see whether cron runs, or say" if nobody else said, ("deliver",)


def _half_out(connection: Connection, room: Context, runs: _Runs, *, sends: bool) -> Iterator[Waiting]:
    """Editions that have begun, of which readers wait and that no run is at: for a person, once late."""
    pace = PACE if room.settings.delivery.max_per_hour is not None else timedelta()
    taken = locks.taken(connection)
    for one in half_out(connection, pace, lambda newsletter: f"newsletter:{newsletter}" in taken):
        is_late = one.is_late(runs.now, GRACE)
        if not sends:
            yield _begun(one, f"{one.readers:,} still wait for it, as far as this database knows", ())
        elif is_late or not one.is_put_off:
            reason = f"{one.readers:,} still wait for it, and no run has handed anything over since "
            reason += runs.in_words(one.last)
            if _is_over(connection, room, one, runs.now):
                ways = (f"release {one.edition}", f"stop {one.edition}")
                yield _begun(one, f"{reason}: too late to go on by itself, so say", ways)
            elif is_late:
                yield _begun(one, f"{reason}: see whether cron runs, or say", ("deliver",))
            else:
                yield _begun(one, f"{reason}; the next run goes on with it", ())


def _is_over(connection: Connection, room: Context, one: HalfOut, now: datetime) -> bool:
    """Whether a person has to say that it goes on."""
    newsletter = _by_key(room).get(one.newsletter)
    if newsletter is None:
        return False
    edition = editions.get(connection, one.edition)
    return one.is_over(goes_on_until(edition, newsletter, room.settings.newsroom.time_zone), now)


def _by_key(room: Context) -> dict[str, Newsletter]:
    return {one.key: one for one in room.settings.newsletters}


def _begun(one: HalfOut, reason: str, commands: tuple[str, ...]) -> Waiting:
    return Waiting(
        one.edition,
        "half out",
        reason,
        commands,
        needs_person=bool(commands),
        edition=one.edition,
        readers=one.readers,
        since=one.last,
    )


def _not_composed(
    connection: Connection, room: Context, newsletter: Newsletter, runs: _Runs
) -> Iterator[Waiting]:
    """Editions of which nothing is decided though their hour is over: no run has come, or none got there."""
    due = [one for one in undecided(connection, room, newsletter, runs.now) if runs.now - one.due > GRACE]
    missed = [one for one in due if one.missed]
    at_work = locks.busy(connection, SYNC) or locks.busy(connection, f"newsletter:{newsletter.key}")
    for some in (missed, [one for one in due if not one.missed]):
        if some:
            key = edition_key(newsletter.key, some[-1].local_date)
            reason = _why_not_composed(some, newsletter, runs, at_work)
            yield Waiting(key, "not composed", reason, edition=key, since=some[0].due)


def _why_not_composed(some: Sequence[Due], newsletter: Newsletter, runs: _Runs, at_work: str | None) -> str:
    """What became of these editions, why, and what to do. Pure."""
    first, last, latest = some[0], some[-1], in_hours(newsletter.latest)
    said, way = "it was due and is not composed", "see whether cron runs, or say `python send.py`"
    if last.missed:
        said, way = f"it was due and not composed within {latest} of its hour", "see whether cron runs"
        if len(some) > 1:
            said = f"{len(some)} editions were due, {first.local_date} to {last.local_date}, and not composed"
            said += f" within {latest} of their hours"
        said += f": missed, and {'their' if len(some) > 1 else 'its'} {NEXT_ONE}"
    if at_work:
        return f"{said}; {at_work}; look what keeps it, and end it if it does nothing"
    if nobody := runs.none_since(last.due):
        return f"{said}; {nobody}: {way}"
    return f"{said}; a run came at {runs.in_words(runs.last or runs.now)}: see what it says"
