"""Warm-ups in the database: started, paced, ended.

Every function works inside the transaction of the connection it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter.delivery.planning import PAGE, VariantOf, exclusion
from newsletter.delivery.ramp import Place, Ramp, Standing, place_of
from newsletter.edition import Edition
from newsletter.tables import deliveries, editions, ramps
from newsroom.errors import MisuseError
from readership import store
from readership.reader import Candidate
from readership.tables import readers, subscriptions, suppressions

Paced = Callable[[Candidate], bool]
"""Whether this candidate gets the edition today."""


def find(connection: Connection, newsletter: str) -> Ramp | None:
    """The newsletter's warm-up, or None."""
    row = connection.execute(sa.select(ramps).where(ramps.c.newsletter == newsletter)).first()
    return None if row is None else Ramp(row.newsletter, row.started, tuple(row.days))


def start(connection: Connection, ramp: Ramp) -> Ramp:
    """Begin a warm-up, on the day after where that day's edition is handed over already: with it the first
    day would be gone before anybody was warmed up with. Returns it as it began.

    Raises MisuseError where there is one.
    """
    if find(connection, ramp.newsletter) is not None:
        raise MisuseError(f"{ramp.newsletter} is being warmed up: `ramp {ramp.newsletter} --stop` ends that")
    tomorrow = ramp.started + timedelta(days=1)
    if sent_days(connection, ramp, tomorrow):
        ramp = replace(ramp, started=tomorrow)
    row = {"newsletter": ramp.newsletter, "started": ramp.started, "days": list(ramp.days)}
    connection.execute(sa.insert(ramps).values(row))
    return ramp


def stop(connection: Connection, newsletter: str) -> None:
    """End a warm-up: the next edition goes to everybody. Raises MisuseError where there is none."""
    if not connection.execute(sa.delete(ramps).where(ramps.c.newsletter == newsletter)).rowcount:
        raise MisuseError(f"{newsletter} is not being warmed up: there is nothing to stop")


def sent_days(connection: Connection, ramp: Ramp, before: date) -> int:
    """On how many days since it was started, before that date, editions of the newsletter went out."""
    query = sa.select(sa.func.count(sa.distinct(editions.c.local_date))).where(
        editions.c.newsletter == ramp.newsletter,
        editions.c.local_date >= ramp.started,
        editions.c.local_date < before,
        editions.c.first_handed.is_not(None),
    )
    return int(connection.execute(query).scalar_one())


def standing(connection: Connection, newsletter: str, today: date) -> Standing | None:
    """How far the newsletter's warm-up has come; None without one, and once it is over."""
    ramp = find(connection, newsletter)
    if ramp is None:
        return None
    sent = sent_days(connection, ramp, today)
    allowed = ramp.allowed(sent)
    return None if allowed is None else Standing(newsletter, sent + 1, len(ramp.days), allowed)


def pace(
    connection: Connection, edition: Edition, variant_of: VariantOf, allow_to: Sequence[str] = ()
) -> Paced:
    """Who gets this edition, with `variant_of` and `allow_to` as planning has them: a reader who would get
    nothing takes nobody's place. An extra edition takes of what its day has left."""
    ramp = find(connection, edition.newsletter)
    if ramp is None:
        return _everybody
    # One of a day before the first, handed over since, has no more readers than the first day.
    allowed = ramp.allowed(sent_days(connection, ramp, edition.local_date))
    if allowed is None:
        return _everybody
    allowed -= _others(connection, edition)
    if allowed <= 0:
        return _nobody
    last = _last(connection, edition, allowed, _Getting(edition.local_date, variant_of, tuple(allow_to)))
    return _everybody if last is None else lambda candidate: place_of(candidate) <= last


@dataclass(slots=True)
class _Getting:
    """Whether a candidate would get the edition, remembered for those with the same choices."""

    day: date
    variant_of: VariantOf
    allow_to: tuple[str, ...]
    known: dict[object, bool] = field(default_factory=dict)

    def __call__(self, candidate: Candidate) -> bool:
        if exclusion(candidate, self.day, self.allow_to) is not None:
            return False
        reader = candidate.reader
        same = (
            reader.plan_on(self.day),
            candidate.subscription.sections,
            reader.language,
            reader.products,
        )
        if same not in self.known:
            if len(self.known) >= PAGE:
                self.known.clear()
            self.known[same] = self.variant_of(candidate) is not None
        return self.known[same]


def _everybody(_: Candidate) -> bool:
    return True


def _nobody(_: Candidate) -> bool:
    return False


def _others(connection: Connection, edition: Edition) -> int:
    """Readers of the same day's other editions of the newsletter."""
    query = (
        sa.select(sa.func.count())
        .select_from(deliveries.join(editions, editions.c.key == deliveries.c.edition))
        .where(
            editions.c.newsletter == edition.newsletter,
            editions.c.local_date == edition.local_date,
            editions.c.key != edition.key,
        )
    )
    return int(connection.execute(query).scalar_one())


def _last(connection: Connection, edition: Edition, allowed: int, gets: _Getting) -> Place | None:
    """The place of the last one who gets it; None where there are no more than that."""
    query = (
        sa.select(readers.c.id)
        .select_from(
            subscriptions.join(readers, readers.c.id == subscriptions.c.reader_id).outerjoin(
                suppressions, suppressions.c.key == readers.c.key
            )
        )
        .where(subscriptions.c.newsletter == edition.newsletter, suppressions.c.key.is_(None))
        # No consent comes last, in both databases.
        .order_by(
            readers.c.plan_order,
            subscriptions.c.consent_at.is_(None),
            subscriptions.c.consent_at.desc(),
            readers.c.id,
        )
    )
    line = connection.execute(query).scalars()
    while numbers := line.fetchmany(PAGE):
        page = store.candidates_by_id(connection, edition.newsletter, numbers)
        for number in numbers:
            if number in page and gets(page[number]):
                allowed -= 1
            if not allowed:
                line.close()
                return place_of(page[number])
    return None
