"""One edition's story for one reader by the clock: planned, handed over, what came of it, what was told."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter.before import EVENTS, SENT, Before, before
from newsletter.edition import DeliveryState
from newsletter.returns.event import EventKind
from newsletter.returns.evidence import TAKEN
from newsletter.returns.heard import told_of
from newsletter.status import ReaderLine, reader_story
from newsletter.tables import deliveries, edition_log
from readership.lifting import of_address
from readership.tables import suppressions

HANDED = "handed over"

_EVENTS = (
    EventKind.PROCESSED,
    EventKind.DEFERRED,
    EventKind.DELIVERED,
    EventKind.BLOCKED,
    EventKind.BOUNCE,
    EventKind.DROPPED,
    EventKind.SPAM_REPORT,
    EventKind.UNSUBSCRIBE,
)
"""In the order in which one message can meet with them."""

_LAST = len(_EVENTS) + 1
"""The rank of what follows from events."""

_ENDS = (DeliveryState.ACCEPTED, DeliveryState.REFUSED)


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened, and what was said of it."""

    at: datetime
    what: str
    more: str = ""
    is_event: bool = False
    """The provider told it."""
    rank: int = 0
    """What comes first of the moments of one second."""
    batch: int | None = None
    """Of an answer: which hand-over it was to."""


def moments(connection: Connection, edition: str, reader_id: int) -> tuple[Moment, ...]:
    """All that is known of the edition and this reader, in order of time; nothing where it was not planned
    for them."""
    kept = tuple(before(connection, edition, reader_id, reader_id))
    # Settled otherwise since: what the provider said of it is in what was kept, with its time.
    otherwise = {was.handed for was in kept if was.by == EVENTS}
    found = [
        *_planned(connection, edition, reader_id),
        *(one for line in reader_story(connection, reader_id, edition) for one in _handed(line, otherwise)),
        *_all_kept(kept),
        *_told(connection, edition, reader_id, {was.batch: was.then for was in kept if was.is_cancelled}),
        *_stops(connection, edition, reader_id),
    ]
    return tuple(sorted(_once(found), key=_order))


def _order(one: Moment) -> tuple[datetime, int, datetime]:
    """By the clock. A provider tells whole seconds: what it tells of one comes after what the ledger has of
    it, in the order in which a message can meet with it. Pure."""
    return one.at.replace(microsecond=0), one.rank, one.at


def _planned(connection: Connection, edition: str, reader_id: int) -> Iterator[Moment]:
    theirs = sa.and_(deliveries.c.edition == edition, deliveries.c.reader_id == reader_id)
    if connection.execute(sa.select(deliveries.c.reader_id).where(theirs)).first() is None:
        return
    query = sa.select(sa.func.max(edition_log.c.at)).where(
        edition_log.c.edition == edition, edition_log.c.what.startswith("planned:")
    )
    at = connection.execute(query).scalar()
    if at is not None:
        yield Moment(at, "planned")


def _handed(line: ReaderLine, otherwise: Collection[datetime | None]) -> Iterator[Moment]:
    """Its last hand-over: what came before was certainly not taken, is kept, or is in the events.
    `otherwise`: when those were handed over that events settled otherwise than the provider's answer."""
    number = f"batch {line.batch}, revision {line.revision}"
    if line.handed is not None:
        yield Moment(line.handed, HANDED, f"to {line.provider}, {number}")
    # What was said of it later has a moment of its own.
    is_said = line.reason.startswith((SENT, TAKEN))
    if not is_said and line.handed not in otherwise and line.settled is not None and line.state in _ENDS:
        more = ", ".join(filter(None, (line.reason, line.reference)))
        yield Moment(line.settled, f"{line.state.value} by {line.provider}", more, batch=line.batch)


def _once(found: list[Moment]) -> Iterator[Moment]:
    """Without what is said twice: where a hand-over was only settled otherwise, it is kept and stands in the
    ledger still, perhaps in another batch; but no reader is handed two at one moment."""
    handed: set[datetime] = set()
    for one in dict.fromkeys(found):
        if one.what == HANDED and one.at in handed:
            continue
        if one.what == HANDED:
            handed.add(one.at)
        yield one


def _all_kept(kept: Sequence[Before]) -> Iterator[Moment]:
    """What was kept, the earliest first."""
    otherwise: set[datetime | None] = set()
    for one in kept:
        yield from _was(one, is_answer=one.handed not in otherwise)
        if one.by == EVENTS:
            otherwise.add(one.handed)


def _was(one: Before, *, is_answer: bool) -> Iterator[Moment]:
    """A hand-over that the ledger has otherwise since, and who said so; `is_answer`: the state was what the
    provider answered, at the time that is kept of it, and not what events made of that later."""
    rank = _LAST if one.by == EVENTS else 0
    if one.handed is not None:
        number = f"batch {one.batch}, revision {one.revision}"
        yield Moment(one.handed, HANDED, f"to {one.provider}, {number}")
    if one.settled is not None and one.state in _ENDS:
        if is_answer:
            more = ", ".join(filter(None, (one.reason, one.reference)))
            yield Moment(one.settled, f"{one.state.value} by {one.provider}", more, batch=one.batch)
        yield Moment(one.at, f"{one.then} by {one.by}", f"before: {one.state.value}", rank=rank)
    else:
        more = ": ".join(filter(None, (one.state.value, one.reason)))
        yield Moment(one.at, f"{one.then} by {one.by}", f"before: {more}", rank=rank)


def _told(
    connection: Connection, edition: str, reader_id: int, cancelled: Mapping[int, str]
) -> Iterator[Moment]:
    """`cancelled`: the batches that were, or may be, taken back, each with which of the two it is."""
    for _, one in told_of(connection, edition, reader_id, reader_id):
        what = f"of batch {one.batch}, {cancelled[one.batch]}" if one.batch in cancelled else ""
        more = ": ".join(filter(None, (what, one.reason)))
        yield Moment(one.at, one.said, more, is_event=True, rank=_EVENTS.index(one.kind) + 1)


def _stops(connection: Connection, edition: str, reader_id: int) -> Iterator[Moment]:
    """What stops the address that it went to, and who ended that."""
    theirs = sa.and_(deliveries.c.edition == edition, deliveries.c.reader_id == reader_id)
    key = connection.execute(sa.select(deliveries.c.recipient_key).where(theirs)).scalar()
    if key is None:
        return
    columns = (suppressions.c.at, suppressions.c.reason, suppressions.c.origin)
    for at, reason, origin in connection.execute(sa.select(*columns).where(suppressions.c.key == key)):
        yield Moment(at, f"stopped: {reason}", origin, rank=_LAST)
    for one in of_address(connection, key):
        yield Moment(
            one["at"], f"stop lifted by {one['by']}", f"{one['reason']}, {one['origin']}", rank=_LAST
        )
