"""What a provider answered, written into the ledger: every answer, for a batch and for single readers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from newsletter import ledger
from newsletter.delivery import outcomes
from newsletter.delivery.claim import Letters, Wanted, claim
from newsletter.edition import BatchState, DeliveryState, EditionState
from newsletter.providers import Answer, Batch, Outcome
from newsletter.tables import batches
from newsroom.database import reading, writing
from readership.reader import Plan
from tests.newsletter.delivering import KEY, NOW, House, composed, many

LATER = NOW + timedelta(seconds=5)


@pytest.fixture
def house(engine: Engine) -> House:
    """Ten readers whose one batch is handed over and not answered."""
    composed(engine)
    many(engine, 10)
    house = House(engine)
    house.run(max_per_hour=0)
    taken(house, "one")
    return house


def taken(house: House, owner: str, letters: Letters | None = None) -> Batch:
    delivery = house.delivery(owner=owner)
    letters = letters or Letters(delivery.post)
    while True:
        with writing(house.engine) as connection:
            found = claim(connection, KEY, delivery.terms, letters, house.clock())
        if isinstance(found, Wanted):
            letters.render(found)
            continue
        assert isinstance(found, Batch)
        return found


def test_every_batch_names_the_letter_that_it_goes_with_however_few_are_kept(engine: Engine) -> None:
    composed(engine)
    for first, plan in ((1, Plan.FREE), (11, Plan.PAID), (21, Plan.TRIAL)):
        many(engine, 3, plan, first=first)
    house = House(engine)
    house.run(max_per_hour=0)
    letters = Letters(house.delivery().post, most=1)
    handed = {batch.number: batch.letter.digest for batch in (taken(house, "one", letters) for _ in range(3))}
    assert {row.id: row.render for row in house.batches(BatchState.HANDED)} == handed
    assert len(set(handed.values())) == 3


def recorded(house: House, outcome: Outcome, owner: str = "one", number: int = 1) -> bool:
    with writing(house.engine) as connection:
        return outcomes.record(connection, number, outcome, owner, LATER)


def counted(house: House) -> Mapping[str, int]:
    return {state.value: count for state, count in house.sum.deliveries.items()}


def rows(house: House) -> list[tuple[str, int, int]]:
    return [
        (row.state.value, row.size, row.attempts) for row in sorted(house.batches(), key=lambda row: row.id)
    ]


@pytest.mark.parametrize(
    ("outcome", "after", "states"),
    [
        (Outcome(Answer.ACCEPTED), [("accepted", 10, 0)], {"accepted": 10}),
        (Outcome(Answer.REFUSED), [("refused", 10, 0)], {"refused": 10}),
        (Outcome(Answer.UNCERTAIN), [("uncertain", 10, 0)], {"uncertain": 10}),
        (Outcome(Answer.STOP), [("planned", 10, 0)], {"planned": 10}),
        (Outcome(Answer.NOT_NOW), [("planned", 10, 1)], {"planned": 10}),
        (
            Outcome(Answer.REFUSED, divisible=True),
            [("planned", 5, 0), ("planned", 5, 0)],
            {"planned": 10},
        ),
        (
            Outcome(Answer.ACCEPTED, own={1: (Answer.REFUSED, "550")}),
            [("accepted", 10, 0)],
            {"accepted": 9, "refused": 1},
        ),
        (
            Outcome(Answer.ACCEPTED, own={1: (Answer.NOT_NOW, "451"), 2: (Answer.UNCERTAIN, "cut")}),
            [("accepted", 9, 0), ("planned", 1, 1)],
            {"accepted": 8, "uncertain": 1, "planned": 1},
        ),
        (
            Outcome(Answer.NOT_NOW, own={1: (Answer.ACCEPTED, ""), 2: (Answer.UNCERTAIN, "cut")}),
            [("empty", 2, 0), ("planned", 8, 1)],
            {"accepted": 1, "uncertain": 1, "planned": 8},
        ),
        (
            Outcome(Answer.REFUSED, divisible=True, own={1: (Answer.REFUSED, "550")}),
            [("empty", 1, 0), ("planned", 4, 0), ("planned", 5, 0)],
            {"refused": 1, "planned": 9},
        ),
        (
            Outcome(Answer.REFUSED, own=dict.fromkeys(range(1, 11), (Answer.ACCEPTED, ""))),
            [("empty", 10, 0)],
            {"accepted": 10},
        ),
        # Numbers that are nobody's in this batch change nothing.
        (Outcome(Answer.ACCEPTED, own={999: (Answer.REFUSED, "?")}), [("accepted", 10, 0)], {"accepted": 10}),
    ],
)
def test_what_becomes_of_a_batch(
    house: House, outcome: Outcome, after: list[tuple[str, int, int]], states: dict[str, int]
) -> None:
    assert recorded(house, outcome)
    assert rows(house) == after
    assert counted(house) == states


def test_times_reasons_and_the_providers_number_are_kept(house: House) -> None:
    recorded(house, Outcome(Answer.ACCEPTED, "fine", reference="abc" * 100))
    (row,) = house.batches()
    assert (row.settled, row.reason, len(row.reference)) == (LATER, "fine", 200)


def test_not_now_waits_as_long_as_asked(house: House) -> None:
    recorded(house, Outcome(Answer.NOT_NOW, "429", retry_after=17.0))
    (row,) = house.batches()
    assert row.not_before == LATER + timedelta(seconds=17)
    assert (row.handed, row.owner, row.reason) == (None, "", "429")


def test_only_whose_batch_it_is_writes_and_only_once(house: House) -> None:
    assert not recorded(house, Outcome(Answer.REFUSED), owner="two")
    assert not recorded(house, Outcome(Answer.REFUSED), number=99)
    assert recorded(house, Outcome(Answer.ACCEPTED))
    # A late second answer changes nothing any more.
    assert not recorded(house, Outcome(Answer.NOT_NOW))
    assert rows(house) == [("accepted", 10, 0)]


def test_an_uncertain_batch_is_settled_by_a_later_event(house: House) -> None:
    recorded(house, Outcome(Answer.UNCERTAIN))
    assert house.batches()[0].settled is None
    assert recorded(house, Outcome(Answer.ACCEPTED, own={4: (Answer.REFUSED, "bounced")}))
    assert counted(house) == {"accepted": 9, "refused": 1}


def test_planned_again_it_can_be_taken_by_another_run(house: House) -> None:
    recorded(house, Outcome(Answer.STOP, "401"))
    batch = taken(house, "two")
    assert len(batch.recipients) == 10
    assert not recorded(house, Outcome(Answer.REFUSED), owner="one")
    assert recorded(house, Outcome(Answer.ACCEPTED), owner="two")


@pytest.mark.parametrize(
    ("outcome", "is_open"),
    [
        (Outcome(Answer.NOT_NOW), True),
        (Outcome(Answer.STOP), True),
        (Outcome(Answer.UNCERTAIN), False),
        (Outcome(Answer.REFUSED), False),
        (Outcome(Answer.NOT_NOW, own={1: (Answer.ACCEPTED, "")}), False),
        (Outcome(Answer.STOP, own={1: (Answer.UNCERTAIN, "cut")}), False),
    ],
)
def test_the_edition_is_open_again_only_where_certainly_nothing_was_taken(
    house: House, outcome: Outcome, is_open: bool
) -> None:
    recorded(house, outcome)
    assert (house.edition.first_handed is None) is is_open
    assert house.edition.state is (EditionState.COMPOSED if is_open else EditionState.SENDING)


def test_another_batch_in_flight_keeps_it_closed(house: House) -> None:
    with writing(house.engine) as connection:
        row = ledger.batch(connection, 1)
        assert row is not None
        number = ledger.move(connection, row, [9, 10])
        handed = sa.update(batches).where(batches.c.id == number)
        connection.execute(handed.values(state=BatchState.HANDED.value, handed=NOW, owner="two"))
    recorded(house, Outcome(Answer.NOT_NOW))
    assert house.edition.first_handed == NOW
    with reading(house.engine) as connection:
        assert ledger.count_by_state(connection, KEY) == {BatchState.PLANNED: 1, BatchState.HANDED: 1}
    assert house.sum.of(DeliveryState.HANDED) == 2
