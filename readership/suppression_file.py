"""A provider's list of addresses that must get nothing: SendGrid's, Mailchimp's, or one address a line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import Connection, Engine

from newsroom.database import reading, writing
from newsroom.errors import ReaderError
from newsroom.portions import portions
from readership import store
from readership.address import recipient_key
from readership.exports import has_address, reading_of, squeezed
from readership.import_csv import SHOWN, BadRow
from readership.reader import SuppressionReason
from readership.spreadsheet import Line, Table, open_table, rows
from readership.suppression import suppress

PORTION = 2_000
"""Rows a transaction: each reader on a list of unsubscribes is stopped on their own."""

_BY_NAME = (
    ("unsub", SuppressionReason.UNSUBSCRIBED),
    ("opt-out", SuppressionReason.UNSUBSCRIBED),
    ("optout", SuppressionReason.UNSUBSCRIBED),
    ("spam", SuppressionReason.COMPLAINED),
    ("complain", SuppressionReason.COMPLAINED),
    ("clean", SuppressionReason.CLEANED),
    ("invalid", SuppressionReason.BOUNCED),
    ("bounce", SuppressionReason.BOUNCED),
    ("block", SuppressionReason.BOUNCED),
)
"""What a file's name tells; the first that fits."""

_BY_COLUMN = (
    ("cleantime", SuppressionReason.CLEANED),
    ("unsubtime", SuppressionReason.UNSUBSCRIBED),
    ("ip", SuppressionReason.COMPLAINED),
    ("reason", SuppressionReason.BOUNCED),
)
"""What its columns tell: SendGrid's bounces have a reason, its spam reports an IP address."""


@dataclass(slots=True)
class SuppressionReport:
    """What a suppression list did, or with `dry_run` would do."""

    file: str
    reason: SuppressionReason
    dry_run: bool = False
    rows: int = 0
    new: int = 0
    """Addresses that were not suppressed before."""
    readers: int = 0
    """Of the list's addresses, how many are readers."""
    bad: int = 0
    bad_rows: list[BadRow] = field(default_factory=list)


def suppress_file(
    engine: Engine,
    path: Path,
    address_key: bytes,
    now: datetime,
    *,
    reason: SuppressionReason | None = None,
    dry_run: bool = False,
    progress: Callable[[int], None] | None = None,
) -> SuppressionReport:
    """Suppress every address of the file, readers or not; only keyed hashes of them are kept.

    Without `reason` the file's name or columns must tell it. A reader on a list of unsubscribes also has
    every subscription stopped. Raises ReaderError for a file that cannot be read or does not tell its reason.
    """
    table = open_table(path, lambda header: has_address(header, {}), headless=True)
    found = reason or _reason(table)
    report = SuppressionReport(path.name, found, dry_run)
    source = _keys(table, address_key, report)
    for some in portions(source, PORTION):
        portion = list(dict.fromkeys(some))
        if dry_run:
            with reading(engine) as connection:
                report.new += len(portion) - len(store.suppressed(connection, portion))
                report.readers += len(store.by_keys(connection, portion))
        else:
            with writing(engine) as connection:
                _suppress(connection, portion, report, now)
        if progress is not None:
            progress(report.rows)
    return report


def _reason(table: Table) -> SuppressionReason:
    name = table.path.stem.casefold()
    headings = {squeezed(heading) for heading in table.header}
    told = next((reason for part, reason in _BY_NAME if part in name), None)
    told = told or next((reason for heading, reason in _BY_COLUMN if heading in headings), None)
    if told is None:
        raise ReaderError(
            f"{table.path.name}: neither its name nor its columns tell why these addresses get nothing; "
            "say it: bounced, complained, cleaned or unsubscribed"
        )
    return told


def _keys(table: Table, address_key: bytes, report: SuppressionReport) -> Iterator[str]:
    addresses = _addresses(table)
    for line in rows(table):
        report.rows += 1
        try:
            if line.problem:
                raise ReaderError(line.problem)
            yield recipient_key(address_key, addresses(line))
        except ReaderError as error:
            report.bad += 1
            if len(report.bad_rows) < SHOWN:
                report.bad_rows.append(BadRow(line.number, "; ".join(error.problems)))


def _addresses(table: Table) -> Callable[[Line], str]:
    if not table.header:
        return lambda line: _cell(line.cells, 0)
    place = dict(reading_of(table.header, {}, table.path).places)["address"]
    return lambda line: _cell(line.cells, place)


def _cell(cells: Sequence[str], place: int) -> str:
    return cells[place].strip() if place < len(cells) else ""


def _suppress(connection: Connection, keys: Sequence[str], report: SuppressionReport, now: datetime) -> None:
    report.new += suppress(connection, dict.fromkeys(keys, report.reason), now, f"list {report.file}")
    readers = store.by_keys(connection, keys)
    report.readers += len(readers)
    if report.reason in (SuppressionReason.UNSUBSCRIBED, SuppressionReason.COMPLAINED):
        for reader in readers.values():
            store.unsubscribe(connection, reader.id, None, now)
