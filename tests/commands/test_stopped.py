"""An edition that somebody stopped: who is told, what it says, and how long."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from newsletter import holds
from newsroom.database import engine_for, writing
from tests.commands.house import PACE, House, built

KEY = "daily-2026-03-10"
NELE = "nele@quay.example"
MORE = f'hold = "20m"\neditors = ["{NELE}"]\n'
NOBODY = "nobody has it; unless it is resumed, what is new in it goes into the next one"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """An edition for three readers, composed twenty minutes before its hour."""
    house = built(tmp_path / "quay", more=MORE + PACE)
    house.article("bridge")
    house.readers(*(f"{name}@example.org,free," for name in ("ana", "bo", "cy")))
    house.run(now="2026-03-10T05:40")
    return house


def stop(house: House, at: str, by: str = NELE) -> None:
    """As the page's button does."""
    engine = engine_for(f"sqlite:///{house.root / 'standfirst.db'}")
    with writing(engine) as connection:
        holds.stop(connection, KEY, "", by, datetime.fromisoformat(at))
    engine.dispose()


def told(house: House, now: str) -> list[str]:
    return [message for message in house.run(now=now).problems if "stopped" in message]


def known(house: House, now: str, *more: str) -> list[tuple[str, list[str], int | None]]:
    run = house.run("status", *more, "--problems", now=now)
    assert run.status == 0, run.lines
    return [
        (line["message"].removeprefix(f"{KEY}: "), line["commands"], line.get("readers"))
        for line in run.steps("status")
        if line.get("trouble") == "stopped"
    ]


def test_what_an_editor_stopped_is_told_to_the_operator_without_the_address(house: House) -> None:
    stop(house, "2026-03-10T05:50+01:00")
    message = f"{KEY} was stopped by an editor at 05:50: {NOBODY}: `resume {KEY}`"
    for now in ("2026-03-10T05:55", "2026-03-10T06:05"):
        run = house.run(now=now)
        assert (run.status, run.problems) == (0, [message])
    reason = f"by an editor at 05:50: {NOBODY}"
    assert known(house, "2026-03-10T06:10") == [(f"stopped: {reason}", [f"resume {KEY}"], None)]
    assert known(house, "2026-03-10T06:10", KEY) == known(house, "2026-03-10T06:10")
    house.run("resume", KEY, now="2026-03-10T06:11")
    assert known(house, "2026-03-10T06:12") == []
    assert told(house, "2026-03-10T06:15") == []


def test_half_out_it_says_how_many_have_it_for_a_day(house: House) -> None:
    house.run(now="2026-03-10T06:00")
    stop(house, "2026-03-10T06:02+01:00")
    reason = "by an editor at 06:02: 1 reader has it, 2 more if it is resumed"
    assert told(house, "2026-03-10T06:05") == [f"{KEY} was stopped {reason}: `resume {KEY}`"]
    assert known(house, "2026-03-10T06:06") == [(f"stopped: {reason}", [f"resume {KEY}"], 2)]
    assert known(house, "2026-03-11T05:59") == [(f"stopped: {reason}", [f"resume {KEY}"], 2)]
    assert known(house, "2026-03-11T06:01") == []


def test_whoever_stops_it_at_the_shell_knows_how_it_goes_on(house: House) -> None:
    stop(house, "2026-03-10T05:50+01:00", by="ann")
    assert told(house, "2026-03-10T05:55") == []
    assert known(house, "2026-03-10T06:10") == []


def test_one_whose_stories_another_has_used_goes_on_no_more(house: House) -> None:
    stop(house, "2026-03-10T05:50+01:00")
    house.run("digest", "daily", "--extra", "first", now="2026-03-10T06:20")
    assert known(house, "2026-03-10T06:30") == []
    assert told(house, "2026-03-10T06:35") == []
