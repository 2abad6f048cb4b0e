"""An edition that is half out and that no run is at any more: `status` says who waits, and since when."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands.main import main
from newsroom import locks
from newsroom.database import engine_for
from tests.commands.house import House, half_out, unpaced


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A newsroom of which one reader of three has the edition."""
    return half_out(tmp_path / "quay", "2026-03-10T06:02")


def problems(house: House, capsys: pytest.CaptureFixture[str], time: str, status: int) -> str:
    """What waits at that hour, without its line breaks."""
    capsys.readouterr()
    day = ("--config", str(house.config), "--now", f"2026-03-10T{time}")
    assert main([*day, "status", "--problems"]) == status
    return " ".join(capsys.readouterr().out.split())


def test_it_is_to_be_known_at_once_and_for_a_person_once_a_run_is_late(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    unpaced(house)
    soon = problems(house, capsys, "06:10", 0)
    assert "To be known daily-2026-03-10 half out, 2 readers" in soon
    assert "no run has handed anything over since 06:02; the next run goes on with it" in soon
    late = problems(house, capsys, "09:30", 3)
    assert "What waits for you daily-2026-03-10 half out, 2 readers" in late
    assert "see whether cron runs, or say python send.py deliver" in late
    house.run(now="2026-03-10T09:31")
    assert problems(house, capsys, "09:32", 0) == "Nothing waits for you."


def test_what_waits_for_the_pace_is_not_late(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert "To be known" in problems(house, capsys, "07:10", 0)
    assert "What waits for you" in problems(house, capsys, "07:20", 3)


def test_nobody_is_told_of_one_that_a_run_is_at(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    unpaced(house)
    engine = engine_for(f"sqlite:///{house.root / 'standfirst.db'}")
    with locks.held(engine, "newsletter:daily"):
        assert problems(house, capsys, "09:30", 0) == "Nothing waits for you."
    engine.dispose()


def test_one_that_was_stopped_waits_for_no_run_and_one_let_go_on_has_its_time(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    unpaced(house)
    house.run("stop", "daily-2026-03-10", now="2026-03-10T09:00")
    assert problems(house, capsys, "09:30", 0) == "Nothing waits for you."
    house.run("resume", "daily-2026-03-10", now="2026-03-10T09:31")
    assert "To be known" in problems(house, capsys, "09:40", 0)
