"""The ledger with a million readers: planning them, and handing them to a provider that takes everything.

`python -m benchmarks.ledger [READERS [HANDED]]`, in a folder on the disk that is measured (TMPDIR). Each
figure stands beside the least that SQLite itself needs for the same rows, in the same run.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Engine

import readership.tables
from newsletter import planning
from newsletter.claim import Terms
from newsletter.deliver import Delivery
from newsletter.providers import Answer, Batch, Outcome
from newsletter.tables import deliveries
from newsroom.database import engine_for, metadata, writing
from tests.newsletter.delivering import KEY, NOW, Clock, Desk, composed, selection

READERS, HANDED = 1_000_000, 100_000
PLANS = ((0, "group", 5), (1, "paid", 35), (2, "trial", 10), (3, "free", 50))
"""Order, name, and how many in a hundred."""
BATCH = 1_000


class Instant:
    """Takes everything at once and for nothing."""

    name = "instant"
    batch_size = BATCH
    first_batch = BATCH
    connections = 4
    is_real = True

    def hand_over(self, batch: Batch) -> Outcome:
        """Accepted."""
        return Outcome(Answer.ACCEPTED)

    def evidence(self, batch: Batch) -> None:
        """Nothing is ever cut."""

    def stop(self) -> None:
        """Nothing is in flight."""

    def close(self) -> None:
        """Nothing is open."""


@contextmanager
def measured(what: str, count: int) -> Iterator[list[float]]:
    """Times a block and says how much it did a second; the list gets the seconds."""
    seconds: list[float] = []
    began = time.perf_counter()
    yield seconds
    seconds.append(time.perf_counter() - began)
    sys.stdout.write(f"{what:<46} {seconds[0]:8.2f} s  {count / seconds[0]:12,.0f}/s\n")
    sys.stdout.flush()


def keys(count: int) -> Iterator[str]:
    """Recipient keys: in no order, as an HMAC is."""
    return (hashlib.sha256(number.to_bytes(8, "big")).hexdigest() for number in range(count))


def fill(path: Path, count: int) -> None:
    """A newsroom with an edition and that many readers."""
    engine = engine_for(f"sqlite:///{path}")
    metadata.create_all(engine)
    composed(engine)
    ends = [sum(share for *_, share in PLANS[: place + 1]) for place in range(len(PLANS))]

    def reader(number: int, key: str) -> tuple[object, ...]:
        order, plan, _ = next(row for row, end in zip(PLANS, ends, strict=True) if number % 100 < end)
        return f"reader{number}@example.org", key, plan, order, NOW.isoformat(), NOW.isoformat()

    with writing(engine) as connection:
        connection.exec_driver_sql("PRAGMA cache_size=-500000")
        connection.exec_driver_sql(
            "INSERT INTO readers (address, key, name, plan, plan_order, products, language, created, "
            "updated) VALUES (?, ?, '', ?, ?, '[]', '', ?, ?)",
            [reader(number, key) for number, key in enumerate(keys(count))],
        )
        connection.exec_driver_sql(
            "INSERT INTO subscriptions (reader_id, newsletter, status, sections, consent_source, ended_by, "
            "updated) SELECT id, 'daily', 'active', '[]', '', '', created FROM readers"
        )
    engine.dispose()


def raw_rows(path: Path, count: int) -> float:
    """The least: the same rows into the same table, by SQLite alone."""
    engine = engine_for(f"sqlite:///{path}")
    metadata.create_all(engine)
    engine.dispose()
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("PRAGMA synchronous=FULL")
    raw.execute(f"PRAGMA cache_size=-{planning.CACHE_KB}")
    rows = [(KEY, number, key, 1, "", None) for number, key in enumerate(keys(count))]
    columns = "edition, reader_id, recipient_key, batch, reason, trial_days"
    with measured(f"  SQLite alone, {count:,} rows", count) as seconds:
        raw.execute("BEGIN IMMEDIATE")
        raw.executemany(f"INSERT INTO {deliveries.name} ({columns}) VALUES (?, ?, ?, ?, ?, ?)", rows)  # noqa: S608
        raw.execute("COMMIT")
    raw.close()
    return seconds[0]


def raw_commits(path: Path, count: int) -> float:
    """The least: two durable transactions a batch, each with one changed row."""
    engine = engine_for(f"sqlite:///{path}")
    raw = engine.raw_connection()
    raw.cursor().execute("CREATE TABLE IF NOT EXISTS least (id INTEGER PRIMARY KEY, state TEXT)")
    with measured(f"  SQLite alone, {2 * count:,} durable transactions", count * BATCH) as seconds:
        for number in range(2 * count):
            raw.cursor().execute("INSERT OR REPLACE INTO least VALUES (?, 'handed')", (number // 2,))
    raw.close()
    engine.dispose()
    return seconds[0]


def peak() -> float:
    """The most memory this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def plan(engine: Engine) -> None:
    """Plan the edition, as a run does before its first hand-over."""
    from newsletter import editions

    with writing(engine) as connection:
        planning.plan(
            connection,
            editions.get(connection, KEY),
            planning.pages(connection, "daily"),
            Desk().post.variant_of(selection()),
            batch_size=BATCH,
        )


def hand_over(engine: Engine, count: int) -> int:
    """Hand over that many readers; returns how many were taken."""
    provider = Instant()
    report = Delivery(
        engine=engine,
        key=KEY,
        provider=provider,
        post=Desk().post,
        terms=Terms(provider.name, BATCH, "bench", max_per_hour=count),
        alive=lambda _: False,
        clock=Clock(),
    ).run()
    return report.accepted


def main(readers: int, handed: int) -> None:
    """Measure and print."""
    handed = min(readers, handed)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        # In a process of its own: what that needs of memory is not what is measured.
        filling = multiprocessing.get_context("spawn").Process(
            target=fill, args=(place / "standfirst.db", readers)
        )
        filling.start()
        filling.join()
        if filling.exitcode:
            raise SystemExit("the newsroom could not be filled")
        engine = engine_for(f"sqlite:///{place / 'standfirst.db'}")
        before = peak()
        with measured(f"planning {readers:,} readers", readers) as planned:
            plan(engine)
        sys.stdout.write(f"  memory: {before:.0f} MB before, {peak():.0f} MB at most\n")
        before = peak()
        with measured(f"handing over {handed:,}, {BATCH:,} a batch", handed) as given:
            taken = hand_over(engine, handed)
        if taken != handed:
            raise SystemExit(f"{taken:,} taken, {handed:,} were to be")
        sys.stdout.write(f"  memory: {before:.0f} MB before, {peak():.0f} MB at most\n")
        least = raw_commits(place / "commits.db", -(-handed // BATCH))
        sys.stdout.write(f"  of that, waiting for the disk at least {least / given[0]:.0%}\n")
        with measured("the sum of the edition", readers), engine.connect() as connection:
            from newsletter.sums import checked_sum

            checked_sum(connection, KEY)
        least = raw_rows(place / "least.db", readers)
        sys.stdout.write(f"  planning is {least / planned[0]:.2f} of SQLite alone\n")
        size = sum(path.stat().st_size for path in place.glob("standfirst.db*"))
        with engine.connect() as connection:
            rows = connection.execute(sa.select(sa.func.count()).select_from(readership.tables.readers))
            sys.stdout.write(f"database: {size / 1e6:,.0f} MB for {rows.scalar_one():,} readers\n")
        engine.dispose()


if __name__ == "__main__":
    numbers = [int(argument.replace(",", "")) for argument in sys.argv[1:3]]
    main(*(numbers + [READERS, HANDED][len(numbers) :]))
