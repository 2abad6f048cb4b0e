"""What an editor says of an article by a tag's name, in systems that have no field for it."""

from __future__ import annotations

import re
from collections.abc import Iterable

_AUTHOR = re.compile(r"#?\s*by(?:\s+(?P<place>\d{1,2}))?\s*:\s*(?P<name>\S.*)", re.IGNORECASE)
_LABEL = re.compile(r"#?\s*label\s*:\s*(?P<words>\S.*)", re.IGNORECASE)


def authors_named(tags: Iterable[str]) -> tuple[str, ...]:
    """The authors that tags name: `By: Ana Pérez`, and `By 2: Bo Lind` for the one who comes second.

    Empty where none does. The number decides where the system gives tags by the alphabet.
    """
    found = [one for one in map(_AUTHOR.fullmatch, tags) if one is not None]
    found.sort(key=lambda one: int(one["place"] or 1))
    return tuple(dict.fromkeys(one["name"].strip() for one in found))


def label_named(tags: Iterable[str]) -> str:
    """The label that a tag names, `Label: Opinion`; empty where none does."""
    found = next((one for one in map(_LABEL.fullmatch, tags) if one is not None), None)
    return found["words"].strip() if found else ""
