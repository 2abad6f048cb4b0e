"""An editor's words of a story that has gone: told by headline while there is time, and to nobody later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.house import House, Run, built
from tests.servers.http import Answer, HttpServer

AHEAD, BEFORE, AGAIN, SIX = (f"2026-03-10T{hour}" for hour in ("05:40", "05:50", "05:55", "06:01"))
KEY = "daily-2026-03-10"
STAYS = "the note stays as it was written: see whether it speaks of"


@pytest.fixture
def hook() -> Iterator[HttpServer]:
    """Where the operator is told."""
    with HttpServer(Answer(200)) as server:
        yield server


@pytest.fixture
def house(tmp_path: Path, hook: HttpServer) -> House:
    """An edition with a subject and a note by hand, ahead of its hour."""
    house = built(tmp_path / "quay", more=f'[alerts]\nwebhook = "{hook.url}"\n')
    for number, name in enumerate(("bridge", "tram", "canal"), 1):
        house.article(name, rank=number)
    house.readers("paid@example.org,paid,")
    house.run("digest", "daily", now=AHEAD)
    note = house.root / "note.md"
    note.write_text("Mind the bridge.", encoding="utf-8")
    house.run("edit", KEY, "--subject", "Ours", "--note", str(note), now=AHEAD)
    return house


def gone(house: House, name: str) -> None:
    (house.root / "articles" / "politics" / f"{name}.md").unlink()


def about(run: Run) -> list[str]:
    """What the run says of the edition."""
    return [said for said in run.problems if said.startswith(KEY)]


def told(hook: HttpServer) -> list[str]:
    return [request.json["text"] for request in hook.requests]


def test_it_is_told_once_while_other_words_can_be_written(house: House, hook: HttpServer) -> None:
    gone(house, "bridge")
    first = house.run(now=BEFORE)
    until = f"`edit {KEY}` takes another until 06:00"
    given_up = "the subject written by hand is given up with “The bridge story”, which is out of it"
    said = [
        f"{KEY}: {given_up}; the rule makes one; {until}",
        f"{KEY}: {STAYS} “The bridge story”, out of it now; {until}",
    ]
    assert (first.status, first.problems) == (0, said)
    assert told(hook) == ["The Quay: " + "\n\n".join(said)]
    assert house.run(now=AGAIN).problems == said
    assert len(told(hook)) == 1
    # Once somebody has looked, it is over.
    (house.root / "note.md").write_text("Mind the tram.", encoding="utf-8")
    house.run("edit", KEY, "--note", str(house.root / "note.md"), now=AGAIN)
    assert house.run(now=AGAIN).problems == []
    assert about(house.run(now=SIX)) == []


def test_of_one_that_is_held_it_is_told_as_long_as_it_is(house: House) -> None:
    house.run("hold", KEY, now=AHEAD)
    gone(house, "tram")
    (line,) = [one for one in house.run(now=SIX).problems if "the note" in one]
    assert "“The tram story”" in line and line.endswith("takes another while it is held")


def test_when_it_goes_out_the_run_says_so_and_nobody_else_is_told(house: House, hook: HttpServer) -> None:
    gone(house, "tram")
    run = house.run(now=SIX)
    assert (run.status, run.step("deliver")["accepted"]) == (0, 1)
    assert about(run) == [f"{KEY}: {STAYS} “The tram story”, out of it now"]
    assert told(hook)[-1].startswith(f"The Quay: {KEY} is handed over: 1 accepted")
    assert "note stays" not in "".join(told(hook))
    (log,) = [
        line["what"]
        for line in house.run("status", KEY, now=SIX).steps("log")
        if "note stays" in line["what"]
    ]
    assert "see whether it speaks of tag:quay.example,2026:articles/politics/tram" in log


def test_an_edition_without_words_of_an_editors_is_told_of_nothing(tmp_path: Path) -> None:
    house = built(tmp_path / "quay")
    house.article("bridge", rank=1)
    house.article("tram", rank=2)
    house.readers("paid@example.org,paid,")
    house.run("digest", "daily", now=AHEAD)
    gone(house, "bridge")
    assert house.run(now=BEFORE).problems == []
