"""Mails that a provider had said it forgets, and sent: who has them, and who has another one besides.

Every function only reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter.edition import BatchState, DeliveryState
from newsletter.returns.event import EventKind
from newsletter.tables import batches, deliveries, events
from newsletter.tables import editions as editions_table
from newsroom.counted import counted

LONG = timedelta(days=1)
"""So long after an edition's hour it is told of."""

_WEAK = (EventKind.PROCESSED.value, EventKind.DROPPED.value)
"""So is what was taken back as well: received, and thrown away."""

_HAS_IT = (DeliveryState.HANDED.value, DeliveryState.ACCEPTED.value, DeliveryState.UNCERTAIN.value)


@dataclass(frozen=True, slots=True)
class AfterAll:
    """How many readers of an edition were sent what was taken back."""

    readers: int
    twice: int
    """Of them: who was handed it once more as well."""

    @property
    def said(self) -> str:
        """In a sentence."""
        more = f"; {self.twice:,} of them may have it twice" if self.twice else ""
        who = counted(self.readers, "reader")
        return f"its provider has sent the mails of {who} that it was to forget{more}"


def has_records(connection: Connection, edition: str) -> bool:
    """Whether something of the edition was taken back."""
    return connection.execute(_records(edition).limit(1)).first() is not None


def records(connection: Connection, edition: str) -> frozenset[int]:
    """The batches of the edition that were taken back."""
    return frozenset(row.id for row in connection.execute(_records(edition)))


def says_nothing(edition: str) -> sa.ColumnElement[bool]:
    """SQL: the event is of a batch that was taken back, and as true of what was never sent."""
    return sa.and_(events.c.kind.in_(_WEAK), events.c.batch.in_(_records(edition)))


def sent(connection: Connection, edition: str) -> AfterAll:
    """Who was sent what was taken back of the edition."""
    theirs = sa.and_(deliveries.c.edition == events.c.edition, deliveries.c.reader_id == events.c.reader_id)
    # Who is counted in the batch of the event was handed nothing else.
    is_twice = sa.and_(
        deliveries.c.batch != events.c.batch,
        sa.func.coalesce(deliveries.c.state, batches.c.state).in_(_HAS_IT),
    )
    inside = events.outerjoin(deliveries, theirs).outerjoin(batches, batches.c.id == deliveries.c.batch)
    query = (
        sa.select(
            sa.func.count(sa.distinct(events.c.reader_id)),
            sa.func.count(sa.distinct(sa.case((is_twice, events.c.reader_id)))),
        )
        .select_from(inside)
        .where(
            events.c.edition == edition,
            events.c.batch.in_(_records(edition)),
            events.c.kind.not_in(_WEAK),
        )
    )
    readers, twice = connection.execute(query).one()
    return AfterAll(int(readers), int(twice))


def lately(connection: Connection, now: datetime) -> Mapping[str, AfterAll]:
    """The editions of the last day of which something was sent that had been taken back."""
    recalled = sa.and_(editions_table.c.due > now - LONG, editions_table.c.recalled.is_not(None))
    query = sa.select(editions_table.c.key).where(recalled).order_by(editions_table.c.key)
    found = {key: sent(connection, key) for key in connection.execute(query).scalars().all()}
    return {key: one for key, one in found.items() if one.readers}


def _records(edition: str) -> sa.Select[tuple[int]]:
    return sa.select(batches.c.id).where(
        batches.c.edition == edition, batches.c.state == BatchState.TAKEN_BACK.value
    )
