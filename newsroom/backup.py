"""A copy of the database and its witness, made while everything runs."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.engine import Engine

from newsroom.database import sqlite_file
from newsroom.errors import PublishError, StoreError
from newsroom.files import write_whole


def back_up(engine: Engine, folder: Path, witness: Path, now: datetime) -> Path:
    """Copy the database into `folder`, and its witness beside it; returns the database's copy."""
    made = back_up_database(engine, folder, now)
    # After the database: a witness that is ahead of a copy only holds what is restored from it.
    try:
        known = witness.read_bytes()
    except FileNotFoundError:
        return made
    except OSError as error:
        raise PublishError(f"{witness}: cannot be read: {error.strerror}") from error
    write_whole(made.with_suffix(".witness"), known, mode=0o600)
    return made


def back_up_database(engine: Engine, folder: Path, now: datetime) -> Path:
    """Copy an SQLite database, whole and of one moment, into `folder`; returns the copy's path.

    Raises StoreError for a database of another kind, PublishError where the copy cannot be written.
    """
    source = sqlite_file(engine)
    if source is None:
        raise StoreError(
            f"a {engine.dialect.name} database is backed up by its own tools (pg_dump), with the witness"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        made = _new(folder, f"standfirst-{now.astimezone(UTC):%Y%m%d-%H%M%S}")
    except OSError as error:
        raise PublishError(f"{folder}: no backup can be written: {error.strerror}") from error
    try:
        original, copy = sqlite3.connect(source), sqlite3.connect(made)
        try:
            original.backup(copy)
        finally:
            copy.close()
            original.close()
    except (OSError, sqlite3.Error) as error:
        made.unlink(missing_ok=True)
        raise PublishError(
            f"{made}: the backup cannot be written: {error}; free the disk or its rights"
        ) from error
    return made


def _new(folder: Path, name: str) -> Path:
    """A file that was not there, its owner's alone: a backup of the same second is not written over."""
    for number in range(1, 100):
        path = folder / (f"{name}.db" if number == 1 else f"{name}-{number}.db")
        try:
            path.touch(mode=0o600, exist_ok=False)
        except FileExistsError:
            continue
        return path
    raise FileExistsError(17, "too many backups of this second")
