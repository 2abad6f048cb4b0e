"""Readers put straight into a test's database."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from newsroom.database import writing
from readership.address import recipient_key
from readership.reader import Reader, Subscription
from readership.store import PLAN_ORDER
from readership.tables import readers, subscriptions
from tests import samples

ADDRESS_KEY = b"address key of the installation!"


def register(engine: Engine, reader: Reader, *theirs: Subscription, now: datetime = samples.NOON) -> Reader:
    """Store a reader with subscriptions; returns the reader as stored, with the true recipient key."""
    key = recipient_key(ADDRESS_KEY, reader.address)
    with writing(engine) as connection:
        connection.execute(
            sa.insert(readers).values(
                id=reader.id,
                address=reader.address,
                key=key,
                name=reader.name,
                plan=reader.plan.value,
                plan_order=PLAN_ORDER[reader.plan],
                plan_until=reader.plan_until,
                products=sorted(reader.products),
                language=reader.language,
                created=now,
                updated=now,
            )
        )
        for one in theirs:
            connection.execute(
                sa.insert(subscriptions).values(
                    reader_id=reader.id,
                    newsletter=one.newsletter,
                    status=one.status.value,
                    sections=sorted(one.sections),
                    paused_until=one.paused_until,
                    consent_at=one.consent_at,
                    consent_source=one.consent_source,
                    ended_by=one.ended_by,
                    updated=now,
                )
            )
    return Reader(
        reader.id,
        reader.address,
        key,
        reader.plan,
        reader.plan_until,
        reader.products,
        reader.name,
        reader.language,
    )
