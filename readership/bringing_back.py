"""What readers ended and a restored database does not know of, done again from the file of stops."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.engine import Connection

from newsroom.stop_file import Stop
from readership import erasure, feed_addresses, sessions, store
from readership.reader import Reader, SuppressionReason
from readership.suppression import suppress

ORIGIN = "stopped, and the database was restored"
"""Of somebody whom the restored database does not know: an import must not start what they ended."""


def standing(stops: Sequence[Stop]) -> list[Stop]:
    """Those that nothing later has taken back, in their order. Pure."""
    found: dict[tuple[str, str, str], Stop] = {}
    for one in stops:
        match one.what:
            case "start":
                found.pop(("stop", one.key, one.of), None)
            case "lift":
                found.pop(("suppress", one.key, ""), None)
            case "stop":
                found[one.what, one.key, one.of] = one
            case _:
                found[one.what, one.key, ""] = one
    return list(found.values())


def apply(connection: Connection, stops: Sequence[Stop], now: datetime) -> int:
    """Do these stops again; returns how many changed anything. The connection writes."""
    rest = standing(stops)
    readers = store.by_keys(connection, sorted({one.key for one in rest}))
    # Last what erases: the others are looked up by number.
    rest.sort(key=lambda one: one.of == SuppressionReason.ERASED.value)
    return sum(_done(connection, one, readers.get(one.key), now) for one in rest)


def _done(connection: Connection, stop: Stop, reader: Reader | None, now: datetime) -> bool:
    match stop.what:
        case "suppress":
            return _suppressed(connection, stop, reader, now)
        case "stop" if reader is None:
            return bool(suppress(connection, {stop.key: SuppressionReason.UNSUBSCRIBED}, now, ORIGIN))
        case "stop" if reader is not None:
            return store.unsubscribe(connection, reader.id, stop.of, now)
        case "sessions" if reader is not None:
            return bool(sessions.end(connection, reader.id, now))
        case "feeds" if reader is not None:
            act = feed_addresses.revoke if stop.of == "revoked" else feed_addresses.rotate
            return act(connection, reader.id, now)
    return False


def _suppressed(connection: Connection, stop: Stop, reader: Reader | None, now: datetime) -> bool:
    try:
        reason = SuppressionReason(stop.of)
    except ValueError:
        # A later release's; no mail is the safe side.
        reason = SuppressionReason.UNSUBSCRIBED
    if reason is SuppressionReason.ERASED and reader is not None:
        erasure.forget(connection, reader, now)
        return True
    return bool(suppress(connection, {stop.key: reason}, now, ORIGIN))
