"""Composed editions that nobody handed over in time: when that is so, and what becomes of them."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter.delivery import planning
from newsletter.edition import Edition, EditionState
from newsletter.editions import locked, log
from newsletter.tables import editions


def is_too_late(edition: Edition, latest: timedelta, now: datetime) -> bool:
    """True for an edition of which nothing was handed over within `latest` of its hour. Pure.

    One that waits for a person is not late, nor one that a person let go: that person knew the time.
    """
    if edition.state is not EditionState.COMPOSED or edition.first_handed is not None:
        return False
    # What waited for its editors beyond its hour has its time from there.
    return not edition.held and not edition.released and now - max(edition.due, edition.goes) > latest


def miss(connection: Connection, key: str, latest: timedelta, now: datetime) -> str | None:
    """Make the edition missed and its stories free for the next one, inside a writing transaction.

    Returns the reason, for a person; None where it is not too late after all.
    """
    edition = locked(connection, key)
    if not is_too_late(edition, latest, now):
        return None
    reason = f"nothing of it was handed over within {_period(latest)} of its hour"
    reason += "; its stories go into the next edition"
    # Whoever was planned to get it gets the next one: no delivery stays open for ever.
    planning.forget(connection, key)
    values = {"state": EditionState.MISSED.value, "note": reason, "finished": now}
    connection.execute(sa.update(editions).where(editions.c.key == key).values(values))
    log(connection, key, now, "run", f"missed: {reason}")
    return reason


def _period(period: timedelta) -> str:
    minutes = int(period.total_seconds() // 60)
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"
