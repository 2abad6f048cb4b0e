"""Readers out of the newsroom's own database, by a query with the columns of an import and an `id`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from newsroom.errors import SourceError
from newsroom.portions import portions
from newsroom.secrets import readers_name
from newsroom.settings import ReadersSettings
from newsroom.sql_database import Database
from readership.exports import fields_of
from readership.sources import Listed

_AT_ONCE = 2_000
_ID = "id"


class Sql:
    """Every row of `query` is a reader."""

    is_whole = True
    is_unchanged = False

    def __init__(self, settings: ReadersSettings, zone: ZoneInfo) -> None:
        self._settings = settings
        self._place = f"readers {settings.key}"
        self._database = Database(settings, zone, place=self._place, secret_name=readers_name(settings.key))

    def pages(self, notes: Mapping[str, Any]) -> Iterator[Sequence[Listed]]:
        """2,000 rows at a time."""
        columns = self._database.columns("query", self._settings.query)
        places, identity = self._places(columns)
        rows = self._database.rows("query", self._settings.query)
        number = 0
        for some in portions(rows, _AT_ONCE):
            yield [_listed(row, identity, places, number + position) for position, row in enumerate(some, 1)]
            number += len(some)

    def notes(self) -> Mapping[str, Any]:
        """None."""
        return {}

    def close(self) -> None:
        """Let the database go."""
        self._database.close()

    def _places(self, columns: Sequence[str]) -> tuple[tuple[tuple[str, int], ...], int]:
        identity = next((place for place, name in enumerate(columns) if name.lower() == _ID), None)
        if identity is None:
            raise SourceError(
                f"{self._place}: `query` gives no column id, by which somebody is known whose address "
                f"changes; there are: {', '.join(columns)}. Name it with AS: SELECT number AS id, ..."
            )
        places = fields_of(columns)
        if "address" not in places:
            raise SourceError(
                f"{self._place}: `query` gives no column of addresses; there are: {', '.join(columns)}. "
                "Name it with AS: SELECT mail AS address, ..."
            )
        return tuple(places.items()), identity


def _listed(row: Sequence[Any], identity: int, places: Sequence[tuple[str, int]], number: int) -> Listed:
    try:
        return Listed(_text(row[identity]), {name: _text(row[place]) for name, place in places}, number)
    except ValueError as error:
        return Listed(_safe_text(row[identity]), {}, number, str(error))


def _safe_text(value: Any) -> str:
    try:
        return _text(value)
    except ValueError:
        return ""


def _text(value: Any) -> str:
    """The value as an import has it. Raises ValueError for what no list could hold."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, int | Decimal):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value)
    if isinstance(value, bytes) and len(value) == _UUID_BYTES:
        return value.hex()
    if isinstance(value, list | tuple):
        return ",".join(map(_text, value))
    if type(value).__name__ == "UUID":
        return str(value)
    raise ValueError("a value is no text, number or date, or no text in the database's encoding")


_UUID_BYTES = 16
