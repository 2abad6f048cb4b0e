"""Editions that are half out: what waits of each, since when nothing of it went, when a run is late, and from
when on a person has to say that it goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter import history
from newsletter.delivery.sums import sum_of
from newsletter.edition import RUN, BatchState, DeliveryState, Edition
from newsletter.tables import batches, edition_log


@dataclass(frozen=True, slots=True)
class HalfOut:
    """An edition that has begun, of which readers wait for the next run."""

    edition: str
    newsletter: str
    readers: int
    """How many wait."""
    last: datetime
    """When something of it was handed over last."""
    ready: datetime
    """From when on a run can go on with it."""
    is_put_off: bool
    """Every batch that waits was tried and put off: that is told of each."""
    said: datetime | None = None
    """When a person did something to it last."""

    def is_late(self, now: datetime, grace: timedelta) -> bool:
        """True once a run should have gone on with it. Pure."""
        return now - self.ready > grace

    def is_over(self, until: datetime, now: datetime) -> bool:
        """True where no run goes on with it by itself: `until` is past (`newsletter.lateness.goes_on_until`)
        and nobody has said anything of it since. Pure."""
        return now > until and (self.said is None or self.said < until)


def half_out(connection: Connection, pace: timedelta, alive: Callable[[str], bool]) -> Iterator[HalfOut]:
    """Those of which more can be handed over and that no run is at; held and stopped ones are not among them.

    `pace`: how long a run may have to wait before it hands over more. `alive`: whether a run is at this
    newsletter.
    """
    for edition in history.open_editions(connection):
        if edition.held or edition.first_handed is None or alive(edition.newsletter):
            continue
        found = waits_of(connection, edition, pace)
        if found is not None:
            yield found


def numbers(connection: Connection, edition: Edition) -> str:
    """How many have an edition that has begun and how many wait for it, for a person; empty where it has not
    begun, or nobody waits."""
    if edition.first_handed is None:
        return ""
    found = sum_of(connection, edition.key)
    planned = found.of(DeliveryState.PLANNED)
    if not planned:
        return ""
    open_ = found.of(DeliveryState.UNCERTAIN) + found.of(DeliveryState.HANDED)
    doubt = f", of {open_:,} nobody knows" if open_ else ""
    return f"half out: {found.of(DeliveryState.ACCEPTED):,} have it{doubt}, and {planned:,} wait for it"


def waits_of(connection: Connection, edition: Edition, pace: timedelta) -> HalfOut | None:
    """What waits of an edition that has begun, in whichever state it is; None where nothing does."""
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
    first = min((row.not_before or last for row in planned), default=last)
    # A person may have let it go on only now: nobody is late for that yet.
    noted, said = _noted(connection, edition.key)
    ready = max(last + pace, first, noted or last)
    return HalfOut(
        edition.key, edition.newsletter, readers, last, ready, all(row.attempts for row in planned), said
    )


def _noted(connection: Connection, key: str) -> tuple[datetime | None, datetime | None]:
    """When something was noted of the edition last, and when a person did something to it."""
    by_hand = sa.case((edition_log.c.by != RUN, edition_log.c.at))
    query = sa.select(sa.func.max(edition_log.c.at), sa.func.max(by_hand)).where(edition_log.c.edition == key)
    noted, said = connection.execute(query).one()
    return noted, said
