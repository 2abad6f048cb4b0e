"""`ramp`: proposed, started, shown, ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands.main import main
from tests.commands.house import House, built

KEY = "daily-2026-03-10"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Sixty readers, ten of whom pay."""
    house = built(tmp_path / "quay")
    house.article("bridge")
    house.readers(*(f"r{number}@example.org,{'paid' if number > 50 else 'free'}," for number in range(1, 61)))
    return house


def shown_by_status(house: House, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert main(["--config", str(house.config), "--now", "2026-03-10T07:00", "status"]) == 0
    return capsys.readouterr().out


def test_a_warm_up_from_its_proposal_to_its_end(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    said = house.run("ramp", now="2026-03-09T12:00").step("ramp")
    assert (said["readers"], said["proposes"]) == (60, "50, then everybody")
    assert said["begins"] == "ramp daily --start"
    assert house.run("ramp", "--start", "--dry-run", now="2026-03-09T12:00").step("ramp")["days"] == 1
    assert "proposes" in house.run("ramp", now="2026-03-09T12:00").step("ramp")
    assert house.run("ramp", "--start", now="2026-03-09T12:00").status == 0
    run = house.run(now="2026-03-10T06:00")
    assert (run.step("deliver")["accepted"], run.step("deliver")["left_out"]) == (50, 10)
    # All who pay are among them.
    assert {f"r{number}@example.org" for number in range(51, 61)} <= set(house.mails(KEY))
    shown = house.run("status", KEY, now="2026-03-10T06:10").steps("status")[0]
    assert shown["exclusions"] == {"left for another day: the sending domain is warmed up": 10}
    assert house.run("ramp", now="2026-03-10T07:00").step("ramp")["today"] == 50
    stands = house.run("status", now="2026-03-10T07:00").step("ramp")
    assert (stands["newsletter"], stands["day"], stands["of"], stands["today"]) == ("daily", 1, 1, 50)
    assert "daily is warmed up: 50 readers at most today, day 1 of 1;" in shown_by_status(house, capsys)
    assert not house.run("status", now="2026-03-11T07:00").steps("ramp")
    over = house.run("ramp", now="2026-03-11T05:00").step("ramp")
    assert over["day"] == "over: everybody gets it"
    assert house.run("ramp", "--stop", now="2026-03-11T05:00").status == 0
    again = house.run("ramp", "--stop", now="2026-03-11T05:00")
    assert (again.status, "nothing to stop" in again.problems[0]) == (2, True)


def test_a_short_list_needs_none(tmp_path: Path) -> None:
    house = built(tmp_path / "quay")
    house.readers("free@example.org,free,")
    assert house.run("ramp", now="2026-03-09T12:00").step("ramp")["proposes"] == "everybody at once"
    run = house.run("ramp", "--start", now="2026-03-09T12:00")
    assert (run.status, "few enough" in run.problems[0]) == (2, True)
    assert house.run("ramp", "--start", "--stop", now="2026-03-09T12:00").status == 2
