"""What happened so far in one run of an edition's delivery."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from newsletter.delivery.delivery_report import Problem, StoppedBy
from newsletter.delivery.doubt import Doubt
from newsletter.delivery.outage import Outage
from newsletter.providers import Batch, Outcome


@dataclass(slots=True)
class Run:
    """What happened so far."""

    batches: int = 0
    readers: int = 0
    widened: int = 0
    stopped_by: StoppedBy | None = None
    next_at: datetime | None = None
    waited: timedelta = timedelta()
    """Since something was accepted."""
    problems: dict[str, Problem] = field(default_factory=dict)
    doubt: Doubt = field(default_factory=Doubt)
    outage: Outage = field(default_factory=Outage)
    flying: dict[Future[Outcome], Batch] = field(default_factory=dict)

    def stop(self, by: StoppedBy, problem: Problem) -> None:
        """End the run; a problem that several connections have is said once."""
        self.stopped_by = by
        self.problems.setdefault(problem.key, problem)

    def tell(self, key: str, lines: Iterable[str]) -> None:
        """Have an editor know what became of the edition's own words."""
        for line in lines:
            problem = Problem(f"{key}:by hand:{line[:11]}", f"{key}: {line}", is_notice=True)
            self.problems.setdefault(problem.message, problem)
