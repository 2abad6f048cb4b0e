"""Many readers and subscriptions as rows: the bytes that SQLAlchemy makes, and what repeats is made once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsroom.rows import Taken, converter, insert_rows
from readership.reader import DELIVERY_ORDER, Reader, Subscription, SubscriptionStatus
from readership.tables import readers, subscriptions

READER = (
    "address",
    "key",
    "name",
    "plan",
    "plan_order",
    "plan_until",
    "products",
    "language",
    "created",
    "updated",
)
"""All columns but the number, which the database gives."""

SUBSCRIPTION = (
    "reader_id",
    "newsletter",
    "status",
    "sections",
    "paused_until",
    "consent_at",
    "consent_source",
    "ended_by",
    "updated",
)
"""All columns."""

_PLANS = {plan: (plan.value, place) for place, plan in enumerate(DELIVERY_ORDER)}
_STATUSES = {status: status.value for status in SubscriptionStatus}

_REPEATED = 10_000
"""How many different values are remembered: most lists have few different days and products."""


def insert_readers(connection: Connection, new: Iterable[Reader], now: datetime) -> None:
    """Insert readers in their order; an address that is there already is the database's IntegrityError."""
    day, keys = _days(connection, readers.c.plan_until), _lists(connection, readers.c.products)
    at = _moments(connection, readers.c.created)(now)
    rows = [
        (
            one.address,
            one.key,
            one.name,
            *_PLANS[one.plan],
            day(one.plan_until),
            keys(one.products),
            one.language,
            at,
            at,
        )
        for one in new
    ]
    insert_rows(connection, readers, READER, rows, Taken.REFUSED)


def put_subscriptions(
    connection: Connection, some: Iterable[tuple[int, Subscription]], now: datetime
) -> None:
    """Insert subscriptions, each with its reader's number, or write over those there are; the last one of two
    for the same newsletter counts."""
    day, keys = _days(connection, subscriptions.c.paused_until), _lists(connection, subscriptions.c.sections)
    moment = _moments(connection, subscriptions.c.consent_at)
    at = _moments(connection, subscriptions.c.updated)(now)
    stopped = SubscriptionStatus.UNSUBSCRIBED
    rows = {
        (number, one.newsletter): (
            number,
            one.newsletter,
            _STATUSES[one.status],
            keys(one.sections),
            day(one.paused_until),
            moment(one.consent_at),
            one.consent_source,
            one.ended_by if one.status is stopped else "",
            at,
        )
        for number, one in some
    }
    insert_rows(connection, subscriptions, SUBSCRIPTION, list(rows.values()), Taken.WRITTEN_OVER)


def _days(connection: Connection, column: sa.Column[Any]) -> Callable[[date | None], Any]:
    return lru_cache(_REPEATED)(converter(connection, column))


def _lists(connection: Connection, column: sa.Column[Any]) -> Callable[[frozenset[str]], Any]:
    convert = converter(connection, column)
    return lru_cache(_REPEATED)(lambda keys: convert(sorted(keys)))


def _moments(connection: Connection, column: sa.Column[Any]) -> Callable[[datetime | None], Any]:
    convert = converter(connection, column)
    if connection.dialect.name != "sqlite":
        return convert

    def text(moment: datetime | None) -> Any:
        # A list may have another moment in each row: the same text in a fifth of the time.
        if moment is not None and moment.tzinfo is UTC:
            return moment.isoformat(" ", "microseconds").removesuffix("+00:00")
        return convert(moment)

    return text
