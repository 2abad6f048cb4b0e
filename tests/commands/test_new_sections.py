"""Titles made into sections."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from commands.new_sections import WORDS, WrongAnswerError, agreed, completed, named_sections, words_of
from newsroom.masthead import SectionKind
from newsroom.setting_types import Key


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Politics, Culture & Books", ["politics", "culture-books"]),
        ("Straße,Œuvres, Łódź, Ænima", ["strasse", "oeuvres", "lodz", "aenima"]),
        ("News, 日本, أخبار", ["news", "section-2", "section-3"]),
        ("Art, Art!, art", ["art", "art-2", "art-3"]),
        ("News,,News, ", ["news"]),
    ],
)
def test_a_title_gives_a_key_of_its_own(text: str, keys: list[str]) -> None:
    assert [section.key for section in named_sections(text)] == keys


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("All", '"All" is reserved'),
        ("News, index", '"index" is reserved'),
        (",", "no section is named"),
        ("https://quay.example/politics", "is not a section's title"),
        ("category:arts", "is not a section's title"),
        ("www.quay.example", "is not a section's title"),
        ("../../etc", "is not a section's title"),
        ("me@quay.example", "is not a section's title"),
        ("<b>, 42", '"42" is not a section\'s title'),
        ("x" * 61, "has 61 characters"),
        ("Latest=latest", "no ordinary section"),
        ("News, A=latest, B=latest", "2 are of kind latest"),
        ("News=blog", '"blog" is no kind of section; allowed: editorial, briefs, sponsored, latest'),
    ],
)
def test_nonsense_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(WrongAnswerError, match=reason.replace("(", r"\(")):
        named_sections(text)


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "nl", "ar"])
def test_every_language_knows_its_own_titles(language: str) -> None:
    words = words_of(language)
    assert set(words) == set(words_of("en"))
    news = completed(named_sections("日本"), language)
    for section in news[1:]:
        assert section.title == words[section.kind.value]
        (same,) = named_sections(section.title)
        assert same.meant is section.kind
        assert "{name}" in words["newsletter"]


def test_there_are_words_in_every_language_of_the_digest() -> None:
    digest = {path.stem for path in WORDS.parent.glob("*.toml")}
    assert {path.stem for path in WORDS.glob("*.toml")} == digest


def test_agreeing_may_leave_no_ordinary_section() -> None:
    with pytest.raises(WrongAnswerError, match="no ordinary section"):
        agreed(named_sections("Briefs, Sponsored"))
    with pytest.raises(WrongAnswerError, match="2 are of kind latest"):
        agreed(named_sections("News, Latest, Neueste Artikel"))


@given(st.text(max_size=80))
def test_whatever_is_said_gives_sound_keys_or_a_reason(text: str) -> None:
    try:
        sections = completed(agreed(named_sections(text)), "en")
    except WrongAnswerError as error:
        assert str(error)
        return
    keys = [section.key for section in sections]
    assert len(set(keys)) == len(keys)
    for key in keys:
        TypeAdapter(Key).validate_python(key)
    assert {section.kind for section in sections} == set(SectionKind)
