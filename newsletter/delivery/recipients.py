"""Who of a batch may still get it, looked at in the moment before it is handed over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter import editions, ledger
from newsletter.delivery.planning import GONE, exclusion
from newsletter.edition import DeliveryState, Edition, ExclusionReason
from newsletter.ledger import BatchRow
from newsletter.tables import deliveries
from newsroom.counted import counted
from readership import store
from readership.reader import SubscriptionStatus
from readership.tables import readers, subscriptions, suppressions


class Addressed(NamedTuple):
    """A reader of a batch with what a message needs. No dataclass: a run makes a million of them."""

    reader_id: int
    trial_days: int | None
    address: str
    name: str


_SUBSCRIBED = sa.and_(
    subscriptions.c.reader_id == deliveries.c.reader_id,
    subscriptions.c.newsletter == sa.bindparam("newsletter"),
)
_ADDRESSED = (deliveries.c.reader_id, deliveries.c.trial_days, readers.c.address, readers.c.name)
_INSIDE = sa.and_(deliveries.c.batch == sa.bindparam("batch"), deliveries.c.state.is_(None))
_STILL_THERE = (
    sa.select(*_ADDRESSED)
    .select_from(
        deliveries.join(readers, readers.c.id == deliveries.c.reader_id).join(subscriptions, _SUBSCRIBED)
    )
    .where(_INSIDE)
    .order_by(deliveries.c.reader_id)
)
_IS_AS_PLANNED = sa.and_(
    readers.c.key == deliveries.c.recipient_key,
    subscriptions.c.status == SubscriptionStatus.ACTIVE.value,
    suppressions.c.reason.is_(None),
)
_WITH_DOUBTS = (
    # Nearly everybody has the same address, is subscribed and has nothing that stops mail: whoever may not
    # have is told by the key they were planned with.
    sa.select(*_ADDRESSED, sa.case((_IS_AS_PLANNED, sa.null()), else_=deliveries.c.recipient_key))
    .select_from(
        deliveries.outerjoin(readers, readers.c.id == deliveries.c.reader_id)
        .outerjoin(subscriptions, _SUBSCRIBED)
        .outerjoin(suppressions, suppressions.c.key == readers.c.key)
    )
    .where(_INSIDE)
    .order_by(deliveries.c.reader_id)
)


def still_there(connection: Connection, row: BatchRow, newsletter: str) -> tuple[Addressed, ...]:
    """The batch's readers who were not erased since, whatever else became of them."""
    found = connection.execute(_STILL_THERE, {"batch": row.id, "newsletter": newsletter}).all()
    return tuple(Addressed(*one) for one in found)


def remaining(
    connection: Connection, edition: Edition, row: BatchRow, allow_to: Sequence[str], now: datetime
) -> tuple[Addressed, ...]:
    """Those of the batch who may still get it, by reader; the others are dropped, with the reason."""
    found = connection.execute(_WITH_DOUBTS, {"batch": row.id, "newsletter": edition.newsletter}).all()
    # Where only some addresses are allowed, everybody is looked at.
    doubtful = {one[0]: one[4] for one in found if allow_to or one[4] is not None}
    dropped = _dropped(connection, edition, row, doubtful, allow_to, now) if doubtful else {}
    return tuple(Addressed(*one[:4]) for one in found if one[0] not in dropped)


def _dropped(
    connection: Connection,
    edition: Edition,
    row: BatchRow,
    doubtful: Mapping[int, str | None],
    allow_to: Sequence[str],
    now: datetime,
) -> Mapping[int, str]:
    """Drop those of the doubtful (with the recipient key they were planned with, None where nothing is in
    the way that the database sees) who get nothing any more."""
    candidates = store.candidates_by_id(connection, edition.newsletter, doubtful.keys())
    dropped: dict[int, str] = {}
    moved: dict[int, str] = {}
    for reader_id, planned in doubtful.items():
        candidate = candidates.get(reader_id)
        if candidate is None:
            dropped[reader_id] = GONE
            continue
        reason = exclusion(candidate, edition.local_date, allow_to)
        if reason is not None:
            dropped[reader_id] = reason.value
        elif planned is not None and candidate.reader.key != planned:
            moved[reader_id] = candidate.reader.key
    for reader_id in ledger.rekey(connection, edition.key, moved):
        dropped[reader_id] = ExclusionReason.TWICE.value
    if row.resend:
        # Asked for by a person, who can read there why nothing came of it.
        for why, count in Counter(dropped.values()).items():
            what = f"not handed over again to {counted(count, 'reader')}: {why}"
            editions.log(connection, edition.key, now, "run", what)
    ledger.set_state(connection, edition.key, dropped, DeliveryState.DROPPED)
    return dropped
