"""What is written of articles: each with its sections, and each change marked on the sections it touches."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from content.article import Article, Picture
from content.row import columns, reader_hash, record_hash, stored
from content.tables import article_sections, articles, pictures, section_changes, source_states

__all__ = [
    "KnownArticle",
    "SourceState",
    "elsewhere",
    "insert",
    "known",
    "picture",
    "reader_hash",
    "record_hash",
    "remember_picture",
    "set_source_state",
    "source_state",
    "stored",
    "update",
    "withdraw",
]

# Few statements take more variables than this in SQLite's older builds.
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class KnownArticle:
    """What the store knows of an article, as far as it decides what a sync does: everything but the text."""

    id: str
    source: str
    reference: str
    content_hash: str
    slug: str
    url: str
    headline: str
    published: datetime
    updated: datetime
    revision: int
    withdrawn: datetime | None
    sections: tuple[str, ...]
    reader_hash: str
    """`content.row.reader_hash` of the article as stored."""
    record_hash: str
    """`content.row.record_hash` of the article as stored."""


@dataclass(frozen=True, slots=True)
class SourceState:
    """What is remembered of a source between two runs."""

    last_read: datetime | None = None
    last_error: str = ""
    held: str = ""
    """Why its changes wait for a person; empty where they don't."""
    state: Mapping[str, Any] = field(default_factory=dict)
    """The source's own notes, such as how far it has read; JSON values."""


_KNOWN = (
    articles.c.id,
    articles.c.source,
    articles.c.reference,
    articles.c.content_hash,
    articles.c.slug,
    articles.c.url,
    articles.c.headline,
    articles.c.published,
    articles.c.updated,
    articles.c.revision,
    articles.c.withdrawn,
    articles.c.details,
)


def known(connection: Connection, source: str) -> dict[str, KnownArticle]:
    """Every article of `source` by id, withdrawn ones included. Reads no text."""
    rows = connection.execute(sa.select(*_KNOWN).where(articles.c.source == source)).mappings()
    return {row["id"]: _known(row) for row in rows}


def elsewhere(connection: Connection, source: str, ids: Iterable[str]) -> dict[str, KnownArticle]:
    """Those of `ids` that an article of another source holds.

    While that one is live, two articles claim one id; once it is withdrawn, `update` may take it over.
    """
    found: dict[str, KnownArticle] = {}
    for some in _in_parts(ids):
        query = sa.select(*_KNOWN).where(articles.c.id.in_(some), articles.c.source != source)
        found |= {row["id"]: _known(row) for row in connection.execute(query).mappings()}
    return found


def insert(connection: Connection, article: Article, content_hash: str, now: datetime) -> None:
    """Store an article that was not known.

    Its `changed` is `now`, or its publication while that is still to come.
    """
    history = {
        "content_hash": content_hash,
        "revision": 1,
        "changed": max(now, article.published),
        "first_seen": now,
    }
    connection.execute(sa.insert(articles).values(**columns(article), **history))
    _list(connection, article)
    if _is_public(article, now):
        _mark(connection, article.sections, now)


def update(
    connection: Connection, article: Article, content_hash: str, now: datetime, *, changed: bool
) -> None:
    """Store a known article as it is now; a withdrawn one comes back by it.

    With `changed` it is a new revision, and its sections, the former ones too, are marked. Without, only
    where its source has it or the source's bytes differ, and no feed takes notice, unless it comes back.
    Raises KeyError where the article is not known.
    """
    query = sa.select(articles).where(articles.c.id == article.id).with_for_update()
    row = connection.execute(query).mappings().first()
    if row is None:
        raise KeyError(article.id)
    returns = row["withdrawn"] is not None
    history: dict[str, Any] = {"content_hash": content_hash, "withdrawn": None}
    if changed:
        history["revision"] = row["revision"] + 1
    if changed or returns:
        # An embargo's `changed` lies ahead, and comes nearer when it is timed anew. No other goes back.
        before = row["changed"] if row["published"] <= now else now
        history["changed"] = max(before, now, article.published)
    connection.execute(
        sa.update(articles).where(articles.c.id == article.id).values(**columns(article), **history)
    )
    if not (changed or returns):
        return
    former = stored(row).article
    _unlist(connection, [article.id])
    _list(connection, article)
    if not returns and _is_public(former, now):
        _mark(connection, former.sections, now)
    if _is_public(article, now):
        _mark(connection, article.sections, now)


def withdraw(connection: Connection, ids: Collection[str], now: datetime) -> None:
    """Take articles back: they are in no list from now on, and their ids stay known."""
    for some in _in_parts(ids):
        live = sa.select(articles).where(articles.c.id.in_(some), articles.c.withdrawn.is_(None))
        public: dict[str, None] = {}
        for row in connection.execute(live.with_for_update()).mappings():
            article = stored(row).article
            if _is_public(article, now):
                public |= dict.fromkeys(article.sections)
            changed = max(row["changed"], now)
            connection.execute(
                sa.update(articles).where(articles.c.id == article.id).values(withdrawn=now, changed=changed)
            )
        _unlist(connection, some)
        _mark(connection, public, now)


def source_state(connection: Connection, source: str) -> SourceState:
    """What is remembered of `source`; an empty state where nothing is."""
    query = sa.select(source_states).where(source_states.c.source == source)
    row = connection.execute(query).mappings().first()
    if row is None:
        return SourceState()
    return SourceState(row["last_read"], row["last_error"], row["held"], row["state"])


def set_source_state(connection: Connection, source: str, state: SourceState) -> None:
    """Remember `state` in the place of what was remembered of `source`."""
    values = {
        "last_read": state.last_read,
        "last_error": state.last_error,
        "held": state.held,
        "state": dict(state.state),
    }
    _put(connection, source_states, {"source": source}, values)


def picture(connection: Connection, source_hash: str) -> tuple[Picture, ...] | None:
    """The published sizes that a source picture was made into, widest first; None where it was not."""
    query = sa.select(pictures.c.sizes).where(pictures.c.source_hash == source_hash)
    sizes = connection.execute(query).scalar()
    return None if sizes is None else tuple(Picture(*size) for size in sizes)


def remember_picture(
    connection: Connection, source_hash: str, sizes: Collection[Picture], now: datetime
) -> None:
    """Remember which published sizes a source picture was made into."""
    rows = [[size.path, size.width, size.height, size.bytes, size.media_type] for size in sizes]
    _put(connection, pictures, {"source_hash": source_hash}, {"sizes": rows, "made": now})


def _known(row: RowMapping) -> KnownArticle:
    details = row["details"]
    return KnownArticle(
        id=row["id"],
        source=row["source"],
        reference=row["reference"],
        content_hash=row["content_hash"],
        slug=row["slug"],
        url=row["url"],
        headline=row["headline"],
        published=row["published"],
        updated=row["updated"],
        revision=row["revision"],
        withdrawn=row["withdrawn"],
        sections=tuple(details["sections"]),
        reader_hash=details["reader_hash"],
        record_hash=details["record_hash"],
    )


def _is_public(article: Article, now: datetime) -> bool:
    """True where lists show it now: an embargo's end and a booking's own hours mark themselves."""
    return article.published <= now and (article.booking is None or article.booking.runs(now))


def _list(connection: Connection, article: Article) -> None:
    rows = [
        {"section": section, "published": article.published, "article_id": article.id, "position": position}
        for position, section in enumerate(dict.fromkeys(article.sections))
    ]
    if rows:
        connection.execute(sa.insert(article_sections), rows)


def _unlist(connection: Connection, ids: Collection[str]) -> None:
    connection.execute(sa.delete(article_sections).where(article_sections.c.article_id.in_(ids)))


def _mark(connection: Connection, sections: Iterable[str], now: datetime) -> None:
    """Note that the lists of `sections` changed; a mark never goes back."""
    for section in dict.fromkeys(sections):
        query = sa.select(section_changes.c.changed).where(section_changes.c.section == section)
        before = connection.execute(query).scalar()
        if before is None or before < now:
            _put(connection, section_changes, {"section": section}, {"changed": now})


def _put(connection: Connection, table: sa.Table, key: dict[str, Any], values: dict[str, Any]) -> None:
    """Write a row, whether or not one is there. The sync's lock keeps other writers away."""
    where = [table.c[name] == value for name, value in key.items()]
    if connection.execute(sa.update(table).where(*where).values(**values)).rowcount == 0:
        connection.execute(sa.insert(table).values(**key, **values))


def _in_parts(ids: Iterable[str]) -> Iterable[list[str]]:
    rest = iter(ids)
    while some := list(islice(rest, _AT_ONCE)):
        yield some
