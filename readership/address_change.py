"""A reader's new address, once it is confirmed: what changes, and what keeps the old one from coming back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from readership import feed_addresses, sessions, store
from readership.limits import Limit, take
from readership.reader import Reader, SuppressionReason
from readership.sign_ins import DEAD
from readership.suppression import lift_wish, suppress
from readership.tables import sign_ins, sign_ups
from readership.tokens import Request

ORIGIN = "its reader has another address now"
"""Why the address that a reader had gets nothing."""

PER_LINK = Limit("new-address-link", 1, timedelta(seconds=1))
"""Counted in the second in which the link was made, which is the same one whenever it is used."""
PER_READER = Limit("new-address-reader", 3, timedelta(days=1))
PER_ADDRESS = Limit("new-address", 2, timedelta(days=1))
PER_NETWORK = Limit("new-address-network", 10, timedelta(days=1))
IN_ALL = Limit("new-address-all", 200, timedelta(hours=1))
"""Mails to addresses that are nobody's yet: whoever has one is asked by a stranger to us."""


def is_used(connection: Connection, asked: Request, address_key: bytes) -> bool:
    """Count that the link has asked its new address; True where it had before. The connection writes."""
    who = f"{asked.reader_id}\0{asked.asked.timestamp()}\0{asked.address}"
    return not take(connection, PER_LINK, address_key, who, asked.asked)


def may_ask(
    connection: Connection, asked: Request, key: str, address_key: bytes, network: str, now: datetime
) -> bool:
    """Count a mail to the new address, of the recipient key `key`; False where one is too many.

    The same is counted whoever has the address. The connection writes.
    """
    each = (
        (PER_READER, str(asked.reader_id)),
        (PER_NETWORK, network),
        (PER_ADDRESS, key),
        (IN_ALL, ""),
    )
    return all(take(connection, limit, address_key, who, now) for limit, who in each)


def is_free(connection: Connection, key: str) -> bool:
    """Whether the address of this recipient key may become a reader's: nobody has it, and mail arrives."""
    return store.find(connection, key) is None and store.suppressed(connection, [key]).get(key) not in DEAD


def change(connection: Connection, reader: Reader, address: str, key: str, now: datetime) -> bool:
    """Give the reader the address, whose owner has confirmed it; False where it is free no more.

    What the address itself had wished before (erased, unsubscribed) is lifted by that. The old one is
    suppressed under its hash: an import that still has it would write to it, as to somebody new. Whoever came
    in by the old mailbox is out: every session ends, and private feeds get new addresses.
    """
    if key == reader.key or not is_free(connection, key):
        return False
    lift_wish(connection, key, now)
    # Before the key changes: a restored backup knows the reader by the old one.
    sessions.end(connection, reader.id, now)
    holder = feed_addresses.holder(connection, reader.id)
    if holder is not None and holder.revoked is None:
        feed_addresses.rotate(connection, reader.id, now)
    # What the old address was refused for is said of it alone.
    store.save_readers(connection, [replace(reader, address=address, key=key)], now)
    suppress(connection, {reader.key: SuppressionReason.UNSUBSCRIBED}, now, ORIGIN)
    for table in (sign_ups, sign_ins):
        connection.execute(sa.delete(table).where(table.c.key == reader.key))
    return True
