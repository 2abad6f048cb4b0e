"""`hold`, `release`, `stop`, `resume` and `deliver`: what a person decides, and what a run does alone."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from sqlalchemy.engine import Engine

from commands.context import Context
from commands.control import tried
from newsletter import editions, holds
from newsroom.database import reading
from tests.commands.house import House, Run, built
from tests.newsletter.delivering import NOW, composed

AHEAD = "2026-03-10T05:40"
SIX = "2026-03-10T06:01"
KEY = "daily-2026-03-10"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """An edition of two stories, composed ahead of its hour, and one reader."""
    house = built(tmp_path / "quay")
    house.article("bridge")
    house.article("museum", "culture", access="free")
    house.readers("paid@example.org,paid,")
    house.run("digest", "daily", now=AHEAD)
    return house


def state(house: House, key: str = KEY, now: str = SIX) -> str:
    return str(house.run("status", key, now=now).steps("status")[0]["state"])


def withdraw(house: House, *names: str, now: str = AHEAD) -> None:
    for name in names:
        for path in (house.root / "articles").rglob(f"{name}.md"):
            path.unlink()
    house.run("sync", "--allow-withdrawals", now=now)


def said(run: Run, status: int = 2) -> str:
    """The one line of a refusal."""
    assert run.status == status, run.lines
    (message,) = run.problems
    return str(message)


def test_a_held_edition_waits_says_so_once_and_goes_when_it_is_released(house: House) -> None:
    held = house.run("hold", KEY, "--why", "the lawyer reads it", now=AHEAD)
    assert (held.status, held.step("hold")["held"]) == (0, "the lawyer reads it")
    run = house.run(now=SIX)
    assert run.status == 3
    assert [message for message in run.problems if "held" in message] == [
        f"{KEY} is held: the lawyer reads it; `release {KEY}` lets it go"
    ]
    released = house.run("release", KEY, now="2026-03-12T12:00")
    assert (released.status, released.step("release")["state"]) == (0, "composed")
    # A person decided, however late: it is not missed.
    late = house.run("deliver", now="2026-03-12T12:05")
    assert late.step("deliver")["accepted"] == 1
    assert state(house) == "sent"


def test_a_hold_outlives_stop_and_resume(house: House) -> None:
    house.run("hold", KEY, "--why", "the lawyer reads it", now=AHEAD)
    stopped = house.run("stop", KEY, now=AHEAD).step("stop")
    assert (stopped["state"], stopped.get("held")) == ("stopped", None)
    resumed = house.run("resume", KEY, now=AHEAD).step("resume")
    assert (resumed["state"], resumed["held"]) == ("composed", "the lawyer reads it")
    assert f"{KEY} is held: the lawyer reads it; `release {KEY}` lets it go" in house.run(now=SIX).problems
    assert house.run("release", KEY, now=SIX).status == 0
    assert house.run("deliver", now=SIX).step("deliver")["accepted"] == 1


def test_what_the_breaker_holds_is_said_once_and_how_it_goes_on_once(tmp_path: Path) -> None:
    house = built(tmp_path / "big", more="[delivery]\nbreaker = { first_readers = 1 }")
    house.article("bridge")
    house.readers("paid@example.org,paid,", "free@example.org,free,")
    for now in (SIX, "2026-03-10T06:06"):
        run = house.run(now=now)
        assert run.status == 3
        (message,) = [message for message in run.problems if "is held" in message]
        assert message.startswith(f"{KEY} is held: 2 readers in a first edition")
        assert message.count("lets it go") == 1
    house.run("stop", KEY, now="2026-03-10T06:07")
    resumed = house.run("resume", KEY, now="2026-03-10T06:08").step("resume")
    assert str(resumed["held"]).startswith("2 readers in a first edition")
    assert house.run(now="2026-03-10T06:09").status == 3
    assert house.run("release", KEY, now="2026-03-10T06:10").status == 0
    assert house.run(now="2026-03-10T06:11").step("deliver")["accepted"] == 2


def test_a_subject_that_is_given_up_in_a_run_is_a_warning(house: House) -> None:
    (lead, *_) = [one["story"] for one in house.run("status", KEY, now=AHEAD).step("status")["stories"]]
    house.run("edit", KEY, "--subject", "Ours", now=AHEAD)
    withdraw(house, lead)
    run = house.run(now=SIX)
    assert (run.status, run.step("deliver")["accepted"]) == (0, 1)
    told = [line for line in run.lines if "written by hand is given up" in line.get("message", "")]
    assert [line["level"] for line in told] == ["warning"]


def test_an_edition_without_a_story_is_not_released(house: House) -> None:
    withdraw(house, "bridge", "museum")
    first = house.run(now=SIX)
    assert first.status == 3
    assert f"{KEY} is held: every story of it was withdrawn; `stop {KEY}` ends it" in first.problems
    assert f"`stop {KEY}` ends it" in said(house.run("release", KEY, now=SIX))
    assert state(house) == "composed"
    # Once there is a story in it again, `release` is final.
    house.article("bridge")
    house.run("sync", now=SIX)
    assert house.run("release", KEY, now=SIX).status == 0
    assert house.run("deliver", now="2026-03-10T06:05").step("deliver")["accepted"] == 1


def test_a_stopped_edition_sends_nothing_until_it_is_resumed(house: House) -> None:
    stopped = house.run("stop", KEY, "--why", "the wrong photograph", now=AHEAD)
    assert (stopped.step("stop")["state"], stopped.step("stop")["note"]) == (
        "stopped",
        "the wrong photograph",
    )
    assert house.run("deliver", now=SIX).steps("deliver") == []
    assert house.run("resume", KEY, now="2026-03-11T05:00").status == 0
    assert house.run("deliver", now="2026-03-11T05:05").step("deliver")["accepted"] == 1


def test_what_does_not_fit_is_wrong_use(house: House) -> None:
    assert said(house.run("release", KEY, now=AHEAD)) == f"{KEY} is not held: it is composed"
    assert said(house.run("resume", KEY, now=AHEAD)).startswith(f"{KEY} is composed, not stopped")
    for command in ("hold", "release", "stop", "resume"):
        assert said(house.run(command, "daily-2026-03-19", now=AHEAD)).startswith("there is no edition")
    house.run(now=SIX)
    for command in ("hold", "stop"):
        assert said(house.run(command, KEY, now=SIX)) == f"{KEY} is sent: there is nothing left to {command}"
    assert "no objection; name the edition" in said(house.run("release", now=SIX))


@pytest.mark.parametrize(("command", "would_be"), [("hold", "composed"), ("stop", "stopped")])
def test_a_dry_run_says_what_would_be_and_changes_nothing(house: House, command: str, would_be: str) -> None:
    run = house.run(command, KEY, "--dry-run", now=AHEAD)
    assert (run.status, run.step(command)["state"]) == (0, would_be)
    assert run.step(command)["dry_run"] == "nothing was changed"
    assert house.run(now=SIX).step("deliver")["accepted"] == 1
    assert said(house.run(command, KEY, "--dry-run", now=SIX)).startswith(f"{KEY} is sent")


def test_release_and_resume_are_tried_dry_as_well(house: House) -> None:
    house.run("hold", KEY, now=AHEAD)
    assert house.run("release", KEY, "--dry-run", now=AHEAD).step("release")["state"] == "composed"
    assert house.run(now=SIX).status == 3
    house.run("stop", KEY, now=SIX)
    assert house.run("resume", KEY, "--dry-run", now=SIX).step("resume")["state"] == "composed"
    assert state(house) == "stopped"


def test_a_dry_run_that_works_with_the_database_itself_is_rolled_back(engine: Engine) -> None:
    composed(engine)
    # As on PostgreSQL, of which nobody makes a copy.
    room = cast(Context, SimpleNamespace(engine=engine, dry_run=True))
    with tried(room) as connection:
        assert holds.hold(connection, KEY, "", "nele", NOW).held
    with reading(engine) as connection:
        assert not editions.get(connection, KEY).held


# Too late


def test_days_later_a_composed_edition_is_missed_and_its_stories_are_in_todays(house: House) -> None:
    run = house.run(now="2026-03-13T06:01")
    assert run.status == 1
    assert (
        "daily: 3 editions were missed, 2026-03-10 to 2026-03-12: nothing of them was handed over within 3 h "
        "of their hours; their stories go into the next edition"
    ) in run.problems
    assert state(house) == "missed"
    assert house.mails(KEY) == {}
    assert list(house.mails("daily-2026-03-13")) == ["paid@example.org"]
    # It is said by the run that missed it, and no later one fails for it.
    assert house.run(now="2026-03-13T06:06").status == 0


def test_deliver_alone_misses_what_is_too_late(house: House) -> None:
    dry = house.run("deliver", "--dry-run", now="2026-03-10T09:01")
    assert any("was missed" in message for message in dry.problems)
    assert state(house) == "composed"
    assert house.run("deliver", now="2026-03-10T09:01").status == 1
    assert state(house) == "missed"


def test_an_extra_edition_is_late_as_any_other(house: House) -> None:
    house.run(now=SIX)
    house.article("ferry", published="2026-03-10T11:00:00+01:00")
    extra = f"{KEY}-noon"
    house.run("digest", "daily", "--extra", "noon", now="2026-03-10T12:00")
    assert house.run("deliver", "--dry-run", now="2026-03-10T14:59").step("deliver")["edition"] == extra
    assert house.run("deliver", now="2026-03-10T15:01").status == 1
    assert state(house, extra) == "missed"


def test_nothing_is_missed_while_the_witness_objects(house: House) -> None:
    database = house.root / "standfirst.db"
    copy = database.read_bytes()
    house.run(now=SIX)
    restore(house, copy)
    run = house.run(now="2026-03-10T10:00")
    assert run.status == 3
    assert not any("was missed" in message for message in run.problems)
    assert state(house) == "composed"


# After a restored database


def restore(house: House, copy: bytes) -> None:
    for path in house.root.glob("standfirst.db*"):
        path.unlink()
    (house.root / "standfirst.db").write_bytes(copy)


def test_every_edition_that_the_witness_saw_counts_as_sent_known_or_not(house: House) -> None:
    copy = (house.root / "standfirst.db").read_bytes()
    house.run(now=SIX)
    house.article("ferry", published="2026-03-10T11:00:00+01:00")
    house.run("digest", "daily", "--extra", "noon", now="2026-03-10T12:00")
    house.run("deliver", now="2026-03-10T12:01")
    restore(house, copy)
    for path in (house.root / "outbox").rglob("*.eml"):
        path.unlink()
    dry = house.run("release", "--dry-run", now="2026-03-10T12:10")
    run = house.run("release", now="2026-03-10T12:10")
    for one in (dry, run):
        assert one.status == 0
        told = [message.partition(" was handed over before")[0] for message in one.problems[1:-1]]
        assert told == [KEY, f"{KEY}-noon"]
        # No file says who stopped since.
        assert "`readers import FILE --suppress`" in one.problems[-1]
    assert [state(house, key) for key in (KEY, f"{KEY}-noon")] == ["stopped", "stopped"]
    # Nobody gets either of them again, though both would be in time; not even if it is asked for once more.
    house.run("digest", "daily", "--extra", "noon", now="2026-03-10T12:15")
    assert house.run(now="2026-03-10T12:20").steps("deliver") == []
    assert "no objection" in said(house.run("release", now="2026-03-10T12:20"))
    # Whoever would get it twice is not mailed without a word.
    dry = house.run("resume", KEY, "--dry-run", now="2026-03-10T12:25")
    assert dry.step("resume")["hands_over_to"] == 1
    assert "resumed, it goes to 1 reader, and whoever of them had it" in dry.problems[0]
    refused = house.run("resume", KEY, now="2026-03-10T12:25")
    assert (refused.status, refused.problems[-1]) == (
        2,
        f"resume: {KEY}: nothing was changed; look into the provider's log, then say --yes",
    )
    assert state(house) == "stopped"
    # The one that this database never composed is made of what there is now.
    resumed = house.run("resume", f"{KEY}-noon", "--yes", now="2026-03-10T12:25")
    assert (resumed.status, resumed.step("resume")["state"]) == (0, "composed")
    assert house.run("deliver", now="2026-03-10T12:30").step("deliver")["accepted"] == 1
    assert list(house.mails(f"{KEY}-noon")) == ["paid@example.org"]
    assert house.mails(KEY) == {}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "status", "then"), [("y", 0, "composed"), ("n", 2, "stopped")])
def test_whoever_sits_there_is_asked_before_anybody_is_mailed_twice(
    house: House, monkeypatch: pytest.MonkeyPatch, answer: str, status: int, then: str
) -> None:
    copy = (house.root / "standfirst.db").read_bytes()
    house.run(now=SIX)
    restore(house, copy)
    house.run("release", now="2026-03-10T06:10")
    monkeypatch.setattr("sys.stdin", Terminal(f"{answer}\n"))
    assert house.run("resume", KEY, now="2026-03-10T06:15").status == status
    assert state(house, now="2026-03-10T06:16") == then


def test_the_same_backup_put_back_twice_is_seen_twice(house: House) -> None:
    copy = (house.root / "standfirst.db").read_bytes()
    house.run(now=SIX)
    for _ in range(2):
        restore(house, copy)
        assert house.run(now="2026-03-10T06:10").status == 3
        assert house.run("release", now="2026-03-10T06:15").status == 0
        assert house.run(now="2026-03-10T06:20").status == 0


def test_without_news_a_resumed_edition_of_a_lost_database_says_so(house: House) -> None:
    copy = (house.root / "standfirst.db").read_bytes()
    house.article("ferry", published="2026-03-10T11:00:00+01:00")
    house.run(now=SIX)
    house.run("digest", "daily", "--extra", "noon", now="2026-03-10T12:00")
    house.run("deliver", now="2026-03-10T12:01")
    restore(house, copy)
    house.run("release", now="2026-03-10T12:10")
    message = said(house.run("resume", f"{KEY}-noon", now="2026-03-10T12:11"))
    assert message.startswith(f"{KEY}-noon: this database has nothing to hand over for it: no new story")
    assert state(house, f"{KEY}-noon") == "stopped"
