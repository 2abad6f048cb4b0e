"""`make demo`, as its first and its second run: what it says, what it wrote, and what it did not."""

from __future__ import annotations

import contextlib
import io
from datetime import date, datetime, time, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest

import demo.__main__ as demo
from commands.main import main
from demo.dates import ZONE, Plan, planned
from demo.leaks import found, published
from demo.setting import day_of_run, planted_words
from newsroom.settings import load


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the demo of this test's own."""
    return tmp_path_factory.mktemp("demo") / "run"


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("now", "stands", "day", "acts", "again"),
    [
        ("2026-11-28T14:40", None, "2026-11-28", "2026-11-28T06:10", False),
        ("2026-11-28T06:10", None, "2026-11-28", "2026-11-28T06:10", False),
        # Never in the future: before six it is the edition of yesterday, just after six it is now.
        ("2026-11-28T06:03", None, "2026-11-28", "2026-11-28T06:03", False),
        ("2026-11-28T05:59", None, "2026-11-27", "2026-11-27T06:10", False),
        ("2026-11-28T00:00", "2026-11-26", "2026-11-27", "2026-11-27T06:10", False),
        # Again: now, and so never behind a run that came in between.
        ("2026-11-28T14:40", "2026-11-28", "2026-11-28", "2026-11-28T14:40", True),
        ("2026-11-29T05:59", "2026-11-28", "2026-11-28", "2026-11-29T05:59", True),
        # The next day is set up anew, and so is a day that has not come yet.
        ("2026-11-29T06:00", "2026-11-28", "2026-11-29", "2026-11-29T06:00", False),
        ("2026-11-28T12:00", "2026-11-29", "2026-11-28", "2026-11-28T06:10", False),
    ],
)
def test_the_day_and_the_moment_of_a_run(
    now: str, stands: str | None, day: str, acts: str, again: bool
) -> None:
    plan = planned(_at(now), date.fromisoformat(stands) if stands else None)
    assert plan == Plan(date.fromisoformat(day), _at(acts), again)
    assert plan.acts <= _at(now)


def _bare_run(run: Path, now: datetime) -> None:
    """What somebody does who has read the last line and tries the command."""
    command = ["--config", str(run / "newsroom.toml"), "--log", "json", "--now", now.isoformat()]
    with contextlib.redirect_stdout(io.StringIO()):
        assert main(command) == 0


def test_a_morning_and_a_second_look(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "RUN", run)
    assert demo.demo() == 0
    first = capsys.readouterr().out
    assert "stories, 4 plans in " in first
    assert "120 = 108 into the outbox + 12 left out" in first
    assert "0 of 19 planted ones found" in first
    assert "1 embargoed, 1 withdrawn, 1 listed twice" in first
    day = day_of_run(run)
    assert day is not None
    assert len(list((run / "outbox" / f"daily-{day}").glob("*.eml"))) == 108
    written = {path: path.stat().st_mtime_ns for path in (run / "public").rglob("*")}

    # As late as a second look may come before the next edition: nothing has happened until then.
    _bare_run(run, datetime.combine(day + timedelta(days=1), time(5, 55), ZONE))
    assert {path: path.stat().st_mtime_ns for path in (run / "public").rglob("*")} == written
    assert demo.demo() == 0
    second = capsys.readouterr().out
    assert "not again" in second
    assert "0 files written" in second
    assert {path: path.stat().st_mtime_ns for path in (run / "public").rglob("*")} == written
    assert len(list((run / "outbox").rglob("*.eml"))) == 108


def test_no_paid_word_is_in_what_it_published(run: Path) -> None:
    files = published(run)
    assert len(files) > 150
    assert found(planted_words(), files) == {}


def test_the_search_for_paid_words_finds_them(run: Path) -> None:
    """In a body where they belong, and in a mail whatever its encoding."""
    articles = sorted((run / "articles").rglob("*.md"))
    assert len(found(planted_words(), articles)) == len(planted_words())
    mail = next((run / "outbox").rglob("*.eml"))
    leaked = mail.with_name("leaked.eml")
    word = planted_words()[0]
    spelled = "".join(f"={ord(character):02X}" for character in word)
    leaked.write_bytes(mail.read_bytes().replace(b"<body", f"<p>{spelled}</p><body".encode(), 1))
    try:
        assert list(found([word], [leaked])) == [word]
    finally:
        leaked.unlink()


def test_the_stories_of_its_mails_are_read_where_it_serves(run: Path) -> None:
    settings = load(run / "newsroom.toml", {})
    assert settings.web.gate
    assert settings.newsroom.site_url == settings.newsroom.public_url
    mail = message_from_bytes(next((run / "outbox").rglob("*.eml")).read_bytes(), policy=policy.default)
    text = mail.get_body(("plain",))
    assert text is not None
    assert f"{settings.newsroom.public_url}/articles/" in text.get_content()
