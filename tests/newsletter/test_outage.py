"""A provider that answers nothing: it gets one reader at a time, and longer and longer pauses."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from newsletter import ledger, status
from newsletter.delivery.deliver import Delivery
from newsletter.delivery.delivery_report import StoppedBy
from newsletter.delivery.outage import PROBE, SILENT, after
from newsletter.delivery.standing import Standing
from newsletter.edition import BatchState, EditionState
from newsletter.providers import Answer, Batch, Outcome
from newsletter.tables import batches
from newsroom.database import reading
from newsroom.errors import ExitStatus
from tests.newsletter.delivering import KEY, NOW, FakeProvider, House, composed, many, says

READERS = 100
MINUTE = timedelta(minutes=1)
HANGS = says(Answer.UNCERTAIN, "TimeoutError: timed out")


@pytest.fixture
def house(engine: Engine) -> House:
    composed(engine)
    many(engine, READERS)
    return House(engine)


def sizes(house: House, since: int = 0) -> list[int]:
    return [len(readers) for readers in house.provider.handed[since:]]


@pytest.mark.parametrize(
    ("most", "outcome", "was_alone", "expected"),
    [
        (None, Outcome(Answer.ACCEPTED), False, (None, False)),
        (None, Outcome(Answer.NOT_NOW), False, (None, False)),
        (None, Outcome(Answer.UNCERTAIN), False, (PROBE, False)),
        (None, Outcome(Answer.ACCEPTED, own={3: (Answer.UNCERTAIN, "")}), False, (PROBE, False)),
        # A mail server's connection broke in a message: the run ends, so the next one begins with one reader.
        (None, Outcome(Answer.NOT_NOW, own={3: (Answer.UNCERTAIN, "")}), False, (PROBE, True)),
        (PROBE, Outcome(Answer.UNCERTAIN), False, (PROBE, False)),
        (PROBE, Outcome(Answer.UNCERTAIN), True, (PROBE, True)),
        (PROBE, Outcome(Answer.ACCEPTED, own={3: (Answer.UNCERTAIN, "")}), True, (PROBE, True)),
        (PROBE, Outcome(Answer.ACCEPTED), True, (10, False)),
        # It was on its way before.
        (PROBE, Outcome(Answer.ACCEPTED), False, (PROBE, False)),
        (PROBE, Outcome(Answer.REFUSED), True, (10, False)),
        (10, Outcome(Answer.ACCEPTED), True, (100, False)),
        (10, Outcome(Answer.UNCERTAIN), True, (PROBE, True)),
        (100, Outcome(Answer.ACCEPTED), True, (None, False)),
        (PROBE, Outcome(Answer.NOT_NOW), True, (PROBE, True)),
        (10, Outcome(Answer.NOT_NOW, retry_after=5.0), True, (PROBE, False)),
        (10, Outcome(Answer.STOP), True, (PROBE, False)),
        (10, Outcome(Answer.ENDED), True, (PROBE, False)),
    ],
)
def test_what_comes_next(
    most: int | None, outcome: Outcome, was_alone: bool, expected: tuple[int | None, bool]
) -> None:
    assert after(most, 100, outcome, was_alone=was_alone) == expected


def test_while_it_is_silent_each_run_tries_one_reader_after_a_longer_and_longer_wait(house: House) -> None:
    house.provider.otherwise = HANGS
    begun, found = house.clock.now, []
    for _ in range(70):
        report = house.run()
        if found[-1:] != [report.uncertain]:
            found.append(report.uncertain)
            assert (report.stopped_by, report.exit_status) == (StoppedBy.NOT_NOW, ExitStatus.HELD)
            assert report.next_at is not None
        house.clock.now += MINUTE
    # Ten at once, and one; then one more after 1, 2, 4, 8 minutes, and then every quarter of an hour.
    assert found == [11, 12, 13, 14, 15, 16, 17, 18]
    assert house.clock.now - begun == 70 * MINUTE
    assert sizes(house) == [10] + [1] * 8
    with reading(house.engine) as connection:
        waits = [
            one
            for one in status.together(status.problems(connection, NOW - MINUTE, KEY))
            if one.trouble is status.Trouble.PUT_OFF
        ]
    assert [(one.readers, one.reason, one.next_at is not None) for one in waits] == [(82, SILENT, True)]
    house.provider.otherwise = says(Answer.ACCEPTED)
    house.clock.now += 15 * MINUTE
    done = house.run()
    assert (done.accepted, done.uncertain, done.planned) == (82, 18, 0)
    # One, then ten, then as many as there may be.
    assert sizes(house, 9)[:2] == [1, 9]
    assert house.edition.state is EditionState.SENT


def test_all_wait_and_a_run_meanwhile_hands_nothing_over(house: House) -> None:
    house.provider.otherwise = HANGS
    first = house.run()
    count = len(house.provider.batches)
    house.clock.now += timedelta(seconds=20)
    again = house.run()
    assert (len(house.provider.batches), again.stopped_by) == (count, StoppedBy.NOT_NOW)
    assert again.next_at == first.next_at
    assert {row.not_before for row in house.batches(BatchState.PLANNED)} == {first.next_at}


def test_one_that_was_cut_by_chance_costs_one_small_hand_over(house: House) -> None:
    house.provider.answers.extend([says(Answer.ACCEPTED), HANGS])
    report = house.run()
    assert (report.accepted, report.uncertain, report.stopped_by) == (90, 10, None)
    assert sizes(house)[:4] == [10, 10, 1, 10]
    assert not [row for row in house.batches() if row.attempts or row.reason == SILENT]


def test_what_is_too_big_for_the_way_is_not_tried_again_and_again(house: House) -> None:
    def small_ones(batch: Batch) -> Outcome:
        return Outcome(Answer.ACCEPTED) if len(batch.recipients) < 5 else HANGS(batch)

    house.provider.otherwise = small_ones
    assert house.run().uncertain == 20
    assert sizes(house) == [10, 1, 10]
    house.clock.now += MINUTE
    assert house.run().uncertain == 30
    with reading(house.engine) as connection:
        assert ledger.next_attempt(connection, KEY) == house.clock.now + 2 * MINUTE


def test_each_connection_leaves_one_and_no_more_are_begun(engine: Engine) -> None:
    composed(engine)
    many(engine, READERS)
    house = House(engine, FakeProvider(connections=4, batch_size=10))
    house.provider.answers.append(says(Answer.ACCEPTED))
    house.provider.otherwise = HANGS
    report = house.run()
    assert report.uncertain <= 4 * 10 + 1
    assert sizes(house)[-1] == 1


def test_a_run_that_was_killed_meanwhile_is_followed_by_one_that_knows(house: House) -> None:
    class Killed(BaseException):
        pass

    def dies(_: int) -> None:
        raise Killed

    house.provider.answers.append(HANGS)
    with pytest.raises(Killed):
        house.run(progress=dies)
    count = len(house.provider.batches)
    house.run()
    assert sizes(house, count)[:2] == [1, 10]


def test_also_where_it_was_killed_while_the_one_reader_was_tried(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    record, times = Delivery._record, []

    def dies(self: Delivery, *answered: Any) -> int:
        times.append(1)
        if len(times) > 1:
            raise Killed
        return record(self, *answered)

    house.provider.batch_size = 50
    house.provider.answers.append(HANGS)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Delivery, "_record", dies)
        house.run()
    assert sizes(house) == [50, 1]
    assert house.run().uncertain == 51
    assert sizes(house, 2) == [1, 10, 38]


def test_a_not_now_while_it_is_tried_has_all_wait(house: House) -> None:
    house.provider.answers.extend([HANGS, says(Answer.NOT_NOW, "503")])
    house.run()
    assert {row.not_before for row in house.batches(BatchState.PLANNED)} == {house.clock.now + MINUTE}
    house.clock.now += MINUTE
    count = len(house.provider.batches)
    assert house.run().planned == 0
    assert sizes(house, count)[0] == 1


def test_who_was_put_off_for_a_reason_of_their_own_keeps_it(house: House) -> None:
    house.provider.answers.append(says(Answer.ACCEPTED, own={3: (Answer.NOT_NOW, "451 greylisted")}))
    house.provider.answers.append(HANGS)
    house.run()
    (row,) = house.batches(BatchState.PLANNED)
    assert (row.reason, row.attempts, row.not_before) == ("451 greylisted", 1, house.clock.now + MINUTE)


def test_whoever_ends_the_run_cuts_what_is_in_flight_and_nobody_waits_for_that(house: House) -> None:
    house.provider.otherwise = HANGS
    report = house.run(stopping=lambda: len(house.provider.batches) >= 2)
    assert (report.stopped_by, report.uncertain) == (StoppedBy.ASKED, 11)
    with reading(house.engine) as connection:
        assert ledger.next_attempt(connection, KEY) is None
        # But the next run begins with one reader.
        assert connection.execute(sa.select(batches.c.id).where(batches.c.reason == SILENT)).first()


def test_the_next_edition_of_the_run_knows_it_also_where_the_run_of_this_one_failed(house: House) -> None:
    def fails(_: Batch) -> Outcome:
        raise ZeroDivisionError

    house.provider.otherwise = fails
    standing = Standing()
    with pytest.raises(ZeroDivisionError):
        house.run(standing=standing)
    assert (standing.is_known, standing.most) == (True, PROBE)


def test_the_next_one_begins_with_as_many_as_the_last_one_came_to(house: House) -> None:
    standing = Standing()
    house.provider.answers.extend([says(Answer.ACCEPTED), HANGS, says(Answer.ACCEPTED)])
    house.provider.answers.append(says(Answer.NOT_NOW, "429", retry_after=600.0))
    house.run(standing=standing)
    assert (standing.most, standing.is_refusing) == (PROBE, True)
    house.clock.now += timedelta(seconds=600)
    house.run(standing=standing)
    assert (standing.most, standing.is_refusing) == (None, False)


def test_a_run_that_hands_nothing_over_leaves_what_was_heard_as_it_is() -> None:
    standing = Standing()
    standing.note(asked=False, most=None, took=False, stopped_by=StoppedBy.HELD)
    assert not standing.is_known
    standing.note(asked=False, most=PROBE, took=False, stopped_by=StoppedBy.NOT_NOW)
    assert (standing.is_known, standing.most, standing.is_refusing) == (True, PROBE, False)
    standing.note(asked=True, most=None, took=True, stopped_by=None)
    standing.note(asked=False, most=PROBE, took=False, stopped_by=StoppedBy.NOT_NOW)
    assert standing.most is None
