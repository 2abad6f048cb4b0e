"""What the ledger and the queue of letters keep of one reader, for the reader to see."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter.tables import batches, deliveries, exclusions, letters


def ledger_record(connection: Connection, reader_id: int, address: str) -> dict[str, Any]:
    """Every edition that went to the reader or did not, with its state or reason, and the letters that wait.
    Ready for JSON."""
    sent = (
        sa.select(
            deliveries.c.edition,
            sa.func.coalesce(deliveries.c.state, batches.c.state).label("state"),
            sa.func.nullif(deliveries.c.reason, "").label("reason"),
        )
        .join(batches, batches.c.id == deliveries.c.batch)
        .where(deliveries.c.reader_id == reader_id)
        .order_by(deliveries.c.edition)
    )
    not_sent = (
        sa.select(exclusions.c.edition, exclusions.c.reason)
        .where(exclusions.c.reader_id == reader_id)
        .order_by(exclusions.c.edition)
    )
    waiting = (
        sa.select(letters.c.kind, letters.c.created)
        .where(sa.func.lower(letters.c.address) == address.lower())
        .order_by(letters.c.id)
    )
    return {
        "deliveries": [dict(row._mapping) for row in connection.execute(sent)],
        "not_sent": [dict(row._mapping) for row in connection.execute(not_sent)],
        "letters": [
            {"kind": row.kind, "created": row.created.isoformat()} for row in connection.execute(waiting)
        ],
    }
