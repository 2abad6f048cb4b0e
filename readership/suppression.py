"""Addresses that get nothing, kept by recipient key.

A person's own word lifts one (`readership.sign_up`), the operator's (`readership.lifting`), and what it came
from, where that turns out to be no reason.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsroom.database import inserting
from newsroom.portions import portions
from newsroom.stop_file import note
from readership.reader import SuppressionReason
from readership.store import suppressed
from readership.tables import suppressions


def suppress(
    connection: Connection, keys: Mapping[str, SuppressionReason], now: datetime, origin: str
) -> int:
    """Suppress these recipient keys; returns how many were not suppressed before.

    The first reason stays, but a graver one replaces it: a complaint any but `erased`, which is the reader's
    own wish and replaces every other. `origin` says where it comes from, without an address.
    """
    there = suppressed(connection, list(keys))
    new = [
        {"key": key, "reason": reason.value, "at": now, "origin": origin[:300]}
        for key, reason in keys.items()
        if key not in there
    ]
    if new:
        connection.execute(inserting(connection, suppressions).on_conflict_do_nothing(), new)
    for key, reason in keys.items():
        if _GRAVITY.get(reason, 0) > _GRAVITY.get(there.get(key, reason), 0):
            connection.execute(
                sa.update(suppressions)
                .where(suppressions.c.key == key)
                .values(reason=reason.value, at=now, origin=origin[:300])
            )
        if there.get(key) is not reason:
            note(connection, "suppress", key, now, reason.value)
    return len(new)


_GRAVITY = {SuppressionReason.ERASED: 2, SuppressionReason.COMPLAINED: 1}


def attribute(connection: Connection, key: str, reason: SuppressionReason, origin: str) -> None:
    """Have what stops this key for that reason come from `origin`, which is surer than what it came from."""
    same = sa.and_(suppressions.c.key == key, suppressions.c.reason == reason.value)
    connection.execute(sa.update(suppressions).where(same).values(origin=origin[:300]))


def those_of(connection: Connection, keys: Collection[str], beginning: str) -> dict[str, SuppressionReason]:
    """Which of these recipient keys are suppressed for an origin that begins so, and why."""
    found = {}
    for some in portions(keys):
        query = sa.select(suppressions.c.key, suppressions.c.reason).where(
            suppressions.c.key.in_(some), suppressions.c.origin.startswith(beginning, autoescape=True)
        )
        for key, reason in connection.execute(query):
            found[key] = SuppressionReason(reason)
    return found


def lift(connection: Connection, keys: Collection[str], now: datetime) -> int:
    """Let these recipient keys get mail again, as if nothing had stopped them; returns how many."""
    count = 0
    for some in portions(keys):
        count += connection.execute(sa.delete(suppressions).where(suppressions.c.key.in_(some))).rowcount
        for key in some:
            note(connection, "lift", key, now)
    return count


def lift_wish(connection: Connection, key: str, now: datetime) -> None:
    """Lift what the owner of the address had wished (erased, unsubscribed), by a later word of theirs. A dead
    address stays one, whatever it was called before."""
    wishes = (SuppressionReason.ERASED, SuppressionReason.UNSUBSCRIBED)
    ours = sa.and_(suppressions.c.key == key, suppressions.c.reason.in_(wishes))
    if connection.execute(sa.delete(suppressions).where(ours)).rowcount:
        note(connection, "lift", key, now)
