"""A provider that leaves hand-overs without an answer that says anything: how the rest goes on.

Whatever is handed over meanwhile may be uncertain too. So one reader alone is handed over next, then more and
more, alone, as long as each is answered; where one is not, all the others wait as after a "not now", longer
each time. It is written beside the batches that wait, so that a later run goes on with one reader as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter import ledger
from newsletter.providers import Answer, Batch, Outcome
from newsletter.tables import batches

PROBE = 1
"""Readers of the first hand-over after one of which nobody knows what became of it."""

GROWTH = 10
"""So many times as many readers has the next one, once that was answered."""

SILENT = "no answer that says what became of it"
"""The reason of batches that wait because others were left so."""


def is_silent(outcome: Outcome) -> bool:
    """Whether the provider has said nothing sure of the batch, or of some of its readers. Pure."""
    own = (answer for answer, _ in outcome.own.values())
    return outcome.answer is Answer.UNCERTAIN or Answer.UNCERTAIN in own


def after(most: int | None, size: int, outcome: Outcome, *, was_alone: bool) -> tuple[int | None, bool]:
    """(the most readers of the next hand-over, which goes alone; whether all have to wait before). Pure.

    `most` was that until now: None where nothing is suspected, as in what is returned. `size` is how many
    readers the provider takes at once; `was_alone` is False for what was handed over before that limit.
    """
    if is_silent(outcome):
        return PROBE, was_alone or outcome.answer is Answer.NOT_NOW
    if most is None or not was_alone:
        return most, False
    if outcome.answer is Answer.NOT_NOW:
        return PROBE, outcome.retry_after is None
    if outcome.answer in (Answer.STOP, Answer.ENDED):
        return PROBE, False
    return (None if most >= size else most * GROWTH), False


@dataclass(frozen=True, slots=True)
class Heard:
    """What some answers mean for the others."""

    was_suspected: bool
    is_suspected: bool
    waits: bool
    """All that is planned has to wait."""
    said: str

    def note(self, connection: Connection, edition: str, now: datetime) -> None:
        """Have the next run know it as well, in the writing transaction in which the answers are recorded."""
        if self.is_suspected and (self.waits or not self.was_suspected):
            _suspect(connection, edition, now)
        if self.waits:
            _put_off(connection, edition, now)
        if self.was_suspected and not self.is_suspected:
            _trust(connection, edition)


@dataclass(slots=True)
class Outage:
    """What one run has heard so far."""

    most: int | None = None
    """The most readers of the next hand-over, which goes alone; None where nothing is suspected."""
    alone: int | None = None
    """The batch that was handed over so last."""

    @property
    def is_suspected(self) -> bool:
        """Whether one was left without an answer, and nothing says that it is over."""
        return self.most is not None

    def recall(self, connection: Connection, edition: str) -> None:
        """Take note of what the run before has left."""
        if connection.execute(sa.select(batches.c.id).where(_marked(edition)).limit(1)).first() is not None:
            self.suspect(PROBE)

    def suspect(self, most: int | None) -> None:
        """Hand so many readers over next, alone, or fewer, as with others that were left without an answer;
        with None nothing is suspected for that."""
        self.most = min(filter(None, (self.most, most)), default=None)

    def launched(self, batch: int) -> None:
        """Take note of what is handed over."""
        self.alone = None if self.most is None else batch

    def hear(self, answers: Iterable[tuple[Batch, Outcome]], size: int, *, is_ending: bool) -> Heard:
        """Take note of answers; where this process is ending, it has cut them itself, and nobody waits."""
        before, waits, why = self.is_suspected, False, ""
        for batch, outcome in answers:
            was_alone = batch.number == self.alone
            self.most, must_wait = after(self.most, size, outcome, was_alone=was_alone)
            if must_wait and not is_ending:
                waits, why = True, _why(outcome)
        return Heard(before, self.is_suspected, waits, f"{SILENT}: {why}")


def _why(outcome: Outcome) -> str:
    own = (reason for answer, reason in outcome.own.values() if answer is Answer.UNCERTAIN)
    return next(own, outcome.reason)


def _suspect(connection: Connection, edition: str, now: datetime) -> None:
    """Whoever was put off for a reason of their own keeps that."""
    due = sa.or_(batches.c.not_before.is_(None), batches.c.not_before <= now)
    connection.execute(sa.update(batches).where(ledger.planned(edition), due).values(reason=SILENT))


def _put_off(connection: Connection, edition: str, now: datetime) -> None:
    """Have all that is planned wait longer than the last time."""
    query = sa.select(sa.func.max(batches.c.attempts)).where(_marked(edition))
    attempts = int(connection.execute(query).scalar() or 0) + 1
    connection.execute(sa.update(batches).where(_marked(edition)).values(attempts=attempts))
    ledger.put_off(connection, edition, now + ledger.delay(attempts))


def _trust(connection: Connection, edition: str) -> None:
    """It answers again: what waited for that is as if it had not."""
    values = {"reason": "", "attempts": 0, "not_before": None}
    connection.execute(sa.update(batches).where(_marked(edition)).values(values))


def _marked(edition: str) -> sa.ColumnElement[bool]:
    return sa.and_(ledger.planned(edition), batches.c.reason == SILENT)
