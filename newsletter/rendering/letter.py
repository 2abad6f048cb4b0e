"""A rendered variant: static text with slots, where each reader's own values go."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from html import escape

MARK_OPEN, MARK_CLOSE = "\ufdd0", "\ufdd1"
"""Noncharacters around a slot's name in template output. Content is cleaned of them at the door."""


class Slot(StrEnum):
    """The values that differ from reader to reader inside one variant."""

    UNSUBSCRIBE_URL = "unsubscribe_url"
    PREFERENCES_URL = "preferences_url"
    TRIAL = "trial"
    """"Your trial ends in 9 days." in the edition's language."""


Parts = tuple[str | Slot, ...]
"""Static pieces and slots, in order. HTML pieces are escaped already; values are not."""


def parts_of(text: str) -> Parts:
    """`text` cut at its marked slots. Raises ValueError for a slot that does not exist."""
    parts: list[str | Slot] = []
    first, *rest = text.split(MARK_OPEN)
    if first:
        parts.append(first)
    for piece in rest:
        name, _, static = piece.partition(MARK_CLOSE)
        parts.append(Slot(name))
        if static:
            parts.append(static)
    return tuple(parts)


def filled(parts: Parts, values: Mapping[Slot, str], *, html: bool) -> str:
    """The text one reader gets; in HTML each value is escaped."""
    return "".join(
        (escape(values[part]) if html else values[part]) if isinstance(part, Slot) else part for part in parts
    )


@dataclass(frozen=True, slots=True)
class Letter:
    """One variant of an edition (or any mail), ready for every reader who shares it."""

    subject: str
    html: Parts
    text: Parts
    language: str

    @property
    def digest(self) -> str:
        """Hex SHA-256 of what is static: the same letter, the same digest."""
        marked = [
            "".join(f"{MARK_OPEN}{part}{MARK_CLOSE}" if isinstance(part, Slot) else part for part in parts)
            for parts in (self.html, self.text)
        ]
        return hashlib.sha256("\0".join((self.subject, self.language, *marked)).encode()).hexdigest()
