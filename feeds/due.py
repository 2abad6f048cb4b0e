"""Which feeds are due, and how far each was looked at."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from content import catalogue
from feeds.listing import ENDINGS
from feeds.release import release
from feeds.tables import feed_marks
from newsroom.masthead import LATEST_FEED, Newsroom

OVERLAP = timedelta(minutes=10)
"""How much of the time that was looked at already is looked at again: a sync that was writing during the last
run has earlier times than the run. What did not change costs a rendering and no file."""

LISTS = ("index.html", "index.opml", "feed.css", "private.css")
"""The files of all feeds together: due when one is missing or the configuration is another."""

_UNFINISHED = ""
"""The fingerprint of a feed that could not be written: it is due whatever happens."""


def fingerprint(newsroom: Newsroom) -> str:
    """Changes with everything but the articles that a feed's bytes depend on."""
    value = {one.name: getattr(newsroom, one.name) for one in fields(newsroom) if one.init}
    text = json.dumps(value | {"release": release()}, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> object:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)


def sections_of(newsroom: Newsroom, name: str) -> tuple[str, ...]:
    """The lists that a feed is made of: sections by their keys, or that of its rule."""
    if name != LATEST_FEED:
        rule = newsroom.rule(name)
        return (rule.list_name if rule else name,)
    return tuple(section.key for section in newsroom.sections if section.is_news)


def due_feeds(
    connection: Connection, newsroom: Newsroom, folder: Path, mark: str, now: datetime
) -> tuple[str, ...]:
    """The feeds in which something changed since they were looked at, an embargo passed, a file is missing,
    or that another release or configuration made."""
    rows = {row.name: row for row in connection.execute(sa.select(feed_marks))}
    touched: dict[datetime, frozenset[str]] = {}
    due = []
    for name in newsroom.feeds:
        row = rows.get(name)
        if row is None or row.fingerprint != mark or row.until > now or not _is_whole(folder, name):
            due.append(name)
            continue
        if row.until not in touched:
            touched[row.until] = catalogue.touched_sections(connection, row.until - OVERLAP, now)
        if not touched[row.until].isdisjoint(sections_of(newsroom, name)):
            due.append(name)
    return tuple(due)


def _is_whole(folder: Path, name: str) -> bool:
    return all((folder / f"{name}{ending}").is_file() for ending, _ in ENDINGS)


def last_look(connection: Connection) -> datetime | None:
    """When a run last got as far as the feeds: each run looks at every one. None where none ever did."""
    found: datetime | None = connection.execute(sa.select(sa.func.max(feed_marks.c.until))).scalar()
    return found


def lists_are_due(connection: Connection, folder: Path, mark: str) -> bool:
    """True where the list and the page of all feeds are to be made anew."""
    known = sa.select(feed_marks.c.fingerprint).where(feed_marks.c.name == LISTS[0])
    return connection.execute(known).scalar() != mark or not all((folder / name).is_file() for name in LISTS)


def note(connection: Connection, results: Mapping[str, bool], now: datetime, mark: str) -> None:
    """Remember that these were looked at; one that could not be written (False) stays due."""
    connection.execute(sa.delete(feed_marks).where(feed_marks.c.name.in_(results)))
    rows = [
        {"name": name, "until": now, "fingerprint": mark if went_well else _UNFINISHED}
        for name, went_well in results.items()
    ]
    connection.execute(sa.insert(feed_marks), rows)


def note_quiet(connection: Connection, now: datetime, mark: str) -> None:
    """Those in which nothing changed were looked at as well, so that the next run asks about all at once."""
    quiet = sa.and_(feed_marks.c.fingerprint == mark, feed_marks.c.until < now)
    connection.execute(sa.update(feed_marks).where(quiet).values(until=now))
