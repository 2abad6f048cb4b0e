"""The words Standfirst says itself, in the languages it knows, from templates/words."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.lists import format_list

from newsroom.errors import RenderError

_WORDS = Path(__file__).resolve().parents[2] / "templates" / "words"
FALLBACK = "en"


@dataclass(frozen=True, slots=True)
class Phrases:
    """One language's words. `locale` gives the plural rules and the dates of the language asked for."""

    locale: Locale
    words: Locale
    """The locale of the words themselves: the fallback's, where the language has none of its own."""
    colon: str
    """With the space before it where the language sets one."""
    updated: str
    correction: str
    corrections: str
    wrong_in_edition: str
    """Beneath a correction; `{date}` is that of the edition which had it wrong."""
    wrong_in_title: str
    """The same of another newsletter; `{title}` is its."""
    subscribers: str
    registered: str
    paid_content: str
    editors: str
    subscribe: str
    terms: str
    log_in: str
    unsubscribe: str
    preferences: str
    """The way to change sections, or to pause."""
    account: str
    feeds: str
    browser: str
    """The way to the edition on the web."""
    reason: str
    """Why a reader gets this mail; `{title}` is the newsletter's."""
    quoted: str
    """A newsletter's `{title}` as it stands in a sentence."""
    trial_open: str
    opinion: tuple[str, ...]
    """Labels that say an article is somebody's opinion."""
    minutes: Mapping[str, str]
    trial: Mapping[str, str]

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`, of the language asked for."""
        return self.locale.text_direction

    def counted(self, forms: Mapping[str, str], count: int) -> str:
        """The plural form that `count` takes (CLDR), with the count in it."""
        return forms.get(self.words.plural_form(count), forms["other"]).format(count=count)

    def trial_left(self, days: int | None) -> str:
        """How much of a trial is left, `days` counting the present one; None is a trial without an end."""
        return self.trial_open if days is None else self.counted(self.trial, max(days, 1))

    def day(self, day: date) -> str:
        """`day` in words: weekday, day, month, year."""
        return format_date(day, "full", locale=self.locale)

    def wrong_in(self, day: date, title: str) -> str:
        """That the edition of `day` had it wrong: of the newsletter called `title`, where it is another."""
        # In the language of the sentence: one that has no words of its own here has another's.
        locale = self.locale if self.locale.language == self.words.language else self.words
        form = self.wrong_in_title if title else self.wrong_in_edition
        return form.format(date=format_date(day, "long", locale=locale), title=title)

    def title(self, title: str) -> str:
        """A newsletter's title, set off from the sentence that it stands in."""
        return self.quoted.format(title=title)

    def titles(self, titles: Sequence[str]) -> str:
        """The same of several, as one phrase."""
        return self.listed([self.title(one) for one in titles])

    def listed(self, names: Sequence[str]) -> str:
        """`names` as one phrase: "A, B and C"."""
        return format_list(list(names), locale=self.locale) if names else ""


def phrases(language: str) -> Phrases:
    """The words of `language` ("de", "pt-BR"): its own, else its base language's, else English."""
    return _phrases(language or FALLBACK)


def trial_phrase(days: int | None, language: str) -> str:
    """What the trial slot says in `language`: see `Phrases.trial_left`."""
    return phrases(language).trial_left(days)


def is_opinion(label: str) -> bool:
    """True for a label that means opinion in any language there are words for."""
    return label.strip().casefold() in _opinion_labels()


def languages() -> tuple[str, ...]:
    """The languages there are words for."""
    return tuple(sorted(path.stem for path in _WORDS.glob("*.toml") if "." not in path.stem))


@cache
def _opinion_labels() -> frozenset[str]:
    return frozenset(label.casefold() for language in languages() for label in phrases(language).opinion)


@cache
def _phrases(language: str) -> Phrases:
    locale = _locale(language)
    own = locale.language if (_WORDS / f"{locale.language}.toml").is_file() else FALLBACK
    words = _read(own)
    try:
        return Phrases(
            locale=locale,
            words=Locale.parse(own),
            **{**words, "opinion": tuple(words["opinion"])},
        )
    except TypeError as error:
        raise RenderError(f"templates/words/{own}.toml: {error}; it needs the keys of en.toml") from error


def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language.replace("_", "-"), sep="-")
    except (UnknownLocaleError, ValueError):
        base = language.replace("_", "-").partition("-")[0]
        return _locale(base if base != language else FALLBACK)


def _read(language: str) -> dict[str, Any]:
    path = _WORDS / f"{language}.toml"
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RenderError(f"templates/words/{language}.toml cannot be read: {error}") from error
