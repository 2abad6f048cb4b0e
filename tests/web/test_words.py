"""The pages' words: every language says the same things."""

from __future__ import annotations

import re
import tomllib

import pytest

from web.words import FALLBACK, FOLDER, words

LANGUAGES = sorted(path.stem for path in FOLDER.glob("*.toml"))


def _fields(text: str) -> list[str]:
    return sorted(re.findall(r"\{(\w+)\}", text))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_phrase_with_the_same_fillings(language: str) -> None:
    ours = tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    english = tomllib.loads((FOLDER / f"{FALLBACK}.toml").read_text(encoding="utf-8"))
    assert list(ours) == list(english)
    assert {key: _fields(text) for key, text in ours.items()} == {
        key: _fields(text) for key, text in english.items()
    }
    assert all(text.strip() for text in ours.values())


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
