"""The date of the feed that stands on the disk: the next one's is never before it."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from feeds.listing import FORMATS, Format

HEAD = 8_192
"""How many bytes of a file are looked at: a feed's own date comes before its entries."""


def former_date(folder: Path, name: str, now: datetime) -> datetime | None:
    """The newest date that the files of feed `name` give; None where there are none, or none is a feed.

    A date later than `now` is not believed: a run at another hour than the real one must not fix it for good.
    """
    dates = [date for one in FORMATS if (date := _date(folder / f"{name}{one.ending}", one)) is not None]
    return max((date for date in dates if date <= now), default=None)


def _date(path: Path, form: Format) -> datetime | None:
    try:
        with path.open("rb") as file:
            found = form.dated.search(file.read(HEAD))
        if found is None:
            return None
        text = found[1].decode("ascii")
        # ISO 8601 begins with the year, RFC 5322 with a weekday.
        date = datetime.fromisoformat(text) if text[:4].isdigit() else parsedate_to_datetime(text)
        return date.astimezone(UTC)
    except (OSError, ValueError, OverflowError):
        # Not there, not readable or not a date: whether it can be written anew, writing it will tell.
        return None
