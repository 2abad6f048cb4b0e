"""A whole edition as CSV, one reader a line, by number: streamed, however many there are."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime
from typing import Any, TextIO

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter import ledger
from newsletter.before import Before, before
from newsletter.returns import after_all
from newsletter.returns.event import EventKind
from newsletter.returns.heard import Told, told_of
from newsletter.tables import batches, deliveries, exclusions
from readership import store

PAGE = 5_000
"""Readers read at once."""

COLUMNS = (
    "reader",
    "state",
    "reason",
    "batch",
    "revision",
    "provider",
    "handed",
    "settled",
    "processed",
    "delivered",
    "deferred",
    "bounced",
    "bounce",
    "blocked",
    "dropped",
    "complained",
    "unsubscribed",
    "said",
    "before",
)
"""`bounce` is hard or soft; `said` is what the provider said of the last event that had words; `before` is
what the ledger had until somebody said otherwise, and who did, when."""

_TIMES = {
    EventKind.PROCESSED: "processed",
    EventKind.DELIVERED: "delivered",
    EventKind.DEFERRED: "deferred",
    EventKind.BOUNCE: "bounced",
    EventKind.BLOCKED: "blocked",
    EventKind.DROPPED: "dropped",
    EventKind.SPAM_REPORT: "complained",
    EventKind.UNSUBSCRIBE: "unsubscribed",
}
"""Of each kind the time of its last event."""


def write(connection: Connection, edition: str, file: TextIO, *, with_addresses: bool = False) -> int:
    """Write the edition's deliveries and exclusions, by reader; returns how many lines.

    Times are in UTC. With addresses, that of a reader who is erased is empty. Of editions older than
    `keep_days` exclusions and events are kept as numbers alone: they are not in it.
    """
    columns = (*COLUMNS[:1], "address", *COLUMNS[1:]) if with_addresses else COLUMNS
    writer = csv.DictWriter(file, columns, restval="")
    writer.writeheader()
    count = 0
    for page in _pages(connection, edition):
        if with_addresses:
            found = {
                one.id: one.address for one in store.by_numbers(connection, [row["reader"] for row in page])
            }
            for row in page:
                row["address"] = _inert(found.get(row["reader"], ""))
        writer.writerows(page)
        count += len(page)
    return count


def _pages(connection: Connection, edition: str) -> Iterator[list[dict[str, Any]]]:
    last = 0
    records = after_all.records(connection, edition)
    while numbers := _numbers(connection, edition, last):
        first, last = numbers[0], numbers[-1]
        rows = {number: {"reader": number} for number in numbers}
        _delivered(connection, edition, first, last, rows)
        _excluded(connection, edition, first, last, rows)
        for was in before(connection, edition, first, last):
            if was.reader_id in rows:
                _keep(rows[was.reader_id], was)
        for number, one in told_of(connection, edition, first, last):
            if number in rows:
                (_note_of_record if one.batch in records else _note)(rows[number], one)
        yield list(rows.values())


def _numbers(connection: Connection, edition: str, after: int) -> list[int]:
    """The next readers of the edition, delivered to or left out."""
    found: set[int] = set()
    for table in (deliveries, exclusions):
        query = (
            sa.select(table.c.reader_id)
            .where(table.c.edition == edition, table.c.reader_id > after)
            .order_by(table.c.reader_id)
            .limit(PAGE)
        )
        found |= set(connection.execute(query).scalars())
    return sorted(found)[:PAGE]


def _delivered(
    connection: Connection, edition: str, first: int, last: int, rows: dict[int, dict[str, Any]]
) -> None:
    query = (
        sa.select(
            deliveries.c.reader_id,
            sa.func.coalesce(deliveries.c.state, batches.c.state),
            sa.case((deliveries.c.state.is_(None), batches.c.reason), else_=deliveries.c.reason),
            deliveries.c.batch,
            batches.c.revision,
            batches.c.provider,
            ledger.handed_at,
            batches.c.settled,
        )
        .select_from(deliveries.join(batches, batches.c.id == deliveries.c.batch))
        .where(deliveries.c.edition == edition, deliveries.c.reader_id.between(first, last))
    )
    for number, state, reason, batch, revision, provider, handed, settled in connection.execute(query).all():
        row = rows[number]
        row |= {"state": state, "reason": _inert(reason), "batch": batch}
        if state != "dropped":
            row |= {
                "revision": revision,
                "provider": provider,
                "handed": _time(handed),
                "settled": _time(settled),
            }


def _excluded(
    connection: Connection, edition: str, first: int, last: int, rows: dict[int, dict[str, Any]]
) -> None:
    columns = (exclusions.c.reader_id, exclusions.c.reason)
    query = sa.select(*columns).where(
        exclusions.c.edition == edition, exclusions.c.reader_id.between(first, last)
    )
    for number, reason in connection.execute(query).all():
        rows[number] |= {"state": "left out", "reason": reason}


def _note(row: dict[str, Any], one: Told) -> None:
    row[_TIMES[one.kind]] = _time(one.at)
    if one.kind is EventKind.BOUNCE:
        row["bounce"] = "hard" if one.is_permanent or row.get("bounce") == "hard" else "soft"
    if one.reason:
        row["said"] = _inert(one.reason)


def _note_of_record(row: dict[str, Any], one: Told) -> None:
    """What is told of a mail that was taken back is no news of the one that went since. That it was sent all
    the same stands beside the taking back; that it was received and thrown away is as it should be."""
    if one.kind in (EventKind.PROCESSED, EventKind.DROPPED):
        return
    if one.batch == row.get("batch") or one.kind in (EventKind.SPAM_REPORT, EventKind.UNSUBSCRIBE):
        # It is the one that the reader has; or it is the reader who says that, of whichever mail.
        _note(row, one)
    else:
        _add_before(row, f"batch {one.batch}: {one.said} {_time(one.at)}, although taken back")


def _keep(row: dict[str, Any], one: Before) -> None:
    more = ", ".join(filter(None, (f"{one.provider} answered {_time(one.settled)}", one.reference)))
    answered = f"; {more}" if one.settled else ""
    handed = f" (handed over {_time(one.handed)}, batch {one.batch}{answered})" if one.handed else ""
    why = f": {one.reason}" if one.reason else ""
    _add_before(row, f"{one.state.value}{handed}{why}; {one.then} by {one.by} {_time(one.at)}")


def _add_before(row: dict[str, Any], said: str) -> None:
    row["before"] = f"{row['before']} | {said}" if row.get("before") else said


def _time(moment: datetime | None) -> str:
    return "" if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _inert(text: str) -> str:
    # A spreadsheet runs a cell that starts like a formula.
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
