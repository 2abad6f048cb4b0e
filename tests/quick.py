"""What nearly every test would wait for, done once: the same code runs, on the same SQL and the same tables.

Processes of their own, which are not under these tests' feet, do without.
"""

from __future__ import annotations

import os
import sqlite3
import ssl
import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import httpcore2
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Engine
from sqlalchemy.util import LRUCache

from newsroom import database, schema

UPGRADE = schema._upgrade
"""Alembic's own work, for those who test it."""
CREATE = database.metadata.create_all
"""SQLAlchemy's."""
PREPARE = database._prepare_sqlite
"""What a connection is told where a plug may be pulled."""


def share_what_is_compiled() -> None:
    """Have all SQLite engines know the statements that one has compiled.

    A command makes an engine of its own, and spends a fifth of its time on compiling what the command before
    it compiled; a newsroom calls one command a minute.
    """
    compiled: LRUCache[Any, Any] = LRUCache(5_000)
    finished = database._keep_to_its_file

    def finish(engine: Engine) -> None:
        finished(engine)
        engine._compiled_cache = compiled

    database._keep_to_its_file = finish
    # A statement is found again by the dialect that it was compiled for.
    kind: Any = SQLiteDialect_pysqlite
    kind.__eq__ = lambda self, other: type(self) is type(other)
    kind.__hash__ = lambda self: hash(type(self))


def copy_new_databases() -> None:
    """Have a new SQLite database be a copy of one that Alembic, or SQLAlchemy, has made."""

    def upgrade(engine: Engine) -> None:
        if not _copied(engine, _migrated):
            UPGRADE(engine)

    def create_all(engine: Engine) -> None:
        # More of them once another package was imported.
        if not _copied(engine, partial(_created, len(database.metadata.tables))):
            CREATE(engine)

    schema._upgrade = upgrade
    database.metadata.create_all = create_all  # type: ignore[method-assign,assignment] # all that is asked for


def read_certificates_once() -> None:
    """Have all connections of a process trust what the first of them has read: a fifth of a megabyte, and
    thirty milliseconds for each mail server that a test talks to."""
    httpcore2.default_ssl_context = _once(httpcore2.default_ssl_context)
    ssl.create_default_context = _once(ssl.create_default_context)


def _once(make: Callable[..., ssl.SSLContext]) -> Callable[..., ssl.SSLContext]:
    @cache
    def kept(*_: object, **named: Any) -> ssl.SSLContext:
        return make(**named)

    def made(*arguments: Any, **named: Any) -> ssl.SSLContext:
        # Whoever names a file may have another one there by now.
        if arguments or named.keys() - {"_trust_env"}:
            return make(*arguments, **named)
        return kept(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"), **named)

    return made


def pull_no_plug() -> None:
    """Have those who write not wait for the disk: what is killed here is a process, and no machine."""

    def prepare(connection: sqlite3.Connection, entry: Any) -> None:
        PREPARE(connection, entry)
        connection.execute("PRAGMA synchronous=OFF")

    database._prepare_sqlite = prepare
    os.fsync = lambda _: None


def _copied(engine: Engine, empty: Callable[[], sqlite3.Connection]) -> bool:
    """Whether a new SQLite database is now as that one."""
    if engine.dialect.name != "sqlite":
        return False
    with engine.connect() as connection:
        target = connection.connection.driver_connection
        if target is None or connection.exec_driver_sql("SELECT 1 FROM sqlite_master").first():
            return False
        try:
            empty().backup(target)
        except sqlite3.Error:
            # Who makes it says it better.
            return False
    return True


@cache
def _migrated() -> sqlite3.Connection:
    return _made(UPGRADE)


@cache
def _created(_tables: int) -> sqlite3.Connection:
    return _made(CREATE)


def _made(make: Callable[[Engine], None]) -> sqlite3.Connection:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "standfirst.db"
        made = sa.create_engine(f"sqlite:///{path}")
        make(made)
        made.dispose()
        source = sqlite3.connect(path)
        kept = sqlite3.connect(":memory:", check_same_thread=False)
        source.backup(kept)
        source.close()
    return kept
