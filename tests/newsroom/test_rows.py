"""Many rows at once: what a key that is taken does to them, on either database."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from newsroom.database import explained, writing
from newsroom.portions import AT_ONCE
from newsroom.rows import Taken, insert_rows, rows_with
from readership.tables import suppressions
from tests.samples import NOON

COLUMNS = ("key", "reason", "at", "origin")
AT = NOON.replace(tzinfo=None).isoformat(" ", "microseconds")
"""As SQLite has it; PostgreSQL, whose session is in UTC, takes it as well."""


def _put(engine: Engine, rows: list[tuple[object, ...]], *taken: Taken) -> int:
    with writing(engine) as connection:
        return insert_rows(connection, suppressions, COLUMNS, rows, *taken)


def _there(engine: Engine) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        found = connection.execute(sa.select(suppressions).order_by(suppressions.c.key))
        return [(row.key, row.reason, row.origin) for row in found]


def _row(key: str, reason: str) -> tuple[object, ...]:
    return key, reason, AT, "here"


@pytest.mark.parametrize("taken", Taken)
def test_rows_go_in(engine: Engine, taken: Taken) -> None:
    assert _put(engine, [], taken) == 0
    assert _put(engine, [_row("a", "bounced"), _row("b", "cleaned")], taken) == 2
    assert _there(engine) == [("a", "bounced", "here"), ("b", "cleaned", "here")]


def test_a_taken_key_passes_over_its_row_alone(engine: Engine) -> None:
    _put(engine, [_row("a", "bounced")])
    assert _put(engine, [_row("a", "cleaned"), _row("b", "cleaned")], Taken.PASSED_OVER) == 1
    assert _there(engine) == [("a", "bounced", "here"), ("b", "cleaned", "here")]


def test_a_taken_key_is_written_over(engine: Engine) -> None:
    _put(engine, [_row("a", "bounced")])
    assert _put(engine, [_row("a", "cleaned"), _row("b", "cleaned")], Taken.WRITTEN_OVER) == 2
    assert _there(engine) == [("a", "cleaned", "here"), ("b", "cleaned", "here")]


def test_a_taken_key_refuses_everything(engine: Engine) -> None:
    _put(engine, [_row("b", "bounced")])
    with pytest.raises(sa.exc.IntegrityError), explained(engine):
        _put(engine, [_row("a", "cleaned"), _row("b", "cleaned")], Taken.REFUSED)
    assert _there(engine) == [("b", "bounced", "here")]


def test_rows_are_found_by_many_values_at_once(engine: Engine) -> None:
    _put(engine, [_row(f"k{number}", "bounced") for number in range(2 * AT_ONCE)])
    wanted = [f"k{number}" for number in range(1, 2 * AT_ONCE + 7)]
    with engine.connect() as connection:
        found = list(rows_with(connection, suppressions, ("reason", "key"), "key", wanted))
        assert list(rows_with(connection, suppressions, ("key",), "key", [])) == []
        assert list(rows_with(connection, suppressions, ("key",), "key", ["k"])) == []
    assert sorted(found) == sorted(("bounced", key) for key in wanted[:-7])
