"""What is left of an edition when some of its stories go: withdrawn, or not of a reader's sections."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from newsletter.composition.neighbours import kept_apart
from newsletter.composition.subject import entitled
from newsletter.edition import Block, Selection, Story
from newsroom.masthead import SectionKind

_LEADING = (SectionKind.EDITORIAL, SectionKind.BRIEFS, SectionKind.LATEST)

Keeps = Callable[[Story, str], bool]
"""Whether a story stays in the section with that key; the lead's key is empty."""


def remainder(selection: Selection, keeps: Keeps) -> Selection:
    """The selection with only the stories that `keeps` wants, in their places.

    Where the lead goes, the first story that is not sensitive takes its place, editorial before briefs
    before latest headlines; an editor's subject gives way to the rule's with the lead, or with the story that
    led when it was written. Sponsored
    stories stay only beside news: where no news is left, nothing is.
    """
    lead = selection.lead if selection.lead and keeps(selection.lead, "") else None
    blocks = tuple(_kept(block, keeps) for block in selection.blocks)
    edits = selection.edits
    there = {story.teaser.id for block in blocks for story in block.stories}
    if lead is None and selection.lead is not None:
        lead, blocks = _promoted(blocks)
        edits = replace(edits, subject=None, subject_of=None)
    elif edits.subject_of and edits.subject_of not in there | ({lead.teaser.id} if lead else set()):
        edits = replace(edits, subject=None, subject_of=None)
    left = replace(
        selection, lead=lead, blocks=tuple(block for block in blocks if block.stories), edits=edits
    )
    if not left.has_news:
        return replace(left, lead=None, blocks=(), preheader="")
    return entitled(kept_apart(left).selection)


def _kept(block: Block, keeps: Keeps) -> Block:
    return replace(block, stories=tuple(story for story in block.stories if keeps(story, block.section)))


def _promoted(blocks: tuple[Block, ...]) -> tuple[Story | None, tuple[Block, ...]]:
    quiet = (
        (number, story)
        for kind in _LEADING
        for number, block in enumerate(blocks)
        for story in block.stories
        if block.kind is kind and not story.teaser.sensitive
    )
    found = next(quiet, None)
    if found is None:
        return None, blocks
    number, lead = found
    rest = tuple(story for story in blocks[number].stories if story is not lead)
    return lead, (*blocks[:number], replace(blocks[number], stories=rest), *blocks[number + 1 :])
