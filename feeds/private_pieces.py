"""A private feed in pieces: the same for many readers, with holes for what is one reader's own.

Nothing is written anew for a reader: not the text, and where it is packed, not that either.
"""

from __future__ import annotations

import re
import secrets
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import sha256

HOLE = f"own{secrets.token_hex(16)}"
"""Stands for the token in the feed's own address. No text can have it: it is made anew for each process."""

ENDED = datetime(1871, 3, 18, 4, 5, 6, tzinfo=UTC)
"""Stands for the moment when the reader's plan ended."""

_FORMS: tuple[Callable[[datetime], str], ...] = (
    format_datetime,
    datetime.isoformat,
    lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
)
"""How feeds write a moment: RSS, Atom and JSON, Dublin Core."""

_HOLES = re.compile(b"|".join(re.escape(text.encode()) for text in (HOLE, *(form(ENDED) for form in _FORMS))))
_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_LEVEL = 6


@dataclass(frozen=True, slots=True)
class Own:
    """What is one reader's own in a feed."""

    token: str
    ended: datetime
    """When the plan ended, in whole seconds; of no matter where it has not."""


@dataclass(slots=True)
class Pieces:
    """A feed's bytes, cut at its holes. The last piece follows the last hole."""

    still: Sequence[bytes]
    holes: Sequence[int]
    """What fills the hole after each piece but the last: -1 the token, else the date in that form."""
    mark: str
    """Changes with the still pieces."""
    _packed: list[bytes] = field(default_factory=list, repr=False)

    @property
    def size(self) -> int:
        """About how much memory it takes."""
        return sum(map(len, self.still)) + sum(map(len, self._packed))

    def mark_for(self, own: Own) -> str:
        """Changes with the bytes at one address: an ETag without its quotes."""
        has_date = any(hole >= 0 for hole in self.holes)
        return f"{self.mark}-{int(own.ended.timestamp()):x}" if has_date else self.mark

    def plain(self, own: Own) -> bytes:
        """The feed as it is for one reader."""
        return b"".join(self._filled(self.still, [self._fill(hole, own) for hole in self.holes]))

    def packed(self, own: Own) -> bytes:
        """The same in gzip (RFC 1952): the still pieces packed once, the rest stored as it is."""
        if not self._packed:
            self._packed.extend(_deflated(self.still))
        fills = [self._fill(hole, own) for hole in self.holes]
        check, length = 0, 0
        for part in self._filled(self.still, fills):
            check, length = zlib.crc32(part, check), length + len(part)
        stored = [struct.pack("<BHH", 0, len(fill), len(fill) ^ 0xFFFF) + fill for fill in fills]
        tail = struct.pack("<II", check, length & 0xFFFFFFFF)
        return b"".join((_GZIP_HEAD, *self._filled(self._packed, stored), tail))

    def _fill(self, hole: int, own: Own) -> bytes:
        return (own.token if hole < 0 else _FORMS[hole](own.ended)).encode("ascii")

    @staticmethod
    def _filled(pieces: Sequence[bytes], fills: Sequence[bytes]) -> list[bytes]:
        woven = [part for pair in zip(pieces, fills, strict=False) for part in pair]
        return [*woven, pieces[-1]]


def cut(document: bytes) -> Pieces:
    """The document, cut where it has holes. Pure."""
    names = {HOLE.encode(): -1} | {form(ENDED).encode(): number for number, form in enumerate(_FORMS)}
    still, holes, begin = [], [], 0
    for found in _HOLES.finditer(document):
        still.append(document[begin : found.start()])
        holes.append(names[found[0]])
        begin = found.end()
    still.append(document[begin:])
    mark = sha256(b"\0".join((*still, bytes(hole & 0xFF for hole in holes)))).hexdigest()[:24]
    return Pieces(tuple(still), tuple(holes), mark)


def _deflated(pieces: Sequence[bytes]) -> list[bytes]:
    """Each piece packed so that it stands alone and ends on a whole byte; the last one ends the stream."""
    found = []
    for number, piece in enumerate(pieces):
        packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        is_last = number == len(pieces) - 1
        found.append(packer.compress(piece) + packer.flush(zlib.Z_FINISH if is_last else zlib.Z_FULL_FLUSH))
    return found
