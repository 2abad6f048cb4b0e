"""What `doctor` says of a PostgreSQL."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from commands.doctor_database import lost, unable
from tests.commands.house import built
from tests.servers.postgres import Postgres


def test_a_server_that_forgets_is_named() -> None:
    assert lost({"fsync": "on", "full_page_writes": "on"}) == []
    (line,) = lost({"fsync": "off", "full_page_writes": "on"})
    assert "fsync is off: a power failure may damage" in line


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", ""),
        ("pg_dump (PostgreSQL) 17.2", ""),
        ("pg_dump (PostgreSQL) 14.1", "pg_dump is of release 14, and the server of 15"),
        ("", "pg_dump is not installed here"),
    ],
)
def test_a_backup_that_would_fail_is_said_beforehand(said: str, found: str) -> None:
    assert unable(said, 15) == [] if not found else found in unable(said, 15)[0]


def test_a_newsroom_on_postgresql_is_looked_at(postgres: Postgres, tmp_path: Path) -> None:
    house = built(tmp_path / "quay")
    house.article("bridge")
    text = house.config.read_text().replace("[newsroom]", f'[newsroom]\ndatabase = "{postgres.fresh()}"', 1)
    house.config.write_text(text)
    run = house.run("doctor", now="2026-03-10T05:50")
    # The tests' own server is made for speed.
    assert len([line for line in run.problems if "switch it on" in line]) == 2
    assert not [line for line in run.problems if "pg_dump" in line] or shutil.which("pg_dump") is None
