"""A dry run says what the real one will do, and leaves everything as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands.main import main
from tests.commands.house import House, Run, built
from tests.servers.postgres import KINDS

SIX = "2026-03-10T06:01"


def _files(root: Path) -> dict[str, bytes]:
    """Every file but the database's own, which is opened, and what only reading leaves beside it."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not path.name.startswith("standfirst.db")
    }


def test_it_says_what_the_real_run_does(tmp_path: Path) -> None:
    house = built(tmp_path / "quay")
    house.article("bridge")
    house.readers("free@example.org,free,", "paid@example.org,paid,")
    before = _files(house.root)
    dry = house.run("--dry-run", now=SIX)
    assert _files(house.root) == before
    real = house.run(now=SIX)
    for name, fact in (
        ("sync", "new"),
        ("feeds", "written"),
        ("digest", "subject"),
        ("digest", "stories"),
        ("deliver", "readers"),
    ):
        assert dry.step(name)[fact] == real.step(name)[fact], (name, fact)
    assert (dry.status, real.status) == (0, 0)
    assert len(house.mails("daily-2026-03-10")) == 2


def test_it_works_on_a_newsroom_that_has_no_database_yet(tmp_path: Path) -> None:
    house = built(tmp_path / "quay")
    house.article("bridge")
    dry = house.run("--dry-run", now=SIX)
    assert (dry.status, dry.step("sync")["new"]) == (0, 1)
    assert not (house.root / "standfirst.db").exists()


def test_what_only_looks_looks_as_ever(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    house = built(tmp_path / "quay")
    house.article("bridge")
    house.readers("free@example.org,free,", "paid@example.org,paid,")
    house.run(now=SIX)
    before = _files(house.root)
    for words in ("status", "status daily-2026-03-10", "why bridge", "doctor"):
        dry, real = (house.run(*more, *words.split(), now=SIX) for more in (["--dry-run"], []))
        assert (dry.status, dry.errors) == (real.status, real.errors), words
        assert [line | {"time": ""} for line in dry.lines] == [line | {"time": ""} for line in real.lines]
    assert _files(house.root) == before
    assert house.run("--dry-run", "preview", "--last", now=SIX).status == 0
    assert main(["--config", str(house.config), "--dry-run", "readers", "show", "free@example.org"]) == 0
    assert "free@example.org" in capsys.readouterr().out


@pytest.mark.parametrize(("command", "done"), [("digest", "stored"), ("deliver", "handed over")])
def test_where_nothing_is_due_that_is_said(tmp_path: Path, command: str, done: str) -> None:
    house = built(tmp_path / "quay")
    run = house.run("--dry-run", command, now="2026-03-10T15:00")
    (step,) = run.steps(command)
    assert (run.status, step["due"], step["dry_run"]) == (0, "nothing", f"nothing was {done}")


AHEAD = "2026-03-10T05:40"
KEY = "daily-2026-03-10"


@pytest.fixture(params=KINDS)
def composed(request: pytest.FixtureRequest, tmp_path: Path) -> House:
    """An edition that is composed ahead of its hour, in a database of either kind."""
    house = built(tmp_path / "quay")
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").fresh()
        secrets = 'secrets = "secrets.env"'
        text = house.config.read_text(encoding="utf-8")
        house.config.write_text(text.replace(secrets, f'{secrets}\ndatabase = "{url}"'), encoding="utf-8")
    house.article("bridge")
    house.article("museum", "culture", access="free")
    house.readers(*(f"paid{number}@example.org,paid," for number in range(60)))
    house.run("digest", "daily", now=AHEAD)
    return house


def test_each_command_is_tried_on_either_database(composed: House) -> None:
    house = composed

    def dry(*arguments: str, now: str = AHEAD) -> Run:
        run = house.run(*arguments, "--dry-run", now=now)
        assert run.status == 0, (arguments, run.lines, run.errors)
        return run

    assert dry("hold", KEY).step("hold")["held"]
    assert dry("release", KEY, "--at-once").step("release")["state"] == "composed"
    assert dry("stop", KEY).step("stop")["state"] == "stopped"
    assert dry("edit", KEY, "--subject", "Another").step("edit")["subject"] == "Another"
    assert dry("ramp", "--start").step("ramp")["days"] == 1
    assert dry("deliver", now=SIX).step("deliver")["readers"] == 60
    for words in ("", "sync", "feeds", "digest", f"readers import {house.root / 'readers.csv'}"):
        dry(*words.split(), now=SIX)
    assert dry("move-here").step("move-here")["dry_run"] == "nothing was changed"
    stops = dry("readers", "import", str(house.root / "readers.csv"), "--suppress", "--reason", "bounced")
    assert stops.step("suppress")["dry_run"] == "nothing was written"
    # What a run makes missed is said once, and stays as it is.
    late = house.run("--dry-run", now="2026-03-10T12:00")
    assert (late.status, len([one for one in late.lines if KEY in str(one.get("message"))])) == (1, 1)
    # It makes this edition missed, to see what the next one would have.
    assert house.run("preview", "daily", "--at", "2026-03-11T06:00", now=AHEAD).status == 0
    # None of it was done.
    house.run("stop", KEY, now=AHEAD)
    assert dry("resume", KEY).step("resume")["state"] == "composed"
    house.run("resume", KEY, now=AHEAD)
    assert house.run("deliver", now=SIX).step("deliver")["accepted"] == 60
    assert (
        dry("resend", KEY, "--only", "paid7@example.org", now="2026-03-10T12:00").step("resend")["readers"]
        == 1
    )
    bounced = house.root / "bounced.csv"
    bounced.write_text("address\npaid7@example.org\n", encoding="utf-8")
    house.run("readers", "import", str(bounced), "--suppress", "--reason", "bounced", now="2026-03-10T12:00")
    for _ in range(2):
        assert (
            dry("readers", "lift", "paid7@example.org", now="2026-03-10T12:00").step("lift")["was"]
            == "bounced"
        )
