"""Editions as rows: one for each (newsletter, date, slot), their revisions, their holds, their log."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from newsletter import editions, history, holds, tables
from newsletter.edition import Composition, Edition, EditionState, LeftOut, Selection
from newsletter.left_out import Why
from newsletter.providers import Answer
from newsroom.database import reading, writing
from newsroom.errors import HeldError, MisuseError, StoreError
from tests.newsletter.delivering import DAY, KEY, NOW, House, composed, many, other_day, says, selection

LEFT_OUT = (LeftOut("tag:x,2026:a", Why.GAVE_WAY, for_room=True),)


def revision(engine: Engine, value: Selection, why: str = "edited: subject") -> int:
    with writing(engine) as connection:
        return editions.add_revision(connection, KEY, value, LEFT_OUT, "nele", why, NOW)


def stopped(engine: Engine) -> Edition:
    with writing(engine) as connection:
        return holds.stop(connection, KEY, "the wrong photograph", "nele", NOW)


def test_whoever_comes_second_gets_the_first_ones_edition(engine: Engine) -> None:
    composed(engine, selection(("bridge", "politics")))
    second = Composition(selection(("ferry", "politics")), (), 1)
    with writing(engine) as connection:
        edition, is_new = editions.create(connection, "daily", NOW, second, NOW, "run")
    assert (edition.key, edition.revision, is_new) == (KEY, 1, False)
    with reading(engine) as connection:
        _, current = editions.current(connection, KEY)
        assert [story.teaser.slug for story in current.stories] == ["bridge"]
        assert len(editions.log_of(connection, KEY)) == 1


def test_an_extra_edition_has_a_key_of_its_own(engine: Engine) -> None:
    composed(engine)
    extra = composed(engine, selection(slot="election"))
    assert extra.key == f"{KEY}-election"
    with reading(engine) as connection:
        assert len(history.open_editions(connection, "daily")) == 2
        # It does not decide the day.
        assert history.decided_dates(connection, "daily", DAY - timedelta(days=1)) == {DAY}


@pytest.mark.parametrize("state", [EditionState.SKIPPED, EditionState.MISSED])
def test_a_date_decided_without_an_edition_stays_decided(engine: Engine, state: EditionState) -> None:
    with writing(engine) as connection:
        editions.decide(connection, "daily", DAY, "", NOW, state, "nothing new", NOW, "run", LEFT_OUT)
    late = composed(engine)
    assert (late.state, late.note, late.revision) == (state, "nothing new", 0)
    with reading(engine) as connection, pytest.raises(StoreError, match="no revision 0"):
        assert editions.left_out_of(connection, KEY, 0) == LEFT_OUT
        editions.current(connection, KEY)


def test_an_empty_held_edition_is_filled_or_released_as_skipped(engine: Engine) -> None:
    day, key = other_day(1)
    with writing(engine) as connection:
        for one in (DAY, day):
            editions.decide(connection, "daily", one, "", NOW, EditionState.COMPOSED, "no news", NOW, "run")
    assert composed(engine).held == ""
    with writing(engine) as connection:
        released = holds.release(connection, key, "nele", NOW)
    assert (released.state, released.held) == (EditionState.SKIPPED, "")


def test_each_change_is_a_revision_and_every_one_is_kept(engine: Engine) -> None:
    composed(engine)
    assert revision(engine, replace(selection(), subject="Two")) == 2
    with reading(engine) as connection:
        assert [editions.selection_of(connection, KEY, number).subject for number in (1, 2)] == [
            "The bridge reopens",
            "Two",
        ]
        assert editions.left_out_of(connection, KEY, 2) == LEFT_OUT
        assert [entry[1:] for entry in editions.log_of(connection, KEY)] == [
            ("run", "composed with 3 stories"),
            ("nele", "revision 2: edited: subject"),
        ]


def test_after_the_first_hand_over_only_stories_go(engine: Engine) -> None:
    composed(engine)
    many(engine, 3)
    house = House(engine)
    house.run(stopping=lambda: False, max_per_hour=1)
    for change in (
        replace(selection(), subject="Two"),
        selection(("bridge", "politics"), ("new", "politics")),
        selection(),
    ):
        with pytest.raises(MisuseError, match="only a withdrawn story"):
            revision(engine, change)
    assert revision(engine, selection(("bridge", "politics"))) == 2


@pytest.mark.parametrize("end", ["sent", "stopped"])
def test_what_is_over_takes_no_changes(engine: Engine, end: str) -> None:
    composed(engine)
    if end == "sent":
        House(engine).run()
    else:
        stopped(engine)
    for act in (
        lambda: revision(engine, selection(("bridge", "politics"))),
        lambda: stopped(engine),
    ):
        with pytest.raises(MisuseError, match=end):
            act()
    with writing(engine) as connection, pytest.raises(MisuseError, match="nothing left to hold"):
        holds.hold(connection, KEY, "", "nele", NOW)


def test_hold_and_release_are_logged_and_release_is_remembered(engine: Engine) -> None:
    composed(engine, held="40,000 readers")
    with writing(engine) as connection:
        assert not editions.get(connection, KEY).released
        released = holds.release(connection, KEY, "nele", NOW)
        assert (released.held, released.released) == ("", True)
        with pytest.raises(MisuseError, match="not held"):
            holds.release(connection, KEY, "nele", NOW)
        assert [entry[2] for entry in editions.log_of(connection, KEY)] == [
            "composed with 3 stories",
            "held: 40,000 readers",
            "released",
        ]


def test_one_sent_before_its_hour_and_held_has_its_hour_back_while_that_is_to_come(engine: Engine) -> None:
    due, value = NOW + timedelta(minutes=20), selection()
    with writing(engine) as connection:
        editions.create(connection, "daily", due, Composition(value, (), 3), NOW, "run")

        def sent(now: datetime) -> Edition:
            return holds.release(connection, KEY, "nele", now, at_once=True)

        assert sent(NOW).goes == NOW
        held = holds.hold(connection, KEY, "", "ana", NOW + timedelta(minutes=1))
        assert (held.goes, held.held) == (due, "by hand")
        released = holds.release(connection, KEY, "ana", NOW + timedelta(minutes=2))
        # Its hour is to come, so `latest` counts as ever.
        assert (released.goes, released.released) == (due, False)
        sent(NOW + timedelta(minutes=3))
        # What is late already has no hour to go back to, nor has what was begun.
        assert holds.hold(connection, KEY, "", "ana", due).goes == NOW + timedelta(minutes=3)
        begun_at = NOW + timedelta(minutes=4)
        connection.execute(sa.update(tables.editions).values(first_handed=begun_at, held=""))
        begun = holds.hold(connection, KEY, "", "ana", NOW + timedelta(minutes=5))
        assert begun.goes == NOW + timedelta(minutes=3)


def test_a_stopped_edition_goes_on_unless_another_took_its_stories(engine: Engine) -> None:
    composed(engine)
    stopped(engine)
    with writing(engine) as connection:
        assert holds.resume(connection, KEY, "smtp", "nele", NOW).state is EditionState.COMPOSED
    stopped(engine)
    day, _ = other_day(1)
    later = NOW + timedelta(days=1)
    composed(engine, selection(("bridge", "politics"), day=day, composed=later))
    with writing(engine) as connection, pytest.raises(HeldError, match="1 of its stories"):
        holds.resume(connection, KEY, "smtp", "nele", later)


def test_one_stopped_while_it_went_out_goes_on_as_sending(engine: Engine) -> None:
    composed(engine)
    many(engine, 3)
    house = House(engine)
    house.run(max_per_hour=1)
    stopped(engine)
    with writing(engine) as connection:
        assert holds.resume(connection, KEY, "fake", "nele", NOW).state is EditionState.SENDING
        with pytest.raises(MisuseError, match="not stopped"):
            holds.resume(connection, KEY, "fake", "nele", NOW)


def test_history_knows_what_went_out(engine: Engine) -> None:
    many(engine, 12)
    for days in range(3):
        day, key = other_day(days)
        composed(
            engine, selection((f"story-{days}", "politics"), day=day, composed=NOW + timedelta(days=days))
        )
        house = House(engine, key=key)
        if days < 2:
            house.run()
    with reading(engine) as connection:
        assert [edition.key for edition in history.open_editions(connection)] == [key]
        previous = history.previous(connection, "daily", "fake")
        assert previous is not None and previous.key == other_day(1)[1]
        assert [(past.fresh, past.readers) for past in history.past(connection, "daily", "fake")] == [
            (1, 12),
            (1, 12),
        ]
        assert history.fresh_of(connection, KEY) == 1
        assert len(history.latest(connection, "daily", 2)) == 2


def test_a_failed_first_hand_over_is_no_edition_that_went_out(engine: Engine) -> None:
    composed(engine)
    many(engine, 3)
    house = House(engine)
    house.provider.otherwise = says(Answer.NOT_NOW, "503")
    house.run()
    with reading(engine) as connection:
        assert history.previous(connection, "daily", "fake") is None
