"""One run at a time for each step: a lock is a row with an owner and a heartbeat.

A lock whose process is gone is taken over at once on the same machine, and after STALE on another one, by the
clock of the database's server where it has one. A run that finds a live lock skips the step; one whose
process is there and gives no heartbeat for longer than STALE is stuck (frozen, perhaps, or waiting for a
disk): it is named to the operator.
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
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from newsroom import log
from newsroom.database import reading, writing
from newsroom.errors import HeldError, StandfirstError
from newsroom.tables import locks

BEAT = timedelta(seconds=20)
STALE = timedelta(minutes=5)

_MOST_SAID = 60
"""Characters of why a lock cannot be let go: what keeps everything from working is said by each step."""


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

    The times are real ones: a lock is about processes, not about the newsroom's hours. Raises LockBusyError
    while another run has it, HeldError where that one seems stuck.
    """
    owner = _owner()
    with writing(engine) as connection:
        _take(connection, name, owner, _clock(connection))
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
        why = str(error).partition(";")[0][:_MOST_SAID]
        log.problem("lock", f"{name}: cannot be let go: {why}; it ends with this process", level="warning")


def verdict(holder: Holder, now: datetime, host: str, *, alive: bool) -> str:
    """`free`, `busy` or `stuck`. Pure; `alive` counts only for a holder on this host."""
    is_stale = now - holder.heartbeat > STALE
    if holder.host != host:
        return "free" if is_stale else "busy"
    if not alive:
        return "free"
    return "stuck" if is_stale else "busy"


def busy(connection: Connection, name: str) -> str | None:
    """Which run has the lock and is at work under it, in words; None for none, or one that seems stuck."""
    row = connection.execute(sa.select(locks).where(locks.c.name == name)).first()
    if row is None:
        return None
    holder = Holder(row.owner, row.host, row.pid, row.taken, row.heartbeat)
    is_at_work = _judged(connection, holder, _clock(connection)) == "busy"
    return _busy(name, holder) if is_at_work else None


def _take(connection: Connection, name: str, owner: str, now: datetime) -> None:
    row = connection.execute(sa.select(locks).where(locks.c.name == name).with_for_update()).first()
    if row is not None:
        holder = Holder(row.owner, row.host, row.pid, row.taken, row.heartbeat)
        _object(name, holder, _judged(connection, holder, now))
        connection.execute(sa.delete(locks).where(locks.c.name == name))
    connection.execute(
        sa.insert(locks).values(
            name=name, owner=owner, host=socket.gethostname(), pid=os.getpid(), taken=now, heartbeat=now
        )
    )


def _clock(connection: Connection) -> datetime:
    """The time of the database's server: the clocks of two machines may be further apart than STALE."""
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)
    # Not now(): that is when the transaction began to wait.
    time = sa.cast(sa.func.clock_timestamp(), locks.c.taken.type)
    found: datetime = connection.execute(sa.select(time)).scalar_one()
    return found


def _judged(connection: Connection, holder: Holder, now: datetime) -> str:
    """What `verdict` says, from where this process is."""
    here = socket.gethostname()
    # A file's machine was started anew, where another one's name is the same; a server's may have two.
    is_file = connection.dialect.name == "sqlite"
    if holder.host == here and not is_visible(holder.owner, _birth(os.getpid()), is_file=is_file):
        here = ""
    return verdict(holder, now, here, alive=is_alive(holder.pid, holder.owner))


def is_visible(owner: str, ours: tuple[str, ...], *, is_file: bool) -> bool:
    """Whether processes of this owner's place have the numbers that ours have; true where it is not known.

    Two machines or containers may have one name. `is_file`: the database is one, on our own disk. Pure.
    """
    born = owner.split(".")[1:]
    if len(born) != len(ours) or len(born) < 3:
        return True
    is_same_start, is_same_space = born[0] == ours[0], born[2] == ours[2]
    return is_same_space if is_same_start else is_file


def _object(name: str, holder: Holder, found: str) -> None:
    if found == "busy":
        raise LockBusyError(_busy(name, holder))
    if found == "stuck":
        raise HeldError(_stuck(name, holder))


def _busy(name: str, holder: Holder) -> str:
    return f"{name}: another run has it ({_who(holder)})"


def _stuck(name: str, holder: Holder) -> str:
    return (
        f"{name}: a run seems stuck ({_who(holder)}; its last sign of life was at {holder.heartbeat:%H:%M} "
        "UTC); look at that process, and end it if it does nothing: the next run goes on where it was"
    )


def _who(holder: Holder) -> str:
    return f"process {holder.pid} on {holder.host}, since {holder.taken:%Y-%m-%d %H:%M} UTC"


def stuck(connection: Connection, now: datetime) -> dict[str, str]:
    """What is to be said of each lock whose run seems stuck, by its name."""
    found = {}
    for row in connection.execute(sa.select(locks).order_by(locks.c.name)):
        holder = Holder(row.owner, row.host, row.pid, row.taken, row.heartbeat)
        if _judged(connection, holder, now) == "stuck":
            found[row.name] = _stuck(row.name, holder)
    return found


def _owner() -> str:
    """A name for this run that also tells its process from a later one with the same number."""
    return ".".join((uuid.uuid4().hex, *_birth(os.getpid())))


def _birth(pid: int) -> tuple[str, ...]:
    """Which start of the machine, which moment after it and which space of numbers (a container has its own)
    a process comes from; empty where unknown.

    Field 22 of /proc/PID/stat (proc(5)). The age of /proc/PID itself is that of somebody's first look at it.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8]
        # The program's name stands in brackets and may hold anything.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
        # What we see of another process is in our own space.
        return boot, fields.split()[19], str(Path("/proc/self/ns/pid").stat().st_ino)
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
    born, now = tuple(owner.split(".")[1:3]), _birth(pid)[:2]
    # A number given anew belongs to a process of another birth.
    return not born or not now or born == now


def _beat(engine: Engine, name: str, owner: str, done: threading.Event) -> None:
    while not done.wait(BEAT.total_seconds()):
        try:
            with writing(engine) as connection:
                ours = connection.execute(
                    sa.update(locks)
                    .where(locks.c.name == name, locks.c.owner == owner)
                    .values(heartbeat=_clock(connection))
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
        return is_living(connection, owner)


def is_living(connection: Connection, owner: str) -> bool:
    """The same by a connection that is there."""
    row = connection.execute(sa.select(locks).where(locks.c.owner == owner)).first()
    if row is None:
        return False
    return _is_living(connection, row)


def taken(connection: Connection) -> frozenset[str]:
    """The names of the locks that some run has and may be at work under, as far as can be told."""
    return frozenset(
        row.name for row in connection.execute(sa.select(locks)).all() if _is_living(connection, row)
    )


def _is_living(connection: Connection, row: Any) -> bool:
    holder = Holder(row.owner, row.host, row.pid, row.taken, row.heartbeat)
    return _judged(connection, holder, _clock(connection)) != "free"
