"""Articles of sources that newsroom.toml does not name any more."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from content import holdings
from content.carry_out import carry_out
from content.feed_rules import RuleBook
from content.sync_plan import SyncPlan
from content.tables import articles, source_states
from newsroom.database import reading, writing


def left(connection: Connection, sources: Collection[str]) -> dict[str, int]:
    """How many live articles each source has that is none of `sources`, by its key."""
    # To look at every article for that, in each run, would take longer than the rest of it.
    there = connection.execute(sa.select(source_states.c.source).order_by(source_states.c.source)).scalars()
    found: dict[str, int] = {}
    for key in there:
        if key not in sources:
            query = sa.select(sa.func.count()).where(articles.c.source == key, articles.c.withdrawn.is_(None))
            if count := connection.execute(query).scalar_one():
                found[key] = count
    return found


def withdraw_left(engine: Engine, source: str, now: datetime, book: RuleBook) -> int:
    """Withdraw every live article of a source that is gone, and forget the source; returns how many.

    Whoever calls it holds the sync's lock.
    """
    with reading(engine) as connection:
        ids = sorted(id_ for id_, _ in holdings.live_references(connection, source))
    carry_out(engine, SyncPlan(withdraw=ids), {}, now, book)
    with writing(engine) as connection:
        connection.execute(sa.delete(source_states).where(source_states.c.source == source))
    return len(ids)
