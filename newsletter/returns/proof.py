"""What a provider's events prove of one reader's hand-over, as a value, and which of several counts. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from newsletter.returns.event import EventKind


@dataclass(frozen=True, slots=True)
class Proof:
    """What one event says of one reader's hand-over."""

    reader_id: int
    batch: int
    taken: bool
    """False: the provider dropped it."""
    at: datetime
    reason: str = ""
    is_weak: bool = False
    """That the provider has had the message, or threw it away: so it did with one that was taken back."""
    is_listed: bool = False
    """Dropped for what the provider's own list has of the address: that stops the reader."""

    @property
    def is_outright(self) -> bool:
        """Dropped for nothing that is the address's own: once it is mended, the reader may have it."""
        return not self.taken and not self.is_listed


def proof(
    reader_id: int, batch: int, kind: EventKind, at: datetime, reason: str, is_permanent: bool = False
) -> Proof:
    """What an event of this kind proves."""
    is_drop = kind is EventKind.DROPPED
    is_weak = is_drop or kind is EventKind.PROCESSED
    return Proof(reader_id, batch, not is_drop, at, reason, is_weak, is_drop and is_permanent)


def weightiest(proofs: Iterable[Proof]) -> Proof:
    """Which of one reader's proofs counts. Raises ValueError where there is none.

    Whoever was dropped once and taken once has it; but that the provider was about to deliver a message is
    nothing beside its word that it did not.
    """
    some = list(proofs)
    dropped = {one.batch for one in some if one.is_outright}

    def weight(one: Proof) -> tuple[int, datetime]:
        if one.taken:
            return (1 if one.is_weak and one.batch in dropped else 3), one.at
        return (2 if one.is_outright else 0), one.at

    return max(some, key=weight)
