"""Erased means erased: from the tables, from the file's bytes, and for good."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from newsroom.database import metadata, reading, sqlite_file, writing
from readership import erasure, store
from readership.address import recipient_key
from readership.reader import SuppressionReason
from readership.record import record
from readership.suppression import suppress
from readership.tables import subscriptions
from tests import samples
from tests.readership.registered import ADDRESS_KEY, register


def test_nothing_but_the_keyed_hash_stays(engine: Engine) -> None:
    reader = register(engine, samples.reader(1, name="Ann Unmistakable"), samples.subscription(1))
    register(engine, samples.reader(2), samples.subscription(2))
    with writing(engine) as connection:
        erasure.forget(connection, reader, samples.NOON)
    with reading(engine) as connection:
        assert store.find(connection, reader.key) is None
        assert connection.execute(sa.select(subscriptions.c.reader_id)).scalars().all() == [2]
        kept = record(connection, reader.key)
        for table in metadata.sorted_tables:
            assert "Unmistakable" not in repr(connection.execute(sa.select(table)).all())
    assert kept is not None
    assert (kept["reader"], kept["subscriptions"]) == (None, [])
    assert kept["suppression"]["reason"] == "erased"


@pytest.mark.sqlite
def test_the_files_bytes_are_overwritten(engine: Engine) -> None:
    reader = register(engine, samples.reader(1, address="unmistakable@example.org"), samples.subscription(1))
    with engine.connect() as connection:
        # Some builds of SQLite overwrite by themselves: not all do.
        connection.exec_driver_sql("PRAGMA secure_delete=OFF")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    file = sqlite_file(engine)
    assert file is not None
    assert b"unmistakable@" in file.read_bytes()
    with writing(engine) as connection:
        erasure.forget(connection, reader, samples.NOON)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"unmistakable@" not in file.read_bytes()


def test_a_number_is_never_given_again(engine: Engine) -> None:
    old, new = (
        samples.reader(0, address="old@example.org"),
        samples.reader(0, address="new@example.org", key="1" * 64),
    )
    with writing(engine) as connection:
        store.save_readers(connection, [old], samples.NOON)
        gone = store.find(connection, old.key)
        assert gone is not None
        erasure.forget(connection, gone, samples.NOON)
        store.save_readers(connection, [new], samples.NOON)
        found = store.find(connection, new.key)
    assert found is not None
    # An old link or an old ledger row must not lead to somebody else.
    assert found.id > gone.id


def test_a_stranger_can_be_kept_away_too(engine: Engine) -> None:
    key = recipient_key(ADDRESS_KEY, "stranger@example.org")
    with writing(engine) as connection:
        erasure.forget_address(connection, key, samples.NOON)
        erasure.forget_address(connection, key, samples.NOON)
        assert store.suppressed(connection, [key]) == {key: SuppressionReason.ERASED}


def test_an_erasure_goes_before_an_earlier_reason(engine: Engine) -> None:
    reader = register(engine, samples.reader(1), samples.subscription(1))
    with writing(engine) as connection:
        suppress(connection, {reader.key: SuppressionReason.BOUNCED}, samples.NOON, "list")
        erasure.forget(connection, reader, samples.NOON)
        assert store.suppressed(connection, [reader.key]) == {reader.key: SuppressionReason.ERASED}
