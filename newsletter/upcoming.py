"""Which edition is next at some moment."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from newsletter.edition import Edition, edition_key
from newsletter.lateness import is_too_late
from newsletter.schedule import next_due
from newsroom.masthead import Newsletter


def upcoming(
    editions: Iterable[Edition], newsletter: Newsletter, zone: ZoneInfo, now: datetime
) -> tuple[Edition, ...]:
    """Those of the open editions that have stories and are next at `now`: the earliest first, held ones last.

    One of another day is not: of a later one than the next that is due, or one that is held or has begun and
    whose time has passed.
    """
    last = next_due(newsletter, zone, now).due
    fitting = [edition for edition in editions if edition.revision and edition.due <= last]
    fitting = [edition for edition in fitting if not _is_over(edition, newsletter, zone, now)]
    return tuple(sorted(fitting, key=lambda edition: (bool(edition.held), edition.due, edition.key)))


def next_to_go(
    editions: Iterable[Edition],
    newsletter: Newsletter,
    zone: ZoneInfo,
    now: datetime,
    decided: Collection[date] = (),
) -> tuple[str, datetime]:
    """The key of the edition that goes out next, and when: at its hour, or when its editors' window ends.

    `editions` are the open ones, `decided` the dates that have their regular edition: one that is not open
    any more (sent before its hour, or stopped) is not next. One that is held goes when a person says so; it
    is named where it is next by the hour.
    """
    coming = tuple(editions)
    over = set(decided) - {edition.local_date for edition in coming if not edition.slot}
    due = next_due(newsletter, zone, now)
    while due.local_date in over:
        due = next_due(newsletter, zone, due.due)
    regular = edition_key(newsletter.key, due.local_date)
    times = {regular: due.due}
    for edition in coming:
        if edition.key == regular or (edition.goes > now and not edition.held):
            times[edition.key] = edition.goes
    return min(times.items(), key=lambda item: (item[1], item[0]))


def _is_over(edition: Edition, newsletter: Newsletter, zone: ZoneInfo, now: datetime) -> bool:
    if edition.due > now:
        return False
    if edition.held:
        return now - edition.due > newsletter.latest
    if edition.first_handed is not None:
        return next_due(newsletter, zone, edition.due).due <= now
    return is_too_late(edition, newsletter.latest, now)
