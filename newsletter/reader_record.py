"""What the ledger and the queue of letters keep of one reader, for the reader to see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter.tables import batches, deliveries, delivery_history, events, exclusions, letters
from newsroom.portions import portions


def ledger_record(connection: Connection, reader_id: int, address: str) -> dict[str, Any]:
    """Every edition that went to the reader or did not, with its state or reason, what the ledger had of it
    before, what was told of it by the provider, and the letters that wait. Ready for JSON."""
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
    theirs = [dict(row._mapping) for row in connection.execute(sent)]
    return {
        "deliveries": theirs,
        "before": _before(connection, reader_id, [row["edition"] for row in theirs]),
        "events": _events(connection, reader_id, [row["edition"] for row in theirs]),
        "not_sent": [dict(row._mapping) for row in connection.execute(not_sent)],
        "letters": [
            {"kind": row.kind, "created": row.created.isoformat()} for row in connection.execute(waiting)
        ],
    }


def _before(connection: Connection, reader_id: int, editions: Sequence[str]) -> list[dict[str, Any]]:
    """What the ledger had before somebody, or an event, said otherwise, and when that was."""
    table = delivery_history
    found = []
    for some in portions(editions):
        query = sa.select(table.c.edition, table.c.state, table.c.reason, table.c.at).where(
            table.c.edition.in_(some), table.c.reader_id == reader_id
        )
        for edition, state, reason, at in connection.execute(query.order_by(table.c.id)):
            found.append({"edition": edition, "state": state, "reason": reason, "until": at.isoformat()})
    return found


def _events(connection: Connection, reader_id: int, editions: Sequence[str]) -> list[dict[str, Any]]:
    """By edition: nobody looks at all the events of all readers."""
    columns = (events.c.edition, events.c.kind, events.c.at, events.c.reason)
    found = []
    for some in portions(editions):
        query = sa.select(*columns).where(events.c.edition.in_(some), events.c.reader_id == reader_id)
        for edition, kind, at, reason in connection.execute(query.order_by(events.c.edition, events.c.at)):
            found.append({"edition": edition, "kind": kind, "at": at.isoformat(), "reason": reason})
    return found
