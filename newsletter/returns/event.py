"""What a provider tells of a message after it took it, as a value that no provider's words are left in."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

LONGEST_REASON = 300
"""Characters that are kept of what a provider says."""


class EventKind(StrEnum):
    """What happened."""

    PROCESSED = "processed"
    """The provider took the message and is about to deliver it."""
    DELIVERED = "delivered"
    """The reader's own mail server took it."""
    DEFERRED = "deferred"
    """That server said "not now"; it is tried on."""
    BOUNCE = "bounce"
    """It came back: for good, if `is_permanent`, or this once (the mailbox is full, say)."""
    BLOCKED = "blocked"
    """It came back because of who sent it or of what it said: no fault of the reader's address."""
    DROPPED = "dropped"
    """The provider never tried. `is_permanent` where it was for what its own list has of the address."""
    SPAM_REPORT = "spam_report"
    """The reader said that it is spam."""
    UNSUBSCRIBE = "unsubscribe"
    """The reader ended it by the provider's own link."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to one reader's message."""

    provider: str
    edition: str
    batch: int
    """The batch that it was handed over in: the reader may be in another one by now."""
    reader_id: int
    kind: EventKind
    at: datetime
    """Aware: when it happened, by the provider's clock."""
    key: str
    """The same for every copy of the event: see `event_key`."""
    is_permanent: bool = False
    """Of BOUNCE and DROPPED: the address is not to be tried again."""
    reason: str = ""
    """For the operator: never holds an address (see `told`)."""
    recipient_key: str = ""
    """Of the address that it was about, where the provider names it: that of another reader, or of another
    installation's with the same numbers, makes the event none of ours."""


def event_key(message_id: str, recipient_key: str, event: str, at: datetime) -> str:
    """What an event is known by: copies come with ids of their own, but with the same of these four."""
    said = "\0".join((message_id, recipient_key, event, str(int(at.astimezone(UTC).timestamp()))))
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:32]


_ADDRESS = re.compile(r"<?[^\s<>()\[\],;:\"']*@[^\s<>()\[\],;\"']*>?")
_ODD = re.compile(r"[^\x20-\x7e\xa0-\ud7ff\ue000-\ufffd]+")


def told(text: str) -> str:
    """A provider's or a mail server's own words in one short line without an address."""
    line = " ".join(_ODD.sub(" ", text[: 10 * LONGEST_REASON]).split())
    return _ADDRESS.sub("(address)", line)[:LONGEST_REASON].rstrip()
