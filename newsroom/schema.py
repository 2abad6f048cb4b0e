"""The database's schema: brought to this release by Alembic, after a backup, and only where it is not."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from newsroom import postgresql
from newsroom.backup import back_up_database
from newsroom.database import explained, named, reading, sqlite_file, writing
from newsroom.errors import ExitStatus, StoreError

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
HEAD = "0001"
"""The newest revision this release knows. A test holds it against the migrations."""


class NewerSchemaError(StoreError):
    """The database was made by a newer release: nothing is read or written."""

    exit_status = ExitStatus.MISUSE


@dataclass(frozen=True, slots=True)
class MigrationReport:
    """From which revision to which; "" is an empty database. `backup` is None where none was needed."""

    before: str
    after: str
    backup: Path | None = None

    @property
    def changed(self) -> bool:
        """True where the schema was brought forward."""
        return self.before != self.after


def revision(engine: Engine) -> str:
    """The database's revision; "" where it has none yet."""
    with reading(engine) as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return ""
        return str(connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() or "")


def migrate(engine: Engine, root: Path, now: datetime, *, has_backup: bool = False) -> MigrationReport:
    """Bring the database to HEAD; of several processes at once one does it, and the others wait for it.

    With `has_backup` none is made before it: somebody else has one.

    Raises NewerSchemaError for one that is ahead of this release, StoreError where the database refuses,
    PublishError where the backup before it cannot be written.
    """
    file = sqlite_file(engine)
    if (file is None or file.exists()) and revision(engine) == HEAD:
        return MigrationReport(HEAD, HEAD)
    with _alone_in(file) if file is not None else _alone_on(engine):
        return _migrate(engine, root, now, has_backup)


def _migrate(engine: Engine, root: Path, now: datetime, has_backup: bool) -> MigrationReport:
    _make_private(engine)
    before = revision(engine)
    if before == HEAD:
        return MigrationReport(before, HEAD)
    if before and before not in _known():
        raise NewerSchemaError(
            f"the database is of revision {before}, and this release knows revisions up to {HEAD}: it was "
            f"used by a newer release. Install that one, or restore a backup from before ({named(engine)})"
        )
    backup = back_up_database(engine, root / "backups", now) if before and not has_backup else None
    _upgrade(engine)
    return MigrationReport(before, HEAD, backup)


@contextmanager
def _alone_on(engine: Engine) -> Iterator[None]:
    """Be the only process, on whatever machine, that migrates this database of a server; ends with it."""
    if engine.dialect.name != "postgresql":
        yield
        return
    with explained(engine), engine.connect() as connection:
        # No transaction waits meanwhile: a backup takes longer than one may be idle.
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({postgresql.MIGRATING})")
        try:
            yield
        finally:
            connection.exec_driver_sql(f"SELECT pg_advisory_unlock({postgresql.MIGRATING})")


@contextmanager
def _alone_in(file: Path) -> Iterator[None]:
    """Be the only process that migrates the database in this folder.

    The lock is the folder's, so that no file of its own stays behind, and the database's must not be touched:
    closing it would let go of SQLite's own locks. It ends with its process.
    """
    try:
        folder = os.open(file.parent, os.O_RDONLY)
    except OSError as error:
        raise StoreError(f"{file}: the database cannot be opened: {error.strerror}") from error
    try:
        # A file system that knows no such locks leaves it to SQLite's.
        with suppress(OSError):
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _make_private(engine: Engine) -> None:
    """A new SQLite file is its owner's alone: it will hold addresses."""
    file = sqlite_file(engine)
    if file is None or file.exists():
        return
    try:
        file.touch(mode=0o600)
    except OSError as error:
        raise StoreError(f"{file}: the database cannot be made: {error.strerror}") from error


def _known() -> frozenset[str]:
    return frozenset(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("*.py"))


def _upgrade(engine: Engine) -> None:
    # Alembic is heavy, and a run with nothing to migrate does not need it.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with _changing(engine) as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except sa.exc.OperationalError as error:
            raise StoreError(
                f"the database could not be brought to revision {HEAD}: {error.orig}. Free its disk and its "
                f"rights and run again, or restore the backup that was made before ({named(engine)})"
            ) from error


def _changing(engine: Engine) -> AbstractContextManager[Connection]:
    # Alembic has SQLite's connection to itself. On PostgreSQL it is done as a whole, and nobody else writes.
    return engine.connect() if engine.dialect.name == "sqlite" else writing(engine)
