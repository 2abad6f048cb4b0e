"""Front matter as people type it, and as nobody should."""

from __future__ import annotations

import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.sources.front_matter import Fields, FrontMatterError, Items, Text, split


def _values(text: str) -> dict[str, object]:
    def plain(node: object) -> object:
        if isinstance(node, Text):
            return node.value
        if isinstance(node, Items):
            return [plain(item) for item in node.items]
        assert isinstance(node, Fields)
        return {key.value: plain(value) for key, value in node.fields}

    fields, _ = split(text)
    value = plain(fields)
    assert isinstance(value, dict)
    return value


@pytest.mark.parametrize(
    ("front", "expected"),
    [
        ("headline: A bridge", {"headline": "A bridge"}),
        ('headline: "Court: bread"', {"headline": "Court: bread"}),
        ("headline: No", {"headline": "No"}),
        ("headline: 2026", {"headline": "2026"}),
        ("published: 2026-02-31", {"published": "2026-02-31"}),
        ("teaser: >-\n  one\n  two", {"teaser": "one two"}),
        ("authors: [A, B]", {"authors": ["A", "B"]}),
        ("image:\n  file: x.jpg\n  alt: A", {"image": {"file": "x.jpg", "alt": "A"}}),
        ("headline: ليلى 🐦", {"headline": "ليلى 🐦"}),
        ("headline: a\x07b\x00c", {"headline": "abc"}),
        ("headline: one\u2028two", {"headline": "one two"}),
        ("", {}),
        ("# only a comment", {}),
    ],
)
def test_values_stay_the_texts_that_were_written(front: str, expected: dict[str, object]) -> None:
    assert _values(f"---\n{front}\n---\nBody") == expected


def test_each_value_knows_its_place_in_the_file() -> None:
    fields, body = split("\n\n---\r\nlabel: x\r\nheadline:   The bridge\r\n---\r\n\r\nBody\r\n---\r\nmore")
    headline = fields.get("headline")
    assert isinstance(headline, Text)
    assert (headline.line, headline.column) == (5, 13)
    assert body == "Body\n---\nmore"


def test_nothing_is_no_value_and_a_quoted_one_is() -> None:
    fields, _ = split('---\na:\nb: ~\nc: null\nd: ""\n---\n')
    assert [fields.get(key) is None for key in "abcd"] == [True, True, True, False]


BOMB = "a: &a [x, x]\n" + "".join(
    f"{after}: &{after} [*{b}, *{b}]\n" for b, after in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("The quick brown fox", (1, 1), "no front matter"),
        ("", (1, 1), "no front matter"),
        ("---\nheadline: x\nbody", (1, 1), "no end"),
        ("---\nheadline: Court: bread\n---\n", (2, 16), "in quotes"),
        ("---\n\n\nheadline: [a, b\n---\n", (5, 1), "quotes"),
        ("---\nheadline: x\n\tlabel: y\n---\n", (3, 1), "tab"),
        ("---\nheadline: @x\n---\n", (2, 11), "special character"),
        ("---\na: 1\nb\nc: 2\n---\n", (3, 1), "neither a key"),
        ("---\na: 1\nb: 2\na: 3\n---\n", (4, 1), "line 2 already"),
        ("---\n- a\n---\n", (2, 1), "keys and values"),
        ("---\njust text\n---\n", (2, 1), "keys and values"),
        ("---\na: 1\n--- b\n---\n", (3, 1), "not YAML"),
        ("---\n? [a]\n: b\n---\n", (2, 3), "one word"),
        (f"---\n{BOMB}---\n", (3, 8), "alias"),
        (f"---\na: {'[' * 30_000}\n---\n", None, "deep"),
        (f"---\na: {'[' * 9}x{']' * 9}\n---\n", (2, 8), "deep"),
        (f"---\na: {'x' * 70_000}\n---\n", (2, 1), "65,536 at most"),
    ],
)
def test_what_cannot_be_read_names_its_place(text: str, place: tuple[int, int] | None, message: str) -> None:
    with pytest.raises(FrontMatterError, match=message) as caught:
        split(text)
    if place:
        assert (caught.value.line, caught.value.column) == place


@given(st.text(alphabet=string.printable + "é\u2028\x85\x00\ufeff", max_size=200))
def test_any_text_is_read_or_refused_and_never_quoted(noise: str) -> None:
    marker = "zirkelmoos"
    try:
        split(f"---\nheadline: x\n{marker} {noise} {marker}\n---\nBody")
    except FrontMatterError as error:
        assert marker not in str(error)
        assert 1 <= error.line <= noise.count("\n") + noise.count("\r") + 6
        assert error.__cause__ is None


def test_a_bomb_costs_no_time() -> None:
    begun = time.perf_counter()
    with pytest.raises(FrontMatterError):
        split(f"---\n{BOMB * 20}---\n")
    assert time.perf_counter() - begun < 2
