"""What the hub is to be told: noted with a feed's writing, crossed out when the hub was told."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from feeds.tables import pings
from feeds.websub import Ping

_KNOWN = sa.select(pings.c.feed)
_NOTE_AGAIN = (
    sa.update(pings).where(pings.c.feed == sa.bindparam("again")).values(changes=pings.c.changes + 1)
)
_CROSS_OUT = sa.delete(pings).where(
    pings.c.feed == sa.bindparam("told"), pings.c.changes == sa.bindparam("seen")
)
_FORGET = sa.delete(pings).where(pings.c.feed == sa.bindparam("feed_"))
_TRIED = (
    sa.update(pings)
    .where(pings.c.feed == sa.bindparam("tried"))
    .values({name: sa.bindparam(f"new_{name}") for name in ("attempts", "not_before", "refused", "reason")})
)


def note(connection: Connection, feeds: Iterable[str], now: datetime) -> frozenset[str]:
    """Note that the hub is to be told of these few hundred; returns those that were not noted before."""
    wanted = set(feeds)
    known = set(connection.execute(_KNOWN.where(pings.c.feed.in_(wanted))).scalars())
    fresh = wanted - known
    if known:
        connection.execute(_NOTE_AGAIN, [{"again": feed} for feed in sorted(known)])
    if fresh:
        connection.execute(sa.insert(pings), [asdict(Ping(feed, now)) for feed in sorted(fresh)])
    return frozenset(fresh)


def forget(connection: Connection, feeds: Collection[str]) -> None:
    """Take back what was noted of these."""
    if feeds:
        connection.execute(_FORGET, [{"feed_": feed} for feed in feeds])


def forget_all(connection: Connection) -> None:
    """There is no hub any more."""
    connection.execute(sa.delete(pings))


def waiting(connection: Connection) -> tuple[Ping, ...]:
    """All of which the hub was not told yet."""
    return tuple(Ping(**row) for row in connection.execute(sa.select(pings)).mappings())


def are_there(connection: Connection) -> bool:
    """True where there is anything to tell."""
    return connection.execute(_KNOWN.limit(1)).first() is not None


def cross_out(connection: Connection, told: Collection[Ping]) -> None:
    """The hub was told of these; one that changed again meanwhile stays."""
    connection.execute(_CROSS_OUT, [{"told": one.feed, "seen": one.changes} for one in told])


def remember(connection: Connection, tried: Collection[Ping]) -> None:
    """Note how the last attempt went."""
    rows = [
        {
            "tried": one.feed,
            "new_attempts": one.attempts,
            "new_not_before": one.not_before,
            "new_refused": one.refused,
            "new_reason": one.reason,
        }
        for one in tried
    ]
    connection.execute(_TRIED, rows)
