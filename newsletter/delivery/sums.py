"""An edition's sum: every candidate is one delivery in some state, or one exclusion with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter.edition import BatchState, DeliveryState
from newsletter.tables import batches, deliveries, editions, exclusion_sums, exclusions
from newsroom.errors import StoreError


@dataclass(frozen=True, slots=True)
class Sum:
    """How many readers there are in each state and for each reason."""

    candidates: int | None
    """None before the edition was planned."""
    deliveries: Mapping[DeliveryState, int]
    exclusions: Mapping[str, int]
    """By reason: an `ExclusionReason`'s value."""
    dropped: Mapping[str, int]
    """By reason: those left out right before they would have been handed over."""

    def of(self, state: DeliveryState) -> int:
        """How many deliveries are in this state."""
        return self.deliveries.get(state, 0)

    @property
    def is_right(self) -> bool:
        """True where candidates = deliveries + exclusions."""
        counted = sum(self.deliveries.values()) + sum(self.exclusions.values())
        return counted == (self.candidates or 0)


def sum_of(connection: Connection, key: str) -> Sum:
    """The edition's sum, counted from its rows."""
    state = sa.func.coalesce(deliveries.c.state, batches.c.state)
    counted = connection.execute(
        sa.select(state, sa.func.count())
        .select_from(deliveries.join(batches, batches.c.id == deliveries.c.batch))
        .where(deliveries.c.edition == key)
        .group_by(state)
    )
    dropped = connection.execute(
        sa.select(deliveries.c.reason, sa.func.count())
        .where(deliveries.c.edition == key, deliveries.c.state == DeliveryState.DROPPED.value)
        .group_by(deliveries.c.reason)
    )
    return Sum(
        candidates=connection.execute(sa.select(editions.c.candidates).where(editions.c.key == key)).scalar(),
        deliveries={DeliveryState(name): count for name, count in counted},
        exclusions=_exclusions(connection, key),
        dropped={reason: int(count) for reason, count in dropped},
    )


def checked_sum(connection: Connection, key: str) -> Sum:
    """The edition's sum. Raises StoreError where it is not right."""
    found = sum_of(connection, key)
    if not found.is_right:
        raise StoreError(
            f"{key}: {found.candidates} candidates, but {sum(found.deliveries.values())} deliveries and "
            f"{sum(found.exclusions.values())} exclusions: the ledger was changed from outside; hold the "
            "edition and restore a backup"
        )
    return found


def summarise_exclusions(connection: Connection, before: datetime) -> int:
    """Keep only the numbers of exclusions of editions finished before that moment; returns how many went."""
    old = sa.select(editions.c.key).where(editions.c.finished < before)
    ours = exclusions.c.edition.in_(old)
    grouped = (
        sa.select(exclusions.c.edition, exclusions.c.reason, sa.func.count())
        .where(ours)
        .group_by(exclusions.c.edition, exclusions.c.reason)
    )
    connection.execute(sa.insert(exclusion_sums).from_select(("edition", "reason", "readers"), grouped))
    return connection.execute(sa.delete(exclusions).where(ours)).rowcount


def is_settled(connection: Connection, key: str) -> bool:
    """True once no batch of the edition waits to be handed over, or for its outcome."""
    waiting = (BatchState.PLANNED.value, BatchState.HANDED.value)
    query = sa.select(batches.c.id).where(batches.c.edition == key, batches.c.state.in_(waiting)).limit(1)
    return connection.execute(query).first() is None


def _exclusions(connection: Connection, key: str) -> dict[str, int]:
    found: dict[str, int] = {}
    one_by_one = (
        sa.select(exclusions.c.reason, sa.func.count().label("readers"))
        .where(exclusions.c.edition == key)
        .group_by(exclusions.c.reason)
    )
    summed = sa.select(exclusion_sums.c.reason, exclusion_sums.c.readers).where(
        exclusion_sums.c.edition == key
    )
    for query in (one_by_one, summed):
        for reason, readers in connection.execute(query):
            found[reason] = found.get(reason, 0) + readers
    return found
