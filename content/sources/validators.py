"""What a server gives to ask with the next time, whether something has changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from content.sources.feed_dates import moment

_UTC = ZoneInfo("UTC")
_SETTLED = timedelta(seconds=2)


def validators(headers: Mapping[str, str], now: datetime) -> tuple[str, str]:
    """The ETag and Last-Modified to ask with the next time; empty where they are none, or cannot be trusted.

    Many servers, WordPress among them, make both out of a time in whole seconds: until such a second is over,
    what they say of it may stand for two different states.
    """
    etag, modified = (_sendable(headers.get(name, "")) for name in ("etag", "last-modified"))
    changed = moment(modified, _UTC)
    asked = moment(headers.get("date", ""), _UTC) or now
    return ("", "") if changed and changed > asked - _SETTLED else (etag, modified)


def _sendable(value: str) -> str:
    """A validator as it may be sent back; empty where it is none that ever could be."""
    return value if len(value) <= 1_000 and value.isascii() and value.isprintable() else ""
