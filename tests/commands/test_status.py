"""`status`: what it shows of a real morning, and that it changes nothing."""

from __future__ import annotations

import os
import shutil
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from commands.main import main
from commands.waits import commands_in
from newsroom import locks
from newsroom.database import engine_for, writing
from newsroom.tables import locks as table
from tests.commands.house import House, built
from tests.servers.http import refusing_url

SIX = "2026-03-10T06:01"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A newsroom with one story and two readers."""
    house = built(tmp_path / "quay")
    house.article("bridge")
    house.readers("free@example.org,free,,", "paid@example.org,paid,,")
    return house


def shown(
    house: House, capsys: pytest.CaptureFixture[str], *arguments: str, now: str = SIX, status: int = 0
) -> str:
    """What a person reads."""
    capsys.readouterr()
    assert main(["--config", str(house.config), "--now", now, "status", *arguments]) == status
    return capsys.readouterr().out


def words(text: str) -> str:
    """The same without its line breaks."""
    return " ".join(text.split())


def test_the_overview_has_the_sum_and_the_next_hour(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert "No edition yet." in shown(house, capsys)
    house.run(now=SIX)
    page = shown(house, capsys)
    row = next(line for line in page.splitlines() if line.startswith("daily-2026-03-10"))
    assert row.split() == ["daily-2026-03-10", "sent", "06:01", "2", "=", "2", "accepted"]
    assert "daily-2026-03-11   Wednesday 2026-03-11 06:00" in page
    assert "delivered" not in page
    assert "\x1b" not in page


@pytest.mark.parametrize("width", [80, 120, None])
def test_a_key_is_never_broken_and_a_reason_stands_in_its_row(
    house: House, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int | None
) -> None:
    if width:
        monkeypatch.setenv("COLUMNS", str(width))
    else:
        monkeypatch.delenv("COLUMNS", raising=False)
    house.run(now=SIX)
    house.article("tunnel", published="2026-03-10T10:00:00+01:00")
    house.run("sync", now="2026-03-10T11:00")
    house.run("digest", "daily", "--extra", "election-night-special", now="2026-03-10T11:00")
    house.run(now="2026-03-10T11:05")
    house.run(now="2026-03-11T06:01")
    house.run(now="2026-03-12T12:00")
    page = shown(house, capsys, now="2026-03-12T12:05")
    lines = page.splitlines()
    keys = (
        "daily-2026-03-12",
        "daily-2026-03-11",
        "daily-2026-03-10-election-night-special",
        "daily-2026-03-10",
    )
    missed, skipped, extra, first = (
        next(line for line in lines if line.split()[:1] == [key]) for key in keys
    )
    assert missed.split()[1:4] == ["missed", "no", "run"]
    assert skipped.split()[1:5] == ["skipped", "no", "new", "story"]
    assert extra.split()[1:4] == ["sent", "11:05", "2"]
    assert first.split()[1:3] == ["sent", "06:01"]
    assert "within 3 h after its hour" in words(page) or width == 80
    assert max(map(len, lines)) <= (width or 160)


def test_one_edition_says_what_is_in_it(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("canal", "tunnel", "quay", "ferry"):
        house.article(name)
    house.run(now=SIX)
    page = shown(house, capsys, "daily-2026-03-10")
    said = page.split()
    assert said[said.index("together") : said.index("together") + 4] == ["together", "2", "candidates", "2"]
    assert "Subject      The bridge story" in page
    assert "Lead\n  bridge  The bridge story\nPolitics\n  canal   The canal story\n" in page
    assert "No room was left for\n  tunnel  The tunnel story (Politics is full" in page
    assert "Batches: " in page
    assert "first batch handed over to outbox" in page
    # What is shown is what `edit` takes.
    house.article("lock", published="2026-03-10T20:00:00+01:00")
    house.article("weir", published="2026-03-10T20:00:00+01:00")
    house.run("sync", now="2026-03-10T21:00")
    house.run("digest", "daily", now="2026-03-10T21:00")
    facts = house.run("status", "daily-2026-03-11", now="2026-03-10T21:00").step("status")
    lead, *others = facts["stories"]
    assert (lead["place"], lead["story"]) == ("Lead", "lock")
    assert others
    for one in others:
        run = house.run("edit", "daily-2026-03-11", "--drop", one["story"], now="2026-03-10T21:05")
        assert run.status == 0


def test_one_reader_and_what_waits(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    house.run(now=SIX)
    reader = shown(house, capsys, "--reader", "Paid@Example.org")
    assert "accepted" in reader
    assert "paid@example.org" not in reader.lower()
    assert shown(house, capsys, "--problems") == "Nothing waits for you.\n"
    house.article("tunnel", published="2026-03-10T20:00:00+01:00")
    house.run("sync", now="2026-03-10T21:00")
    house.run("digest", "daily", now="2026-03-10T21:00")
    house.run("hold", "daily-2026-03-11", "--why", "the lawyer reads it", now="2026-03-10T21:00")
    waits = shown(house, capsys, "--problems", status=3)
    assert waits.splitlines()[:4] == [
        "What waits for you",
        "daily-2026-03-11  held",
        "    the lawyer reads it",
        "    python send.py release daily-2026-03-11",
    ]
    # The overview shows the same, and showing it is no failure.
    assert "the lawyer reads it" in shown(house, capsys)


def test_a_held_source_waits(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    house.run(now=SIX)
    (house.root / "articles").rename(house.root / "elsewhere")
    (house.root / "articles").mkdir()
    assert house.run(now="2026-03-10T07:00").status == 3
    waits = shown(house, capsys, "--problems", status=3)
    assert waits.count("source articles  held") == 1
    assert "    python send.py sync --allow-withdrawals\n" in waits
    # The run noted it too: it is said once.
    assert "failed" not in waits


def test_a_source_in_error_waits(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    (house.root / "articles").rename(house.root / "elsewhere")
    assert house.run(now="2026-03-10T05:00").status == 1
    waits = shown(house, capsys, "--problems", status=3)
    assert waits.count("source articles  cannot be read") == 1
    assert "mount it" in waits
    assert "failed" not in waits


def test_a_broken_article_waits_until_a_run_has_seen_it_mended(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = house.broken("bad")
    assert house.run(now="2026-03-10T05:00").status == 1
    waits = shown(house, capsys, "--problems", status=3)
    assert "sync  failed, since 2026-03-10 05:00" in waits
    assert "bad.md" in waits
    bad.unlink()
    house.run(now="2026-03-10T05:05")
    assert shown(house, capsys, "--problems") == "Nothing waits for you.\n"


def test_a_clone_waits_for_a_word(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    house.run(now=SIX)
    clone = House(house.root.parent / "clone")
    shutil.copytree(house.root, clone.root)
    waits = shown(clone, capsys, "--problems", status=3)
    assert "witness  objects" in waits
    assert "    python send.py move-here\n" in waits


def test_who_looks_makes_no_database_in_the_place_of_one_that_is_gone(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.run(now=SIX)
    database = house.root / "standfirst.db"
    database.rename(house.root / "elsewhere.db")
    for arguments in (
        ["status"],
        ["status", "--problems"],
        ["why", "bridge", "daily-2026-03-10"],
        ["preview"],
    ):
        assert main(["--config", str(house.config), "--now", SIX, *arguments]) == 3
        assert "the database is gone" in capsys.readouterr().err
    assert not database.exists()


def test_a_full_disk_waits_for_a_person(
    house: House, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    house.run(now=SIX)
    assert "Nothing waits for you." in shown(house, capsys, "--problems")
    monkeypatch.setattr("commands.waiting.shutil.disk_usage", lambda _: SimpleNamespace(free=0))
    page = words(shown(house, capsys, "--problems", status=3))
    assert "0 KB are left on the disk of standfirst.db" in page


def test_a_stuck_lock_is_named(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    long_ago = datetime.now(UTC) - locks.STALE - timedelta(minutes=1)
    engine = engine_for(f"sqlite:///{house.root / 'standfirst.db'}")
    with writing(engine) as connection:
        connection.execute(
            sa.insert(table).values(
                name="feeds", owner="x", host=socket.gethostname(), pid=os.getpid(), taken=long_ago,
                heartbeat=long_ago,
            )
        )  # fmt: skip
    assert house.run(now="2026-03-10T05:00").status == 3
    waits = shown(house, capsys, "--problems", status=3)
    assert "lock feeds  stuck" in waits
    assert words(waits).count("a run seems stuck") == 1


def test_an_edition_that_cannot_go_out_waits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with refusing_url() as url:
        house = built(tmp_path / "quay", more='[delivery]\nprovider = "smtp"', public_url=url)
        house.article("bridge")
        house.readers("free@example.org,free,")
        assert house.run(now=SIX).status == 2
        waits = words(shown(house, capsys, "--problems", now="2026-03-10T06:05", status=3))
        assert "deliver failed" in waits
        assert "does not answer" in waits
        assert "overdue" not in waits
        later = shown(house, capsys, "--problems", now="2026-03-10T06:20", status=3)
    assert "daily-2026-03-10  overdue, since 2026-03-10 06:00" in later
    assert "    python send.py deliver\n" in later
    assert "overdue" in shown(
        house, capsys, "daily-2026-03-10", "--problems", now="2026-03-10T06:20", status=3
    )


def test_the_log_has_the_same_as_json(house: House) -> None:
    house.broken("bad")
    house.run(now=SIX)
    facts = house.run("status", now=SIX).steps("status")[0]
    assert (facts["candidates"], facts["accepted"], facts["sum_is_right"]) == (2, 2, True)
    run = house.run("status", "--problems", now=SIX)
    assert run.status == 3
    (waits,) = run.steps("status")
    assert (waits["place"], waits["needs_person"], waits["level"]) == ("sync", True, "error")
    following = house.run("status", now=SIX).step("next")
    assert (following["edition"], following["at"]) == ("daily-2026-03-11", "2026-03-11T06:00:00+01:00")


@pytest.mark.parametrize(
    "arguments", [["daily-2026-03-11"], ["--reader", "nobody@example.org"], ["--reader", "foo"]]
)
def test_what_is_not_there_is_wrong_use(house: House, arguments: list[str]) -> None:
    run = house.run("status", *arguments, now=SIX)
    assert (run.status, len(run.problems)) == (2, 1)


def test_the_commands_that_a_message_names() -> None:
    message = "Say `release` or `python send.py resend x --only refused`; not `path`, and `release` again"
    assert commands_in(message) == ("release", "resend x --only refused")
