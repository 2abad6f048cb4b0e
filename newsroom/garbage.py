"""Looking for garbage seldom, where a run makes many objects that are none."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

SELDOM = 10_000
"""So many objects more than were given back, and the young ones are looked at. Python's own number is 700: a
batch's thousand readers are looked at again and again while it is made, and none of them is garbage."""


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Have garbage that holds itself in a circle be looked for seldom until the `with` ends. All other is
    given back at once, as ever."""
    was = gc.get_threshold()
    gc.set_threshold(max(SELDOM, was[0]), *was[1:])
    try:
        yield
    finally:
        gc.set_threshold(*was)
