"""A reader and a reader's relation to the newsletters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Plan(StrEnum):
    """What a reader has. `paid` and `group` may read every body their products cover."""

    FREE = "free"
    TRIAL = "trial"
    PAID = "paid"
    GROUP = "group"


DELIVERY_ORDER = (Plan.GROUP, Plan.PAID, Plan.TRIAL, Plan.FREE)
"""Who is handed over first."""


class SubscriptionStatus(StrEnum):
    """A reader's relation to one newsletter."""

    PENDING = "pending"
    ACTIVE = "active"
    PAUSED = "paused"
    UNSUBSCRIBED = "unsubscribed"


class SuppressionReason(StrEnum):
    """Why an address gets nothing, whatever the newsletter."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"
    CLEANED = "cleaned"
    ERASED = "erased"
    UNSUBSCRIBED = "unsubscribed"
    """From a provider's list of unsubscribes, for an address that is no reader here (yet)."""


@dataclass(frozen=True, slots=True)
class Reader:
    """One person. `plan_until` is the last day of the plan; after it the reader is `free`."""

    id: int
    address: str
    key: str
    """The recipient key: an HMAC of the normalised address, hex (see `readership.tokens`)."""
    plan: Plan = Plan.FREE
    plan_until: date | None = None
    products: frozenset[str] = frozenset()
    name: str = ""
    language: str = ""

    def plan_on(self, day: date) -> Plan:
        """The plan that holds on `day`."""
        if self.plan_until is not None and day > self.plan_until:
            return Plan.FREE
        return self.plan

    def days_left(self, day: date) -> int | None:
        """How many days of a trial are left on `day`, that day included; None outside a trial."""
        if self.plan_on(day) is not Plan.TRIAL or self.plan_until is None:
            return None
        return (self.plan_until - day).days + 1


GONE = "(gone)"
"""What ended a subscription of a reader whom no source has any more; no source has such a key."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One reader's relation to one newsletter. No sections means all of them."""

    reader_id: int
    newsletter: str
    status: SubscriptionStatus
    sections: frozenset[str] = frozenset()
    paused_until: date | None = None
    consent_at: datetime | None = None
    consent_source: str = ""
    ended_by: str = ""
    """Of an unsubscribed one: the key of the source that ended it, GONE, or empty for the reader's own word
    with us, which no source undoes."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A reader subscribed to the newsletter that is being planned, and what stops mail, if anything does."""

    reader: Reader
    subscription: Subscription
    suppressed: SuppressionReason | None = None
