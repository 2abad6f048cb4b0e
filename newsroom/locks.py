"""One run at a time for each step: a lock is a row with an owner and a heartbeat.

A lock whose process is gone is taken over at once on the same machine, and after STALE on another one. A run
that finds a live lock skips the step; one whose process is there and gives no heartbeat for longer than STALE
is stuck (frozen, perhaps, or waiting for a disk): it is named to the operator.
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
    owner = _owner()
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
        _let_go(engine, name, owner)


def _let_go(engine: Engine, name: str, owner: str) -> None:
    try:
        with writing(engine) as connection:
            connection.execute(sa.delete(locks).where(locks.c.name == name, locks.c.owner == owner))
    except StandfirstError as error:
        # What was done is done, and what went wrong is told as it is: the lock ends with the process.
        log.problem("lock", f"{name}: cannot be let go: {error}", level="warning")


def verdict(holder: Holder, now: datetime, host: str, *, alive: bool) -> str:
    """`free`, `busy` or `stuck`. Pure; `alive` counts only for a holder on this host."""
    is_stale = now - holder.heartbeat > STALE
    if holder.host != host:
        return "free" if is_stale else "busy"
    if not alive:
        return "free"
    return "stuck" if is_stale else "busy"


def _take(connection: Connection, name: str, owner: str, now: datetime) -> None:
    row = connection.execute(sa.select(locks).where(locks.c.name == name).with_for_update()).first()
    if row is not None:
        holder = Holder(row.owner, row.host, row.pid, row.taken, row.heartbeat)
        _object(name, holder, verdict(holder, now, socket.gethostname(), alive=is_alive(row.pid, row.owner)))
        connection.execute(sa.delete(locks).where(locks.c.name == name))
    connection.execute(
        sa.insert(locks).values(
            name=name, owner=owner, host=socket.gethostname(), pid=os.getpid(), taken=now, heartbeat=now
        )
    )


def _object(name: str, holder: Holder, found: str) -> None:
    if found == "busy":
        raise LockBusyError(f"{name}: another run has it ({_who(holder)})")
    if found == "stuck":
        raise HeldError(_stuck(name, holder))


def _stuck(name: str, holder: Holder) -> str:
    return (
        f"{name}: a run seems stuck ({_who(holder)}; its last sign of life was at {holder.heartbeat:%H:%M} "
        "UTC); look at that process, and end it if it does nothing: the next run goes on where it was"
    )


def _who(holder: Holder) -> str:
    return f"process {holder.pid} on {holder.host}, since {holder.taken:%Y-%m-%d %H:%M} UTC"


def stuck(connection: Connection, now: datetime) -> dict[str, str]:
    """What is to be said of each lock whose run seems stuck, by its name."""
    host, found = socket.gethostname(), {}
    for row in connection.execute(sa.select(locks).order_by(locks.c.name)):
        holder = Holder(row.owner, row.host, row.pid, row.taken, row.heartbeat)
        if verdict(holder, now, host, alive=is_alive(row.pid, row.owner)) == "stuck":
            found[row.name] = _stuck(row.name, holder)
    return found


def _owner() -> str:
    """A name for this run that also tells its process from a later one with the same number."""
    return ".".join((uuid.uuid4().hex, *_birth(os.getpid())))


def _birth(pid: int) -> tuple[str, ...]:
    """Which start of the machine, and which moment after it, a process comes from; empty where unknown.

    Field 22 of /proc/PID/stat (proc(5)). The age of /proc/PID itself is that of somebody's first look at it.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8]
        # The program's name stands in brackets and may hold anything.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
        return boot, fields.split()[19]
    except (OSError, IndexError):
        return ()


def is_alive(pid: int, owner: str) -> bool:
    """True while the process that took the lock as `owner` runs on this machine."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # Another user's; it is there.
    born, now = tuple(owner.split(".")[1:]), _birth(pid)
    # A number given anew belongs to a process of another birth.
    return not born or not now or born == now


def _beat(engine: Engine, name: str, owner: str, done: threading.Event) -> None:
    while not done.wait(BEAT.total_seconds()):
        try:
            with writing(engine) as connection:
                ours = connection.execute(
                    sa.update(locks)
                    .where(locks.c.name == name, locks.c.owner == owner)
                    .values(heartbeat=datetime.now(UTC))
                ).rowcount
            if not ours:
                log.problem("lock", f"{name}: another run took it over, for this one had slept too long")
                return
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
    alive = is_alive(row.pid, row.owner)
    return verdict(holder, datetime.now(UTC), socket.gethostname(), alive=alive) != "free"
