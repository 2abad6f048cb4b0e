"""Fetches of private feeds, counted in memory and written down some seconds later."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from weakref import WeakSet

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from newsroom.database import writing
from newsroom.errors import StoreError
from newsroom.log import problem
from readership.feed_uses import Fetched, note

EVERY = 5.0
"""Seconds. What was counted within them is lost where the process is killed: nothing hangs on it."""
MOST = 20_000
"""Kinds of fetches that are counted together; what is more is not counted."""


class Uses:
    """Counts fetches. `key` is what networks are hidden with."""

    def __init__(self, engine: Engine, key: bytes, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._key = key
        self._now = now
        self._counts: Counter[Fetched] = Counter()
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        _ALL.add(self)

    def add(self, fetched: Fetched) -> None:
        """One more."""
        with self._lock:
            if len(self._counts) >= MOST and fetched not in self._counts:
                return
            self._counts[fetched] += 1
            if self._timer is None:
                self._timer = threading.Timer(EVERY, self.write)
                self._timer.daemon = True
                self._timer.start()

    def write(self) -> None:
        """Write down what was counted. Where the database cannot take it, it is forgotten."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        if not counts:
            return
        try:
            with writing(self._engine) as connection:
                note(connection, self._key, counts, self._now())
        except (StoreError, sa.exc.IntegrityError) as error:
            # A reader who is erased meanwhile breaks a rule of the tables; others are counted the next time.
            reason = str(error) if isinstance(error, StoreError) else type(error).__name__
            problem("web", f"how private feeds were fetched is not noted: {reason}", level="warning")


_ALL: WeakSet[Uses] = WeakSet()


AT_THE_END = 2.0
"""Seconds that the last writing gets: where the database is busy, nobody waits for it to end."""


def write_all() -> None:
    """Write down what was counted everywhere in this process, which ends."""
    thread = threading.Thread(target=_write_all, daemon=True)
    thread.start()
    thread.join(AT_THE_END)


def _write_all() -> None:
    for one in list(_ALL):
        one.write()
