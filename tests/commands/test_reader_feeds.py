"""`readers feeds` as an operator gives it; who may share theirs, where the operator looks."""

from __future__ import annotations

import contextlib
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from commands.main import main
from newsroom.database import engine_for, writing
from readership import feed_uses
from readership.feed_uses import Fetched
from readership.tokens import read_feed_token
from tests.commands.house import House, built

NOW = "2026-03-09T12:00"
MOMENT = datetime(2026, 3, 9, 11, tzinfo=UTC)
KEYS = (("k1", bytes.fromhex("ab" * 32)),)


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = built(tmp_path / "quay")
    house.readers("ann@example.org,paid,", "bo@example.org,free,", "cy@example.org,paid,")
    return house


def told(house: House, *arguments: str, log: str = "json") -> tuple[int, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(["--config", str(house.config), "--log", log, "--now", NOW, *arguments])
    return status, out.getvalue() + err.getvalue()


def shown(house: House, *arguments: str) -> dict[str, Any]:
    status, text = told(house, "readers", "feeds", *arguments)
    assert status == 0, text
    value = json.loads(text.splitlines()[-1])
    assert isinstance(value, dict)
    return value


def said_for(value: dict[str, Any]) -> tuple[int, int]:
    token = value["feeds"][0]["RSS"].split("/")[4]
    said = read_feed_token(KEYS, token)
    assert said is not None
    return said


def fetch(house: House, *some: Fetched) -> None:
    engine = engine_for(f"sqlite:///{house.root / 'standfirst.db'}")
    with writing(engine) as connection:
        feed_uses.note(connection, b"k" * 32, dict.fromkeys(some, 1), MOMENT)
    engine.dispose()


def test_it_shows_every_address_of_a_reader(house: House) -> None:
    value = shown(house, "ann@example.org")
    assert [feed["title"] for feed in value["feeds"]][:2] == ["All sections", "Politics"]
    assert value["feeds"][0]["RSS"].startswith("http://127.0.0.1:8080/private/")
    assert value["feeds"][1]["JSON"].endswith("/politics.json")
    assert (value["hold"], value["may_be_shared"]) == ("whole articles", "")
    assert said_for(value) == (1, 0)
    assert shown(house, "1") == value
    assert shown(house, "bo@example.org")["hold"].startswith("whole articles that are free")


def test_it_shows_them_to_a_person_too(house: House) -> None:
    status, text = told(house, "readers", "feeds", "1", log="text")
    assert status == 0
    # Whole, and not as a log would mask it.
    assert "[token]" not in text
    assert text.count("/private/") == 3 * 4


def test_new_ones_end_the_old_ones(house: House) -> None:
    before = said_for(shown(house, "1"))
    after = shown(house, "1", "--rotate")
    assert said_for(after)[1] > before[1]
    assert shown(house, "1") == after


def test_they_are_switched_off_and_on_again(house: House) -> None:
    status, text = told(house, "readers", "feeds", "1", "--revoke")
    assert (status, "/private/" in text) == (0, False)
    assert shown(house, "1")["feeds"] == []
    assert "switched off" in told(house, "readers", "feeds", "1", log="text")[1]
    assert len(shown(house, "1", "--rotate")["feeds"]) == 4


def test_a_dry_run_changes_nothing(house: House) -> None:
    before = shown(house, "1")
    told(house, "--dry-run", "readers", "feeds", "1", "--revoke")
    assert shown(house, "1") == before


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["nobody@example.org"], "no such reader"),
        (["99"], "no such reader"),
        (["9" * 30], "readers feeds: "),
        (["a@b@c"], "readers feeds: "),
        (["1", "--rotate", "--revoke"], "allowed: one of them"),
    ],
)
def test_wrong_use_is_2_and_one_line(house: House, arguments: list[str], problem: str) -> None:
    run = house.run("readers", "feeds", *arguments, now=NOW)
    assert run.status == 2
    (line,) = run.problems
    assert problem in line


def test_an_operator_learns_who_may_share(house: House) -> None:
    fetch(
        house,
        Fetched(1, "Feedly", "", 1),
        Fetched(3, "Inoreader", "", 4),
        *(Fetched(2, "newsboat", f"198.51.{number}.0/24", 0) for number in range(6)),
    )
    run = house.run("status", "--problems", now=NOW)
    # It waits for nobody.
    assert run.status == 0
    found = {line["place"]: line for line in run.lines if line.get("trouble") == "may be shared"}
    assert set(found) == {"reader 2", "reader 3"}
    assert "Inoreader says that 4 follow one address" in str(found["reader 3"])
    assert "6 networks within 24 hours" in str(found["reader 2"])
    assert "readers feeds 3" in str(found["reader 3"])
    assert shown(house, "3")["may_be_shared"].startswith("Inoreader")
    assert shown(house, "1")["may_be_shared"] == ""
    assert "198.51" not in str(run.lines)


def test_many_of_them_are_summed_up(house: House) -> None:
    house.readers(*(f"r{number}@example.org,paid," for number in range(20)))
    fetch(house, *(Fetched(number, "Feedly", "", 2) for number in range(1, 15)))
    lines = [line for line in house.run("status", now=NOW).lines if line.get("trouble") == "may be shared"]
    assert len(lines) == 11
    assert "4 readers more" in str(lines[-1])


def test_what_is_kept_is_shown(house: House) -> None:
    fetch(house, Fetched(1, "Feedly", "", 1), Fetched(1, "newsboat", "198.51.7.0/24", 0))
    shown(house, "2", "--rotate")
    kept = json.loads(told(house, "readers", "show", "ann@example.org")[1])["feeds"]
    assert [use["agent"] for use in kept["fetched"]] == ["Feedly", "newsboat"]
    assert "198.51" not in str(kept)
    assert kept["may_be_shared"] is False
    other = json.loads(told(house, "readers", "show", "bo@example.org")[1])["feeds"]
    assert other["changed"].startswith("2026-03-09T11:00")
