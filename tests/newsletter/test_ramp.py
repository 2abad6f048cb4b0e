"""The warm-up of a new sending domain: its plan, who comes first, and that everybody is accounted for."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import Engine

from newsletter.delivery import ramps
from newsletter.delivery.ramp import Ramp, Standing, place, proposed
from newsletter.edition import DeliveryState, ExclusionReason
from newsroom.database import reading, writing
from newsroom.errors import MisuseError
from readership.reader import Plan, SubscriptionStatus, SuppressionReason
from readership.suppression import suppress
from tests import samples
from tests.newsletter.delivering import DAY, NOW, House, composed, enrolled, many, other_day, selection

JUNE = datetime(2025, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("readers", "days"),
    [
        (0, ()),
        (1, ()),
        (50, ()),
        (51, (50,)),
        (120, (50, 100)),
        (1_000, (50, 100, 250, 500)),
        (40_000, (50, 100, 250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000)),
    ],
)
def test_the_plan_for_a_list_of_that_many(readers: int, days: tuple[int, ...]) -> None:
    assert proposed(readers) == days


@given(st.integers(0, 10_000_000))
def test_every_plan_grows_and_ends_before_the_whole_list(readers: int) -> None:
    days = proposed(readers)
    assert all(before < after <= 2.5 * before for before, after in itertools.pairwise(days))
    assert all(day < readers for day in days)
    assert len(days) < 25
    assert 2.5 * (days[-1] if days else 50) >= readers or not days


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((Plan.GROUP, None, 9), (Plan.PAID, JUNE, 1)),
        ((Plan.PAID, None, 9), (Plan.FREE, JUNE, 1)),
        ((Plan.FREE, JUNE, 9), (Plan.FREE, JUNE - timedelta(days=1), 1)),
        ((Plan.FREE, JUNE, 9), (Plan.FREE, None, 1)),
        ((Plan.FREE, JUNE, 1), (Plan.FREE, JUNE, 2)),
    ],
)
def test_who_comes_first(
    first: tuple[Plan, datetime | None, int], second: tuple[Plan, datetime | None, int]
) -> None:
    assert place(*first) < place(*second)


def begun(engine: Engine, *days: int) -> None:
    with writing(engine) as connection:
        ramps.start(connection, Ramp("daily", DAY, days))


def taken(house: House) -> set[int]:
    return {number for number, state in house.states().items() if state is DeliveryState.ACCEPTED}


def test_the_others_are_left_for_another_day_and_the_sum_is_right(engine: Engine) -> None:
    for number, since in ((1, 3), (2, 1), (3, 2)):
        enrolled(engine, samples.reader(number), consent_at=JUNE - timedelta(days=since))
    enrolled(engine, samples.reader(4, Plan.PAID))
    begun(engine, 2, 3)
    composed(engine)
    house = House(engine)
    report = house.run()
    # Who pays, then whoever subscribed last.
    assert taken(house) == {2, 4}
    left = [number for number, why in house.states().items() if why == ExclusionReason.WARM_UP.value]
    assert sorted(left) == [1, 3]
    assert (report.candidates, house.sum.is_right) == (4, True)


def test_who_would_get_nothing_takes_nobodys_place(engine: Engine) -> None:
    """No story of their sections, paused, bounced: there is room for others."""
    enrolled(engine, samples.reader(1, Plan.PAID), sections=frozenset({"sport"}))
    enrolled(engine, samples.reader(2, Plan.PAID), status=SubscriptionStatus.PAUSED)
    enrolled(engine, samples.reader(3, Plan.PAID))
    with writing(engine) as connection:
        suppress(connection, {samples.reader(3).key: SuppressionReason.BOUNCED}, NOW, "a list")
    enrolled(engine, *(samples.reader(number) for number in range(4, 9)))
    begun(engine, 2, 3)
    composed(engine)
    house = House(engine)
    report = house.run()
    assert taken(house) == {4, 5}
    assert (report.exclusions[ExclusionReason.NO_STORIES], house.sum.is_right) == (1, True)
    with reading(engine) as connection:
        assert ramps.standing(connection, "daily", DAY) == Standing("daily", 1, 2, 2)
        assert ramps.standing(connection, "daily", other_day(1)[0]) == Standing("daily", 2, 2, 3)
    composed(engine, selection(day=other_day(1)[0]))
    later = House(engine, key=other_day(1)[1])
    later.run(allow_to=("reader6@example.org", "reader8@example.org"))
    assert taken(later) == {6, 8}
    with reading(engine) as connection:
        assert ramps.standing(connection, "daily", other_day(2)[0]) is None


def test_whoever_had_one_days_edition_has_the_next_days(engine: Engine) -> None:
    many(engine, 9)
    begun(engine, 2, 4)
    had = []
    for days in range(2):
        composed(engine, selection(day=other_day(days)[0]))
        house = House(engine, key=other_day(days)[1])
        house.run()
        had.append(taken(house))
    assert [len(some) for some in had] == [2, 4]
    assert had[0] < had[1]


def test_each_day_has_more_and_then_everybody_has_it(engine: Engine) -> None:
    many(engine, 5)
    begun(engine, 2, 3)
    sizes = []
    for days in range(4):
        day, key = other_day(days)
        composed(engine, selection(day=day))
        house = House(engine, key=key)
        house.run()
        sizes.append(len(taken(house)))
    assert sizes == [2, 3, 5, 5]


def test_a_day_on_which_nothing_went_out_takes_no_step(engine: Engine) -> None:
    many(engine, 5)
    begun(engine, 2, 3)
    for days, goes in ((0, True), (2, False), (4, True)):
        day, key = other_day(days)
        composed(engine, selection(day=day), held="" if goes else "the lawyer reads it")
        house = House(engine, key=key)
        house.run()
    assert len(taken(house)) == 3


def test_an_extra_edition_takes_what_its_day_has_left(engine: Engine) -> None:
    many(engine, 5)
    begun(engine, 2, 3)
    composed(engine)
    House(engine).run()
    composed(engine, selection(slot="extra"))
    extra = House(engine, key="daily-2026-03-10-extra")
    extra.run()
    assert (taken(extra), extra.sum.is_right) == (set(), True)


def test_started_after_the_days_edition_it_begins_on_the_next_day(engine: Engine) -> None:
    many(engine, 5)
    composed(engine)
    House(engine).run()
    begun(engine, 2, 3)
    sizes = []
    for days in (0, 1, 2):
        day, key = other_day(days)
        slot = "" if days else "extra"
        composed(engine, selection(day=day, slot=slot))
        house = House(engine, key=f"{key}-{slot}" if slot else key)
        house.run()
        sizes.append(len(taken(house)))
    # The day's extra one has nothing left of what a first day may have.
    assert sizes == [0, 2, 3]


def test_one_warm_up_at_a_time_and_an_end(engine: Engine) -> None:
    begun(engine, 2)
    with pytest.raises(MisuseError, match="`ramp daily --stop` ends that"):
        begun(engine, 3)
    with writing(engine) as connection:
        ramps.stop(connection, "daily")
    with writing(engine) as connection, pytest.raises(MisuseError, match="nothing to stop"):
        ramps.stop(connection, "daily")
    with reading(engine) as connection:
        assert ramps.find(connection, "daily") is None
