"""Articles that would be open to more readers than they were: kept back until a whole pass was seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from content.article import Access
from content.holdings import KnownArticle
from content.sync_plan import FEW, Change, SyncPlan

MOST = 500
"""So many at once are held, however many there are besides: they are kept in memory until it is decided."""
SEVERAL = 2
"""Fewer are no alarm: an editor opens an article now and then, and it may be the only closed one."""


@dataclass(slots=True)
class Openings:
    """What one pass would open. Each plan goes through `keep_back` before it is carried out."""

    is_allowed: bool = False
    """Somebody has said that it may be: nothing is kept back."""
    met: int = 0
    """Closed articles that the pass has met so far."""
    count: int = 0
    """Those of them that would be open to more readers."""
    kept: SyncPlan = field(default_factory=SyncPlan)
    """What is done once it is decided that they may be."""

    def keep_back(self, plan: SyncPlan, known: Mapping[str, KnownArticle]) -> None:
        """Take out of the plan what would open known articles, and what comes beside that and is not paid:
        it may be what was closed until now, by a name that has changed."""
        if self.is_allowed:
            return
        for name in ("update", "move", "restore", "touch"):
            there: list[Change] = getattr(plan, name)
            opening = [one for one in there if _opens(one, known[one.article.id])]
            if opening:
                setattr(plan, name, [one for one in there if not _opens(one, known[one.article.id])])
                getattr(self.kept, name).extend(opening)
                self.count += len(opening)
        gone = set(plan.withdraw)
        if self.count and len(self.kept.insert) < MOST:
            open_ = [one for one in plan.insert if _is_open(one) and one.article.id not in gone]
            plan.insert = [one for one in plan.insert if not _is_open(one) or one.article.id in gone]
            self.kept.insert += open_
        if self.count > MOST:
            # It will be held: nothing of it is needed any more.
            self.kept = SyncPlan()

    def held(self, closed: int) -> str:
        """Why none of them is opened, of so many `closed` ones; empty where they may be."""
        several = self.count >= SEVERAL
        most = self.count == closed or (closed >= FEW and 2 * self.count > closed) or self.count > MOST
        if not (several and most):
            return ""
        return (
            f"{self.count:,} of its {closed:,} articles that are not for everybody would be open to more "
            "readers, and none was opened; see whether its rules (`paid`, `registered`, `free`, `access`) "
            "still name what makes them paid over there, or let them with `sync --allow-opening`"
        )


def _opens(change: Change, before: KnownArticle) -> bool:
    return change.article.access.closed < Access(before.access).closed


def _is_open(change: Change) -> bool:
    return change.article.access is not Access.PAID
