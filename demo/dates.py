"""The demo's dates: its files are written for one day, and a run moves them to its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DEMO_DAY = date(2026, 3, 10)
"""The day of the demo's first edition, as its files have it."""
ZONE = ZoneInfo("Europe/Brussels")

SIX, TEN_PAST = time(6, 0), time(6, 10)

_DATE = re.compile(
    r"(?<![\d-])(?P<day>\d{4}-\d{2}-\d{2})"
    r"(?P<time>[T ]\d{2}:\d{2}(?::\d{2})?)?(?P<offset>[+-]\d{2}:\d{2})?(?![\d-])"
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What one call of the demo does."""

    day: date
    """The day of its edition."""
    acts: datetime
    """When its run takes place, in the demo's zone: never in the future."""
    again: bool
    """The folder stands for this day already."""


def planned(now: datetime, stands: date | None) -> Plan:
    """What to do at `now` (in the demo's zone), where the folder was set up for the day `stands`.

    The day is that of the last edition's hour. Its first run is at ten past six, as cron's would be, or now
    where that is not reached yet; every other one is now, so that none goes back behind a run in between.
    """
    day = now.date() if now.time() >= SIX else now.date() - timedelta(days=1)
    if stands == day:
        return Plan(day, now, again=True)
    return Plan(day, min(datetime.combine(day, TEN_PAST, ZONE), now), again=False)


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
