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

_BACK = (EventKind.BOUNCE.value, EventKind.BLOCKED.value)
"""Whoever had it has it no more: one that came back after it had arrived has come back."""

_HAS_IT = (DeliveryState.HANDED.value, DeliveryState.ACCEPTED.value, DeliveryState.UNCERTAIN.value)


@dataclass(frozen=True, slots=True)
class AfterAll:
    """How many readers of an edition were sent what was taken back."""

    readers: int
    twice: int
    """Of them: who was handed it once more as well, and of whom neither has come back."""

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
    of = _of_records(edition).subquery()
    theirs = sa.and_(deliveries.c.edition == edition, deliveries.c.reader_id == of.c.reader_id)
    # Who is counted in the batch of the event was handed nothing else.
    is_twice = sa.and_(
        of.c.back == 0,
        deliveries.c.batch != of.c.batch,
        sa.func.coalesce(deliveries.c.state, batches.c.state).in_(_HAS_IT),
        ~_came_back(edition),
    )
    inside = of.outerjoin(deliveries, theirs).outerjoin(batches, batches.c.id == deliveries.c.batch)
    query = sa.select(
        sa.func.count(sa.distinct(of.c.reader_id)),
        sa.func.count(sa.distinct(sa.case((is_twice, of.c.reader_id)))),
    ).select_from(inside)
    readers, twice = connection.execute(query).one()
    return AfterAll(int(readers), int(twice))


def _of_records(edition: str) -> sa.Select[tuple[int, int, int]]:
    """(reader, batch, 1 where it came back) of what was sent of each batch that was taken back."""
    is_back = sa.case((events.c.kind.in_(_BACK), 1), else_=0)
    return (
        sa.select(events.c.reader_id, events.c.batch, sa.func.max(is_back).label("back"))
        .where(
            events.c.edition == edition,
            events.c.batch.in_(_records(edition)),
            events.c.kind.not_in(_WEAK),
        )
        .group_by(events.c.reader_id, events.c.batch)
    )


def _came_back(edition: str) -> sa.ColumnElement[bool]:
    """SQL: what the reader was handed last has come back."""
    own = events.alias("own")
    return (
        sa.select(own.c.reader_id)
        .where(
            own.c.edition == edition,
            own.c.reader_id == deliveries.c.reader_id,
            own.c.batch == deliveries.c.batch,
            own.c.kind.in_(_BACK),
        )
        .correlate(deliveries)
        .exists()
    )


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
