"""What the ledger had of a delivery before somebody decided otherwise, or events did: kept, reader by reader.

Every function works inside the transaction of the connection it is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter import ledger
from newsletter.edition import DeliveryState
from newsletter.tables import batches, deliveries, delivery_history
from newsroom.portions import portions

EVENTS = "the provider's events"
"""Who settles what nobody decided."""

SENT, NOT_SENT = "said to be sent", "said not to be sent"
"""What a person decided."""

AGAIN = "to be handed over again"
"""What a person asked for: another copy."""

TAKEN_BACK, PERHAPS = "taken back", "perhaps taken back"
"""What became of a hand-over that a provider kept still: for certain, and where nobody knows."""


@dataclass(frozen=True, slots=True)
class Before:
    """What became of one hand-over to one reader, and what came after it."""

    reader_id: int
    state: DeliveryState
    reason: str
    batch: int
    revision: int | None
    provider: str
    handed: datetime | None
    settled: datetime | None
    at: datetime
    """When the ledger had it otherwise."""
    by: str
    then: str
    """What was decided: `said to be sent`, say."""
    reference: str = ""
    """The provider's own id of the hand-over."""

    @property
    def is_cancelled(self) -> bool:
        """Whether its provider was to forget it."""
        return self.then in (TAKEN_BACK, PERHAPS)


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The batches, by reader, of which the provider was to forget what it had of the reader."""

    ever: dict[int, frozenset[int]] = field(default_factory=dict)
    last: dict[int, frozenset[int]] = field(default_factory=dict)
    """Those since a person last asked for another copy: what is sent of them is what the reader waits for."""

    def has(self, reader_id: int, batch: int) -> bool:
        """Whether what the reader was handed in that batch was, or may be, taken back."""
        return batch in self.ever.get(reader_id, ())


def keep(
    connection: Connection, edition: str, reader_ids: Iterable[int], then: str, by: str, now: datetime
) -> None:
    """Keep what the ledger has of these readers' deliveries, right before that is written over."""
    of_batch = deliveries.c.state.is_(None)
    known = (
        deliveries.c.edition,
        deliveries.c.reader_id,
        sa.func.coalesce(deliveries.c.state, batches.c.state),
        sa.case((of_batch, batches.c.reason), else_=deliveries.c.reason),
        deliveries.c.batch,
        batches.c.revision,
        batches.c.provider,
        ledger.handed_at,
        batches.c.settled,
        sa.literal(now, delivery_history.c.at.type),
        sa.literal(by, sa.String()),
        sa.literal(then, sa.Text()),
    )
    names = [column.name for column in delivery_history.c if column.name != "id"]
    inside = deliveries.join(batches, batches.c.id == deliveries.c.batch)
    for some in portions(sorted(reader_ids)):
        theirs = sa.and_(deliveries.c.edition == edition, deliveries.c.reader_id.in_(some))
        query = sa.select(*known).select_from(inside).where(theirs)
        connection.execute(sa.insert(delivery_history).from_select(names, query))


def before(connection: Connection, edition: str, first: int, last: int) -> Iterator[Before]:
    """What was kept of the edition for the readers from `first` to `last`, in the order in which it was."""
    columns = [column for column in delivery_history.c if column.name not in ("id", "edition")]
    # A batch that was handed over once more has the id of the last time alone.
    handed = sa.func.coalesce(batches.c.handed, batches.c.handed_before)
    same = sa.and_(batches.c.id == delivery_history.c.batch, handed == delivery_history.c.handed)
    query = (
        sa.select(*columns, sa.func.coalesce(batches.c.reference, "").label("reference"))
        .select_from(delivery_history.outerjoin(batches, same))
        .where(delivery_history.c.edition == edition, delivery_history.c.reader_id.between(first, last))
        .order_by(delivery_history.c.id)
    )
    for row in connection.execute(query).all():
        yield Before(**{**row._mapping, "state": DeliveryState(row.state)})


def cancelled(connection: Connection, edition: str, reader_ids: Iterable[int]) -> Cancelled:
    """Which hand-overs to these readers their provider was to forget, whatever came of that."""
    ever, last = dict[int, frozenset[int]](), dict[int, frozenset[int]]()
    columns = (delivery_history.c.reader_id, delivery_history.c.batch, delivery_history.c.then)
    for some in portions(sorted(set(reader_ids))):
        query = sa.select(*columns).where(
            delivery_history.c.edition == edition,
            delivery_history.c.reader_id.in_(some),
            delivery_history.c.then.in_((TAKEN_BACK, PERHAPS, AGAIN)),
        )
        for reader_id, batch, then in connection.execute(query.order_by(delivery_history.c.id)).all():
            if then == AGAIN:
                last.pop(reader_id, None)
                continue
            for known in (ever, last):
                known[reader_id] = known.get(reader_id, frozenset()) | {batch}
    return Cancelled(ever, last)
