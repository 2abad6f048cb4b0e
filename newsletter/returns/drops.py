"""Readers whose mail the provider threw away for reasons that are not the address's own: a quota that is used
up, say. Once that is mended, `resend` hands it over to them.

Every function only reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter.edition import DeliveryState
from newsletter.returns import after_all
from newsletter.returns.event import EventKind
from newsletter.tables import batches, deliveries, events
from newsletter.tables import editions as editions_table

FEW = 25
"""So many may be dropped of any edition, however small, before a person has to look."""

LONG = timedelta(days=1)
"""So long after an edition's hour a person has to look: nobody wants yesterday's news."""

_RETURNED = sa.text("events.kind IN ('bounce', 'dropped')")
"""As the index `ix_events_returned` has it, word for word."""


def dropped(connection: Connection, edition: str) -> list[int]:
    """The readers of the edition of whom such a drop was ever told, by number."""
    query = _dropped(edition).with_only_columns(events.c.reader_id).distinct()
    return sorted(connection.execute(query).scalars())


def still_refused(connection: Connection, edition: str) -> int:
    """How many of them are refused, and so have nothing of the edition."""
    state = sa.func.coalesce(deliveries.c.state, batches.c.state)
    theirs = sa.and_(deliveries.c.edition == events.c.edition, deliveries.c.reader_id == events.c.reader_id)
    query = (
        _dropped(edition)
        .with_only_columns(sa.func.count(sa.distinct(events.c.reader_id)))
        .select_from(events.join(deliveries, theirs).join(batches, batches.c.id == deliveries.c.batch))
        .where(state == DeliveryState.REFUSED.value)
    )
    return int(connection.execute(query).scalar_one())


def many(connection: Connection, found: Mapping[str, int], most: float) -> dict[str, int]:
    """Those of what `some` has found of which a person has to look: more than this part of the edition are
    refused for it, and more than a few."""
    return {
        key: count for key, count in found.items() if count > FEW and count > most * _size(connection, key)
    }


def some(connection: Connection, now: datetime) -> dict[str, int]:
    """The editions of the last day of which anybody is refused for it, and how many."""
    lately = sa.and_(editions_table.c.due > now - LONG, editions_table.c.first_handed.is_not(None))
    query = sa.select(editions_table.c.key).where(lately).order_by(editions_table.c.key)
    keys = connection.execute(query).scalars().all()
    counts = {key: still_refused(connection, key) for key in keys}
    return {key: count for key, count in counts.items() if count}


def _dropped(edition: str) -> sa.Select[tuple[str]]:
    ours = sa.and_(events.c.edition == edition, events.c.kind == EventKind.DROPPED.value)
    # That what was taken back was thrown away is as it should be.
    counts = ~after_all.says_nothing(edition)
    return sa.select(events.c.edition).where(_RETURNED, ours, events.c.is_permanent.is_(False), counts)


def _size(connection: Connection, edition: str) -> int:
    query = sa.select(sa.func.coalesce(sa.func.sum(batches.c.size), 0))
    ours = sa.and_(batches.c.edition == edition, batches.c.resend.is_(False))
    return int(connection.execute(query.where(ours)).scalar_one())
