"""What one run of an edition's delivery came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from newsletter.delivery.sums import Sum
from newsletter.edition import DeliveryState
from newsroom.errors import ExitStatus


class StoppedBy(StrEnum):
    """What ended a run before the edition was over, as it is said: "stopped by a hold"."""

    HELD = "a hold"
    STOPPED = "a person"
    RESTORED = "the restored database"
    ASKED = "a signal to end"
    PROVIDER = "the provider, which takes nothing"
    NOT_NOW = "the provider, which takes nothing for now"
    PACE = "max_per_hour"
    BUSY = "another run"


_FAILED = (StoppedBy.PROVIDER, StoppedBy.NOT_NOW, StoppedBy.ASKED)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something for a person to know."""

    key: str
    """The same as long as it lasts, whatever the numbers in the message."""
    message: str
    """One line."""
    is_notice: bool = False
    """Nothing failed and nothing waits: the run says it and ends with no status by it, and nobody is told
    who could do nothing any more."""


def everybody_refused(edition: str, reason: str) -> Problem:
    """That nobody was accepted, and that those refused are not the reason."""
    return stop_problem(
        edition,
        StoppedBy.PROVIDER,
        f"whoever was tried was refused, and nobody accepted: {reason}; it is the letter, its sender or the "
        "account that is refused, so nobody is set apart: all stay planned, and the next run tries again",
    )


def stop_problem(edition: str, stopped_by: StoppedBy, said: str, *, is_general: bool = False) -> Problem:
    """What ended a run of the edition, as one problem for as long as runs end by it. `is_general`: in the
    same words for every edition."""
    return Problem(f"{edition}:{stopped_by.name.lower()}", said if is_general else f"{edition}: {said}")


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """Counts of readers over the whole edition, and of batches in this run. `accepted` is what the provider
    took: never what reached anybody."""

    edition: str
    batches: int
    """Handed over in this run."""
    readers: int
    """In those batches."""
    seconds: float
    candidates: int = 0
    accepted: int = 0
    refused: int = 0
    uncertain: int = 0
    dropped: int = 0
    planned: int = 0
    """Still to be handed over."""
    exclusions: Mapping[str, int] = field(default_factory=dict)
    drops: Mapping[str, int] = field(default_factory=dict)
    """Those dropped, by reason."""
    widened: int = 0
    """Readers who got the whole edition because there were too many variants."""
    problems: tuple[Problem, ...] = ()
    next_at: datetime | None = None
    """When there is something to do again; None where nothing is left, or a person has to act."""
    stopped_by: StoppedBy | None = None
    is_finished: bool = False

    @property
    def readers_per_batch(self) -> float:
        """How full this run's batches were on average; 0 without any."""
        return self.readers / self.batches if self.batches else 0.0

    @property
    def exit_status(self) -> ExitStatus:
        """What this run means to cron: waiting for the pace, or for another run, is no failure."""
        if self.stopped_by is StoppedBy.HELD or self.uncertain:
            return ExitStatus.HELD
        if self.stopped_by in _FAILED:
            return ExitStatus.FAILED
        return ExitStatus.DONE

    @property
    def deliveries(self) -> int:
        """How many readers it was meant for when it was planned."""
        return self.accepted + self.refused + self.uncertain + self.dropped + self.planned

    def stopped(self, by: StoppedBy, problem: Problem) -> DeliveryReport:
        """The report of a run that ended by that."""
        known = any(one.key == problem.key for one in self.problems)
        return replace(self, stopped_by=by, problems=self.problems if known else (*self.problems, problem))

    def with_sum(self, found: Sum) -> DeliveryReport:
        """The report with the edition's sum in it."""
        waiting = (DeliveryState.PLANNED, DeliveryState.HANDED)
        return replace(
            self,
            candidates=found.candidates or 0,
            accepted=found.of(DeliveryState.ACCEPTED),
            refused=found.of(DeliveryState.REFUSED),
            uncertain=found.of(DeliveryState.UNCERTAIN),
            dropped=found.of(DeliveryState.DROPPED),
            planned=sum(map(found.of, waiting)),
            exclusions=found.exclusions,
            drops=found.dropped,
        )
