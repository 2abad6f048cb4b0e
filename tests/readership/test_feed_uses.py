"""What points to a shared address, and how little is kept for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from newsroom.database import reading, writing
from readership import feed_addresses, feed_uses
from readership.feed_uses import Fetched, Sharing, Use, sharing
from readership.reader import Plan
from tests import samples
from tests.readership.registered import register
from tests.samples import NOON

KEY = b"address key of the installation!"
HOME = "203.0.113.0/24"


def use(network: str = "a", at: datetime = NOON, until: datetime | None = None, **changes: Any) -> Use:
    values: dict[str, Any] = {"agent": "newsboat", "count": 1, "subscribers": 0} | changes
    return Use(at.date(), network=network, first=at, last=until or at, **values)


def fetched(reader: int = 1, network: str = HOME, agent: str = "newsboat", subscribers: int = 0) -> Fetched:
    return Fetched(reader, agent, network, subscribers)


def note(engine: Engine, counts: Mapping[Fetched, int], now: datetime = NOON) -> None:
    with writing(engine) as connection:
        feed_uses.note(connection, KEY, counts, now)


def kept(engine: Engine, reader: int = 1, now: datetime = NOON) -> list[Use]:
    with reading(engine) as connection:
        return feed_uses.uses_of(connection, reader, now)


def test_one_service_with_one_subscriber_is_nothing_to_notice() -> None:
    uses = [use("", NOON + timedelta(days=day), agent="Feedly", subscribers=1, count=96) for day in range(7)]
    assert sharing(uses) == Sharing(1, "Feedly", 0)
    assert not sharing(uses).is_noticed
    assert not sharing([]).is_noticed


def test_a_service_with_two_subscribers_is_noticed() -> None:
    found = sharing([use("", agent="Inoreader", subscribers=2), use("", agent="Feedly", subscribers=1)])
    assert (found.subscribers, found.service, found.is_noticed) == (2, "Inoreader", True)


@pytest.mark.parametrize(("networks", "noticed"), [(5, False), (6, True)])
def test_more_than_five_networks_in_a_day_are_noticed(networks: int, noticed: bool) -> None:
    uses = [use(str(number), NOON + timedelta(hours=number)) for number in range(networks)]
    assert sharing(uses) == Sharing(networks=networks)
    assert sharing(uses).is_noticed is noticed


def test_networks_are_counted_over_midnight_and_not_over_more_than_a_day() -> None:
    evening = [use(str(number), NOON + timedelta(hours=9)) for number in range(3)]
    morning = [use(str(number), NOON + timedelta(hours=18)) for number in range(3, 6)]
    late = [use(str(number), NOON + timedelta(hours=33)) for number in range(3, 6)]
    assert sharing(evening + morning).networks == 6
    assert sharing(evening + late).networks == 3


def test_fetches_are_counted_together_and_networks_hidden(engine: Engine) -> None:
    register(engine, samples.reader(plan=Plan.PAID))
    register(engine, samples.reader(2, plan=Plan.PAID))
    note(engine, {fetched(): 3, fetched(2): 1})
    note(engine, {fetched(): 2}, NOON + timedelta(hours=1))
    (one,) = kept(engine)
    assert (one.count, one.first, one.last) == (5, NOON, NOON + timedelta(hours=1))
    assert len(one.network) == 32
    # One household with two readers is not to be seen.
    assert kept(engine, 2)[0].network != one.network
    with reading(engine) as connection:
        rows = str(connection.execute(sa.text("SELECT * FROM feed_uses")).all())
    assert "203.0" not in rows


def test_it_is_forgotten_after_seven_days(engine: Engine) -> None:
    register(engine, samples.reader(plan=Plan.PAID))
    note(engine, {fetched(network="", agent="Feedly", subscribers=4): 1})
    with reading(engine) as connection:
        assert set(feed_uses.noticed(connection, NOON + timedelta(days=7))) == {1}
        # Not told any more, even where nobody came since to forget it.
        assert feed_uses.noticed(connection, NOON + timedelta(days=8)) == {}
    note(engine, {fetched(): 1}, NOON + timedelta(days=8))
    with reading(engine) as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM feed_uses")).scalar() == 1


def test_an_address_that_is_everywhere_fills_no_table(engine: Engine) -> None:
    register(engine, samples.reader(plan=Plan.PAID))
    note(engine, {fetched(network=f"198.51.{number}.0/24"): 1 for number in range(200)})
    note(engine, {fetched(network=f"203.0.{number}.0/24"): 1 for number in range(200)})
    assert len(kept(engine)) == feed_uses.MOST_A_DAY
    with reading(engine) as connection:
        assert feed_uses.noticed(connection, NOON)[1].networks == feed_uses.MOST_A_DAY


def test_a_reader_who_is_no_more_is_passed_over(engine: Engine) -> None:
    register(engine, samples.reader(plan=Plan.PAID))
    note(engine, {fetched(7): 1, fetched(): 1})
    assert len(kept(engine)) == 1
    assert kept(engine, 7) == []


def test_what_was_counted_before_new_addresses_says_nothing_of_them(engine: Engine) -> None:
    register(engine, samples.reader(plan=Plan.PAID))
    with writing(engine) as connection:
        feed_addresses.rotate(connection, 1, NOON)
        new = feed_addresses.holder(connection, 1)
    assert new is not None
    note(engine, {fetched(network="", agent="Feedly", subscribers=9): 1})
    assert kept(engine) == []
    note(engine, {replace(fetched(), generation=new.generation): 1})
    assert len(kept(engine)) == 1
    with writing(engine) as connection:
        feed_addresses.revoke(connection, 1, NOON)
    note(engine, {replace(fetched(), generation=new.generation): 1})
    assert kept(engine) == []


def test_only_what_is_odd_is_told(engine: Engine) -> None:
    for number in (1, 2, 3):
        register(engine, samples.reader(number, plan=Plan.PAID))
    note(engine, {fetched(1, "", "Feedly", 1): 50, fetched(2, "", "NewsBlur", 3): 1})
    note(engine, {fetched(3, f"198.51.{number}.0/24"): 1 for number in range(6)})
    with reading(engine) as connection:
        found = feed_uses.noticed(connection, NOON)
    assert found == {2: Sharing(3, "NewsBlur", 0), 3: Sharing(networks=6)}
