"""Which of the composed editions is next at some moment."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from newsletter.edition import Edition
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


def _is_over(edition: Edition, newsletter: Newsletter, zone: ZoneInfo, now: datetime) -> bool:
    if edition.due > now:
        return False
    if edition.held:
        return now - edition.due > newsletter.latest
    if edition.first_handed is not None:
        return next_due(newsletter, zone, edition.due).due <= now
    return is_too_late(edition, newsletter.latest, now)
