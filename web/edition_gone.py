"""Stories that an edition was composed with and that would not go out with it now: which ones, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.engine import Connection

from content import catalogue
from newsletter import editions
from newsletter.desk import absent
from newsletter.edition import Edition, Selection
from newsletter.left_out import Why
from newsroom.settings import Settings

_EVER = timedelta(days=36_500)
"""So far ahead nothing is kept from being published any more."""


@dataclass(frozen=True, slots=True)
class Gone:
    """A story that is not in it any more, though no editor left it out."""

    id: str
    headline: str
    is_withdrawn: bool = False
    published: datetime | None = None
    """When it is published, where that is after the edition goes."""
    can_take: bool = False
    """Whether an editor may take it back: it was withdrawn, is there again, and no other edition has it."""


def gone(
    connection: Connection, settings: Settings, edition: Edition, shown: Selection, now: datetime
) -> tuple[Gone, ...]:
    """Those that the newest revision has and `shown` has not, and those that went with earlier revisions."""
    stored = editions.selection_of(connection, edition.key, edition.revision)
    left_out = editions.left_out_of(connection, edition.key, edition.revision)
    earlier = absent.seen_last(
        connection, edition, [one.article_id for one in left_out if one.why is Why.WITHDRAWN]
    )
    there = {story.teaser.id for story in shown.stories}
    stories = [*stored.stories, *(story for _, story in earlier)]
    headlines = {one.teaser.id: one.teaser.headline for one in stories if one.teaser.id not in there}
    live = catalogue.by_ids(connection, headlines, now + _EVER, settings.newsroom.paywall)
    hour = edition.first_handed or max(now, edition.goes)
    returned = absent.returned(connection, settings, edition, now)
    found = []
    for id_, headline in headlines.items():
        teaser = live.get(id_)
        if teaser is None:
            found.append(Gone(id_, headline, is_withdrawn=True))
        else:
            published = teaser.published if teaser.published > hour else None
            found.append(Gone(id_, teaser.headline, published=published, can_take=id_ in returned))
    return tuple(found)
