"""The database's schema: brought to this release by Alembic, after a backup, and only where it is not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from newsroom.backup import back_up_database
from newsroom.database import reading, sqlite_file
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


def migrate(engine: Engine, root: Path, now: datetime) -> MigrationReport:
    """Bring the database to HEAD. Raises NewerSchemaError for one that is ahead of this release."""
    _make_private(engine)
    before = revision(engine)
    if before == HEAD:
        return MigrationReport(before, HEAD)
    if before and before not in _known():
        raise NewerSchemaError(
            f"the database is of revision {before}, and this release knows revisions up to {HEAD}: it was "
            "used by a newer release. Install that one, or restore a backup from before"
        )
    backup = back_up_database(engine, root / "backups", now) if before else None
    _upgrade(engine)
    return MigrationReport(before, HEAD, backup)


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
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except sa.exc.OperationalError as error:
            raise StoreError(f"the database could not be brought to revision {HEAD}: {error.orig}") from error
