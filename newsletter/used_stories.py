"""Which stories were in which edition: what is new to a newsletter's readers, and what is not.

A story counts as used in an edition of which something was handed over, and in one that is still to be
handed over. What went to the outbox counts only while the outbox is the provider: nobody has read it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter.edition import Edition, EditionState, LeftOut, Selection
from newsletter.tables import edition_stories, editions
from newsroom.portions import portions

OUTBOX = "outbox"
"""The provider that mails nothing."""


def replace(
    connection: Connection, newsletter: str, key: str, selection: Selection, left_out: Sequence[LeftOut]
) -> None:
    """Note what the edition shows, and what it left out for room."""
    connection.execute(sa.delete(edition_stories).where(edition_stories.c.edition == key))
    rows: dict[str, dict[str, object]] = {
        entry.article_id: {"article_revision": 0, "place": "", "shown": False}
        for entry in left_out
        if entry.for_room
    }
    shown = [(story, block.section) for block in selection.blocks for story in block.stories]
    if selection.lead is not None:
        shown.append((selection.lead, "lead"))
    for story, place in shown:
        rows[story.teaser.id] = {
            "article_revision": story.teaser.revision,
            "place": place,
            "shown": True,
        }
    if rows:
        connection.execute(
            sa.insert(edition_stories),
            [
                {"edition": key, "newsletter": newsletter, "article_id": id_, **row}
                for id_, row in rows.items()
            ],
        )


def used(
    connection: Connection,
    newsletter: str,
    article_ids: Collection[str],
    provider: str,
    but: str = "",
) -> Mapping[str, int]:
    """Those of `article_ids` that an edition of the newsletter used, with the highest article revision shown.

    `but` is the key of an edition that does not count: one that is being composed anew.
    """
    found: dict[str, int] = {}
    for some in portions(sorted(article_ids)):
        query = (
            sa.select(edition_stories.c.article_id, sa.func.max(edition_stories.c.article_revision))
            .select_from(_USES)
            .where(
                edition_stories.c.newsletter == newsletter,
                edition_stories.c.article_id.in_(some),
                edition_stories.c.shown,
                edition_stories.c.edition != but,
                _takes_stories(provider),
            )
            .group_by(edition_stories.c.article_id)
        )
        found.update((article_id, revision) for article_id, revision in connection.execute(query))
    return found


def carried(
    connection: Connection, newsletter: str, since: datetime, provider: str, but: str = ""
) -> tuple[str, ...]:
    """The articles that an edition composed since then left out for room, and that none has used.

    Only an edition that was handed over carries stories on: what another one left out was never news to
    anybody, is in the next one's window, and counts for the circuit breaker.
    """
    query = (
        sa.select(edition_stories.c.article_id)
        .distinct()
        .select_from(_USES)
        .where(
            edition_stories.c.newsletter == newsletter,
            editions.c.newsletter == newsletter,
            editions.c.composed >= since,
            counts_for(provider),
            edition_stories.c.shown.is_(False),
            edition_stories.c.edition != but,
        )
        .order_by(edition_stories.c.article_id)
    )
    left_out = tuple(connection.execute(query).scalars())
    seen = used(connection, newsletter, left_out, provider, but)
    return tuple(article_id for article_id in left_out if article_id not in seen)


def taken_since(connection: Connection, edition: Edition, provider: str) -> frozenset[str]:
    """The edition's stories that another one, composed later, has used."""
    others, other_editions = edition_stories.alias(), editions.alias()
    query = (
        sa.select(edition_stories.c.article_id)
        .where(edition_stories.c.edition == edition.key, edition_stories.c.shown)
        .where(
            sa.exists().where(
                others.c.article_id == edition_stories.c.article_id,
                others.c.newsletter == edition.newsletter,
                others.c.shown,
                others.c.edition != edition.key,
                other_editions.c.key == others.c.edition,
                other_editions.c.composed > edition.composed,
                _takes_stories(provider, other_editions),
            )
        )
    )
    return frozenset(connection.execute(query).scalars())


def counts_for(provider: str, table: sa.FromClause = editions) -> sa.ColumnElement[bool]:
    """SQL: something of the edition was handed over, and that counts while `provider` is in use."""
    handed = table.c.first_handed.is_not(None)
    return handed if provider == OUTBOX else sa.and_(handed, table.c.provider != OUTBOX)


def _takes_stories(provider: str, table: sa.FromClause = editions) -> sa.ColumnElement[bool]:
    # An outbox edition that is still going on holds its stories too, until it is over.
    coming = table.c.state.in_((EditionState.COMPOSED.value, EditionState.SENDING.value))
    return sa.or_(counts_for(provider, table), coming)


_USES = edition_stories.join(editions, editions.c.key == edition_stories.c.edition)
