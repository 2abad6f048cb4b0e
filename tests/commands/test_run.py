"""The bare run as cron calls it: a newsroom's days, told as stories."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.tables import batches
from newsroom import locks
from newsroom.database import engine_for, writing
from newsroom.errors import StoreError
from newsroom.settings import load
from tests.commands.house import House, built, html_of, text_of
from tests.servers.http import Answer, HttpServer

EVE = "2026-03-09T18:00"
SIX = "2026-03-10T06:01"
WITHOUT_ONE_CLICK = "public_url is not https: mails carry no one-click unsubscribe; only a trial may do so"


HOUSE = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def told(tmp_path: Path) -> Iterator[tuple[House, HttpServer]]:
    """A newsroom with one story whose operator is told by a webhook."""
    with HttpServer(Answer(200)) as server:
        house = built(tmp_path / "quay", more=f'[alerts]\nwebhook = "{server.url}"')
        house.article("bridge")
        house.readers(
            "free@example.org,free,", "trial@example.org,trial,2026-03-14", "paid@example.org,paid,"
        )
        yield house, server


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A newsroom with two stories, installed the evening before."""
    house = built(tmp_path / "quay")
    house.article("bridge")
    house.article("museum", "culture", access="free", published="2026-03-10T04:00:00+01:00")
    house.readers("free@example.org,free,", "trial@example.org,trial,2026-03-14", "paid@example.org,paid,")
    return house


def test_at_six_everybody_gets_one_edition_and_nobody_two(house: House) -> None:
    first = house.run(now=SIX)
    assert (first.status, first.problems) == (0, [WITHOUT_ONE_CLICK])
    assert first.step("deliver")["accepted"] == 3
    mails = house.mails("daily-2026-03-10")
    assert sorted(mails) == ["free@example.org", "paid@example.org", "trial@example.org"]
    assert {str(mail["Subject"]) for mail in mails.values()} == {"The bridge story"}
    written = {path: path.stat().st_mtime_ns for path in (house.root / "public").rglob("*")}
    second = house.run(now="2026-03-10T06:06")
    assert second.status == 0
    assert house.mails("daily-2026-03-10").keys() == mails.keys()
    assert second.step("feeds")["written"] == 0
    assert {path: path.stat().st_mtime_ns for path in (house.root / "public").rglob("*")} == written


def test_each_plan_sees_what_is_its_own(house: House) -> None:
    house.run(now=SIX)
    mails = house.mails("daily-2026-03-10")
    free, trial, paid = (mails[f"{plan}@example.org"] for plan in ("free", "trial", "paid"))
    assert "Start your trial" in html_of(free)
    assert "Subscribers" in html_of(free)
    assert "5 days" in text_of(trial)
    for mail in (paid,):
        assert "€15" not in html_of(mail) + text_of(mail)
        assert "https://quay.example/account" in html_of(mail)
    for mail in mails.values():
        assert "for those who pay" not in html_of(mail) + text_of(mail)
        assert mail["List-Unsubscribe"].startswith("<http")


def test_nothing_new_is_skipped_and_said(house: House) -> None:
    house.run(now=SIX)
    next_day = house.run(now="2026-03-11T06:01")
    assert next_day.status == 0
    assert "no new story" in next_day.step("digest")["skipped"]
    assert not (house.root / "outbox" / "daily-2026-03-11").exists()


def test_an_embargo_holds_everywhere_and_ends_by_itself(house: House) -> None:
    house.article("secret", headline="The merger", published="2026-03-10T09:00:00+01:00")
    run = house.run(now=SIX)
    assert "merger" not in str(run.lines)
    assert "The merger" not in str(house.titles("politics"))
    assert not any(
        b"merger" in path.read_bytes() for path in (house.root / "public").rglob("*") if path.is_file()
    )
    later = house.run(now="2026-03-10T09:01")
    assert house.titles("politics")[0] == "The merger"
    assert sorted(set(later.step("feeds")) & {"written"}) == ["written"]
    assert later.step("feeds")["written"] == 6


def test_a_headline_mended_before_the_hour_is_right_in_the_mail(house: House) -> None:
    house.run("sync", now="2026-03-10T05:30")
    house.run("digest", "daily", now="2026-03-10T05:40")
    house.article("bridge", headline="The bridge story, corrected")
    run = house.run(now=SIX)
    assert run.step("deliver")["accepted"] == 3
    mails = house.mails("daily-2026-03-10")
    assert {str(mail["Subject"]) for mail in mails.values()} == {"The bridge story, corrected"}


def test_a_withdrawn_story_leaves_feeds_and_the_composed_edition(house: House) -> None:
    path = house.article("regret", rank=1)
    house.article("third", "culture")
    house.article("fourth", "culture")
    house.run("sync", now="2026-03-10T05:30")
    house.run("digest", "daily", now="2026-03-10T05:40")
    path.unlink()
    house.run(now=SIX)
    mail = house.mails("daily-2026-03-10")["paid@example.org"]
    assert "regret" not in html_of(mail)
    assert str(mail["Subject"]) == "The bridge story"
    assert "The regret story" not in house.titles("politics")


def test_a_missed_hour_is_sent_late_and_then_not_at_all(house: House) -> None:
    late = house.run(now="2026-03-10T08:55")
    assert late.step("deliver")["accepted"] == 3


def test_after_latest_the_stories_go_into_the_next_edition(house: House) -> None:
    run = house.run(now="2026-03-10T09:05")
    assert any("was missed" in message for message in run.problems)
    house.run(now="2026-03-11T06:00")
    assert "The bridge story" in str(house.mails("daily-2026-03-11")["paid@example.org"]["Subject"])


def test_only_the_changed_articles_feeds_are_rewritten(house: House) -> None:
    house.run(now=SIX)
    feeds = house.root / "public" / "feeds"
    before = {path.name: path.read_bytes() for path in feeds.iterdir()}
    house.article("bridge", headline="The bridge story, again")
    house.run(now="2026-03-10T07:00")
    changed = {path.name for path in feeds.iterdir() if path.read_bytes() != before[path.name]}
    names = ("politics", "all")
    assert changed == {f"{name}.{ending}" for name in names for ending in ("rss", "atom", "json")}


def test_an_empty_folder_withdraws_nothing(house: House) -> None:
    house.run(now=SIX)
    (house.root / "articles").rename(house.root / "elsewhere")
    (house.root / "articles").mkdir()
    run = house.run(now="2026-03-10T07:00")
    assert run.status == 3
    assert house.titles("politics") == ["The bridge story"]


def test_a_restored_database_sends_nothing(house: House) -> None:
    house.run("sync", now="2026-03-10T05:00")
    database = house.root / "standfirst.db"
    copy = database.read_bytes()
    house.run(now=SIX)
    for path in house.root.glob("standfirst.db*"):
        path.unlink()
    database.write_bytes(copy)
    for path in (house.root / "outbox").rglob("*.eml"):
        path.unlink()
    run = house.run(now="2026-03-10T06:10")
    assert run.status == 3
    assert any("older than its witness" in message for message in run.problems)
    assert not house.mails("daily-2026-03-10")
    assert any("`release` then" in message or "`release`: it" in message for message in run.problems)
    released = house.run("release", now="2026-03-10T06:15")
    assert released.status == 0
    assert any(
        "daily-2026-03-10 was handed over before the database was restored" in message
        and "`resume daily-2026-03-10` hands it to everybody" in message
        for message in released.problems
    )
    # It counts as sent, and its stories as used.
    for now in ("2026-03-10T06:20", "2026-03-11T06:00"):
        again = house.run(now=now)
        assert (again.status, again.steps("deliver")) == (0, [])
    assert house.run("resume", "daily-2026-03-10", "--yes", now="2026-03-11T07:00").status == 0
    assert house.run(now="2026-03-11T07:05").step("deliver")["accepted"] == 3
    assert house.run(now="2026-03-11T07:10").steps("deliver") == []


def test_who_is_undecided_after_a_restore_in_the_middle_is_counted_until_it_is_resumed(house: House) -> None:
    key = "daily-2026-03-10"
    text = house.config.read_text(encoding="utf-8")
    house.config.write_text(f"{text}[delivery]\nmax_per_hour = 1\n", encoding="utf-8")
    assert house.run(now=SIX).step("deliver")["waiting"] == 2
    engine = engine_for(load(house.config, {}).database_url)
    with writing(engine) as connection:
        # As a run has it that is cut off.
        handed = sa.update(batches).where(batches.c.state == "accepted")
        connection.execute(handed.values(state="handed", settled=None, owner="a run that is no more"))
    engine.dispose()
    database = house.root / "standfirst.db"
    copy = database.read_bytes()
    house.run(now="2026-03-10T07:05")
    for path in house.root.glob("standfirst.db*"):
        path.unlink()
    database.write_bytes(copy)
    for more in (("--dry-run",), ()):
        released = house.run("release", *more, now="2026-03-10T07:15")
        (said,) = [message for message in released.problems if key in message and "half out" in message]
        assert "of 2 more nobody knows" in said
        assert f"`resume {key}` hands it to these 2" in said
        assert "counts as sent" not in said
    run = house.run(now="2026-03-10T07:20")
    assert (run.status, run.step("deliver")["stopped_by"]) == (0, "the restored database")
    waits = house.run("status", "--problems", now="2026-03-10T07:25")
    (line,) = waits.steps("status")
    assert (waits.status, line["trouble"], line["readers"]) == (0, "not decided", 2)
    assert line["commands"] == [f"resume {key}"]
    house.run("resume", key, "--yes", now="2026-03-10T07:30")
    left = house.run("status", "--problems", now="2026-03-10T07:31").steps("status")
    assert not any(line.get("trouble") == "not decided" for line in left)


def test_a_lost_database_is_said_and_nothing_is_read_into_the_new_one(
    told: tuple[House, HttpServer],
) -> None:
    house, server = told
    house.run(now=SIX)
    del server.requests[:]
    feeds = {path: path.read_bytes() for path in (house.root / "public").rglob("*") if path.is_file()}
    for path in house.root.glob("standfirst.db*"):
        path.unlink()
    house.article("news", published="2026-03-11T05:00:00+01:00")
    for arguments in (
        (),
        (),
        ("sync",),
        ("feeds",),
        ("digest", "daily"),
        ("deliver",),
        ("sync", "--dry-run"),
    ):
        run = house.run(*arguments, now="2026-03-11T06:00")
        assert run.status == 3, arguments
        (message,) = run.problems
        assert "the database is gone" in message
        assert "daily-2026-03-10 handed over" in message
        assert "Restore the backup, or say `release` to begin anew" in message
        assert run.steps("sync") == run.steps("feeds") == run.steps("digest") == []
    with contextlib.closing(sqlite3.connect(house.root / "standfirst.db")) as database:
        assert database.execute("SELECT count(*) FROM articles").fetchone() == (0,)
    after = {path: path.read_bytes() for path in (house.root / "public").rglob("*") if path.is_file()}
    assert after == feeds
    # Told, and told once.
    (request,) = server.requests
    assert "the database is gone" in request.json["text"]
    assert house.run("release", now="2026-03-11T06:10").status == 0
    assert house.run(now="2026-03-11T06:15").status == 0
    assert house.titles("politics")[0] == "The news story"


def test_a_cloned_newsroom_sends_nothing_until_it_is_said_to_live_there(house: House) -> None:
    house.run(now=SIX)
    clone = House(house.root.parent / "clone")
    os.system(f"cp -a {house.root} {clone.root}")  # noqa: S605 (a folder of this test's own)
    clone.article("news", published="2026-03-11T05:00:00+01:00")
    run = clone.run(now="2026-03-11T06:00")
    assert run.status == 3
    assert any("lives elsewhere" in message for message in run.problems)
    assert clone.run("move-here", now="2026-03-11T06:01").status == 0
    assert clone.run(now="2026-03-11T06:02").step("deliver")["accepted"] == 3


def test_one_bad_article_is_named_and_the_others_go_on(house: House) -> None:
    bad = house.root / "articles" / "politics" / "bad.md"
    bad.write_text("---\nheadline: [unclosed\n---\nSecret words.\n", encoding="utf-8")
    run = house.run(now=SIX)
    assert run.status == 1
    assert any("bad.md" in message for message in run.problems)
    assert "Secret" not in str(run.lines)
    assert run.step("deliver")["accepted"] == 3


def test_why_a_source_cannot_be_read_is_said_in_full_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.run("sync", now="2026-03-10T05:40")
    house.run("digest", "daily", now="2026-03-10T05:40")

    def full(*_: object, **__: object) -> None:
        raise StoreError("the database failed: No space left on device")

    monkeypatch.setattr("commands.sync.sync_source", full)
    run = house.run(now=SIX)
    # It is asked again for the edition, right before that goes out.
    assert (run.status, run.step("deliver")["accepted"]) == (1, 3)
    assert len([message for message in run.problems if "No space left" in message]) == 1
    (again,) = [message for message in run.problems if "once more" in message]
    assert "articles was asked once more: it failed as before; it goes out with what is known" in again


def test_a_read_only_feed_file_is_named_and_mail_still_goes(house: House) -> None:
    (house.root / "public" / "feeds" / "politics.rss").mkdir(parents=True)
    run = house.run(now=SIX)
    assert run.status == 1
    assert any("politics.rss" in message for message in run.problems)
    assert run.step("deliver")["accepted"] == 3


def test_a_run_before_the_hour_says_what_comes_next(house: House) -> None:
    run = house.run(now="2026-03-10T05:00")
    assert run.status == 0
    step = run.step("next")
    assert (step["edition"], step["at"]) == ("daily-2026-03-10", "2026-03-10T06:00:00+01:00")
    assert not (house.root / "outbox").exists()


def test_what_is_uncertain_is_said_by_every_run_until_somebody_settles_it(house: House) -> None:
    house.run(now=SIX)
    with contextlib.closing(sqlite3.connect(house.root / "standfirst.db")) as database, database:
        # As a provider leaves it that broke off after it had taken a message and before it said so.
        database.execute("update batches set state = 'uncertain', reason = 'cut off' where id = 1")
    for minute in (5, 10):
        run = house.run(now=f"2026-03-10T07:{minute:02}")
        assert run.status == 3
        assert [
            message for message in run.problems if "batch 1" in message and "uncertain: cut off" in message
        ]
    assert house.run("resolve", "1", "--sent", now="2026-03-10T07:15").status == 0
    assert house.run(now="2026-03-10T07:20").status == 0


def test_a_run_that_left_a_step_to_another_forgets_no_problem(told: tuple[House, HttpServer]) -> None:
    house, server = told
    house.broken("bad")
    assert house.run(now="2026-03-09T18:05").step("alert")["told"] == 1
    engine = engine_for(f"sqlite:///{house.root / 'standfirst.db'}")
    with locks.held(engine, "sync"):
        run = house.run(now="2026-03-09T18:10")
    assert run.status == 0
    assert run.step("sync")["skipped"].startswith("sync: another run has it (process ")
    assert "skipped" not in run.step("sync")["skipped"]
    again = house.run(now="2026-03-09T18:15")
    assert again.status == 1
    assert again.steps("alert") == []
    assert len(server.requests) == 1


def test_where_nobody_can_be_told_nothing_is_said_to_be(house: House) -> None:
    house.broken("bad")
    run = house.run(now="2026-03-09T18:05")
    assert run.status == 1
    assert run.steps("alert") == []


def test_many_problems_are_one_short_alert(told: tuple[House, HttpServer]) -> None:
    house, server = told
    for number in range(25):
        house.broken(f"bad-{number}")
    house.run(now="2026-03-09T18:05")
    (request,) = server.requests
    assert len(request.json["text"].split("\n\n")) == 11
    assert request.json["text"].endswith("and 15 more: python send.py status --problems")


def test_a_mistake_of_ours_is_one_problem_and_the_other_steps_go_on(
    told: tuple[House, HttpServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    house, server = told

    def broken(*_: object, **__: object) -> None:
        raise OSError(28, "ann@example.org reads The merger")

    monkeypatch.setattr("commands.feeds.publish", broken)
    run = house.run(now=SIX)
    assert run.status == 1
    (message,) = [line for line in run.problems if "mistake" in line]
    assert "OSError at " in message
    assert "merger" not in str(run.lines) + run.errors
    assert run.step("deliver")["accepted"] == 3
    assert "OSError at " in server.requests[-1].json["text"]


def test_a_traceback_is_never_shown(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("The merger")

    monkeypatch.setattr("commands.sync.sync_step", broken)
    run = house.run("sync", now=SIX)
    assert (run.status, run.errors) == (1, "")
    (line,) = run.lines
    assert (line["step"], line["level"]) == ("command", "error")
    assert (
        "RuntimeError at commands/sync.py:" in line["message"] or "RuntimeError at tests/" in line["message"]
    )
    assert "merger" not in line["message"]


def test_what_cannot_be_opened_is_told_by_every_run(told: tuple[House, HttpServer]) -> None:
    house, server = told
    database = house.root / "standfirst.db"
    for path in house.root.glob("standfirst.db*"):
        path.unlink()
    database.write_bytes(b"no database at all, but long enough for a header" * 100)
    for _ in range(2):
        run = house.run(now=SIX)
        assert run.status == 1
        assert run.step("alert")["told"] == 1
    for request in server.requests:
        assert f"restore a backup ({database})" in request.json["text"]
        assert request.json["text"].endswith("every run tells this again until it can.")
    assert len(server.requests) == 2
    assert house.run("--dry-run", now=SIX).status == 1
    assert len(server.requests) == 2


def test_a_database_of_a_newer_release_is_told(told: tuple[House, HttpServer]) -> None:
    house, server = told
    with contextlib.closing(sqlite3.connect(house.root / "standfirst.db")) as database, database:
        database.execute("update alembic_version set version_num = '9999'")
    assert house.run(now=SIX).status == 2
    assert "used by a newer release" in server.requests[0].json["text"]


FULL = """
import resource, signal, sys
from commands.main import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))
sys.exit(main(sys.argv[1:]))
"""


def test_a_full_disk_is_told_without_the_database(told: tuple[House, HttpServer]) -> None:
    """RLIMIT_FSIZE bites for root as well."""
    house, server = told
    arguments = ["--config", str(house.config), "--now", SIX, "--log", "json"]
    for _ in range(2):
        run = subprocess.run(
            [sys.executable, "-c", FULL, *arguments], cwd=HOUSE, capture_output=True, text=True, check=False
        )
        assert run.returncode == 1, run.stderr
    assert len(server.requests) == 2
    text = server.requests[0].json["text"]
    assert "its disk is full" in text
    assert str(house.root / "standfirst.db") in text
    assert text.endswith("every run tells this again until it can.")
