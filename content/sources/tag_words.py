"""What an editor says of an article by a tag's name, in systems that have no field for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

NO_BYLINE = "no-byline"
"""The slug of the tag that keeps an author's account from being a name in print."""

_AUTHOR = re.compile(r"#?\s*by(?:\s+(?P<place>\d{1,2}))?\s*:\s*(?P<name>\S.*)", re.IGNORECASE)
_SPONSOR_TAG = "sponsor-"
_SPONSOR_WORDS = re.compile(r"\Asponsor(?:ed by)?(?:\s*:\s*|\s+|-)", re.IGNORECASE)
_LABEL = re.compile(r"#?\s*label\s*:\s*(?P<words>\S.*)", re.IGNORECASE)


def authors_by(tags: Sequence[tuple[str, str]], own: tuple[str, ...]) -> tuple[str, ...]:
    """The authors that tags (slug and name) name: `By: Ana Pérez`, and `By 2: Bo Lind` for the second one.

    Where none does, none with the tag `no-byline`, else the system's `own`. The number decides where the
    system gives tags by the alphabet.
    """
    found = [one for _, name in tags if (one := _AUTHOR.fullmatch(name)) is not None]
    found.sort(key=lambda one: int(one["place"] or 1))
    if found:
        return tuple(dict.fromkeys(one["name"].strip() for one in found))
    return () if any(slug == NO_BYLINE for slug, _ in tags) else own


def label_named(tags: Iterable[tuple[str, str]]) -> str:
    """The label that a tag names, `Label: Opinion`; empty where none does."""
    found = next((one for _, name in tags if (one := _LABEL.fullmatch(name)) is not None), None)
    return found["words"].strip() if found else ""


def sponsor_named(tags: Iterable[tuple[str, str]]) -> str:
    """Who paid: by a tag whose slug begins with `sponsor-`: its name without that word. Else empty."""
    for slug, name in tags:
        if slug.startswith(_SPONSOR_TAG):
            own = name.removeprefix("#").strip()
            return _SPONSOR_WORDS.sub("", own, count=1).strip() or slug.removeprefix(_SPONSOR_TAG)
    return ""
