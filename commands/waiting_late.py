"""Editions whose hour is over: composed and not begun, half out, or not composed; and whether runs come."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.engine import Connection

from commands.context import Context
from commands.lateness import Missed, span
from commands.unread import SYNC, undecided
from commands.waiting_deliver import DELIVER
from commands.waits import Waiting
from content import store
from feeds.due import last_look
from newsletter import editions, history
from newsletter.delivery.standing import BOUND, asked_until, goes_out
from newsletter.edition import BatchState, Edition, edition_key
from newsletter.half_out import HalfOut, half_out
from newsletter.lateness import goes_on_until, is_too_late
from newsletter.ledger import count_by_state
from newsletter.schedule import in_hours
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


def late(
    connection: Connection, room: Context, edition: str | None, vain: Collection[str], *, sends: bool
) -> Iterator[Waiting]:
    """What is late; those missed meanwhile in one, unless it is one `edition` that is asked for.

    `vain`: editions of which `deliver` would hand nothing over. Where nothing is sent at all (not `sends`:
    the witness objects), nothing that could only be sent is for a person, and what was never composed here
    may have been where the database came from.
    """
    now = room.clock().astimezone(room.settings.newsroom.time_zone)
    runs = _Runs(now, _last_run(connection, room))
    newsletters = room.settings.newsletters if sends else ()
    missed = {
        one.key: _missed(connection, room, one, now, is_alone=edition is not None) for one in newsletters
    }
    together = {one.key for some in missed.values() for one in some}
    for one in _overdue(connection, room, runs, vain, sends=sends):
        if one.edition not in together:
            yield one
    yield from _half_out(connection, room, runs, vain, sends=sends)
    if sends:
        yield from _bound(connection, room, now)
    for newsletter in newsletters:
        yield from _not_composed(connection, room, newsletter, runs, missed[newsletter.key])


def _last_run(connection: Connection, room: Context) -> datetime | None:
    read = (store.source_state(connection, source.key).last_read for source in room.settings.sources)
    return max((one for one in (last_look(connection), *read) if one is not None), default=None)


def _overdue(
    connection: Connection, room: Context, runs: _Runs, vain: Collection[str], *, sends: bool
) -> Iterator[Waiting]:
    """Editions whose hour is over and of which nothing was handed over, though nobody holds them."""
    newsletters = _by_key(room)
    for edition in history.open_editions(connection):
        ready = max(edition.goes, edition.composed or edition.goes)
        if edition.held or edition.first_handed is not None or runs.now - ready <= GRACE:
            continue
        if count_by_state(connection, edition.key).get(BatchState.UNCERTAIN):
            continue
        newsletter = newsletters.get(edition.newsletter)
        helps = sends and edition.key not in vain
        reason, commands = _why_overdue(edition, newsletter, ready, runs, sends=sends, helps=helps)
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
    edition: Edition,
    newsletter: Newsletter | None,
    ready: datetime,
    runs: _Runs,
    *,
    sends: bool,
    helps: bool,
) -> tuple[str, tuple[str, ...]]:
    """What becomes of it, and the command that helps, if one does: `deliver` where that `helps`. Pure."""
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
    said = f"{over}; the next run tries it again" if helps else f"{over}; a later run tries it again"
    look, ways = _look(helps=helps)
    return f"{said}; {nobody}: {look}" if nobody else said, ways


def _look(*, helps: bool) -> tuple[str, tuple[str, ...]]:
    """What to do where no run comes, in words, and the command behind them, where it `helps`. Pure."""
    look = "see whether cron runs"
    return (f"{look}, or say", (DELIVER,)) if helps else (look, ())


def _half_out(
    connection: Connection, room: Context, runs: _Runs, vain: Collection[str], *, sends: bool
) -> Iterator[Waiting]:
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
            if one.newsletter not in _by_key(room):
                reason = f"{reason}: its newsletter is not set up any more, so say"
                yield _begun(one, reason, (f"stop {one.edition}",))
            elif _is_over(connection, room, one, runs.now):
                reason = f"{reason}: too late to go on by itself, so say"
                yield _begun(one, reason, (f"release {one.edition}", f"stop {one.edition}"))
            elif is_late:
                look, ways = _look(helps=one.edition not in vain)
                yield replace(_begun(one, f"{reason}: {look}", ways), needs_person=True)
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


def _bound(connection: Connection, room: Context, now: datetime) -> Iterator[Waiting]:
    """Editions of which nothing is handed over, for their provider has asked to wait when it was handed
    another one's."""
    for edition in history.open_editions(connection):
        until = asked_until(connection, room.settings.delivery.provider, edition.key, now)
        if until is not None and edition.goes <= now and goes_out(connection, edition):
            yield Waiting(
                edition.key, "put off", BOUND, needs_person=False, edition=edition.key, next_at=until
            )


def _missed(
    connection: Connection, room: Context, newsletter: Newsletter, now: datetime, *, is_alone: bool
) -> list[Missed]:
    """The editions that are missed and told in one, in the order of their hours: those not composed, and,
    unless one is asked for by itself (`is_alone`), those composed, where that is not the only one."""
    found = [
        Missed(edition_key(newsletter.key, one.local_date), one.local_date, one.due)
        for one in undecided(connection, room, newsletter, now)
        if one.missed and now - one.due > GRACE
    ]
    if is_alone:
        return found
    composed = [
        Missed(one.key, one.local_date, one.due, is_composed=True)
        for one in history.open_editions(connection, newsletter.key)
        if is_too_late(one, newsletter.latest, now)
        and not count_by_state(connection, one.key).get(BatchState.UNCERTAIN)
    ]
    every = sorted([*found, *composed], key=lambda one: (one.due, one.key))
    return every if len(every) > 1 else found


def _not_composed(
    connection: Connection, room: Context, newsletter: Newsletter, runs: _Runs, missed: Sequence[Missed]
) -> Iterator[Waiting]:
    """Editions of which nothing is decided though their hour is over: no run has come, or none got there.
    What is `missed` is told in one, what of it is composed too."""
    at_work = locks.busy(connection, SYNC) or locks.busy(connection, f"newsletter:{newsletter.key}")
    if missed:
        last = missed[-1]
        said, way = _said_missed(missed, newsletter), "see whether cron runs"
        trouble = "overdue" if any(one.is_composed for one in missed) else "not composed"
        reason = _why_not_composed(said, way, last.due, runs, at_work)
        yield Waiting(last.key, trouble, reason, edition=last.key, since=missed[0].due)
    due = [
        one
        for one in undecided(connection, room, newsletter, runs.now)
        if runs.now - one.due > GRACE and not one.missed
    ]
    if due:
        key = edition_key(newsletter.key, due[-1].local_date)
        said, way = "it was due and is not composed", "see whether cron runs, or say `python send.py`"
        reason = _why_not_composed(said, way, due[-1].due, runs, at_work)
        yield Waiting(key, "not composed", reason, edition=key, since=due[0].due)


def _said_missed(missed: Sequence[Missed], newsletter: Newsletter) -> str:
    """What became of these editions. Pure."""
    latest = in_hours(newsletter.latest)
    if len(missed) == 1:
        return f"it was due and not composed within {latest} of its hour: missed, and its {NEXT_ONE}"
    said = f"{len(missed)} editions were due, {span(missed)}, and "
    if any(one.is_composed for one in missed):
        said += (
            f"nothing of them was handed over within {latest} of their hours: the next run makes them missed"
        )
    else:
        said += f"not composed within {latest} of their hours: missed"
    return f"{said}, and their {NEXT_ONE}"


def _why_not_composed(said: str, way: str, last: datetime, runs: _Runs, at_work: str | None) -> str:
    """What became of editions, the last of which was due at `last`; why, and what to do. Pure."""
    if at_work:
        return f"{said}; {at_work}; look what keeps it, and end it if it does nothing"
    if nobody := runs.none_since(last):
        return f"{said}; {nobody}: {way}"
    return f"{said}; a run came at {runs.in_words(runs.last or runs.now)}: see what it says"
