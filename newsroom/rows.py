"""Many rows at once, as fast as the driver takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import Enum, auto
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsroom.portions import portions


class Taken(Enum):
    """What becomes of a row whose unique key another row has."""

    REFUSED = auto()
    """It is the database's IntegrityError."""
    PASSED_OVER = auto()
    """It is left out, whichever of the table's keys it is."""
    WRITTEN_OVER = auto()
    """For the primary key: the other row gets its values. Any other key refuses it."""


def insert_rows(
    connection: Connection,
    table: sa.Table,
    columns: Sequence[str],
    rows: Sequence[tuple[object, ...]],
    taken: Taken = Taken.PASSED_OVER,
) -> int:
    """Insert tuples of `columns`, in their order; returns how many were written.

    The values reach the driver as they are: no column type of SQLAlchemy sees them, nor its defaults (see
    `converter`). No two rows that are written over others may have one primary key.
    """
    if not rows:
        return 0
    # Names of our own tables and columns, and places for the values.
    into, otherwise = f"INSERT INTO {table.name} ({', '.join(columns)})", _otherwise(table, columns, taken)
    if connection.dialect.name == "postgresql":
        # One statement with a list for each column: a statement for each row keeps the server busy.
        lists = ", ".join(f"%s::{_kind(table.c[name], connection)}[]" for name in columns)
        values = tuple(map(list, zip(*rows, strict=True)))
        statement = f"{into} SELECT * FROM unnest({lists}) {otherwise}"  # noqa: S608
        return connection.exec_driver_sql(statement, values).rowcount
    marks = ", ".join("?" * len(columns))
    return connection.exec_driver_sql(f"{into} VALUES ({marks}) {otherwise}", list(rows)).rowcount


def rows_with(
    connection: Connection, table: sa.Table, columns: Sequence[str], column: str, values: Sequence[str]
) -> Iterator[tuple[Any, ...]]:
    """The `columns` of the rows whose `column` has one of these values, in no order.

    They come as the driver hands them over: no column type of SQLAlchemy sees them.
    """
    query = f"SELECT {', '.join(columns)} FROM {table.name} WHERE {column}"  # noqa: S608 - names of our own
    if connection.dialect.name == "postgresql":
        yield from map(tuple, connection.exec_driver_sql(f"{query} = ANY(%s)", (list(values),)).all())
        return
    for some in portions(values):
        marks = ", ".join("?" * len(some))
        yield from map(tuple, connection.exec_driver_sql(f"{query} IN ({marks})", tuple(some)).all())


def converter(connection: Connection, column: sa.Column[Any]) -> Callable[[Any], Any]:
    """What makes of a value of the column what the driver is handed for it: SQLAlchemy's own."""
    dialect = connection.dialect
    return column.type.dialect_impl(dialect).bind_processor(dialect) or _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def _otherwise(table: sa.Table, columns: Sequence[str], taken: Taken) -> str:
    if taken is Taken.REFUSED:
        return ""
    if taken is Taken.PASSED_OVER:
        return "ON CONFLICT DO NOTHING"
    keys = [column.name for column in table.primary_key.columns]
    values = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in keys)
    return f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {values}"


def _kind(column: sa.Column[Any], connection: Connection) -> str:
    """How PostgreSQL calls the column's values; one that is too long is refused rather than cut."""
    return "text" if isinstance(column.type, sa.String) else column.type.compile(connection.dialect)
