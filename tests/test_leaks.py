"""No paid word in any byte that is published, mailed, logged or raised: words planted, and looked for."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commands.main import main
from newsroom.database import engine_for
from tests.commands.house import House, built

SIX = "2026-03-10T06:01"
PLANTED = re.compile(r"zq[a-z]+qz")

# Where in a file a paid word may stand so that something chokes on it.
TEXTS = [
    "zqfirstqz is the first word.\n\nAnd zqsecondqz in the second block.",
    "# zqtitleqz\n\n- zqitemqz\n- another\n\n> zqquoteqz",
    "One block, zqbriefqz.",
    "<script>zqscriptqz</script> <b zqattributeqz='x'>bold</b> [zqlinkqz](javascript:zqhrefqz)",
    "![zqaltqz](zqfileqz.jpg)\n\n![x](https://quay.example/zqaddressqz.jpg)",
    "| zqcellqz |\n|---|\n| x |\n\n```\nzqcodeqz\n```",
]
FRONTS = [
    'headline: "A story {}"\npublished: 2026-03-10 05:00',
    'headline: "A story {}"\npublished: 2026-03-10 05:00\nteaser: What everybody may read.',
    'headline: "A story {}"\npublished: 2026-03-10 05:00\nlabel: Opinion\nsensitive: true',
    'headline: "A story {}"\npublished: 2026-03-11 05:00',
    'headline: "A story {}"',
    "headline: A story: {}\npublished: 2026-03-10 05:00",
    "no keys at all {}",
    'headline: "A story {}"\npublished: 31 February\nid: tag:x:same',
    'headline: "A story {}"\npublished: 2026-03-10 05:00\nid: tag:x:same',
]


def said(house: House, *arguments: str) -> str:
    """Everything that a command says, whatever becomes of it."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        main(["--config", str(house.config), "--now", SIX, *arguments])
    return out.getvalue() + err.getvalue()


def published(house: House) -> str:
    """Every byte that anybody could be shown."""
    folders = ("public", "outbox", "preview")
    paths = [path for name in folders for path in (house.root / name).rglob("*") if path.is_file()]
    return "\n".join(path.read_bytes().replace(b"=\r\n", b"").decode("latin-1") for path in paths)


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(FRONTS), st.sampled_from(TEXTS)), min_size=3, max_size=8))
def test_no_paid_word_is_shown_whatever_the_files_are(
    tmp_path_factory: pytest.TempPathFactory, files: list[tuple[str, str]]
) -> None:
    house = built(tmp_path_factory.mktemp("leaks") / "quay")
    house.article("plain", body="zqplainqz first.\n\nzqplaintooqz second.")
    for number, (front, text) in enumerate(files):
        path = house.root / "articles" / "politics" / f"story-{number}.md"
        path.write_text(f"---\n{front.format(number)}\n---\n{text}\n", encoding="utf-8")
    house.readers("free@example.org,free,", "paid@example.org,paid,")
    words = said(house) + said(house, "--log", "json") + said(house, "preview")
    words += said(house, "status", "daily-2026-03-10") + said(house, "why", "plain", "daily-2026-03-10")
    words += said(house, "doctor", "--paywall") + said(house, "sync", "--write-ids")
    assert "A story" in published(house) or "The plain story" in published(house)
    assert PLANTED.findall(words + published(house)) == []


def test_an_error_of_the_database_shows_nothing_of_what_it_was_about(tmp_path: Path) -> None:
    engine = engine_for(f"sqlite:///{tmp_path / 'one.db'}")
    with engine.begin() as connection:
        connection.execute(sa.text("create table texts (id integer primary key, body text)"))
        row = {"id": 1, "body": "zqbodyqz"}
        connection.execute(sa.text("insert into texts values (:id, :body)"), row)
        with pytest.raises(sa.exc.IntegrityError) as caught:
            connection.execute(sa.text("insert into texts values (:id, :body)"), row)
    assert "zqbodyqz" not in str(caught.value)


@pytest.mark.parametrize(
    "place", ["content.store.insert", "feeds.files.publish_feed", "newsletter.rendering.render.render"]
)
@pytest.mark.parametrize("error", [ValueError, OSError, KeyError])
def test_a_fault_of_ours_shows_no_word_of_what_it_met(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, error: type[Exception]
) -> None:
    house = built(tmp_path / "quay")
    house.article("plain", body="zqplainqz first.\n\nzqplaintooqz second.")
    house.readers("free@example.org,free,")

    def failing(*_arguments: Any, **_options: Any) -> None:
        raise error("cannot work with zqraisedqz")

    monkeypatch.setattr(place, failing)
    words = said(house) + said(house, "--log", "json")
    assert PLANTED.findall(words) == []
    assert "Traceback" not in words
