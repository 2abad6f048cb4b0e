"""The circuit breaker: an edition far bigger than the ones before it waits for a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Past:
    """What an earlier edition of the newsletter had: new stories that were eligible, and readers."""

    fresh: int
    readers: int


@dataclass(frozen=True, slots=True)
class Limits:
    """When an edition is too big. It is held above floor *and* factor times the biggest of the last ones."""

    story_factor: float = 4.0
    story_floor: int = 40
    reader_factor: float = 3.0
    reader_floor: int = 1_000
    first_stories: int = 200
    """The most new stories of a newsletter's first edition: it looks back a day only."""
    first_readers: int = 10_000
    """The most readers of a newsletter's first edition: a bigger list is worth a look before it goes out."""


def breaker(fresh: int, readers: int, history: Sequence[Past], limits: Limits | None = None) -> str | None:
    """Why this edition has to be held, in words for a person, or None.

    `fresh` is `Composition.fresh`, `readers` how many would get it, `history` the last editions that
    went out, in any order. A first edition has no history and is measured by the `first_` limits.
    """
    limits = limits or Limits()
    reasons = (
        _excess(fresh, [past.fresh for past in history], _stories(limits), "new stories"),
        _excess(readers, [past.readers for past in history], _readers(limits), "readers"),
    )
    return "; ".join(filter(None, reasons)) or None


@dataclass(frozen=True, slots=True)
class _Limit:
    factor: float
    floor: int
    first: int


def _stories(limits: Limits) -> _Limit:
    return _Limit(limits.story_factor, limits.story_floor, limits.first_stories)


def _readers(limits: Limits) -> _Limit:
    return _Limit(limits.reader_factor, limits.reader_floor, limits.first_readers)


def _excess(count: int, before: Sequence[int], limit: _Limit, noun: str) -> str:
    if not before:
        if count > limit.first:
            return f"{count:,} {noun} in a first edition, where more than {limit.first:,} are looked at first"
        return ""
    if count > limit.floor and count > limit.factor * max(before):
        editions = "edition" if len(before) == 1 else f"{len(before)} editions"
        return f"{count:,} {noun}, while the last {editions} had at most {max(before):,}"
    return ""
