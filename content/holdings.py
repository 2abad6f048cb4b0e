"""What is stored of a source's articles, as far as it decides what a sync does. Reads, and no text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from content.article import Access
from content.tables import articles
from newsroom.portions import portions


@dataclass(frozen=True, slots=True)
class KnownArticle:
    """What the store knows of an article, as far as it decides what a sync does: everything but the text."""

    id: str
    source: str
    reference: str
    content_hash: str
    slug: str
    headline: str
    published: datetime
    updated: datetime
    withdrawn: datetime | None
    pinned: bool
    access: str
    reader_hash: str
    """`content.row.reader_hash` of the article as stored."""
    record_hash: str
    """`content.row.record_hash` of the article as stored."""
    taken_back: bool | None = False
    """Withdrawn because its source says so, not because it is not there any more."""


# In the order of KnownArticle's fields. The database takes four of them out of the details: to read
# all of them here, for each article of a large archive, takes longer than everything else.
_KNOWN = (
    articles.c.id,
    articles.c.source,
    articles.c.reference,
    articles.c.content_hash,
    articles.c.slug,
    articles.c.headline,
    articles.c.published,
    articles.c.updated,
    articles.c.withdrawn,
    articles.c.details["pinned"].as_boolean(),
    articles.c.access,
    articles.c.details["reader_hash"].as_string(),
    articles.c.details["record_hash"].as_string(),
    articles.c.details["taken_back"].as_boolean(),
)
_source_of = articles.c.source + ""
"""As no index has it: SQLite would look at all articles of a source to find a few of them."""


def of_source(connection: Connection, source: str) -> dict[str, KnownArticle]:
    """Every article of `source` by id, withdrawn ones included. Reads no text."""
    return _known(connection.execute(sa.select(*_KNOWN).where(articles.c.source == source)))


def at_references(connection: Connection, source: str, references: Iterable[str]) -> dict[str, KnownArticle]:
    """Those of `source` that it has at these references, by id, withdrawn ones included."""
    found: dict[str, KnownArticle] = {}
    for some in portions(references):
        query = sa.select(*_KNOWN).where(articles.c.reference.in_(some), _source_of == source)
        found |= _known(connection.execute(query))
    return found


def by_ids(connection: Connection, ids: Iterable[str]) -> dict[str, KnownArticle]:
    """Those with these ids, of any source."""
    found: dict[str, KnownArticle] = {}
    for some in portions(ids):
        found |= _known(connection.execute(sa.select(*_KNOWN).where(articles.c.id.in_(some))))
    return found


def at_urls(connection: Connection, urls: Iterable[str]) -> dict[str, list[KnownArticle]]:
    """The articles of any source with these addresses, by address; live ones first."""
    found: dict[str, list[KnownArticle]] = {}
    for some in portions(urls):
        query = sa.select(*_KNOWN, articles.c.url).where(articles.c.url.in_(some))
        for *known_row, url in connection.execute(query):
            found.setdefault(url, []).append(KnownArticle(*known_row))
    for several in found.values():
        several.sort(key=lambda one: (one.withdrawn is not None, one.id))
    return found


def sharing(connection: Connection, source: str) -> dict[str, list[str]]:
    """Addresses that several live articles of `source` have, each with their references."""
    ours = sa.and_(articles.c.source == source, articles.c.withdrawn.is_(None))
    several = sa.select(articles.c.url).where(ours).group_by(articles.c.url).having(sa.func.count() > 1)
    query = sa.select(articles.c.url, articles.c.reference).where(ours, articles.c.url.in_(several))
    found: dict[str, list[str]] = {}
    for row in connection.execute(query.order_by(articles.c.url, articles.c.reference)):
        found.setdefault(row.url, []).append(row.reference)
    return found


def shown_at(connection: Connection, source: str, references: Iterable[str]) -> dict[str, list[str]]:
    """The published pictures of those that `source` has at these references, below the public folder."""
    found: dict[str, list[str]] = {}
    for some in portions(references):
        image = articles.c.details["image"].as_json()
        query = sa.select(articles.c.reference, image).where(
            articles.c.reference.in_(some), _source_of == source, articles.c.withdrawn.is_(None)
        )
        for reference, details in connection.execute(query):
            if details:
                found[reference] = [size[0] for size in details["sizes"]]
    return found


def live_references(connection: Connection, source: str) -> Iterator[tuple[str, str]]:
    """(id, reference) of each live article of `source`, however many there are."""
    query = sa.select(articles.c.id, articles.c.reference).where(
        articles.c.source == source, articles.c.withdrawn.is_(None)
    )
    for row in connection.execution_options(yield_per=5_000).execute(query):
        yield row.id, row.reference


def live_count(connection: Connection, source: str) -> int:
    """How many live articles `source` has."""
    query = sa.select(sa.func.count()).where(articles.c.source == source, articles.c.withdrawn.is_(None))
    return int(connection.execute(query).scalar_one())


def closed_count(connection: Connection, source: str) -> int:
    """How many live articles of `source` are not for everybody."""
    query = sa.select(sa.func.count()).where(
        articles.c.source == source, articles.c.withdrawn.is_(None), articles.c.access != Access.FREE.value
    )
    return int(connection.execute(query).scalar_one())


def elsewhere(connection: Connection, source: str, ids: Iterable[str]) -> dict[str, KnownArticle]:
    """Those of `ids` that an article of another source holds.

    While that one is live, two articles claim one id; once it is withdrawn, `update` may take it over.
    """
    found: dict[str, KnownArticle] = {}
    for some in portions(ids):
        query = sa.select(*_KNOWN).where(articles.c.id.in_(some), articles.c.source != source)
        found |= _known(connection.execute(query))
    return found


def _known(rows: Iterable[Sequence[Any]]) -> dict[str, KnownArticle]:
    # Not field by field: a source may know a million.
    return {row[0]: KnownArticle(*row) for row in rows}
