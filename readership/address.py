"""Email addresses: as mail is sent to them, as two of them are compared, and the key that stands for one.

The *address key*, with which recipient keys are made, never changes.
"""

from __future__ import annotations

import re
import unicodedata

from email_validator import EmailNotValidError, validate_email

from newsroom.errors import ReaderError
from newsroom.mac import hmac_sha256

LONGEST_ADDRESS = 254
"""Octets (RFC 5321, 4.5.3.1.3, less the angle brackets)."""

# Most addresses are plain, and the whole validation costs twenty times as much as this. Whatever it does not
# match, sound or not, goes the long way: it must never take an address that the validator would refuse.
_PLAIN = re.compile(
    r"(?=[^@]{1,64}@.{1,180}\Z)"
    r"[A-Za-z0-9_'+-]+(?:\.[A-Za-z0-9_'+-]+)*"
    r"@(?:(?!..--)[A-Za-z0-9](?:[A-Za-z0-9-]{0,40}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}",
)
_SPECIAL_USE = ("arpa", "invalid", "local", "localhost", "onion")


def mailable(address: str) -> str:
    """The address as mail is sent to it: its local part as written, its domain in lower-case ASCII (IDNA).

    Nothing is looked up. Domains set apart for examples and tests are allowed. Raises ReaderError for what is
    no address; the message does not repeat it.
    """
    # fullmatch, and not a trailing $: that would let a line break through.
    if _PLAIN.fullmatch(address):
        local, _, domain = address.rpartition("@")
        domain = domain.lower()
        if not domain.endswith(_SPECIAL_USE):
            return f"{local}@{domain}"
    if len(address) > LONGEST_ADDRESS:
        raise ReaderError(f"the address has {len(address)} characters; no address has more than 254")
    try:
        found = validate_email(address, check_deliverability=False, test_environment=True, strict=True)
    except EmailNotValidError as error:
        raise ReaderError(f"this is no email address: {error}") from None
    return f"{found.local_part}@{(found.ascii_domain or found.domain).lower()}"


def normalised(address: str) -> str:
    """The form in which two addresses are compared: as `mailable`, all in lower case.

    Dots and plus-tags are never folded: whether they matter is the receiving domain's affair.
    """
    return comparable(mailable(address))


def comparable(address: str) -> str:
    """`normalised` of an address that is as `mailable` has it already."""
    if address.isascii():
        return address.lower()
    local, _, domain = address.rpartition("@")
    return f"{unicodedata.normalize('NFC', local.lower())}@{domain}"


def recipient_key(address_key: bytes, address: str) -> str:
    """The HMAC-SHA256 of the normalised address, 64 hex digits. Raises ReaderError for what is no address."""
    return key_of(address_key, normalised(address))


def key_of(address_key: bytes, normal: str) -> str:
    """`recipient_key` of an address that is normalised already."""
    return hmac_sha256(address_key, b"recipient\0", normal.encode())
