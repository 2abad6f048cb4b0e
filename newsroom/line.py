"""The line of those who want to write, in a process where others only want to read.

Whoever waits in it has no connection to the database yet, and it is never so long that no thread is left.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from newsroom.errors import StoreError

PATIENCE = 30.0
"""Seconds that one waits, for the line and for the database together: planning a million readers takes
as long, and a mail program's one click is done behind its back where it has gone away meanwhile."""
BRIEF = 1.0
"""Seconds within which a line that moves has let everybody through: so long everybody may wait."""
MOST = 16
"""Who may wait for longer. The pages have 40 threads and two lines: the others stay for those who read."""


class Line:
    """`at_once` may write at the same time; of the others `most` wait for their turn."""

    def __init__(
        self, at_once: int = 1, *, most: int = MOST, patience: float = PATIENCE, brief: float = BRIEF
    ) -> None:
        self._turns = threading.BoundedSemaphore(at_once)
        self._most = most
        self._patience = patience
        self._brief = brief
        self._lock = threading.Lock()
        self._waiting = 0

    @contextmanager
    def turn(self, within: float | None = None) -> Iterator[float]:
        """Wait, and have the turn until the block ends; gives the seconds left to wait for the database.

        `within` is how long it may take where that is less than usual. Raises StoreError where it takes
        longer, and at once where as many wait already as may.
        """
        until = monotonic() + (self._patience if within is None else min(within, self._patience))
        if not self._taken(until):
            raise StoreError("the database is busy: too many wait to write to it; try again in a minute")
        try:
            yield max(0.0, until - monotonic())
        finally:
            self._turns.release()

    def _taken(self, until: float) -> bool:
        if self._waiting >= self._most:
            return False
        if self._turns.acquire(timeout=max(0.0, min(self._brief, until - monotonic()))):
            return True
        with self._lock:
            if self._waiting >= self._most:
                return False
            self._waiting += 1
        try:
            return self._turns.acquire(timeout=max(0.0, until - monotonic()))
        finally:
            with self._lock:
                self._waiting -= 1
