"""The circuit breaker in a newsroom's days: an archive waits for a person, each morning anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.house import House, built

EDITION = "daily-2026-03-11"
SIX = "2026-03-11T06:01"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A newsroom that had one edition, and got an archive of 60 stories in the evening after it."""
    house = built(tmp_path / "quay")
    house.article("bridge")
    house.readers("paid@example.org,paid,")
    assert house.run(now="2026-03-10T06:01").status == 0
    for number in range(60):
        house.article(f"old{number}", published="2026-03-10T12:00:00+01:00")
    return house


def test_what_will_be_held_is_said_the_evening_before_with_what_can_be_done_then(house: House) -> None:
    eve = house.run(now="2026-03-10T20:00")
    (said,) = [message for message in eve.problems if EDITION in message]
    assert said == (
        f"{EDITION} will be held at its hour: 60 new stories, while the last edition had at most 1; "
        f"`release {EDITION}` then lets it go"
    )
    assert eve.status == 0
    (said,) = [message for message in house.run(now=SIX).problems if EDITION in message]
    assert said == (
        f"{EDITION} is held: 60 new stories, while the last edition had at most 1; "
        f"`release {EDITION}` lets it go"
    )
    released = house.run("release", EDITION, now="2026-03-11T06:05")
    assert released.status == 0
    assert house.run(now="2026-03-11T06:10").step("deliver")["accepted"] == 1


def test_an_archive_whose_edition_was_stopped_is_held_the_next_morning_too(house: House) -> None:
    assert house.run(now=SIX).status == 3
    assert house.run("stop", EDITION, now="2026-03-11T07:00").status == 0
    # Nobody has seen any of it: what was left out of it for room is as new as what was in it.
    for now in ("2026-03-12T06:01", "2026-03-12T06:06"):
        run = house.run(now=now)
        assert run.status == 3
        assert any(
            "daily-2026-03-12 is held: 60 new stories, while the last edition had at most 1" in message
            for message in run.problems
        )
    assert not house.mails("daily-2026-03-12")
