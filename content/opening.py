"""What somebody who opens an article's page gets: its teaser, and the body where he or she may read it.

And the pages of a section's list, however long it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from content import catalogue
from content.article import Body, StoredArticle
from content.entitlement import Viewer, body_for
from content.row import stored
from content.tables import article_sections, articles, former_slugs
from content.teaser import Teaser, teaser_of
from newsroom.masthead import Paywall

LONGEST_SLUG = 300
"""Characters. What is longer names no article."""

ViewerOf = Callable[[Teaser], Viewer]
"""Who asks, as far as this article goes: a link may open one article and no other."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An article that may be shown. Its whole text is there for whoever may read it, and for nobody else."""

    teaser: Teaser
    body: Body | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """It was here, and was taken back."""


@dataclass(frozen=True, slots=True)
class Moved:
    """It is at another address: the slug that it has now."""

    slug: str


def opened(
    connection: Connection, slug: str, viewer_of: ViewerOf, now: datetime, paywall: Paywall
) -> Opened | Withdrawn | Moved | None:
    """What is at this slug, for this viewer; None for what never was, or is still under embargo.

    Of several with one slug, which only two sources can have, the newest that may be shown.
    """
    if not slug or len(slug) > LONGEST_SLUG or "\0" in slug:
        return None
    found = _at(connection, slug, now)
    if found is None:
        return _moved(connection, slug, now)
    if found.withdrawn is not None:
        return Withdrawn() if _was_public(found) else None
    if found.article.published > now:
        return None
    teaser = teaser_of(found, paywall)
    return Opened(teaser, body_for(found, viewer_of(teaser), now))


def listed(
    connection: Connection, section: str, now: datetime, paywall: Paywall, *, skip: int = 0, limit: int
) -> list[Teaser]:
    """The newest news of one section behind the first `skip`; bookings are none."""
    query = (
        sa.select(article_sections.c.article_id)
        .join(articles, articles.c.id == article_sections.c.article_id)
        .where(
            article_sections.c.section == section,
            article_sections.c.published <= now,
            # The text added keeps SQLite to the section's own range: see `catalogue`.
            articles.c.sponsor + "" == "",
        )
        .order_by(article_sections.c.published.desc(), article_sections.c.article_id)
        .offset(skip)
        .limit(limit)
    )
    ids = list(connection.execute(query).scalars())
    return list(catalogue.by_ids(connection, ids, now, paywall).values())


def _at(connection: Connection, slug: str, now: datetime) -> StoredArticle | None:
    query = (
        sa.select(articles)
        .where(articles.c.slug == slug)
        .order_by(
            articles.c.withdrawn.is_not(None),
            articles.c.published > now,
            articles.c.published.desc(),
            articles.c.id,
        )
        .limit(1)
    )
    row = connection.execute(query).mappings().first()
    return None if row is None else stored(row)


def _was_public(one: StoredArticle) -> bool:
    # What was taken back before its embargo ended never was anybody's to read.
    return one.withdrawn is not None and one.article.published <= one.withdrawn


def _moved(connection: Connection, slug: str, now: datetime) -> Moved | Withdrawn | None:
    query = (
        sa.select(articles.c.slug, articles.c.published, articles.c.withdrawn)
        .join(former_slugs, former_slugs.c.article_id == articles.c.id)
        .where(former_slugs.c.slug == slug)
    )
    row = connection.execute(query).first()
    if row is None or row.published > (row.withdrawn or now):
        return None
    return Moved(row.slug) if row.withdrawn is None else Withdrawn()
