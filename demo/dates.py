"""The demo's dates: its files are written for one day, and a run moves them to its own."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

DEMO_DAY = date(2026, 3, 10)
"""The day of the demo's first edition, as its files have it."""
ZONE = ZoneInfo("Europe/Brussels")

_DATE = re.compile(
    r"(?<![\d-])(?P<day>\d{4}-\d{2}-\d{2})"
    r"(?P<time>[T ]\d{2}:\d{2}(?::\d{2})?)?(?P<offset>[+-]\d{2}:\d{2})?(?![\d-])"
)


def shifted(text: str, days: int) -> str:
    """`text` with each ISO date in it moved by whole days.

    A time keeps its hour in the demo's zone and has the offset of its new date: six in the morning stays six.
    """
    return _DATE.sub(lambda found: _moved(found, days), text)


def _moved(found: re.Match[str], days: int) -> str:
    day = (date.fromisoformat(found["day"]) + timedelta(days=days)).isoformat()
    moment, offset = found["time"] or "", found["offset"] or ""
    if moment and offset:
        local = datetime.fromisoformat(f"{day}{moment}").replace(tzinfo=ZONE)
        offset = local.isoformat()[-6:]
    return f"{day}{moment}{offset}"
