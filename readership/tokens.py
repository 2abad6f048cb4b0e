"""What is signed with the installation's keys: links and proofs.

The *signing keys* may be replaced: the first signs, all of them verify, so an old link stays good for as long
as its key is listed.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from newsroom.errors import ConfigurationError
from newsroom.mac import mac

SigningKeys = Sequence[tuple[str, bytes]]
"""Key id and key. The first one signs, all of them verify."""

LONGEST_TOKEN = 600
"""Characters. What is longer was not made here, and is not looked at."""

NOBODY = 0
"""The reader number in the links of test mails: nobody has it, so they stop nobody's mail."""

_MAC_BYTES = 16
_KEY_DIGITS = 16
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """What an unsubscribe link says."""

    reader_id: int
    newsletter: str


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asked for in the preferences, to be confirmed out of the mailbox."""

    kind: str
    reader_id: int
    key: str
    """The first digits of the recipient key of the address that the reader had."""
    asked: datetime
    address: str = ""
    """The new address, where one is asked for."""

    def is_for(self, key: str) -> bool:
        """Whether that is still the reader's address."""
        return key[:_KEY_DIGITS] == self.key[:_KEY_DIGITS]


@dataclass(frozen=True, slots=True)
class Undo:
    """What the page shown after an unsubscribe may take back: just that, and just as it was left."""

    reader_id: int
    newsletters: tuple[str, ...]
    """Those that were active until then."""
    stopped: datetime


def unsubscribe_token(signing_keys: SigningKeys, reader_id: int, newsletter: str) -> str:
    """The last part of a reader's unsubscribe link. Its end is a letter: no mail program cuts that off."""
    return _signed(signing_keys, "u", f"{reader_id}\0{newsletter}".encode())


def read_unsubscribe(signing_keys: SigningKeys, token: str) -> Unsubscribe | None:
    """What the link says, or None for a token that none of these keys signed for this purpose."""
    said = _read(signing_keys, "u", token)
    if said is None:
        return None
    number, _, newsletter = said.decode().partition("\0")
    return Unsubscribe(int(number), newsletter)


def undo_token(signing_keys: SigningKeys, undo: Undo) -> str:
    """What the page after an unsubscribe hands back to take it back. It is never mailed."""
    said = "\0".join((str(undo.reader_id), str(_microseconds(undo.stopped)), *undo.newsletters))
    return _signed(signing_keys, "z", said.encode())


def read_undo(signing_keys: SigningKeys, token: str) -> Undo | None:
    """What may be taken back, or None."""
    said = _read(signing_keys, "z", token)
    if said is None:
        return None
    number, microseconds, *newsletters = said.decode().split("\0")
    return Undo(int(number), tuple(newsletters), _moment(microseconds))


def confirm_token(signing_keys: SigningKeys, sign_up: str, asked: datetime) -> str:
    """The last part of the link that confirms a sign-up."""
    return _timed(signing_keys, "c", sign_up, asked)


def read_confirm(signing_keys: SigningKeys, token: str) -> tuple[str, datetime] | None:
    """The sign-up that the link confirms and when it was asked for, or None."""
    return _read_timed(signing_keys, "c", token)


def form_stamp(signing_keys: SigningKeys, drawn: datetime) -> str:
    """When a form was drawn, for the form to send back."""
    return _signed(signing_keys, "t", str(_microseconds(drawn)).encode())


def read_form_stamp(signing_keys: SigningKeys, stamp: str) -> datetime | None:
    """When the form was drawn, or None for what is no stamp of ours."""
    said = _read(signing_keys, "t", stamp)
    return None if said is None else _moment(said.decode())


def feed_token(signing_keys: SigningKeys, reader_id: int, generation: int) -> str:
    """What the addresses of a reader's own feeds hold. The same again each time: nothing of it is stored."""
    return _signed(signing_keys, "f", f"{reader_id}\0{generation}".encode())


def read_feed_token(signing_keys: SigningKeys, token: str) -> tuple[int, int] | None:
    """Whose feeds are asked for, by number, and the generation of the address; None for what is none."""
    said = _read(signing_keys, "f", token)
    if said is None:
        return None
    number, _, generation = said.decode().partition("\0")
    return int(number), int(generation)


def preferences_token(signing_keys: SigningKeys, reader_id: int) -> str:
    """The last part of a reader's link to the preferences: good for as long as there is the reader."""
    return _signed(signing_keys, "o", str(reader_id).encode())


def read_preferences(signing_keys: SigningKeys, token: str) -> int | None:
    """The number of the reader whose preferences the link opens, or None for what is none of ours."""
    said = _read(signing_keys, "o", token)
    return None if said is None else int(said)


def request_token(signing_keys: SigningKeys, request: Request) -> str:
    """The last part of a link that does what the preferences' own link may only ask for."""
    said = (
        request.kind,
        str(request.reader_id),
        request.key[:_KEY_DIGITS],
        str(_microseconds(request.asked)),
        request.address,
    )
    return _signed(signing_keys, "r", "\0".join(said).encode())


def read_request(signing_keys: SigningKeys, token: str) -> Request | None:
    """What the link asks for, or None."""
    said = _read(signing_keys, "r", token)
    if said is None:
        return None
    kind, number, key, asked, address = said.decode().split("\0")
    return Request(kind, int(number), key, _moment(asked), address)


def sign_in_token(signing_keys: SigningKeys, sign_in: str, asked: datetime) -> str:
    """The last part of the link that signs in the browser that asked."""
    return _timed(signing_keys, "s", sign_in, asked)


def read_sign_in(signing_keys: SigningKeys, token: str) -> tuple[str, datetime] | None:
    """Which sign-in the link is for and when it was asked for, or None."""
    return _read_timed(signing_keys, "s", token)


def sign_in_code(address_key: bytes, sign_in: str) -> str:
    """The six digits to type where the link cannot be opened in the browser that asked. Kept nowhere."""
    said = hmac.digest(address_key, b"code\0" + sign_in.encode(), hashlib.sha256)
    return f"{int.from_bytes(said[:8]) % 1_000_000:06d}"


def session_proof(signing_keys: SigningKeys, session: str) -> str:
    """What the forms of a signed-in reader's pages send back, so that no other site can send them."""
    return _signed(signing_keys, "x", session.encode())


def read_session_proof(signing_keys: SigningKeys, proof: str) -> str | None:
    """The id of the session that a form was drawn for, or None for what is no proof of ours."""
    said = _read(signing_keys, "x", proof)
    return None if said is None else said.decode()


def edition_token(signing_keys: SigningKeys, edition: str, editor: str) -> str:
    """The last part of an editor's link to the controls of one edition; `editor` is the address's key."""
    return _signed(signing_keys, "e", f"{editor[:_KEY_DIGITS]}\0{edition}".encode())


def read_edition_token(signing_keys: SigningKeys, token: str) -> tuple[str, str] | None:
    """The first digits of the editor's key, and the edition; None for what is none of ours."""
    said = _read(signing_keys, "e", token)
    if said is None:
        return None
    editor, _, edition = said.decode().partition("\0")
    return editor, edition


def probe_token(signing_keys: SigningKeys, nonce: bytes) -> str:
    """What is asked of `public_url` in a reader's place. `nonce`: 16 random bytes."""
    return _signed(signing_keys, "p", nonce)


def probe_answer(signing_keys: SigningKeys, token: str) -> str | None:
    """The proof that who answers holds the same keys, 64 hex digits; None if `token` is no probe."""
    nonce = _read(signing_keys, "p", token)
    if nonce is None:
        return None
    key = dict(signing_keys)[_kid(token)]
    return hmac.digest(key, b"answer\0" + nonce, hashlib.sha256).hex()


def _timed(signing_keys: SigningKeys, purpose: str, name: str, asked: datetime) -> str:
    """A token that names something that was asked for at a moment."""
    return _signed(signing_keys, purpose, f"{name}\0{_microseconds(asked)}".encode())


def _read_timed(signing_keys: SigningKeys, purpose: str, token: str) -> tuple[str, datetime] | None:
    said = _read(signing_keys, purpose, token)
    if said is None:
        return None
    name, _, microseconds = said.decode().partition("\0")
    return name, _moment(microseconds)


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _moment(microseconds: str) -> datetime:
    return _EPOCH + timedelta(microseconds=int(microseconds))


def _signed(signing_keys: SigningKeys, purpose: str, said: bytes) -> str:
    if not signing_keys:
        raise ConfigurationError("STANDFIRST_SECRET_KEY is not set, and links cannot be signed without it")
    kid, key = signing_keys[0]
    packed = _head(kid) + said + _mac(key, purpose, said)
    return urlsafe_b64encode(packed).rstrip(b"=").decode() + purpose


@lru_cache(maxsize=16)
def _head(kid: str) -> bytes:
    """How a token begins that this key signed: with the id, and its length before it."""
    return bytes((len(kid),)) + kid.encode("ascii")


def _read(signing_keys: SigningKeys, purpose: str, token: str) -> bytes | None:
    if token[-1:] != purpose:
        return None
    packed = _unpacked(token)
    if packed is None:
        return None
    end = 1 + packed[0]
    if len(packed) < end + _MAC_BYTES:
        return None
    key = next((key for kid, key in signing_keys if kid.encode("ascii") == packed[1:end]), None)
    said, proof = packed[end:-_MAC_BYTES], packed[-_MAC_BYTES:]
    if key is None or not hmac.compare_digest(proof, _mac(key, purpose, said)):
        return None
    return said


def _mac(key: bytes, purpose: str, said: bytes) -> bytes:
    # The purpose is inside: a link to unsubscribe is never taken for another proof.
    return mac(key, b"token " + purpose.encode(), said, _MAC_BYTES)


def _unpacked(token: str) -> bytes | None:
    """The token's bytes, or None for what cannot be one: too long, other characters, a second spelling."""
    if not 1 < len(token) <= LONGEST_TOKEN or not token.isascii():
        return None
    text = token[:-1].encode()
    try:
        packed = urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
    return packed if packed and urlsafe_b64encode(packed).rstrip(b"=") == text else None


def _kid(token: str) -> str:
    packed = _unpacked(token) or b"\0"
    return packed[1 : 1 + packed[0]].decode("ascii")
