"""Which article each thing in a source is: by the id it names, where it is known, or what is in it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from content.holdings import KnownArticle
from content.sources import Broken, Found, given_of

_NEVER = datetime.min.replace(tzinfo=UTC)


def claims(
    known: Mapping[str, KnownArticle],
    found: Sequence[Found],
    broken: Collection[Broken] = (),
    also: Mapping[str, str] | None = None,
    elsewhere: Collection[str] = (),
) -> dict[str, tuple[Found, ...]]:
    """Everything in `found` under its article's id, in the order of their references.

    The id that it names wins; then the one that is known at its place (or `also` listed there); then that of
    the same bytes at a place that is gone, or at another place; then a new one of its path, and none that
    another source has (`elsewhere`). Several under one id are one article listed twice, or two that claim it.
    """
    ordered = sorted(found, key=lambda one: one.entry.reference)
    ids: dict[str, str] = {}
    rest: list[Found] = []
    listed = also or {}
    # Ids that a file names which was not a place of theirs before: it may have come here from theirs.
    named = {one.claim for one in found if one.claim and listed.get(one.entry.reference) != one.claim}
    places = _Places(known, listed)
    read = {one.entry.reference for one in found}
    for one in ordered:
        there = one.claim or places.at(one, named, read)
        if there:
            ids[one.entry.reference] = there
        else:
            rest.append(one)
    same = places.gone(read | {one.reference for one in broken})
    same |= {
        given_of(one.entry.content_hash): ids[one.entry.reference]
        for one in ordered
        if one.entry.reference in ids
    }
    taken = {*known, *ids.values(), *elsewhere}
    for one in rest:
        given = given_of(one.entry.content_hash)
        if given not in same:
            same[given] = _free(one.entry.default_id, taken)
            taken.add(same[given])
        ids[one.entry.reference] = same[given]
    grouped: dict[str, list[Found]] = {}
    for one in ordered:
        grouped.setdefault(ids[one.entry.reference], []).append(one)
    return {id_: tuple(several) for id_, several in grouped.items()}


def kept(
    known: Mapping[str, KnownArticle],
    broken: Iterable[Broken],
    also: Mapping[str, str] | None = None,
    found: Collection[str] = (),
) -> frozenset[str]:
    """The ids of known articles that are there and broken: what is known of them stays.

    `found` are the ids of what can be read. There may be several at one place: one whose file went to places
    that cannot be used is still known at its old one, where another has come.
    """
    places = _Places(known, also or {})
    ids: set[str] = set()
    for one in broken:
        there = places.live(one.reference)
        if one.claim:
            # It says which it is. What was known there stays too, unless it is found elsewhere.
            there = [one.claim, *(id_ for id_ in there if id_ not in found)]
        ids.update(there)
    return frozenset(ids & known.keys())


class _Places:
    """Where the known articles are: a live one before a withdrawn one, a later before an earlier."""

    def __init__(self, known: Mapping[str, KnownArticle], also: Mapping[str, str]) -> None:
        self._known = known
        self._by_age = sorted(
            known.values(), key=lambda one: (one.withdrawn is None, one.withdrawn or _NEVER, one.id)
        )
        listed = set(also.values())
        # The store leaves a withdrawn article where it was; `also` has every place that it has been at since.
        self._first = {
            one.id: one.reference
            for one in reversed(self._by_age)
            if one.withdrawn is None or one.id not in listed or also.get(one.reference) == one.id
        }
        self._ids: dict[str, list[str]] = {}
        for id_, reference in self._first.items():
            self._ids.setdefault(reference, []).append(id_)
        for reference, id_ in also.items():
            if id_ in known and self._first.get(id_) != reference:
                self._ids.setdefault(reference, []).append(id_)

    def live(self, reference: str) -> list[str]:
        """The articles known at this place that are not withdrawn."""
        return [id_ for id_ in self._ids.get(reference, ()) if self._known[id_].withdrawn is None]

    def at(self, found: Found, named: Collection[str], taken: Collection[str]) -> str | None:
        """The article known at this place that `found` may be: the same bytes, or not named elsewhere.

        `taken` are the places that can be read.
        """
        reference = found.entry.reference
        # A further place, while the first one is there as well: only the same bytes are the same article.
        # While the first one is broken, it is the same still, and stays as it is known.
        here = [
            self._known[id_]
            for id_ in self._ids.get(reference, ())
            if (first := self._first.get(id_)) == reference or first not in taken
        ]
        same = (one.id for one in here if one.content_hash == found.entry.content_hash)
        free = (one.id for one in here if one.id not in named)
        return next(same, next(free, None))

    def gone(self, taken: Collection[str]) -> dict[str, str]:
        """By what was in them, the articles whose place is empty now."""
        away = (one for one in self._by_age if one.reference not in taken)
        return {given_of(one.content_hash): one.id for one in away}


def _free(wanted: str, taken: Collection[str]) -> str:
    """`wanted`, or where an article that moved away has kept it, the next one."""
    number, free = 1, wanted
    while free in taken:
        number += 1
        free = f"{wanted}~{number}"
    return free
