"""An edition that is half out: until when runs go on with it, and what is asked after that."""

from __future__ import annotations

import contextlib
import io
import sqlite3
from pathlib import Path

import pytest

from tests.commands.house import House, half_out, unpaced

KEY = "daily-2026-03-10"
SIX = "2026-03-10T06:01"
NEXT = "2026-03-11T05:41"
NUMBERS = "half out: 1 have it, and 2 wait for it"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """An edition that one reader of three has, and no run since."""
    house = half_out(tmp_path / "quay", SIX)
    unpaced(house)
    return house


def test_nothing_of_yesterdays_goes_out_by_itself_shortly_before_todays(house: House) -> None:
    dry = house.run("deliver", "--dry-run", now=NEXT)
    assert str(dry.step("deliver")["dry_run"]).startswith("it would be held: too late")
    run = house.run(now=NEXT)
    assert (run.status, len(house.mails(KEY))) == (3, 1)
    why = "too late to go on by itself: nothing of it was handed over since 2026-03-10 06:01"
    said = f"{KEY} is held: {why}; {NUMBERS}; `release {KEY}` lets it go"
    assert [message for message in run.problems if "is held" in message] == [said]
    # Today's goes out at its hour, and yesterday's waits on.
    today = house.run(now="2026-03-11T06:01")
    assert said in today.problems
    assert len(house.mails(KEY)) == 1
    (line,) = house.run("status", "--problems", now="2026-03-11T06:02").steps("status")
    assert line["message"] == f"{KEY}: held: {why}; {NUMBERS}"
    assert line["commands"] == [f"release {KEY}", f"stop {KEY}"]


@pytest.mark.parametrize("now", ["2026-03-10T09:30", "2026-03-10T16:00", "2026-03-11T02:59"])
def test_until_then_the_rest_gets_it_for_they_would_get_it_never(house: House, now: str) -> None:
    assert house.run(now=now).step("deliver")["accepted"] == 3


@pytest.mark.parametrize("held", [True, False])
def test_a_person_lets_it_go_and_is_told_of_how_many_and_how_late(house: House, held: bool) -> None:
    if held:
        house.run(now=NEXT)
    else:
        (line,) = house.run("status", "--problems", now=NEXT).steps("status")
        assert (line["trouble"], line["commands"]) == ("half out", [f"release {KEY}", f"stop {KEY}"])
    told = f"{KEY} is half out: 1 reader got it, 2 more get it now, 23 h 42 min after its hour"
    at = "2026-03-11T05:42"
    dry = house.run("release", KEY, "--dry-run", now=at)
    assert (dry.status, dry.problems) == (0, [told])
    refused = house.run("release", KEY, now=at)
    assert refused.status == 2
    assert refused.problems == [
        told,
        f"release: {KEY}: nothing was changed; if these are to have it still, then say --yes",
    ]
    assert not held or house.run("deliver", now=at).status == 3
    released = house.run("release", KEY, "--yes", now=at)
    assert (released.status, released.step("release")["state"]) == (0, "sending")
    assert house.run("deliver", now="2026-03-11T05:43").step("deliver")["accepted"] == 3
    with contextlib.closing(sqlite3.connect(house.root / "standfirst.db")) as database:
        noted = [what.partition(":")[0] for (what,) in database.execute("select what from edition_log")]
    assert noted[-3:] == ["held", "released", "everything is handed over"]


def test_one_that_a_person_held_while_it_went_out_is_asked_about_too(house: House) -> None:
    house.run("hold", KEY, now="2026-03-10T06:02")
    (line,) = house.run("status", "--problems", now="2026-03-10T06:03").steps("status")
    assert line["message"] == f"{KEY}: held: by hand; {NUMBERS}"
    refused = house.run("release", KEY, now="2026-03-12T07:00")
    assert (refused.status, "2 days 1 h after its hour" in refused.problems[0]) == (2, True)
    assert house.run("release", KEY, "--yes", now="2026-03-12T07:00").status == 0
    assert house.run("deliver", now="2026-03-12T07:01").step("deliver")["accepted"] == 3


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "status"), [("y", 0), ("n", 2)])
def test_whoever_sits_there_is_asked(
    house: House, monkeypatch: pytest.MonkeyPatch, answer: str, status: int
) -> None:
    house.run("hold", KEY, now="2026-03-10T06:02")
    monkeypatch.setattr("sys.stdin", Terminal(f"{answer}\n"))
    run = house.run("release", KEY, now="2026-03-10T06:05")
    assert run.status == status
    assert "Hand it over to 2 readers, 5 min after its hour?" in run.errors


def test_the_rest_of_one_that_was_stopped_yesterday_is_asked_about_as_well(house: House) -> None:
    house.run("stop", KEY, now="2026-03-10T06:02")
    # In the morning nobody is asked: whoever says so knows what they stopped.
    assert house.run("resume", KEY, "--dry-run", now="2026-03-10T06:10").problems == []
    refused = house.run("resume", KEY, now="2026-03-11T07:00")
    assert (refused.status, "2 more get it now, 1 day 1 h after" in refused.problems[0]) == (2, True)
    assert house.run("resume", KEY, "--yes", now="2026-03-11T07:00").status == 0
    assert house.run("deliver", now="2026-03-11T07:01").step("deliver")["accepted"] == 3


def test_a_database_that_sends_nothing_is_told_nothing_of_what_it_would_hand_over(house: House) -> None:
    house.run("hold", KEY, now="2026-03-10T06:02")
    house.root.rename(house.root.with_name("copied"))
    copied = House(house.root.with_name("copied"))
    for command in (("release", KEY), ("resume", KEY), ("resend", KEY, "--only", "a@example.org")):
        run = copied.run(*command, "--dry-run", now="2026-03-10T07:00")
        assert (run.status, "lives elsewhere" in run.problems[0]) == (3, True), command
