"""What became of an edition by its provider's events alone: its sum, and one reader's story.

Whoever was accepted is not in it before an event says so: nothing here is guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter.returns import after_all
from newsletter.returns.event import EventKind
from newsletter.tables import batches, editions, event_sums, events


class Fate(StrEnum):
    """Where a message is. One that came back after it had arrived has come back."""

    BOUNCED = "bounced"
    BLOCKED = "blocked"
    DROPPED = "dropped by the provider"
    DELIVERED = "delivered"
    DEFERRED = "deferred"
    ON_ITS_WAY = "on its way"
    """The provider has it, and has said nothing since."""
    COMPLAINED = "complained"
    """Beside what else became of it, as the next one."""
    UNSUBSCRIBED = "unsubscribed"
    SENT_AFTER_ALL = "sent although taken back"


_TOLD_BESIDE = (Fate.COMPLAINED, Fate.UNSUBSCRIBED)
BESIDE = (*_TOLD_BESIDE, Fate.SENT_AFTER_ALL)
"""These stand beside the sum: those readers are in it already."""

_FIRST = (
    (EventKind.BOUNCE, Fate.BOUNCED),
    (EventKind.BLOCKED, Fate.BLOCKED),
    (EventKind.DELIVERED, Fate.DELIVERED),
    # Only who never got it: a second hand-over may be dropped.
    (EventKind.DROPPED, Fate.DROPPED),
    (EventKind.DEFERRED, Fate.DEFERRED),
)
"""What counts of a reader's events; the first that is among them."""
_BESIDE = (EventKind.SPAM_REPORT, EventKind.UNSUBSCRIBE)


@dataclass(frozen=True, slots=True)
class Heard:
    """How many readers each fate has."""

    readers: Mapping[Fate, int] = field(default_factory=dict)

    def of(self, fate: Fate) -> int:
        """How many have this one."""
        return self.readers.get(fate, 0)

    @property
    def total(self) -> int:
        """Of how many readers anything was heard."""
        return sum(count for fate, count in self.readers.items() if fate not in BESIDE)


def heard_of(connection: Connection, edition: str) -> Heard:
    """The edition's sum of events, each reader once."""
    found = dict.fromkeys(Fate, 0)
    is_taken_back = after_all.has_records(connection, edition)
    for fate, readers, *beside in connection.execute(_sums(edition, is_taken_back=is_taken_back)).all():
        found[Fate(fate)] += int(readers)
        for one, count in zip(_TOLD_BESIDE, beside, strict=True):
            found[one] += int(count)
    if is_taken_back:
        found[Fate.SENT_AFTER_ALL] = after_all.sent(connection, edition).readers
    summed = sa.select(event_sums.c.fate, event_sums.c.readers).where(event_sums.c.edition == edition)
    for name, count in connection.execute(summed):
        found[Fate(name)] += int(count)
    return Heard({fate: count for fate, count in found.items() if count})


def heard_lately(connection: Connection, keys: Sequence[str]) -> dict[str, Heard]:
    """What was heard of the first of these editions that anything was heard of, and of those of which only
    the sum is kept: to count the events of a large one takes a while."""
    theirs = event_sums.c.edition.in_(keys)
    cheap = set(connection.execute(sa.select(event_sums.c.edition).where(theirs)).scalars())
    any_of = sa.select(events.c.edition).limit(1)
    for key in keys:
        if key not in cheap and connection.execute(any_of.where(events.c.edition == key)).first():
            cheap.add(key)
            break
    return {key: heard_of(connection, key) for key in keys if key in cheap}


def summarise(connection: Connection, before: datetime) -> int:
    """Keep only the sum of the events of one edition, the oldest that was finished before that moment.

    Returns how many events went.
    """
    old = sa.select(editions.c.key).where(editions.c.finished < before).order_by(editions.c.finished)
    theirs = sa.select(events.c.edition).where(events.c.edition == editions.c.key)
    key = connection.execute(old.where(theirs.exists()).limit(1)).scalar()
    if key is None:
        return 0
    sums = heard_of(connection, key).readers
    connection.execute(sa.delete(event_sums).where(event_sums.c.edition == key))
    values = [{"edition": key, "fate": fate.value, "readers": count} for fate, count in sums.items()]
    connection.execute(sa.insert(event_sums), values)
    return connection.execute(sa.delete(events).where(events.c.edition == key)).rowcount


def last_heard(connection: Connection) -> datetime | None:
    """When the first event of the batch came that was heard of last; None where none ever came."""
    return connection.execute(sa.select(sa.func.max(batches.c.heard))).scalar()


@dataclass(frozen=True, slots=True)
class Told:
    """One event of a reader's message."""

    at: datetime
    kind: EventKind
    batch: int
    is_permanent: bool
    reason: str

    @property
    def said(self) -> str:
        """In a few words."""
        if self.kind is EventKind.BOUNCE:
            return "came back for good" if self.is_permanent else "came back"
        return _WORDS.get(self.kind, self.kind.value)


_WORDS = {
    EventKind.PROCESSED: "the provider has it",
    EventKind.BLOCKED: "blocked",
    EventKind.DROPPED: "dropped by the provider",
    EventKind.SPAM_REPORT: "reported as spam",
    EventKind.UNSUBSCRIBE: "unsubscribed at the provider",
}


def told_of(connection: Connection, edition: str, first: int, last: int) -> Iterator[tuple[int, Told]]:
    """(reader, event) of the edition's readers with these numbers, by reader and time."""
    columns = (
        events.c.reader_id,
        events.c.at,
        events.c.kind,
        events.c.batch,
        events.c.is_permanent,
        events.c.reason,
    )
    query = (
        sa.select(*columns)
        .where(events.c.edition == edition, events.c.reader_id.between(first, last))
        .order_by(events.c.reader_id, events.c.at, events.c.key)
    )
    for number, at, kind, batch, is_permanent, reason in connection.execute(query).all():
        yield number, Told(at, EventKind(kind), batch, bool(is_permanent), reason)


def _sums(edition: str, *, is_taken_back: bool) -> sa.Select[Any]:
    """(fate, readers, and of them those of _TOLD_BESIDE); `is_taken_back`: something of it was.

    In one pass along the table, which has each reader's events beside each other: nothing is sorted.
    """
    # That what is cancelled was thrown away is no news of what went instead.
    counts = ~after_all.says_nothing(edition) if is_taken_back else sa.true()
    # A number for each kind, so that the least is what counts.
    order = {kind.value: place for place, (kind, _) in enumerate(_FIRST)}
    rank = sa.case(order, value=events.c.kind, else_=len(_FIRST))
    beside = [sa.func.max(sa.case((events.c.kind == kind.value, 1), else_=0)) for kind in _BESIDE]
    one = (
        sa.select(sa.func.min(rank).label("rank"), *(flag.label(f"b{n}") for n, flag in enumerate(beside)))
        .where(events.c.edition == edition, counts)
        .group_by(events.c.reader_id)
        .subquery()
    )
    fates = {place: fate.value for place, (_, fate) in enumerate(_FIRST)}
    fate = sa.case(fates, value=one.c.rank, else_=Fate.ON_ITS_WAY.value)
    sums = [sa.func.sum(one.c[f"b{number}"]) for number in range(len(_BESIDE))]
    return sa.select(fate, sa.func.count(), *sums).group_by(one.c.rank)
