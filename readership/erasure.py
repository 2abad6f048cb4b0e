"""Erasing a reader: what is deleted, and the little that must stay so that no import brings them back."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from readership.reader import Reader, SuppressionReason
from readership.suppression import suppress
from readership.tables import (
    consents,
    lifts,
    reader_sources,
    readers,
    sessions,
    sign_ins,
    sign_ups,
    subscriptions,
)


def forget(connection: Connection, reader: Reader, now: datetime) -> None:
    """Delete the reader with subscriptions and consents; keep the keyed hash of the address, with its reason.

    The hash is what keeps a later import from mailing them again. Ledgers keep the reader's number, which
    then leads nowhere: the table never gives a number out twice.
    """
    _overwrites(connection)
    # A source's id may come with another address one day; its keyed hash says that it is the same person.
    theirs = reader_sources.c.reader_id == reader.id
    known_as = connection.execute(sa.select(reader_sources.c.key).where(theirs)).scalars().all()
    suppress(
        connection, dict.fromkeys((reader.key, *known_as), SuppressionReason.ERASED), now, "erased on request"
    )
    connection.execute(sa.delete(reader_sources).where(theirs))
    connection.execute(sa.delete(consents).where(consents.c.reader_id == reader.id))
    connection.execute(sa.delete(sessions).where(sessions.c.reader_id == reader.id))
    _forget_asked(connection, reader.key)
    connection.execute(sa.delete(subscriptions).where(subscriptions.c.reader_id == reader.id))
    connection.execute(sa.delete(readers).where(readers.c.id == reader.id))


def forget_address(connection: Connection, key: str, now: datetime) -> None:
    """Make sure that nobody with this recipient key is ever mailed, known or not.

    A sign-up that was not confirmed is deleted.
    """
    _overwrites(connection)
    _forget_asked(connection, key)
    suppress(connection, {key: SuppressionReason.ERASED}, now, "erased on request")


def _forget_asked(connection: Connection, key: str) -> None:
    """Forget what was asked for under this key and has not come to anything yet, and what was lifted."""
    for table in (sign_ups, sign_ins, lifts):
        connection.execute(sa.delete(table).where(table.c.key == key))


def _overwrites(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        # Else the deleted text would stay in the file's free pages until something is written over it.
        connection.exec_driver_sql("PRAGMA secure_delete=ON")
