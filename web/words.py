"""The pages' own words, by language."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from babel import Locale, UnknownLocaleError

FOLDER = Path(__file__).parent.parent / "templates" / "words" / "pages"
FALLBACK = "en"


@lru_cache(maxsize=100)
def words(language: str) -> Mapping[str, str]:
    """Every phrase of the pages in `language`, else in its base language, else in English.

    Those that all pages share stand in FOLDER itself, each part's own in a folder of its name.

    `lang` and `dir` say which language it is, and in which direction it is written.
    """
    for tag in (language, language.split("-")[0]):
        path = FOLDER / f"{tag.lower()}.toml"
        # The language comes from settings; it still must not name a path.
        if tag.replace("-", "").isalnum() and path.is_file():
            return _read(path, tag)
    return _read(FOLDER / f"{FALLBACK}.toml", FALLBACK)


def _read(path: Path, tag: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for part in (path, *sorted(FOLDER.glob(f"*/{path.name}"))):
        found |= tomllib.loads(part.read_text(encoding="utf-8"))
    direction = "rtl" if locale(tag).text_direction == "rtl" else "ltr"
    return {**found, "lang": tag, "dir": direction}


def dates(language: str) -> Locale:
    """How days are written beside the words in `language`: as in its own region (en-GB), or as in the
    language of those words, where they are of another one."""
    own, base = locale(language), words(language)["lang"]
    return own if own.language == base.partition("-")[0] else locale(base)


def locale(language: str) -> Locale:
    """Babel's locale for a language tag, English where it has none."""
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale(FALLBACK)
