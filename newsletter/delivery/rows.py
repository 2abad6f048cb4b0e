"""Many rows at once, as fast as the driver takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection


def insert_rows(
    connection: Connection, table: sa.Table, columns: Sequence[str], rows: Sequence[tuple[object, ...]]
) -> int:
    """Insert tuples of `columns`, passing over those that a unique key refuses; returns how many went in.

    The values reach the driver as they are: no column type of SQLAlchemy sees them.
    """
    if not rows:
        return 0
    names = ", ".join(columns)
    # Names of our own tables and columns, and places for the values.
    into, pass_over = f"INSERT INTO {table.name} ({names})", "ON CONFLICT DO NOTHING"
    if connection.dialect.name == "postgresql":
        # One statement with a list for each column: a statement for each row keeps the server busy.
        lists = ", ".join(f"%s::{_kind(table.c[name], connection)}[]" for name in columns)
        values = tuple(map(list, zip(*rows, strict=True)))
        statement = f"{into} SELECT * FROM unnest({lists}) {pass_over}"  # noqa: S608
        return connection.exec_driver_sql(statement, values).rowcount
    marks = ", ".join("?" * len(columns))
    return connection.exec_driver_sql(f"{into} VALUES ({marks}) {pass_over}", list(rows)).rowcount


def _kind(column: sa.Column[Any], connection: Connection) -> str:
    """How PostgreSQL calls the column's values; one that is too long is refused rather than cut."""
    return "text" if isinstance(column.type, sa.String) else column.type.compile(connection.dialect)
