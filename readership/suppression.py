"""Addresses that get nothing, kept by recipient key. Nothing here lifts one: see `readership.sign_up`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from readership.reader import SuppressionReason
from readership.store import suppressed
from readership.tables import suppressions


def suppress(
    connection: Connection, keys: Mapping[str, SuppressionReason], now: datetime, origin: str
) -> int:
    """Suppress these recipient keys; returns how many were not suppressed before.

    The first reason stays, but `erased` replaces any other: it is the reader's own wish. `origin` says where
    it comes from, without an address.
    """
    there = suppressed(connection, list(keys))
    new = [
        {"key": key, "reason": reason.value, "at": now, "origin": origin[:300]}
        for key, reason in keys.items()
        if key not in there
    ]
    if new:
        connection.execute(sa.insert(suppressions), new)
    for key, reason in keys.items():
        if reason is SuppressionReason.ERASED and there.get(key, reason) is not reason:
            connection.execute(
                sa.update(suppressions)
                .where(suppressions.c.key == key)
                .values(reason=reason.value, at=now, origin=origin[:300])
            )
    return len(new)
