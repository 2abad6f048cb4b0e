"""What a message carries so that whatever comes back of it finds its reader, and nobody else can make up:
its Message-ID, and its trace in the envelope. Nothing of them is stored.

Both are keyed with the address key, which never changes, so they are the same every time they are made.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from newsroom.database import LARGEST
from newsroom.mac import mac

LONGEST_LOCAL = 64
"""Octets before the @ (RFC 5321, 4.5.3.1.1)."""
DIGITS = 32
"""Hex digits of a trace: some mail servers write all addresses in lower case, and it bears that."""
SEPARATOR = "+"
"""Between the mailbox and the trace: what mail servers call the recipient delimiter."""

_NUMBER = 4
_TAG = 6
_MESSAGE_MAC = 10
_TRACE_MAC = 8
_TRACE = re.compile(rf"(?<![0-9A-Za-z])[0-9A-Fa-f]{{{DIGITS}}}(?![0-9A-Za-z])")
_ID = re.compile(rf"<([0-9A-Fa-f]{{{2 * (_TAG + _NUMBER + _MESSAGE_MAC)}}})@")


@dataclass(frozen=True, slots=True)
class Trace:
    """What a trace says, before anybody has looked whether it is one of ours."""

    batch: int
    reader_id: int
    mac: bytes

    def is_of(self, key: bytes, edition: str) -> bool:
        """Whether it was made here, for a batch of that edition."""
        return hmac.compare_digest(self.mac, _trace_mac(key, edition, self.batch, self.reader_id))


def message_id(key: bytes, edition: str, reader_id: int, domain: str) -> str:
    """A Message-ID without angle brackets: the same edition and reader, the same id (RFC 5322, 3.6.4)."""
    number = reader_id.to_bytes(_NUMBER, "big")
    return f"{(_tag(key, edition) + number + _message_mac(key, edition, reader_id)).hex()}@{domain}"


def trace(key: bytes, edition: str, batch: int, reader_id: int) -> str:
    """What stands in the envelope of one reader's message of one batch; DIGITS hex digits."""
    said = batch.to_bytes(_NUMBER, "big") + reader_id.to_bytes(_NUMBER, "big")
    return (said + _trace_mac(key, edition, batch, reader_id)).hex()


def return_address(envelope_sender: str, traced: str) -> str:
    """The envelope sender of one message (a "variable envelope return path"): whatever is sent back to it
    names its reader."""
    local, at, domain = envelope_sender.rpartition("@")
    return f"{local}{SEPARATOR}{traced}{at}{domain}"


def has_room(envelope_sender: str) -> bool:
    """Whether a trace fits into the part before the @."""
    return len(envelope_sender.rpartition("@")[0]) + len(SEPARATOR) + DIGITS <= LONGEST_LOCAL


def traces_in(text: str) -> Iterator[Trace]:
    """Whatever in a text has the shape of a trace."""
    for found in _TRACE.findall(text):
        raw = bytes.fromhex(found)
        batch, reader_id = int.from_bytes(raw[:_NUMBER]), int.from_bytes(raw[_NUMBER : 2 * _NUMBER])
        if 0 < batch <= LARGEST and 0 < reader_id <= LARGEST:
            yield Trace(batch, reader_id, raw[2 * _NUMBER :])


def ids_in(text: str) -> Iterator[str]:
    """Whatever in a text has the shape of one of our Message-IDs, in its brackets: what is before the @."""
    return (found.lower() for found in _ID.findall(text))


def tags(key: bytes, editions: Iterable[str]) -> Mapping[str, str]:
    """The editions by what their Message-IDs begin with, for `read_id`."""
    return {_tag(key, edition).hex(): edition for edition in editions}


def read_id(key: bytes, text: str, editions: Mapping[str, str]) -> tuple[str, int] | None:
    """(edition, reader) of what `ids_in` found; None where it was not made here for one of these editions."""
    edition = editions.get(text[: 2 * _TAG])
    raw = bytes.fromhex(text[2 * _TAG :])
    reader_id = int.from_bytes(raw[:_NUMBER])
    if edition is None or not hmac.compare_digest(raw[_NUMBER:], _message_mac(key, edition, reader_id)):
        return None
    return edition, reader_id


@lru_cache(maxsize=64)
def _tag(key: bytes, edition: str) -> bytes:
    return mac(key, b"edition", edition.encode(), _TAG)


def _message_mac(key: bytes, edition: str, reader_id: int) -> bytes:
    return mac(key, b"message", f"{edition}\0{reader_id}".encode(), _MESSAGE_MAC)


def _trace_mac(key: bytes, edition: str, batch: int, reader_id: int) -> bytes:
    return mac(key, b"trace", f"{edition}\0{batch}\0{reader_id}".encode(), _TRACE_MAC)
