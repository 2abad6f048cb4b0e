"""What is written of articles: each with its sections, and each change marked on the sections it touches."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from content.article import Access, Article, Picture
from content.feed_rules import NO_RULES, RuleBook
from content.row import columns, stored
from content.tables import (
    article_sections,
    articles,
    former_slugs,
    list_withdrawals,
    pictures,
    section_changes,
    source_states,
)
from newsroom.portions import portions


@dataclass(frozen=True, slots=True)
class SourceState:
    """What is remembered of a source between two runs."""

    last_read: datetime | None = None
    last_error: str = ""
    held: str = ""
    """Why its changes wait for a person; empty where they don't."""
    state: Mapping[str, Any] = field(default_factory=dict)
    """The source's own notes, such as how far it has read; JSON values."""


_INSERT = sa.insert(articles)
_UPDATE = sa.update(articles).where(articles.c.id == sa.bindparam("known_id"))
_LIST = sa.insert(article_sections)
_MARKS = sa.select(section_changes.c.section, section_changes.c.changed).where(
    section_changes.c.section.in_(sa.bindparam("sections", expanding=True))
)
_MARK = sa.insert(section_changes)
_MARK_AGAIN = (
    sa.update(section_changes)
    .where(section_changes.c.section == sa.bindparam("marked"))
    .values(changed=sa.bindparam("now"))
)


def insert(
    connection: Connection, article: Article, content_hash: str, now: datetime, book: RuleBook = NO_RULES
) -> None:
    """Store an article that was not known; `book` says in which feeds by rule it is.

    Its `changed` is `now`, or its publication while that is still to come.
    """
    insert_many(connection, [(article, content_hash)], now, book)


def insert_many(
    connection: Connection, new: Sequence[tuple[Article, str]], now: datetime, book: RuleBook = NO_RULES
) -> None:
    """Store articles that were not known, each with its content hash, as `insert` does one by one."""
    rows: list[dict[str, Any]] = []
    lists: list[dict[str, Any]] = []
    touched: dict[str, datetime] = {}
    for article, content_hash in new:
        history = {
            "content_hash": content_hash,
            "revision": 1,
            "changed": max(now, article.published),
            "first_seen": now,
        }
        rows.append({**columns(article), **history})
        lists += _entries(article, book)
        for section, moment in _touched(article, book, now).items():
            touched[section] = max(moment, touched.get(section, moment))
    if rows:
        connection.execute(_INSERT, rows)
    if lists:
        connection.execute(_LIST, lists)
    mark(connection, touched)


def update(
    connection: Connection,
    article: Article,
    content_hash: str,
    now: datetime,
    book: RuleBook = NO_RULES,
    *,
    changed: bool,
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
    if article.correction and article.correction != row["details"]["correction"]:
        history["corrected"] = now
    connection.execute(_UPDATE, {"known_id": article.id, **columns(article), **history})
    if row["slug"] != article.slug:
        _put(connection, former_slugs, {"slug": row["slug"]}, {"article_id": article.id})
    if not (changed or returns):
        return
    former = stored(row).article
    _unlist(connection, [article.id])
    if returns:
        connection.execute(sa.delete(list_withdrawals).where(list_withdrawals.c.article_id == article.id))
    _list(connection, article, book)
    if not returns:
        mark(connection, _touched(former, book, now))
    mark(connection, _touched(article, book, now))


def close(connection: Connection, id_: str, access: Access, now: datetime, book: RuleBook = NO_RULES) -> None:
    """Let a known article be open to no more readers than `access`; nothing else of it is known anew.

    Raises KeyError where it is not known.
    """
    query = sa.select(articles).where(articles.c.id == id_)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise KeyError(id_)
    # Without a hash, so that it is read again whatever its source gives.
    update(connection, replace(stored(row).article, access=access), "", now, book, changed=True)


def withdraw(
    connection: Connection,
    ids: Collection[str],
    now: datetime,
    book: RuleBook = NO_RULES,
    *,
    taken_back: Collection[str] = (),
) -> None:
    """Take articles back: they are in no list from now on, and their ids stay known.

    Of those that are `taken_back` their source itself says so, which is remembered until they return.
    """
    for some in portions(ids):
        live = sa.select(articles).where(articles.c.id.in_(some), articles.c.withdrawn.is_(None))
        touched: dict[str, datetime] = {}
        shown: list[dict[str, Any]] = []
        for row in connection.execute(live.with_for_update()).mappings():
            article = stored(row).article
            for section, moment in _touched(article, book, now).items():
                touched[section] = max(moment, touched.get(section, moment))
                # One that came at this very moment was in no feed, nor is a booking that is over.
                if moment == now > row["first_seen"]:
                    where = {"section": section, "withdrawn": now, "article_id": article.id}
                    shown.append(where | {"published": article.published})
            changed = max(row["changed"], now)
            values = {"withdrawn": now, "changed": changed}
            if article.id in taken_back:
                values["details"] = {**row["details"], "taken_back": True}
            connection.execute(sa.update(articles).where(articles.c.id == article.id).values(**values))
        _unlist(connection, some)
        mark(connection, touched)
        if shown:
            connection.execute(sa.insert(list_withdrawals), shown)


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


def _shown_until(article: Article, now: datetime) -> datetime | None:
    """The last moment, not later than `now`, at which lists showed the article; None where none has yet.

    An embargo's end and a booking's two ends need no mark while the article is listed: `catalogue` sees
    them. What is shown now changes now, and what was shown once leaves the mark of its end behind.
    """
    booking = article.booking
    begins = article.published
    if booking and booking.run_from:
        begins = max(begins, booking.run_from)
    until = min(now, booking.run_until) if booking and booking.run_until else now
    return until if begins <= until else None


def _list(connection: Connection, article: Article, book: RuleBook) -> None:
    if rows := _entries(article, book):
        connection.execute(_LIST, rows)


def _entries(article: Article, book: RuleBook) -> list[dict[str, Any]]:
    """The article's entries in lists, as rows."""
    entry = {"published": article.published, "article_id": article.id}
    rows = [
        {**entry, "section": section, "position": position}
        for position, section in enumerate(dict.fromkeys(article.sections))
    ]
    return rows + [{**entry, "section": name, "position": 0} for name in book.lists_of(article)]


def _unlist(connection: Connection, ids: Collection[str]) -> None:
    connection.execute(sa.delete(article_sections).where(article_sections.c.article_id.in_(ids)))


def _touched(article: Article, book: RuleBook, now: datetime) -> dict[str, datetime]:
    """The lists that show the article, or did, and when that last was."""
    moment = _shown_until(article, now)
    return {} if moment is None else dict.fromkeys((*article.sections, *book.lists_of(article)), moment)


def mark(connection: Connection, touched: Mapping[str, datetime]) -> None:
    """Note when the lists of sections changed; a mark never goes back."""
    for some in portions(touched):
        before = {row.section: row.changed for row in connection.execute(_MARKS, {"sections": some})}
        new = [{"section": section, "changed": touched[section]} for section in some if section not in before]
        later = [
            {"marked": section, "now": touched[section]}
            for section, changed in before.items()
            if changed < touched[section]
        ]
        if new:
            connection.execute(_MARK, new)
        if later:
            connection.execute(_MARK_AGAIN, later)


def _put(connection: Connection, table: sa.Table, key: dict[str, Any], values: dict[str, Any]) -> None:
    """Write a row, whether or not one is there. The sync's lock keeps other writers away."""
    where = [table.c[name] == value for name, value in key.items()]
    if connection.execute(sa.update(table).where(*where).values(**values)).rowcount == 0:
        connection.execute(sa.insert(table).values(**key, **values))
