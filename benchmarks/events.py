"""SendGrid's events: signed posts of 1,000 to one process of `serve`, alone and while a run hands over.

`python -m benchmarks.events [READERS]`, in a folder on the disk that is measured (TMPDIR). Each reader has
two events, processed and delivered. Beside it the least: SendGrid's own check of the signature, JSON, and the
same rows by SQLite alone.
"""

from __future__ import annotations

import json
import multiprocessing
import socket
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import httpx2
import uvicorn
from sendgrid.helpers.eventwebhook import EventWebhook

from benchmarks.ledger import BATCH, fill, hand_over, measured, plan
from newsletter.providers.sendgrid_events import SIGNATURE, TIMESTAMP
from newsroom import log
from newsroom.database import engine_for, reading, writing
from newsroom.secrets import Secrets
from readership.address import recipient_key
from tests.newsletter.delivering import KEY
from tests.readership.registered import ADDRESS_KEY
from tests.web.posting import PUBLIC, signed
from tests.web.serving import KEYS, settings
from web.app import application
from web.connections import BoundedConnection
from web.server import guarded

READERS = 100_000
AT_ONCE = 1_000
CONNECTIONS = 4

Post = tuple[bytes, dict[str, str]]


def address(number: int) -> str:
    """Of the reader with this number, as `benchmarks.ledger.fill` has it."""
    return f"reader{number - 1}@example.org"


def ready(path: Path, readers: int) -> None:
    """An edition of that many readers with their true recipient keys, planned, and half of it handed over."""
    fill(path, readers)
    engine = engine_for(f"sqlite:///{path}")
    with writing(engine) as connection:
        pairs = [(recipient_key(ADDRESS_KEY, address(number)), number) for number in range(1, readers + 1)]
        connection.exec_driver_sql("UPDATE readers SET key = ? WHERE id = ?", pairs)
    plan(engine)
    hand_over(engine, readers // 2)
    engine.dispose()


def handed(path: Path, most: int) -> list[tuple[int, int]]:
    """(reader, batch) of those that were handed over, in the order in which they were."""
    engine = engine_for(f"sqlite:///{path}")
    with reading(engine) as connection:
        found = connection.exec_driver_sql(
            "SELECT reader_id, batch FROM deliveries JOIN batches ON batches.id = batch "
            "WHERE batches.state = 'accepted' ORDER BY batch, reader_id LIMIT ?",
            (most,),
        ).all()
    engine.dispose()
    return [(row[0], row[1]) for row in found]


def posts(some: Sequence[tuple[int, int]], at: datetime) -> Iterator[Post]:
    """The signed posts that SendGrid makes of it: as each batch is taken, and as it arrives."""
    for start in range(0, len(some), AT_ONCE):
        for event in ("processed", "delivered"):
            rows = [told(event, reader, batch, at) for reader, batch in some[start : start + AT_ONCE]]
            body = json.dumps(rows, separators=(",", ":")).encode()
            yield body, signed(body, at)


def told(event: str, reader: int, batch: int, at: datetime) -> dict[str, object]:
    """One event, as long as SendGrid's are."""
    return {
        "email": address(reader),
        "timestamp": int(at.timestamp()),
        "smtp-id": f"<{reader:040x}@quay.example>",
        "event": event,
        "category": ["daily"],
        "sg_event_id": b64encode(f"{event}-{reader}-{batch}".encode()).decode(),
        "sg_message_id": f"{reader:022x}.recvd-5f54b5d587-pczjm-1-67BADEEA-6.0",
        "response": "250 2.0.0 OK",
        "edition": KEY,
        "batch": str(batch),
        "delivery": str(reader),
    }


def serving(folder: Path, listening: socket.socket, end: Pipe, key: str) -> None:
    """A process of `serve`: says at its end how many seconds of the processor it took."""
    with (folder / "serve.log").open("w") as out:
        log.configure("text", stream=out)
        secrets = Secrets(KEYS, ADDRESS_KEY, sendgrid_event_key=key)
        values = replace(settings(folder), secrets=secrets)
        engine = engine_for(f"sqlite:///{folder / 'standfirst.db'}")
        app = guarded(values, engine, application(values, engine), None)
        config = uvicorn.Config(
            app, http=BoundedConnection, access_log=False, log_level="critical", lifespan="off"
        )
        server = uvicorn.Server(config)

        def ended() -> None:
            end.recv()
            server.should_exit = True

        threading.Thread(target=ended).start()
        server.run(sockets=[listening])
        end.send(time.process_time())


def posted(base: str, some: Sequence[Post]) -> list[float]:
    """Post them over a few connections; returns the seconds that each took."""
    clients = threading.local()

    def one(made: Post) -> float:
        if not hasattr(clients, "client"):
            clients.client = httpx2.Client(base_url=base, timeout=60, trust_env=False)
        began = time.perf_counter()
        answer = clients.client.post("/hooks/sendgrid", content=made[0], headers=made[1])
        if answer.status_code != 200:
            raise SystemExit(f"answered {answer.status_code}")
        return time.perf_counter() - began

    with ThreadPoolExecutor(CONNECTIONS) as threads:
        return list(threads.map(one, some))


def least(path: Path, some: Sequence[Post]) -> None:
    """SendGrid's own check, JSON, and the rows by SQLite alone, durable after each post."""
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("PRAGMA journal_mode=WAL")
    raw.execute("PRAGMA synchronous=FULL")
    raw.execute(
        "CREATE TABLE least (edition TEXT, reader INTEGER, kind TEXT, key TEXT, batch INTEGER, at TEXT, "
        "PRIMARY KEY (edition, reader, kind, key)) WITHOUT ROWID"
    )
    check = EventWebhook(PUBLIC)
    for body, headers in some:
        if not check.verify_signature(body.decode(), headers[SIGNATURE], headers[TIMESTAMP]):
            raise SystemExit("a good signature was refused")
        rows = [
            (one["edition"], int(one["delivery"]), one["event"], one["sg_event_id"], int(one["batch"]), "now")
            for one in json.loads(body)
        ]
        raw.execute("BEGIN IMMEDIATE")
        raw.executemany("INSERT OR IGNORE INTO least VALUES (?, ?, ?, ?, ?, ?)", rows)
        raw.execute("COMMIT")
    raw.close()


def said(times: Sequence[float]) -> None:
    """How long a post waited for its answer."""
    middle, most = statistics.median(times) * 1_000, max(times) * 1_000
    sys.stdout.write(f"  a post of {AT_ONCE:,}: {middle:.0f} ms, {most:.0f} ms at most\n")


def going_on(path: Path, count: int, gone: Pipe) -> None:
    """A run beside it: hand over the rest."""
    engine = engine_for(f"sqlite:///{path}")
    began = time.perf_counter()
    hand_over(engine, 2 * count)
    gone.send(time.perf_counter() - began)
    engine.dispose()


def main(readers: int) -> None:
    """Measure and print."""
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        path = folder / "standfirst.db"
        ready(path, readers)
        some = list(posts(handed(path, readers // 2), datetime.now(UTC)))
        first, second = some[: len(some) // 2], some[len(some) // 2 :]
        count = AT_ONCE * len(first)
        ours, theirs = spawn.Pipe()
        with socket.create_server(("127.0.0.1", 0)) as listening:
            base = f"http://127.0.0.1:{listening.getsockname()[1]}"
            server = spawn.Process(target=serving, args=(folder, listening, theirs, PUBLIC), daemon=True)
            server.start()
            posted(base, first[:1])
            with measured(f"{count:,} events, {CONNECTIONS} connections", count) as alone:
                times = posted(base, first)
            said(times)
            heard, gone = spawn.Pipe()
            run = spawn.Process(target=going_on, args=(path, readers // 2, gone), daemon=True)
            run.start()
            with measured(f"{count:,} events while a run hands over", count):
                times = posted(base, second)
            said(times)
            took = heard.recv()
            run.join()
            rate = (readers - readers // 2) / took
            sys.stdout.write(f"  the run meanwhile: {rate:,.0f} readers/s, {BATCH:,} a batch\n")
            with measured(f"{count:,} copies", count):
                posted(base, first)
            ours.send(None)
            used = ours.recv()
            server.join()
        sys.stdout.write(f"  of the processor: {used / (3 * count) * 1e6:,.0f} µs an event\n")
        with measured(f"  the least: SendGrid's check, JSON, {count:,} rows", count) as bare:
            least(folder / "least.db", first)
        sys.stdout.write(f"  events are {bare[0] / alone[0]:.2f} of that\n")
        engine = engine_for(f"sqlite:///{path}")
        with reading(engine) as connection:
            found = connection.exec_driver_sql("SELECT count(*) FROM events").scalar_one()
        if found != len(some) * AT_ONCE:
            raise SystemExit(f"{found:,} events are there, {len(some) * AT_ONCE:,} were posted")
        engine.dispose()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else READERS)
