"""A database of the newsroom's own: opened to read and nothing else, and named in no message."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import sqlalchemy as sa
from sqlalchemy.engine import Connection, CursorResult, Engine

from newsroom.errors import SourceError
from newsroom.secrets import source_name
from newsroom.sql_engine import Access, engine_of, limit_sqlite, words_of
from newsroom.sql_errors import told

Row = Sequence[Any]
Mark = Any
"""A value of the column that grows, as JSON has it."""

AT_ONCE = 500
"""Rows that are fetched together."""

_BEGINNING = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/|\()*", re.DOTALL)
_READS = re.compile(r"(?:select|with|values|table)\b", re.IGNORECASE)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:$|[ T])", re.ASCII)
_A_DAY = timedelta(days=1)
"""Clocks and time zones differ."""
_TIMESTAMP = 7
"""MySQL's number for the column type whose values it shows in the session's time zone."""


class Database:
    """Opens when it is first asked. Raises SourceError for all that goes wrong; it never has an address.

    `place` is how messages name it, `secret_name` what holds its address: without them a source's.
    """

    def __init__(self, settings: Access, zone: ZoneInfo, *, place: str = "", secret_name: str = "") -> None:
        self._settings = settings
        self._zone = zone
        self._place = place or f"source {settings.key}"
        self._secret_name = secret_name or source_name(settings.key)
        self._engine: Engine | None = None
        self._connection: Connection | None = None
        self._latest: Any = None
        self._again: Any = None
        self.ahead = 0
        """Rows of the last `rows` whose value in the column that grows is still to come: none is a mark."""
        self.unmarked = 0
        """Those that have none in it."""

    @property
    def mark(self) -> Mark:
        """The largest value of the column that grows that the last `rows` has met; None for none.

        Not larger than one that was to `come_again`.
        """
        if self._latest is None:
            return None
        return _json(self._latest if self._again is None else min(self._latest, self._again))

    def come_again(self, value: Any) -> None:
        """Let the next run meet a row with this value of the column that grows once more."""
        if value is None or self._latest is None:
            return
        if isinstance(value, datetime) and isinstance(self._latest, datetime) and not self._latest.tzinfo:
            # The zone was added when the row was given.
            value = value.replace(tzinfo=None)
        self._again = value if self._again is None else min(self._again, value)

    def columns(self, name: str, query: str) -> tuple[str, ...]:
        """What the columns of `query`, the setting `name`, are called; no row of it is read."""
        with self._explained(name):
            nothing = _around(_select(self._place, name, query)).where(sa.text("1 = 0"))
            result = self._open().execute(nothing)
            found = tuple(result.keys())
            result.close()
        return found

    def rows(
        self, name: str, query: str, changed: str = "", since: Mark = None, *, key: str = ""
    ) -> Iterator[Row]:
        """Its rows, some hundred in memory at a time.

        With `since` those that are `changed` then or later, or have no value there.

        `changed` and `key` are of its `columns`, or empty; with `since` rows of one `key` come together.
        """
        if since is not None and _is_ahead(_value(since), self._zone):
            # Nothing would be seen until then.
            since = None
        self._latest = None if since is None else _value(since)
        self._again = None
        self.ahead = self.unmarked = 0
        with self._explained(name):
            result = self._ask(_select(self._place, name, query), changed, since, key)
            position = tuple(result.keys()).index(changed) if changed else None
            zones = self._zones(result)
            parts = result.partitions(AT_ONCE)
        while True:
            with self._explained(name):
                self._limit()
                some = next(parts, None)
            if some is None:
                return
            for row in some:
                if position is not None:
                    self._grow(row[position])
                yield _with_zones(row, zones) if zones else row

    def close(self) -> None:
        """Let the connection go."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def _open(self) -> Connection:
        if self._connection is None:
            self._engine = self._engine or engine_of(self._settings, self._place, self._secret_name)
            self._connection = self._engine.connect()
        self._limit()
        return self._connection

    def _limit(self) -> None:
        """Each answer has the time that the settings give; servers count for themselves."""
        if self._connection is not None and self._connection.dialect.name == "sqlite":
            limit_sqlite(self._connection.connection.driver_connection, self._settings.timeout)

    def _ask(self, query: str, changed: str, since: Mark, key: str) -> CursorResult[Any]:
        connection = self._open()
        options = {"stream_results": True, "max_row_buffer": AT_ONCE, "yield_per": AT_ONCE}
        if not changed or since is None:
            # As it is: what it is wrapped into may lose the order it asks for.
            return connection.execute(sa.text(_literal(query)), execution_options=options)
        order = [_column(name) for name in (changed, key) if name]
        # Without a type of ours: the database takes it for one of the column's.
        least = sa.bindparam("since", _value(since), type_=sa.types.NullType())
        # What was never edited often has none: it is always read again, or its first edit would be too late.
        newer = sa.or_(order[0] >= least, order[0].is_(None))
        statement = _around(query).where(newer).order_by(*order)
        return connection.execute(statement, execution_options=options)

    def _grow(self, value: Any) -> None:
        if value is None:
            self.unmarked += 1
            return
        if _is_ahead(value, self._zone):
            self.ahead += 1
            return
        try:
            if self._latest is None:
                _json(value)
            if self._latest is None or value > self._latest:
                self._latest = value
        except TypeError:
            raise SourceError(
                f"{self._place}: the column {self._settings.changed} holds values of several kinds, or of "
                "one that has no order; name one of dates or numbers in `changed`"
            ) from None

    def _zones(self, result: CursorResult[Any]) -> dict[int, tzinfo]:
        """By its number, the time zone of each column that MySQL shows in the session's."""
        if result.context.dialect.name not in ("mysql", "mariadb") or result.cursor is None:
            return {}
        session = result.connection.info.get("zone", "")
        zone = _zone(session) or self._zone
        return {
            number: zone for number, column in enumerate(result.cursor.description) if column[1] == _TIMESTAMP
        }

    @contextmanager
    def _explained(self, name: str) -> Iterator[None]:
        try:
            yield
        except (sa.exc.SQLAlchemyError, ValueError, TypeError, RuntimeError, OSError) as error:
            hidden = () if self._engine is None else words_of(self._engine.url)
            message = told(error, name, self._secret_name, hidden)
            # Without its cause, which may show the address.
            raise SourceError(f"{self._place}: {message}") from None


def named(columns: Sequence[str], name: str) -> str:
    """The column that is called so, in capitals or not; empty where there is none."""
    return next((one for one in columns if one.lower() == name.lower()), "") if name else ""


def _select(place: str, name: str, query: str) -> str:
    """The query without the semicolon at its end. Raises SourceError where it is no SELECT."""
    text = query.strip().rstrip("; \t\r\n")
    beginning = _BEGINNING.match(text)
    if not _READS.match(text, beginning.end() if beginning else 0):
        raise SourceError(f"{place}: `{name}` is no SELECT, and a source is only read; write one")
    return text


def _literal(query: str) -> str:
    """The query for `sa.text`, which takes what follows a colon for a parameter."""
    return query.replace(":", "\\:")


def _column(name: str) -> sa.ColumnClause[Any]:
    return sa.column(sa.quoted_name(name, quote=True))


def _around(query: str) -> sa.Select[Any]:
    """Everything that the query gives, to be narrowed down. A line end closes a comment that ends it."""
    inner = sa.text(_literal(f"{query}\n")).columns().subquery("q")
    return sa.select(sa.literal_column("*")).select_from(inner)


def _zone(name: str) -> tzinfo | None:
    """The zone of a name or offset as MySQL has them; None for an abbreviation, which may be anybody's."""
    if offset := re.fullmatch(r"([+-])(\d\d?):(\d\d)", name):
        length = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        return timezone(-length if offset[1] == "-" else length)
    if "/" not in name and name not in ("UTC", "GMT"):
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return None


def _with_zones(row: Row, zones: Mapping[int, tzinfo]) -> Row:
    values = list(row)
    for number, zone in zones.items():
        if isinstance(values[number], datetime):
            values[number] = values[number].replace(tzinfo=zone)
    return values


def _is_ahead(value: Any, zone: ZoneInfo) -> bool:
    """Whether a moment is more than a day ahead; numbers and words of a version never are."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value) if _MOMENT.match(value) else None
        except ValueError:
            return False
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=zone)) > datetime.now(zone) + _A_DAY
    return isinstance(value, date) and value > datetime.now(zone).date() + _A_DAY


def _json(value: Any) -> Mark:
    """What grows, as JSON. Raises TypeError for what has no order that it keeps."""
    if isinstance(value, datetime):
        return {"moment": value.isoformat()}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    if isinstance(value, Decimal):
        return {"number": str(value)}
    if isinstance(value, int | float | str):
        return value
    raise TypeError(type(value).__name__)


def _value(mark: Mark) -> Any:
    if not isinstance(mark, dict):
        return mark
    if "moment" in mark:
        return datetime.fromisoformat(mark["moment"])
    return date.fromisoformat(mark["day"]) if "day" in mark else Decimal(mark["number"])
