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
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    # Names of our own tables and columns, and places for the values.
    statement = (
        f"INSERT INTO {table.name} ({', '.join(columns)}) "  # noqa: S608
        f"VALUES ({', '.join([mark] * len(columns))}) ON CONFLICT DO NOTHING"
    )
    result: sa.CursorResult[Any] = connection.exec_driver_sql(statement, list(rows))
    return result.rowcount
