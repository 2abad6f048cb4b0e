"""How many readers a newsletter has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from readership.reader import Plan, SubscriptionStatus
from readership.tables import readers, subscriptions, suppressions


def by_plan(connection: Connection, newsletter: str, day: date) -> Mapping[Plan, int]:
    """The newsletter's active readers whom nothing stops, by the plan that they have on `day`."""
    is_over = sa.and_(readers.c.plan_until.is_not(None), readers.c.plan_until < day).label("is_over")
    query = (
        sa.select(readers.c.plan, is_over, sa.func.count())
        .select_from(
            subscriptions.join(readers, readers.c.id == subscriptions.c.reader_id).outerjoin(
                suppressions, suppressions.c.key == readers.c.key
            )
        )
        .where(
            subscriptions.c.newsletter == newsletter,
            subscriptions.c.status == SubscriptionStatus.ACTIVE,
            suppressions.c.key.is_(None),
        )
        .group_by(readers.c.plan, is_over)
    )
    found: Counter[Plan] = Counter()
    for plan, ended, count in connection.execute(query):
        found[Plan.FREE if ended else Plan(plan)] += int(count)
    return found
