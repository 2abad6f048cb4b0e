"""`status --problems` names `deliver` once for an edition, and only where it comes to something."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from commands.main import main
from commands.waiting_deliver import named_once
from commands.waits import Waiting
from newsletter.tables import batches
from newsroom.database import engine_for, writing
from tests.commands.house import House, half_out, unpaced
from tests.samples import NOON

KEY = "daily-2026-03-10"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A newsroom of which one reader of three has the edition, and two were put off long ago."""
    house = half_out(tmp_path / "quay", "2026-03-10T06:02")
    unpaced(house)
    # 06:03 in the newsroom.
    changed(
        house,
        "planned",
        attempts=1,
        reason="SendGrid answered 503",
        not_before=NOON.replace(hour=5, minute=3),
    )
    return house


def changed(house: House, before: str, **values: object) -> None:
    engine = engine_for(f"sqlite:///{house.root / 'standfirst.db'}")
    with writing(engine) as connection:
        connection.execute(sa.update(batches).where(batches.c.state == before).values(values))
    engine.dispose()


def page(house: House, capsys: pytest.CaptureFixture[str], now: str, status: int = 3) -> str:
    capsys.readouterr()
    assert main(["--config", str(house.config), "--now", now, "status", "--problems"]) == status
    return " ".join(capsys.readouterr().out.split())


def test_in_time_it_is_named_once(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    late = page(house, capsys, "2026-03-10T06:40")
    assert "half out, 2 readers" in late
    assert "put off, batch" in late
    assert late.count("send.py deliver") == 1
    assert "see whether cron runs, or say python send.py deliver" in late
    # Before that, where nobody has to do anything, it is named with what was put off.
    soon = page(house, capsys, "2026-03-10T06:10", 0)
    assert soon.count("send.py deliver") == 1
    # A batch that was cut off is no second one.
    changed(house, "accepted", state="handed", owner="gone")
    assert page(house, capsys, "2026-03-10T06:41").count("send.py deliver") == 1


def test_where_it_is_too_late_to_go_on_or_held_it_is_not_named(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    over = page(house, capsys, "2026-03-11T03:10")
    assert "too late to go on by itself, so say" in over
    assert f"send.py release {KEY}" in over
    assert "put off, batch" in over
    assert "deliver" not in over
    # It would have come to this.
    house.run("deliver", now="2026-03-11T03:11")
    held = page(house, capsys, "2026-03-11T03:12")
    assert f"{KEY} held" in held
    assert "send.py deliver" not in held


def test_of_a_newsletter_that_is_not_set_up_any_more_it_comes_to_nothing(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    text = house.config.read_text()
    house.config.write_text(text.replace('key = "daily"', 'key = "evening"'))
    gone = page(house, capsys, "2026-03-10T06:40")
    assert "its newsletter is not set up any more, so say" in gone
    assert f"send.py stop {KEY}" in gone
    assert "send.py deliver" not in gone


def test_where_nothing_is_due_yet_no_command_is_named(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    changed(house, "planned", not_before=NOON)
    waits = page(house, capsys, "2026-03-10T06:40", 0)
    assert "tried again 2026-03-10 13:00" in waits
    assert "send.py deliver" not in waits


def test_it_stands_with_what_a_person_has_to_see_to() -> None:
    known = Waiting("a", "put off", "", ("deliver",), needs_person=False, edition="a")
    late = Waiting("a", "half out", "", ("deliver",), edition="a")
    other = Waiting("b", "cut off", "", ("resolve 3 --sent", "deliver"), needs_person=False, edition="b")
    found = named_once([known, late, other, known], ())
    assert [one.commands for one in found] == [(), ("deliver",), other.commands, ()]
    found = named_once([known, late, other], {"a", "b"})
    assert [one.commands for one in found] == [(), (), ("resolve 3 --sent",)]
    assert [one.commands for one in named_once([known, known], ())] == [("deliver",), ()]
