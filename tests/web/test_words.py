"""The pages' words: every language says the same things."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from tests import samples
from web.front import hours
from web.gate_cards import Draughtsman
from web.words import FALLBACK, FOLDER, dates, words

LANGUAGES = sorted(path.stem for path in FOLDER.glob("*.toml"))
PERSONAL = FOLDER.parent / "personal"
FOLDERS = [FOLDER, *sorted(path for path in (*FOLDER.iterdir(), *PERSONAL.iterdir()) if path.is_dir())]


def _fields(text: str) -> list[str]:
    return sorted(re.findall(r"\{(\w+)\}", text))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_language_has_every_phrase_with_the_same_fillings(folder: Path, language: str) -> None:
    ours = tomllib.loads((folder / f"{language}.toml").read_text(encoding="utf-8"))
    english = tomllib.loads((folder / f"{FALLBACK}.toml").read_text(encoding="utf-8"))
    assert list(ours) == list(english)
    assert {key: _fields(text) for key, text in ours.items()} == {
        key: _fields(text) for key, text in english.items()
    }
    assert all(text.strip() for text in ours.values())


def test_no_two_parts_call_two_phrases_the_same() -> None:
    names = [
        name
        for folder in FOLDERS
        if folder.parent.name == FOLDER.name or folder == FOLDER
        for name in tomllib.loads((folder / f"{FALLBACK}.toml").read_text(encoding="utf-8"))
    ]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("language", "lang", "direction"),
    [
        ("de", "de", "ltr"),
        ("de-AT", "de", "ltr"),
        ("ar", "ar", "rtl"),
        ("sv", "en", "ltr"),
        ("../../../etc/passwd", "en", "ltr"),
        ("", "en", "ltr"),
    ],
)
def test_a_language_without_words_falls_back(language: str, lang: str, direction: str) -> None:
    assert (words(language)["lang"], words(language)["dir"]) == (lang, direction)


@pytest.mark.parametrize(
    ("language", "found"), [("en-GB", "en_GB"), ("de-AT", "de_AT"), ("sv-SE", "en"), ("ar", "ar"), ("", "en")]
)
def test_dates_are_of_the_region_where_the_words_are_of_its_language(language: str, found: str) -> None:
    assert str(dates(language)) == found


def test_no_date_in_arabic_has_a_latin_comma() -> None:
    newsroom = samples.newsroom(language="ar")
    days = replace(samples.newsletter(), days=frozenset({1, 3}))
    for text in (Draughtsman(newsroom).moment(samples.NOON), hours(days, "ar")):
        assert "،" in text and "," not in text


def test_no_french_line_ends_before_its_high_signs() -> None:
    """A no-break space stands before : ; ? ! » % and after «, wherever the words go."""
    loose = re.compile("[ \t\n][:;?!»%]|«[ \t\n]")
    found = [
        f"{path.relative_to(FOLDER.parent)}:{number}: {line.strip()}"
        for path in sorted(FOLDER.parent.rglob("fr.toml"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if loose.search(line) and not line.startswith("#")
    ]
    assert found == []
