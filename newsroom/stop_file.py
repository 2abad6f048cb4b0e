"""The stops beside the database: a line for whatever a reader ended, so that a restored backup forgets none.

`standfirst.stops` stands beside the witness. Within the transaction that stores a stop, its line is appended
and fsynced, and the database counts it: so a database that has counted fewer than the file has was restored
(or its process was killed between the two), and what it does not know of is done again. A line holds a
recipient key, never an address.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from newsroom import log
from newsroom.database import BEFORE_COMMIT, reading, writing
from newsroom.errors import PublishError, StoreError
from newsroom.files import write_whole
from newsroom.tables import installation

KEPT = timedelta(days=400)
"""Older lines are dropped once the file is large: no backup is that old."""
LARGE = 8_000_000
"""Bytes, from which on it is worth while: some 60,000 lines."""
_TAIL = 4_096
"""Bytes in which the last line certainly stands whole."""
_NOTES = "standfirst_notes"


@dataclass(frozen=True, slots=True)
class Stop:
    """One thing that ended, or that began again."""

    what: str
    """`stop` and `start` of a newsletter, `suppress` and `lift`, `sessions`, `feeds`."""
    key: str
    """The recipient key."""
    at: datetime
    of: str = ""
    """The newsletter; the reason; `revoked` where feeds have no address any more."""
    number: int = 0
    """Which one of the installation's stops it is; 0 before it is written."""
    first: int = 0
    """The number of the first one that was stored together with it."""


Apply = Callable[[Connection, Sequence[Stop], datetime], int]
"""Does these stops again, in their order; returns how many changed anything."""


def note(connection: Connection, what: str, key: str, at: datetime, of: str = "") -> None:
    """Have it written down when the transaction ends; nothing for a database that has no such file."""
    notes = connection.get_execution_options().get(_NOTES)
    if notes is not None:
        notes.append(Stop(what, key, at, of))


class StopFile:
    """The file at `path`. `apply` does stops again that the database does not know of."""

    def __init__(self, path: Path, apply: Apply) -> None:
        self.path = path
        self._apply = apply

    def of(self, engine: Engine) -> Engine:
        """The same engine, whose transactions write their stops down here."""
        return engine.execution_options(**{BEFORE_COMMIT: self})

    def begin(self, connection: Connection) -> None:
        """Collect what this transaction ends."""
        connection.execution_options(**{_NOTES: []})

    def end(self, connection: Connection) -> None:
        """Write down what it ended, before it is committed. What cannot be written is said: the stop itself
        is worth more than its line."""
        notes: list[Stop] = connection.get_execution_options().get(_NOTES) or []
        # What is done again here is written down already.
        connection.execution_options(**{_NOTES: None})
        if not notes:
            return
        counted = _counted(connection)
        if counted is None:
            return
        try:
            last = self.last()
            if last > counted:
                # Put back while somebody had it open. What is new counts as the later word.
                self._bring_back(connection, [*self.after(counted), *notes], notes[-1].at)
            begin = max(last, counted) + 1
            self._append([replace(one, number=begin + place, first=begin) for place, one in enumerate(notes)])
            _count(connection, begin + len(notes) - 1)
        except OSError as error:
            reason = (
                f"{self.path}: stops cannot be written down ({error.strerror}); give the file to the user"
            )
            log.problem("stops", f"{reason} who runs Standfirst: a restored backup would not know of them")

    def catch_up(self, engine: Engine, now: datetime) -> int:
        """Do again what the file knows and the database does not; returns how many stops those were.

        Where more is missing than one transaction, the database is marked as restored: a person has to look.
        Raises StoreError.
        """
        try:
            last = self.last()
            with reading(engine) as connection:
                counted = _counted(connection)
            if counted is None or last <= counted:
                return 0
            with writing(engine) as connection:
                connection.execution_options(**{_NOTES: None})
                missing = self.after(_counted(connection) or 0)
                if missing:
                    self._bring_back(connection, missing, now)
                return len(missing)
        except OSError as error:
            raise StoreError(
                f"{self.path}: cannot be read ({error.strerror}), and it knows who stopped; give it to the "
                "user who runs Standfirst"
            ) from error

    def _bring_back(self, connection: Connection, missing: Sequence[Stop], now: datetime) -> None:
        changed = self._apply(connection, missing, now)
        _count(connection, max(one.number for one in missing))
        if len({one.first for one in missing if one.number}) > 1:
            connection.execute(sa.update(installation).values(restored=now))
        log.problem(
            "stops",
            f"the database was older than {self.path}: {len(missing)} stops that it did not know of were "
            f"done again, and {changed} of them changed something",
            level="warning",
        )

    def last(self) -> int:
        """The number of the last whole line; 0 where there is none. Raises OSError."""
        try:
            with self.path.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
                lines = file.read().split(b"\n")
        except FileNotFoundError:
            return 0
        return next((one.number for line in reversed(lines) if (one := _stop(line))), 0)

    def after(self, number: int) -> list[Stop]:
        """The stops behind this number, in the order of the file. Raises OSError."""
        return [one for one in _all(self.path) if one.number > number]

    def _append(self, stops: Sequence[Stop]) -> None:
        handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(handle, "ab") as file:
            size = os.fstat(handle).st_size
            if size == 0 and os.geteuid() == 0:
                # Else a command that root gave would keep the newsroom's own user out of it.
                folder = self.path.parent.stat()
                os.fchown(handle, folder.st_uid, folder.st_gid)
            # Behind a line that the end of a machine has cut, a new one begins.
            broken = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
            file.write((b"\n" if broken else b"") + b"".join(map(_line, stops)))
            file.flush()
            os.fsync(handle)


def trim(engine: Engine, path: Path, now: datetime) -> None:
    """Drop what is older than any backup, where the file is large. Raises StoreError, PublishError."""
    try:
        if path.stat().st_size < LARGE:
            return
        # Nobody appends meanwhile: one writes at a time.
        with writing(engine):
            kept = [one for one in _all(path) if one.at > now - KEPT]
            write_whole(path, b"".join(map(_line, kept)), like=path.stat())
    except FileNotFoundError:
        return
    except OSError as error:
        raise PublishError(f"{path}: cannot be read: {error.strerror}; free its rights") from error


def _all(path: Path) -> Iterator[Stop]:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        for line in file:
            one = _stop(line)
            if one is not None:
                yield one


def _line(stop: Stop) -> bytes:
    return json.dumps(asdict(stop) | {"at": stop.at.isoformat()}).encode() + b"\n"


def _stop(line: bytes) -> Stop | None:
    """What a line says; None for one that is no line of ours, or not whole."""
    try:
        said = json.loads(line)
        one = Stop(**{**said, "at": datetime.fromisoformat(said["at"])})
        return one if isinstance(one.number, int) and isinstance(one.key, str) and one.at.tzinfo else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _counted(connection: Connection) -> int | None:
    """How many stops the database has counted; None in one that nobody has used."""
    return connection.execute(sa.select(installation.c.stops)).scalar()


def _count(connection: Connection, stops: int) -> None:
    connection.execute(sa.update(installation).values(stops=stops))
