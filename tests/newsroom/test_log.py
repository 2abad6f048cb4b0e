"""What a run says, and what it never says."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsroom import log

KEY = "0123456789abcdef0123456789abcdef"
PASSWORD = 'pa"ss\\w/örd'


@pytest.fixture(autouse=True)
def quiet_again() -> Iterator[None]:
    yield
    log.configure("text")


def _said(format: str, *secrets: str) -> io.StringIO:  # noqa: A002 (the option's name)
    stream = io.StringIO()
    log.configure(format, secrets=secrets, stream=stream)
    return stream


def test_a_step_is_one_line_for_a_person() -> None:
    out = _said("text")
    log.step("feeds", feeds=12, written=1234, nothing=None, empty="", seconds=0.34, dry_run=True)
    assert out.getvalue() == "feeds      feeds 12, written 1,234, dry run yes  (0.3 s)\n"


def test_a_step_is_one_object_for_a_log() -> None:
    out = _said("json")
    log.step(
        "feeds", feeds=12, path=Path("/x"), when=datetime(2026, 3, 10, tzinfo=UTC), seconds=0.3456, a=None
    )
    log.problem("sync", "a\nb", level="warning", article="x.md", keys=("a", "b"))
    first, second = map(json.loads, out.getvalue().splitlines())
    assert datetime.fromisoformat(first.pop("time")).tzinfo is not None
    assert first == {
        "level": "info",
        "step": "feeds",
        "feeds": 12,
        "path": "/x",
        "when": "2026-03-10T00:00:00+00:00",
        "seconds": 0.346,
    }
    assert (second["level"], second["message"], second["keys"]) == ("warning", "a\nb", ["a", "b"])


@pytest.mark.parametrize("format", ["text", "json"])
@pytest.mark.parametrize(
    ("text", "hidden", "shown"),
    [
        ("to ann@example.org now", "ann", "to [address] now"),
        ('"ann@example.org"', "ann", '"[address]"'),
        ("<ann.de+x@mail.example.org>", "ann", "<[address]>"),
        ("zoë@exämple.org, bob@b.org", "zoë", "[address], [address]"),
        ("https://x.org/unsubscribe/AmsyMQBkYWlu, twice", "AmsyMQ", "/unsubscribe/[token], twice"),
        ("/private/AmsyMQ/politics.rss", "AmsyMQ", "/private/[token]/politics.rss"),
        (f"key {KEY}.", KEY, "key [secret]."),
        (f"key {KEY.upper()}.", KEY.upper(), "key [secret]."),
        (f"login with {PASSWORD} failed", PASSWORD, "login with [secret] failed"),
    ],
)
def test_addresses_tokens_and_secrets_are_masked(format: str, text: str, hidden: str, shown: str) -> None:  # noqa: A002
    out = _said(format, KEY, PASSWORD, PASSWORD[:6])
    log.problem("web", text, fact=text, several=[text], inner={"a": (text,)})
    line = out.getvalue()
    assert hidden not in line
    said = json.loads(line)["message"] if format == "json" else line
    assert shown in said


@given(st.text(max_size=80), st.dictionaries(st.text(max_size=8), st.text(max_size=40), max_size=3))
def test_a_json_line_is_one_line_of_json_whatever_it_says(text: str, facts: dict[str, Any]) -> None:
    out = _said("json", KEY, PASSWORD)
    log.problem("x", f'{text} "ann@example.org" {text}', inner=facts)
    (line, rest) = out.getvalue().split("\n")
    assert rest == ""
    assert isinstance(json.loads(line), dict)
    assert "ann@" not in line


def test_libraries_that_log_whole_requests_are_kept_quiet() -> None:
    log.configure("text")
    for name in ("python_http_client", "httpx2", "urllib3"):
        assert not logging.getLogger(name).isEnabledFor(logging.DEBUG)


def test_one_line_without_colour_or_tricks_where_nobody_looks() -> None:
    out = _said("text")
    log.problem("sync", "broken\n\x1b[31m\u202etwice")
    assert out.getvalue() == "sync       error: broken [31m twice\n"
