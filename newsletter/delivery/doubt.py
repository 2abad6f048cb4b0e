"""Who is refused where a run's hand-overs are refused one after the other: its readers, or the newsroom.

Some of a newsletter's addresses are always bad. But where a provider refuses everybody, it is the letter, its
sender or the account that it refuses, and no reader is to be set apart for that.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from newsletter.providers import Answer, Batch, Outcome

LIMIT = 25
"""Refused readers, or refused requests, after which a run of which nobody was accepted ends. To find one bad
address among 1,000 takes about 11 requests before the first is accepted."""


@dataclass(slots=True)
class Doubt:
    """What one run has heard so far."""

    is_over: bool = False
    """Somebody was accepted: whoever is refused is refused for reasons of their own."""
    requests: int = 0
    readers: list[int] = field(default_factory=list)
    """Those refused since the run began, or since they were last taken back."""
    reason: str = ""
    """Of the last refusal."""

    def hear(self, batch: Batch, outcome: Outcome) -> None:
        """Take note of what a hand-over came to."""
        self.is_over = self.is_over or took_anybody(batch, outcome)
        own = [id_ for id_, (answer, _) in outcome.own.items() if answer is Answer.REFUSED]
        rest = _rest(batch, outcome) if outcome.answer is Answer.REFUSED else []
        if not own and not rest:
            return
        self.requests += 1
        self.reason = outcome.reason if rest else outcome.own[own[-1]][1]
        # Several that may be divided are tried again in halves: nobody was refused yet.
        self.readers += own if outcome.divisible and len(rest) > 1 else [*own, *rest]

    @property
    def is_grave(self) -> bool:
        """True where it cannot be the readers any more."""
        return not self.is_over and max(self.requests, len(self.readers)) >= LIMIT

    def taken(self) -> list[int]:
        """The refused readers, who are then no longer counted."""
        readers, self.readers = self.readers, []
        return readers


def took_anybody(batch: Batch, outcome: Outcome) -> bool:
    """True where at least one reader was accepted."""
    if any(answer is Answer.ACCEPTED for answer, _ in outcome.own.values()):
        return True
    return outcome.answer is Answer.ACCEPTED and bool(_rest(batch, outcome))


def _rest(batch: Batch, outcome: Outcome) -> list[int]:
    """Those without an answer of their own."""
    return [one.delivery for one in batch.recipients if one.delivery not in outcome.own]
