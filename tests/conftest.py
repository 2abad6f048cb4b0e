"""What every test may use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

import readership.tables  # noqa: F401
from newsroom.database import engine_for, metadata


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A real SQLite file with every table, empty."""
    value = engine_for(f"sqlite:///{tmp_path / 'standfirst.db'}")
    metadata.create_all(value)
    yield value
    value.dispose()
