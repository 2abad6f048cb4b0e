"""The ledger's statements, one by one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.engine import Engine

from newsletter import ledger
from newsletter.edition import BatchState, DeliveryState
from newsroom.database import reading, writing
from tests import samples
from tests.newsletter.delivering import KEY, NOW, House, composed, many


@pytest.fixture
def house(engine: Engine) -> House:
    """25 readers planned in three batches, and nothing handed over."""
    composed(engine)
    many(engine, 25)
    house = House(engine)
    house.run(max_per_hour=0)
    return house


def hand(house: House, number: int, **changes: object) -> bool:
    with writing(house.engine) as connection:
        row = ledger.batch(connection, number)
        assert row is not None
        from newsletter.delivery import renders
        from tests.newsletter.mail import letter

        digest = renders.store(connection, letter(), NOW)
        values = {
            "revision": 1,
            "render": digest,
            "size": row.size,
            "owner": "one",
            "provider": "fake",
            "now": NOW,
        }
        return ledger.hand(connection, row, **values | changes)  # type: ignore[arg-type] # as given


@pytest.mark.parametrize(
    ("attempts", "asked", "seconds"),
    [(0, None, 60), (1, None, 60), (2, None, 120), (6, None, 900), (7, None, 900), (999, None, 900),
     (1, 0.0, 1), (5, 7.5, 7.5), (1, 86_400.0, 86_400)],
)  # fmt: skip
def test_how_long_not_now_lasts(attempts: int, asked: float | None, seconds: float) -> None:
    assert ledger.delay(attempts, asked) == timedelta(seconds=seconds)


def test_a_batch_is_taken_by_one(house: House) -> None:
    number = house.batches()[0].id
    with reading(house.engine) as connection:
        stale = ledger.batch(connection, number)
    assert hand(house, number)
    assert not hand(house, number, owner="two")
    row = house.batches(BatchState.HANDED)[0]
    assert (row.id, row.owner, row.handed) == (number, "one", NOW)
    assert stale is not None and stale.state is BatchState.PLANNED


def test_next_passes_over_what_has_to_wait(house: House) -> None:
    with writing(house.engine) as connection:
        first = ledger.next_batch(connection, KEY, NOW)
        assert first is not None
        later = NOW + timedelta(minutes=5)
        ledger.move(connection, first, [1, 2], not_before=later, attempts=1)
        ledger.empty(connection, first.id)
        following = ledger.next_batch(connection, KEY, NOW)
        assert following is not None and following.id == first.id + 1
        assert ledger.next_attempt(connection, KEY) == later
        numbers = []
        while (row := ledger.next_batch(connection, KEY, later)) is not None:
            numbers.append(row.id)
            ledger.empty(connection, row.id)
        assert numbers == [2, 3, 4]
        assert ledger.next_attempt(connection, KEY) is None


def test_a_split_loses_nobody(house: House) -> None:
    with writing(house.engine) as connection:
        row = ledger.batch(connection, 1)
        assert row is not None
        number = ledger.split(connection, row, 3)
        assert [one.reader_id for one in ledger.readers_of(connection, 1)] == [1, 2, 3]
        assert [one.reader_id for one in ledger.readers_of(connection, number)] == list(range(4, 11))
    assert [(row.id, row.size) for row in house.batches()] == [(1, 3), (2, 10), (3, 5), (4, 7)]
    assert house.sum.of(DeliveryState.PLANNED) == 25


def test_own_states_leave_the_batch(house: House) -> None:
    with writing(house.engine) as connection:
        ledger.set_state(connection, KEY, {1: "550", 2: "550", 3: "552"}, DeliveryState.REFUSED)
        assert [one.reader_id for one in ledger.readers_of(connection, 1)] == list(range(4, 11))
        assert [ledger.count_readers(connection, number) for number in (1, 2)] == [7, 10]
    assert house.sum.of(DeliveryState.REFUSED) == 3


def test_every_own_state_is_counted_apart(house: House) -> None:
    with writing(house.engine) as connection:
        for reader, state in enumerate(DeliveryState, 1):
            ledger.set_state(connection, KEY, {reader: "for a test"}, state)
        assert ledger.count_readers(connection, 1) == 10 - len(DeliveryState)
        assert ledger.count_readers(connection, 99) == 0


def test_a_new_key_is_taken_unless_somebody_has_it(house: House) -> None:
    with writing(house.engine) as connection:
        free, theirs = f"{77:064x}", samples.reader(5).key
        assert ledger.rekey(connection, KEY, {1: free, 2: theirs}) == {2}
        keys = {one.reader_id: one.recipient_key for one in ledger.readers_of(connection, 1)}
    assert (keys[1], keys[2]) == (free, samples.reader(2).key)


def test_the_pace_counts_every_edition(house: House) -> None:
    hand(house, 1)
    hand(house, 2, now=NOW + timedelta(minutes=30), size=4)
    with reading(house.engine) as connection:
        assert ledger.handed_since(connection, NOW - timedelta(seconds=1)) == 14
        assert ledger.handed_since(connection, NOW) == 4
        assert ledger.first_handed_since(connection, NOW) == NOW + timedelta(minutes=30)
        assert ledger.handed_since(connection, NOW + timedelta(hours=1)) == 0
        assert ledger.first_handed_since(connection, NOW + timedelta(hours=1)) is None


def test_uncertain_tells_whole_batches_and_single_readers(house: House) -> None:
    with writing(house.engine) as connection:
        ledger.set_state(connection, KEY, {11: "cut", 12: "cut"}, DeliveryState.UNCERTAIN)
        assert ledger.uncertain(connection, KEY) == ((2, 2, "cut"),)
        assert ledger.uncertain(connection) == ((2, 2, "cut"),)
        assert ledger.uncertain(connection, "weekly-2026-03-10") == ()


def test_states_are_counted(house: House) -> None:
    hand(house, 1)
    with reading(house.engine) as connection:
        assert ledger.count_by_state(connection, KEY) == {BatchState.HANDED: 1, BatchState.PLANNED: 2}
        assert ledger.batch(connection, 99) is None
