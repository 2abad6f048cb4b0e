"""`[[readers]]` in whole runs: synced before the edition, held, failing, and named where they are wrong."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from newsroom.settings import load
from tests.commands.house import House, built
from tests.commands.test_status import shown

PLACE = """
[[readers]]
key = "crm"
kind = "sql"
query = "SELECT id, address, plan FROM people"
plans = { Supporter = "paid" }
"""
NOON, MORNING = "2026-03-09T12:00", "2026-03-10T06:05"


def people(house: House, *rows: tuple[int, str, str]) -> None:
    with closing(sqlite3.connect(house.root / "crm.db")) as made, made:
        made.execute("CREATE TABLE IF NOT EXISTS people (id, address, plan)")
        made.execute("DELETE FROM people")
        made.executemany("INSERT INTO people VALUES (?, ?, ?)", rows)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setenv("STANDFIRST_READERS_CRM", "sqlite:///crm.db")
    house = built(tmp_path / "quay", more=PLACE)
    people(house, (1, "ann@example.org", "Supporter"), (2, "bo@example.org", ""), (3, "cy@example.org", ""))
    return house


def test_a_run_syncs_before_its_edition(house: House) -> None:
    assert house.run("status", now=NOON).status == 0
    house.article("bridge")
    run = house.run(now=MORNING)
    assert run.status == 0, run.lines
    step = run.step("readers")
    assert (step["source"], step["new"]) == ("crm", 3)
    assert set(house.mails("daily-2026-03-10")) == {"ann@example.org", "bo@example.org", "cy@example.org"}


def test_a_dry_sync_says_what_it_would_do(house: House) -> None:
    dry = house.run("readers", "sync", "crm", "--dry-run", now=NOON)
    assert (dry.status, dry.step("readers")["new"]) == (0, 3)
    assert house.run("readers", "sync", now=NOON).step("readers")["new"] == 3
    assert house.run("readers", "sync", now=NOON).step("readers")["unchanged"] == 3


def test_a_place_that_fails_is_1_and_says_how_old_it_is(house: House) -> None:
    house.run("readers", "sync", now=NOON)
    (house.root / "crm.db").unlink()
    run = house.run(now="2026-03-09T23:00")
    assert run.status == 1
    (line,) = run.problems
    assert line.endswith("its readers stay as they were at 2026-03-09 11:00 UTC, 11 hours ago")


def test_a_place_that_is_empty_is_3(house: House) -> None:
    house.run("readers", "sync", now=NOON)
    people(house)
    assert house.run(now=NOON).status == 3
    run = house.run("readers", "sync", "crm", "--allow-gone", now=NOON)
    assert (run.status, run.step("readers")["gone"]) == (0, 3)


def test_a_name_that_is_none_is_2(house: House) -> None:
    run = house.run("readers", "sync", "shop", now=NOON)
    assert run.status == 2
    assert run.problems[0].endswith('"shop" is no [[readers]]; allowed: crm')


@pytest.mark.parametrize(
    ("found", "wanted", "problem"),
    [
        ('kind = "sql"', 'kind = "json"', "readers[0].url: missing; readers of kind json need it"),
        ('kind = "sql"', 'kind = "sql"\nof = "users"', "readers[0].of: readers of kind sql have none"),
        ('"paid"', '"gold"', "readers[0].plans.Supporter"),
        ('kind = "sql"', 'kind = "sql"\nnewsletters = ["evening"]', '"evening" is not a newsletter'),
        ('kind = "sql"', 'kind = "sql"\nwrite_back = "source"', "is for ghost alone"),
        (
            'kind = "sql"',
            'kind = "sql"\nwrite_back = "https://a.example/"',
            "STANDFIRST_READERS_CRM_HOOK: missing",
        ),
    ],
)
def test_what_is_wrong_with_a_place_is_named(house: House, found: str, wanted: str, problem: str) -> None:
    text = house.config.read_text(encoding="utf-8")
    house.config.write_text(text.replace(found, wanted), encoding="utf-8")
    run = house.run(now=NOON)
    assert run.status == 2
    assert any(problem in line for line in run.problems), run.problems


def test_no_answer_shows_an_address(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    people(house, (1, "ann@@example.org", "Gold"), (2, "bo@example.org", ""))
    run = house.run("readers", "sync", now=NOON)
    assert run.status == 1
    assert "id 1: " in run.problems[0]
    assert "@" not in str(run.lines)


def test_every_table_in_the_documents_can_be_pasted(tmp_path: Path) -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "readers.md"
    tables = re.findall(r"```toml\n(\[\[readers\]\].*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert len(tables) == 4
    house = built(tmp_path / "quay", more="\n".join(tables))
    keys = ("CRM", "MEMBERS", "SITE", "SHOP", "SHOP_HOOK")
    places = load(house.config, {f"STANDFIRST_READERS_{key}": "sqlite:///x.db" for key in keys}).readers
    assert [one.kind for one in places] == ["sql", "ghost", "wordpress", "json"]
    assert all(one.newsletters == ("daily",) for one in places)
    assert places[3].hook_secret


def test_what_a_sync_by_itself_met_is_listed_until_one_goes_well(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.run("readers", "sync", now=NOON)
    people(house)
    assert house.run("readers", "sync", "crm", now=NOON).status == 3
    waits = shown(house, capsys, "--problems", status=3)
    assert "it lists none of its 3 readers" in waits
    assert "python send.py readers sync crm --allow-gone" in waits
    house.run("readers", "sync", "crm", "--allow-gone", now=NOON)
    assert shown(house, capsys, "--problems") == "Nothing waits for you.\n"
