"""The edition's sum, before and after exclusions are kept as numbers only; and stored letters."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from newsletter.delivery import renders, sums
from newsletter.edition import DeliveryState
from newsletter.tables import exclusions
from newsroom.database import reading, writing
from newsroom.errors import StoreError
from readership.reader import SubscriptionStatus
from tests import samples
from tests.newsletter.delivering import KEY, NOW, House, composed, enrolled, many, other_day, selection
from tests.newsletter.mail import letter


def test_old_exclusions_become_numbers_and_the_sum_still_holds(engine: Engine) -> None:
    many(engine, 3)
    enrolled(engine, samples.reader(4), samples.reader(5), status=SubscriptionStatus.PENDING)
    day, key = other_day(1)
    for one, edition in ((selection(), KEY), (selection(("roof", "culture"), day=day), key)):
        composed(engine, one)
        house = House(engine, key=edition)
        house.clock.now = NOW if edition == KEY else NOW + timedelta(days=1)
        house.run()
    with writing(engine) as connection:
        assert sums.summarise_exclusions(connection, NOW) == 0
        assert sums.summarise_exclusions(connection, NOW + timedelta(hours=1)) == 2
        # A second time finds nothing more.
        assert sums.summarise_exclusions(connection, NOW + timedelta(hours=1)) == 0
    with reading(engine) as connection:
        assert list(connection.execute(sa.select(exclusions.c.edition).distinct()).scalars()) == [key]
        for edition in (KEY, key):
            found = sums.checked_sum(connection, edition)
            assert (found.candidates, found.of(DeliveryState.ACCEPTED)) == (5, 3)
            assert found.exclusions == {"not confirmed": 2}


def test_an_edition_that_is_not_planned_has_no_sum_to_be_wrong(engine: Engine) -> None:
    composed(engine)
    with reading(engine) as connection:
        found = sums.checked_sum(connection, KEY)
        assert (found.candidates, found.is_right, sums.is_settled(connection, KEY)) == (None, True, True)


def test_is_settled_waits_for_planned_and_handed(engine: Engine) -> None:
    composed(engine)
    many(engine, 3)
    house = House(engine)
    for per_hour, settled in ((0, False), (2, False), (3, True)):
        house.run(max_per_hour=per_hour)
        with reading(engine) as connection:
            assert sums.is_settled(connection, KEY) is settled


def test_a_letter_is_stored_once_and_comes_back_to_the_letter(engine: Engine) -> None:
    value = letter(subject="Łódź → Tromsø")
    with writing(engine) as connection:
        assert renders.store(connection, value, NOW) == renders.store(connection, value, NOW) == value.digest
        assert renders.load(connection, value.digest) == value
        with pytest.raises(StoreError, match="no longer stored"):
            renders.load(connection, "f" * 64)
