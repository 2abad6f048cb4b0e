"""Readers and subscriptions as rows: the bytes in the tables are those that SQLAlchemy's own INSERT makes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from newsroom.database import reading, writing
from readership import bulk, store
from readership.reader import Plan, Reader, Subscription, SubscriptionStatus
from readership.tables import readers, subscriptions

NOW = datetime(2026, 3, 10, 6, 0, 0, 7, tzinfo=ZoneInfo("Europe/Brussels"))
ODD = 'Zoë \U0001f407 O\'Hara "%s" \\ ? :name {x}'
KEYS = (frozenset[str](), frozenset({"b", "a", "é"}), frozenset({'"', "\\", "c d"}))
DAYS = (None, date(2026, 3, 31), date(1, 1, 1), date(9999, 12, 31))
NIGHT = datetime(2025, 10, 26, 2, 30, tzinfo=ZoneInfo("Europe/Brussels"))
MOMENTS = (
    None,
    datetime(2025, 11, 3, tzinfo=UTC),
    datetime(2025, 11, 3, 1, 2, 3, 45, tzinfo=UTC),
    datetime(2025, 11, 3, 1, 2, 3, 45, tzinfo=timezone(timedelta(hours=-3, minutes=-30))),
    # An hour apart, and equal as Python has it.
    NIGHT,
    NIGHT.replace(fold=1),
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
)


def _readers() -> list[Reader]:
    numbers = count()
    return [
        Reader(0, f"reader{number}@example.org", f"key{number}", plan, until, products, name, language)
        for plan in Plan
        for until in DAYS
        for products in KEYS
        for name, language in (("", ""), (ODD, "pt-BR"))
        for number in (next(numbers),)
    ]


def _subscriptions(numbers: Sequence[int]) -> Iterator[tuple[int, Subscription]]:
    number = iter(numbers)
    for status in SubscriptionStatus:
        for place, moment in enumerate(MOMENTS):
            one = next(number)
            keys, day = KEYS[place % len(KEYS)], DAYS[place % len(DAYS)]
            yield one, Subscription(one, "daily", status, keys, day, moment, ODD, "crm")
            yield one, Subscription(one, ODD[:4], status, keys, day, moment, "", "")


def _raw(connection: Connection, table: sa.Table, without: str = "") -> list[tuple[Any, ...]]:
    """Every value as the database itself has it, with SQLite's kind of it."""
    names = [column.name for column in table.columns if column.name != without]
    if connection.dialect.name == "sqlite":
        columns = ", ".join(f"typeof({name}), hex({name})" for name in names)
    else:
        columns = ", ".join(f"{name}::text" for name in names)
    order = "id" if "id" in table.c else "reader_id, newsletter"
    query = f"SELECT {columns} FROM {table.name} ORDER BY {order}"  # noqa: S608
    return list(map(tuple, connection.exec_driver_sql(query)))


def _stored_by_sqlalchemy(connection: Connection, some: Sequence[Reader]) -> None:
    orders = {plan: place for place, plan in enumerate((Plan.GROUP, Plan.PAID, Plan.TRIAL, Plan.FREE))}
    values = [
        {
            "address": one.address,
            "key": one.key,
            "name": one.name,
            "plan": one.plan.value,
            "plan_order": orders[one.plan],
            "plan_until": one.plan_until,
            "products": sorted(one.products),
            "language": one.language,
            "created": NOW,
            "updated": NOW,
        }
        for one in some
    ]
    connection.execute(sa.insert(readers), values)


def _subscribed_by_sqlalchemy(connection: Connection, some: Sequence[tuple[int, Subscription]]) -> None:
    values = [
        {
            "reader_id": number,
            "newsletter": one.newsletter,
            "status": one.status.value,
            "sections": sorted(one.sections),
            "paused_until": one.paused_until,
            "consent_at": one.consent_at,
            "consent_source": one.consent_source,
            "ended_by": one.ended_by if one.status is SubscriptionStatus.UNSUBSCRIBED else "",
            "updated": NOW,
        }
        for number, one in some
    ]
    connection.execute(sa.insert(subscriptions), values)


def test_readers_are_stored_byte_for_byte_as_sqlalchemy_does(engine: Engine) -> None:
    with writing(engine) as connection:
        _stored_by_sqlalchemy(connection, _readers())
        expected = _raw(connection, readers, without="id")
        connection.execute(sa.delete(readers))
        store.save_readers(connection, _readers(), NOW)
        found = _raw(connection, readers, without="id")
    assert found == expected
    assert len(found) == 96


def test_subscriptions_are_stored_byte_for_byte_as_sqlalchemy_does(engine: Engine) -> None:
    with writing(engine) as connection:
        store.save_readers(connection, _readers(), NOW)
        numbers = list(connection.execute(sa.select(readers.c.id).order_by(readers.c.id)).scalars())
        theirs = list(_subscriptions(numbers))
        _subscribed_by_sqlalchemy(connection, theirs)
        expected = _raw(connection, subscriptions)
        connection.execute(sa.delete(subscriptions))
        store.save_subscriptions(connection, theirs, NOW)
        assert _raw(connection, subscriptions) == expected
        # Once more, over others that were there.
        others = [
            (number, replace(one, status=SubscriptionStatus.PAUSED, consent_at=NOW, sections=frozenset("z")))
            for number, one in theirs
        ]
        store.save_subscriptions(connection, others, NOW + timedelta(days=1))
        assert _raw(connection, subscriptions) != expected
        store.save_subscriptions(connection, theirs, NOW)
        assert _raw(connection, subscriptions) == expected
    assert len(expected) == 64


def test_no_column_is_left_out() -> None:
    assert {"id", *bulk.READER} == set(readers.columns.keys())
    assert set(bulk.SUBSCRIPTION) == set(subscriptions.columns.keys())


def test_an_address_that_is_there_is_refused(engine: Engine) -> None:
    first, second, *_ = _readers()
    with writing(engine) as connection:
        store.save_readers(connection, [first], NOW)
    with pytest.raises(sa.exc.IntegrityError), writing(engine) as connection:
        store.save_readers(connection, [second, first], NOW)
    with reading(engine) as connection:
        assert list(store.by_keys(connection, [first.key, second.key])) == [first.key]


def test_a_subscription_of_nobody_is_refused(engine: Engine) -> None:
    with pytest.raises(sa.exc.IntegrityError), writing(engine) as connection:
        store.save_subscriptions(
            connection, [(404, Subscription(404, "daily", SubscriptionStatus.ACTIVE))], NOW
        )


def test_of_two_for_one_newsletter_the_last_counts(engine: Engine) -> None:
    with writing(engine) as connection:
        store.save_readers(connection, _readers()[:1], NOW)
        (number,) = connection.execute(sa.select(readers.c.id)).scalars()
        both = [
            Subscription(number, "daily", status)
            for status in (SubscriptionStatus.PENDING, SubscriptionStatus.ACTIVE)
        ]
        store.save_subscriptions(connection, [(number, one) for one in both], NOW)
        found = store.subscriptions_of(connection, [number])[number]["daily"]
    assert found.status is SubscriptionStatus.ACTIVE


def test_a_moment_without_a_zone_is_refused(engine: Engine) -> None:
    one = Subscription(1, "daily", SubscriptionStatus.ACTIVE, consent_at=datetime(2025, 1, 1))  # noqa: DTZ001
    with pytest.raises((ValueError, sa.exc.StatementError), match="time zone"), writing(engine) as connection:
        store.save_subscriptions(connection, [(1, one)], NOW)
