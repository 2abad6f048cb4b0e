"""`doctor` on the database: what PostgreSQL has to have, and what a backup of it needs."""

from __future__ import annotations

import re
import shutil
import subprocess

import sqlalchemy as sa

from commands.context import Context
from newsroom.database import reading

_LASTING = {
    "fsync": "a power failure may damage the whole database",
    "full_page_writes": "a power failure may damage the whole database",
}
"""PostgreSQL's settings without which what is committed may be lost, and what that means."""


def check_database(room: Context) -> None:
    """Look at a database of a server; SQLite's file is looked at with the folders."""
    if room.engine.dialect.name != "postgresql":
        return
    with reading(room.engine) as connection:
        settings = {name: str(connection.execute(sa.text(f"SHOW {name}")).scalar()) for name in _LASTING}
        version = int(connection.execute(sa.text("SHOW server_version_num")).scalar_one()) // 10_000
    for line in (*lost(settings), *_no_backup(version)):
        room.troubles.warn("database", line)


def lost(settings: dict[str, str]) -> list[str]:
    """What is to be said of these settings of PostgreSQL's. Pure."""
    return [
        f"PostgreSQL's {name} is off: {what}; switch it on in its postgresql.conf"
        for name, what in _LASTING.items()
        if settings[name] == "off"
    ]


def _no_backup(version: int) -> list[str]:
    program = shutil.which("pg_dump")
    said = ""
    if program is not None:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    return unable(said, version)


def unable(said: str, version: int) -> list[str]:
    """Why `backup` cannot copy a server of this version, where pg_dump says this of itself. Pure."""
    found = re.search(r" (\d+)", said)
    if found is None:
        why = "pg_dump is not installed here"
    elif int(found[1]) < version:
        why = f"pg_dump is of release {found[1]}, and the server of {version}"
    else:
        return []
    problem = (
        f"`backup` cannot copy the database, and no newer release is migrated to: {why}; on Debian: apt-get "
        f"install postgresql-client-{version}, or have those who keep the server make backups"
    )
    return [problem]
