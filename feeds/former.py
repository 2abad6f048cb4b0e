"""The date of the feed that stands on the disk: the next one's is never before it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

HEAD = 8_192
"""How many bytes of a file are looked at: a feed's own date comes before its entries."""

# Text in XML has no "<", and text in JSON no bare quotation mark: no headline can look like these.
_PATTERNS: Mapping[str, re.Pattern[bytes]] = {
    ".rss": re.compile(rb"<lastBuildDate>([^<]{1,40})</lastBuildDate>"),
    ".atom": re.compile(rb"<updated>([^<]{1,40})</updated>"),
    ".json": re.compile(rb'\n "_standfirst": \{\n  "updated": "([^"]{1,40})"'),
}


def former_date(folder: Path, name: str, now: datetime) -> datetime | None:
    """The newest date that the files of feed `name` give; None where there are none, or none is a feed.

    A date later than `now` is not believed: a run at another hour than the real one must not fix it for good.
    """
    dates = [date for ending in _PATTERNS if (date := _date(folder / f"{name}{ending}", ending)) is not None]
    return max((date for date in dates if date <= now), default=None)


def _date(path: Path, ending: str) -> datetime | None:
    try:
        with path.open("rb") as file:
            found = _PATTERNS[ending].search(file.read(HEAD))
        if found is None:
            return None
        text = found[1].decode("ascii")
        date = parsedate_to_datetime(text) if ending == ".rss" else datetime.fromisoformat(text)
        return date.astimezone(UTC)
    except (OSError, ValueError, OverflowError):
        # Not there, not readable or not a date: whether it can be written anew, writing it will tell.
        return None
