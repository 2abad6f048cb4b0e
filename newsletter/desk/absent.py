"""Stories that an edition does not have and may have again: what editors dropped, what had no room, what was
withdrawn and is there again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy.engine import Connection

from content import catalogue
from content.teaser import Teaser
from newsletter import editions, used_stories
from newsletter.desk.deciding import Back, Placed, last_seen
from newsletter.edition import Edition, Edits, LeftOut, Selection, Story
from newsletter.left_out import Why
from newsroom.settings import Settings


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
    found = seen_last(connection, edition, wanted)
    wanted -= {story.teaser.id for _, story in found}
    ids = [one.article_id for one in no_room(connection, edition) if one.article_id in wanted]
    teasers = catalogue.by_ids(connection, ids, hour, settings.newsroom.paywall)
    used = _used(connection, settings, edition, ids)
    # What readers have had before is an update, as it would be by the rules.
    stories = [Story(one, is_update=one.again and one.id in used) for one in teasers.values()]
    return Back(found, tuple(("", story) for story in stories))


def no_room(connection: Connection, edition: Edition) -> Sequence[LeftOut]:
    """What was left out of the edition for want of room alone: an editor may take it in."""
    left_out = editions.left_out_of(connection, edition.key, edition.revision)
    return [one for one in left_out if one.for_room]


def gave_way(connection: Connection, edition: Edition, but: Collection[str]) -> Sequence[Placed]:
    """What had to make room for what editors chose, without those ids; what left last comes first."""
    ids = _left_out(connection, edition, Why.GAVE_WAY)
    return seen_last(connection, edition, [one for one in ids if one not in but])


def returned(
    connection: Connection, settings: Settings, edition: Edition, now: datetime
) -> Mapping[str, Teaser]:
    """By id, the stories that were withdrawn from the edition or put off, that are to be out when it goes,
    and that no other edition has by then."""
    ids = _left_out(connection, edition, Why.WITHDRAWN)
    live = catalogue.by_ids(connection, ids, max(now, edition.goes), settings.newsroom.paywall)
    taken = elsewhere(connection, settings, edition, live.values())
    return {id_: teaser for id_, teaser in live.items() if id_ not in taken}


def elsewhere(
    connection: Connection, settings: Settings, edition: Edition, teasers: Iterable[Teaser]
) -> frozenset[str]:
    """The ids of those that another edition has: nobody gets them twice, but for what is marked `again` and
    was revised since."""
    by_id = {teaser.id: teaser for teaser in teasers}
    used = _used(connection, settings, edition, by_id)
    return frozenset(
        id_ for id_, number in used.items() if not (by_id[id_].again and by_id[id_].revision > number)
    )


def seen_last(connection: Connection, edition: Edition, ids: Iterable[str]) -> tuple[Placed, ...]:
    """The stories of these ids, of each the one in the last revision that has it; others are left out."""
    return last_seen(_revisions(connection, edition), ids)


def dropped(connection: Connection, edition: Edition) -> Sequence[Story]:
    """The stories that editors have dropped from the edition, to be taken back."""
    ids = _left_out(connection, edition, Why.DROPPED)
    return [story for _, story in seen_last(connection, edition, ids)]


def _left_out(connection: Connection, edition: Edition, why: Why) -> Sequence[str]:
    left_out = editions.left_out_of(connection, edition.key, edition.revision)
    return [one.article_id for one in left_out if one.why is why]


def _used(
    connection: Connection, settings: Settings, edition: Edition, ids: Collection[str]
) -> Mapping[str, int]:
    """Those of `ids` that another edition has, with the highest article revision shown."""
    provider = settings.delivery.provider
    return used_stories.used(connection, edition.newsletter, ids, provider, but=edition.key)


def _revisions(connection: Connection, edition: Edition) -> Iterator[Selection]:
    """What was chosen, the newest first."""
    for number in range(edition.revision, 0, -1):
        yield editions.selection_of(connection, edition.key, number)
