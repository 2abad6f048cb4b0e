"""A command that is told to end: it says so, and what it had not finished is as it was."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from newsroom.errors import ExitStatus

SAID = (
    "ended by a signal (SIGTERM) before everything was done; what was not finished is as it was, run it again"
)


ASKED = threading.Event()
"""Set once SIGTERM has come while mail was handed over: what is in flight is finished, nothing else begun."""


class Ended(SystemExit):
    """The command was told to end. No step takes it for a trouble of its own, and every transaction that is
    open is rolled back on its way."""


@contextmanager
def endable() -> Iterator[None]:
    """Within it SIGTERM raises Ended, once: a second one ends the process at once. Who hands mail over, and
    who serves, have their own way meanwhile."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(*_: object) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    raise Ended(int(ExitStatus.FAILED))
