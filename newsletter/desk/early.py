"""An edition sent before its hour: what would be in it, and what would not because its time has not come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import Connection

from content.teaser import Teaser
from newsletter import editions
from newsletter.composition.revise import revised
from newsletter.desk.editing import current
from newsletter.edition import Edition, Edits, Selection
from newsroom.masthead import Newsletter
from newsroom.settings import Settings


@dataclass(frozen=True, slots=True)
class Early:
    """An edition at its hour and now."""

    at_its_hour: Selection
    now: Selection

    @property
    def lost(self) -> tuple[Teaser, ...]:
        """What is in it at its hour and not now, in reading order."""
        kept = {story.teaser.id for story in self.now.stories}
        return tuple(story.teaser for story in self.at_its_hour.stories if story.teaser.id not in kept)


def early(
    connection: Connection,
    settings: Settings,
    newsletter: Newsletter,
    edition: Edition,
    now: datetime,
    edits: Edits | None = None,
) -> Early:
    """What becomes of a composed edition that is sent at `now`, with these edits made before."""
    stored = editions.selection_of(connection, edition.key, edition.revision)
    newsroom, made = settings.newsroom, edits or Edits()
    hour = max(now, edition.due)
    later = current(connection, newsroom, stored.stories, hour)
    there = {id_: teaser for id_, teaser in later.items() if teaser.published <= now}
    return Early(
        revised(stored, newsroom, newsletter, later, made, now, due=hour),
        revised(stored, newsroom, newsletter, there, made, now),
    )
