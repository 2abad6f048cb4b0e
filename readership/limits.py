"""How often something may be asked for: counted in the database, so that every process counts together."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsroom.database import inserting
from readership.tables import limits

KEPT = timedelta(days=1)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many in a stretch of time; stretches begin at its multiples since 1970."""

    kind: str
    most: int
    stretch: timedelta

    def begins(self, now: datetime) -> datetime:
        """When the stretch that `now` is in began."""
        return now - (now - _EPOCH) % self.stretch


def take(connection: Connection, limit: Limit, key: bytes, who: str, now: datetime) -> bool:
    """Count one more for `who`, kept as an HMAC under `key`; False where that is one too many.

    What is too many is counted as well. The connection writes.
    """
    new = inserting(connection, limits).values(
        kind=limit.kind, key=_name(limit, key, who), begins=limit.begins(now), count=1
    )
    counted = new.on_conflict_do_update(
        index_elements=[limits.c.kind, limits.c.key, limits.c.begins],
        set_={"count": limits.c.count + 1},
    ).returning(limits.c.count)
    count: int = connection.execute(counted).scalar_one()
    return count <= limit.most


def is_used_up(connection: Connection, limit: Limit, key: bytes, who: str, now: datetime) -> bool:
    """True where the next one would be too many; nothing is counted."""
    where = (
        limits.c.kind == limit.kind,
        limits.c.key == _name(limit, key, who),
        limits.c.begins == limit.begins(now),
    )
    count = connection.execute(sa.select(limits.c.count).where(*where)).scalar_one_or_none()
    return count is not None and count >= limit.most


def is_any_old(connection: Connection, now: datetime) -> bool:
    """Whether there is anything to forget."""
    return (
        connection.execute(sa.select(limits.c.kind).where(limits.c.begins < now - KEPT).limit(1)).first()
        is not None
    )


def forget(connection: Connection, now: datetime) -> int:
    """Forget the counts of stretches that began more than a day ago; returns how many."""
    return connection.execute(sa.delete(limits).where(limits.c.begins < now - KEPT)).rowcount


def _name(limit: Limit, key: bytes, who: str) -> str:
    return hmac.digest(key, f"limit\0{limit.kind}\0{who}".encode(), hashlib.sha256).hex()
