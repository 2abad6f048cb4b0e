"""What a provider kept of an edition when the database was saved that was put back since: whoever stopped it
after that had it taken back, perhaps, and handed it over anew. The database does not know.

Every function works inside the transaction of the connection it is given.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter import editions, ledger
from newsletter.delivery.recall_doubt import doubted
from newsletter.delivery.recall_record import HANDED
from newsletter.edition import BatchState, EditionState
from newsletter.returns import evidence
from newsletter.tables import batches
from newsletter.tables import editions as editions_table
from newsroom import installation
from newsroom.counted import counted

PERHAPS = "its provider kept it when the database was saved, and it may have been taken back since"


def doubt(connection: Connection, key: str, by: str, now: datetime) -> int:
    """Count as uncertain whose mails a provider kept when this database was saved; returns of how many
    readers. The provider's events settle them, or `resolve`.

    What is handed over after that goes under another name: this one may be cancelled.
    """
    edition = editions.locked(connection, key)
    saved = _saved(connection)
    count = 0
    for row in ledger.batches_of(connection, key, *HANDED, BatchState.HANDED):
        if row.send_at is not None and (saved is None or row.send_at > saved):
            count += doubted(connection, row, PERHAPS, by, now)
    if count or (edition.recall and edition.state is not EditionState.SENT):
        values = {"recall": "", "not_recalled": "", "recalled": now}
        connection.execute(sa.update(editions_table).where(editions_table.c.key == key).values(values))
    if count:
        said = (
            f"nobody knows whether it was taken back after the database was saved: {counted(count, 'reader')}"
        )
        editions.log(connection, key, now, by, said)
        evidence.settle_heard(connection, now, key)
    return count


def _saved(connection: Connection) -> datetime | None:
    """A moment at which this database was not saved yet, as late as can be told: it knows of that one."""
    known = installation.find(connection)
    handed = connection.execute(sa.select(sa.func.max(batches.c.handed))).scalar()
    moments = (known.saved if known else None, handed)
    return max((one for one in moments if one is not None), default=None)
