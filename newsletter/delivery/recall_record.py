"""What its provider was to forget, as the ledger keeps it: a record of that hand-over, and readers in others.

Whoever is handed over once more is handed over in a batch of another number, so that what is told of the mail
that was taken back never counts for the other. Every function works inside the transaction of the connection
it is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter import before, ledger
from newsletter.edition import BatchState, DeliveryState
from newsletter.ledger import BatchRow
from newsletter.tables import batches, deliveries

HANDED = (BatchState.ACCEPTED, BatchState.UNCERTAIN, BatchState.EMPTY)
"""The states of batches that their provider has, or may have."""

_TAKEN = (DeliveryState.ACCEPTED.value, DeliveryState.UNCERTAIN.value)


@dataclass(frozen=True, slots=True)
class Taken:
    """Who of a batch was taken, or perhaps was."""

    own: Sequence[int]
    """Those with a state of their own."""
    shared: Sequence[int]
    """Those who share the batch's."""

    @property
    def readers(self) -> list[int]:
        """All of them."""
        return [*self.own, *self.shared]


def taken_of(connection: Connection, row: BatchRow) -> Taken:
    """Who of the batch was taken, or perhaps was, by reader."""
    query = sa.select(deliveries.c.reader_id).where(
        deliveries.c.batch == row.id, deliveries.c.state.in_(_TAKEN)
    )
    own = list(connection.execute(query.order_by(deliveries.c.reader_id)).scalars())
    is_over = row.state in (BatchState.EMPTY, BatchState.TAKEN_BACK)
    shared = [] if is_over else [one.reader_id for one in ledger.readers_of(connection, row.id)]
    return Taken(own, shared)


def count_taken(connection: Connection, row: BatchRow) -> int:
    """How many of the batch were taken, or perhaps were."""
    return len(taken_of(connection, row).readers)


def is_doubted(connection: Connection, row: BatchRow, reader_id: int) -> bool:
    """Whether nobody knew of this reader of the batch whether it was taken back."""
    return before.cancelled(connection, row.edition, [reader_id]).has(reader_id, row.id)


def planned_anew(connection: Connection, row: BatchRow, by: str, now: datetime) -> int:
    """Plan those of the batch who were taken, or perhaps were, in another one, for this one certainly goes to
    none of them; returns how many they are. What the ledger had of them is kept."""
    readers = taken_of(connection, row).readers
    before.keep(connection, row.edition, readers, before.TAKEN_BACK, by, now)
    into_another(connection, row, readers)
    return len(readers)


def into_another(connection: Connection, row: BatchRow, readers: Sequence[int]) -> None:
    """Put these readers, all of the batch who may be handed over once more, into a planned one of their own,
    and have this one be a record. Nobody of it has it: it counts as handed over no more."""
    if readers:
        # Nothing was heard yet of a hand-over that is to come.
        ledger.move(connection, replace(row, heard=None), readers, attempts=0)
    values = {
        "state": BatchState.TAKEN_BACK.value,
        "size": max(0, row.size - len(readers)),
        "handed": None,
        "handed_before": row.handed or row.handed_before,
        "send_at": None,
        "not_before": None,
        # An answer that is still to come says nothing any more: it is nobody's.
        "owner": "",
    }
    connection.execute(sa.update(batches).where(batches.c.id == row.id).values(values))
