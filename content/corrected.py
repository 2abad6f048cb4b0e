"""Which articles were corrected lately: what readers of an earlier version may have to be told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from content.row import stored
from content.tables import articles
from content.teaser import Teaser, teaser_of
from newsroom.masthead import Paywall
from newsroom.portions import portions


@dataclass(frozen=True, slots=True)
class Corrected:
    """A live article with a correction, and when that came or last got other words."""

    teaser: Teaser
    at: datetime


def corrected_since(
    connection: Connection, since: datetime, now: datetime, paywall: Paywall
) -> list[Corrected]:
    """The articles whose correction came from `since` on, the earliest first.

    Neither one that is withdrawn or under embargo at `now`, nor one whose correction was taken away again.
    """
    query = (
        sa.select(articles)
        .where(articles.c.corrected >= since, articles.c.corrected <= now)
        .where(articles.c.withdrawn.is_(None), articles.c.published <= now)
        .order_by(articles.c.corrected, articles.c.id)
    )
    found = [
        Corrected(teaser_of(stored(row), paywall), row["corrected"])
        for row in connection.execute(query).mappings()
    ]
    return [one for one in found if one.teaser.correction]


def live(connection: Connection, ids: Iterable[str], now: datetime) -> frozenset[str]:
    """Those of `ids` that may be shown: neither withdrawn nor under embargo."""
    found: set[str] = set()
    for some in portions(sorted(set(ids))):
        query = sa.select(articles.c.id).where(
            articles.c.id.in_(some), articles.c.withdrawn.is_(None), articles.c.published <= now
        )
        found.update(connection.execute(query).scalars())
    return frozenset(found)
