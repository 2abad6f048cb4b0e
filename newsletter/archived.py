"""Editions as everybody may read them afterwards: what was chosen then, without what was taken back since."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from content.teaser import Teaser
from newsletter import editions as edition_store
from newsletter.edition import Edition, Selection, Story
from newsletter.edition_row import COLUMNS, from_row
from newsletter.tables import batches, edition_revisions, editions
from newsletter.used_stories import counts_for
from newsroom.masthead import Offer


@dataclass(frozen=True, slots=True)
class Line:
    """One edition in a list of them."""

    key: str
    local_date: date
    slot: str
    lead: str
    """The id of the article that leads it; empty where none does."""
    headline: str
    language: str = ""
    """The lead's."""


def as_archived(selection: Selection, current: Mapping[str, Teaser], offer: Offer) -> Selection:
    """The selection with its stories as they were sent, and what must not be as it was then as it is now.

    A story that is not in `current` (withdrawn, or under embargo again) keeps its place as one without an
    address or a word: see `is_withdrawn`. Every other has its words of then, and of now its address, picture,
    access and correction. The offer is `offer`, but where a sensitive story had taken it away.
    """

    def changed(story: Story) -> Story:
        return replace(story, teaser=_as_now(story.teaser, current.get(story.teaser.id)))

    return replace(
        selection,
        lead=changed(selection.lead) if selection.lead else None,
        blocks=tuple(
            replace(block, stories=tuple(map(changed, block.stories))) for block in selection.blocks
        ),
        offer=offer if selection.offer.subscribe_url else Offer(),
    )


def is_withdrawn(story: Story) -> bool:
    """Whether `as_archived` emptied the story's place."""
    return not story.teaser.url


def _as_now(then: Teaser, now: Teaser | None) -> Teaser:
    if now is None:
        return replace(
            then,
            slug="",
            url="",
            headline="",
            label="",
            teaser="",
            public_html="",
            place="",
            authors=(),
            sections=(),
            image=None,
            sponsor="",
            correction="",
            minutes=0,
        )
    return replace(
        then,
        url=now.url,
        image=now.image,
        access=now.access,
        correction=now.correction,
        public_html="",
        # The beginning of a text that was free is no teaser of one that is not.
        teaser=now.teaser if now.is_closed and not then.is_closed else then.teaser,
    )


def lines(
    connection: Connection, newsletter: str, provider: str, *, skip: int = 0, limit: int
) -> tuple[Line, ...]:
    """The newsletter's editions of which something was handed over, the newest first."""
    lead = edition_revisions.c.selection[("lead", "teaser", "id")].as_string()
    headline = edition_revisions.c.selection[("lead", "teaser", "headline")].as_string()
    language = edition_revisions.c.selection[("lead", "teaser", "language")].as_string()
    query = (
        sa.select(editions.c.key, editions.c.local_date, editions.c.slot, lead, headline, language)
        .join_from(
            editions,
            edition_revisions,
            sa.and_(
                edition_revisions.c.edition == editions.c.key,
                edition_revisions.c.revision == editions.c.revision,
            ),
        )
        .where(editions.c.newsletter == newsletter, counts_for(provider))
        .order_by(editions.c.local_date.desc(), editions.c.first_handed.desc(), editions.c.key)
        .offset(skip)
        .limit(limit)
    )
    return tuple(
        Line(key, day, slot, id_ or "", words or "", tag or "")
        for key, day, slot, id_, words, tag in connection.execute(query)
    )


def find(connection: Connection, key: str, provider: str) -> tuple[Edition, Selection] | None:
    """The edition of this key and what its first readers were sent; None where nobody was sent anything."""
    query = sa.select(*COLUMNS).where(editions.c.key == key, counts_for(provider))
    row = connection.execute(query).first()
    if row is None:
        return None
    edition = from_row(row)
    first = sa.select(sa.func.min(batches.c.revision)).where(
        batches.c.edition == key, batches.c.handed.is_not(None)
    )
    revision = connection.execute(first).scalar() or edition.revision
    return edition, edition_store.selection_of(connection, key, revision)


def neighbours(connection: Connection, edition: Edition, provider: str) -> tuple[Line | None, Line | None]:
    """The newsletter's edition before this one, and the one after it."""
    before = editions.c.first_handed < edition.first_handed
    after = editions.c.first_handed > edition.first_handed
    return (
        _beside(connection, edition, provider, before, sa.desc),
        _beside(connection, edition, provider, after, sa.asc),
    )


def _beside(
    connection: Connection,
    edition: Edition,
    provider: str,
    where: sa.ColumnElement[bool],
    order: Callable[[sa.Column[object]], sa.UnaryExpression[object]],
) -> Line | None:
    query = (
        sa.select(editions.c.key, editions.c.local_date, editions.c.slot)
        .where(editions.c.newsletter == edition.newsletter, counts_for(provider), where)
        .order_by(order(editions.c.first_handed))
        .limit(1)
    )
    row = connection.execute(query).first()
    return None if row is None else Line(row.key, row.local_date, row.slot, "", "")
