"""`status`: what it shows of a real morning, and that it changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands.main import main
from tests.commands.house import House, built

SIX = "2026-03-10T06:01"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A newsroom with one story and two readers."""
    house = built(tmp_path / "quay")
    house.article("bridge")
    house.readers("free@example.org,free,,", "paid@example.org,paid,,")
    return house


def shown(house: House, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a person reads."""
    capsys.readouterr()
    assert main(["--config", str(house.config), "--now", SIX, "status", *arguments]) == 0
    return capsys.readouterr().out


def test_the_overview_has_the_sum_and_the_next_hour(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert "No edition yet." in shown(house, capsys)
    house.run(now=SIX)
    page = shown(house, capsys)
    row = next(line for line in page.splitlines() if line.startswith("daily-2026-03-10"))
    assert row.split()[1:8] == ["sent", "2", "2", "0", "0", "0", "0"]
    assert "Wednesday 2026-03-11 06:00" in page
    assert "delivered" not in page
    assert "\x1b" not in page


def test_one_edition_one_reader_and_what_waits(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    house.run(now=SIX)
    edition = shown(house, capsys, "daily-2026-03-10").split()
    assert edition[edition.index("together") : edition.index("together") + 4] == [
        "together",
        "2",
        "candidates",
        "2",
    ]
    reader = shown(house, capsys, "--reader", "Paid@Example.org")
    assert "accepted" in reader
    assert "paid@example.org" not in reader.lower()
    assert shown(house, capsys, "--problems") == "Nothing waits for you.\n"
    house.article("tunnel", published="2026-03-10T20:00:00+01:00")
    house.run("sync", now="2026-03-10T21:00")
    house.run("digest", "daily", now="2026-03-10T21:00")
    house.run("hold", "daily-2026-03-11", "--why", "the lawyer reads it", now="2026-03-10T21:00")
    waits = shown(house, capsys, "--problems")
    assert "the lawyer reads it" in waits
    assert "release daily-2026-03-11 or" in waits


def test_the_log_has_the_same_as_json(house: House) -> None:
    house.run(now=SIX)
    facts = house.run("status", now=SIX).steps("status")[0]
    assert (facts["candidates"], facts["accepted"], facts["sum_is_right"]) == (2, 2, True)


def test_what_is_not_there_is_named(house: House) -> None:
    assert house.run("status", "daily-2026-03-11", now=SIX).status == 1
    nobody = house.run("status", "--reader", "nobody@example.org", now=SIX)
    assert nobody.status == 2
