"""Where a reader's delivery stands, and what of a provider's proofs says something new of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter import ledger
from newsletter.before import Cancelled
from newsletter.edition import DeliveryState
from newsletter.returns.proof import Proof, weightiest
from newsletter.tables import batches, deliveries
from newsroom.portions import portions

LATE = "as it was handed over before it was planned again: batch"
"""How the reason of a batch begins that keeps a hand-over which was thought not to have been taken."""

CLOCKS = timedelta(minutes=1)
"""So far the provider's clock may be behind ours."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reader's delivery stands now."""

    reader_id: int
    batch: int
    state: DeliveryState
    resend: bool
    hand_over: int
    """The batch that it was handed over in, as events name it."""
    again: bool
    """Accepted before: whatever comes of the copy that was asked for, the reader has one."""
    not_earlier: datetime | None
    """When the batch was handed over, of one that was before; what is told of earlier is of that time."""
    cancelled: frozenset[int] = frozenset()
    """The batches before it of which the provider was to forget what it had of the reader."""

    def judged(self, proofs: Iterable[Proof]) -> Proof | None:
        """Which of the reader's proofs says something new of this hand-over, or of one that this one would
        be a copy of; None: none of them."""
        ours = [
            one
            for one in proofs
            if not self.resend or one.batch == self.hand_over or one.batch in self.cancelled
        ]
        if not ours:
            return None
        found = weightiest(ours)
        if self.state is DeliveryState.ACCEPTED:
            own = [one for one in ours if one.batch == self.hand_over]
            is_dropped = bool(own) and self._is_denied_by(weightiest(own))
            is_new = self._is_denied_by(found) or (is_dropped and self.is_had_by(found))
            return found if is_new else None
        return found if found.taken or self.state is not DeliveryState.REFUSED else None

    def is_had_by(self, one: Proof) -> bool:
        """Whether the reader has what was taken back, after all: this hand-over came to nothing, and that one
        counts."""
        return one.taken and one.batch != self.hand_over and one.batch in self.cancelled

    def _is_denied_by(self, one: Proof) -> bool:
        """Whether the provider, who took it, has dropped it since."""
        if self.again or not one.is_outright or one.batch != self.hand_over:
            return False
        return self.not_earlier is None or one.at > self.not_earlier - CLOCKS


def places(
    connection: Connection,
    edition: str,
    readers: Collection[int],
    states: Collection[DeliveryState],
    cancelled: Cancelled,
) -> list[Place]:
    """Where those of the readers stand whose delivery has one of these states."""
    columns = (
        deliveries.c.reader_id,
        deliveries.c.batch,
        deliveries.c.state.label("own"),
        deliveries.c.reason.label("own_reason"),
        batches.c.state,
        batches.c.reason,
        batches.c.resend,
        batches.c.handed,
        batches.c.handed_before,
    )
    inside = deliveries.join(batches, batches.c.id == deliveries.c.batch)
    found: list[Place] = []
    for some in portions(sorted(readers)):
        query = (
            sa.select(*columns)
            .select_from(inside)
            .where(
                deliveries.c.edition == edition,
                deliveries.c.reader_id.in_(some),
                sa.func.coalesce(deliveries.c.state, batches.c.state).in_([state.value for state in states]),
            )
        )
        found += [_place(row, cancelled) for row in connection.execute(query).all()]
    return found


def _place(row: Any, cancelled: Cancelled) -> Place:
    kept = row.reason.removeprefix(f"{LATE} ") if row.reason.startswith(LATE) else ""
    return Place(
        reader_id=row.reader_id,
        batch=row.batch,
        state=DeliveryState(row.own or row.state),
        resend=bool(row.resend),
        hand_over=int(kept) if kept.isdecimal() else row.batch,
        again=row.own_reason.startswith(ledger.AGAIN),
        not_earlier=row.handed if row.handed_before is not None else None,
        cancelled=cancelled.last.get(row.reader_id, frozenset()),
    )
