"""What is answered quickly is answered as it would be slowly."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st

from content.article import Access
from content.blank import is_blank
from content.prose import _UNSPACED, word_count
from content.sanitise import _HARMFUL, _SPACE, clean_line
from content.sources.field_reader import FieldReader
from content.sources.fields import Fields, Text
from content.sources.rules import Rules
from newsroom.masthead import Section, SectionKind
from tests import samples

_ODD = st.text(alphabet=" a\t\n\x00\x1c\x85\xa0\xad\u2028\u202e\u3000\u200d\ufeff橋é\U0001f309\ud800\uffff")


@given(st.text() | _ODD)
@example("a  b")
@example("\u3000a\u3000")
@example("\xa0a")
@example("a\tb")
@example("\u200b\u200e")
def test_a_line_is_cleaned(text):
    line = _SPACE.sub(" ", _HARMFUL.sub("", text)).strip()
    assert clean_line(text) == ("" if is_blank(line) else line)


@given(st.text() | _ODD)
def test_words_are_counted(text):
    assert word_count(text) == len(_UNSPACED.sub(" x ", text).split())


def test_a_section_is_found_by_its_key_before_a_former_one():
    sections = (
        Section("a", "A", former_keys=("b", "old")),
        Section("b", "B", former_keys=("old", "older")),
        Section("all", "All", SectionKind.LATEST, former_keys=("every",)),
    )
    rules = Rules(replace(samples.newsroom(), sections=sections), "desk", Access.PAID, "en")
    found = {key: rules.section(key) for key in ("a", "b", "old", "older", "all", "every", "c")}
    assert {key: one and one.key for key, one in found.items()} == {
        "a": "a", "b": "b", "old": "a", "older": "b", "all": None, "every": None, "c": None,
    }  # fmt: skip


def test_of_a_key_that_is_there_twice_the_first_counts():
    first, nothing, second = Text("one", 1, 1), Text("", 2, 1, is_nothing=True), Text("two", 3, 1)
    key = Text("label", 1, 1)
    assert FieldReader(Fields(((key, first), (key, second)), 0, 0), "x").line("label") == "one"
    assert FieldReader(Fields(((key, nothing), (key, second)), 0, 0), "x").node("label") is None
