"""Addresses of private feeds: derived and not stored, one generation good at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import Engine

from newsroom.database import reading, writing
from readership import erasure, feed_addresses, tokens
from readership.feed_addresses import Holder
from readership.reader import Plan
from readership.tables import feed_uses
from tests import samples
from tests.readership.registered import register
from tests.samples import NOON

KEYS = (("k2", b"second key, which signs now 1234"), ("k1", b"first key, which only verifies 1"))
BRUSSELS = ZoneInfo("Europe/Brussels")
PAYER = Holder(1, Plan.PAID, None, frozenset(), NOON)


def found(engine: Engine, number: int = 1) -> Holder | None:
    with reading(engine) as connection:
        return feed_addresses.holder(connection, number)


@given(st.integers(1, 2**31 - 1), st.integers(0, 2**40))
def test_a_token_names_its_reader_and_generation(reader_id: int, generation: int) -> None:
    token = tokens.feed_token(KEYS, reader_id, generation)
    assert tokens.read_feed_token(KEYS, token) == (reader_id, generation)
    assert token == tokens.feed_token(KEYS, reader_id, generation)


def test_an_address_outlives_the_key_that_signed_it_while_that_is_listed() -> None:
    token = PAYER.token(KEYS[1:])
    assert tokens.read_feed_token(KEYS, token) == (1, 0)
    assert tokens.read_feed_token(KEYS[:1], token) is None
    assert tokens.read_feed_token((("k1", b"another newsroom's key, same id!"),), token) is None


@pytest.mark.parametrize("purpose", ["u", "c", "z", "p"])
def test_another_link_of_ours_opens_no_feed(purpose: str) -> None:
    token = tokens.feed_token(KEYS, 1, 0)
    assert tokens.read_feed_token(KEYS, tokens.unsubscribe_token(KEYS, 1, "0")[:-1] + "f") is None
    assert tokens.read_feed_token(KEYS, token[:-1] + purpose) is None
    assert tokens.read_unsubscribe(KEYS, token[:-1] + "u") is None


def test_new_addresses_make_those_before_void(engine: Engine) -> None:
    register(engine, samples.reader(plan=Plan.PAID))
    first = found(engine)
    assert first is not None
    assert first.opens(0)
    with writing(engine) as connection:
        assert feed_addresses.rotate(connection, 1, NOON)
    second = found(engine)
    assert second is not None
    assert not second.opens(0)
    assert second.opens(second.generation)
    assert second.token(KEYS) != first.token(KEYS)
    with writing(engine) as connection:
        # In the same second, too.
        feed_addresses.rotate(connection, 1, NOON)
    third = found(engine)
    assert third is not None
    assert not third.opens(second.generation)


def test_a_restored_backup_gives_no_old_address_out_anew(engine: Engine) -> None:
    register(engine, samples.reader(plan=Plan.PAID))
    given_out = set()
    for minutes in range(3):
        with writing(engine) as connection:
            feed_addresses.rotate(connection, 1, NOON + timedelta(minutes=minutes))
        holder = found(engine)
        assert holder is not None
        given_out.add(holder.generation)
        with writing(engine) as connection:
            connection.execute(sa.text("DELETE FROM feed_addresses"))
    assert len(given_out) == 3


def test_a_revoked_reader_has_no_address_until_there_are_new_ones(engine: Engine) -> None:
    register(engine, samples.reader(plan=Plan.PAID))
    with writing(engine) as connection:
        assert feed_addresses.revoke(connection, 1, NOON)
        assert feed_addresses.revoke(connection, 1, NOON + timedelta(hours=1))
    holder = found(engine)
    assert holder is not None
    assert (holder.revoked, holder.token(KEYS), holder.opens(0)) == (NOON, "", False)
    with writing(engine) as connection:
        feed_addresses.rotate(connection, 1, NOON)
    holder = found(engine)
    assert holder is not None
    assert holder.revoked is None
    assert not holder.opens(0)


def test_nobody_has_no_address(engine: Engine) -> None:
    assert found(engine) is None
    with writing(engine) as connection:
        assert not feed_addresses.rotate(connection, 1, NOON)
        assert not feed_addresses.revoke(connection, 1, NOON)


def test_erasing_a_reader_leaves_nothing_of_their_feeds(engine: Engine) -> None:
    reader = register(engine, samples.reader(plan=Plan.PAID))
    with writing(engine) as connection:
        feed_addresses.rotate(connection, 1, NOON)
        row = {"reader_id": 1, "day": NOON.date(), "agent": "Feedly", "network": "", "count": 1}
        row |= {"first": NOON, "last": NOON, "subscribers": 1}
        connection.execute(sa.insert(feed_uses).values(row))
        erasure.forget(connection, reader, NOON)
    with reading(engine) as connection:
        for table in ("feed_addresses", "feed_uses"):
            assert connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar() == 0  # noqa: S608
    assert found(engine) is None


def test_many_are_found_at_once(engine: Engine) -> None:
    for number in range(1, 6):
        register(engine, samples.reader(number, plan=Plan.PAID, products=frozenset({"a"})))
    with reading(engine) as connection:
        assert set(feed_addresses.holders(connection, [5, 2, 2, 9])) == {2, 5}
        assert feed_addresses.holders(connection, [5])[5].products == {"a"}
        assert feed_addresses.holders(connection, []) == {}


@pytest.mark.parametrize(
    ("plan", "until", "pays"),
    [
        (Plan.PAID, None, True),
        (Plan.GROUP, None, True),
        (Plan.TRIAL, NOON.date(), True),
        (Plan.TRIAL, NOON.date() - timedelta(days=1), False),
        (Plan.PAID, NOON.date() - timedelta(days=1), False),
        (Plan.FREE, None, False),
    ],
)
def test_who_pays(plan: Plan, until: date | None, pays: bool) -> None:
    assert replace(PAYER, plan=plan, plan_until=until).pays_on(NOON.date()) is pays


def test_a_plan_ends_with_its_last_day_where_the_newsroom_is() -> None:
    ended = replace(PAYER, plan=Plan.TRIAL, plan_until=date(2026, 3, 9)).ended(BRUSSELS)
    assert ended == datetime(2026, 3, 9, 23, 0, tzinfo=UTC)


def test_a_plan_that_was_taken_away_ended_with_the_last_change() -> None:
    changed = NOON.replace(microsecond=250)
    assert replace(PAYER, plan=Plan.FREE, updated=changed).ended(BRUSSELS) == NOON
