"""The ledger with a million readers: planning them, and handing them to a provider that takes everything.

`python -m benchmarks.ledger [READERS [HANDED]] [postgresql]`, in a folder on the disk that is measured
(TMPDIR); with PostgreSQL on a server of its own there, as it is out of the box. Each figure stands beside the
least that the database itself needs for the same rows, in the same run.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Engine

import readership.tables
from demo.postgres import Server
from newsletter.delivery import planning
from newsletter.delivery.claim import Terms
from newsletter.delivery.deliver import Delivery
from newsletter.providers import Answer, Batch, Outcome
from newsletter.tables import deliveries
from newsroom.database import engine_for, metadata, writing
from newsroom.rows import insert_rows
from tests.newsletter.delivering import KEY, NOW, Clock, Desk, composed, selection

READERS, HANDED = 1_000_000, 100_000
PLANS = ((0, "group", 5), (1, "paid", 35), (2, "trial", 10), (3, "free", 50))
"""Order, name, and how many in a hundred."""
BATCH = 1_000
MARKS = {"sqlite": "?", "postgresql": "%s"}
SIZES = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    "postgresql": "SELECT pg_database_size(current_database())",
}


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


@contextmanager
def database(place: Path, kind: str) -> Iterator[Callable[[str], str]]:
    """Gives the address of a new database by its name."""
    if kind == "sqlite":
        yield lambda name: f"sqlite:///{place / name}.db"
        return
    place.chmod(0o711)
    with Server(place / "s") as server:

        def new(name: str) -> str:
            server.call("createdb", name)
            return server.url(name)

        yield new


def fill(place: Path | str, count: int) -> None:
    """A newsroom with an edition and that many readers, in an SQLite file or at an address."""
    engine = engine_for(place if isinstance(place, str) else f"sqlite:///{place}")
    metadata.create_all(engine)
    composed(engine)
    ends = [sum(share for *_, share in PLANS[: place + 1]) for place in range(len(PLANS))]

    def reader(number: int, key: str) -> tuple[object, ...]:
        order, plan, _ = next(row for row, end in zip(PLANS, ends, strict=True) if number % 100 < end)
        return f"reader{number}@example.org", key, "", plan, order, "[]", "", NOW.isoformat(), NOW.isoformat()

    columns = ("address", "key", "name", "plan", "plan_order", "products", "language", "created", "updated")
    with writing(engine) as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA cache_size=-500000")
        rows = [reader(number, key) for number, key in enumerate(keys(count))]
        insert_rows(connection, readership.tables.readers, columns, rows)
        connection.exec_driver_sql(
            "INSERT INTO subscriptions (reader_id, newsletter, status, sections, consent_source, ended_by, "
            "updated) SELECT id, 'daily', 'active', '[]', '', '', created FROM readers"
        )
    engine.dispose()


def raw_rows(engine: Engine, count: int) -> float:
    """The least: the same rows into the same table, by the database alone."""
    metadata.create_all(engine)
    rows = [(KEY, number, key, 1, "", None) for number, key in enumerate(keys(count))]
    mark, columns = MARKS[engine.dialect.name], "edition, reader_id, recipient_key, batch, reason, trial_days"
    raw = engine.raw_connection()
    cursor = raw.cursor()
    if engine.dialect.name == "sqlite":
        # Room for the whole of its index: the least that it can be.
        cursor.execute("PRAGMA cache_size=-131072")
        cursor.execute("PRAGMA foreign_keys=OFF")
    else:
        cursor.execute("SET session_replication_role = replica")
    with measured(f"  the database alone, {count:,} rows", count) as seconds:
        if engine.dialect.name == "sqlite":
            cursor.execute("BEGIN IMMEDIATE")
        values = ", ".join([mark] * 6)
        cursor.executemany(f"INSERT INTO {deliveries.name} ({columns}) VALUES ({values})", rows)  # noqa: S608
        raw.commit()
    raw.close()
    return seconds[0]


def raw_commits(engine: Engine, count: int) -> float:
    """The least: two durable transactions a batch, each with one changed row."""
    raw = engine.raw_connection()
    cursor = raw.cursor()
    cursor.execute("CREATE TABLE IF NOT EXISTS least (id INTEGER PRIMARY KEY, state TEXT)")
    raw.commit()
    insert = f"INSERT INTO least VALUES ({MARKS[engine.dialect.name]}, 'handed')"  # noqa: S608
    with measured(f"  the database alone, {2 * count:,} durable transactions", count * BATCH) as seconds:
        for number in range(2 * count):
            cursor.execute(f"{insert} ON CONFLICT (id) DO UPDATE SET state = 'accepted'", (number // 2,))
            raw.commit()
    raw.close()
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


def main(readers: int, handed: int, kind: str = "sqlite") -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder, database(Path(folder), kind) as new:
        url = new("news")
        # In a process of its own: what that needs of memory is not what is measured.
        filling = multiprocessing.get_context("spawn").Process(target=fill, args=(url, readers))
        filling.start()
        filling.join()
        if filling.exitcode:
            raise SystemExit("the newsroom could not be filled")
        engine, least = engine_for(url), engine_for(new("alone"))
        measure(engine, least, readers, min(readers, handed))
        with engine.connect() as connection:
            rows = connection.execute(sa.select(sa.func.count()).select_from(readership.tables.readers))
            size = connection.exec_driver_sql(SIZES[kind]).scalar_one()
            sys.stdout.write(f"database: {size / 1e6:,.0f} MB for {rows.scalar_one():,} readers\n")
        engine.dispose()
        least.dispose()


def measure(engine: Engine, alone: Engine, readers: int, handed: int) -> None:
    """Plan, hand over and count, each beside what the database alone needs."""
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
    least = raw_commits(alone, -(-handed // BATCH))
    sys.stdout.write(f"  of that, waiting for the disk at least {least / given[0]:.0%}\n")
    with measured("the sum of the edition", readers), engine.connect() as connection:
        from newsletter.delivery.sums import checked_sum

        checked_sum(connection, KEY)
    least = raw_rows(alone, readers)
    sys.stdout.write(f"  planning is {least / planned[0]:.2f} of the database alone\n")


if __name__ == "__main__":
    words = sys.argv[1:]
    chosen = "postgresql" if "postgresql" in words else "sqlite"
    numbers = [int(word.replace(",", "")) for word in words if word != chosen]
    readers, handed = [*numbers, *[READERS, HANDED][len(numbers) :]][:2]
    main(readers, handed, chosen)
