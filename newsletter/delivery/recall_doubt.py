"""What a provider was asked to take back without saying that it did: nobody knows who gets it.

Every function works inside the transaction of the connection it is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter import before, editions, ledger
from newsletter.delivery.recall_record import HANDED, taken_of
from newsletter.edition import BatchState, DeliveryState, EditionState
from newsletter.ledger import BatchRow
from newsletter.returns import evidence
from newsletter.tables import batches
from newsletter.tables import editions as editions_table
from newsroom.counted import counted

UNKNOWN = "perhaps it is, all the same"
"""How what is noted of an edition begins that may be taken back, though its provider has not said so."""

PERHAPS = "perhaps taken back: its provider was asked, and nobody knows what it did"


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
            count += doubted(connection, row, PERHAPS, by, now)
    ours = editions_table.c.key == key
    connection.execute(sa.update(editions_table).where(ours).values(recall="", not_recalled=UNKNOWN))
    if count:
        said = f"nobody knows whether it was taken back before it was sent: {counted(count, 'reader')}"
        editions.log(connection, key, now, by, said)
        # Some may have been told of as delivered meanwhile.
        evidence.settle_heard(connection, now, key)
    return count


def doubted(connection: Connection, row: BatchRow, why: str, by: str, now: datetime) -> int:
    """Count those of the batch as uncertain who were taken, or perhaps were; returns how many."""
    taken = taken_of(connection, row)
    before.keep(connection, row.edition, taken.readers, before.PERHAPS, by, now)
    ledger.set_state(connection, row.edition, dict.fromkeys(taken.own, why), DeliveryState.UNCERTAIN)
    values: dict[str, object] = {"send_at": None}
    if taken.shared:
        # An answer that is still to come says nothing any more: it is nobody's.
        values |= {"state": BatchState.UNCERTAIN.value, "reason": why, "settled": None, "owner": ""}
    connection.execute(sa.update(batches).where(batches.c.id == row.id).values(values))
    return len(taken.readers)
