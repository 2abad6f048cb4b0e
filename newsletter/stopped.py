"""Editions that a person has stopped lately: by whom, who has them, and who would get them if they went on.

Every function only reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter import used_stories
from newsletter.delivery.sums import sum_of
from newsletter.edition import DeliveryState, Edition, EditionState
from newsletter.edition_row import COLUMNS, from_row
from newsletter.holds import HANDED_BEFORE, STOPPED
from newsletter.tables import edition_log, editions
from newsroom.counted import counted

LONG = timedelta(days=1)
"""So long after an edition's hour it is told of: a day later it is no news."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """A stopped edition that `resume` would have go on."""

    edition: str
    by: str
    """As the edition's log has it."""
    at: datetime
    have: int
    """Readers who have it, or may have."""
    wait: int | None
    """Those who would get it; None where nobody was planned yet."""

    def said(self, by: str, hour: str) -> str:
        """Who stopped it, when, and what that comes to, in words."""
        begun = f"by {by} at {hour}: "
        if not self.have:
            return f"{begun}nobody has it; unless it is resumed, what is new in it goes into the next one"
        verb = "has" if self.have == 1 else "have"
        return f"{begun}{counted(self.have, 'reader')} {verb} it, {self.wait or 0:,} more if it is resumed"


def stopped(connection: Connection, now: datetime, provider: str) -> tuple[Stopped, ...]:
    """The editions of the last day that a person stopped and may have go on, the earliest first.

    Not those of which a restored database does not know who has them (`holds.undecided`), nor those whose
    stories another edition has used since: they do not go on. `provider` is the one in use now.
    """
    query = (
        sa.select(*COLUMNS)
        .where(
            editions.c.state == EditionState.STOPPED.value,
            editions.c.note != HANDED_BEFORE,
            editions.c.due >= now - LONG,
        )
        .order_by(editions.c.due, editions.c.key)
    )
    found = (_stopped(connection, from_row(row), provider) for row in connection.execute(query).all())
    return tuple(one for one in found if one is not None)


def _stopped(connection: Connection, edition: Edition, provider: str) -> Stopped | None:
    if edition.first_handed is None and used_stories.taken_since(connection, edition, provider):
        return None
    total = sum_of(connection, edition.key)
    wait = None if total.candidates is None else total.of(DeliveryState.PLANNED)
    if wait == 0:
        return None
    by, at = _by(connection, edition)
    return Stopped(
        edition=edition.key,
        by=by,
        at=at,
        have=sum(total.of(state) for state in _HAVE),
        wait=wait,
    )


_HAVE = (DeliveryState.HANDED, DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN)


def _by(connection: Connection, edition: Edition) -> tuple[str, datetime]:
    query = (
        sa.select(edition_log.c.by, edition_log.c.at)
        .where(edition_log.c.edition == edition.key, edition_log.c.what.like(f"{STOPPED}%"))
        .order_by(edition_log.c.id.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return ("somebody", edition.due) if row is None else (row.by, row.at)
