"""A mail taken apart: fields and parts, as far as a notification needs them, whatever the bytes are.

Python's own parser goes as deep as a mail is nested, which is for its sender to say. This one goes down a few
levels, never into a mail that is attached, and never raises. Pure.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

DEPTH = 3
"""Levels of parts that are looked into: a gateway may wrap a notification once, and sign it once more."""
MOST_PARTS = 30
"""Parts of one part that are looked at."""
LONGEST_HEAD = 128 * 1024
"""Octets of a head that are looked at."""
MOST_FIELDS = 1_000

Fields = Mapping[str, tuple[str, ...]]
"""By name, in lower case: the values in their order, unfolded."""

_NAME = re.compile(rb"([\x21-\x39\x3b-\x7e]{1,80})[ \t]*:")
_BOUNDARY = re.compile(r";\s*boundary\s*=\s*(?:\"([^\"]{1,200})\"|([^\s;\"]{1,200}))", re.IGNORECASE)
_TYPE = re.compile(r"\s*([a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """A mail, or a part of one."""

    fields: Fields
    body: bytes

    def first(self, name: str) -> str:
        """The field's first value; empty where there is none."""
        return next(iter(self.fields.get(name, ())), "")

    @property
    def kind(self) -> str:
        """Its media type, `text/plain` where it has none."""
        found = _TYPE.match(self.first("content-type"))
        return found[1].lower() if found else "text/plain"

    @property
    def content(self) -> bytes:
        """The body without its transfer encoding; what is not encoded as it says stays as it is."""
        encoding = self.first("content-transfer-encoding").strip().lower()
        try:
            if encoding == "base64":
                return binascii.a2b_base64(self.body).replace(b"\r\n", b"\n")
            if encoding == "quoted-printable":
                return binascii.a2b_qp(self.body).replace(b"\r\n", b"\n")
        except ValueError:
            return self.body
        return self.body

    @property
    def parts(self) -> tuple[Part, ...]:
        """Its own parts, where it is of several."""
        if not self.kind.startswith("multipart/"):
            return ()
        found = _BOUNDARY.search(self.first("content-type"))
        boundary = (found[1] or found[2]).encode("utf-8", "replace") if found else b""
        return tuple(part_of(raw) for raw in _between(self.body, boundary)) if boundary else ()


def mail_of(raw: bytes) -> Part:
    """A whole mail; its line ends become those of Unix."""
    text = raw.replace(b"\r\n", b"\n")
    if text.startswith(b"From "):
        # An mbox's line between two mails.
        text = text.partition(b"\n")[2]
    return part_of(text)


def part_of(text: bytes) -> Part:
    """A part out of its head and its body."""
    if text.startswith(b"\n"):
        return Part({}, text[1:])
    head, _, body = text.partition(b"\n\n")
    return Part(fields_of(head), body)


def fields_of(head: bytes) -> Fields:
    """The fields of a head, or of a group of a notification. A line that is none is passed over."""
    found: dict[str, tuple[str, ...]] = {}
    for number, line in enumerate(_unfolded(head[:LONGEST_HEAD])):
        name = _NAME.match(line)
        if number >= MOST_FIELDS:
            break
        if name:
            key = name[1].decode("ascii").lower()
            value = line[name.end() :].decode("utf-8", "replace").strip()
            found[key] = (*found.get(key, ()), value)[:MOST_PARTS]
    return found


def within(part: Part, kind: str, depth: int = DEPTH) -> Part | None:
    """The part itself, or the first inside it, of this type."""
    if part.kind == kind:
        return part
    if depth <= 0:
        return None
    return next(filter(None, (within(one, kind, depth - 1) for one in part.parts)), None)


def _unfolded(head: bytes) -> Iterator[bytes]:
    line: list[bytes] = []
    for piece in head.split(b"\n"):
        if piece[:1] in (b" ", b"\t"):
            line.append(piece)
            continue
        if line:
            yield b"".join(line)
        line = [piece]
    yield b"".join(line)


def _between(body: bytes, boundary: bytes) -> Iterator[bytes]:
    """What stands between the boundary's lines. What is cut off before the last of them counts too."""
    pieces = (b"\n" + body).split(b"\n--" + boundary, MOST_PARTS + 1)
    part: bytes | None = None
    for piece in pieces[1 : MOST_PARTS + 1]:
        rest, newline, text = piece.partition(b"\n")
        if rest.strip() == b"" and newline:
            if part is not None:
                yield part
            part = text
        elif rest.startswith(b"--"):
            break
        elif part is not None:
            # A longer boundary of a part inside that begins with this one.
            part += b"\n--" + boundary + piece
    if part is not None:
        yield part
