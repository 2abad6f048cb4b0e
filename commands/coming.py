"""What is said of the edition that goes out next, by the run and by `status`."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.engine import Connection

from commands.context import Context
from commands.unread import undecided
from newsletter.edition import edition_key
from newsletter.history import decided_dates, open_editions
from newsletter.upcoming import next_to_go
from newsroom.masthead import Newsletter


def next_of(connection: Connection, room: Context, newsletter: Newsletter) -> tuple[str, datetime]:
    """The key of the newsletter's next edition and when it goes, in the newsroom's zone."""
    zone, now = room.settings.newsroom.time_zone, room.clock()
    coming = open_editions(connection, newsletter.key)
    left = [one for one in undecided(connection, room, newsletter, now) if one.due <= now and not one.missed]
    if left:
        # Its hour is over, and the next run composes it.
        return edition_key(newsletter.key, left[-1].local_date), left[-1].due.astimezone(zone)
    decided = decided_dates(connection, newsletter.key, now.date() - timedelta(days=2))
    key, at = next_to_go(coming, newsletter, zone, now, decided)
    return key, at.astimezone(zone)
