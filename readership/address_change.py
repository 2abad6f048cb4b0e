"""A reader's new address, once it is confirmed: what changes, and what keeps the old one from coming back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from readership import store
from readership.reader import Reader, SuppressionReason
from readership.sign_ins import DEAD
from readership.suppression import suppress
from readership.tables import sign_ins, sign_ups, suppressions

ORIGIN = "its reader has another address now"
"""Why the address that a reader had gets nothing."""


def is_free(connection: Connection, key: str) -> bool:
    """Whether the address of this recipient key may become a reader's: nobody has it, and mail arrives."""
    return store.find(connection, key) is None and store.suppressed(connection, [key]).get(key) not in DEAD


def change(connection: Connection, reader: Reader, address: str, key: str, now: datetime) -> bool:
    """Give the reader the address, whose owner has confirmed it; False where it is free no more.

    What the address itself had wished before (erased, unsubscribed) is lifted by that. The old one is
    suppressed under its hash: an import that still has it would write to it, as to somebody new.
    """
    if key == reader.key or not is_free(connection, key):
        return False
    wishes = (SuppressionReason.ERASED, SuppressionReason.UNSUBSCRIBED)
    connection.execute(
        sa.delete(suppressions).where(suppressions.c.key == key, suppressions.c.reason.in_(wishes))
    )
    # What the old address was refused for is said of it alone.
    store.save_readers(connection, [replace(reader, address=address, key=key)], now)
    suppress(connection, {reader.key: SuppressionReason.UNSUBSCRIBED}, now, ORIGIN)
    for table in (sign_ups, sign_ins):
        connection.execute(sa.delete(table).where(table.c.key == reader.key))
    return True
