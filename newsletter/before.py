"""What the ledger had of a delivery before somebody decided otherwise, or events did: kept, reader by reader.

Every function works inside the transaction of the connection it is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter.edition import DeliveryState
from newsletter.tables import batches, deliveries, delivery_history
from newsroom.portions import portions

EVENTS = "the provider's events"
"""Who settles what nobody decided."""

SENT, NOT_SENT = "said to be sent", "said not to be sent"
"""What a person decided."""


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
        batches.c.handed,
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
    query = (
        sa.select(*columns)
        .where(delivery_history.c.edition == edition, delivery_history.c.reader_id.between(first, last))
        .order_by(delivery_history.c.id)
    )
    for row in connection.execute(query).all():
        yield Before(**{**row._mapping, "state": DeliveryState(row.state)})
