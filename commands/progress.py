"""A count that moves, for what takes more than a second, and only on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def counting(noun: str) -> Iterator[Callable[[int], None] | None]:
    """Yields what is told the number done so far; None where nobody looks."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console

    console = Console(stderr=True)
    begun = time.monotonic()
    with console.status("") as status:
        status.stop()

        def progress(done: int) -> None:
            if time.monotonic() - begun > 1:
                status.update(f"{done:,} {noun}")
                status.start()

        yield progress
