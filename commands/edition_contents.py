"""What is in an edition: subject, stories by the names that `edit` takes, what had no room, its batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.engine import Connection

from commands.context import Context
from content import catalogue
from newsletter import editions, ledger
from newsletter.edition import BatchState, Edition, Selection


@dataclass(frozen=True, slots=True)
class Named:
    """A story by the name that `edit` and `why` take, with its headline."""

    name: str
    """Its slug; its id where two stories share that."""
    headline: str
    id: str
    why: str = ""
    """Why it was left out."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What an edition's current revision has; nothing where none was composed."""

    subject: str = ""
    places: tuple[tuple[str, tuple[Named, ...]], ...] = ()
    """(title, stories) in reading order; the lead's comes first."""
    left_out: tuple[Named, ...] = ()
    """Stories that had no room. The next edition may have them."""
    batches: Mapping[BatchState, int] = field(default_factory=dict)

    @property
    def facts(self) -> dict[str, Any]:
        """The same for a log: text and numbers."""
        return {
            "subject": self.subject,
            "stories": [
                {"place": title, "story": one.name, "id": one.id, "headline": one.headline}
                for title, stories in self.places
                for one in stories
            ],
            "no_room": [{"story": one.name, "id": one.id, "reason": one.why} for one in self.left_out],
            "batches": {state.value: count for state, count in self.batches.items()},
        }


def contents(connection: Connection, room: Context, edition: Edition) -> Contents:
    """What the edition has now."""
    if edition.revision == 0:
        return Contents()
    selection = editions.selection_of(connection, edition.key, edition.revision)
    return Contents(
        subject=selection.subject,
        places=_places(selection),
        left_out=_without_room(connection, room, edition),
        batches=ledger.count_by_state(connection, edition.key),
    )


def _places(selection: Selection) -> tuple[tuple[str, tuple[Named, ...]], ...]:
    slugs = Counter(story.teaser.slug for story in selection.stories)
    lead = [("Lead", (selection.lead,))] if selection.lead else []
    return tuple(
        (
            title,
            tuple(
                Named(
                    story.teaser.slug if slugs[story.teaser.slug] == 1 else story.teaser.id,
                    story.teaser.headline,
                    story.teaser.id,
                )
                for story in stories
            ),
        )
        for title, stories in (*lead, *((block.title, block.stories) for block in selection.blocks))
    )


def _without_room(connection: Connection, room: Context, edition: Edition) -> tuple[Named, ...]:
    left = [one for one in editions.left_out_of(connection, edition.key, edition.revision) if one.for_room]
    ids = [one.article_id for one in left]
    # Those that were withdrawn since are not shown any more.
    known = catalogue.by_ids(connection, ids, room.clock(), room.settings.newsroom.paywall)
    return tuple(
        Named(known[one.article_id].slug, known[one.article_id].headline, one.article_id, one.reason)
        for one in left
        if one.article_id in known
    )
