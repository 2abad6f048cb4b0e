"""Telling a WebSub hub of changed feeds: what is due, what is asked, and what an answer means. Pure.

The W3C recommendation leaves to publisher and hub how one tells the other. Nearly all hubs take a POST with
hub.mode=publish and hub.url for each feed, as PubSubHubbub 0.3 had it; some know one address alone, in
hub.topic.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from urllib.parse import urlencode

from newsroom.portions import portions

AT_ONCE = 50
"""Feeds that are told in one request, at most."""
REFUSALS = 5
"""One after the other: a hub that refuses so many takes none."""
GIVEN_UP_AFTER = timedelta(hours=24)
LONGEST_WAIT = timedelta(hours=1)
"""Between two attempts, however often it failed before; and the longest wait that a hub may ask for."""

_NO_HUB = (404, 405, 410)
_BUSY = (408, 425, 429)
_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Ping:
    """A feed that changed and of which the hub was not told yet."""

    feed: str
    """Its address, in one format."""
    since: datetime
    """When it changed first of what is untold."""
    changes: int = 1
    """How often it changed since then: one that changes while the hub is told is told again."""
    attempts: int = 0
    not_before: datetime | None = None
    refused: bool = False
    """The hub answered and did not want this one; other failures are the hub's, for every feed."""
    reason: str = ""
    """Of the last failure."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the hub said: its status, or None and why none came."""

    status: int | None
    reason: str = ""
    retry_after: str = ""


class Verdict(Enum):
    """What an answer means for the feeds of its request."""

    TOLD = auto()
    SPLIT = auto()
    """Not together; each alone may go well."""
    REFUSED = auto()
    DOWN = auto()
    """Nothing more is asked of the hub for now."""


def due(pings: Sequence[Ping], now: datetime) -> tuple[Ping, ...]:
    """Those to be told now, the oldest first; none while the hub itself is to be left alone."""
    waiting = [one for one in pings if one.not_before is not None and one.not_before > now]
    if any(not one.refused for one in waiting):
        return ()
    left = set(waiting)
    return tuple(sorted((one for one in pings if one not in left), key=lambda one: (one.since, one.feed)))


def batches(pings: Sequence[Ping], size: int = AT_ONCE) -> list[tuple[Ping, ...]]:
    """The requests that tell them."""
    return [tuple(some) for some in portions(pings, size)]


def form(feeds: Sequence[str]) -> bytes:
    """The body of one request. One feed alone is named in both ways that hubs know."""
    fields = [("hub.mode", "publish"), *(("hub.url", feed) for feed in feeds)]
    if len(feeds) == 1:
        fields.append(("hub.topic", feeds[0]))
    return urlencode(fields).encode()


def verdict(answer: Answer, feeds: int) -> Verdict:
    """What the answer to a request with so many feeds means."""
    status = answer.status
    if status is not None and 200 <= status < 300:
        return Verdict.TOLD
    if status is None or status in _BUSY or not 400 <= status < 500:
        # Where it redirects to is for the operator to see: a POST that is followed may become a GET.
        return Verdict.DOWN
    return Verdict.SPLIT if feeds > 1 else Verdict.REFUSED


def complaint(answer: Answer) -> str:
    """Why it went wrong, and what to do."""
    status = answer.status
    if status is None:
        return answer.reason
    if 300 <= status < 400:
        return f"it redirects ({status}); write its new address into newsroom.hub"
    if status in _BUSY or status >= 500:
        return f"it cannot now ({status})"
    return f"it refuses ({status}); does it take hub.mode=publish from anybody, and for your addresses?"


def fault(answer: Answer) -> str:
    """What is wrong with a hub that was asked to publish nothing; empty for one that is there."""
    status = answer.status
    if status in _NO_HUB:
        return f"no hub answers there ({status}); check newsroom.hub"
    return "" if status is not None and (200 <= status < 300 or 400 <= status < 500) else complaint(answer)


def failed(ping: Ping, answer: Answer, now: datetime, *, refused: bool) -> Ping:
    """The ping after an attempt that went wrong: tried again a minute later, then after twice as long.

    `refused` says that the hub did not want this one, and may take others.
    """
    attempts = ping.attempts + 1
    wait = min(timedelta(minutes=2 ** min(attempts - 1, 10)), LONGEST_WAIT)
    asked = _asked(answer.retry_after, now)
    return Ping(
        feed=ping.feed,
        since=ping.since,
        changes=ping.changes,
        attempts=attempts,
        not_before=now + max(wait, min(asked, LONGEST_WAIT)),
        refused=refused,
        reason=complaint(answer),
    )


def is_given_up(ping: Ping, now: datetime) -> bool:
    """True for one that went wrong for a day. One that was never tried is not: nothing was running."""
    return ping.attempts > 0 and now - ping.since >= GIVEN_UP_AFTER


def addresses(public_url: str, names: Iterable[str]) -> tuple[str, ...]:
    """The absolute addresses of feed files."""
    return tuple(f"{public_url}/feeds/{name}" for name in names)


def _asked(retry_after: str, now: datetime) -> timedelta:
    """What Retry-After asks for: seconds or a date (RFC 9110, 10.2.3); nothing where it is neither."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=int(text[:_DIGITS]))
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
    except (ValueError, OverflowError):
        return timedelta()
