"""The database really runs as promised, and says in words when it cannot."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import Engine

from newsroom import database
from newsroom.database import Instant, engine_for, reading, rehearsing, sqlite_file, writing
from newsroom.errors import StoreError
from newsroom.tables import alerts
from tests import quick, samples

HOUSE = Path(__file__).resolve().parent.parent.parent


def _put(connection: sa.Connection, key: str = "a", **values: Any) -> None:
    row = {"key": key, "message": "m", "first_seen": samples.NOON} | values
    connection.execute(sa.insert(alerts).values(row))


def _keys(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(sa.select(alerts.c.key).order_by(alerts.c.key)).scalars())


def test_every_connection_is_set_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsroom.database._prepare_sqlite", quick.PREPARE)
    engine = engine_for(f"sqlite:///{tmp_path / 'standfirst.db'}")
    with engine.connect() as one, engine.connect() as two:
        for connection in (one, two):
            found = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            }
            assert found == {
                "journal_mode": "wal",
                "synchronous": 2,
                "foreign_keys": 1,
                "busy_timeout": 120_000,
            }


def test_what_is_rehearsed_is_seen_by_itself_alone_and_undone(engine: Engine) -> None:
    with rehearsing(engine) as connection:
        _put(connection)
        assert connection.execute(sa.select(alerts.c.key)).scalar() == "a"
    assert _keys(engine) == []
    with pytest.raises(ValueError, match="out of it"), rehearsing(engine) as connection:
        _put(connection)
        raise ValueError("out of it")
    assert _keys(engine) == []
    # The connection goes back as it was.
    with writing(engine) as connection:
        _put(connection)
    assert _keys(engine) == ["a"]


def test_a_rehearsal_writes_nothing_beside_the_database(engine: Engine) -> None:
    class Beside:
        def begin(self, connection: sa.Connection) -> None:
            raise AssertionError("it began")

        end = begin

    with rehearsing(engine.execution_options(**{database.BEFORE_COMMIT: Beside()})) as connection:
        _put(connection)


@pytest.mark.sqlite
def test_a_writer_has_the_lock_before_it_reads(engine: Engine) -> None:
    other = sqlite3.connect(sqlite_file(engine), timeout=0, isolation_level=None)
    with writing(engine), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    other.close()


def test_a_failure_rolls_back_and_lets_go(engine: Engine) -> None:
    with pytest.raises(RuntimeError), writing(engine) as connection:
        _put(connection)
        raise RuntimeError
    assert _keys(engine) == []
    with writing(engine) as connection:
        _put(connection)
    assert _keys(engine) == ["a"]


def test_a_reader_sees_one_state_throughout(engine: Engine) -> None:
    with reading(engine) as connection:
        count = sa.select(sa.func.count()).select_from(alerts)
        assert connection.execute(count).scalar() == 0
        with writing(engine) as other:
            _put(other)
        assert connection.execute(count).scalar() == 0
    assert _keys(engine) == ["a"]


@given(
    st.datetimes(
        min_value=datetime(1900, 1, 2),  # noqa: DTZ001 (the zone comes from the next line)
        max_value=datetime(9999, 12, 30),  # noqa: DTZ001 (the zone comes from the next line)
        timezones=st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
    )
)
def test_a_moment_comes_back_as_it_was(moment: datetime) -> None:
    dialect = sa.create_engine("sqlite://").dialect
    stored = Instant().process_bind_param(moment, dialect)
    found = Instant().process_result_value(stored, dialect)
    assert found == moment
    assert found is not None
    assert found.tzinfo is UTC
    # As stored, moments are in their order.
    assert stored is not None
    assert stored.tzinfo is None


def test_a_moment_survives_the_file_and_a_naive_one_is_refused(engine: Engine) -> None:
    moment = datetime(2026, 10, 25, 2, 30, 0, 123_457, tzinfo=timezone(timedelta(hours=2)))
    with writing(engine) as connection:
        _put(connection, first_seen=moment, told=None)
    with reading(engine) as connection:
        row = connection.execute(sa.select(alerts)).one()
    assert (row.first_seen, row.told) == (moment, None)
    with pytest.raises(sa.exc.StatementError, match="without a time zone"), writing(engine) as connection:
        _put(connection, "b", first_seen=moment.replace(tzinfo=None))


@pytest.mark.sqlite
def test_a_locked_database_is_said_in_words(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0)
    impatient = engine_for(str(engine.url))
    other = sqlite3.connect(sqlite_file(engine), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="the database failed: database is locked"), writing(impatient):
        pass
    other.close()
    impatient.dispose()


def test_a_file_that_is_no_database_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"no database at all, but long enough for a header" * 100)
    engine = engine_for(f"sqlite:///{tmp_path / 'x.db'}")
    with pytest.raises(StoreError, match=r"the database is damaged: file is not a database"), writing(engine):
        pass


def test_a_folder_that_is_not_there_is_said_in_words(tmp_path: Path) -> None:
    engine = engine_for(f"sqlite:///{tmp_path / 'absent' / 'x.db'}")
    with pytest.raises(StoreError, match="unable to open database file"), reading(engine):
        pass


def test_a_mistake_of_ours_is_not_taken_for_the_databases(engine: Engine) -> None:
    with pytest.raises(sa.exc.IntegrityError), writing(engine) as connection:
        _put(connection)
        _put(connection)


FULL = """
import resource, sys
from newsroom.database import engine_for, writing
from newsroom.errors import StoreError
from newsroom.tables import alerts
import signal, sqlalchemy as sa
from tests.samples import NOON
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
engine = engine_for("sqlite:///" + sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    with writing(engine) as connection:
        for n in range(2000):
            row = dict(key=str(n), message="x" * 1000, first_seen=NOON)
            connection.execute(sa.insert(alerts).values(row))
except StoreError as error:
    print(error)
"""


@pytest.mark.sqlite
def test_a_full_disk_loses_nothing_that_was_there(engine: Engine) -> None:
    """RLIMIT_FSIZE bites for root as well."""
    with writing(engine) as connection:
        _put(connection, "kept")
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(sqlite_file(engine))],
        cwd=HOUSE,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("the database failed: ")
    assert _keys(engine) == ["kept"]
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


def test_which_databases_have_a_file() -> None:
    assert sqlite_file(engine_for("sqlite:////srv/x.db")) == Path("/srv/x.db")
    assert sqlite_file(engine_for("sqlite://")) is None
    assert sqlite_file(engine_for("sqlite:///:memory:")) is None
