"""The migrations make what the tables say, and nothing newer than this release is touched."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Engine

from newsroom.database import engine_for, metadata, writing
from newsroom.errors import ExitStatus, StoreError
from newsroom.schema import HEAD, MIGRATIONS, NewerSchemaError, migrate
from tests import quick
from tests.samples import NOON

HOUSE = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(autouse=True)
def _by_alembic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsroom.schema._upgrade", quick.UPGRADE)


def test_the_migrations_make_the_tables(blank: Engine, tmp_path: Path) -> None:
    report = migrate(blank, tmp_path, NOON)
    assert (report.before, report.after, report.backup) == ("", HEAD, None)
    with blank.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_head_is_the_newest_migration() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [HEAD]


def test_a_second_run_changes_nothing(blank: Engine, tmp_path: Path) -> None:
    migrate(blank, tmp_path, NOON)
    assert not migrate(blank, tmp_path, NOON).changed
    assert not (tmp_path / "backups").exists()


def test_a_newer_schema_is_left_alone(blank: Engine, tmp_path: Path) -> None:
    migrate(blank, tmp_path, NOON)
    with writing(blank) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NewerSchemaError, match=r"revision 9999.*newer release") as caught:
        migrate(blank, tmp_path, NOON)
    assert caught.value.exit_status is ExitStatus.MISUSE


def test_an_older_one_is_backed_up_first(
    blank: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(blank, tmp_path, NOON)
    monkeypatch.setattr("newsroom.schema.HEAD", "0002")
    monkeypatch.setattr("newsroom.schema._upgrade", lambda _: None)
    report = migrate(blank, tmp_path, NOON)
    is_file = blank.dialect.name == "sqlite"
    kind = "db" if is_file else "dump"
    assert report.backup == tmp_path / "backups" / f"standfirst-20260310-120000.{kind}"
    if is_file:
        with engine_for(f"sqlite:///{report.backup}").connect() as connection:
            assert connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() == HEAD


def test_a_backup_that_somebody_else_has_is_not_made(
    blank: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(blank, tmp_path, NOON)
    monkeypatch.setattr("newsroom.schema.HEAD", "0002")
    monkeypatch.setattr("newsroom.schema._upgrade", lambda _: None)
    assert migrate(blank, tmp_path, NOON, has_backup=True).backup is None
    assert not (tmp_path / "backups").exists()


MIGRATE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from newsroom import schema
from newsroom.database import engine_for
if len(sys.argv) > 3:
    schema.MIGRATIONS, schema.HEAD = Path(sys.argv[3]), "9000"
sys.stdin.readline()
report = schema.migrate(engine_for(sys.argv[1]), Path(sys.argv[2]), datetime.now(UTC))
print(report.before, report.after, report.backup is not None)
"""

NEXT = """
import time
import sqlalchemy as sa
from alembic import op

revision = "9000"
down_revision = "{before}"


def upgrade() -> None:
    op.create_table("later", sa.Column("id", sa.Integer, primary_key=True))
    time.sleep(0.5)
"""


def _at_once(engine: Engine, *arguments: str) -> list[str]:
    """What three processes say that migrate at the same moment."""
    url = engine.url.render_as_string(hide_password=False)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", MIGRATE, url, *arguments],
            cwd=HOUSE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    return sorted(process.communicate(timeout=60)[0].strip() for process in processes)


@pytest.mark.parametrize("attempt", range(2))
def test_first_runs_at_once_make_one_database(blank: Engine, tmp_path: Path, attempt: int) -> None:
    said = _at_once(blank, str(tmp_path))
    assert said == sorted([f" {HEAD} False".strip(), *[f"{HEAD} {HEAD} False"] * 2])
    assert not (tmp_path / "backups").exists()
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith("standfirst.db")] == []


def test_of_several_runs_on_an_old_schema_one_migrates_it(blank: Engine, tmp_path: Path) -> None:
    migrate(blank, tmp_path, NOON)
    blank.dispose()
    migrations = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, migrations, ignore=shutil.ignore_patterns("__pycache__"))
    (migrations / "versions" / "9000_next.py").write_text(NEXT.format(before=HEAD), encoding="utf-8")
    said = _at_once(blank, str(tmp_path), str(migrations))
    assert said == sorted([f"{HEAD} 9000 True", *["9000 9000 False"] * 2])
    assert len(list((tmp_path / "backups").iterdir())) == 1


def test_what_cannot_be_migrated_names_its_database(tmp_path: Path) -> None:
    engine = engine_for(f"sqlite:///{tmp_path / 'absent' / 'standfirst.db'}")
    with pytest.raises(StoreError, match=r"absent/standfirst\.db"):
        migrate(engine, tmp_path, NOON)
