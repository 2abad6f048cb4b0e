"""Which of two stories comes first, and which section wants a story."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from content.teaser import Teaser
from newsletter.edition import Edits, Story
from newsroom.masthead import Newsletter, Newsroom, Section, SectionKind

_UNRANKED = 1 << 31


@dataclass(frozen=True, slots=True)
class Room:
    """A block of the newsletter before anything stands in it."""

    section: Section
    stories: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The newsletter's blocks in their order, and which of them wants what."""

    rooms: tuple[Room, ...]
    edited: Mapping[str, str]
    """Article id → the news section in which an editor put it for this edition; who is first comes first."""
    editorial: frozenset[str] = frozenset()
    """The keys of the newsroom's editorial sections, in this newsletter or not."""

    @property
    def news(self) -> tuple[Room, ...]:
        """The blocks for the newsroom's own articles, in order."""
        return tuple(room for room in self.rooms if room.section.is_news)

    @property
    def latest(self) -> tuple[Room, ...]:
        """The blocks of newest headlines."""
        return tuple(room for room in self.rooms if room.section.kind is SectionKind.LATEST)

    def wanted(self, teaser: Teaser) -> tuple[str, ...]:
        """The keys of the news blocks that want this article, in the newsletter's order."""
        keys = tuple(room.section.key for room in self.news)
        for chosen in (self.edited.get(teaser.id, ""), teaser.place):
            if chosen in keys:
                return (chosen,)
        return tuple(key for key in keys if key in teaser.sections)

    def shows(self, teaser: Teaser) -> bool:
        """True for an article that some block could show."""
        return bool(self.wanted(teaser)) or (bool(self.latest) and self.is_headline(teaser))

    def is_headline(self, teaser: Teaser) -> bool:
        """True for what may stand among the latest headlines: they come from any editorial section."""
        return not self.editorial.isdisjoint(teaser.sections)

    def order(self, story: Story) -> tuple[int, bool, int, float, str]:
        """The sort key inside a section: placed by an editor, new before carried over, rank, newest, id."""
        teaser = story.teaser
        return (
            next((n for n, placed in enumerate(self.edited) if placed == teaser.id), len(self.edited)),
            story.is_carried,
            _UNRANKED if teaser.rank is None else teaser.rank,
            -freshness(story).timestamp(),
            teaser.id,
        )

    def lead_order(self, story: Story) -> tuple[bool, bool, int, tuple[int, bool, int, float, str]]:
        """The sort key among leads: new, editorial, the first section's first."""
        wanted = self.wanted(story.teaser)
        position = next((number for number, room in enumerate(self.news) if room.section.key in wanted), 0)
        briefs = bool(wanted) and self.news[position].section.kind is SectionKind.BRIEFS
        return (story.is_carried, briefs, position, self.order(story))


def plan_of(newsroom: Newsroom, newsletter: Newsletter, edits: Edits) -> tuple[Plan, tuple[str, ...]]:
    """The newsletter's plan, and a warning for every edit that names a section it cannot use."""
    sections = ((newsroom.section(place.section), place.stories) for place in newsletter.places)
    rooms = tuple(Room(section, stories) for section, stories in sections if section is not None)
    keys = [room.section.key for room in rooms if room.section.is_news]
    edited = {article: key for article, key in edits.places if key in keys}
    warnings = tuple(
        f'{article}: "{key}" is not a news section of {newsletter.key}, so the edit of its place is ignored; '
        f"allowed: {', '.join(keys)}"
        for article, key in edits.places
        if key not in keys
    )
    editorial = frozenset(
        section.key for section in newsroom.sections if section.kind is SectionKind.EDITORIAL
    )
    return Plan(rooms, edited, editorial), warnings


def misplaced(plan: Plan, newsletter: Newsletter, stories: Iterable[Story]) -> tuple[str, ...]:
    """A warning for each story whose own `place` is no news section of the newsletter."""
    keys = {room.section.key for room in plan.news}
    return tuple(
        f'"{story.teaser.headline}": its place "{story.teaser.place}" is not a news section of '
        f"{newsletter.key}, so it is ignored"
        for story in stories
        if story.teaser.place and story.teaser.place not in keys
    )


def freshness(story: Story) -> datetime:
    """What "newest" goes by: publication, and for a readmitted story its update."""
    teaser = story.teaser
    return max(teaser.published, teaser.updated) if story.is_update else teaser.published
