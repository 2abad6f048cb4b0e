"""SendGrid's Event Webhook: its signature, and its posts as events of ours. Pure.

Of a post every event is read on its own: what is none of ours, or makes no sense, is counted and passed over.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from newsletter.returns.event import Event, EventKind, event_key, told

SIGNATURE = "x-twilio-email-event-webhook-signature"
TIMESTAMP = "x-twilio-email-event-webhook-timestamp"

OLDEST = timedelta(hours=25)
"""A post whose time stamp is older is not taken. SendGrid comes again for a day after a failure, and says
nowhere that it signs anew; within the day a post that somebody sends once more changes nothing."""
NEWEST = timedelta(minutes=5)
"""So far two clocks may be apart."""

NAME = "sendgrid"

_KINDS = {
    "processed": EventKind.PROCESSED,
    "delivered": EventKind.DELIVERED,
    "deferred": EventKind.DEFERRED,
    "bounce": EventKind.BOUNCE,
    "blocked": EventKind.BLOCKED,
    "dropped": EventKind.DROPPED,
    "spamreport": EventKind.SPAM_REPORT,
    "unsubscribe": EventKind.UNSUBSCRIBE,
    "group_unsubscribe": EventKind.UNSUBSCRIBE,
}

_LISTED = ("bounced address", "spam reporting address", "unsubscribed address", "invalid")
"""Reasons of drops that are about the address: SendGrid's own list has it, and drops the next one too."""

_POLICY = ("reputation", "content", "frequency or volume too high")
"""How SendGrid classifies what is the sender's doing."""

_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_NUMBER = re.compile(r"[0-9]{1,10}", re.ASCII)
_LONGEST_EDITION = 200


@dataclass(frozen=True, slots=True)
class Told:
    """What a post holds."""

    events: tuple[Event, ...]
    passed: Mapping[str, int]
    """How many were passed over: `other` (opens, clicks, the account), `foreign`, `malformed`."""


class PublicKey:
    """The key that SendGrid shows where the webhook's signature is switched on."""

    def __init__(self, text: str) -> None:
        """Raises ValueError for what is no such key."""
        key = load_der_public_key(b64decode(text, validate=True))
        if not isinstance(key, EllipticCurvePublicKey):
            raise ValueError("not a key for ECDSA")
        self._key = key

    def signed(self, body: bytes, signature: str, timestamp: str, now: datetime) -> bool:
        """Whether SendGrid signed this body, a day ago at most."""
        if not _NUMBER.fullmatch(timestamp):
            return False
        if not now - OLDEST <= datetime.fromtimestamp(int(timestamp), UTC) <= now + NEWEST:
            return False
        try:
            self._key.verify(b64decode(signature, validate=True), timestamp.encode() + body, _ECDSA)
        except (InvalidSignature, ValueError):
            return False
        return True


_ECDSA = ECDSA(SHA256())


def events_of(body: bytes, key_of: Callable[[str], str]) -> Told:
    """The events of a post's body; `key_of` gives an address's recipient key, empty for what is none.

    Raises ValueError for a body that is no list in JSON.
    """
    try:
        posted = json.loads(body)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(posted, list):
        raise ValueError("not a list")
    found: list[Event] = []
    passed: Counter[str] = Counter()
    for one in posted:
        try:
            event = _event(one, key_of)
        except (ValueError, TypeError, OverflowError, OSError, LookupError):
            event = "malformed"
        if isinstance(event, str):
            passed[event] += 1
        else:
            found.append(event)
    return Told(tuple(found), passed)


def _event(one: Any, key_of: Callable[[str], str]) -> Event | str:
    """The event, or why it is passed over."""
    if not isinstance(one, dict) or not isinstance(name := one.get("event"), str):
        return "malformed"
    kind = _KINDS.get(name)
    if kind is None:
        return "other"
    edition, batch, reader = one.get("edition"), one.get("batch"), one.get("delivery")
    if edition is None or batch is None or reader is None:
        # A letter to one person, or mail that something else sends by the same account.
        return "foreign"
    if not isinstance(edition, str) or not edition.isprintable() or not 0 < len(edition) <= _LONGEST_EDITION:
        return "malformed"
    at = datetime.fromtimestamp(_number(one["timestamp"]), UTC)
    recipient_key = key_of(_text(one.get("email")))
    message_id = _text(one.get("sg_message_id")) or _text(one.get("smtp-id"))
    kind, is_permanent = _fate(kind, one)
    return Event(
        provider=NAME,
        edition=edition,
        batch=_number(batch),
        reader_id=_number(reader),
        kind=kind,
        at=at,
        key=event_key(message_id, recipient_key, name, at),
        is_permanent=is_permanent,
        reason=told(_text(one.get("reason")) or _text(one.get("response"))) if kind in _WITH_REASON else "",
        recipient_key=recipient_key,
    )


_WITH_REASON = (EventKind.DEFERRED, EventKind.BOUNCE, EventKind.BLOCKED, EventKind.DROPPED)


def _fate(kind: EventKind, one: Mapping[str, Any]) -> tuple[EventKind, bool]:
    """What an event of this kind is for us, and whether for good."""
    if kind is EventKind.DROPPED:
        return kind, _text(one.get("reason")).strip().casefold() in _LISTED
    if kind not in (EventKind.BOUNCE, EventKind.BLOCKED):
        return kind, False
    said = f"{_text(one.get('status'))} {_text(one.get('reason'))[:1_000]}"
    code = _STATUS.search(said)
    subject, detail = (code[2], code[3]) if code else ("", "")
    classified = _text(one.get("bounce_classification")).casefold()
    if classified in _POLICY or subject == "7":
        return EventKind.BLOCKED, False
    is_full = (subject, detail) == ("2", "2")
    is_for_now = is_full or classified == "technical failure" or (code is not None and code[1] == "4")
    is_block = kind is EventKind.BLOCKED or _text(one.get("type")).casefold() == "blocked"
    return EventKind.BOUNCE, not (is_for_now or is_block)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> int:
    """A whole number, or one in digits. Raises ValueError."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError("not a number")
