"""The language that a text is in and the way it runs, among words of another language: its own language
says it where its letters do not."""

from __future__ import annotations

from dataclasses import dataclass

from newsletter.rendering.lines import isolated, reads
from newsletter.rendering.phrases import phrases


@dataclass(frozen=True, slots=True)
class Tongue:
    """Both are empty where they are those of what is around the text."""

    language: str = ""
    """A language tag."""
    direction: str = ""
    """`ltr` or `rtl`."""


def tongue_of(text: str, language: str, around: str) -> Tongue:
    """The tongue of `text`, which says it is in `language` ("" where nobody says), in a text in `around`."""
    is_foreign = bool(language) and base(language) != base(around)
    direction = direction_of(text, language if is_foreign else around)
    return Tongue(language if is_foreign else "", direction if direction != phrases(around).direction else "")


def direction_of(text: str, language: str) -> str:
    """How `text` in this language runs, `ltr` or `rtl`: as its letters do, where they are all of one kind."""
    return reads(text, phrases(language).direction)


def set_apart(text: str, language: str, around: str) -> str:
    """`text` in `language` ("" where nobody says), to stand among words in `around`: isolated where it has
    letters of the other direction."""
    return isolated(text, phrases(around).direction, direction_of(text, language or around))


def base(tag: str) -> str:
    """The language of a tag without its country."""
    return tag.partition("-")[0]
