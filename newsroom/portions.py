"""Many values, some at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

_T = TypeVar("_T")

AT_ONCE = 500
"""How many values a statement names: few builds of SQLite take less."""


def portions(values: Iterable[_T], size: int = AT_ONCE) -> Iterator[list[_T]]:
    """The values in their order, at most `size` at a time; drawn only as they are asked for."""
    rest = iter(values)
    while some := list(islice(rest, size)):
        yield some
