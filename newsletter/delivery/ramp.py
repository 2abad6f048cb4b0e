"""The warm-up of a new sending domain: how many readers get an edition on each day of it, and who. Pure.

A domain that nobody has had mail from is trusted little, and one that begins with a whole list is taken for a
sender of spam. The plan begins with fifty and about doubles from day to day, as the large providers advise.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from readership.reader import DELIVERY_ORDER, Candidate, Plan

FIRST_DAYS = (50, 100, 250, 500, 1_000)
"""The first days of each warm-up; from then on each day has twice as many as the one before."""

_ORDER = {plan: position for position, plan in enumerate(DELIVERY_ORDER)}
_NEVER = datetime(1, 1, 1, tzinfo=UTC)


def proposed(readers: int) -> tuple[int, ...]:
    """The most readers of each day, for a list of that many; the last day is the last with a limit. None for
    a list that a first day has room for."""
    days: list[int] = []
    allowed = 0
    while True:
        allowed = FIRST_DAYS[len(days)] if len(days) < len(FIRST_DAYS) else 2 * allowed
        if allowed >= readers:
            return tuple(days)
        days.append(allowed)


@dataclass(frozen=True, slots=True)
class Ramp:
    """A warm-up that was started."""

    newsletter: str
    started: date
    days: tuple[int, ...]

    def allowed(self, sent_days: int) -> int | None:
        """The most readers of a day before which editions went out on that many; None once it is over."""
        return self.days[sent_days] if sent_days < len(self.days) else None


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a warm-up has come that is not over."""

    newsletter: str
    day: int
    """From 1."""
    days: int
    today: int
    """The most readers of that day."""


Place = tuple[int, float, int]
"""Where a reader stands in the line of those who are warmed up with: a lower one comes first."""


def place(plan: Plan, consent_at: datetime | None, reader_id: int) -> Place:
    """Those who pay come first, then those who asked for it last: they open it, and complain least. Nobody
    counts who reads."""
    return (_ORDER[plan], -(consent_at or _NEVER).timestamp(), reader_id)


def place_of(candidate: Candidate) -> Place:
    """A candidate's place."""
    reader = candidate.reader
    return place(reader.plan, candidate.subscription.consent_at, reader.id)
