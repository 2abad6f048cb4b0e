"""The database: one engine, the column types both databases share, and short writing transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL, Connection, Dialect, Engine
from sqlalchemy.pool import ConnectionPoolEntry

from newsroom import postgresql
from newsroom.errors import ConfigurationError, StoreError
from newsroom.line import Line

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every package's tables: each store adds its own when it is imported."""

BUSY_SECONDS = 120
"""How long a writer waits for another one: planning a million readers takes half a minute."""

_LINE = "standfirst_line"
"""The engine's option that holds the line of its writers."""

BEFORE_COMMIT = "standfirst_before_commit"
"""The engine's option that holds what writes down beside the database: see newsroom/stop_file.py."""

LARGEST = 2**31 - 1
"""The largest number that a row has: a larger one that somebody asks for is none of ours."""


class Instant(sa.TypeDecorator[datetime]):
    """An aware datetime, kept in UTC with its microseconds. A naive one is refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The moment in UTC (naive for SQLite, which knows no zones)."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The stored moment, aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def inserting(connection: Connection, table: sa.Table) -> Any:
    """An INSERT into the table that knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
    if connection.dialect.name == "postgresql":
        # Takes a while to import, and SQLite's users never need it.
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    return sqlite.insert(table)


def engine_for(url: str, *, poolclass: type[sa.Pool] | None = None) -> Engine:
    """An engine for `url`; SQLite runs WAL with `synchronous=FULL` and waits for a busy writer.

    Raises ConfigurationError where it is no address, or where its driver is not installed.
    """
    # An error that shows what it was about would show articles and addresses.
    options: dict[str, Any] = {"poolclass": poolclass, "hide_parameters": True}
    if postgresql.is_address(url):
        return _postgresql(postgresql.address(url), options)
    arguments = {"timeout": BUSY_SECONDS, "check_same_thread": False}
    engine = sa.create_engine(url, connect_args=arguments, **options)
    sa.event.listen(engine, "connect", _prepare_sqlite)
    _keep_to_its_file(engine)
    return engine


def _keep_to_its_file(engine: Engine) -> None:
    """Once a file was opened, none is made in its place: SQLite would make an empty one where it is gone."""
    path, is_known = sqlite_file(engine), False

    def look(*_: object) -> None:
        nonlocal is_known
        if is_known and path is not None and identity(path) is None:
            raise sqlite3.OperationalError("its file was deleted or moved")
        is_known = True

    sa.event.listen(engine, "do_connect", look)


def _postgresql(url: URL, options: dict[str, Any]) -> Engine:
    try:
        # A server that was started anew costs nobody an error: a connection is tried before it is used.
        engine = sa.create_engine(
            url,
            connect_args=postgresql.arguments(url),
            isolation_level="READ COMMITTED",
            pool_pre_ping=True,
            # The driver forgets it with the cursor, which an INSERT closes at once.
            execution_options={"preserve_rowcount": True},
            **options,
        )
    except ModuleNotFoundError:
        raise ConfigurationError(
            f"PostgreSQL's driver is not installed, and newsroom.database needs it: {postgresql.PACKAGE}"
        ) from None
    sa.event.listen(engine, "connect", lambda connection, _: postgresql.prepare(connection, BUSY_SECONDS))
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # The driver's own BEGIN is DEFERRED: a reader that turns writer then fails at once with "locked".
    connection.isolation_level = None
    busy = f"busy_timeout={BUSY_SECONDS}000"
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", busy):
        connection.execute(f"PRAGMA {pragma}")


class Beside(Protocol):
    """What collects in a writing transaction and writes down at its end, before it is committed."""

    def begin(self, connection: Connection) -> None: ...

    def end(self, connection: Connection) -> None: ...


def in_line(engine: Engine) -> Engine:
    """The same engine, with the same connections, for a process that serves: writers stand in a line, so that
    however many there are, those who read find a connection and a thread."""
    # The database has one writer at a time.
    return engine.execution_options(**{_LINE: Line(1)})


@contextmanager
def writing(engine: Engine, within: float | None = None) -> Iterator[Connection]:
    """A transaction that may write: committed at the end, rolled back on an error. Keep it short.

    There is one writer at a time, and it is that before it reads: SQLite begins IMMEDIATE, PostgreSQL with
    `postgresql.begin_writing`. Raises StoreError where the database cannot be opened, its disk is full, or it
    is locked for longer than `within` seconds (BUSY_SECONDS; of an engine from `in_line`, as long as its line
    has patience).
    """
    line: Line | None = engine.get_execution_options().get(_LINE)
    beside: Beside | None = engine.get_execution_options().get(BEFORE_COMMIT)
    turn = nullcontext(within) if line is None else line.turn(within)
    with explained(engine), turn as seconds, engine.connect() as connection:
        _begin_writing(engine, connection, seconds)
        if beside is not None:
            beside.begin(connection)
        yield connection
        if beside is not None:
            beside.end(connection)
        connection.commit()


@contextmanager
def rehearsing(engine: Engine) -> Iterator[Connection]:
    """A transaction that may write as in `writing`, and is rolled back whatever happens: for a dry run, which
    so fails where the deed would. Nothing is written down beside the database either.

    Raises StoreError as `writing` does.
    """
    with explained(engine), engine.connect() as connection:
        _begin_writing(engine, connection, None)
        try:
            yield connection
        finally:
            connection.rollback()


def _begin_writing(engine: Engine, connection: Connection, seconds: float | None) -> None:
    _look(engine, connection)
    if engine.dialect.name == "sqlite":
        with _waiting(connection, seconds):
            connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        postgresql.begin_writing(connection, seconds)


@contextmanager
def _waiting(connection: Connection, seconds: float | None) -> Iterator[None]:
    """Have SQLite wait for so long meanwhile, for others; None leaves it as it is."""
    if seconds is None:
        yield
        return
    connection.exec_driver_sql(f"PRAGMA busy_timeout={round(seconds * 1000)}")
    try:
        yield
    finally:
        # Connections go back to the pool, and to others.
        connection.exec_driver_sql(f"PRAGMA busy_timeout={BUSY_SECONDS}000")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that only reads, seeing one state of the database throughout."""
    with explained(engine), engine.connect() as connection:
        _look(engine, connection)
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN")
        else:
            connection.execution_options(**postgresql.REPEATABLE)
        yield connection


def _look(engine: Engine, connection: Connection) -> None:
    """Raise StoreError where SQLite's file at the path is not the one that is open any more: what is written
    into a deleted file is lost with the process that has it open."""
    path = sqlite_file(engine)
    if path is None:
        return
    now = identity(path)
    if connection.info.setdefault(_FILE, now) == now:
        return
    # The next connection opens what is there then.
    connection.invalidate()
    if now is None:
        raise StoreError(
            f"the database is gone: {path} was deleted or moved; put it back, or restore a backup"
        )
    raise StoreError(f"the database was replaced: {path} is another file than before; it is opened anew")


_FILE = "standfirst_file"
"""In what SQLAlchemy keeps beside a connection: which file it has open."""


def identity(path: Path) -> tuple[int, int] | None:
    """Which file is at a path: its device and its number there; None for none that can be seen."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def emptied(engine: Engine) -> bool:
    """Bring what SQLite's write-ahead log holds into its file, and leave the log empty: else deleted rows
    stay in it for as long as any program has the database open.

    False where others read or write for longer than two seconds: the next run empties it. Raises StoreError.
    """
    if sqlite_file(engine) is None:
        return True
    with explained(engine), engine.connect() as connection, _waiting(connection, 2.0):
        return connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar() == 0


@contextmanager
def explained(engine: Engine) -> Iterator[None]:
    """Turn what the database refuses into a StoreError that names the database and what to do."""
    try:
        yield
    except sa.exc.TimeoutError as error:
        raise StoreError("the database failed: every connection is in use; try again") from error
    except (sa.exc.DBAPIError, sqlite3.DatabaseError) as error:
        refused = _refusal(engine, error)
        if refused is None:
            raise
        raise StoreError(f"the database {refused}{_of(engine)}") from error


def _refusal(engine: Engine, error: sa.exc.DBAPIError | sqlite3.DatabaseError) -> str | None:
    """What the database refuses and what to do about it; None for a mistake of ours."""
    if engine.dialect.name != "sqlite" and isinstance(error, sa.exc.DBAPIError):
        refused = postgresql.refusal(error)
        return None if refused is None else f"failed: {refused}"
    if isinstance(error, sa.exc.OperationalError):
        reason = str(error.orig)
        otherwise = "look whether it can be reached"
        return f"failed: {reason}; {next((words for part, words in _REMEDIES if part in reason), otherwise)}"
    # The kinds below it are mistakes of ours; this one itself is a file that is damaged or no database.
    if type(error) not in (sa.exc.DatabaseError, sqlite3.DatabaseError):
        return None
    damage = error.orig if isinstance(error, sa.exc.DatabaseError) else error
    return f"is damaged: {damage}; restore a backup"


_REMEDIES = (
    ("deleted or moved", "restore a backup"),
    ("full", "its disk is full: free some room"),
    ("disk I/O", "its disk is full or faulty: free some room, and look at the disk"),
    ("unable to open", "its folder is not there, or not for the user who runs Standfirst"),
    ("readonly", "give its file and folder to the user who runs Standfirst"),
    ("locked", "another program keeps it for itself: look which one, and end it"),
)
"""What a part of SQLite's message means for the operator; the first that is found."""


def _of(engine: Engine) -> str:
    return f" ({named(engine)})"


def named(engine: Engine) -> str:
    """Which database is meant: SQLite's file, or the address without its password."""
    return str(sqlite_file(engine) or postgresql.shown(engine.url))


def sqlite_file(engine: Engine) -> Path | None:
    """The database's file; None for one that has none (PostgreSQL, memory)."""
    name = engine.url.database
    return Path(name) if engine.dialect.name == "sqlite" and name and name != ":memory:" else None
