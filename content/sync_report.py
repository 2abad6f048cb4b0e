"""What a sync of one source found and did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from content.named import Names, joined
from content.sources import Problem
from content.sync_plan import SyncPlan


@dataclass(frozen=True, slots=True)
class SyncReport:
    """The numbers of articles. Embargoed ones are a number here and nothing else."""

    source: str
    found: int = 0
    """Different articles that the source has and that can be used."""
    inserted: int = 0
    updated: int = 0
    moved: int = 0
    withdrawn: int = 0
    restored: int = 0
    unchanged: int = 0
    twice: int = 0
    embargoed: int = 0
    elsewhere: int = 0
    """Articles that a source before this one has as well."""
    unplaced: Mapping[str, int] = field(default_factory=dict)
    """How many articles stand in none of our sections, by the source's own name for where."""
    held: str = ""
    """Why nothing was changed; empty where it was not held."""
    problems: tuple[Problem, ...] = ()
    names: Names = field(default_factory=dict)
    """Some of those that changed."""


def report_of(source: str, plan: SyncPlan, problems: Sequence[Problem]) -> SyncReport:
    """What carrying out the plan comes to; of one that is held, nothing but what was found."""
    new = {change.article.id for change in plan.insert}
    inserted = len(new.difference(plan.withdraw))
    severity: tuple[Literal["error", "warning"], ...] = ("error", "warning")
    told = tuple(
        sorted((*problems, *plan.problems), key=lambda one: (severity.index(one.severity), one.place))
    )
    found = inserted + len(plan.update) + len(plan.move) + len(plan.restore) + plan.unchanged
    if plan.held:
        return SyncReport(source, found, held=plan.held, problems=told)
    return SyncReport(
        source=source,
        found=found,
        inserted=inserted,
        updated=len(plan.update),
        moved=len(plan.move),
        withdrawn=len(plan.withdraw),
        restored=len(plan.restore),
        unchanged=plan.unchanged,
        twice=plan.twice,
        embargoed=plan.embargoed,
        problems=told,
    )


def together(one: SyncReport, other: SyncReport) -> SyncReport:
    """Two parts of one source's sync as one report."""
    unplaced = dict(one.unplaced)
    for name, count in other.unplaced.items():
        unplaced[name] = unplaced.get(name, 0) + count
    return SyncReport(
        source=one.source,
        found=one.found + other.found,
        inserted=one.inserted + other.inserted,
        updated=one.updated + other.updated,
        moved=one.moved + other.moved,
        withdrawn=one.withdrawn + other.withdrawn,
        restored=one.restored + other.restored,
        unchanged=one.unchanged + other.unchanged,
        twice=one.twice + other.twice,
        embargoed=one.embargoed + other.embargoed,
        elsewhere=one.elsewhere + other.elsewhere,
        unplaced=unplaced,
        held=one.held or other.held,
        problems=(*one.problems, *other.problems),
        names=joined(one.names, other.names),
    )
