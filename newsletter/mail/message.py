"""A letter as an RFC 5322 message: serialised once, each reader's own lines and values spliced in.

Encoding a digest takes a hundred times as long as copying it, and nearly all of it is the same for every
reader. So the static pieces are encoded once, cut where the slots are, and each message is one join.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import format_datetime
from functools import lru_cache
from html import escape

from newsletter.mail import header
from newsletter.mail.quoted_printable import SOFT, quoted_printable
from newsletter.mail.traces import return_address
from newsletter.providers import Envelope, Recipient
from newsletter.rendering.letter import Letter, Parts, Slot
from newsroom.errors import ProviderError, ReaderError
from readership.address import mailable

_Hole = tuple[Slot, bool]
"""A slot, and whether it is in the HTML."""

_LANGUAGE = re.compile(r"[A-Za-z0-9]{1,8}(?:-[A-Za-z0-9]{1,8})*")
_KEPT = 16
"""Bodies kept encoded: more than any number of connections works on at once."""


@dataclass(frozen=True, slots=True)
class Body:
    """A letter's MIME parts: encoded pieces at even places, and at odd ones room for the holes' values."""

    boundary: str
    pieces: tuple[bytes, ...]
    holes: tuple[_Hole, ...]


class Prepared:
    """One letter in one envelope, ready for every reader of it. Its messages are 7-bit, but for a reader
    whose address has a local part that is not ASCII (RFC 6532)."""

    def __init__(self, letter: Letter, envelope: Envelope) -> None:
        """Raises ProviderError where the envelope has a sender that is no address."""
        body = body_of(letter)
        self.envelope_sender = _sender(envelope.envelope_sender, "envelope sender")
        self._verp = envelope.verp
        self._is_list = bool(envelope.list_id)
        self._head = _shared_lines(letter, envelope, body.boundary)
        self._pieces = body.pieces
        self._slots = tuple(dict.fromkeys(slot for slot, _ in body.holes))
        # Where a hole's value stands among `_encoded` ones: two of each slot, for text and for HTML.
        self._places = tuple(2 * self._slots.index(slot) + is_html for slot, is_html in body.holes)

    def sender_of(self, recipient: Recipient) -> str:
        """The envelope sender of the recipient's message."""
        if not (self._verp and recipient.trace):
            return self.envelope_sender
        return return_address(self.envelope_sender, recipient.trace)

    def message(self, recipient: Recipient) -> bytes:
        """The reader's message, with CRLF line ends. No line begins with a dot, so it is ready for SMTP's
        DATA as it is (but for the final dot).

        Raises ReaderError for an address that is none; the error does not repeat it.
        """
        encoded: list[bytes] = []
        for slot in self._slots:
            encoded += _encoded(recipient.values[slot])
        chunks = list(self._pieces)
        chunks[1::2] = [encoded[place] for place in self._places]
        return b"".join((_own_lines(recipient, is_list=self._is_list), self._head, *chunks))


def ascii_address(address: str) -> str:
    """The address as every mail server takes it, its domain in IDNA.

    Raises ReaderError for what is no address, and where the local part needs SMTPUTF8 (RFC 6531); the error
    does not repeat it.
    """
    ready = mailable(address)
    if not ready.isascii():
        raise ReaderError("the part before the @ is not ASCII, which needs a mail server with SMTPUTF8")
    return ready


@lru_cache(maxsize=_KEPT)
def body_of(letter: Letter) -> Body:
    """The letter's two parts, encoded: the text first, the better one last (RFC 2046, 5.1.4)."""
    # "=_" never occurs in quoted-printable text, whatever the readers' values.
    boundary = f"=_{letter.digest[:40]}"
    pieces, holes = [b""], list[_Hole]()
    for subtype, parts in (("plain", letter.text), ("html", letter.html)):
        pieces[-1] += (
            f"--{boundary}\r\nContent-Type: text/{subtype}; charset=utf-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        ).encode()
        for piece in _soft_joined(parts):
            if isinstance(piece, Slot):
                holes.append((piece, subtype == "html"))
                pieces += (b"", b"")
            else:
                pieces[-1] += piece
        pieces[-1] += b"\r\n"
    pieces[-1] += f"--{boundary}--\r\n".encode()
    return Body(boundary, tuple(pieces), tuple(holes))


def _soft_joined(parts: Parts) -> Iterator[bytes | Slot]:
    """The parts, static ones encoded, with a soft break between any two."""
    for number, part in enumerate(parts):
        if number:
            yield SOFT
        yield part if isinstance(part, Slot) else quoted_printable(part)


def _encoded(value: str) -> tuple[bytes, bytes]:
    """A value as it stands in the text and in the HTML."""
    plain, escaped = quoted_printable(value), escape(value)
    return plain, plain if escaped == value else quoted_printable(escaped)


def _own_lines(recipient: Recipient, *, is_list: bool) -> bytes:
    """The reader's own headers. All three values are made sound, whatever they are."""
    to = header.mailbox(recipient.name, mailable(recipient.address))
    stop = f"List-Unsubscribe: {header.url(recipient.unsubscribe_url)}\r\n" if is_list else ""
    return f"To: {to}\r\nMessage-ID: {header.message_id(recipient.message_id)}\r\n{stop}".encode()


def _shared_lines(letter: Letter, envelope: Envelope, boundary: str) -> bytes:
    sender = _sender(envelope.sender, "sender")
    lines: Mapping[str, str | None] = {
        "From": header.mailbox(envelope.sender_name, sender),
        "Reply-To": f"<{_sender(envelope.reply_to, 'reply-to')}>" if envelope.reply_to else None,
        "Subject": header.unstructured(letter.subject),
        "Date": format_datetime(envelope.date),
        "List-Id": header.list_id(envelope.list_id) if envelope.list_id else None,
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click" if envelope.one_click else None,
        # RFC 3834, 5: no holiday notice answers it.
        "Auto-Submitted": None if envelope.list_id else "auto-generated",
        "MIME-Version": "1.0",
        "Content-Language": letter.language if _LANGUAGE.fullmatch(letter.language) else None,
        "Content-Type": f'multipart/alternative;\r\n boundary="{boundary}"',
    }
    return b"".join(header.line(name, value) for name, value in lines.items() if value is not None) + b"\r\n"


def _sender(address: str, what: str) -> str:
    try:
        return ascii_address(address)
    except ReaderError as error:
        raise ProviderError(f"newsroom.toml: the {what} cannot be used: {error}") from error
