"""The first import of a large archive from SQL, and the runs after it.

`python -m benchmarks.sql_import N` with so many articles: 1,000,000 take some minutes, and 10 GB of disk.
"""

from __future__ import annotations

import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import readership.tables  # noqa: F401 - metadata knows every table
from content.sync import SyncReport, Wish, sync_source
from feeds.publish import publish
from newsroom.database import engine_for, metadata
from newsroom.masthead import Section
from newsroom.settings import SourceSettings
from tests import samples

_T = TypeVar("_T")

SECTIONS = 20
WORDS = 300
FIRST = 100_000
"""How many articles the lower figure of memory is of."""
GOAL_MINUTES, GOAL_ARTICLES, GOAL_CHANGE = 3, 1_000_000, 0.05
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
NEWEST = NOW - timedelta(hours=1)
QUERY = """
    SELECT id, headline, teaser, body, published, changed, section, author AS authors, access, url
    FROM stories
"""
_TABLE = """
    CREATE TABLE stories (id INTEGER PRIMARY KEY, headline TEXT, teaser TEXT, body TEXT, published TEXT,
                          changed INTEGER, section TEXT, author TEXT, access TEXT, url TEXT)
"""
_WORDS = [
    *("the", "bridge", "council", "river", "harbour", "vote", "budget", "school", "tram", "line", "summer"),
    *("flood", "market", "keeper", "opens", "mends", "says", "plans", "again", "after", "before", "under"),
    *("between", "long", "short", "new", "old", "two", "three", "years", "days", "people", "house"),
]


def build(path: Path, count: int) -> None:
    """A newsroom's own database with so many stories, none like another."""
    chance = random.Random(7)  # noqa: S311 - no secret
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(_TABLE)
    rows = (_story(chance, number, count) for number in range(1, count + 1))
    connection.executemany("INSERT INTO stories VALUES (?,?,?,?,?,?,?,?,?,?)", rows)
    connection.execute("CREATE INDEX stories_changed ON stories (changed)")
    connection.commit()
    connection.close()


def _story(chance: random.Random, number: int, count: int) -> tuple[Any, ...]:
    words = " ".join(chance.choices(_WORDS, k=WORDS // 6))
    body = "".join(f"<p>{words} <em>{number}</em> &amp; {part}.</p>" for part in range(6))
    published = NEWEST - timedelta(minutes=5 * (count - number))
    return (
        number,
        f"Story {number}: {words[:40]}",
        f"{words[:120]}.",
        body,
        published.strftime("%Y-%m-%d %H:%M:%S"),
        number,
        f"s{number % SECTIONS}",
        "Nele Verstraete, Jo Peeters",
        "free" if number % 7 == 0 else "paid",
        f"https://quay.example/{published:%Y/%m}/story-{number}",
    )


def main() -> None:
    """Print the figures."""
    count = int(sys.argv[1]) if sys.argv[1:] else FIRST
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(folder / "newsroom.db", count)
        engine = engine_for(f"sqlite:///{folder / 'standfirst.db'}")
        metadata.create_all(engine)
        sections = tuple(Section(f"s{number}", f"Section {number}") for number in range(SECTIONS))
        room = replace(samples.newsroom(), sections=sections)
        settings = SourceSettings(
            "desk", "sql", path=folder, query=QUERY, changed="changed", secret="sqlite:///newsroom.db"
        )
        peaks: list[float] = []

        def progress(looked: int) -> None:
            if looked <= FIRST:
                peaks.append(_peak())

        def sync(hours: int) -> SyncReport:
            now = NOW + timedelta(hours=hours)
            return sync_source(engine, settings, room, folder / "public", now, Wish(progress=progress))

        def run(hours: int) -> SyncReport:
            report = sync(hours)
            publish(engine, room, folder / "public", NOW + timedelta(hours=hours))
            return report

        first, report = _timed(lambda: sync(0))
        assert (report.inserted, report.problems) == (count, ()), report
        at_first, at_last = max(peaks), _peak()
        cold, _ = _timed(lambda: publish(engine, room, folder / "public", NOW + timedelta(hours=1)))
        run(2)
        idle, report = _timed(lambda: run(3))
        assert report.inserted + report.updated == 0
        _change(folder / "newsroom.db", count)
        changed, report = _timed(lambda: run(4))
        assert report.updated == 1, report
        copied, copy = _timed(lambda: _copied(folder))
        sizes = [(folder / name).stat().st_size / 1e6 for name in ("newsroom.db", "standfirst.db")]
        engine.dispose()
    goal = GOAL_ARTICLES / (GOAL_MINUTES * 60)
    print(f"{count} articles of {WORDS} words from SQLite: {sizes[0]:.0f} MB there, {sizes[1]:.0f} MB here")
    print("                                              seconds  processor  articles a second")
    for name, taken, many in (
        ("first import", first, count),
        ("of so many rows, SQLite alone copying them", copied, copy),
        (f"publishing {SECTIONS} sections from cold", cold, 0),
        ("next run, nothing new: sync and publishing", idle, 0),
        ("next run, one change: sync and publishing", changed, 0),
    ):
        speed = f"{many / taken[0]:10.0f}" if many else ""
        print(f"  {name:43} {taken[0]:8.3f} {taken[1]:10.3f} {speed}")
    print(f"  goals: {goal:.0f} articles a second; one change in {GOAL_CHANGE} s")
    print(f"  most memory {at_first:.0f} MB after {min(count, FIRST)} articles, {at_last:.0f} MB after all")


def _copied(folder: Path) -> int:
    """Copy stored articles, FIRST at most, into the same table elsewhere, 500 a transaction; how many."""
    engine = engine_for(f"sqlite:///{folder / 'copy.db'}")
    metadata.create_all(engine)
    engine.dispose()
    with sqlite3.connect(folder / "copy.db", isolation_level=None) as connection:
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("ATTACH ? AS stored", (str(folder / "standfirst.db"),))
        copied = 0
        while copied < FIRST:
            done = connection.execute(
                "INSERT INTO articles SELECT * FROM stored.articles WHERE rowid > ? AND rowid <= ?",
                (copied, copied + 500),
            )
            if not done.rowcount:
                break
            copied += done.rowcount
    connection.close()
    return copied


def _change(path: Path, count: int) -> None:
    connection = sqlite3.connect(path)
    connection.execute(
        "UPDATE stories SET headline = 'Mended', changed = ? WHERE id = ?", (count + 1, count - 3)
    )
    connection.commit()
    connection.close()


def _timed(work: Callable[[], _T]) -> tuple[tuple[float, float], _T]:
    """How long `work` takes, how much of it the processor works, and what it gives."""
    begun, worked = time.perf_counter(), time.process_time()
    done = work()
    return (time.perf_counter() - begun, time.process_time() - worked), done


def _peak() -> float:
    """The most memory that this very process had so far, in MB."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


if __name__ == "__main__":
    main()
