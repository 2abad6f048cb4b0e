"""Quoted-printable text (RFC 2045, 6.7) in lines that need nothing more on their way.

No line has more than 76 characters, ends in white space, or begins with a dot or with "From ": SMTP has no
dot to double, a mailbox file no ">" to add, so that one form of a body serves wherever it goes.
"""

from __future__ import annotations

import re

SOFT = b"=\r\n"
"""A line end that is not the text's: two encoded texts with it between them are one text."""

_LONGEST = 73
"""Of a line's 76: one is the soft break's, two more when the first character has to be spelled out."""
_PLAIN = re.compile(r"[ -<>-~]*[!-<>-~]")
_SHORT = re.compile(r"(?!\.|From )[ -<>-~]{,72}[!-<>-~]")
_CODES = {byte: f"={byte:02X}" for byte in range(256) if not (0x20 <= byte <= 0x7E) or byte == 0x3D}


def quoted_printable(text: str) -> bytes:
    """`text` in UTF-8, quoted-printable. Its line ends, of whatever kind, become CRLF."""
    if _SHORT.fullmatch(text):  # Most readers' values.
        return text.encode("ascii")
    if _PLAIN.fullmatch(text):
        return "=\r\n".join(_pieces(text)).encode("ascii")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\r\n".join(map(_line, lines)).encode("ascii")


def _line(text: str) -> str:
    """One line of the text, in as many lines as it takes."""
    spelled = text if text.isascii() else text.encode().decode("latin-1")
    spelled = spelled.translate(_CODES)
    if spelled[-1:] == " ":
        spelled = spelled[:-1] + "=20"
    if len(spelled) <= _LONGEST:
        return _begun(spelled)
    return "=\r\n".join(_pieces(spelled))


def _pieces(spelled: str) -> list[str]:
    pieces, start, length = [], 0, len(spelled)
    while length - start > _LONGEST:
        end = start + _LONGEST
        # Not inside a "=XX".
        if spelled[end - 1] == "=":
            end -= 1
        elif spelled[end - 2] == "=":
            end -= 2
        pieces.append(_begun(spelled[start:end]))
        start = end
    pieces.append(_begun(spelled[start:]))
    return pieces


def _begun(piece: str) -> str:
    if piece[:1] == ".":
        return "=2E" + piece[1:]
    if piece[:5] == "From ":
        return "=46rom " + piece[5:]
    return piece
