"""Where each story of an edition stands: the lead, the sections, the latest headlines."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import chain

from newsletter.composition.ranking import Plan, freshness
from newsletter.edition import Block, Edits, LeftOut, Story
from newsletter.left_out import Why
from newsroom.masthead import SectionKind


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Lead and news blocks in the newsletter's order, empty ones left out."""

    lead: Story | None
    blocks: tuple[Block, ...]
    left_out: tuple[LeftOut, ...]
    warnings: tuple[str, ...]

    @property
    def makes_an_edition(self) -> bool:
        """False where there are no more than latest headlines beside sections that have nothing.

        A newsletter of latest headlines alone has its lead from them.
        """
        return self.lead is not None or any(block.kind is not SectionKind.LATEST for block in self.blocks)


def arranged(plan: Plan, stories: Sequence[Story], edits: Edits) -> Arrangement:
    """Every story at most once, under the first section that wants it and has room.

    The lead stands apart and takes no section's room. It is the editor's choice, else the first of the
    pinned, else the first story that is not sensitive, new and editorial ones before carried-over ones
    and briefs. Editorial stories that no section took may still be among the latest headlines.
    """
    pool = sorted((story for story in stories if story.teaser.id not in edits.dropped), key=plan.order)
    lead, warnings = _lead(plan, pool, edits)
    shown = {lead.teaser.id} if lead else set()
    taken: dict[int, tuple[Story, ...]] = {}
    for number, room in enumerate(plan.rooms):
        if room.section.is_news:
            taken[number] = _taken(plan, pool, shown, room.section.key, room.stories)
            shown.update(story.teaser.id for story in taken[number])
    for number, room in enumerate(plan.rooms):
        if room in plan.latest:
            taken[number] = _newest(plan, pool, shown, room.stories)
            shown.update(story.teaser.id for story in taken[number])
    blocks = tuple(
        Block(room.section.key, room.section.title, room.section.kind, taken[number])
        for number, room in enumerate(plan.rooms)
        if taken.get(number)
    )
    left_out = tuple(_left_out(plan, story, edits) for story in stories if story.teaser.id not in shown)
    return Arrangement(lead, blocks, left_out, warnings)


def _lead(plan: Plan, pool: Sequence[Story], edits: Edits) -> tuple[Story | None, tuple[str, ...]]:
    warnings = []
    if edits.lead:
        chosen = next((story for story in pool if story.teaser.id == edits.lead), None)
        if chosen:
            return chosen, ()
        warnings.append(f"{edits.lead} was chosen as the lead but is not among the stories of this edition")
    # A newsletter of nothing but latest headlines has a lead as well.
    reachable = [story for story in pool if plan.wanted(story.teaser) or _may_head(plan, story)]
    reachable.sort(key=plan.lead_order)
    pinned = [story for story in reachable if story.teaser.pinned]
    # What stays at the top of the site leads where nobody has a word for the digest itself.
    pinned = [story for story in pinned if not story.teaser.sticky] or pinned
    if pinned:
        if len(pinned) > 1:
            names = " and ".join(f'"{story.teaser.headline}"' for story in pinned)
            warnings.append(f'more than one lead: {names}; "{pinned[0].teaser.headline}" leads')
        return pinned[0], tuple(warnings)
    quiet = next((story for story in reachable if not story.teaser.sensitive), None)
    return quiet, tuple(warnings)


def _taken(
    plan: Plan, pool: Sequence[Story], shown: Collection[str], key: str, most: int
) -> tuple[Story, ...]:
    free = (s for s in pool if s.teaser.id not in shown and key in plan.wanted(s.teaser))
    return tuple(free)[:most]


def _may_head(plan: Plan, story: Story) -> bool:
    return not plan.news and plan.is_headline(story.teaser)


def _newest(plan: Plan, pool: Sequence[Story], shown: Collection[str], most: int) -> tuple[Story, ...]:
    # A story carried over for days is no latest headline; it waits for room in its section.
    free = [
        story
        for story in pool
        if story.teaser.id not in shown and not story.is_carried and plan.is_headline(story.teaser)
    ]
    free.sort(key=lambda story: story.teaser.id)
    free.sort(key=freshness, reverse=True)
    return tuple(free)[:most]


def _left_out(plan: Plan, story: Story, edits: Edits) -> LeftOut:
    teaser = story.teaser
    if teaser.id in edits.dropped:
        return LeftOut(teaser.id, Why.DROPPED)
    wanted = plan.wanted(teaser)
    if not wanted:
        own = tuple(teaser.sections)
        return LeftOut(teaser.id, Why.ELSEWHERE, (own,)) if own else LeftOut(teaser.id, Why.NOWHERE)
    full = ((room.section.title, room.stories) for room in plan.news if room.section.key in wanted)
    return LeftOut(teaser.id, Why.FULL, tuple(chain.from_iterable(full)), for_room=True)
