"""Locks between real processes: the living is skipped, the dead is taken over, nobody is taken for dead."""

from __future__ import annotations

import io
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from newsroom import locks, log
from newsroom.database import writing
from newsroom.errors import ExitStatus, HeldError, StoreError
from newsroom.locks import STALE, Holder, LockBusyError, held, is_alive, is_held, verdict
from newsroom.tables import locks as table
from tests import samples

HOUSE = Path(__file__).resolve().parent.parent.parent
HERE = socket.gethostname()
HOLD = """
import sys
from newsroom.database import engine_for
from newsroom.locks import held
with held(engine_for(sys.argv[1]), "feeds") as owner:
    print(owner, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    log.configure("text", stream=stream)
    yield stream
    log.configure("text")


def _other_process(engine: Engine) -> tuple[subprocess.Popen[str], str]:
    """A process that has the lock; it lets go when its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, engine.url.render_as_string(hide_password=False)],
        cwd=HOUSE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(HOUSE)},
    )
    assert process.stdout
    return process, process.stdout.readline().strip()


def _put(engine: Engine, **changes: Any) -> None:
    now = datetime.now(UTC)
    values = {
        "name": "feeds",
        "owner": "other",
        "host": HERE,
        "pid": os.getpid(),
        "taken": now,
        "heartbeat": now,
    }
    with writing(engine) as connection:
        connection.execute(sa.insert(table).values(values | changes))


def _rows(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(sa.select(table)).all())


def _gone() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_a_lock_is_held_for_the_block_and_let_go_behind_it(engine: Engine) -> None:
    with held(engine, "feeds") as owner:
        (row,) = _rows(engine)
        assert (row.name, row.owner, row.host, row.pid) == ("feeds", owner, HERE, os.getpid())
        assert is_held(engine, owner)
        with held(engine, "sync"):
            assert len(_rows(engine)) == 2
    assert _rows(engine) == []
    assert not is_held(engine, owner)


def test_it_is_let_go_after_a_failure_too(engine: Engine) -> None:
    with pytest.raises(RuntimeError), held(engine, "feeds"):
        raise RuntimeError
    assert _rows(engine) == []


def test_a_living_process_is_never_taken_for_dead(engine: Engine) -> None:
    process, owner = _other_process(engine)
    try:
        for _ in range(2):
            busy = rf"feeds: another run has it \(process {process.pid} on"
            with pytest.raises(LockBusyError, match=busy), held(engine, "feeds"):
                pass
        assert is_held(engine, owner)
        # It was long there before anybody looked.
        with writing(engine) as connection:
            connection.execute(sa.update(table).values(taken=datetime.now(UTC) - timedelta(hours=1)))
        with pytest.raises(LockBusyError), held(engine, "feeds"):
            pass
    finally:
        process.communicate("", timeout=20)
    with held(engine, "feeds"):
        pass


def test_a_killed_process_is_taken_over_at_once(engine: Engine) -> None:
    process, owner = _other_process(engine)
    process.kill()
    process.communicate()
    assert len(_rows(engine)) == 1
    assert not is_held(engine, owner)
    with held(engine, "feeds") as mine:
        assert [row.owner for row in _rows(engine)] == [mine]


def test_a_number_given_anew_is_not_the_old_process(engine: Engine) -> None:
    with held(engine, "x") as owner:
        mine = owner.split(".")
    assert is_alive(os.getpid(), owner)
    if len(mine) == 3:
        assert not is_alive(os.getpid(), f"{mine[0]}.{mine[1]}.{int(mine[2]) - 1}")
        assert not is_alive(os.getpid(), f"{mine[0]}.00000000.{mine[2]}")
    assert is_alive(os.getpid(), "an-owner-that-tells-nothing")
    assert not is_alive(_gone(), owner)
    assert is_alive(1, "somebody-elses-process")


def test_another_machines_lock_is_free_when_its_heart_has_stopped(engine: Engine) -> None:
    _put(engine, host="elsewhere", pid=_gone())
    with pytest.raises(LockBusyError, match="on elsewhere"), held(engine, "feeds"):
        pass
    with writing(engine) as connection:
        connection.execute(
            sa.update(table).values(heartbeat=datetime.now(UTC) - STALE - timedelta(seconds=1))
        )
    with held(engine, "feeds"):
        pass


def test_a_stuck_one_is_named_for_a_person(engine: Engine) -> None:
    past = datetime.now(UTC) - STALE - timedelta(seconds=10)
    _put(engine, taken=past, heartbeat=past)
    stuck = rf"feeds: a run seems stuck \(process {os.getpid()} on"
    with pytest.raises(HeldError, match=stuck) as caught, held(engine, "feeds"):
        pass
    assert caught.value.exit_status is ExitStatus.HELD
    assert len(_rows(engine)) == 1


def test_a_frozen_run_is_named_once_its_heart_has_stopped(engine: Engine) -> None:
    process, _ = _other_process(engine)
    try:
        process.send_signal(signal.SIGSTOP)
        with pytest.raises(LockBusyError), held(engine, "feeds"):
            pass
        with writing(engine) as connection:
            long_ago = datetime.now(UTC) - STALE - timedelta(seconds=1)
            connection.execute(sa.update(table).values(heartbeat=long_ago))
        named = rf"feeds: a run seems stuck \(process {process.pid} on .*end it if it does nothing"
        with pytest.raises(HeldError, match=named), held(engine, "feeds"):
            pass
        with engine.connect() as connection:
            assert list(locks.stuck(connection, datetime.now(UTC))) == ["feeds"]
    finally:
        process.kill()
        process.communicate(timeout=20)
    with held(engine, "feeds"):
        pass


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("host", "alive", "taken", "beat", "expected"),
    [
        (HERE, True, SECOND, SECOND, "busy"),
        (HERE, False, SECOND, SECOND, "free"),
        (HERE, True, STALE * 99, SECOND, "busy"),
        (HERE, True, STALE * 99, STALE, "busy"),
        (HERE, True, STALE * 99, STALE + SECOND, "stuck"),
        (HERE, True, STALE + SECOND, STALE + SECOND, "stuck"),
        (HERE, False, STALE * 99, STALE * 2, "free"),
        ("elsewhere", False, SECOND, SECOND, "busy"),
        ("elsewhere", True, STALE * 99, STALE, "busy"),
        ("elsewhere", True, SECOND * 400, STALE + SECOND, "free"),
    ],
)
def test_verdicts(host: str, alive: bool, taken: timedelta, beat: timedelta, expected: str) -> None:
    holder = Holder("o", host, 1, samples.NOON - taken, samples.NOON - beat)
    assert verdict(holder, samples.NOON, HERE, alive=alive) == expected


@pytest.mark.parametrize(
    ("owner", "is_file", "expected"),
    [
        ("o", True, True),
        ("o.boot.77", True, True),
        ("o.boot.77.1", True, True),
        # Started anew, or another machine of the same name.
        ("o.other.77.1", True, True),
        ("o.other.77.1", False, False),
        # Another container of the same name.
        ("o.boot.77.2", True, False),
        ("o.boot.77.2", False, False),
    ],
)
def test_whose_numbers_are_ours(owner: str, is_file: bool, expected: bool) -> None:
    assert locks.is_visible(owner, ("boot", "99", "1"), is_file=is_file) is expected


def test_a_machine_of_the_same_name_is_not_taken_for_dead(engine: Engine) -> None:
    _put(engine, pid=2**22 + 1, owner=f"{'0' * 32}.someboot.77.1")
    is_file = engine.dialect.name == "sqlite"
    if is_file:
        with held(engine, "feeds"):
            return
    with pytest.raises(LockBusyError), held(engine, "feeds"):
        pass


def test_an_owners_name_fits_its_column() -> None:
    assert len(locks._owner()) + 4 <= table.c.owner.type.length


def test_of_many_runs_at_once_one_has_it(engine: Engine) -> None:
    inside: list[str] = []
    refused: list[str] = []
    ready, over = threading.Barrier(8), threading.Event()

    def run() -> None:
        ready.wait()
        try:
            with held(engine, "feeds") as owner:
                inside.append(owner)
                over.wait(20)
        except LockBusyError as error:
            refused.append(str(error))
            if len(refused) == 7:
                over.set()

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(inside), len(refused)) == (1, 7)


def test_the_heart_beats_while_the_block_runs(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "BEAT", timedelta(milliseconds=20))
    with held(engine, "feeds"):
        first = _rows(engine)[0].heartbeat
        until = datetime.now(UTC) + timedelta(seconds=20)
        while _rows(engine)[0].heartbeat == first:
            assert datetime.now(UTC) < until
    assert [thread for thread in threading.enumerate() if "_beat" in thread.name] == []


def test_the_heart_beats_on_behind_a_long_transaction(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planning a million readers writes for a while, and only one may write to SQLite."""
    monkeypatch.setattr(locks, "BEAT", timedelta(milliseconds=20))
    with held(engine, "feeds"):
        with writing(engine):
            threading.Event().wait(0.3)
            begun = datetime.now(UTC)
        until = begun + timedelta(seconds=20)
        while _rows(engine)[0].heartbeat < begun:
            assert datetime.now(UTC) < until


def test_whose_lock_was_taken_over_says_so_and_leaves_the_other_alone(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, said: io.StringIO
) -> None:
    monkeypatch.setattr(locks, "BEAT", timedelta(milliseconds=20))
    with held(engine, "feeds"):
        with writing(engine) as connection:
            connection.execute(sa.update(table).values(owner="another"))
        (beating,) = [thread for thread in threading.enumerate() if "_beat" in thread.name]
        beating.join(20)
    assert "another run took it over" in said.getvalue()
    assert [row.owner for row in _rows(engine)] == ["another"]


def test_a_database_that_fails_at_the_end_does_not_hide_what_happened(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, said: io.StringIO
) -> None:
    def full(_engine: Engine) -> None:
        raise StoreError(f"the database failed: disk full; {'and so on, ' * 40}")

    with pytest.raises(RuntimeError, match="the step's own"), held(engine, "feeds"):
        monkeypatch.setattr(locks, "writing", full)
        raise RuntimeError("the step's own")
    assert (
        "feeds: cannot be let go: the database failed: disk full; it ends with this process"
        in said.getvalue()
    )
