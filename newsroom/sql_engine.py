"""A database of the newsroom's own, opened so that nothing can be written there."""

from __future__ import annotations

import sqlite3
import time
from functools import partial
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import URL, Engine

from newsroom.errors import SourceError

_DRIVERS = {
    "sqlite": "sqlite+pysqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
_PACKAGES = {"psycopg": "psycopg[binary]", "pymysql": "pymysql[rsa]"}
_FORMS = "sqlite:///FILE, postgresql://USER:PASSWORD@HOST/NAME or mysql://USER:PASSWORD@HOST/NAME"
_OID_TEXT = 25
"""PostgreSQL's number for the type text."""

_STEPS = 100_000
"""SQLite's steps between two looks at the clock: some milliseconds."""


class Access(Protocol):
    """What is to be known of a database before it is opened."""

    @property
    def key(self) -> str:
        """How newsroom.toml names it."""

    @property
    def secret(self) -> str:
        """Its address."""

    @property
    def path(self) -> Path:
        """The folder that an SQLite file is looked for in."""

    @property
    def changed(self) -> str:
        """The column that grows with each change, where there is one."""

    @property
    def timeout(self) -> float:
        """Seconds, for connecting, and for each answer of a query: its first rows, or the next ones."""


def engine_of(settings: Access, place: str, secret: str) -> Engine:
    """An engine that reads. Raises SourceError, with `place` and what to write into `secret`, which names
    what holds the address."""
    if not settings.secret:
        raise SourceError(f"{place}: no database is named; set {secret} to {_FORMS}")
    try:
        url = sa.make_url(settings.secret.strip())
    except (sa.exc.ArgumentError, ValueError):
        raise SourceError(f"{place}: {secret} is no database address; write {_FORMS}") from None
    driver = _DRIVERS.get(url.get_backend_name())
    if driver is None:
        raise SourceError(f"{place}: {secret} is the address of no database that is read; write {_FORMS}")
    if not driver.startswith("sqlite") and "@" in f"{url.host}{url.database}":
        raise SourceError(
            f"{place}: the password in {secret} has an @ or a / in it; write %40 for @, %2F for /, "
            "%3A for : and %25 for %"
        )
    url = url.set(drivername=driver)
    options: dict[str, Any] = {"connect_args": _arguments(url, settings.timeout)}
    if driver.startswith("sqlite"):
        if url.database in (None, "", ":memory:"):
            raise SourceError(f"{place}: {secret} names no file; write sqlite:///FILE")
        options = {"creator": partial(_sqlite, settings.path / (url.database or ""), settings.timeout)}
    try:
        engine = sa.create_engine(url, poolclass=sa.NullPool, hide_parameters=True, **options)
    except ModuleNotFoundError as error:
        package = _PACKAGES.get(error.name or "", error.name)
        raise SourceError(
            f"{place}: its database's driver is not installed: pip install '{package}'"
        ) from None
    except (sa.exc.ArgumentError, ValueError, TypeError):
        raise SourceError(f"{place}: {secret} has an option that means nothing; write {_FORMS}") from None
    if not driver.startswith("sqlite"):
        prepare = _prepare_postgresql if "psycopg" in driver else _prepare_mysql
        sa.event.listen(engine, "connect", partial(prepare, timeout=settings.timeout))
    return engine


def _arguments(url: URL, timeout: float) -> dict[str, Any]:
    arguments: dict[str, Any] = {"connect_timeout": max(2, round(timeout))}
    if url.get_backend_name() in ("mysql", "mariadb"):
        # Of a query that is thought about for too long nothing comes; one that is read slowly is none.
        arguments["read_timeout"] = max(1.0, timeout)
        if "charset" not in url.query:
            arguments["charset"] = "utf8mb4"
    return arguments


def _sqlite(path: Path, timeout: float) -> sqlite3.Connection:
    uri = f"file:{quote(str(path.resolve()))}?mode=ro"
    connection = sqlite3.connect(uri, timeout=timeout, uri=True, check_same_thread=False)
    connection.execute("PRAGMA query_only=ON")
    # The driver's own refusal of what is no UTF-8 shows it, and ends the query.
    connection.text_factory = _decoded
    return connection


def _decoded(data: bytes) -> str | bytes:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def _prepare_postgresql(connection: Any, _entry: Any, *, timeout: float) -> None:
    # The driver cannot hold every date that the database can, such as infinity: as text they all come.
    as_text = connection.adapters.get_loader(_OID_TEXT, 0)
    for kind in ("date", "timestamp", "timestamptz"):
        connection.adapters.register_loader(kind, as_text)
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
        cursor.execute("SET datestyle = 'ISO, YMD'")
        # Between two parts pictures are fetched.
        cursor.execute("SET idle_in_transaction_session_timeout = 0")
        # Waiting for another's lock counts; each part that is fetched is a statement of its own.
        cursor.execute(f"SET statement_timeout = {max(1, round(timeout * 1000))}")
    connection.commit()


def _prepare_mysql(connection: Any, entry: Any, *, timeout: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION READ ONLY")
        # Between two parts pictures are fetched.
        cursor.execute("SET SESSION net_write_timeout = 3600")
        cursor.execute(f"SET SESSION lock_wait_timeout = {max(1, round(timeout))}")
        cursor.execute("SELECT @@session.time_zone, @@system_time_zone")
        session, system = cursor.fetchone()
        entry.info["zone"] = system if session == "SYSTEM" else session
    connection.commit()


def limit_sqlite(connection: Any, timeout: float) -> None:
    """Let the SQLite file be asked for so many seconds from now on; then what it does is interrupted."""
    ends = time.monotonic() + timeout
    connection.set_progress_handler(lambda: time.monotonic() > ends, _STEPS)


def words_of(url: URL) -> tuple[str, ...]:
    """What an address is made of and no message may hold."""
    parts = (url.host, url.username, url.password, url.database, *map(str, url.query.values()))
    return tuple(str(part) for part in parts if part)
