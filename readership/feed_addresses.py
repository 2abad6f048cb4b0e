"""Whose private feeds an address opens: derived from the signing keys, so that no address is stored.

An address names a reader and a *generation*. One generation is good at a time: a new one makes the addresses
before it void at once, and a revoked one leaves none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsroom.database import inserting
from newsroom.portions import portions
from newsroom.stop_file import note
from readership.reader import Plan
from readership.tables import feed_addresses, feed_uses, readers
from readership.tokens import SigningKeys, feed_token

FIRST = 0
"""The generation of whoever never had new addresses."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A reader, as far as it decides what private feeds hold."""

    reader_id: int
    plan: Plan
    plan_until: date | None
    products: frozenset[str]
    updated: datetime
    """When anything about the reader last changed: not earlier than the plan did."""
    generation: int = FIRST
    revoked: datetime | None = None

    def opens(self, generation: int) -> bool:
        """Whether an address of this generation is good; where it is not, it was once."""
        return generation == self.generation and self.revoked is None

    def pays_on(self, day: date) -> bool:
        """Whether the plan, a trial included, opens paid articles on `day`."""
        return self.plan is not Plan.FREE and (self.plan_until is None or day <= self.plan_until)

    def ended(self, zone: ZoneInfo) -> datetime:
        """Since when a reader who does not pay does not: the end of the plan's last day, or the last change.

        The same at each request, until something about the reader changes.
        """
        if self.plan is Plan.FREE or self.plan_until is None:
            return self.updated.astimezone(UTC).replace(microsecond=0)
        return datetime.combine(self.plan_until + timedelta(days=1), time(), zone).astimezone(UTC)

    def token(self, signing_keys: SigningKeys) -> str:
        """What the reader's addresses hold now; empty where they are revoked."""
        return feed_token(signing_keys, self.reader_id, self.generation) if self.revoked is None else ""


_HOLDERS = sa.select(
    readers.c.id,
    readers.c.plan,
    readers.c.plan_until,
    readers.c.products,
    readers.c.updated,
    feed_addresses.c.generation,
    feed_addresses.c.revoked,
).select_from(readers.outerjoin(feed_addresses, feed_addresses.c.reader_id == readers.c.id))
_SOME = _HOLDERS.where(readers.c.id.in_(sa.bindparam("ids", expanding=True)))
_ONE = _HOLDERS.where(readers.c.id == sa.bindparam("id"))


def holder(connection: Connection, reader_id: int) -> Holder | None:
    """The reader with this number; None where there is none, or no more."""
    row = connection.execute(_ONE, {"id": reader_id}).first()
    return None if row is None else _holder(row)


def holders(connection: Connection, reader_ids: Iterable[int]) -> dict[int, Holder]:
    """Those of the readers that there are, by number."""
    found: dict[int, Holder] = {}
    for some in portions(dict.fromkeys(reader_ids)):
        # Each length of a list is a statement of its own to the database; nearly all are asked for alone.
        query, values = (_ONE, {"id": some[0]}) if len(some) == 1 else (_SOME, {"ids": some})
        found |= {row[0]: _holder(row) for row in connection.execute(query, values)}
    return found


def rotate(connection: Connection, reader_id: int, now: datetime) -> bool:
    """Give the reader new addresses; those before are void at once. False where there is no such reader."""
    before = holder(connection, reader_id)
    if before is None:
        return False
    # Later than any before, also than those that a restored backup knows nothing of: none of them comes back.
    _set(connection, reader_id, max(before.generation + 1, int(now.timestamp())), None, now)
    return True


def revoke(connection: Connection, reader_id: int, now: datetime) -> bool:
    """Leave the reader no address, until `rotate` gives new ones. False where there is no such reader."""
    before = holder(connection, reader_id)
    if before is None:
        return False
    if before.revoked is None:
        _set(connection, reader_id, before.generation, now, now)
    return True


def _set(
    connection: Connection, reader_id: int, generation: int, revoked: datetime | None, now: datetime
) -> None:
    values = {"generation": generation, "revoked": revoked, "changed": now}
    new = inserting(connection, feed_addresses).values(reader_id=reader_id, **values)
    connection.execute(new.on_conflict_do_update(index_elements=[feed_addresses.c.reader_id], set_=values))
    key = connection.execute(sa.select(readers.c.key).where(readers.c.id == reader_id)).scalar_one()
    note(connection, "feeds", key, now, "new" if revoked is None else "revoked")
    # How the void addresses were used says nothing of the new ones.
    connection.execute(sa.delete(feed_uses).where(feed_uses.c.reader_id == reader_id))


def _holder(row: Any) -> Holder:
    number, plan, until, products, updated, generation, revoked = row
    return Holder(number, Plan(plan), until, frozenset(products), updated, generation or FIRST, revoked)
