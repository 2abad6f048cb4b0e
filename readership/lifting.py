"""Suppressions that the operator lifted: who, when, and which. No address is kept."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsroom.portions import portions
from readership.reader import SuppressionReason
from readership.suppression import lift
from readership.tables import lifts, suppressions


def lift_for(connection: Connection, key: str, by: str, now: datetime) -> SuppressionReason | None:
    """Lift what stops this recipient key, and note who did; returns what it was, None where nothing did."""
    columns = (suppressions.c.reason, suppressions.c.origin)
    row = connection.execute(sa.select(*columns).where(suppressions.c.key == key)).first()
    if row is None:
        return None
    lift(connection, [key], now)
    values = {"key": key, "at": now, "by": by[:200], "reason": row.reason, "origin": row.origin}
    connection.execute(sa.insert(lifts).values(values))
    return SuppressionReason(row.reason)


def lifted_since(connection: Connection, keys: Collection[str]) -> dict[str, datetime]:
    """When each of these recipient keys was lifted last; those that never were are not in it."""
    found: dict[str, datetime] = {}
    for some in portions(keys):
        query = sa.select(lifts.c.key, lifts.c.at).where(lifts.c.key.in_(some))
        for key, at in connection.execute(query):
            found[key] = max(at, found.get(key, at))
    return found


def of_address(connection: Connection, key: str) -> list[dict[str, Any]]:
    """What was lifted for this recipient key, the earliest first."""
    columns = (lifts.c.at, lifts.c.by, lifts.c.reason, lifts.c.origin)
    query = sa.select(*columns).where(lifts.c.key == key).order_by(lifts.c.at)
    return [dict(row._mapping) for row in connection.execute(query)]
