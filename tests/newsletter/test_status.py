"""What `status` is told: sums, problems with the command that settles each, and a reader's story."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.engine import Engine

from newsletter import holds, status
from newsletter.delivery.deliver import Delivery
from newsletter.edition import DeliveryState
from newsletter.half_out import HalfOut, half_out
from newsletter.providers import Answer, Batch, Outcome
from newsletter.status import Problem, ReaderLine, Trouble
from newsroom.database import reading, writing
from newsroom.errors import StoreError
from readership import store
from readership.reader import SubscriptionStatus
from tests import samples
from tests.newsletter.delivering import KEY, NOW, House, composed, enrolled, many, other_day, says, selection

LONG_AGO = NOW - timedelta(days=7)


@pytest.fixture
def house(engine: Engine) -> House:
    """Twenty readers in batches of ten; another is paused."""
    composed(engine)
    many(engine, 20)
    enrolled(engine, samples.reader(21), status=SubscriptionStatus.PAUSED)
    return House(engine)


def problems(house: House, edition: str | None = None) -> tuple[Problem, ...]:
    with reading(house.engine) as connection:
        return status.problems(connection, LONG_AGO, edition)


def story(house: House, reader: int, edition: str | None = None) -> tuple[ReaderLine, ...]:
    with reading(house.engine) as connection:
        return status.reader_story(connection, reader, edition)


def test_recent_editions_come_with_their_sums(house: House) -> None:
    day, key = other_day(-1)
    composed(house.engine, selection(day=day))
    house.run()
    with reading(house.engine) as connection:
        lines = status.recent(connection, "daily", 1)
        assert [line.edition.key for line in status.recent(connection, "daily")] == [key, KEY]
        assert len(lines) == 1
        line = status.line_of(connection, KEY)
        assert (line.sum.candidates, line.sum.of(DeliveryState.ACCEPTED)) == (21, 20)
        assert line.sum.exclusions == {"paused": 1}
        assert line.sum.is_right
        assert status.recent(connection, "weekly") == ()
        with pytest.raises(StoreError, match="no edition"):
            status.line_of(connection, "daily-2020-01-01")


def test_a_sound_edition_has_no_problem(house: House) -> None:
    house.run()
    assert problems(house) == ()


def test_what_is_held_names_the_way_out(house: House) -> None:
    with writing(house.engine) as connection:
        holds.hold(connection, KEY, "the lawyer reads it", "nele", NOW)
    (problem,) = problems(house)
    assert (problem.trouble, problem.reason) == (Trouble.HELD, "the lawyer reads it")
    assert problem.commands == (f"release {KEY}", f"stop {KEY}")


def test_uncertain_refused_and_put_off_at_once(house: House) -> None:
    own = {1: (Answer.REFUSED, "550 no such user"), 2: (Answer.REFUSED, "550 no such user"),
           3: (Answer.REFUSED, "552 full"), 4: (Answer.NOT_NOW, "451 later")}  # fmt: skip
    house.provider.answers.extend((says(Answer.ACCEPTED, own=own), says(Answer.UNCERTAIN, "time-out")))
    house.run()
    uncertain, put_off, refused = problems(house)
    assert (uncertain.trouble, uncertain.readers, uncertain.batch) == (Trouble.UNCERTAIN, 10, 2)
    assert uncertain.commands == ("resolve 2 --sent", "resolve 2 --not-sent")
    assert (uncertain.since, uncertain.reason) == (NOW, "time-out")
    assert (put_off.trouble, put_off.readers, put_off.reason) == (Trouble.PUT_OFF, 1, "451 later")
    assert put_off.next_at == NOW + timedelta(minutes=1)
    assert (refused.trouble, refused.readers) == (Trouble.REFUSED, 3)
    assert refused.reason == "550 no such user (2); 552 full (1)"
    assert refused.commands == (f"resend {KEY} --only refused",)
    assert problems(house, "daily-2026-03-09") == ()
    with reading(house.engine) as connection:
        later = status.problems(connection, NOW)
    assert Trouble.REFUSED not in {problem.trouble for problem in later}


def test_cut_off_and_stopped_since(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def dies(*_: object) -> int:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Delivery, "_record", dies)
        house.run()
    with writing(house.engine) as connection:
        holds.stop(connection, KEY, "", "nele", NOW)
    (problem,) = problems(house)
    # To resume it would mail the others: nobody is told to do that to have it settled.
    assert (problem.trouble, problem.readers) == (Trouble.CUT_OFF, 10)
    assert problem.commands == ("resolve 1 --sent", "resolve 1 --not-sent")
    assert "hands nothing over, for the edition is stopped" in problem.reason
    with reading(house.engine) as connection:
        assert status.problems(connection, NOW, KEY, {"run-1"}.__contains__) == ()
        assert status.unsettled(connection) == ()


def test_a_readers_story(house: House) -> None:
    def meanwhile(_: Batch) -> Outcome:
        with writing(house.engine) as connection:
            store.unsubscribe(connection, 20, "daily", NOW)
        return Outcome(Answer.ACCEPTED, reference="msg-1", own={2: (Answer.REFUSED, "550")})

    house.provider.answers.append(meanwhile)
    house.run()
    (accepted,) = story(house, 1)
    assert accepted == ReaderLine(KEY, DeliveryState.ACCEPTED, "", 1, 1, "fake", NOW, NOW, reference="msg-1")
    (refused,) = story(house, 2, KEY)
    assert (refused.state, refused.reason) == (DeliveryState.REFUSED, "550")
    (dropped,) = story(house, 20)
    assert (dropped.state, dropped.reason, dropped.handed) == (DeliveryState.DROPPED, "unsubscribed", None)
    assert story(house, 21) == (ReaderLine(KEY, None, "paused"),)
    assert story(house, 99) == ()
    assert story(house, 1, "daily-2026-03-11") == ()


def test_a_story_has_the_newest_edition_first_and_an_end(engine: Engine) -> None:
    many(engine, 1)
    keys = []
    for days in range(4):
        day, key = other_day(days)
        composed(engine, selection((f"story-{days}", "politics"), day=day))
        House(engine, key=key).run()
        keys.append(key)
    with reading(engine) as connection:
        lines = status.reader_story(connection, 1, limit=3)
    assert len(lines) == 3


def test_many_batches_with_one_reason_are_one_thing_that_one_command_settles(house: House) -> None:
    house.provider.batch_size = 5
    cut = says(Answer.UNCERTAIN, "time-out")
    house.provider.answers.extend((cut, says(Answer.ACCEPTED), cut, says(Answer.UNCERTAIN, "reset")))
    for _ in range(3):
        house.run()
        house.clock.now += timedelta(hours=1)
    found = problems(house)
    assert [(one.batch, one.readers) for one in found] == [(1, 5), (3, 5), (4, 1)]
    many, alone = status.together(found)
    assert (many.batches, many.readers, many.batch) == ((1, 3), 10, None)
    assert many.commands == (f"resolve {KEY} --sent", f"resolve {KEY} --not-sent")
    assert many.reason == "time-out; this settles all that is uncertain of the edition"
    assert (alone, alone.reason) == (found[2], "reset")
    (only,) = status.together(found[:2])
    assert (only.reason, only.since) == ("time-out", NOW)


def test_an_edition_that_no_run_is_at_is_half_out(house: House) -> None:
    def found(*, alive: bool = False) -> list[HalfOut]:
        with reading(house.engine) as connection:
            return list(half_out(connection, timedelta(), lambda newsletter: alive and newsletter == "daily"))

    assert found() == []
    house.run(stopping=lambda: bool(house.provider.handed))
    (one,) = found()
    assert (one.edition, one.readers, one.is_put_off) == (KEY, 10, False)
    assert one.last <= one.ready
    grace = timedelta(minutes=15)
    assert [one.is_late(one.ready + timedelta(minutes=past), grace) for past in (15, 16)] == [False, True]
    assert found(alive=True) == []
    with writing(house.engine) as connection:
        holds.hold(connection, KEY, "the lawyer reads it", "nele", NOW)
    assert found() == []
    with writing(house.engine) as connection:
        holds.release(connection, KEY, "nele", NOW + timedelta(hours=3))
    # It has its time from there.
    assert [one.ready for one in found()] == [NOW + timedelta(hours=3)]
    house.run()
    assert found() == []
