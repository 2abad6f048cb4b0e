"""Backups: whole, of one moment, while others write, for their owner alone."""

from __future__ import annotations

import sqlite3
import stat
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from newsroom.backup import back_up, back_up_database
from newsroom.database import engine_for, writing
from newsroom.errors import PublishError, StoreError
from newsroom.tables import alerts
from tests import samples


def _pair(engine: Engine, number: int) -> None:
    """Two rows that belong together."""
    with writing(engine) as connection:
        for side in ("left", "right"):
            row = {"key": f"{side}{number}", "message": "", "first_seen": samples.NOON}
            connection.execute(sa.insert(alerts).values(row))


def _keys(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return [key for (key,) in connection.execute("SELECT key FROM alerts")]
    finally:
        connection.close()


def test_a_backup_is_whole_while_others_write(engine: Engine, tmp_path: Path) -> None:
    over = threading.Event()

    def write() -> None:
        number = 0
        while not over.is_set():
            number += 1
            _pair(engine, number)

    _pair(engine, 0)
    writer = threading.Thread(target=write)
    writer.start()
    try:
        made = [back_up_database(engine, tmp_path / "backups", samples.NOON) for _ in range(5)]
    finally:
        over.set()
        writer.join()
    assert len(set(made)) == 5
    for path in made:
        keys = _keys(path)
        assert {"left0", "right0"} <= set(keys)
        assert len([key for key in keys if key[0] == "l"]) == len([key for key in keys if key[0] == "r"])


def test_a_backup_is_its_owners_alone_and_has_its_witness(engine: Engine, tmp_path: Path) -> None:
    witness = tmp_path / "standfirst.witness"
    made = back_up(engine, tmp_path / "backups", witness, samples.NOON)
    assert made.name == "standfirst-20260310-120000.db"
    assert not made.with_suffix(".witness").exists()
    witness.write_text("{}")
    again = back_up(engine, tmp_path / "backups", witness, samples.NOON)
    assert again.name == "standfirst-20260310-120000-2.db"
    for path in (again, again.with_suffix(".witness")):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_backup_that_cannot_be_written_is_named_and_leaves_nothing(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "backups").write_text("")
    with pytest.raises(PublishError, match="backups: no backup can be written"):
        back_up_database(engine, tmp_path / "backups", samples.NOON)


def test_a_damaged_database_is_not_backed_up_as_if_it_were_sound(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"no database at all, but long enough" * 100)
    with pytest.raises(PublishError, match="the backup cannot be written: file is not a database"):
        back_up_database(engine_for(f"sqlite:///{tmp_path / 'x.db'}"), tmp_path / "backups", samples.NOON)
    assert list((tmp_path / "backups").iterdir()) == []


def test_a_database_in_memory_has_none(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no backup"):
        back_up_database(engine_for("sqlite://"), tmp_path, samples.NOON)
