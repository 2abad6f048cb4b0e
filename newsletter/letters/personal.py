"""A letter to one person about something that he or she asked for: confirm, sign in. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from newsletter.rendering.letter import Letter, parts_of
from newsletter.rendering.phrases import FALLBACK, phrases
from newsletter.rendering.typesetting import compiled, frame, plain
from newsroom.errors import RenderError
from newsroom.looks import looks_of
from newsroom.masthead import Newsletter, Newsroom

_WORDS = Path(__file__).resolve().parents[2] / "templates" / "words" / "personal"


@dataclass(frozen=True, slots=True)
class Personal:
    """What one letter says, in the reader's language."""

    subject: str
    paragraphs: tuple[str, ...]
    """Before the button."""
    button: str = ""
    url: str = ""
    code: str = ""
    """A number to be typed, shown large."""
    links: tuple[tuple[str, str], ...] = ()
    """Smaller, after the button: what each is called, and its address."""
    ending: tuple[str, ...] = ()
    """After it: how long it holds, and what to do if it was somebody else."""


def personal(
    kind: str,
    language: str,
    values: Mapping[str, str],
    *,
    url: str = "",
    code: str = "",
    links: Mapping[str, str] | None = None,
) -> Personal:
    """The letter of this kind in `language`, else English: templates/words/personal/KIND/LANGUAGE.toml.

    `values` fill its phrases; `links` are addresses, by the keys of what they are called. Raises RenderError
    where there is no such kind.
    """
    table = words_of(kind, phrases(language).words.language)
    try:
        return Personal(
            subject=table["subject"].format_map(values),
            paragraphs=_filled(table.get("text", ""), values),
            button=table.get("button", "").format_map(values) if url else "",
            url=url,
            code=code,
            links=tuple((table[key].format_map(values), address) for key, address in (links or {}).items()),
            ending=_filled(table.get("ending", ""), values),
        )
    except KeyError as error:
        raise RenderError(f"templates/words/personal: {kind}: lacks {error}") from error


def typeset(letter: Personal, newsroom: Newsroom, newsletter: Newsletter, language: str) -> Letter:
    """The letter as it is mailed, with the newsletter's postal address at its foot."""
    words = phrases(language)
    own = str(words.words).replace("_", "-")
    values = {
        "letter": letter,
        "newsroom": newsroom,
        "language": own,
        "direction": words.words.text_direction,
        "address": [line.strip() for line in newsletter.postal_address.split("\n") if line.strip()],
    }
    html = compiled(*frame("personal/personal.mjml.j2", looks_of(newsroom.look), **values))
    text = plain("personal/personal.txt.j2", **values)
    return Letter(letter.subject, parts_of(html), parts_of(text), own)


def _filled(text: str, values: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(part.format_map(values) for part in text.strip().split("\n") if part.strip())


@cache
def words_of(kind: str, language: str) -> Mapping[str, str]:
    """The words of this kind of letter in `language`, else in English. Raises RenderError."""
    path = _WORDS / kind / f"{language}.toml"
    found = path if path.is_file() else _WORDS / kind / f"{FALLBACK}.toml"
    try:
        words: Mapping[str, str] = tomllib.loads(found.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise RenderError(f"templates/words/personal/{kind}: cannot be read: {error}") from error
    return words
