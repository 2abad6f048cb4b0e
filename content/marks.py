"""A set of references that takes few bytes for each: a source may have a million."""

from __future__ import annotations

import hashlib
from array import array

_LEAST = 1 << 10


class Marks:
    """Remembers references by eight bytes each, in 16 to 32 bytes of memory.

    Among a million two are alike once in 37 million times.
    """

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * _LEAST))
        self._used = 0

    def add(self, reference: str) -> bool:
        """Remember it; False where it is remembered already."""
        mark = _mark(reference)
        slot = self._slot(mark)
        if self._slots[slot] == mark:
            return False
        self._slots[slot] = mark
        self._used += 1
        if 2 * self._used > len(self._slots):
            self._grow()
        return True

    def __contains__(self, reference: str) -> bool:
        mark = _mark(reference)
        return self._slots[self._slot(mark)] == mark

    def __len__(self) -> int:
        return self._used

    def _slot(self, mark: int) -> int:
        """Where the mark is, or belongs."""
        slots, last = self._slots, len(self._slots) - 1
        slot = mark & last
        while slots[slot] not in (0, mark):
            slot = (slot + 1) & last
        return slot

    def _grow(self) -> None:
        before = self._slots
        self._slots = array("Q", bytes(2 * 8 * len(before)))
        for mark in before:
            if mark:
                self._slots[self._slot(mark)] = mark


def _mark(reference: str) -> int:
    # Nothing is 0, which stands for an empty place.
    return int.from_bytes(hashlib.blake2b(reference.encode(), digest_size=8).digest()) or 1
