"""What carries mail, behind one small interface. A provider translates and hands over; it decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol, runtime_checkable

from newsletter.rendering.letter import Letter, Slot

GRACE = 6.0
"""Seconds until what is in flight is cut once this process has to end: many are killed after ten, and what
became of it is to be written down before."""

ENDED = "the run was asked to end"


class Recipient(NamedTuple):
    """One reader of a batch, with what is this reader's alone: the letter's slots and some headers.

    No dataclass: a run makes a million of them.
    """

    delivery: int
    """A number that means nothing outside the ledger: the reader's id there."""
    address: str
    message_id: str
    """Without angle brackets."""
    values: Mapping[Slot, str]
    name: str = ""
    trace: str = ""
    """Tells whose a mail is that comes back (newsletter/mail/traces.py); empty where nobody would read it."""

    @property
    def unsubscribe_url(self) -> str:
        """The reader's own address of List-Unsubscribe (RFC 2369, RFC 8058)."""
        return self.values[Slot.UNSUBSCRIBE_URL]


@dataclass(frozen=True, slots=True)
class Envelope:
    """What all messages of an edition share."""

    sender: str
    sender_name: str
    reply_to: str
    envelope_sender: str
    list_id: str
    """The whole header value (RFC 2919). Empty for a letter to one person who asked for it: it is no list's
    mail, and has no List-Unsubscribe either."""
    date: datetime
    one_click: bool
    """False on a loopback demo without https, where RFC 8058 does not apply."""
    category: str
    """The newsletter's key: no personal data."""
    verp: bool = False
    """Over SMTP, each message's envelope sender has its recipient's trace in it."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Readers of one variant that are handed over together."""

    edition: str
    number: int
    letter: Letter
    envelope: Envelope
    recipients: tuple[Recipient, ...]
    recall: str = ""
    """Under which name the provider can be told not to send it; empty where it sends at once."""
    send_at: datetime | None = None
    """Until when the provider is to keep it."""


class Answer(StrEnum):
    """What a hand-over came to."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """Certain: nothing of it was taken, and the same again would be refused again."""
    NOT_NOW = "not now"
    """Certain: nothing of it was taken, but later it may be."""
    UNCERTAIN = "uncertain"
    """It may have been taken."""
    STOP = "stop"
    """Certain: nothing was taken and nothing will be until somebody mends it (401, 403, wrong password)."""
    ENDED = "ended"
    """Certain: nothing of it was taken, because `stop` came first."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer for a batch, and for those of its recipients that fared otherwise."""

    answer: Answer
    reason: str = ""
    """For the operator: never holds an address or a secret."""
    retry_after: float | None = None
    """Seconds that the provider asked for, with NOT_NOW."""
    divisible: bool = False
    """REFUSED, but naming nobody: halves of the batch may fare better."""
    reference: str = ""
    """The provider's own id of the hand-over."""
    is_general: bool = False
    """STOP, whatever is handed over: it is a key, a password or an address that is wrong, no letter's own."""
    own: Mapping[int, tuple[Answer, str]] = field(default_factory=dict)
    """By `Recipient.delivery`: an answer and a reason of its own."""


@runtime_checkable
class Recalls(Protocol):
    """A provider that keeps what it is handed for a while, and can be told to forget it meanwhile."""

    delay: timedelta
    """How long it keeps what it is handed; zero where it sends at once."""

    def new_recall(self) -> str:
        """A name under which hand-overs can be taken back. Raises ProviderError."""
        ...

    def recall(self, name: str) -> None:
        """Have everything of this name that is not sent yet forgotten; twice does no harm. Raises
        ProviderError where it is not certain that it will be."""
        ...


class Provider(Protocol):
    """Hands batches over. `hand_over` may be called from `connections` threads at once and never raises
    for what a network or a server does: each of that is an Outcome. It raises ProviderError for a batch
    that it cannot express at all."""

    name: str
    batch_size: int
    first_batch: int
    """The most readers at once while nobody was accepted yet: enough to hear whether anybody will be."""
    connections: int
    is_real: bool
    """False where nothing leaves the machine, so `public_url` need not answer."""

    def hand_over(self, batch: Batch) -> Outcome:
        """Hand one batch over and return what is known of it."""
        ...

    def evidence(self, batch: Batch) -> Outcome | None:
        """What can be found out of a hand-over that was cut; None where there is no way to know."""
        ...

    def stop(self) -> None:
        """This process has to end: hand over nothing more, and be done with what is in flight soon."""
        ...

    def close(self) -> None:
        """Give connections back."""
        ...
