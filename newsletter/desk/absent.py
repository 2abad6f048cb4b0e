"""Stories that an edition does not have and may have again: what editors dropped, what had no room."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import Connection

from content import catalogue
from newsletter import editions, used_stories
from newsletter.composition.ranking import plan_of
from newsletter.edition import Edition, Edits, LeftOut, Selection, Story
from newsletter.left_out import Why
from newsroom.masthead import Newsletter, Newsroom
from newsroom.settings import Settings


@dataclass(frozen=True, slots=True)
class Back:
    """The stories that edits name and that the edition does not have, each with the section it stood in last;
    with none where it stood in none, or led."""

    dropped: Sequence[tuple[str, Story]] = ()
    """Those that an earlier revision had."""
    without_room: Sequence[tuple[str, Story]] = ()
    """Those that none had."""

    @property
    def stories(self) -> Sequence[tuple[str, Story]]:
        """All of them."""
        return (*self.dropped, *self.without_room)

    @property
    def ids(self) -> frozenset[str]:
        """Their ids."""
        return frozenset(story.teaser.id for _, story in self.stories)


def back_for(
    connection: Connection,
    settings: Settings,
    edition: Edition,
    before: Selection,
    edits: Edits,
    hour: datetime,
) -> Back:
    """What these edits take back into the edition, as it is at `hour`."""
    named = {*edits.restored, *(story for story, _ in edits.places)} | ({edits.lead} if edits.lead else set())
    wanted = named - {story.teaser.id for story in before.stories}
    if not wanted:
        return Back()
    found = dropped_stories(connection, edition, wanted)
    wanted -= {story.teaser.id for _, story in found}
    ids = [one.article_id for one in no_room(connection, edition) if one.article_id in wanted]
    teasers = catalogue.by_ids(connection, ids, hour, settings.newsroom.paywall)
    provider = settings.delivery.provider
    used = used_stories.used(connection, edition.newsletter, ids, provider, but=edition.key)
    # What readers have had before is an update, as it would be by the rules.
    stories = [Story(one, is_update=one.again and one.id in used) for one in teasers.values()]
    return Back(found, tuple(("", story) for story in stories))


def rooms(
    newsroom: Newsroom, newsletter: Newsletter, back: Back, ids: Collection[str]
) -> Iterator[tuple[str, str]]:
    """(story, section) for each of `ids`: on top of which full section it comes back in. Pure."""
    plan, _ = plan_of(newsroom, newsletter, Edits())
    keys = {room.section.key for room in plan.news}
    for section, story in back.stories:
        if story.teaser.id in ids and not story.teaser.is_sponsored:
            places = [section] if section in keys else plan.wanted(story.teaser)
            yield from ((story.teaser.id, place) for place in places[:1])


def no_room(connection: Connection, edition: Edition) -> Sequence[LeftOut]:
    """What was left out of the edition for want of room alone: an editor may take it in."""
    left_out = editions.left_out_of(connection, edition.key, edition.revision)
    return [one for one in left_out if one.for_room]


def gave_way_for(
    connection: Connection, edition: Edition, ids: Collection[str]
) -> Sequence[tuple[str, Story]]:
    """What gave way to stories that editors took in, each with the section it stood in last, where one of
    `ids` was taken in so; else none."""
    if not ids:
        return ()
    composed = {story.teaser.id for story in editions.selection_of(connection, edition.key, 1).stories}
    if composed.issuperset(ids):
        return ()
    left_out = [one for one in no_room(connection, edition) if one.why is Why.GAVE_WAY]
    return dropped_stories(connection, edition, [one.article_id for one in left_out])


def dropped_stories(
    connection: Connection, edition: Edition, ids: Iterable[str]
) -> Sequence[tuple[str, Story]]:
    """The stories of these ids that earlier revisions have, each with the section it stood in last; ids that
    none has are left out."""
    missing, found = set(ids), []
    for revision in range(edition.revision, 0, -1):
        if not missing:
            break
        selection = editions.selection_of(connection, edition.key, revision)
        placed = [(block.section, story) for block in selection.blocks for story in block.stories]
        if selection.lead is not None:
            placed.append(("", selection.lead))
        for section, story in placed:
            if story.teaser.id in missing:
                missing.discard(story.teaser.id)
                found.append((section, story))
    return found


def dropped(connection: Connection, edition: Edition) -> Sequence[Story]:
    """The stories that editors have dropped from the edition, to be taken back."""
    left_out = editions.left_out_of(connection, edition.key, edition.revision)
    ids = [one.article_id for one in left_out if one.why is Why.DROPPED]
    return [story for _, story in dropped_stories(connection, edition, ids)]
