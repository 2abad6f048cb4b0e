"""The pages' words: every language says the same things."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from web.words import FALLBACK, FOLDER, words

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
