"""Why a story is not in an edition: what kind of reason, and what fills it in. The English sentences are the
operator's; an editor reads templates/words/personal/left_out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from itertools import cycle
from string import Formatter
from typing import Any
from zoneinfo import ZoneInfo

Value = str | int | date | datetime | tuple[str, ...]
"""A moment is `local`."""

Values = tuple[Value, ...]
"""What fills a sentence in, in the order of its kind's fields; for several sentences, one after the other."""


class Why(StrEnum):
    """The kinds of reasons."""

    USED = "used"
    USED_IN = "used_in"
    UNREVISED = "unrevised"
    UNREVISED_IN = "unrevised_in"
    OLD = "old"
    UNPUBLISHED = "unpublished"
    KEPT_OUT = "kept_out"
    DROPPED = "dropped"
    WITHDRAWN = "withdrawn"
    GAVE_WAY = "gave_way"
    FULL = "full"
    WAS_FULL = "was_full"
    MAIL_FULL = "mail_full"
    ELSEWHERE = "elsewhere"
    NOWHERE = "nowhere"
    NOT_SPONSORED = "not_sponsored"
    HEADLINES_ALONE = "headlines_alone"
    BOOKING_ALONE = "booking_alone"
    BOOKING_BEGINS = "booking_begins"
    BOOKING_ENDED = "booking_ended"
    SPONSOR_FULL = "sponsor_full"
    SPONSORED_FULL = "sponsored_full"
    SENSITIVE_LEAD = "sensitive_lead"
    SENSITIVE_END = "sensitive_end"
    BESIDE_SENSITIVE = "beside_sensitive"

    @property
    def english(self) -> str:
        """Its sentence, with fields."""
        return _ENGLISH[self]

    @property
    def fields(self) -> tuple[str, ...]:
        """What its sentence is filled in with, each once, in the order of its values."""
        return tuple(dict.fromkeys(name for _, name, _, _ in Formatter().parse(self.english) if name))

    @property
    def is_no_news(self) -> bool:
        """Whether nobody expected the story in the edition: its time was over."""
        return self in _NO_NEWS


_ENGLISH: Mapping[Why, str] = {
    Why.USED: "already in an edition of this newsletter",
    Why.USED_IN: "already in {edition}",
    Why.UNREVISED: "already in an edition of this newsletter and not revised since",
    Why.UNREVISED_IN: "already in {edition} and not revised since",
    Why.OLD: "published {published}, before the window ({window})",
    Why.UNPUBLISHED: "not published yet",
    Why.KEPT_OUT: "its editors keep it out of digests",
    Why.DROPPED: "dropped by an editor",
    Why.WITHDRAWN: "withdrawn before it went out",
    Why.GAVE_WAY: "no room beside what an editor chose",
    Why.FULL: "{section} is full: {count} of {count}",
    Why.WAS_FULL: "{section} was full when the edition was made: {count} of {count}",
    Why.MAIL_FULL: "no room in the {size} KB of HTML that a mail may have",
    Why.ELSEWHERE: "not in a section of this newsletter (its own: {sections})",
    Why.NOWHERE: "not in a section of this newsletter (its own: none)",
    Why.NOT_SPONSORED: "not in a sponsored section of this newsletter",
    Why.HEADLINES_ALONE: "latest headlines alone make no edition",
    Why.BOOKING_ALONE: "a booking alone makes no edition",
    Why.BOOKING_BEGINS: "its booking begins on {day}",
    Why.BOOKING_ENDED: "its booking has ended",
    Why.SPONSOR_FULL: "no more than {count} of its sponsor",
    Why.SPONSORED_FULL: "no room for more than {count} sponsored",
    Why.SENSITIVE_LEAD: "a sensitive story leads",
    Why.SENSITIVE_END: "every story of {section}, the last section, is sensitive",
    Why.BESIDE_SENSITIVE: "no sponsored story stands beside a sensitive one",
}

_NO_NEWS = frozenset({Why.USED, Why.USED_IN, Why.UNREVISED, Why.UNREVISED_IN, Why.OLD})

_READ: Mapping[str, Callable[[Any], Value]] = {
    "published": datetime.fromisoformat,
    "window": datetime.fromisoformat,
    "day": date.fromisoformat,
    "sections": tuple,
}
"""How the fields are read that JSON has no type for."""


def english(why: Why, values: Values) -> str:
    """The reason as the operator reads it."""
    return "; ".join(sentences(why, values, why.english, _in_english))


def local(moment: datetime, zone: ZoneInfo) -> datetime:
    """The moment with the zone's offset at it, as it is read again: in the hour that a day has twice, Python
    finds no moment of a zone equal to one with an offset."""
    return datetime.fromisoformat(moment.astimezone(zone).isoformat())


def sentences(why: Why, values: Values, words: str, written: Callable[[Value], str]) -> list[str]:
    """The kind's sentence in these `words`, filled in; as many as there are values for. `written` says how a
    language writes a value."""
    names = why.fields
    if not names:
        return [words]
    rows = (values[at : at + len(names)] for at in range(0, len(values), len(names)))
    return [words.format_map(dict(zip(names, map(written, row), strict=True))) for row in rows]


def stored(values: Values) -> list[Any]:
    """The values as JSON."""
    return [_stored(value) for value in values]


def read(why: Why, values: Sequence[Any]) -> Values:
    """The values again, of what `stored` made."""
    return tuple(
        _READ[name](value) if name in _READ else value
        for name, value in zip(cycle(why.fields), values, strict=False)
    )


def _stored(value: Value) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def _in_english(value: Value) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    return ", ".join(value) if isinstance(value, tuple) else str(value)
