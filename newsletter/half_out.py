"""Editions that are half out: what waits of each, since when nothing of it went, and when a run is late."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter import history
from newsletter.edition import BatchState, Edition
from newsletter.tables import batches, edition_log


@dataclass(frozen=True, slots=True)
class HalfOut:
    """An edition that has begun, of which readers wait for the next run."""

    edition: str
    readers: int
    """How many wait."""
    last: datetime
    """When something of it was handed over last."""
    ready: datetime
    """From when on a run can go on with it."""
    is_put_off: bool
    """Every batch that waits was tried and put off: that is told of each."""

    def is_late(self, now: datetime, grace: timedelta) -> bool:
        """True once a run should have gone on with it. Pure."""
        return now - self.ready > grace


def half_out(connection: Connection, pace: timedelta, alive: Callable[[str], bool]) -> Iterator[HalfOut]:
    """Those of which more can be handed over and that no run is at; held and stopped ones are not among them.

    `pace`: how long a run may have to wait before it hands over more. `alive`: whether a run is at this
    newsletter.
    """
    for edition in history.open_editions(connection):
        if edition.held or edition.first_handed is None or alive(edition.newsletter):
            continue
        found = _of(connection, edition, pace)
        if found is not None:
            yield found


def _of(connection: Connection, edition: Edition, pace: timedelta) -> HalfOut | None:
    """What waits of the edition; None where nothing does."""
    rows = connection.execute(
        sa.select(
            batches.c.state, batches.c.size, batches.c.attempts, batches.c.not_before, batches.c.handed
        ).where(batches.c.edition == edition.key)
    ).all()
    planned = [row for row in rows if row.state == BatchState.PLANNED.value]
    readers = sum(row.size for row in planned)
    if not readers:
        return None
    handed = [row.handed for row in rows if row.handed is not None]
    last = max([*handed, edition.first_handed or edition.goes])
    # A person may have let it go on only now: nobody is late for that yet.
    noted = connection.execute(
        sa.select(sa.func.max(edition_log.c.at)).where(edition_log.c.edition == edition.key)
    ).scalar()
    first = min((row.not_before or last for row in planned), default=last)
    return HalfOut(
        edition.key,
        readers,
        last,
        max(last + pace, first, noted or last),
        all(row.attempts for row in planned),
    )
