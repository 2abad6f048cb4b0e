"""Feeds by rule that are new or have other conditions: every live article is listed anew under them, once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from content.feed_rules import RuleBook, Traits, fingerprint
from content.store import mark
from content.tables import article_sections, articles, feed_rules
from newsroom.database import reading, writing
from newsroom.masthead import FeedRule

_AT_ONCE = 500
"""Articles that are read, and listed, together: few statements take more variables than this."""

_UNFINISHED = ""
"""The fingerprint of a rule that is being listed: a killed pass is made again, and what it left is found."""


@dataclass(frozen=True, slots=True)
class _Row:
    """An entry in a list."""

    section: str
    published: datetime
    article_id: str


def relist(engine: Engine, rules: Sequence[FeedRule], now: datetime) -> int:
    """Make the lists of feeds by rule as the rules are; returns how many rules were new, changed or dropped.

    Whoever calls it holds the sync's lock. Raises StoreError where the database fails; the next sync goes on.
    """
    with reading(engine) as connection:
        known = {row.key: row.fingerprint for row in connection.execute(sa.select(feed_rules))}
    wanted = {rule.key: fingerprint(rule) for rule in rules}
    changed = [rule for rule in rules if known.get(rule.key) != wanted[rule.key]]
    dropped = [key for key in known if key not in wanted]
    if not changed and not dropped:
        return 0
    with writing(engine) as connection:
        _note(connection, dict.fromkeys((rule.key for rule in changed), _UNFINISHED))
    touched: set[str] = set()
    if changed:
        book, names = RuleBook(changed), frozenset(rule.list_name for rule in changed)
        for part in _parts(engine):
            touched |= _list_anew(engine, part, book, names, now)
    with writing(engine) as connection:
        mark(connection, dict.fromkeys(sorted(touched), now))
        for key in dropped:
            name = FeedRule(key, "").list_name
            connection.execute(sa.delete(article_sections).where(article_sections.c.section == name))
            connection.execute(sa.delete(feed_rules).where(feed_rules.c.key == key))
        _note(connection, {rule.key: wanted[rule.key] for rule in changed})
    return len(changed) + len(dropped)


def _parts(engine: Engine) -> Iterator[Sequence[Any]]:
    """The live news, some at a time and by id, with what rules go by."""
    details = articles.c.details
    # The database takes these out of the details: to read whole ones takes longer than everything else.
    query = sa.select(
        articles.c.id,
        articles.c.published,
        articles.c.access,
        articles.c.sponsor,
        details["tags"].as_json().label("tags"),
        details["sections"].as_json().label("sections"),
        details["authors"].as_json().label("authors"),
    ).where(articles.c.withdrawn.is_(None))
    last = ""
    while True:
        with reading(engine) as connection:
            some = connection.execute(
                query.where(articles.c.id > last).order_by(articles.c.id).limit(_AT_ONCE)
            ).all()
        if some:
            yield some
        if len(some) < _AT_ONCE:
            return
        last = some[-1].id


def _list_anew(
    engine: Engine, part: Sequence[Any], book: RuleBook, names: Collection[str], now: datetime
) -> set[str]:
    """List these articles as the rules say; returns the lists that show something else now."""
    wanted = {
        _Row(name, row.published, row.id)
        for row in part
        if not row.sponsor
        for name in book.lists(Traits(row.tags, row.sections, row.authors, row.access))
    }
    ids = [row.id for row in part]
    with reading(engine) as connection:
        query = sa.select(
            article_sections.c.section, article_sections.c.published, article_sections.c.article_id
        ).where(article_sections.c.article_id.in_(ids))
        there = {_Row(*row) for row in connection.execute(query) if row.section in names}
    more, fewer = wanted - there, there - wanted
    if not more and not fewer:
        return set()
    with writing(engine) as connection:
        for row in fewer:
            connection.execute(
                sa.delete(article_sections).where(
                    article_sections.c.section == row.section,
                    article_sections.c.published == row.published,
                    article_sections.c.article_id == row.article_id,
                )
            )
        if more:
            rows = [
                {
                    "section": row.section,
                    "published": row.published,
                    "article_id": row.article_id,
                    "position": 0,
                }
                for row in more
            ]
            connection.execute(sa.insert(article_sections), rows)
    return {row.section for row in more | fewer if row.published <= now}


def _note(connection: Connection, fingerprints: dict[str, str]) -> None:
    if fingerprints:
        rows = [{"key": key, "fingerprint": text} for key, text in fingerprints.items()]
        former = [{"former": key} for key in fingerprints]
        connection.execute(sa.delete(feed_rules).where(feed_rules.c.key == sa.bindparam("former")), former)
        connection.execute(sa.insert(feed_rules), rows)
