"""Dates in every form that people write, and what is said of those that are none."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.sources.field_reader import FieldReader
from content.sources.front_matter import split

GHENT = ZoneInfo("Europe/Brussels")


def _reader(front: str) -> FieldReader:
    return FieldReader(split(f"---\n{front}\n---\n")[0], "a.md")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-10T06:00:00+01:00", "2026-03-10T05:00"),
        ("2026-03-10T06:00+0100", "2026-03-10T05:00"),
        ("2026-03-10T06:00-05", "2026-03-10T11:00"),
        ("2026-03-10T06:00Z", "2026-03-10T06:00"),
        ("2026-03-10 06:00:30.25 Z", "2026-03-10T06:00:30"),
        # Without a zone it is the newsroom's own, with its summer.
        ("2026-03-10 06:00", "2026-03-10T05:00"),
        ("2026-07-10 6:00", "2026-07-10T04:00"),
        ("'2026-07-10'", "2026-07-09T22:00"),
        ("2026-03-10", "2026-03-09T23:00"),
    ],
)
def test_a_moment(text: str, expected: str) -> None:
    reader = _reader(f"published: {text}")
    assert reader.moment(GHENT, "published") == datetime.fromisoformat(expected).replace(tzinfo=UTC)
    assert not reader.problems


def test_the_last_day_of_a_booking_counts_whole_and_the_day_the_clocks_change_too() -> None:
    reader = _reader("run_until: 2026-03-29\nother: 2026-03-10 09:00")
    last = reader.moment(GHENT, "run_until", end_of_day=True)
    assert last == datetime(2026, 3, 29, 21, 59, 59, 999999, tzinfo=UTC)
    assert reader.moment(GHENT, "other", end_of_day=True) == datetime(2026, 3, 10, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-31",
        "2026-02-31 06:00",
        "tomorrow",
        "10.3.2026",
        "20260310",
        "2026-W10-2",
        "2026-03-10T25:00",
        "2026-03-10T06:00+99:00",
        "0001-01-01",
        "9999-12-31",
        "[2026-03-10]",
        "{a: 1}",
        "1e9",
        '"2026-03-10\\n06:00"',
    ],
)
def test_what_is_no_moment_names_its_place_and_not_its_text(text: str) -> None:
    reader = _reader(f"label: x\npublished: {text}")
    assert reader.moment(GHENT, "published") is None
    (problem,) = reader.problems
    assert problem.place == "a.md:3:12"
    assert problem.severity == "error"
    assert reader.refused
    assert text not in problem.message


@given(st.text(max_size=30))
def test_any_text_is_a_moment_or_a_problem(text: str) -> None:
    quoted = text.translate({ord(mark): None for mark in '"\\'}).replace("---", "")
    reader = _reader(f'published: "{quoted}"')
    assert (reader.moment(GHENT, "published") is None) == reader.refused


def test_flags_and_numbers() -> None:
    reader = _reader("a: yes\nb: False\nc: maybe\nd: 3\ne: 0\nf: -1\ng: [true]\nh: ٣")
    assert [reader.flag(key) for key in "abz"] == [True, False, False]
    assert reader.number("d") == 3
    assert not reader.refused
    assert not reader.flag("c")
    assert [reader.number(key) for key in "efh"] == [None] * 3
    assert not reader.flag("g")
    assert [problem.place for problem in reader.problems] == [
        "a.md:4:4",
        "a.md:6:4",
        "a.md:7:4",
        "a.md:9:4",
        "a.md:8:4",
    ]


def test_lines_and_lists() -> None:
    reader = _reader(
        'headline: "one\\n two\\u0007"\nauthors: [ A , B, A, ""]\nauthor: C\nx: [[1]]\nlong: abcdef'
    )
    assert reader.line("headline") == "one two"
    assert [value for value, _ in reader.lines("authors", "author")] == ["A", "B"]
    assert [value for value, _ in reader.lines("author")] == ["C"]
    assert [problem.severity for problem in reader.problems] == ["warning"]
    assert reader.lines("x") == ()
    assert reader.line("authors") == ""
    assert reader.line("long", longest=5) == "abcdef"
    assert [problem.place for problem in reader.problems[1:]] == ["a.md:5:5", "a.md:3:10", "a.md:6:7"]


def test_an_unknown_key_is_guessed_at_but_never_named() -> None:
    reader = _reader("Headlin: x\nzirkelmoos: y\nlabel: z")
    reader.check_keys({"headline", "label"})
    assert [problem.place for problem in reader.problems] == ["a.md:2:1", "a.md:3:1"]
    assert 'did you mean "headline"?' in reader.problems[0].message
    assert "zirkelmoos" not in reader.problems[1].message
