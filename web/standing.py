"""How a reader stands with the newsletters: what the page behind an unsubscribe link may say and offer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy.engine import Connection

from readership import store
from readership.reader import Plan, Reader, Subscription, SubscriptionStatus


@dataclass(frozen=True, slots=True)
class Standing:
    """One reader as the database has them now; without a reader: never there, or erased."""

    reader: Reader | None = None
    subscriptions: Mapping[str, Subscription] = field(default_factory=dict)
    is_suppressed: bool = False
    """The address is dead, or its owner complained: nothing goes there, so nothing can be started."""

    def gets(self, newsletter: str) -> bool:
        """True where the newsletter is not stopped for this reader."""
        there = self.subscriptions.get(newsletter)
        return there is not None and there.status is not SubscriptionStatus.UNSUBSCRIBED

    def gets_another_than(self, newsletter: str) -> bool:
        """True where some other newsletter goes on."""
        return any(self.gets(one) for one in self.subscriptions if one != newsletter)

    def may_start(self, newsletter: str) -> bool:
        """True where the reader has stopped the newsletter, and mail would come if it were started again."""
        there = self.subscriptions.get(newsletter)
        stopped = there is not None and there.status is SubscriptionStatus.UNSUBSCRIBED
        return stopped and self.reader is not None and not self.is_suppressed

    def going_on(self, today: date) -> str:
        """What a stop does not touch, as the key of its phrase; empty where there is nothing to say."""
        plan = Plan.FREE if self.reader is None else self.reader.plan_on(today)
        return {Plan.PAID: "mail_only", Plan.TRIAL: "mail_only_access", Plan.GROUP: "mail_only_access"}.get(
            plan, ""
        )


def standing_of(connection: Connection, reader_id: int) -> Standing:
    """How the reader with this number stands."""
    reader = store.by_id(connection, reader_id)
    if reader is None:
        return Standing()
    theirs = store.subscriptions_of(connection, [reader_id]).get(reader_id, {})
    return Standing(reader, theirs, bool(store.suppressed(connection, [reader.key])))
