"""Cutting, wrapping and isolating text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.rendering.lines import (
    clean,
    cut,
    in_rows,
    isolated,
    isolates,
    reads,
    sentence,
    unbroken,
    width,
    wrapped,
)

words = st.lists(st.text("abcé日本ء", min_size=1, max_size=12), min_size=1, max_size=40).map(" ".join)


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("Short.", 20, "Short."),
        ("One two three four five six", 20, "One two three four…"),
        ("The vote failed narrowly. The mayor resigned at noon.", 40, "The vote failed narrowly."),
        (
            "He said: “We have lost the harbour.” Then he left the room.",
            45,
            "He said: “We have lost the harbour.”",
        ),
        ("No. 7 goes first, and everybody else has to wait", 20, "No. 7 goes first…"),
        ("東京湾の入り口で船が止まった。原因は調査中である。", 20, "東京湾の入り口で船が止まった。"),
        (
            "The museum has settled its long dispute with Dr. Ruiz, who found the letters.",
            49,
            "The museum has settled its long dispute with Dr…",
        ),
        (
            "The harbour was sold for 3 million to J. Peeters and to nobody else.",
            43,
            "The harbour was sold for 3 million to J…",
        ),
        ("Unbrokenunbrokenunbroken", 10, "Unbrokenu…"),
        ("A pause – and then nothing more", 9, "A pause…"),
    ],
)
def test_a_cut_is_at_a_sentence_or_a_word(text: str, limit: int, expected: str) -> None:
    assert cut(text, limit) == expected


@given(words, st.integers(10, 60))
def test_a_cut_text_is_never_longer_than_allowed_and_is_a_beginning(text: str, limit: int) -> None:
    short = cut(text, limit)
    assert len(short) <= limit
    assert text.startswith(short.removesuffix("…"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The vote failed by a single voice. The mayor resigned.", "The vote failed by a single voice."),
        ("Dr. Ruiz found the missing letters. They are blank.", "Dr. Ruiz found the missing letters."),
        ("It is the end of a very long dispute with Dr. Ruiz. She won.",
         "It is the end of a very long dispute with Dr. Ruiz."),
        ("The bridge is closed until the end of No. 7's repair. Ferries run.",
         "The bridge is closed until the end of No. 7's repair."),
        ("It rained. So the race was held in the hall after all. Few came.",
         "It rained. So the race was held in the hall after all."),
        ("It costs 3.5 million euros a year to keep it dry. Nobody pays.",
         "It costs 3.5 million euros a year to keep it dry."),
    ],
)  # fmt: skip
def test_a_sentence_is_the_first_one(text: str, expected: str) -> None:
    assert sentence(text, 120) == expected


@given(words, st.integers(10, 72))
def test_wrapped_lines_fit_unless_a_word_does_not_and_nothing_is_lost(text: str, columns: int) -> None:
    lines = wrapped(text, columns).split("\n")
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    for line in lines:
        assert width(line) <= columns or " " not in line


def test_an_address_is_never_broken_and_a_no_break_space_holds() -> None:
    address = "https://quay.example/" + "a" * 80
    assert wrapped(f"See {address} now").split("\n") == ["See", address, "now"]
    assert wrapped("Déjà abonné\u202f?", 8).split("\n") == ["Déjà", "abonné\u202f?"]


@pytest.mark.parametrize(
    ("text", "columns"),
    [("abc", 3), ("é", 1), ("e\u0301", 1), ("日本", 4), ("🎻", 2), ("", 0), ("a\u200db", 2)],
)
def test_width_counts_columns(text: str, columns: int) -> None:
    assert width(text) == columns


def test_only_what_runs_the_other_way_is_isolated() -> None:
    assert isolated("Nele", "ltr") == "Nele"
    assert isolated("سلمى", "ltr") == "\u2068سلمى\u2069"
    assert isolated("سلمى", "rtl") == "سلمى"
    assert isolated("Nele", "rtl") == "\u2068Nele\u2069"


def test_what_is_isolated_runs_as_it_is_known_to() -> None:
    headline = "ليلى reads: “A harbour”"
    for around in ("ltr", "rtl"):
        assert list(isolates(isolated(headline, around)))[1] == (headline, "rtl")
        assert list(isolates(isolated(headline, around, "ltr")))[1] == (f"\u200e{headline}", "ltr")
    assert isolated("Nele", "rtl", "ltr") == "\u2068Nele\u2069"
    assert isolated("118", "rtl", "ltr") == "118"


def test_what_is_isolated_may_have_isolated_pieces_itself() -> None:
    subject = f"خاص: {isolated('118 herons', 'rtl')}"
    pieces = [("Subject: ", ""), (subject, "rtl"), ("", "")]
    assert list(isolates(f"Subject: {isolated(subject, 'ltr')}")) == pieces
    assert list(isolates(subject)) == [("خاص: ", ""), ("118 herons", "ltr"), ("", "")]
    # What would reach out of its place is taken away, or is no isolate.
    assert isolated("ليلى\u2069\u202e", "ltr") == "\u2068ليلى\u2069"
    assert list(isolates("\u2068ليلى")) == [("\u2068ليلى", "")]


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("€ 1.40 each", "€_1.40 each"),
        ("12 € a month", "12_€ a month"),
        ("EUR 1 200 a year, 5 % of it", "EUR_1_200 a year, 5_% of it"),
        ("for 30 USD or 40", "for 30_USD or 40"),
        ("١٢ € و ١٣", "١٢_€ و ١٣"),
        ("No. 7 of 12, in 2026", "No. 7 of 12, in 2026"),
        ("9000 Ghent", "9000 Ghent"),
        ("€", "€"),
    ],
)
def test_an_amount_is_in_one_piece(text: str, held: str) -> None:
    assert unbroken(text) == held.replace("_", "\u00a0")
    assert unbroken(unbroken(text)) == unbroken(text)


def test_no_separator_is_at_an_end_of_a_line() -> None:
    assert in_rows("Feature · Nele Verstraete · 5 min · Subscribers", 26) == (
        "Feature · Nele Verstraete\n5 min · Subscribers"
    )
    assert in_rows("One two three four · five", 9) == "One two\nthree\nfour\nfive"
    assert in_rows("One two three · four", 9) == "One two\nthree\nfour"
    assert in_rows("One · two") == "One · two"
    assert in_rows("") == ""


@given(st.lists(words, min_size=1, max_size=4).map(" · ".join), st.integers(10, 72))
def test_rows_lose_nothing_but_separators(text: str, columns: int) -> None:
    lines = in_rows(text, columns).split("\n")
    assert "".join(lines).replace("·", "").replace(" ", "") == text.replace("·", "").replace(" ", "")
    for line in lines:
        assert not line.startswith("·") and not line.endswith("·")
        assert width(line) <= columns or " " not in line


@given(st.text())
def test_clean_text_is_one_line_without_marks(text: str) -> None:
    result = clean(text)
    assert not any(ord(character) < 32 or 0xFDD0 <= ord(character) <= 0xFDEF for character in result)
    assert clean(result) == result
    result.encode()


@pytest.mark.parametrize(
    ("text", "left", "right"),
    [
        ("Bridge, 12", "ltr", "ltr"),
        ("الجسر", "rtl", "rtl"),
        ("Bridge: الجسر", "ltr", "rtl"),
        ("12 — 30", "ltr", "rtl"),
        ("", "ltr", "rtl"),
    ],
)
def test_a_text_runs_the_other_way_where_all_its_letters_do(text: str, left: str, right: str) -> None:
    assert (reads(text, "ltr"), reads(text, "rtl")) == (left, right)
