"""What editions a newsletter has had, and which are still to go out."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter.breaker import Past
from newsletter.edition import BatchState, DeliveryState, Edition, EditionState
from newsletter.edition_row import COLUMNS, OPEN, from_row
from newsletter.tables import batches, bounce_holds, deliveries, editions
from newsletter.used_stories import counts_for


def open_editions(connection: Connection, newsletter: str | None = None) -> tuple[Edition, ...]:
    """Editions with something to hand over still, held ones included, the earliest first."""
    query = sa.select(*COLUMNS).where(editions.c.state.in_(OPEN)).order_by(editions.c.due, editions.c.key)
    if newsletter is not None:
        query = query.where(editions.c.newsletter == newsletter)
    return tuple(map(from_row, connection.execute(query)))


def cut_off(connection: Connection, newsletter: str) -> tuple[Edition, ...]:
    """The newsletter's editions with a batch that was handed over and has no outcome yet, of any state."""
    handed = sa.select(batches.c.id).where(
        batches.c.edition == editions.c.key, batches.c.state == BatchState.HANDED.value
    )
    query = sa.select(*COLUMNS).where(editions.c.newsletter == newsletter, handed.exists())
    return tuple(map(from_row, connection.execute(query.order_by(editions.c.due, editions.c.key))))


def has_unsettled(connection: Connection) -> bool:
    """True where a hand-over's outcome is not known, in whichever edition."""
    unsettled = (BatchState.HANDED.value, BatchState.UNCERTAIN.value)
    own = sa.select(deliveries.c.batch).where(deliveries.c.state == DeliveryState.UNCERTAIN.value)
    whole = sa.select(batches.c.id).where(batches.c.state.in_(unsettled))
    return any(connection.execute(query.limit(1)).first() is not None for query in (whole, own))


def has_kept(connection: Connection) -> bool:
    """True where a provider keeps what it was to forget of a stopped edition, or has sent it meanwhile."""
    waits = sa.and_(editions.c.state == EditionState.STOPPED.value, editions.c.not_recalled != "")
    return connection.execute(sa.select(editions.c.key).where(waits).limit(1)).first() is not None


def kept(connection: Connection, now: datetime) -> tuple[Edition, ...]:
    """The editions of which a provider keeps something that it has not sent yet, of any state."""
    is_kept = sa.select(batches.c.id).where(batches.c.edition == editions.c.key, batches.c.send_at > now)
    query = sa.select(*COLUMNS).where(editions.c.recall != "", is_kept.exists())
    return tuple(map(from_row, connection.execute(query.order_by(editions.c.due, editions.c.key))))


def has_returned(connection: Connection) -> bool:
    """True where so much of an edition came back that a person has to look."""
    query = sa.select(bounce_holds.c.edition).where(bounce_holds.c.decided == "")
    return connection.execute(query.limit(1)).first() is not None


def latest(connection: Connection, newsletter: str, limit: int = 10) -> tuple[Edition, ...]:
    """The newsletter's last editions of any state, newest first."""
    query = (
        sa.select(*COLUMNS)
        .where(editions.c.newsletter == newsletter)
        .order_by(editions.c.due.desc(), editions.c.key)
        .limit(limit)
    )
    return tuple(map(from_row, connection.execute(query)))


def previous(connection: Connection, newsletter: str, provider: str) -> Edition | None:
    """The newsletter's last composed edition of which something was handed over, or None.

    `provider` is the one in use now: what went to the outbox counts only while that is the outbox.
    """
    query = (
        sa.select(*COLUMNS)
        .where(editions.c.newsletter == newsletter, counts_for(provider))
        .order_by(editions.c.composed.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return None if row is None else from_row(row)


def first_missed(connection: Connection, newsletter: str) -> Edition | None:
    """The newsletter's earliest edition that was missed, or None."""
    query = (
        sa.select(*COLUMNS)
        .where(editions.c.newsletter == newsletter, editions.c.state == EditionState.MISSED.value)
        .order_by(editions.c.due)
        .limit(1)
    )
    row = connection.execute(query).first()
    return None if row is None else from_row(row)


def past(connection: Connection, newsletter: str, provider: str, limit: int = 7) -> tuple[Past, ...]:
    """What the circuit breaker compares with: the last editions handed over, newest first."""
    readers = (
        sa.select(sa.func.coalesce(sa.func.sum(batches.c.size), 0))
        .where(batches.c.edition == editions.c.key, batches.c.resend.is_(False))
        .scalar_subquery()
    )
    query = (
        sa.select(editions.c.fresh, readers)
        .where(editions.c.newsletter == newsletter, counts_for(provider))
        .order_by(editions.c.composed.desc())
        .limit(limit)
    )
    return tuple(Past(fresh, int(count)) for fresh, count in connection.execute(query))


def fresh_of(connection: Connection, key: str) -> int:
    """How many new stories were eligible when the edition was composed."""
    query = sa.select(editions.c.fresh).where(editions.c.key == key)
    return int(connection.execute(query).scalar_one())


def decided_dates(connection: Connection, newsletter: str, after: date) -> frozenset[date]:
    """The local dates after `after` that have their regular edition, whatever became of it."""
    query = sa.select(editions.c.local_date).where(
        editions.c.newsletter == newsletter, editions.c.slot == "", editions.c.local_date > after
    )
    return frozenset(connection.execute(query).scalars())
