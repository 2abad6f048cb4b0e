"""From which sources articles come."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from content.tables import articles
from newsroom.portions import portions


def sources_of(connection: Connection, ids: Collection[str]) -> frozenset[str]:
    """The keys of the sources that the articles of these ids come from."""
    found: set[str] = set()
    for some in portions(sorted(ids)):
        query = sa.select(articles.c.source).distinct().where(articles.c.id.in_(some))
        found.update(connection.execute(query).scalars())
    return frozenset(found)
