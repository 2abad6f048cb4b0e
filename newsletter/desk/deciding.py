"""What an edition becomes by an editor's choices: what comes in, what gives way, what comes back. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from content.teaser import Teaser
from newsletter.composition.ranking import plan_of
from newsletter.composition.revise import pushed_out, revised
from newsletter.desk.choices import missing
from newsletter.edition import Edits, Selection, Story
from newsroom.masthead import Newsletter, Newsroom

Placed = tuple[str, Story]
"""A story with the section that it stood in last; with none where it stood in none, or led."""


@dataclass(frozen=True, slots=True)
class Back:
    """The stories that edits name and that the edition does not have."""

    had: Sequence[Placed] = ()
    """Those that an earlier revision had."""
    without_room: Sequence[Placed] = ()
    """Those that none had."""

    @property
    def stories(self) -> Sequence[Placed]:
        """All of them."""
        return (*self.had, *self.without_room)

    @property
    def ids(self) -> frozenset[str]:
        """Their ids."""
        return frozenset(story.teaser.id for _, story in self.stories)


@dataclass(frozen=True, slots=True)
class Given:
    """What is known when an edition is changed."""

    newsroom: Newsroom
    newsletter: Newsletter
    before: Selection
    live: Mapping[str, Teaser]
    """The articles of its stories, of `back` and of `gave_way` as they are, by id; those withdrawn are not in
    it."""
    now: datetime
    due: datetime
    back: Back = field(default_factory=Back)
    gave_way: Sequence[Placed] = ()
    """What had to make room for other choices before, that which left last first."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What an edition becomes."""

    selection: Selection
    fresh: Selection
    """What it would be without the edits, brought up to date alone."""
    came_back: tuple[str, ...] = ()
    """The ids of what had given way and is in it again."""


def decided(given: Given, edits: Edits) -> Decided:
    """The edition after the edits. A story that is taken in where its section is full takes the room of the
    section's last one, which stands among the latest headlines only where it takes nobody's room there.
    What gave way before comes back where it has room beside all others, and changes no lead."""
    fresh = _revised(given, Edits(), Back(), given.live)
    back, came_back = given.back, []
    after = _with(given, fresh, edits, back)
    for one in given.gave_way:
        id_ = one[1].teaser.id
        more = replace(back, had=(*back.had, one))
        tried = _with(given, fresh, edits, more)
        if _ids(tried) == _ids(after) | {id_} and tried.leading == after.leading:
            after, back = tried, more
            came_back.append(id_)
    return Decided(after, fresh, tuple(came_back))


def last_seen(revisions: Iterable[Selection], ids: Iterable[str]) -> tuple[Placed, ...]:
    """The stories of these ids, of each the one in the first of `revisions` that has it; ids that none has
    are left out."""
    wanted, found = set(ids), []
    for selection in revisions if wanted else ():
        placed = [(block.section, story) for block in selection.blocks for story in block.stories]
        if selection.lead is not None:
            placed.append(("", selection.lead))
        for section, story in placed:
            if story.teaser.id in wanted:
                wanted.discard(story.teaser.id)
                found.append((section, story))
        if not wanted:
            break
    return tuple(found)


def _with(given: Given, fresh: Selection, edits: Edits, back: Back) -> Selection:
    """The selection after the edits, with room made for what they take back; `fresh` is the one without."""
    comes_on_top = {story for story, _ in edits.places} | {story.teaser.id for _, story in back.without_room}
    if comes_on_top and fresh.lead and fresh.edits.lead != fresh.leading and not edits.lead:
        # Where nobody has chosen the story that leads, what comes on top of the first section would lead.
        # The one that leads by now: what led when this was stored may be withdrawn.
        is_free = fresh.leading in {*comes_on_top, *edits.dropped}
        edits = replace(edits, lead=None if is_free else fresh.leading)
    after = _revised(given, edits, back, given.live)
    full = missing(edits.restored, after)
    if full and after.has_news:
        edits = replace(edits, places=(*edits.places, *_rooms(given, back, full)))
        after = _revised(given, edits, back, given.live)
    waiting = pushed_out(given.before, after, edits, given.live)
    if not waiting:
        return after
    return _revised(given, edits, back, {id_: one for id_, one in given.live.items() if id_ not in waiting})


def _revised(given: Given, edits: Edits, back: Back, live: Mapping[str, Teaser]) -> Selection:
    newsroom, newsletter, now, due = given.newsroom, given.newsletter, given.now, given.due
    return revised(given.before, newsroom, newsletter, live, edits, now, due=due, back=back.stories)


def _rooms(given: Given, back: Back, ids: Collection[str]) -> Iterable[tuple[str, str]]:
    """(story, section) for each of `ids`: on top of which full section it comes back in."""
    plan, _ = plan_of(given.newsroom, given.newsletter, Edits())
    keys = {room.section.key for room in plan.news}
    for section, story in back.stories:
        if story.teaser.id in ids and not story.teaser.is_sponsored:
            places = [section] if section in keys else plan.wanted(story.teaser)
            yield from ((story.teaser.id, place) for place in places[:1])


def _ids(selection: Selection) -> set[str]:
    return {story.teaser.id for story in selection.stories}
