"""A composed edition brought up to date, before its first hand-over and after it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from content.teaser import Teaser
from newsletter.composition.arrangement import arranged
from newsletter.composition.neighbours import kept_apart
from newsletter.composition.ranking import Plan, plan_of
from newsletter.composition.sponsored import runs
from newsletter.composition.subject import entitled, has_fields
from newsletter.edition import Block, Edits, LeftOut, Selection, Story
from newsletter.left_out import Why
from newsletter.remainder import remainder
from newsroom.masthead import Newsletter, Newsroom, SectionKind


def revised(
    selection: Selection,
    newsroom: Newsroom,
    newsletter: Newsletter,
    current: Mapping[str, Teaser],
    edits: Edits,
    now: datetime,
    withdrawals_only: bool = False,
    due: datetime | None = None,
    back: Sequence[tuple[str, Story]] = (),
) -> Selection:
    """The selection as it should go out now; equal to the one given where nothing changed.

    `current` has the live articles among the selection's, by id: one that is absent was withdrawn. `edits`
    come on top of those the selection holds already. No story is added but those that editors took `back`,
    each with the section it stood in: what is new since goes into the next edition. Before the first
    hand-over stories, lead, places, offer and subject are made anew from what was chosen; `due` is the
    edition's hour where that is still to come: bookings stay that run then, and stories that are out by then.
    After it (`withdrawals_only`) everything stays frozen but what was withdrawn.

    A subject written by hand is given up when the story goes that led then: the rule makes one again.

    Where it took the last news story, the result's `has_news` is false: such an edition is not sent.
    """
    if withdrawals_only:
        if all(story.teaser.id in current for story in selection.stories):
            return selection
        return remainder(selection, lambda story, _: story.teaser.id in current)
    is_new_subject = bool(edits.subject)
    edits = selection.edits.then(edits)
    plan, _ = plan_of(newsroom, newsletter, edits)
    stories = [
        replace(story, teaser=current[story.teaser.id])
        for story in (*selection.stories, *(story for _, story in back))
        if not story.teaser.is_sponsored and _is_live_news(current.get(story.teaser.id), max(now, due or now))
    ]
    arrangement = arranged(plan, stories, edits)
    if not arrangement.makes_an_edition:
        return replace(selection, lead=None, blocks=(), preheader="", edits=edits)
    titles = {section.key: section.title for section in newsroom.sections}
    booked = _blocks_with(
        _sponsored(selection, back, plan), lambda story: _still_runs(story, current, edits, now, due or now)
    )
    sponsored = tuple(replace(block, title=titles.get(block.section, block.title)) for block in booked)
    blocks = arrangement.blocks + sponsored
    edits = _with_subject(edits, arrangement.lead, blocks, is_new=is_new_subject)
    changed = replace(
        selection,
        lead=arrangement.lead,
        blocks=blocks,
        offer=newsroom.offer,
        note=edits.note or "",
        edits=edits,
        rule=replace(selection.rule, template=newsletter.subject, name=newsroom.name, title=newsletter.title),
    )
    return entitled(kept_apart(changed).selection)


def _with_subject(edits: Edits, lead: Story | None, blocks: tuple[Block, ...], *, is_new: bool) -> Edits:
    """The edits, a subject only as long as the story is there that it was written for."""
    if is_new:
        # One with fields to fill in says nothing of a story that is gone.
        is_made = has_fields(edits.subject or "")
        return replace(edits, subject_of=lead.teaser.id if lead and not is_made else None)
    if not edits.subject or edits.subject_of is None:
        return edits
    there = {story.teaser.id for block in blocks for story in block.stories}
    if edits.subject_of in there or (lead is not None and lead.teaser.id == edits.subject_of):
        return edits
    return replace(edits, subject=None, subject_of=None)


def pushed_out(before: Selection, after: Selection, edits: Edits, current: Collection[str]) -> frozenset[str]:
    """The ids of the stories that an editor's changes moved from their section among the latest headlines,
    in the place of others there: they are to wait, not those. `current` as in `revised`. Pure."""
    kept = {story.teaser.id for story in after.stories}
    headlines = {id_ for id_, kind in _kinds(after) if kind is SectionKind.LATEST}
    lost = [
        id_
        for id_, kind in _kinds(before)
        if kind is SectionKind.LATEST and id_ not in kept and id_ in current and id_ not in edits.dropped
    ]
    moved = [id_ for id_, kind in _kinds(before) if kind is not SectionKind.LATEST and id_ in headlines]
    return frozenset(moved[-len(lost) :]) if lost else frozenset()


def _kinds(selection: Selection) -> list[tuple[str, SectionKind]]:
    """(id, its block's kind) of each story below the lead, in reading order."""
    return [(story.teaser.id, block.kind) for block in selection.blocks for story in block.stories]


def taken_out(
    before: Selection, after: Selection, edits: Edits, current: Collection[str]
) -> tuple[LeftOut, ...]:
    """The account of the stories that an editor's changes took out; `current` as in `revised`. Pure.

    What was dropped is dropped from this edition alone; what lost its room to another waits for the next.
    """
    kept = {story.teaser.id for story in after.stories}
    return tuple(_taken_out(story, edits, current) for story in before.stories if story.teaser.id not in kept)


def _taken_out(story: Story, edits: Edits, current: Collection[str]) -> LeftOut:
    id_ = story.teaser.id
    if id_ in edits.dropped:
        return LeftOut(id_, Why.DROPPED)
    if id_ not in current:
        return LeftOut(id_, Why.WITHDRAWN)
    return LeftOut(id_, Why.GAVE_WAY, for_room=not story.teaser.is_sponsored)


def _is_live_news(teaser: Teaser | None, now: datetime) -> bool:
    return teaser is not None and teaser.published <= now and not teaser.is_sponsored


def _still_runs(
    story: Story, current: Mapping[str, Teaser], edits: Edits, now: datetime, due: datetime
) -> Story | None:
    teaser = current.get(story.teaser.id)
    if teaser is None or teaser.id in edits.dropped:
        return None
    if not teaser.is_sponsored or teaser.published > now or not runs(teaser, max(now, due)):
        return None
    return replace(story, teaser=teaser)


def _sponsored(selection: Selection, back: Sequence[tuple[str, Story]], plan: Plan) -> tuple[Block, ...]:
    """The sponsored blocks, what was taken back at the end of its own."""
    blocks = {block.section: block for block in selection.blocks if block.kind is SectionKind.SPONSORED}
    for stood_in, story in back:
        section = stood_in or _sponsored_section(story.teaser, plan)
        if story.teaser.is_sponsored and section:
            empty = Block(section, section, SectionKind.SPONSORED, ())
            block = blocks.get(section, empty)
            blocks[section] = replace(block, stories=(*block.stories, story))
    return tuple(blocks.values())


def _sponsored_section(teaser: Teaser, plan: Plan) -> str:
    """The key of the section that shows a booking which none has shown; empty where none does."""
    sponsored = (room.section for room in plan.rooms if room.section.kind is SectionKind.SPONSORED)
    return next((section.key for section in sponsored if section.key in teaser.sections), "")


def _blocks_with(blocks: tuple[Block, ...], kept: Callable[[Story], Story | None]) -> tuple[Block, ...]:
    changed = []
    for block in blocks:
        stories = tuple(story for story in map(kept, block.stories) if story is not None)
        if stories:
            changed.append(replace(block, stories=stories))
    return tuple(changed)
