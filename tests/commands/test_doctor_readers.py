"""`doctor` and `[[readers]]`: one line a mistake, what a sync would do, and nothing stored."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.commands.house import House, Run, built
from tests.commands.test_doctor import NOW, TOLD, told
from tests.servers.http import Answer, HttpServer

SQL = '\n[[readers]]\nkey = "crm"\nkind = "sql"\nquery = "{query}"\nplans = {{ Supporter = "paid" }}\n'
ALL = "SELECT id, address, plan FROM people"
NAME = "STANDFIRST_READERS_CRM"


def house_with(root: Path, table: str, secret: str) -> House:
    house = built(root / "quay", more=TOLD + table)
    house.article("bridge")
    with (house.root / "secrets.env").open("a", encoding="utf-8") as file:
        file.write(f"{NAME}={secret}\n")
    return house


def people(house: House, *rows: tuple[int, str, str]) -> None:
    with closing(sqlite3.connect(house.root / "crm.db")) as made, made:
        made.execute("CREATE TABLE IF NOT EXISTS people (id, address, plan)")
        made.execute("DELETE FROM people")
        made.executemany("INSERT INTO people VALUES (?, ?, ?)", rows)


def problems(run: Run) -> list[str]:
    return [line["message"] for line in run.steps("readers") if line["level"] != "info"]


def dump(house: House) -> list[str]:
    with closing(sqlite3.connect(house.root / "standfirst.db")) as connection:
        return list(connection.iterdump())


def test_what_a_sync_would_do_and_nothing_done(tmp_path: Path) -> None:
    house = house_with(tmp_path, SQL.format(query=ALL), "sqlite:///crm.db")
    people(house, (1, "ann@example.org", "Supporter"), (2, "bo@example.org", ""), (3, "cy@example.org", ""))
    house.run("readers", "sync", now=NOW)
    people(house, (1, "ann@example.org", ""), (2, "bo@example.org", ""), (4, "di@example.org", ""))
    before = dump(house)
    run = house.run("doctor", now=NOW)
    assert run.status == 0
    (step,) = [line for line in run.steps("readers") if "would_add" in line]
    assert (step["would_add"], step["would_change"], step["would_end"], step["unchanged"]) == (1, 1, 1, 1)
    assert dump(house) == before
    done = house.run("readers", "sync", now=NOW).step("readers")
    assert (done["new"], done["changed"], done["ended"]) == (1, 1, 1)


def test_readers_with_one_mistake_are_one_line(tmp_path: Path) -> None:
    house = house_with(tmp_path, SQL.format(query=ALL), "sqlite:///crm.db")
    people(
        house,
        (1, "a@example.org", "Gold"),
        (2, "b@example.org", "Gold"),
        (2, "c@example.org", ""),
        (3, "d", ""),
    )
    run = house.run("doctor", now=NOW)
    assert run.status == 1
    first, second, third = problems(run)
    assert first == "crm: id 1, id 2: plan 'gold' is not known; say in `plans` which of ours it is"
    assert second.startswith("crm: id 3: ")
    assert third == "crm: 1 line has an id that stood there before; the first one counts"
    assert "example.org" not in str(run.lines)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT id, plan FROM people", "`query` gives no column of addresses; there are: id, plan."),
        ("SELECT * FROM nowhere", "`query` is refused: no such table: nowhere;"),
        ("DELETE FROM people", "`query` is no SELECT, and a source is only read; write one;"),
    ],
)
def test_a_query_that_cannot_be_used(tmp_path: Path, query: str, expected: str) -> None:
    house = house_with(tmp_path, SQL.format(query=query), "sqlite:///crm.db")
    people(house)
    run = house.run("doctor", now=NOW)
    assert run.status == 1
    (line,) = told(run, "readers")
    assert line.startswith(f"readers crm: {expected}")


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_not_taken_says_where_it_stands(tmp_path: Path, status: int) -> None:
    with HttpServer(Answer(status)) as server:
        table = f'\n[[readers]]\nkey = "crm"\nkind = "json"\nurl = "{server.url}/all"\n'
        run = house_with(tmp_path, table, "hush").run("doctor", now=NOW)
    (line,) = told(run, "readers")
    assert run.status == 1
    assert line.startswith(f"crm: {server.url}/all: refused ({status})")
    assert line.endswith(f"; it stands in {NAME}")
    assert "hush" not in line


def test_a_place_that_is_empty_is_held(tmp_path: Path) -> None:
    house = house_with(tmp_path, SQL.format(query=ALL), "sqlite:///crm.db")
    people(house, *((number, f"r{number}@example.org", "") for number in range(5)))
    house.run("readers", "sync", now=NOW)
    people(house)
    run = house.run("doctor", now=NOW)
    assert run.status == 3
    (line,) = problems(run)
    assert line.startswith("crm: ")
    assert "--allow-gone" in line
