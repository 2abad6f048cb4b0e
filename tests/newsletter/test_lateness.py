"""Composed editions that nobody handed over in time, and which edition is next."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.engine import Engine

from newsletter import editions, holds, used_stories
from newsletter.edition import Edition, EditionState
from newsletter.lateness import is_too_late, miss
from newsletter.upcoming import upcoming
from newsroom.database import reading, writing
from tests import samples
from tests.newsletter.delivering import DAY, KEY, NOW, House, composed, many, selection

LATEST = timedelta(hours=3)
LATE = NOW + LATEST + timedelta(seconds=1)
COMPOSED = Edition(KEY, "daily", DAY, "", EditionState.COMPOSED, 1, NOW, NOW)


@pytest.mark.parametrize(
    ("changes", "now", "is_late"),
    [
        ({}, LATE, True),
        ({}, NOW + LATEST, False),
        # Whoever asked for an extra one wanted it then.
        ({"slot": "evening"}, LATE, True),
        ({"held": "by hand"}, LATE, False),
        ({"released": True}, LATE, False),
        ({"first_handed": NOW, "state": EditionState.SENDING}, LATE, False),
        ({"state": EditionState.STOPPED}, LATE, False),
        ({"state": EditionState.SENT, "first_handed": NOW}, LATE, False),
    ],
)
def test_what_is_too_late(changes: dict[str, Any], now: datetime, is_late: bool) -> None:
    assert is_too_late(replace(COMPOSED, **changes), LATEST, now) is is_late


def test_a_missed_edition_gives_its_stories_and_its_readers_back(engine: Engine) -> None:
    composed(engine)
    many(engine, 3)
    house = House(engine)
    house.run(max_per_hour=0)
    ids = [story.teaser.id for story in selection().stories]
    assert house.edition.candidates == 3
    with writing(engine) as connection:
        assert set(used_stories.used(connection, "daily", ids, "fake")) == set(ids)
        assert miss(connection, KEY, LATEST, NOW) is None
        reason = miss(connection, KEY, LATEST, LATE)
        assert (
            reason
            == "nothing of it was handed over within 3 h of its hour; its stories go into the next edition"
        )
        assert used_stories.used(connection, "daily", ids, "fake") == {}
        assert miss(connection, KEY, LATEST, LATE) is None
        assert editions.log_of(connection, KEY)[-1][1:] == ("run", f"missed: {reason}")
    edition = house.edition
    assert (edition.state, edition.note, edition.candidates) == (EditionState.MISSED, reason, None)
    assert edition.finished == LATE
    house.run()
    assert house.provider.batches == []


def test_what_a_person_resumed_goes_however_late(engine: Engine) -> None:
    composed(engine)
    many(engine, 3)
    with writing(engine) as connection:
        holds.stop(connection, KEY, "", "nele", NOW)
        holds.resume(connection, KEY, "fake", "nele", LATE)
        assert miss(connection, KEY, LATEST, LATE) is None
    assert House(engine).run().accepted == 3


@pytest.mark.parametrize("how", ["hold", "stop", "at once"])
def test_what_was_let_go_before_its_hour_is_missed_as_any_other(engine: Engine, how: str) -> None:
    composed(engine)
    early = NOW - timedelta(minutes=15)
    with writing(engine) as connection:
        if how == "stop":
            holds.stop(connection, KEY, "", "nele", early)
            holds.resume(connection, KEY, "fake", "nele", early)
        else:
            holds.hold(connection, KEY, "", "nele", early)
            holds.release(connection, KEY, "nele", early, at_once=how == "at once")
        assert miss(connection, KEY, LATEST, NOW + LATEST) is None
        assert miss(connection, KEY, LATEST, LATE)


def test_what_was_let_go_after_its_hour_goes_whenever(engine: Engine) -> None:
    composed(engine, held="by hand")
    with writing(engine) as connection:
        holds.release(connection, KEY, "nele", NOW)
        assert miss(connection, KEY, LATEST, LATE) is None


def test_what_counts_as_sent_keeps_its_stories_until_it_is_resumed(engine: Engine) -> None:
    composed(engine)
    many(engine, 3)
    ids = [story.teaser.id for story in selection().stories]
    with writing(engine) as connection:
        # A copy of it that is put back later is as doubtful: it is named again, and nothing changes.
        for _ in range(2):
            assert holds.count_as_sent(connection, KEY, "fake", "nele", LATE)
        noted = [entry[2] for entry in editions.log_of(connection, KEY)]
        assert noted.count(f"stopped: {holds.HANDED_BEFORE}") == 1
        assert set(used_stories.used(connection, "daily", ids, "fake")) == set(ids)
    house = House(engine)
    house.run()
    assert house.provider.batches == []
    assert house.edition.note == holds.HANDED_BEFORE
    with writing(engine) as connection:
        resumed = holds.resume(connection, KEY, "fake", "nele", LATE)
    assert (resumed.state, resumed.first_handed, resumed.note) == (EditionState.COMPOSED, None, "")
    assert house.run().accepted == 3
    with writing(engine) as connection:
        # This database knows best: everybody has it.
        assert not holds.count_as_sent(connection, KEY, "fake", "nele", LATE)
    assert house.edition.state is EditionState.SENT


def test_the_rest_of_one_that_was_going_out_is_not_begun_anew(engine: Engine) -> None:
    composed(engine)
    many(engine, 3)
    house = House(engine)
    house.run(max_per_hour=1)
    with writing(engine) as connection:
        assert holds.count_as_sent(connection, KEY, "fake", "nele", LATE)
        resumed = holds.resume(connection, KEY, "fake", "nele", LATE)
    assert resumed.state is EditionState.SENDING
    house.clock.pause(3_600)
    house.run()
    assert sorted(house.provider.taken) == [1, 2, 3]


NEWSLETTER, ZONE = samples.newsletter(), samples.newsroom().time_zone
SIX = datetime(2026, 3, 10, 5, tzinfo=UTC)
TODAY = replace(COMPOSED, due=SIX)


@pytest.mark.parametrize(
    ("changes", "hours", "is_next"),
    [
        # Composed ahead of its hour, or late, but not too late.
        ({}, -1, True),
        ({}, 2, True),
        ({}, 4, False),
        ({"due": SIX + timedelta(days=2)}, 0, False),
        # What waits for a person is next only while its hour is.
        ({"held": "by hand"}, 2, True),
        ({"held": "by hand"}, 4, False),
        ({"released": True}, 4, True),
        # It goes out until the next one does.
        ({"first_handed": SIX}, 20, True),
        ({"first_handed": SIX}, 24, False),
        ({"revision": 0, "held": "no news"}, 1, False),
    ],
)
def test_which_edition_is_next(changes: dict[str, Any], hours: int, is_next: bool) -> None:
    edition = replace(TODAY, **changes)
    found = upcoming([edition], NEWSLETTER, ZONE, SIX + timedelta(hours=hours))
    assert found == ((edition,) if is_next else ())


def test_the_earliest_is_next_and_held_ones_come_last() -> None:
    held, later = replace(TODAY, held="by hand"), replace(TODAY, due=SIX + timedelta(minutes=1), slot="x")
    assert upcoming([held, later], NEWSLETTER, ZONE, SIX + timedelta(hours=1)) == (later, held)


def test_a_missed_edition_is_read_as_one(engine: Engine) -> None:
    composed(engine)
    with writing(engine) as connection:
        miss(connection, KEY, timedelta(minutes=90), LATE)
    with reading(engine) as connection:
        assert "within 90 min of" in editions.get(connection, KEY).note
