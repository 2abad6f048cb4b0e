"""One run at a time for each step: a lock is a row with an owner and a heartbeat.

A lock whose process is gone is taken over at once on the same machine, and after STALE on another one. A run
that finds a live lock skips the step; one that has held it for longer than STUCK is named to the operator.
"""

from __future__ import annotations

import os
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from newsroom import log
from newsroom.database import reading, writing
from newsroom.errors import HeldError, StandfirstError
from newsroom.tables import locks

BEAT = timedelta(seconds=20)
STALE = timedelta(minutes=5)
STUCK = timedelta(hours=2)


class LockBusyError(StandfirstError):
    """Another run is doing this step now; nothing is wrong."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has a lock, and since when."""

    owner: str
    host: str
    pid: int
    taken: datetime
    heartbeat: datetime


@contextmanager
def held(engine: Engine, name: str) -> Iterator[str]:
    """Hold the lock `name`, with a heartbeat; yields the owner's id.

    The times are the machine's own: a lock is about processes, not about the newsroom's hours. Raises
    LockBusyError while another run has it, HeldError where that one seems stuck.
    """
    owner = uuid.uuid4().hex
    with writing(engine) as connection:
        _take(connection, name, owner, datetime.now(UTC))
    done = threading.Event()
    beating = threading.Thread(target=_beat, args=(engine, name, owner, done), daemon=True)
    beating.start()
    try:
        yield owner
    finally:
        done.set()
        beating.join()
        with writing(engine) as connection:
            connection.execute(sa.delete(locks).where(locks.c.name == name, locks.c.owner == owner))


def verdict(holder: Holder, now: datetime, host: str, *, alive: bool) -> str:
    """`free`, `busy` or `stuck`. Pure; `alive` counts only for a holder on this host."""
    if holder.host == host:
        if not alive:
            return "free"
    elif now - holder.heartbeat > STALE:
        return "free"
    return "stuck" if now - holder.taken > STUCK and now - holder.heartbeat > STALE else "busy"


def _take(connection: Connection, name: str, owner: str, now: datetime) -> None:
    row = connection.execute(sa.select(locks).where(locks.c.name == name).with_for_update()).first()
    if row is not None:
        holder = Holder(row.owner, row.host, row.pid, row.taken, row.heartbeat)
        _object(name, holder, verdict(holder, now, socket.gethostname(), alive=_is_alive(row.pid, row.taken)))
        connection.execute(sa.delete(locks).where(locks.c.name == name))
    connection.execute(
        sa.insert(locks).values(
            name=name, owner=owner, host=socket.gethostname(), pid=os.getpid(), taken=now, heartbeat=now
        )
    )


def _object(name: str, holder: Holder, found: str) -> None:
    who = f"process {holder.pid} on {holder.host}, since {holder.taken:%Y-%m-%d %H:%M} UTC"
    if found == "busy":
        raise LockBusyError(f"{name}: another run has it ({who}); skipped")
    if found == "stuck":
        raise HeldError(f"{name}: a run seems stuck ({who}); look at it, and end it if it does nothing")


def _is_alive(pid: int, taken: datetime) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        begun = Path(f"/proc/{pid}").stat().st_ctime
    except OSError:
        return True
    # A number given anew: its process began after the lock was taken.
    return begun <= taken.timestamp() + 1


def _beat(engine: Engine, name: str, owner: str, done: threading.Event) -> None:
    while not done.wait(BEAT.total_seconds()):
        try:
            with writing(engine) as connection:
                connection.execute(
                    sa.update(locks)
                    .where(locks.c.name == name, locks.c.owner == owner)
                    .values(heartbeat=datetime.now(UTC))
                )
        except StandfirstError as error:
            # The next beat tries again; a lock without a beat is only taken over when its process is gone.
            log.problem("lock", f"{name}: no heartbeat: {error}", level="warning")


def is_held(engine: Engine, owner: str) -> bool:
    """True while this owner has a lock and its process lives, as far as can be told."""
    with reading(engine) as connection:
        row = connection.execute(sa.select(locks).where(locks.c.owner == owner)).first()
    if row is None:
        return False
    holder = Holder(row.owner, row.host, row.pid, row.taken, row.heartbeat)
    alive = _is_alive(row.pid, row.taken)
    return verdict(holder, datetime.now(UTC), socket.gethostname(), alive=alive) != "free"
