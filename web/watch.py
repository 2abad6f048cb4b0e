"""What a serving process looks out for: edited settings and secrets, SIGHUP, a database that was replaced.

Each has it start again: it ends as ever, and becomes a new process with the same number and the same
listening sockets, so that whoever connects meanwhile waits and is not turned away.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Engine

from newsroom.database import sqlite_file
from newsroom.errors import ConfigurationError
from newsroom.log import problem, step
from newsroom.settings import Settings, load

EVERY = 2.0
"""Seconds between two looks."""
_ALL_EVERY = 30
"""So many looks between two readings of everything, whatever the files' times say."""

Stamps = tuple[tuple[int, ...] | None, ...]


class Watch:
    """Looks out beside the server; `end` is called once, when it is to start again."""

    def __init__(self, settings: Settings, engine: Engine, end: Callable[[], None]) -> None:
        self.again = False
        """Whether the process is to start again."""
        self._settings, self._end = settings, end
        self._database = sqlite_file(engine)
        self._asked, self._over = threading.Event(), threading.Event()
        # A trial's settings may come from no file.
        self._files = _files_of(settings) if settings.path.exists() else ()
        self._seen = self._good = _stamps(self._files)
        self._open = self._now = _stamps((self._database,))
        # The file's number is not given to another one for as long as somebody holds it.
        self._pin = _pinned(self._database)
        self._looks = 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look out for as long as the block runs."""
        thread = threading.Thread(target=self._run, name="watch", daemon=True)
        before: Any = None
        is_main = threading.current_thread() is threading.main_thread()
        if is_main:
            before = signal.signal(signal.SIGHUP, lambda *_: self._asked.set())
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            self._asked.set()
            thread.join()
            self.let_go()
            if is_main:
                signal.signal(signal.SIGHUP, before)

    def let_go(self) -> None:
        """Look out no more."""
        if self._pin is not None:
            os.close(self._pin)
            self._pin = None

    def _run(self) -> None:
        while not self._over.is_set():
            is_asked = self._asked.wait(EVERY)
            if self._over.is_set():
                return
            self._asked.clear()
            reason = self.reason(is_asked=is_asked)
            if reason:
                step("serve", again=reason)
                self.again = True
                self._end()
                return

    def reason(self, *, is_asked: bool = False) -> str:
        """Why to start again now; empty where there is none. What changes is let come to rest first."""
        before, self._now = self._now, _stamps((self._database,))
        was, now = self._open[0], self._now[0]
        # Its time and size change all day; only another file is one that was replaced.
        if was is not None and now is not None and self._now == before and now[:2] != was[:2]:
            return "the database's file was replaced"
        return self._settings_reason(is_asked=is_asked)

    def _settings_reason(self, *, is_asked: bool) -> str:
        if not self._files:
            return "asked to" if is_asked else ""
        self._looks += 1
        before, self._seen = self._seen, _stamps(_files_of(self._settings))
        rests = self._seen == before and self._seen != self._good
        if not (is_asked or rests or self._looks % _ALL_EVERY == 0):
            return ""
        try:
            found = load(self._settings.path, os.environ)
        except ConfigurationError as error:
            if is_asked or self._seen != self._good:
                first = error.problems[0] if error.problems else ""
                problem("serve", f"the settings are not sound, and it goes on with those it has: {first}")
            self._good = self._seen
            return ""
        self._good = self._seen
        if found == self._settings:
            return "asked to" if is_asked else ""
        return "the settings or secrets were changed"


def _pinned(path: Path | None) -> int | None:
    """A descriptor that reads nothing: closing any other of SQLite's file would let go of its locks."""
    if path is None or not hasattr(os, "O_PATH"):
        return None
    try:
        return os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return None


def _files_of(settings: Settings) -> tuple[Path, ...]:
    """The settings and what may hold secrets beside them."""
    return (settings.path, *sorted(settings.root.glob("*.env")))


def _stamps(files: tuple[Path | None, ...]) -> Stamps:
    return tuple(_stamp(path) for path in files)


def _stamp(path: Path | None) -> tuple[int, ...] | None:
    try:
        found = path.stat() if path is not None else None
    except OSError:
        return None
    return None if found is None else (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)
