"""A copy of the database and its witness, made while everything runs."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.engine import Engine

from newsroom import postgresql
from newsroom.database import named, sqlite_file
from newsroom.errors import PublishError, StandfirstError, StoreError
from newsroom.files import private_folder, write_whole


def back_up(
    engine: Engine, folder: Path, witness: Path, now: datetime, made_of: Callable[[], None] = lambda: None
) -> Path:
    """Copy the database into `folder`, and its witness beside it; returns the database's copy.

    `made_of` is called between the two: it may have the witness know more than the copy does.
    """
    made = back_up_database(engine, folder, now)
    made_of()
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
    """Copy the database, whole and of one moment, into `folder`; returns the copy's path.

    An SQLite database becomes another one, PostgreSQL's a file for pg_restore. Raises StoreError for one that
    cannot be copied from here, PublishError where the copy cannot be written.
    """
    source = sqlite_file(engine)
    if source is None and engine.dialect.name == "sqlite":
        raise StoreError("a database in memory has no backup")
    program = None if source else _pg_dump()
    try:
        private_folder(folder)
        made = _new(folder, f"standfirst-{now.astimezone(UTC):%Y%m%d-%H%M%S}", "db" if source else "dump")
    except OSError as error:
        raise PublishError(f"{folder}: no backup can be written: {error.strerror}") from error
    try:
        if source is not None:
            _copy(source, made)
        elif program is not None:
            _dump(engine, program, made)
    except StandfirstError:
        made.unlink(missing_ok=True)
        raise
    return made


def _copy(source: Path, made: Path) -> None:
    try:
        original, copy = sqlite3.connect(source), sqlite3.connect(made)
        try:
            original.backup(copy)
        finally:
            copy.close()
            original.close()
    except (OSError, sqlite3.Error) as error:
        raise PublishError(
            f"{made}: the backup cannot be written: {error}; free the disk or its rights"
        ) from error


def _pg_dump() -> str:
    found = shutil.which("pg_dump")
    if found is None:
        raise StoreError(
            "PostgreSQL is backed up by its own pg_dump, which is not installed here (on Debian: apt-get "
            "install postgresql-client, not older than the server). Or leave backups to those who keep the "
            "server, and say `migrate --without-backup` where a new release wants one"
        )
    return found


def _dump(engine: Engine, program: str, made: Path) -> None:
    where, environment = postgresql.client(engine.url)
    form = ("--format=custom", "--no-password", "--lock-wait-timeout=60s")
    command = [program, *form, f"--file={made}", f"--dbname={where}"]
    done = subprocess.run(  # noqa: S603  # A program of the system's, no shell.
        command, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    if done.returncode:
        said = " ".join(done.stderr.decode("utf-8", "replace").split())[:400]
        raise PublishError(f"{made}: the backup cannot be written: {said} ({named(engine)})")


def _new(folder: Path, name: str, kind: str) -> Path:
    """A file that was not there, its owner's alone: a backup of the same second is not written over."""
    for number in range(1, 100):
        path = folder / (f"{name}.{kind}" if number == 1 else f"{name}-{number}.{kind}")
        try:
            path.touch(mode=0o600, exist_ok=False)
        except FileExistsError:
            continue
        return path
    raise FileExistsError(17, "too many backups of this second")
