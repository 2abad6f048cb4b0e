"""The migrations make what the tables say, and nothing newer than this release is touched."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from newsroom.database import engine_for, metadata, writing
from newsroom.errors import ExitStatus
from newsroom.schema import HEAD, MIGRATIONS, NewerSchemaError, migrate
from tests.samples import NOON


def _engine(tmp_path: Path) -> sa.Engine:
    return engine_for(f"sqlite:///{tmp_path / 'standfirst.db'}")


def test_the_migrations_make_the_tables(tmp_path: Path) -> None:
    engine = _engine(tmp_path)
    report = migrate(engine, tmp_path, NOON)
    assert (report.before, report.after, report.backup) == ("", HEAD, None)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_head_is_the_newest_migration() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [HEAD]


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    engine = _engine(tmp_path)
    migrate(engine, tmp_path, NOON)
    assert not migrate(engine, tmp_path, NOON).changed
    assert not (tmp_path / "backups").exists()


def test_a_newer_schema_is_left_alone(tmp_path: Path) -> None:
    engine = _engine(tmp_path)
    migrate(engine, tmp_path, NOON)
    with writing(engine) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NewerSchemaError, match=r"revision 9999.*newer release") as caught:
        migrate(engine, tmp_path, NOON)
    assert caught.value.exit_status is ExitStatus.MISUSE


def test_an_older_one_is_backed_up_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = _engine(tmp_path)
    migrate(engine, tmp_path, NOON)
    monkeypatch.setattr("newsroom.schema.HEAD", "0002")
    monkeypatch.setattr("newsroom.schema._upgrade", lambda _: None)
    report = migrate(engine, tmp_path, NOON)
    assert report.backup == tmp_path / "backups" / "standfirst-20260310-120000.db"
    with engine_for(f"sqlite:///{report.backup}").connect() as connection:
        assert connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() == HEAD
