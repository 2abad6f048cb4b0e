"""Signing up over HTTP, one after the other and in a flood: how long it takes, and what is left behind.

`python -m benchmarks.sign_up [FLOOD]`, in a folder on the disk that is measured (TMPDIR). The peer is SQLite
alone, making the same rows durable.
"""

from __future__ import annotations

import os
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2

from readership.tokens import form_stamp
from tests.commands.house import House, built

FLOOD, CALM, CLIENTS = 10_000, 500, 4
ROOT = Path(__file__).resolve().parent.parent
KEYS = (("k1", bytes.fromhex("ab" * 32)),)
"""Those of `tests.commands.house`."""


def say(what: str, figure: str) -> None:
    """One line."""
    sys.stdout.write(f"{what:<58} {figure}\n")
    sys.stdout.flush()


def sqlite_alone(folder: Path, count: int) -> float:
    """Seconds a transaction of four counts and a row, each durable, takes SQLite."""
    connection = sqlite3.connect(folder / "alone.db", isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("CREATE TABLE counts (kind, key, begins, count, PRIMARY KEY (kind, key, begins))")
    connection.execute("CREATE TABLE asked (id PRIMARY KEY, key, address, asked, words)")
    began = time.perf_counter()
    for number in range(count):
        connection.execute("BEGIN IMMEDIATE")
        for kind, key in (("network", number % 250), ("all", 0), ("hour", number), ("day", number)):
            connection.execute(
                "INSERT INTO counts VALUES (?, ?, 0, 1) ON CONFLICT DO UPDATE SET count = count + 1",
                (kind, f"{key:064}"),
            )
        row = (f"{number:032}", f"{number:064}", "somebody@example.org", "2026-03-10", "x" * 400)
        connection.execute("INSERT INTO asked VALUES (?, ?, ?, ?, ?)", row)
        connection.execute("COMMIT")
    connection.close()
    return (time.perf_counter() - began) / count


def asked(base: str, numbers: Sequence[int]) -> list[float]:
    """Sign so many up, each from a network of its own; returns the seconds each took."""
    stamp, taken = form_stamp(KEYS, datetime.now(UTC) - timedelta(minutes=1)), []
    with httpx2.Client(base_url=base, trust_env=False, timeout=60) as client:
        for number in numbers:
            fields = {"address": f"n{number}@example.org", "stamp": stamp}
            network = {"X-Forwarded-For": f"10.{number // 250 % 250}.{number % 250}.1"}
            began = time.perf_counter()
            answer = client.post("/subscribe", data=fields, headers=network)
            taken.append(time.perf_counter() - began)
            if answer.status_code != 200:
                raise SystemExit(f"a sign-up was answered with {answer.status_code}")
    return taken


def memory(process: int) -> float:
    """The resident megabytes of a process."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def left(house: House) -> str:
    """What the database holds."""
    with sqlite3.connect(house.root / "standfirst.db") as connection:
        counts = {
            table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - a constant
            for table in ("sign_ups", "limits", "letters")
        }
    size = sum(path.stat().st_size for path in house.root.glob("standfirst.db*")) / 1e6
    return f"{', '.join(f'{count:,} {table}' for table, count in counts.items())}; {size:.1f} MB"


def measure(house: House, base: str, process: int, flood: int) -> None:
    """Calm first, then the flood."""
    alone = sqlite_alone(house.root, CALM)
    calm = statistics.median(asked(base, range(CALM)))
    say("a sign-up, one after the other", f"{calm * 1000:8.1f} ms  {1 / calm:8,.0f}/s")
    say("the same rows by SQLite alone", f"{alone * 1000:8.1f} ms  {1 / alone:8,.0f}/s")
    before, began = memory(process), time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        parts = [range(CALM + part, CALM + flood, CLIENTS) for part in range(CLIENTS)]
        list(pool.map(lambda part: asked(base, part), parts))
    seconds = time.perf_counter() - began
    say(f"a flood of {flood:,} from {CLIENTS} connections", f"{seconds:8.1f} s   {flood / seconds:8,.0f}/s")
    say("memory of the process before and after", f"{before:.0f} MB, {memory(process):.0f} MB")
    say("left behind (1,000 an hour are answered)", left(house))


def main() -> None:
    """Serve a newsroom of its own and sign up there."""
    flood = int(sys.argv[1]) if len(sys.argv) > 1 else FLOOD
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        free.close()
        house = built(Path(folder) / "quay", public_url=f"http://127.0.0.1:{port}")
        command = [sys.executable, "send.py", "--config", str(house.config), "--log", "json", "serve"]
        with subprocess.Popen([*command, "--port", str(port)], cwd=ROOT, stdout=subprocess.PIPE) as server:
            try:
                if server.stdout is None or not server.stdout.readline():
                    raise SystemExit("the newsroom could not be served")
                # What it says of each request goes nowhere, and must not fill the pipe.
                with ThreadPoolExecutor(1) as drain:
                    drain.submit(server.stdout.read)
                    measure(house, f"http://127.0.0.1:{port}", server.pid, flood)
                    server.terminate()
            finally:
                server.kill()


if __name__ == "__main__":
    main()
