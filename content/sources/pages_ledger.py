"""What is remembered of a site's pages between two runs, and which of them are to be read. It asks nobody."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from itertools import chain, zip_longest
from typing import Any

from content.sources.pages_listing import Listed, mark_of

RECENT = timedelta(days=3)
"""How long after its publication an article is looked at again each day."""
EVERY = timedelta(days=1)
MOST_VALIDATORS = 200
"""Pages whose ETag and Last-Modified are kept: the newest."""
MOST_UNLISTED = 1_000
"""Pages that stand on no list any more and are remembered while they are recent."""
TRIES = 3
"""So many times a page that fails is asked for in each run; from then on once a day."""

# Headline, mark, sponsor, publication.
_Row = list[str]


@dataclass(slots=True)
class Known:
    """One article's page."""

    ask: str = ""
    """The address that it is had from."""
    reference: str = ""
    """Empty until it was an article."""
    read: str = ""
    """When it was last asked for, in ISO 8601; empty for never."""
    seen: str = ""
    """What the lists said of it when it was last read."""
    head: str = ""
    """What tells its headline from another."""
    published: str = ""
    etag: str = ""
    modified: str = ""
    fails: int = 0
    check: bool = False
    """It was taken out of the midst of a list, so it may be gone."""
    lists: dict[str, _Row] = field(default_factory=dict)
    """What each list said last, by the list's key."""

    @property
    def said(self) -> str:
        """What the lists say of it now."""
        return mark_of(*(f"{key} {row[1]}" for key, row in sorted(self.lists.items())))

    @property
    def notes(self) -> dict[str, Any]:
        """All that is not as it is from the start."""
        values = ((one.name, getattr(self, one.name)) for one in fields(self))
        return {name: value for name, value in values if value}

    @classmethod
    def of(cls, notes: Mapping[str, Any]) -> Known:
        """As it was remembered."""
        names = {one.name for one in fields(cls)}
        known = cls(**{name: value for name, value in notes.items() if name in names})
        known.lists = {key: list(row) for key, row in known.lists.items()}
        return known


class Ledger:
    """Pages by the address of their article, and the lists that they stand on."""

    def __init__(self) -> None:
        self.pages: dict[str, Known] = {}
        self._aliases: dict[str, str] = {}
        """Articles' own addresses by others that the lists have for them."""
        self._orders: dict[str, list[str]] = {}
        """What stands on each list, by its key."""

    @classmethod
    def of(cls, notes: Mapping[str, Any]) -> Ledger:
        """As it was remembered."""
        ledger = cls()
        ledger.pages = {address: Known.of(one) for address, one in notes.get("pages", {}).items()}
        ledger._aliases = dict(notes.get("aliases", {}))
        ledger._orders = {key: list(order) for key, order in notes.get("orders", {}).items()}
        return ledger

    def put(self, key: str, items: Iterable[Listed], *, is_dated: bool) -> None:
        """Note what stands on a list now. From one that `is_dated`, a sitemap, articles go by themselves."""
        before, order = self._orders.get(key, []), []
        for item in items:
            address = self._aliases.get(item.address, item.address)
            order.append(address)
            known = self.pages.setdefault(address, Known(item.address))
            known.lists[key] = [item.headline, item.mark, item.sponsor, item.published]
            known.check = False
        self._orders[key] = list(dict.fromkeys(order))
        for address in taken_out(before, set(order)) if not is_dated else ():
            self._take_out(address, key)

    def forget(self, others_than: Iterable[str]) -> None:
        """Forget the lists that are not among these; what stood on them stays as it was."""
        kept = set(others_than)
        self._orders = {key: order for key, order in self._orders.items() if key in kept}

    def rows(self, address: str) -> dict[str, Listed]:
        """What the lists say of an article, by their keys."""
        return {key: Listed(address, *row) for key, row in self.pages[address].lists.items()}

    def due(self, now: datetime) -> list[str]:
        """The addresses to ask for, the most urgent first: new ones, changed ones, those that may be gone,
        and once a day those of the last days and those that failed."""
        ranked: dict[int, list[str]] = {}
        for address in self._in_turn():
            rank = self.rank(address, now)
            if rank is not None:
                ranked.setdefault(rank, []).append(address)
        return [address for rank in sorted(ranked) for address in ranked[rank]]

    def rank(self, address: str, now: datetime) -> int | None:
        """How urgent it is to read a page, 0 before 1; None where there is no need."""
        known = self.pages[address]
        if not known.read:
            return 0
        is_old = now - datetime.fromisoformat(known.read) >= EVERY
        if known.fails:
            return 4 if is_old or known.fails < TRIES else None
        if known.seen != known.said:
            return 1
        if known.check:
            return 2
        return 3 if is_old and is_recent(known, now) and known.reference else None

    def fold(self, address: str, canonical: str, headline: str) -> str | None:
        """The address that an article goes by, which is `canonical`; None where that is another article's.

        It is another's where it has never been seen itself, and an article with another headline has it too:
        then a template writes it everywhere.
        """
        if canonical == address:
            return address
        other, known = self.pages.get(canonical), self.pages[address]
        if other and other.read and other.ask != canonical and other.head != head_of(headline):
            return None
        del self.pages[address]
        self._aliases = {one: canonical if two == address else two for one, two in self._aliases.items()}
        self._aliases[address] = canonical
        if other is None:
            self.pages[canonical] = known
        else:
            other.lists = {**known.lists, **other.lists}
        for key, order in self._orders.items():
            if address in order:
                self._orders[key] = list(dict.fromkeys(canonical if one == address else one for one in order))
        return canonical

    def note(self, address: str, now: datetime, **values: Any) -> None:
        """Note that a page was read as it should be, and what it was like."""
        known = self.pages[address]
        for name, value in values.items():
            setattr(known, name, value)
        known.read, known.seen, known.fails, known.check = now.isoformat(), known.said, 0, False

    def failed(self, address: str, now: datetime, *, for_good: bool = False) -> None:
        """Note that a page could not be used; `for_good` where another try in a moment changes nothing."""
        known = self.pages[address]
        known.read, known.check = now.isoformat(), False
        known.fails = TRIES if for_good else min(known.fails + 1, TRIES)

    def notes(self, now: datetime) -> dict[str, Any]:
        """What is to be remembered: the pages on a list, and recent ones that were."""
        listed = set(chain.from_iterable(self._orders.values()))
        newest = sorted(self.pages, key=lambda one: (self.pages[one].published, one), reverse=True)
        others = [one for one in newest if one not in listed and is_recent(self.pages[one], now)]
        kept = listed | set(others[:MOST_UNLISTED])
        for address in newest[MOST_VALIDATORS:]:
            self.pages[address].etag = self.pages[address].modified = ""
        return {
            "pages": {one: self.pages[one].notes for one in sorted(kept) if one in self.pages},
            "aliases": {one: other for one, other in sorted(self._aliases.items()) if other in kept},
            "orders": self._orders,
        }

    def _take_out(self, address: str, key: str) -> None:
        known = self.pages.get(address)
        if known is None:
            return
        if len(known.lists) > 1:
            known.lists.pop(key, None)
        known.check = bool(known.reference)

    def _in_turn(self) -> Iterator[str]:
        """Every page: the first of each list, then the second of each, at last those on none."""
        listed = chain.from_iterable(zip_longest(*self._orders.values()))
        found = dict.fromkeys(one for one in listed if one in self.pages)
        yield from found
        yield from (one for one in self.pages if one not in found)


def taken_out(before: Sequence[str], now: set[str]) -> list[str]:
    """What was on a list and is not, though something behind it still is: it did not leave at the end."""
    last = max((index for index, one in enumerate(before) if one in now), default=-1)
    return [one for one in before[: last + 1] if one not in now]


def is_recent(known: Known, now: datetime) -> bool:
    """Whether it was published in the last days."""
    return bool(known.published) and now - datetime.fromisoformat(known.published) < RECENT


def head_of(headline: str) -> str:
    """What tells one headline from another."""
    return mark_of(re.sub(r"[\W_]+", "", headline.casefold()))
