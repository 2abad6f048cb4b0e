"""The subject and the preheader: length, words, graphemes, what they never quote."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.composition.subject import cut, one_line, preheader_of, subject_of
from newsletter.edition import Edits, SubjectRule
from tests import samples
from tests.newsletter.material import booking, edition, story

FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
RULE = SubjectRule("{lead}", "The Quay", "The Morning Quay", "Tuesday 10 March")
LONG = "The council votes to reopen the night ferry, a year after it was halted"


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("Short", 59, "Short"),
        ("x" * 59, 59, "x" * 59),
        (LONG, 59, "The council votes to reopen the night ferry, a year after…"),
        (LONG, 46, "The council votes to reopen the night ferry…"),  # no comma before the ellipsis
        ("Wasserstraßenverkehrsordnungsänderungsverfahren" * 2, 20, "Wasserstraßenverkeh…"),
        ("首都の古い橋が二年ぶりに開通した", 10, "首都の古い橋が二年…"),
        ("e\u0301" * 20, 10, "e\u0301" * 4 + "…"),  # nine would tear the fifth accent off
        ("abc" + FAMILY * 3, 9, "abc…"),
        ("ab" + "\U0001f1e7\U0001f1ea" * 4, 6, "ab" + "\U0001f1e7\U0001f1ea" + "…"),
        ("\U0001f44b\U0001f3fd" * 6, 6, "\U0001f44b\U0001f3fd" * 2 + "…"),
        ("\u1112\u1161\u11ab" * 5, 6, "…"),
    ],
)
def test_cut(text: str, limit: int, expected: str):
    assert cut(text, limit) == expected


@given(st.text(), st.integers(2, 80))
def test_cut_keeps_to_the_limit_and_tears_no_mark_off(text: str, limit: int):
    result = cut(text, limit)
    assert len(result) <= limit
    if result != text:
        kept = result[:-1]
        assert result.endswith("…") and text.startswith(kept)
        following = text[len(kept) : len(kept) + 1]
        assert not kept or unicodedata.category(following) not in ("Mn", "Me", "Mc")


@pytest.mark.parametrize(
    ("template", "quotable", "expected"),
    [
        ("{lead}", ("Ferry returns", "Other"), "Ferry returns"),
        ("{title}: {lead}", ("Ferry returns",), "The Morning Quay: Ferry returns"),
        ("{lead} | {second}", ("Ferry returns", "Vote moves"), "Ferry returns | Vote moves"),
        ("{lead} | {second}", ("Ferry returns",), "Ferry returns"),
        ("{name}, {date}", (), "The Quay, Tuesday 10 March"),
        ("{lead}", (), "The Morning Quay, Tuesday 10 March"),
        ("{lead}", ("·",), "The Morning Quay, Tuesday 10 March"),
        ("{lead} · {second}", ("\u200b", "\u200b"), "The Morning Quay, Tuesday 10 March"),
        ("\u200b{second}\u00ad", ("Ferry returns",), "The Morning Quay, Tuesday 10 March"),
        ("\u2800·\u00a0({second}", ("Ferry returns",), "The Morning Quay, Tuesday 10 March"),
        ("{lead}", ("{name} {lead.teaser} {0}",), "{name} {lead.teaser} {0}"),
        ("{lead}", (LONG,), "The council votes to reopen the night ferry, a year after…"),
    ],
)
def test_subject_by_rule(template: str, quotable: tuple[str, ...], expected: str):
    rule = SubjectRule(template, RULE.name, RULE.title, RULE.date)
    assert subject_of(rule, quotable) == expected


@pytest.mark.parametrize(
    ("name", "title", "date", "expected"),
    [
        (
            "The Quay & Post",
            "The Quay & Post: the morning digest",
            "Thursday, November 12, 2026",
            "The Quay & Post, Thursday, November 12, 2026",
        ),
        ("The Society for the Study of Tides", "T" * 40, "Thursday, November 12, 2026",
         "Thursday, November 12, 2026"),
        ("The Quay", "", "Tuesday 10 March", "The Quay, Tuesday 10 March"),
        ("The Quay", "The Morning Quay", "", "The Morning Quay"),
        ("The Quay " * 9, "The Morning Quay " * 4, "T" * 60,
         "The Morning Quay The Morning Quay The Morning Quay The…"),
    ],
)  # fmt: skip
def test_a_subject_that_quotes_nothing_is_whole(name: str, title: str, date: str, expected: str):
    subject = subject_of(SubjectRule("{lead}", name, title, date), ())
    assert subject == expected
    assert len(subject) < 60


def test_preheader_has_the_second_and_third_headline():
    assert preheader_of(("One", "Two", "Three", "Four")) == "Two · Three"
    assert preheader_of(("One", "Two")) == "Two" and preheader_of(("One",)) == preheader_of(()) == ""


def test_control_characters_and_lines_cannot_break_a_header():
    assert one_line("A\r\nBcc: x\0\x07\t  y\u202e\u2028z") == "A Bcc: x y z"
    assert one_line("\ud800lone") == "lone"
    assert one_line("\x08\x85\x1b") == ""
    assert one_line(FAMILY) == FAMILY


def test_of_an_edition():
    result = edition(
        story("crash", 1, rank=1, sensitive=True, headline="Three die in crash"),
        story("view", 1, label="Opinion", headline="Let the ferry go"),
        story("vote", 2),
        story("book", 3, section="culture"),
        bookings=(booking("ad", headline="Buy oysters"),),
    )
    assert result.selection.subject == "Opinion: Let the ferry go"
    assert result.selection.preheader == "The vote reopens · The book reopens"


@pytest.mark.parametrize("subject", ["\u200b\u200e", "\u00ad \u2800", "\u2067", "{second}\u200b"])
def test_an_editors_subject_of_which_nothing_is_seen_is_none(subject: str):
    chosen = edition(story("vote"), edits=Edits(subject=subject)).selection.subject
    rule = "The Morning Quay, Tuesday 10 March" if "{" in subject else samples.teaser("vote").headline
    assert chosen == rule


def test_an_editors_subject_is_theirs_whatever_its_length():
    result = edition(story("vote"), edits=Edits(subject=LONG * 2))
    assert result.selection.subject == LONG * 2
    assert (
        edition(story("vote"), edits=Edits(subject="")).selection.subject == samples.teaser("vote").headline
    )


HERONS = "118 herons, one on the roof"


@pytest.mark.parametrize(
    ("template", "quotable", "expected"),
    [
        ("صباح الخير: {lead}", (HERONS,), f"صباح الخير: \u2068{HERONS}\u2069"),
        ("صباح الخير: {lead}", ("الجسر",), "صباح الخير: الجسر"),
        ("Morning: {lead} (7)", ("الجسر",), "Morning: \u2068الجسر\u2069 (7)"),
        ("{lead} | {second}", (HERONS, "الجسر"), f"{HERONS} | \u2068الجسر\u2069"),
        ("{lead} | {second}", ("الجسر", HERONS), f"الجسر | \u2068{HERONS}\u2069"),
        # What stands alone has nothing beside it.
        ("{lead}", ("الجسر of 1 name",), "الجسر of 1 name"),
        ("{lead} | {second}", ("الجسر of 1 name",), "الجسر of 1 name"),
        ("{lead}: {second}", ("1", "2"), "1: 2"),
        ("صباح: {lead}", (LONG,), "صباح: \u2068The council votes to reopen the night ferry, a…\u2069"),
    ],
)
def test_what_is_filled_in_is_kept_apart_where_it_runs_the_other_way(
    template: str, quotable: tuple[str, ...], expected: str
):
    assert subject_of(SubjectRule(template, RULE.name, RULE.title, RULE.date), quotable) == expected


@given(
    st.lists(st.text("ab جس 12|", max_size=60), max_size=3), st.sampled_from(["{lead}|{second}", "ج {lead}"])
)
def test_what_is_kept_apart_ends_within_the_limit(quotable: list[str], template: str):
    for line, limit in (
        (subject_of(SubjectRule(template, "N", "T", "D"), quotable), 59),
        (preheader_of(quotable), 150),
    ):
        assert len(line) <= limit
        assert line.count("\u2068") == line.count("\u2069")


def test_two_headlines_of_two_directions_are_kept_apart_in_the_preheader():
    assert preheader_of(("Lead", "الجسر", HERONS)) == f"الجسر · \u2068{HERONS}\u2069"
    assert preheader_of(("Lead", "Bridge", HERONS)) == f"Bridge · {HERONS}"
    assert preheader_of(("Lead", "الجسر of 1 name")) == "الجسر of 1 name"
