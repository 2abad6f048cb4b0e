"""A list of readers from CSV into the database, against SQLite alone writing the same rows.

`python -m benchmarks.readers [READERS]`, in a folder on the disk that is measured (TMPDIR): as a new list,
and once more as the same list, which changes nothing.
"""

from __future__ import annotations

import resource
import sqlite3
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from newsroom.database import engine_for, metadata
from readership.import_csv import PORTION, ImportRules, import_file
from readership.row import Rules

READERS = 1_000_000
GOAL = 60
NOW = datetime(2026, 3, 10, 6, 0, tzinfo=UTC)
PLANS = ("paid", "free", "free", "group", "free")


def listed(path: Path, count: int) -> None:
    """A list as programs export it: an address, a name, a plan, and since which moment."""
    first = datetime(2024, 1, 1)  # noqa: DTZ001 - lists say no zone
    with path.open("w", encoding="utf-8") as file:
        file.write("address,name,plan,consent_at\n")
        for number in range(count):
            plan = PLANS[number % len(PLANS)]
            since = first + timedelta(seconds=37 * number)
            file.write(f"reader.{number}@example.org,Reader {number},{plan},{since}\n")


def raw(source: Path, target: Path) -> float:
    """Seconds that SQLite alone takes for the rows that an import has made, committed as often."""
    engine = engine_for(f"sqlite:///{target}")
    metadata.create_all(engine)
    engine.dispose()
    connection = sqlite3.connect(target, isolation_level=None)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("ATTACH ? AS made", (str(source),))
    began = time.perf_counter()
    for name in ("readers", "subscriptions"):
        (last,) = connection.execute(f"SELECT max(rowid) FROM made.{name}").fetchone()  # noqa: S608
        for first in range(0, last, PORTION):
            copying = f"INSERT INTO main.{name} SELECT * FROM made.{name} WHERE rowid > ? AND rowid <= ?"  # noqa: S608
            connection.execute(copying, (first, first + PORTION))
    seconds = time.perf_counter() - began
    connection.close()
    return seconds


def main(count: int) -> None:
    """Measure and print."""
    rules = ImportRules(Rules(ZoneInfo("Europe/Brussels"), (), ("daily",)), ("daily",), {}, b"a" * 32)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        listed(place / "readers.csv", count)
        engine = engine_for(f"sqlite:///{place / 'standfirst.db'}")
        metadata.create_all(engine)
        for what in ("a new list", "the same again"):
            began, worked = time.perf_counter(), time.process_time()
            report = import_file(engine, place / "readers.csv", rules, NOW)
            seconds, worked = time.perf_counter() - began, time.process_time() - worked
            goal = f" (goal {GOAL} s for 1,000,000)" if what == "a new list" else ""
            print(f"{what}: {count:,} rows in {seconds:.1f} s, {count / seconds:,.0f}/s{goal}")
            print(f"  of that the processor {worked:.1f} s; new {report.new:,}, the same {report.same:,}")
        engine.dispose()
        least = raw(place / "standfirst.db", place / "least.db")
        print(f"SQLite alone, the same rows: {least:.1f} s")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"memory: {peak:.0f} MB at most")


if __name__ == "__main__":
    main(int(sys.argv[1].replace(",", "")) if sys.argv[1:] else READERS)
