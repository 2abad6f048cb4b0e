"""Importing a reader list: in portions, each a short transaction, so that a link works meanwhile."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import Connection, Engine

from newsroom.database import reading, writing
from newsroom.errors import ReaderError
from newsroom.portions import portions
from readership import store
from readership.address import comparable, key_of
from readership.change import Change, Known, change
from readership.exports import Reading, has_address, reading_of
from readership.reader import Reader, Subscription, SuppressionReason
from readership.row import ASKS, Row, Rules, Status, understood
from readership.spreadsheet import Line, Table, open_table, rows
from readership.suppression import suppress

PORTION = 10_000
"""Rows a transaction: the more there are, the more of them go into each page of the index of recipient keys
before it is written. Others who write wait for about half a second."""

PIECE = 2_000
"""Rows of it that are decided and written together: what is made of them is not kept for longer."""

CACHE_KB = 65_536
"""How much of an SQLite database an import keeps in memory, in KiB."""

SHOWN = 1_000
"""How many bad rows a report lists; it counts all of them."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was left out."""

    line: int
    """The physical line of the file where it starts, from 1."""
    problem: str
    """Says nothing of whose row it is."""


@dataclass(slots=True)
class ImportReport:
    """What an import did or, dry, would do: `rows` = new + changed + same + twice + bad + erased."""

    file: str
    encoding: str
    delimiter: str
    format: str
    """Whose export it is; empty for a list of no known program."""
    ignored: tuple[str, ...]
    """Columns that say nothing to us."""
    dry_run: bool = False
    rows: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    twice: int = 0
    """Rows of a reader who had one in this file before; they add subscriptions and stops, nothing else."""
    bad: int = 0
    erased: int = 0
    """Rows of people who were erased on request; they stay so."""
    stopped: int = 0
    """Rows that say that somebody wants no mail, or that an address is dead."""
    kept_stopped: int = 0
    """Rows that would have had mail go to a reader who stopped it, or to a dead address; none does."""
    without_consent: int = 0
    """Subscribed rows that say neither when nor how the reader agreed."""
    bad_rows: list[BadRow] = field(default_factory=list)

    def refuse(self, line: int, problem: str) -> None:
        """Count a bad row, and list it while there is room."""
        self.bad += 1
        if len(self.bad_rows) < SHOWN:
            self.bad_rows.append(BadRow(line, problem))


@dataclass(frozen=True, slots=True)
class ImportRules:
    """What an import goes by."""

    rows: Rules
    newsletters: Sequence[str]
    """Those that a row which names none means."""
    columns: Mapping[str, str]
    """`[import]` of newsroom.toml: our field to the file's column."""
    address_key: bytes


_Keyed = tuple[Row, str]


def import_file(
    engine: Engine,
    path: Path,
    rules: ImportRules,
    now: datetime,
    *,
    dry_run: bool = False,
    progress: Callable[[int], None] | None = None,
) -> ImportReport:
    """Import a reader list; what is known of a reader changes, and a stop is never lifted.

    `progress` is called with the number of rows done. Raises ReaderError for a file that cannot be read as a
    table with a column of addresses; a bad row is reported and the others go on.
    """
    table = open_table(path, lambda header: has_address(header, rules.columns))
    columns = reading_of(table.header, rules.columns, path)
    report = ImportReport(
        path.name, table.encoding, table.delimiter, columns.format, columns.ignored, dry_run=dry_run
    )
    seen: set[int] = set()
    # Without writing, what an earlier portion would have made of a reader has to be remembered. Only those
    # who come twice ask for it, so a first pass finds them.
    memory = _Memory(_twice(table, columns, rules) if dry_run else frozenset(), {})
    source = _understood(table, columns, rules, report)
    with _no_search_for_cycles():
        for portion in portions(source, PORTION):
            # What is understood needs no lock, and is before the transaction begins.
            with reading(engine) if dry_run else writing(engine) as connection:
                _give_room(connection)
                for piece in portions(portion, PIECE):
                    changes = _decided(connection, piece, rules, report, seen, memory)
                    if not dry_run:
                        _write(connection, changes, now, f"import of {path.name}")
            # The next rows are read before these would be let go.
            portion.clear()
            if progress is not None:
                progress(report.rows)
    return report


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Have Python free what nothing refers to, and not look for objects that refer to each other: a portion
    leaves none, and looking through all of its objects takes a tenth of an import's time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _give_room(connection: Connection) -> None:
    # The unique index on recipient keys is filled in random order: with the default 2 MB of cache a row of a
    # long list takes twice as long. The connection keeps it, and it is a bound.
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA cache_size=-{CACHE_KB}")


@dataclass(frozen=True, slots=True)
class _Memory:
    twice: frozenset[int]
    known: dict[str, Known]


@dataclass(frozen=True, slots=True)
class _Changes:
    """What the rows of a piece change, by recipient key."""

    readers: dict[str, Reader] = field(default_factory=dict)
    """As the last row of each leaves them."""
    subscriptions: list[tuple[str, Subscription]] = field(default_factory=list)
    """In the order of the rows: of two for one newsletter the last one counts."""
    suppressed: dict[str, SuppressionReason] = field(default_factory=dict)

    def add(self, key: str, made: Change) -> None:
        """Add what a row changes of what is known under its recipient key."""
        if made.reader is not None:
            self.readers[key] = made.reader
        for one in made.subscriptions:
            self.subscriptions.append((key, one))
        if made.suppress is not None:
            self.suppressed[key] = made.suppress


def _understood(table: Table, columns: Reading, rules: ImportRules, report: ImportReport) -> Iterator[_Keyed]:
    """The sound rows with their recipient keys; the others go into the report."""
    for line in rows(table):
        report.rows += 1
        try:
            yield _keyed(line, columns, rules)
        except ReaderError as error:
            report.refuse(line.number, "; ".join(error.problems))


def _keyed(line: Line, columns: Reading, rules: ImportRules) -> _Keyed:
    if line.problem:
        raise ReaderError(line.problem)
    row = understood(columns.fields(line.cells), rules.rows)
    return row, key_of(rules.address_key, comparable(row.address))


def _twice(table: Table, columns: Reading, rules: ImportRules) -> frozenset[int]:
    seen: set[int] = set()
    again: set[int] = set()
    for line in rows(table):
        try:
            short = int(_keyed(line, columns, rules)[1][:32], 16)
        except ReaderError:
            continue  # The pass that counts reports it.
        (again if short in seen else seen).add(short)
    return frozenset(again)


def _decided(
    connection: Connection,
    portion: Sequence[_Keyed],
    rules: ImportRules,
    report: ImportReport,
    seen: set[int],
    memory: _Memory,
) -> _Changes:
    keys = list(dict.fromkeys(key for _, key in portion))
    known = _known(connection, keys)
    known |= {key: memory.known[key] for key in keys if key in memory.known}
    nobody = Known()
    changes = _Changes()
    for row, key in portion:
        short = int(key[:32], 16)
        again = short in seen
        seen.add(short)
        before = known.get(key, nobody)
        made = change(before, row.subscriptions_only() if again else row, key, rules.newsletters)
        _count(report, before, made, row, again)
        if not made.is_empty:
            known[key] = made.after
            changes.add(key, made)
            if short in memory.twice:
                memory.known[key] = made.after
    return changes


def _count(report: ImportReport, before: Known, made: Change, row: Row, again: bool) -> None:
    report.kept_stopped += made.kept_stopped
    report.stopped += row.status not in ASKS
    if not row.consent_at and not row.consent_source:
        report.without_consent += row.status is Status.SUBSCRIBED
    if again:
        report.twice += 1
    elif made.after.reader is None:
        report.erased += 1
    elif before.reader is None:
        report.new += 1
    elif made.is_empty:
        report.same += 1
    else:
        report.changed += 1


def _known(connection: Connection, keys: Sequence[str]) -> dict[str, Known]:
    readers = store.by_keys(connection, keys)
    subscriptions = store.subscriptions_of(connection, [reader.id for reader in readers.values()])
    suppressed = store.suppressed(connection, keys)
    return {
        key: Known(reader, subscriptions.get(reader.id, {}) if reader else {}, suppressed.get(key))
        for key in keys
        if (reader := readers.get(key)) or key in suppressed
    }


def _write(connection: Connection, changes: _Changes, now: datetime, origin: str) -> None:
    newest = store.newest(connection)
    store.save_readers(connection, changes.readers.values(), now)
    new = store.numbers_behind(connection, newest)
    theirs = ((one.reader_id or new[key], one) for key, one in changes.subscriptions)
    store.save_subscriptions(connection, theirs, now)
    suppress(connection, changes.suppressed, now, origin)
