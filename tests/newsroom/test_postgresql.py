"""PostgreSQL as it refuses, goes away and comes back: said in words that hold no secret, and gone on with."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from newsroom import installation, witness
from newsroom.backup import back_up
from newsroom.database import engine_for, in_line, metadata, reading, writing
from newsroom.errors import ConfigurationError, HeldError, PublishError, StoreError
from newsroom.schema import migrate
from newsroom.tables import alerts
from tests.samples import NOON
from tests.servers.postgres import Postgres

SECRET = "hunter2"


@pytest.fixture
def engine(postgres: Postgres) -> Engine:
    return postgres.emptied()


@pytest.fixture
def owned(postgres: Postgres) -> Iterator[Engine]:
    """A database of its own with every table."""
    value = engine_for(postgres.fresh())
    metadata.create_all(value)
    yield value
    value.dispose()


def _put(engine: Engine, key: str) -> None:
    with writing(engine) as connection:
        connection.execute(sa.insert(alerts).values(key=key, message="m", first_seen=NOON))


def _keys(engine: Engine) -> list[str]:
    with reading(engine) as connection:
        return list(connection.execute(sa.select(alerts.c.key).order_by(alerts.c.key)).scalars())


def _refused(engine: Engine) -> str:
    with pytest.raises(StoreError) as caught:
        _put(engine, "refused")
    engine.dispose()
    (line,) = caught.value.problems
    assert "\n" not in line
    assert SECRET not in line
    return line


# One writer, and those who read


def test_one_writes_at_a_time_and_sees_what_those_before_it_wrote(engine: Engine) -> None:
    seen: list[list[str]] = []
    is_waiting = threading.Event()

    def second() -> None:
        is_waiting.set()
        with writing(engine) as connection:
            seen.append(list(connection.execute(sa.select(alerts.c.key)).scalars()))

    thread = threading.Thread(target=second)
    with writing(engine) as connection:
        thread.start()
        is_waiting.wait()
        thread.join(0.2)
        assert thread.is_alive()
        connection.execute(sa.insert(alerts).values(key="first", message="m", first_seen=NOON))
    thread.join(30)
    assert seen == [["first"]]


def test_who_reads_sees_one_state_throughout_and_waits_for_nobody(engine: Engine) -> None:
    _put(engine, "before")
    with reading(engine) as connection:
        count = sa.select(sa.func.count()).select_from(alerts)
        assert connection.execute(count).scalar() == 1
        _put(engine, "meanwhile")
        assert connection.execute(count).scalar() == 1
    assert _keys(engine) == ["before", "meanwhile"]


def test_who_reads_changes_nothing(engine: Engine) -> None:
    with pytest.raises(StoreError, match="read-only"), reading(engine) as connection:
        connection.execute(sa.delete(alerts))


def test_a_writer_waits_no_longer_than_it_says(engine: Engine) -> None:
    serving = in_line(engine)
    words = "another program keeps it"
    with writing(engine), pytest.raises(StoreError, match=words), writing(serving, within=0.1):
        raise AssertionError("two write at once")
    with writing(serving, within=5) as connection:
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar() != "2min"
    with writing(engine) as connection:
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "2min"


def test_what_is_committed_lasts_however_the_server_is_set(engine: Engine) -> None:
    with engine.connect() as connection:
        # The tests' own server has it off for speed.
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"


# What it refuses


def test_one_that_is_away_is_named_without_its_password(tmp_path: Path) -> None:
    line = _refused(engine_for(f"postgresql://paper:{SECRET}@/news?host={tmp_path}&password={SECRET}"))
    assert line.startswith("the database failed: connection")
    assert "see whether it runs" in line
    assert "/news?host=" in line


def test_a_wrong_password_is_said_and_not_shown(postgres: Postgres) -> None:
    rules = postgres.server.folder / "data" / "pg_hba.conf"
    before = rules.read_text()
    rules.write_text("local all paper scram-sha-256\n" + before)
    postgres.server.call("psql", "-qc", "CREATE ROLE paper LOGIN PASSWORD 'another'")
    try:
        os.kill(postgres.server.pid, signal.SIGHUP)
        url = postgres.server.url(user=f"paper:{SECRET}")
        line = _refused(engine_for(url))
        assert "password authentication failed" in line
        assert "see the user and the password in newsroom.database" in line
        assert "has no password" in _refused(engine_for(postgres.server.url(user="paper")))
    finally:
        rules.write_text(before)
        os.kill(postgres.server.pid, signal.SIGHUP)


def test_a_database_that_is_not_there_is_to_be_made(postgres: Postgres) -> None:
    assert "make it: CREATE ROLE, CREATE DATABASE" in _refused(engine_for(postgres.server.url("nowhere")))


REFUSALS = {
    "ALTER DATABASE {name} SET default_transaction_read_only = on": "a standby, or its disk is full",
    "ALTER DATABASE {name} CONNECTION LIMIT 0; CREATE ROLE guest LOGIN": "max_connections",
    "REVOKE ALL ON alerts FROM reader": "ALTER DATABASE NAME OWNER TO",
    "DROP TABLE alerts": "its tables are not there",
}


@pytest.mark.parametrize("statement", REFUSALS)
def test_what_it_refuses_is_said_with_what_to_do(owned: Engine, postgres: Postgres, statement: str) -> None:
    name, user = str(owned.url.database), "standfirst"
    if "reader" in statement:
        postgres.server.call("psql", "-qc", "CREATE ROLE reader LOGIN")
        user = "reader"
    if "guest" in statement:
        user = "guest"
    postgres.server.call("psql", "-q", "-d", name, "-c", statement.format(name=name))
    owned.dispose()
    line = _refused(engine_for(postgres.server.url(name, user=user)))
    assert REFUSALS[statement] in line


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("53100", "its disk is full: free some room there"),
        ("58030", "its disk is faulty or full"),
        ("53200", "out of memory"),
        ("40001", "run it again"),
        ("40P01", "run it again"),
        ("XX001", "restore a backup"),
        ("57014", "statement_timeout"),
    ],
)
def test_what_befalls_it_is_said_with_what_to_do(owned: Engine, state: str, words: str) -> None:
    with writing(owned) as connection:
        connection.exec_driver_sql(
            "CREATE FUNCTION ails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"RAISE EXCEPTION 'could not extend file' USING ERRCODE = '{state}', DETAIL = '{SECRET}'; "
            "END $$; "
            "CREATE TRIGGER ails BEFORE INSERT ON alerts EXECUTE FUNCTION ails()"
        )
    line = _refused(owned)
    assert line.startswith("the database failed: could not extend file; ")
    assert words in line


def test_a_full_disk_is_one_reason_whichever_of_its_files_has_no_room(owned: Engine) -> None:
    said = set()
    for number in (16397, 16422):
        with writing(owned) as connection:
            connection.exec_driver_sql(
                "CREATE OR REPLACE FUNCTION ails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                f"RAISE EXCEPTION 'could not extend file \"base/16384/{number}\": No space left on device' "
                "USING ERRCODE = '53100'; END $$; "
                "CREATE OR REPLACE TRIGGER ails BEFORE INSERT ON alerts EXECUTE FUNCTION ails()"
            )
        said.add(_refused(owned))
    (line,) = said
    assert line.startswith("the database failed: No space left on device; its disk is full")


def test_a_mistake_of_ours_is_none_of_the_databases(engine: Engine) -> None:
    _put(engine, "a")
    with pytest.raises(sa.exc.IntegrityError):
        _put(engine, "a")
    assert _keys(engine) == ["a"]


@pytest.mark.parametrize("url", [f"postgresql://u:p@{SECRET}@h/d", f"postgresql://u@h:{SECRET}/d"])
def test_a_password_with_an_at_sign_is_shown_by_nobody(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"write %40 for @|no address") as caught:
        engine_for(url)
    assert SECRET not in str(caught.value)


def test_a_driver_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'psycopg\[binary\]'"):
        engine_for("postgresql://u@h/d")


# It goes away, and comes back


def test_a_connection_that_is_lost_in_the_middle_loses_nothing_else(owned: Engine) -> None:
    _put(owned, "before")
    with pytest.raises(StoreError, match="went away in the middle"), writing(owned) as connection:
        connection.execute(sa.insert(alerts).values(key="lost", message="m", first_seen=NOON))
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        with owned.connect() as other:
            other.exec_driver_sql(f"SELECT pg_terminate_backend({pid})")
            other.rollback()
        connection.execute(sa.insert(alerts).values(key="lost too", message="m", first_seen=NOON))
    _put(owned, "after")
    assert _keys(owned) == ["after", "before"]


def test_who_sleeps_in_the_middle_of_writing_keeps_nobody_waiting(owned: Engine) -> None:
    with pytest.raises(StoreError, match="for too long in the middle"), writing(owned) as connection:
        connection.execute(sa.insert(alerts).values(key="lost", message="m", first_seen=NOON))
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = '50ms'")
        _put(owned, "another")
        connection.execute(sa.select(alerts))
    assert _keys(owned) == ["another"]


# Backups


def _restored(postgres: Postgres, dump: Path) -> Engine:
    """Another database, made of the dump as docs/server.md says."""
    url = postgres.fresh()
    engine = engine_for(url)
    place = ("-h", str(postgres.server.folder), "-U", "standfirst", "-d", str(engine.url.database))
    subprocess.run(["pg_restore", "--no-owner", "--exit-on-error", *place, str(dump)], check=True)
    return engine


def test_a_dump_is_restored_held_and_gone_on_with(postgres: Postgres, tmp_path: Path) -> None:
    blank = engine_for(postgres.fresh())
    path = tmp_path / "standfirst.witness"
    migrate(blank, tmp_path, NOON)
    installation.ensure(blank, NOON)
    witness.announce(blank, path, "daily-2026-03-10")
    made = back_up(blank, tmp_path / "backups", path, NOON)
    assert made.name == "standfirst-20260310-120000.dump"
    assert made.stat().st_mode & 0o777 == 0o600
    assert made.with_suffix(".witness").read_bytes() == path.read_bytes()
    witness.announce(blank, path, "daily-2026-03-11")
    blank.dispose()
    restored = _restored(postgres, made)
    assert not migrate(restored, tmp_path, NOON).changed
    with pytest.raises(HeldError, match="daily-2026-03-11 was handed over"):
        witness.check(restored, path)
    witness.accept(restored, path)
    witness.check(restored, path)
    witness.announce(restored, path, "daily-2026-03-12")
    _put(restored, "goes on")
    restored.dispose()


def test_a_dump_that_fails_leaves_nothing_and_shows_no_password(owned: Engine, tmp_path: Path) -> None:
    gone = engine_for(f"postgresql://paper:{SECRET}@/news?host={tmp_path}")
    with pytest.raises(PublishError, match="the backup cannot be written: pg_dump: error") as caught:
        back_up(gone, tmp_path / "backups", tmp_path / "standfirst.witness", NOON)
    assert SECRET not in str(caught.value)
    assert list((tmp_path / "backups").iterdir()) == []


def test_the_password_is_in_no_programs_arguments(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[tuple[list[str], dict[str, str]]] = []

    def run(command: list[str], *, env: dict[str, str], **_: object) -> subprocess.CompletedProcess[bytes]:
        seen.append((command, env))
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr("newsroom.backup.subprocess.run", run)
    back_up(engine_for(f"postgresql://paper:{SECRET}@h/news"), tmp_path, tmp_path / "w", NOON)
    ((command, environment),) = seen
    assert SECRET not in " ".join(command)
    assert environment["PGPASSWORD"] == SECRET
    assert "--dbname=host=h dbname=news user=paper" in command


def test_where_there_is_no_pg_dump_it_is_said_what_to_do(
    owned: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StoreError, match=r"postgresql-client.*--without-backup"):
        back_up(owned, tmp_path / "backups", tmp_path / "standfirst.witness", NOON)
    assert not (tmp_path / "backups").exists()
