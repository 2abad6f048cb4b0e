"""What a provider was asked to take back without saying that it did: nobody knows who gets it.

Every function works inside the transaction of the connection it is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter import editions, holds, ledger
from newsletter.edition import BatchState, DeliveryState, Edition, EditionState
from newsletter.ledger import BatchRow
from newsletter.returns import evidence
from newsletter.tables import batches, deliveries
from newsletter.tables import editions as editions_table
from newsroom.counted import counted

UNKNOWN = "perhaps it is, all the same"
"""How what is noted of an edition begins that may be taken back, though its provider has not said so."""

PERHAPS = "perhaps taken back: its provider was asked, and nobody knows what it did"

HANDED = (BatchState.ACCEPTED, BatchState.UNCERTAIN, BatchState.EMPTY)
"""The states of batches that their provider has, or may have."""

_TAKEN = (DeliveryState.ACCEPTED.value, DeliveryState.UNCERTAIN.value)


def asked_at(connection: Connection, key: str) -> datetime | None:
    """When the provider was first asked to take back what it keeps, where nobody knows whether it did."""
    query = sa.select(editions_table.c.recalled).where(
        editions_table.c.key == key, editions_table.c.not_recalled.startswith(UNKNOWN)
    )
    return connection.execute(query).scalar()


def noted(connection: Connection, key: str) -> Mapping[str, object]:
    """When something of the edition was taken back, and why something was not."""
    query = sa.select(editions_table.c.recalled, editions_table.c.not_recalled)
    return dict(connection.execute(query.where(editions_table.c.key == key)).mappings().one())


def note_doubt(connection: Connection, key: str, asked: datetime) -> bool:
    """From now on what was to be sent after `asked` may be taken back, whatever is answered later;
    False where that was so before."""
    if asked_at(connection, key) is not None:
        return False
    ours = sa.and_(editions_table.c.key == key, editions_table.c.state == EditionState.STOPPED.value)
    values = {"recalled": asked, "not_recalled": UNKNOWN}
    return bool(connection.execute(sa.update(editions_table).where(ours).values(values)).rowcount)


def no_doubt(connection: Connection, key: str, before: Mapping[str, object]) -> None:
    """Its provider certainly did not do it: what was noted `before` it was asked is noted again."""
    ours = sa.and_(editions_table.c.key == key, editions_table.c.not_recalled.startswith(UNKNOWN))
    connection.execute(sa.update(editions_table).where(ours).values(before))


def doubt(connection: Connection, key: str, by: str, now: datetime) -> int:
    """Count as uncertain whose mails a provider may have taken back without saying so: it was asked, and a
    first answer never came. Returns of how many readers; its events, or `resolve`, settle them.

    What is handed over after that goes under another name, for this one may be cancelled.
    """
    asked = asked_at(connection, key)
    if asked is None:
        return 0
    count = 0
    for row in ledger.batches_of(connection, key, *HANDED, BatchState.HANDED):
        if row.send_at is not None and row.send_at > asked:
            count += doubted(connection, row, PERHAPS)
    ours = editions_table.c.key == key
    connection.execute(sa.update(editions_table).where(ours).values(recall="", not_recalled=UNKNOWN))
    if count:
        said = f"nobody knows whether it was taken back before it was sent: {counted(count, 'reader')}"
        editions.log(connection, key, now, by, said)
        # Some may have been told of as delivered meanwhile.
        evidence.settle_heard(connection, now, key)
    return count


def resume(connection: Connection, key: str, provider: str, by: str, now: datetime) -> tuple[Edition, int]:
    """Let a stopped edition go on, as `holds.resume` does; with it, of how many readers nobody knows whether
    what they were handed was taken back."""
    is_stopped = editions.locked(connection, key).state is EditionState.STOPPED
    count = doubt(connection, key, by, now) if is_stopped else 0
    return holds.resume(connection, key, provider, by, now), count


def taken_of(connection: Connection, row: BatchRow) -> tuple[list[int], int]:
    """Who of the batch was taken, or perhaps was: those with a state of their own, and how many share its."""
    query = sa.select(deliveries.c.reader_id).where(
        deliveries.c.batch == row.id, deliveries.c.state.in_(_TAKEN)
    )
    own = list(connection.execute(query.order_by(deliveries.c.reader_id)).scalars())
    return own, ledger.count_readers(connection, row.id) if row.state is not BatchState.EMPTY else 0


def doubted(connection: Connection, row: BatchRow, why: str) -> int:
    """Count those of the batch as uncertain who were taken, or perhaps were; returns how many."""
    own, inside = taken_of(connection, row)
    ledger.set_state(connection, row.edition, dict.fromkeys(own, why), DeliveryState.UNCERTAIN)
    values: dict[str, object] = {"send_at": None}
    if inside:
        # An answer that is still to come says nothing any more: it is nobody's.
        values |= {"state": BatchState.UNCERTAIN.value, "reason": why, "settled": None, "owner": ""}
    connection.execute(sa.update(batches).where(batches.c.id == row.id).values(values))
    return len(own) + inside
