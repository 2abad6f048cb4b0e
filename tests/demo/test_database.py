"""The demo on a PostgreSQL of its own: there while it is needed, left alone where it runs already."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from demo import database
from demo.__main__ import choice_of_words
from demo.origins.chosen import Choice, choice_of
from demo.postgres import Server, programs
from demo.setting import begin
from newsroom.database import engine_for
from newsroom.errors import ConfigurationError, StoreError
from newsroom.schema import revision
from newsroom.settings import load


@pytest.fixture
def run() -> Iterator[Path]:
    """The demo's folder, where a socket's path is short enough and another user may go."""
    if programs() is None:
        pytest.skip("PostgreSQL is not installed")
    with tempfile.TemporaryDirectory(prefix="demo-") as folder:
        Path(folder).chmod(0o711)
        begin(Path(folder) / "run", date(2026, 3, 10))
        yield Path(folder) / "run"


def _revision(run: Path) -> str:
    """What the newsroom's database says of itself, asked as the command alone would."""
    engine = engine_for(load(run / "newsroom.toml", {}).database_url)
    try:
        return revision(engine)
    finally:
        engine.dispose()


def test_it_is_there_for_a_command_and_gone_after_it(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "RUN", run)
    database.choose(run, "postgresql")
    assert choice_of(run) == Choice(database="postgresql")
    assert database.called(["migrate"]) == 0
    with pytest.raises(StoreError, match="does not run"):
        _ = Server(run / database.FOLDER).pid
    # The command alone says what is the matter.
    with pytest.raises(StoreError, match="see whether it runs"):
        _revision(run)
    with database.answering(run):
        # As in another window, while the first one serves.
        assert database.called(["status"]) == 0
        assert _revision(run)


def test_without_it_there_is_a_file(run: Path) -> None:
    database.choose(run, "sqlite")
    assert choice_of(run) == Choice()
    assert _revision(run) == ""
    assert (run / "standfirst.db").exists()
    with database.answering(run):
        assert not (run / database.FOLDER).exists()


def test_the_command_line_names_either() -> None:
    assert choice_of_words(["sql", "--database", "postgresql"]) == Choice("sql", database="postgresql")
    assert choice_of_words(["--database", "sqlite"]) == Choice()
    with pytest.raises(SystemExit):
        choice_of_words(["--database", "oracle"])


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo.postgres.programs", lambda: None)
    with pytest.raises(ConfigurationError, match="apt-get install postgresql"), Server(tmp_path / "s"):
        pass
    with pytest.raises(ConfigurationError, match="too long"), Server(tmp_path / ("x" * 100)):
        pass
