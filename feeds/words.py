"""What feeds say themselves, in the newsroom's language."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_WORDS = Path(__file__).resolve().parent.parent / "templates" / "words" / "feeds"
FALLBACK = "en"


@dataclass(frozen=True, slots=True)
class Words:
    """One language's words; `language` is the tag that was asked for."""

    language: str
    subscribers: str
    registered: str
    paid: str
    paid_content: str
    correction: str
    opinion: tuple[str, ...]
    """Labels, in lower case, that say an article is somebody's opinion."""
    opinion_prefix: str
    everything: str
    feeds_title: str
    feeds_about: str
    feeds_list: str
    feeds_paid: str
    address: str
    site: str
    skip: str
    stylesheet: str
    """What a browser shows above a feed."""
    stylesheet_private: str
    """The same of a private one."""
    copy: str
    copied: str
    whole: str
    """What a private feed holds."""
    ended_title: str
    ended_text: str
    ended_renew: str


@cache
def words(language: str) -> Words:
    """The words of `language` ("de", "pt-BR"): its own, else its base language's, else English."""
    tag = language.replace("_", "-").lower()
    for name in (tag, tag.partition("-")[0], FALLBACK):
        path = _WORDS / f"{name}.toml"
        if path.is_file():
            found = tomllib.loads(path.read_text(encoding="utf-8"))
            return Words(language=language, **found | {"opinion": tuple(found["opinion"])})
    raise FileNotFoundError(f"{_WORDS}: no words at all; the checkout is not whole")
