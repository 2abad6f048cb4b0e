"""Reading candidates, stopping newsletters, erasing readers: on a real SQLite file."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy.engine import Connection, Engine

from newsroom.database import reading, writing
from readership import store
from readership.erasure import forget
from readership.reader import Candidate, Plan, SubscriptionStatus, SuppressionReason
from readership.suppression import suppress
from tests.readership.registered import register
from tests.samples import NOON, reader, subscription


def _all(engine: Engine, newsletter: str, page: int) -> list[Candidate]:
    found: list[Candidate] = []
    with reading(engine) as connection:
        while True:
            some = store.candidates(connection, newsletter, store.after(found[-1]) if found else None, page)
            found += some
            if len(some) < page:
                return found


def _status(connection: Connection, number: int, newsletter: str) -> SubscriptionStatus:
    return store.subscriptions_of(connection, [number])[number][newsletter].status


def test_candidates_come_in_the_order_of_delivery_whatever_the_page(engine: Engine) -> None:
    plans = [Plan.FREE, Plan.PAID, Plan.GROUP, Plan.TRIAL]
    for number in range(1, 14):
        register(engine, reader(number, plans[number % 4]), subscription(number))
    register(engine, reader(14), subscription(14, newsletter="weekly"))
    register(engine, reader(15))
    whole = _all(engine, "daily", 100)
    assert [c.reader.id for c in whole] == [2, 6, 10, 1, 5, 9, 13, 3, 7, 11, 4, 8, 12]
    for page in (1, 2, 3, 12, 13, 14):
        assert _all(engine, "daily", page) == whole
    assert all(store.after(one) < store.after(other) for one, other in pairwise(whole))


def test_a_candidate_holds_everything_that_planning_asks(engine: Engine) -> None:
    consent = datetime(2025, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    one = register(
        engine,
        reader(
            1,
            Plan.TRIAL,
            plan_until=date(2026, 4, 1),
            products=frozenset({"web", "app"}),
            name="Zoë",
            language="nl",
        ),
        subscription(
            1,
            sections=frozenset({"politics"}),
            status=SubscriptionStatus.PAUSED,
            paused_until=date(2026, 5, 1),
            consent_at=consent,
            consent_source="sign-up form",
        ),
    )
    with writing(engine) as connection:
        suppress(connection, {one.key: SuppressionReason.BOUNCED}, NOON, "a test")
    expected = Candidate(
        one,
        subscription(
            1,
            sections=frozenset({"politics"}),
            status=SubscriptionStatus.PAUSED,
            paused_until=date(2026, 5, 1),
            consent_at=consent,
            consent_source="sign-up form",
        ),
        SuppressionReason.BOUNCED,
    )
    assert _all(engine, "daily", 10) == [expected]
    with reading(engine) as connection:
        assert store.candidates_by_id(connection, "daily", [1, 2]) == {1: expected}
        assert store.candidates_by_id(connection, "weekly", [1]) == {}
        assert store.find(connection, one.key) == one
        assert store.by_id(connection, 1) == one
        assert store.by_id(connection, 2) is None
        assert store.by_keys(connection, [one.key, "0" * 64]) == {one.key: one}


def test_many_readers_are_asked_for_at_once(engine: Engine) -> None:
    for number in range(1, 4):
        register(engine, reader(number), subscription(number))
    with reading(engine) as connection:
        found = store.candidates_by_id(connection, "daily", range(1, 40_000))
    assert sorted(found) == [1, 2, 3]


def test_who_came_behind_is_known_by_number(engine: Engine) -> None:
    with reading(engine) as connection:
        assert store.newest(connection) == 0
    first, second, third = (register(engine, reader(number)) for number in (1, 2, 7))
    with reading(engine) as connection:
        assert store.newest(connection) == 7
        assert store.numbers_behind(connection, 7) == {}
        assert store.numbers_behind(connection, first.id) == {second.key: 2, third.key: 7}


def test_unsubscribe_stops_one_newsletter_and_says_whether_it_did(engine: Engine) -> None:
    register(engine, reader(1), subscription(1), subscription(1, newsletter="weekly"))
    with writing(engine) as connection:
        assert store.unsubscribe(connection, 1, "daily", NOON)
        assert not store.unsubscribe(connection, 1, "daily", NOON)
        assert not store.unsubscribe(connection, 99, "daily", NOON)
        assert _status(connection, 1, "daily") is SubscriptionStatus.UNSUBSCRIBED
        assert _status(connection, 1, "weekly") is SubscriptionStatus.ACTIVE
        assert store.count(connection, "daily") == 0
        assert store.count(connection, "weekly") == 1


def test_unsubscribe_of_what_was_never_subscribed_is_remembered(engine: Engine) -> None:
    register(engine, reader(1))
    with writing(engine) as connection:
        assert store.unsubscribe(connection, 1, "daily", NOON)
        assert _status(connection, 1, "daily") is SubscriptionStatus.UNSUBSCRIBED


def test_unsubscribe_from_all_covers_the_ones_known_as_well(engine: Engine) -> None:
    register(engine, reader(1), subscription(1), subscription(1, newsletter="old"))
    register(engine, reader(2), subscription(2))
    with writing(engine) as connection:
        assert store.unsubscribe(connection, 1, None, NOON, ("daily", "weekly"))
        for newsletter in ("daily", "weekly", "old"):
            assert _status(connection, 1, newsletter) is SubscriptionStatus.UNSUBSCRIBED
        assert _status(connection, 2, "daily") is SubscriptionStatus.ACTIVE


def test_an_undo_takes_back_that_unsubscribe_and_no_other(engine: Engine) -> None:
    later = NOON + timedelta(minutes=1)
    register(engine, reader(1), subscription(1), subscription(1, newsletter="weekly"))
    with writing(engine) as connection:
        store.unsubscribe(connection, 1, "weekly", NOON - timedelta(days=1))
        store.unsubscribe(connection, 1, "daily", NOON)
        assert not store.resubscribe(connection, 1, ["daily"], NOON - timedelta(seconds=1), later)
        assert not store.resubscribe(connection, 1, ["weekly"], NOON, later)
        assert not store.resubscribe(connection, 2, ["daily"], NOON, later)
        assert store.resubscribe(connection, 1, ["daily", "weekly"], NOON, later)
        assert _status(connection, 1, "daily") is SubscriptionStatus.ACTIVE
        assert _status(connection, 1, "weekly") is SubscriptionStatus.UNSUBSCRIBED
        # Used once, it is used up.
        store.unsubscribe(connection, 1, "daily", later + timedelta(minutes=1))
        assert not store.resubscribe(connection, 1, ["daily"], NOON, later)


def test_the_first_suppression_reason_stays_but_erasure_wins(engine: Engine) -> None:
    with writing(engine) as connection:
        keys = {"a" * 64: SuppressionReason.COMPLAINED, "b" * 64: SuppressionReason.BOUNCED}
        assert suppress(connection, keys, NOON, "first") == 2
        assert suppress(connection, dict.fromkeys(keys, SuppressionReason.CLEANED), NOON, "second") == 0
        assert store.suppressed(connection, ["a" * 64, "b" * 64, "c" * 64]) == keys
        suppress(connection, {"a" * 64: SuppressionReason.ERASED}, NOON, "third")
        assert store.suppressed(connection, ["a" * 64]) == {"a" * 64: SuppressionReason.ERASED}


@pytest.mark.sqlite
def test_a_forgotten_reader_leaves_a_keyed_hash_and_nothing_else(engine: Engine) -> None:
    one = register(engine, reader(1, name="Zoë Quayside"), subscription(1))
    with writing(engine) as connection:
        forget(connection, one, NOON)
    with writing(engine) as connection:
        assert store.by_id(connection, 1) is None
        assert _all(engine, "daily", 10) == []
        assert store.suppressed(connection, [one.key]) == {one.key: SuppressionReason.ERASED}
    database = engine.url.database
    assert database is not None
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"reader1@" not in Path(database).read_bytes()
    assert b"Quayside" not in Path(database).read_bytes()
    # Its number is not given to anybody else.
    register(engine, reader(2))
    with reading(engine) as connection:
        assert store.by_id(connection, 1) is None
