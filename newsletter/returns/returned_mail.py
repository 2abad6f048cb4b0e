"""Mail that came back, noted as events of the deliveries that it is about.

Anybody can send a mail to the address where bounces go. What counts is that it names a delivery in a way that
nobody can make up: by a trace (in the address that it came to, in the envelope's id), or by the Message-ID of
the message that came back. A trace is seen by mail servers alone. A Message-ID is in every copy that a reader
passes on: where each message has an envelope sender of its own (`bounces.verp`), it proves a complaint still,
and no bounce any more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter.mail.traces import read_id, tags
from newsletter.returns import mail_counts
from newsletter.returns.event import Event, EventKind, event_key
from newsletter.returns.event_store import Noted, note
from newsletter.returns.status_notification import Notification, Report, Sort
from newsletter.tables import batches, deliveries
from newsletter.tables import editions as editions_table
from newsroom.errors import ReaderError
from newsroom.portions import portions
from newsroom.settings import BounceSettings
from readership.address import recipient_key

LATEST = timedelta(days=30)
"""What is told of a message longer after its hand-over is passed over: no server tries for that long."""

PROVIDER = "smtp"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILDEST_FIRST = (
    EventKind.SPAM_REPORT,
    EventKind.UNSUBSCRIBE,
    EventKind.DELIVERED,
    EventKind.PROCESSED,
    EventKind.DEFERRED,
    EventKind.BLOCKED,
    EventKind.BOUNCE,
)


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of mails."""

    mails: int = 0
    kinds: Mapping[str, int] = field(default_factory=dict)
    """Events by kind, copies among them; `bounce` are those for good, `soft` the others."""
    automatic: int = 0
    unknown: int = 0
    """About a message of ours, but in a form that says nothing, or without the proof: they stop nobody."""
    foreign: int = 0
    """About nothing that was sent from here, or long ago."""
    noted: Noted = field(default_factory=Noted)

    def __add__(self, other: Tally) -> Tally:
        a, b = self.noted, other.noted
        return Tally(
            self.mails + other.mails,
            Counter(self.kinds) + Counter(other.kinds),
            self.automatic + other.automatic,
            self.unknown + other.unknown,
            self.foreign + other.foreign,
            Noted(
                new=a.new + b.new,
                copies=a.copies + b.copies,
                foreign=a.foreign + b.foreign,
                settled=a.settled + b.settled,
                stopped=a.stopped + b.stopped,
                unsubscribed=a.unsubscribed + b.unsubscribed,
                held=tuple(dict.fromkeys((*a.held, *b.held))),
            ),
        )


@dataclass(frozen=True, slots=True)
class _Delivery:
    """The delivery that a mail is about."""

    edition: str
    batch: int
    reader_id: int
    recipient_key: str
    handed: datetime
    by_trace: bool


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a reader's delivery stands in the ledger."""

    batch: int
    recipient_key: str


def note_mails(
    connection: Connection, some: Sequence[Notification], rules: BounceSettings, key: bytes, now: datetime
) -> Tally:
    """Note what these mails tell, in a writing transaction. The same mail again changes nothing."""
    found = _found(connection, some, key, now)
    events: list[Event] = []
    kinds: Counter[str] = Counter()
    automatic = unknown = foreign = 0
    for one, delivery in zip(some, found, strict=True):
        report = None if delivery is None else _meant(one, delivery, rules, key)
        if delivery is not None and report is not None:
            events.append(_event(one, report, delivery, now))
            kinds["soft" if report.kind is EventKind.BOUNCE and not report.is_permanent else report.kind] += 1
        elif one.sort is Sort.AUTOMATIC:
            automatic += 1
        elif delivery is not None:
            unknown += 1
        else:
            foreign += 1
    noted = note(connection, events, rules, now) if events else Noted()
    outcomes = {
        "new": noted.new,
        "copies": noted.copies,
        "foreign": noted.foreign + foreign,
        "automatic": automatic,
        "unclear": unknown,
    }
    mail_counts.add(connection, outcomes)
    return Tally(len(some), kinds, automatic, unknown, foreign, noted)


def _meant(one: Notification, delivery: _Delivery, rules: BounceSettings, key: bytes) -> Report | None:
    """The report that counts; None where none does."""
    if one.sort is Sort.STATUS and rules.verp and not delivery.by_trace:
        return None
    return _mildest(_own(one.reports, delivery.recipient_key, key))


def _own(reports: Sequence[Report], wanted: str, key: bytes) -> Sequence[Report]:
    """Those of the address that was mailed, where it is among several; else all of them."""
    if len(reports) < 2:
        return reports
    own = [one for one in reports if any(_is(address, wanted, key) for address in one.addresses)]
    return own or reports


def _is(address: str, wanted: str, key: bytes) -> bool:
    try:
        return recipient_key(key, address) == wanted
    except ReaderError:
        return False


def _mildest(reports: Iterable[Report]) -> Report | None:
    """Of an alias with several members: while one of them gets it, the address is good."""
    return min(reports, key=lambda one: (_MILDEST_FIRST.index(one.kind), one.is_permanent), default=None)


def _event(one: Notification, report: Report, delivery: _Delivery, now: datetime) -> Event:
    # A clock far off must not take it out of the time that the rules look at; the key stays as it was said.
    at = now if one.sent is None else min(max(one.sent, delivery.handed), now)
    message = f"{delivery.edition}.{delivery.reader_id}"
    if one.sent is None and delivery.by_trace:
        # No time tells it from what came back of the reader's other hand-overs, but its trace does.
        message += f".{delivery.batch}"
    return Event(
        provider=PROVIDER,
        edition=delivery.edition,
        batch=delivery.batch,
        reader_id=delivery.reader_id,
        kind=report.kind,
        at=at,
        key=event_key(message, "", report.kind, one.sent or _EPOCH),
        is_permanent=report.is_permanent,
        reason=report.reason,
    )


def _found(
    connection: Connection, some: Sequence[Notification], key: bytes, now: datetime
) -> list[_Delivery | None]:
    """The delivery that each is about; None for those about none of ours."""
    handed = _batches(connection, {trace.batch for one in some for trace in one.traces})
    by_tag = tags(key, _recent(connection, now)) if any(one.ids for one in some) else {}
    named = [_named(one, handed, by_tag, key) for one in some]
    places = _places(connection, {one[:2] for one in named if one is not None})
    handed |= _batches(connection, {place.batch for place in places.values()})
    return [_delivery(one, places, handed, now) for one in named]


_Named = tuple[str, int, int]
"""Edition, reader and, where a trace says it, batch; 0 where a Message-ID says the rest."""
_Handed = Mapping[int, tuple[str, datetime | None]]
"""By batch: its edition, and when it was handed over; None where that was taken back since."""


def _named(one: Notification, handed: _Handed, by_tag: Mapping[str, str], key: bytes) -> _Named | None:
    for trace in one.traces:
        edition, _ = handed.get(trace.batch, ("", None))
        if edition and trace.is_of(key, edition):
            return edition, trace.reader_id, trace.batch
    for text in one.ids:
        found = read_id(key, text, by_tag)
        if found is not None:
            return (*found, 0)
    return None


def _delivery(
    named: _Named | None, places: Mapping[tuple[str, int], _Place], handed: _Handed, now: datetime
) -> _Delivery | None:
    if named is None:
        return None
    edition, reader_id, batch = named
    place = places.get((edition, reader_id))
    if place is None:
        return None
    number = batch or place.batch
    moment = handed[number][1] or now
    if moment <= now - LATEST:
        return None
    return _Delivery(edition, number, reader_id, place.recipient_key, moment, by_trace=batch > 0)


def _batches(connection: Connection, numbers: Iterable[int]) -> dict[int, tuple[str, datetime | None]]:
    found = {}
    columns = (batches.c.id, batches.c.edition, batches.c.handed, editions_table.c.first_handed)
    inside = batches.join(editions_table, editions_table.c.key == batches.c.edition)
    for some in portions(sorted(numbers)):
        query = sa.select(*columns).select_from(inside).where(batches.c.id.in_(some))
        for number, edition, moment, first in connection.execute(query).all():
            found[number] = (edition, moment or first)
    return found


def _recent(connection: Connection, now: datetime) -> list[str]:
    query = sa.select(editions_table.c.key).where(editions_table.c.due > now - LATEST)
    return list(connection.execute(query).scalars())


def _places(connection: Connection, wanted: Iterable[tuple[str, int]]) -> dict[tuple[str, int], _Place]:
    by_edition: dict[str, list[int]] = {}
    for edition, reader_id in sorted(wanted):
        by_edition.setdefault(edition, []).append(reader_id)
    found = {}
    for edition, readers in by_edition.items():
        for some in portions(readers):
            for reader_id, batch, known in connection.execute(_of(edition, some)).all():
                found[edition, reader_id] = _Place(batch, known)
    return found


def _of(edition: str, readers: Sequence[int]) -> sa.Select[Any]:
    """Where these readers' deliveries stand. What comes back of a batch that waits to be handed over once
    more (`resend`) is of one before it."""
    before = batches.alias("before")
    last = (
        sa.select(sa.func.max(before.c.id))
        .where(before.c.edition == edition, before.c.id < batches.c.id, before.c.handed.is_not(None))
        .correlate(batches)
        .scalar_subquery()
    )
    waits = sa.and_(batches.c.resend, batches.c.handed.is_(None))
    number = sa.case((waits, sa.func.coalesce(last, batches.c.id)), else_=batches.c.id)
    return (
        sa.select(deliveries.c.reader_id, number, deliveries.c.recipient_key)
        .select_from(deliveries.join(batches, batches.c.id == deliveries.c.batch))
        .where(deliveries.c.edition == edition, deliveries.c.reader_id.in_(readers))
    )
