"""When so much mail would end at once that a person is to see it first: pure."""

from __future__ import annotations

from readership.reader import SubscriptionStatus
from readership.row import Row, Status
from readership.sync_change import Person

FEW = 4
"""Readers below which no number of stops at once is an alarm."""
_AT_ONCE = (Status.CLEANED, Status.BOUNCED, Status.COMPLAINED)


def held(live: int, lost: int, source: str) -> str:
    """Why nobody's mail ends where `lost` of `live` readers are not listed any more; empty where it may."""
    advice = f"see what is wrong there, or let them go with `readers sync {source} --allow-gone`"
    if live and lost == live:
        return f"it lists none of its {live:,} readers any more, and nobody's mail was ended; {advice}"
    if 2 * lost > live:
        return f"{lost:,} of its {live:,} readers are gone, and nobody's mail was ended; {advice}"
    return ""


def held_stops(live: int, stopped: int, source: str) -> str:
    """Why no mail ends where the source says so of `stopped` of `live` readers at once; empty where it does.

    A few are never held: each may be the reader's own wish.
    """
    if stopped < FEW or 2 * stopped <= live:
        return ""
    return (
        f"it takes a newsletter from {stopped:,} of its {live:,} readers at once, and nobody's mail was "
        f"ended; see what is wrong there, or let it with `readers sync {source} --allow-gone`"
    )


def stops_mail(before: Person | None, after: Person, row: Row) -> int:
    """How many of a known reader's subscriptions end by this row, which says no more than that they do.

    A complaint or a dead address is a stop of its own.
    """
    if before is None or row.status in _AT_ONCE:
        return 0
    return ended(before, after)


def ended(before: Person, after: Person) -> int:
    """How many subscriptions have ended between the two."""
    return sum(
        one.status is SubscriptionStatus.UNSUBSCRIBED
        and newsletter in before.subscriptions
        and before.subscriptions[newsletter].status is not SubscriptionStatus.UNSUBSCRIBED
        for newsletter, one in after.subscriptions.items()
    )
