"""When a newsletter's editions are due. The key is the local date, whatever the clocks do."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from newsroom.masthead import Newsletter

PUNCTUAL = timedelta(minutes=15)
"""An edition found due within this time after its hour is not called late: cron comes every few minutes."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Due:
    """One scheduled edition. `due` is its hour, in UTC."""

    local_date: date
    due: datetime
    late: bool
    """Sent after its hour, but within the newsletter's `latest`."""
    missed: bool
    """Too late to be sent: its stories go into the next one."""


def due_editions(
    newsletter: Newsletter, zone: ZoneInfo, now: datetime, since: datetime, decided: Collection[date]
) -> tuple[Due, ...]:
    """Every edition that is to be composed by now and is not decided yet, oldest first: at its hour, or the
    newsletter's `hold` before it.

    `since` is when the newsroom began to have this newsletter: hours before it are not due.
    `decided` has the dates that were sent, skipped or missed. Dates before the newest of them that
    has come are over as well: a weekday added to the schedule today is not missed last month.
    """
    by_now = now + newsletter.hold
    newest = max((day for day in decided if _hour(newsletter.at, day, zone) <= by_now), default=None)
    first = since.astimezone(zone).date() - _DAY
    if newest is not None:
        first = max(first, newest + _DAY)
    return tuple(
        Due(day, due, late=PUNCTUAL < now - due <= newsletter.latest, missed=now - due > newsletter.latest)
        for day, due in _hours(newsletter, zone, first, by_now.astimezone(zone).date() + _DAY)
        if since <= due <= by_now
    )


def next_due(newsletter: Newsletter, zone: ZoneInfo, after: datetime) -> Due:
    """The first edition whose hour is later than `after`. Raises ValueError for a newsletter without days."""
    today = after.astimezone(zone).date()
    for day, due in _hours(newsletter, zone, today - _DAY, today + 10 * _DAY):
        if due > after:
            return Due(day, due, late=False, missed=False)
    raise ValueError(f"newsletter {newsletter.key!r} has no days on which it is sent")


def in_hours(period: timedelta) -> str:
    """The period in words: `3 h`, `90 min`."""
    minutes = int(period.total_seconds() // 60)
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"


def edition_number(newsletter: Newsletter, day: date) -> int:
    """How many scheduled days there were before `day` since 1 January of year 1.

    Consecutive editions have consecutive numbers, whatever the days of the week; what rotates turns by it.
    """
    weeks, weekday = divmod(day.toordinal() - 1, 7)
    return weeks * len(newsletter.days) + sum(1 for scheduled in newsletter.days if scheduled <= weekday)


def _hours(
    newsletter: Newsletter, zone: ZoneInfo, first: date, last: date
) -> Iterator[tuple[date, datetime]]:
    for number in range((last - first).days + 1):
        day = first + number * _DAY
        if day.isoweekday() in newsletter.days and _exists(day, zone):
            yield day, _hour(newsletter.at, day, zone)


def _hour(at: time, day: date, zone: ZoneInfo) -> datetime:
    # An hour that comes twice is its first coming (fold 0); one that the clocks skip is read with the
    # offset before the change, as RFC 5545 (3.3.5) has it: 02:30 becomes 03:30. One instant either way.
    return datetime.combine(day, at.replace(tzinfo=None, fold=0), tzinfo=zone).astimezone(UTC)


def _exists(day: date, zone: ZoneInfo) -> bool:
    # A zone that crosses the date line leaves out a whole day: Samoa had no 30 December 2011.
    return _hour(time(12), day, zone).astimezone(zone).date() == day
