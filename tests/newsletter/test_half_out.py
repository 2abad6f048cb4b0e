"""An edition that is half out: until when runs go on with it by themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.engine import Connection, Engine

from newsletter import holds
from newsletter.delivery import settle
from newsletter.delivery.delivery_report import DeliveryReport, StoppedBy
from newsletter.edition import BatchState, Edition, EditionState
from newsletter.half_out import HalfOut, numbers, waits_of
from newsletter.lateness import goes_on_until, why_not_on
from newsletter.providers import Answer, Outcome
from newsletter.tables import batches
from newsroom.database import reading, writing
from newsroom.errors import ExitStatus
from tests import samples
from tests.newsletter.delivering import DAY, KEY, NOW, House, composed, many

SIX = datetime(2026, 3, 10, 5, tzinfo=UTC)
NEWSLETTER, ZONE = samples.newsletter(), samples.newsroom().time_zone
BEGUN = Edition(KEY, "daily", DAY, "", EditionState.SENDING, 1, SIX, SIX, SIX)
UNTIL = SIX + timedelta(hours=21)
"""Three hours before the next one."""


def waits(said: float | None = None) -> HalfOut:
    """Two wait; hours after six at which a person did something to it."""
    by_hand = None if said is None else SIX + timedelta(hours=said)
    return HalfOut(KEY, "daily", 2, SIX, SIX, is_put_off=False, said=by_hand)


def test_until_when_it_goes_on() -> None:
    assert goes_on_until(BEGUN, NEWSLETTER, ZONE) == UNTIL
    # One that was asked for shortly before the next: as long as any other.
    early = Edition(KEY, "daily", DAY, "extra", EditionState.SENDING, 1, SIX - timedelta(hours=1), SIX, SIX)
    assert goes_on_until(early, NEWSLETTER, ZONE) == SIX + timedelta(hours=2)


@pytest.mark.parametrize(
    ("said", "hours", "is_over"),
    [
        (None, 0.1, False),
        (None, 16, False),
        (None, 21, False),
        (None, 21.1, True),
        (None, 23.7, True),
        (1, 23.7, True),
        (20.9, 23.7, True),
        # A person has said so since.
        (21, 23.7, False),
        (23.5, 23.7, False),
        (23.5, 60, False),
    ],
)
def test_when_it_waits_for_a_person(said: float | None, hours: float, is_over: bool) -> None:
    assert waits(said).is_over(UNTIL, SIX + timedelta(hours=hours)) is is_over


def _why(connection: Connection, edition: Edition, now: datetime) -> str | None:
    return why_not_on(connection, edition, NEWSLETTER, ZONE, now)


@pytest.fixture
def house(engine: Engine) -> House:
    """An edition that one reader of three has."""
    composed(engine)
    many(engine, 3)
    house = House(engine)
    run(house, max_per_hour=1)
    assert house.provider.taken == [1]
    return house


def run(house: House, **more: Any) -> DeliveryReport:
    """A run that looks at how late it is."""
    return house.run(too_late=_why, **more)


def test_a_run_in_time_goes_on_with_it(house: House) -> None:
    house.clock.pause(14 * 3_600)
    assert run(house).accepted == 3


def test_a_run_that_comes_too_late_holds_it_and_a_person_lets_it_go(house: House) -> None:
    house.clock.pause(14 * 3_600 + 1)
    report = run(house)
    assert (report.stopped_by, report.exit_status) == (StoppedBy.HELD, ExitStatus.HELD)
    assert house.edition.held == (
        "too late to go on by itself: nothing of it was handed over since 2026-03-10 13:00"
    )
    with reading(house.engine) as connection:
        assert numbers(connection, house.edition) == "half out: 1 have it, and 2 wait for it"
    house.clock.pause(86_400)
    assert run(house).batches == 0
    with writing(house.engine) as connection:
        holds.release(connection, KEY, "nele", house.clock())
    assert run(house).accepted == 3
    assert sorted(house.provider.taken) == [1, 2, 3]


def test_what_a_dead_run_had_in_flight_is_settled_and_not_handed_over_again(house: House) -> None:
    render = house.batches(BatchState.ACCEPTED)[0].render
    dead = {"state": BatchState.HANDED.value, "handed": NOW, "owner": "no more", "provider": "fake"}
    with writing(house.engine) as connection:
        waiting = batches.update().where(batches.c.state == BatchState.PLANNED.value)
        connection.execute(waiting.values(revision=1, render=render, **dead))
    # As the outbox can tell.
    house.provider.found = lambda _: Outcome(Answer.NOT_NOW, "not in the outbox")
    house.clock.pause(15 * 3_600)
    report = run(house)
    assert (report.stopped_by, report.planned, report.batches) == (StoppedBy.HELD, 2, 0)


@pytest.mark.parametrize("how", ["resume", "resolve"])
def test_what_a_person_has_said_since_goes_on(house: House, how: str) -> None:
    with writing(house.engine) as connection:
        if how == "resolve":
            taken = batches.update().where(batches.c.state == BatchState.ACCEPTED.value)
            connection.execute(taken.values(state=BatchState.UNCERTAIN.value))
        else:
            holds.stop(connection, KEY, "", "nele", NOW)
    house.clock.pause(86_400)
    with writing(house.engine) as connection:
        if how == "resolve":
            settle.resolve(connection, 1, False, "nele", house.clock())
        else:
            holds.resume(connection, KEY, "fake", "nele", house.clock())
    assert run(house).accepted == 3


def test_of_one_that_has_not_begun_or_that_everybody_has_nothing_is_said(house: House) -> None:
    run(house)
    with reading(house.engine) as connection:
        assert numbers(connection, house.edition) == ""
        assert waits_of(connection, house.edition, timedelta()) is None
        assert _why(connection, house.edition, NOW + timedelta(days=3)) is None
