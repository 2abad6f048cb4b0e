"""Editions that nobody handed over in time, or not to the end: when that is so, and what becomes of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter.delivery import planning
from newsletter.edition import Edition, EditionState
from newsletter.editions import locked, log
from newsletter.half_out import waits_of
from newsletter.schedule import next_due
from newsletter.tables import editions
from newsroom.masthead import Newsletter


def is_too_late(edition: Edition, latest: timedelta, now: datetime) -> bool:
    """True for an edition of which nothing was handed over within `latest` of its hour. Pure.

    One that waits for a person is not late, nor one that a person let go: that person knew the time.
    """
    if edition.state is not EditionState.COMPOSED or edition.first_handed is not None:
        return False
    # What waited for its editors beyond its hour has its time from there.
    return not edition.held and not edition.released and now - max(edition.due, edition.goes) > latest


def goes_on_until(edition: Edition, newsletter: Newsletter, zone: ZoneInfo) -> datetime:
    """Until when runs go on by themselves with an edition that is half out: until the next one is due within
    `latest`, and for `latest` from its own hour at least. Pure.

    Its stories count as used: who does not get them now gets them never. So it has more time than one that
    has not begun; but nobody wants yesterday's shortly before today's.
    """
    latest = newsletter.latest
    return max(edition.goes + latest, next_due(newsletter, zone, edition.due).due - latest)


def why_not_on(
    connection: Connection, edition: Edition, newsletter: Newsletter, zone: ZoneInfo, now: datetime
) -> str | None:
    """Why a person has to say that an edition goes on which has begun; None where a run may go on with it."""
    waits = waits_of(connection, edition, timedelta()) if edition.first_handed is not None else None
    if waits is None or not waits.is_over(goes_on_until(edition, newsletter, zone), now):
        return None
    since = f"{waits.last.astimezone(zone):%Y-%m-%d %H:%M}"
    return f"too late to go on by itself: nothing of it was handed over since {since}"


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
