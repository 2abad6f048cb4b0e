"""Articles that a full pass meets for the first time: kept back until it is known what is gone."""

from __future__ import annotations

from dataclasses import dataclass, field

from content.sync_plan import Change, SyncPlan

MOST = 2_000
"""So many are kept in memory; where more come they are stored at once, as those of a first pass are."""


@dataclass(slots=True)
class Arrivals:
    """New ones of one pass. Where a source has others in the place of most that were known, and that is held,
    none of them is stored: they would be the same stories once more."""

    is_open: bool
    """Whether any is kept back at all."""
    kept: list[Change] = field(default_factory=list)
    _met: set[str] = field(default_factory=set)
    """Their ids and addresses."""

    def keep_back(self, plan: SyncPlan) -> None:
        """Take what is new out of the plan; what is taken back at once stays in it."""
        if not self.is_open:
            return
        gone = set(plan.withdraw)
        for one in plan.insert:
            # One that comes twice in a pass is looked at by the next one, beside what is stored by then.
            if one.article.id not in gone and self._met.isdisjoint((one.article.id, one.article.url)):
                self._met |= {one.article.id, one.article.url}
                self.kept.append(one)
        plan.insert = [one for one in plan.insert if one.article.id in gone]
        if len(self.kept) > MOST:
            plan.insert += self.kept
            self.is_open, self.kept = False, []
