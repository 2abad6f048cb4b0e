"""What the flags of `init` say of the source, and what is wrong with that. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from commands.new_sections import WrongAnswerError
from commands.new_source import REMOTE, kind_of, paid_of
from newsroom.setting_types import Page

GHOST_SAYS = "Ghost says itself who may read a post"
"""Why nobody else is asked for it."""

_ADDRESS: TypeAdapter[str] = TypeAdapter(Page)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the flags say of the source; None or empty where they say nothing."""

    kind: str = ""
    url: str = ""
    paid: str | None = None
    takes_key: bool | None = None
    descriptions: Literal["teaser", "text"] | None = None
    looks: bool = True


@dataclass(frozen=True, slots=True)
class Manner:
    """How answers are had: somebody `asks` a person, or with `yes` the defaults are taken."""

    asks: bool
    yes: bool


def mistakes_of(wanted: Wanted, site: str | None, manner: Manner) -> list[str]:
    """What is wrong with the flags, or missing where nobody can be asked."""
    found: list[str] = []
    kind = ""
    try:
        kind = kind_of(wanted.kind) if wanted.kind else ""
    except WrongAnswerError as error:
        found.append(f"init: --source: {error}")
    if wanted.url:
        try:
            _ADDRESS.validate_python(wanted.url)
        except ValidationError:
            found.append("init: --source-url: not a web address; allowed: https://www.example.org/feed/")
    if wanted.paid is not None and kind == "ghost":
        found.append(f"init: --paid: {GHOST_SAYS}; leave it out")
    elif wanted.paid is not None and kind not in ("folder", "none"):
        try:
            paid_of(wanted.paid, kind)
        except WrongAnswerError as error:
            found.append(f"init: --paid: {error}")
    if not wanted.looks and kind == "ghost" and not manner.asks:
        found.append("init: --no-look: a Ghost's key is on its pages; leave --no-look out")
    if not wanted.looks and kind == "feed" and not wanted.url:
        found.append("init: --source-url: missing; without a look nobody knows where the feed is")
    if kind in REMOTE and site is None and not wanted.url and not manner.asks:
        found.append(f"init: --site: missing; --source {kind} needs it, or --source-url")
    missing = [] if manner.yes or manner.asks else list(_missing(wanted, kind))
    if missing:
        flags = ", ".join(missing)
        found.append(f"init: {flags}: missing, and nobody is here to ask; say it, or --yes for all defaults")
    return found


def _missing(wanted: Wanted, kind: str) -> Sequence[str]:
    if not kind and not wanted.kind:
        return ["--source"] if wanted.url or wanted.paid is not None else []
    if kind == "ghost":
        return ["--take-key"] if wanted.takes_key is None else []
    return ["--paid"] if kind in REMOTE and wanted.paid is None else []
