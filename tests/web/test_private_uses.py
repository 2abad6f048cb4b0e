"""Fetches counted in memory: written down together, never waited for, never in the way."""

from __future__ import annotations

import time

import pytest
from sqlalchemy.engine import Engine

from newsroom.database import reading, writing
from readership import feed_uses
from readership.feed_uses import Fetched, Use
from readership.reader import Plan
from tests import samples
from tests.readership.registered import register
from tests.samples import NOON
from web import private_uses
from web.private_uses import Uses

ONE = Fetched(1, "newsboat", "203.0.113.0/24", 0)


@pytest.fixture
def uses(engine: Engine) -> Uses:
    register(engine, samples.reader(plan=Plan.PAID))
    return Uses(engine, b"k" * 32, lambda: NOON)


def kept(engine: Engine) -> list[Use]:
    with reading(engine) as connection:
        return feed_uses.uses_of(connection, 1, NOON)


def test_they_are_written_by_themselves_some_time_later(
    engine: Engine, uses: Uses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private_uses, "EVERY", 0.2)
    for _ in range(3):
        uses.add(ONE)
    assert kept(engine) == []
    until = time.monotonic() + 10
    while not kept(engine) and time.monotonic() < until:
        time.sleep(0.05)
    assert [use.count for use in kept(engine)] == [3]
    uses.add(ONE)
    uses.write()
    assert [use.count for use in kept(engine)] == [4]


def test_a_busy_database_is_not_waited_for_at_the_end(
    engine: Engine, uses: Uses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private_uses, "AT_THE_END", 0.2)
    uses.add(ONE)
    with writing(engine):
        began = time.monotonic()
        private_uses.write_all()
        assert time.monotonic() - began < 5
    # Once the other one is ready, it is written after all.
    until = time.monotonic() + 10
    while not kept(engine) and time.monotonic() < until:
        time.sleep(0.05)
    assert len(kept(engine)) == 1


def test_what_is_too_much_is_not_counted(uses: Uses, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_uses, "MOST", 3)
    for number in range(50):
        uses.add(Fetched(number, "curl", "", 0))
    assert len(uses._counts) == 3
    uses.write()


def test_a_database_that_fails_stops_nobody(engine: Engine, uses: Uses) -> None:
    uses.add(ONE)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE feed_uses")
    uses.write()
    assert not uses._counts
