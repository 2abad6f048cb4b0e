"""The line of those who want to write: it moves, it is short, and it keeps no connection."""

from __future__ import annotations

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from newsroom.database import in_line, reading, sqlite_file, writing
from newsroom.errors import StoreError
from newsroom.line import Line
from newsroom.tables import alerts
from tests import samples


def test_everybody_gets_through_a_line_that_moves() -> None:
    line, most_at_once, now, lock = Line(2, most=1), 0, 0, threading.Lock()

    def write(_: int) -> None:
        nonlocal most_at_once, now
        with line.turn():
            with lock:
                now += 1
                most_at_once = max(most_at_once, now)
            time.sleep(0.005)
            with lock:
                now -= 1

    with ThreadPoolExecutor(30) as pool:
        list(pool.map(write, range(60)))
    assert (most_at_once, now) == (2, 0)


def test_where_it_stands_still_some_wait_and_no_more_come() -> None:
    line = Line(most=2, patience=1.5, brief=0.1)
    refused: list[float] = []

    def ask() -> None:
        begun = time.monotonic()
        with pytest.raises(StoreError, match="busy"), line.turn():
            pass
        refused.append(time.monotonic() - begun)

    with line.turn():
        asking = [threading.Thread(target=ask) for _ in range(5)]
        for one in asking:
            one.start()
        time.sleep(0.6)
        begun = time.monotonic()
        with pytest.raises(StoreError), line.turn():
            pass
        assert time.monotonic() - begun < 0.8
        for one in asking:
            one.join()
    assert (len(refused), sum(one > 1.4 for one in refused)) == (5, 2)
    with line.turn() as left:
        assert left > 1


def test_a_writer_in_line_waits_as_long_as_it_says_and_leaves_its_connection_as_it_was(
    engine: Engine,
) -> None:
    serving, file = in_line(engine), sqlite_file(engine)
    assert file is not None
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    begun = time.monotonic()
    with pytest.raises(StoreError, match="locked"), writing(serving, within=0.3):
        pass
    assert 0.2 < time.monotonic() - begun < 3
    other.execute("ROLLBACK")
    other.close()
    with writing(serving) as connection:
        connection.execute(sa.insert(alerts).values(key="a", message="m", first_seen=samples.NOON))
    with reading(engine) as connection:
        assert connection.execute(sa.select(alerts.c.key)).scalars().all() == ["a"]
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 120_000
