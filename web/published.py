"""Published files in memory: read once for each version of a file, packed once, and no more than fits."""

from __future__ import annotations

import gzip
import os
import stat
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate
from pathlib import Path

ROOM = 64 * 1024 * 1024
"""Bytes of all files that are kept, packed ones beside plain ones."""
SHORTEST_PACKED = 256
"""Bytes: what is shorter gains nothing. The same as in deploy/nginx.conf."""


@dataclass(frozen=True, slots=True)
class Published:
    """One version of a file."""

    plain: bytes
    packed: bytes | None
    """In gzip; None where that is not worth it."""
    tag: str
    """Its entity tag without quotation marks: made of time and size, as nginx makes it."""
    changed: datetime
    modified: str
    """The same as a header says it."""

    @property
    def size(self) -> int:
        return len(self.plain) + len(self.packed or b"")


_Version = tuple[int, int, int]


class Shelf:
    """The files that were asked for last."""

    def __init__(self, is_packed: Callable[[str], bool], room: int = ROOM) -> None:
        self._is_packed = is_packed
        self._room = room
        self._kept: OrderedDict[Path, tuple[_Version, Published]] = OrderedDict()
        self._filled = 0

    def at_hand(self, path: Path) -> Published | None:
        """The file as it is now, where that version is kept; None where it has to be read.

        Raises FileNotFoundError where there is no such file; a link to one is none.
        """
        kept = self._kept.get(path)
        # Microseconds on a local disk; handing it to another thread takes ten times as long.
        version = _version(path.lstat())
        if kept is None or kept[0] != version:
            return None
        self._kept.move_to_end(path)
        return kept[1]

    def read(self, path: Path) -> tuple[_Version, Published]:
        """The file and its version, whole even while another one takes its place. Raises as `at_hand` does,
        and OSError. Call it in the thread pool."""
        # Never waits, not even where somebody has put a pipe in its place.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(file.fileno())
            version = _version(status)
            plain = file.read()
        packed = None
        if self._is_packed(path.suffix) and len(plain) >= SHORTEST_PACKED:
            packed = gzip.compress(plain, 6, mtime=0)
        seconds = int(status.st_mtime)
        return version, Published(
            plain,
            packed,
            f"{seconds:x}-{status.st_size:x}",
            datetime.fromtimestamp(seconds, UTC),
            formatdate(seconds, usegmt=True),
        )

    def keep(self, path: Path, version: _Version, published: Published) -> None:
        """Keep it in the place of its former version; what was not asked for the longest makes room."""
        former = self._kept.pop(path, None)
        if former is not None:
            self._filled -= former[1].size
        if published.size > self._room // 8:
            return  # It would push out everything else.
        self._kept[path] = (version, published)
        self._filled += published.size
        while self._filled > self._room:
            _, (_, oldest) = self._kept.popitem(last=False)
            self._filled -= oldest.size


def _version(status: os.stat_result) -> _Version:
    if not stat.S_ISREG(status.st_mode):
        raise FileNotFoundError
    return status.st_mtime_ns, status.st_size, status.st_ino
