"""`make demo`, as its first and its second run: what it says, what it wrote, and what it did not."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

import demo.__main__ as demo
from demo.dates import ZONE
from demo.leaks import found, published
from demo.setting import planted_words


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the demo of this test's own."""
    return tmp_path_factory.mktemp("demo") / "run"


def test_a_morning_and_a_second_look(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "RUN", run)
    assert demo.demo() == 0
    first = capsys.readouterr().out
    assert "120 = 108 into the outbox + 12 left out" in first
    assert "0 of 19 planted ones found" in first
    assert "1 embargoed, 1 withdrawn, 1 listed twice" in first
    day = datetime.now(ZONE).date()
    assert len(list((run / "outbox" / f"daily-{day}").glob("*.eml"))) == 108
    written = {path: path.stat().st_mtime_ns for path in (run / "public").rglob("*")}

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
