"""Articles that move from one source to another, matched so that they keep their ids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from content.tables import articles


@dataclass(frozen=True, slots=True)
class Moving:
    """As much of an article as tells it from the others."""

    id: str
    reference: str
    url: str
    slug: str
    headline: str
    published: datetime


@dataclass(frozen=True, slots=True)
class Match:
    """An article as the old source has it, the reference that the new one has it at, and why they are one."""

    article: Moving
    reference: str
    by: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """What belongs together, and what found nobody: on the old side, and on the new."""

    matches: tuple[Match, ...]
    left: tuple[Moving, ...]
    new: tuple[Moving, ...]


def propose(old: Sequence[Moving], new: Sequence[Moving]) -> Proposal:
    """Which article of `new` is which of `old`: by address, else by slug, else by headline and day.

    Only where there is one on each side: two of a kind are left to a person.
    """
    rest, coming = dict.fromkeys(old), dict.fromkeys(new)
    matches: list[Match] = []
    for by, look in _LOOKS:
        there = _unique(coming, look)
        for key, one in _unique(rest, look).items():
            other = there.get(key)
            if other is not None:
                matches.append(Match(one, other.reference, by))
                del rest[one], coming[other]
    return Proposal(tuple(matches), tuple(rest), tuple(coming))


def moving(connection: Connection, source: str) -> list[Moving]:
    """The live articles of a source."""
    query = sa.select(*(articles.c[name] for name in Moving.__slots__)).where(
        articles.c.source == source, articles.c.withdrawn.is_(None)
    )
    return [Moving(*row) for row in connection.execute(query)]


def adopt(connection: Connection, matches: Iterable[Match], source: str) -> int:
    """Give the matched articles to `source`; returns how many. Its next sync reads each of them anew."""
    rows = [
        {"known": match.article.id, "new_source": source, "new_reference": match.reference}
        for match in matches
    ]
    if rows:
        statement = (
            sa.update(articles)
            .where(articles.c.id == sa.bindparam("known"))
            .values(
                source=sa.bindparam("new_source"), reference=sa.bindparam("new_reference"), content_hash=""
            )
        )
        connection.execute(statement, rows)
    return len(rows)


def _address(one: Moving) -> Hashable:
    parts = urlsplit(one.url)
    return (parts.hostname, parts.path.rstrip("/")) if parts.path.strip("/") else None


def _slug(one: Moving) -> Hashable:
    return one.slug or None


def _headline_and_day(one: Moving) -> tuple[str, date] | None:
    folded = " ".join(one.headline.split()).casefold()
    return (folded, one.published.date()) if folded else None


_LOOKS: tuple[tuple[str, Callable[[Moving], Hashable]], ...] = (
    ("address", _address),
    ("slug", _slug),
    ("headline and day", _headline_and_day),
)


def _unique(some: Iterable[Moving], look: Callable[[Moving], Hashable]) -> dict[Hashable, Moving]:
    """Those that no other looks like."""
    found: dict[Hashable, list[Moving]] = defaultdict(list)
    for one in some:
        key = look(one)
        if key is not None:
            found[key].append(one)
    return {key: several[0] for key, several in found.items() if len(several) == 1}
