"""Feeds on the disk: those that are due are written anew, and only where their bytes differ."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from content import catalogue
from content.tables import retired_feeds
from content.teaser import Teaser
from feeds.json_feed import json_feed
from feeds.listing import ENDINGS, listed
from feeds.opml import opml
from feeds.page import index_page, stylesheet
from feeds.rss_atom import Written, atom, rss
from feeds.select import Feed, select
from feeds.tables import feed_marks
from newsroom.database import reading, writing
from newsroom.errors import PublishError
from newsroom.files import write_whole
from newsroom.masthead import LATEST_FEED, Newsroom, SectionKind

RELEASE = "1"
"""Raised whenever the same articles would give other bytes than before."""

FORMATS: Mapping[str, Callable[[Feed], Written]] = {".rss": rss, ".atom": atom, ".json": json_feed}
"""By ending. Another format is another line here."""


@dataclass(slots=True)
class PublishReport:
    """What was published, or with a dry run would be."""

    feeds: int = 0
    """How many there are."""
    due: int = 0
    written: list[str] = field(default_factory=list)
    """Files whose bytes changed, relative to the feeds' folder."""
    removed: list[str] = field(default_factory=list)
    unchanged: int = 0
    """Files that are as they should be."""
    problems: list[str] = field(default_factory=list)


def publish(
    engine: Engine,
    newsroom: Newsroom,
    public_dir: Path,
    now: datetime,
    *,
    dry_run: bool = False,
    everything: bool = False,
) -> PublishReport:
    """Publish the feeds that are due: something in them changed, an embargo passed, a file is missing, or the
    release or configuration is another. A file that cannot be written is a problem, and the others go on.
    """
    folder = public_dir / "feeds"
    report = PublishReport(feeds=len(newsroom.feeds))
    mark = fingerprint(newsroom)
    with reading(engine) as connection:
        due = _due(connection, newsroom, folder, mark, now, everything=everything)
        contents = {name: _contents(connection, newsroom, name, now) for name in due}
    report.due = len(due)
    report.unchanged = (len(newsroom.feeds) - len(due)) * len(FORMATS)
    done = [name for name, feed in contents.items() if _publish_feed(feed, folder, report, dry_run=dry_run)]
    _publish_lists(newsroom, folder, report, dry_run=dry_run)
    _remove_retired(engine, newsroom, folder, now, report, dry_run=dry_run)
    if not dry_run and done:
        with writing(engine) as connection:
            _note(connection, done, now, mark)
    return report


def fingerprint(newsroom: Newsroom) -> str:
    """Changes with everything but the articles that a feed's bytes depend on."""
    value = asdict(newsroom) | {"time_zone": newsroom.time_zone.key, "release": RELEASE}
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def sections_of(newsroom: Newsroom, name: str) -> tuple[str, ...]:
    """The keys of the sections that a feed is made of."""
    if name != LATEST_FEED:
        return (name,)
    return tuple(section.key for section in newsroom.sections if section.is_news)


def _due(
    connection: Connection,
    newsroom: Newsroom,
    folder: Path,
    mark: str,
    now: datetime,
    *,
    everything: bool,
) -> list[str]:
    rows = {row.name: row for row in connection.execute(sa.select(feed_marks))}
    touched: dict[datetime, frozenset[str]] = {}
    due = []
    for name in newsroom.feeds:
        row = rows.get(name)
        is_fresh = row is not None and row.fingerprint == mark and row.until <= now
        if everything or row is None or not is_fresh or not _is_whole(folder, name):
            due.append(name)
            continue
        if row.until not in touched:
            touched[row.until] = catalogue.touched_sections(connection, row.until, now)
        if not touched[row.until].isdisjoint(sections_of(newsroom, name)):
            due.append(name)
    return due


def _is_whole(folder: Path, name: str) -> bool:
    return all((folder / f"{name}{ending}").is_file() for ending in FORMATS)


def _contents(connection: Connection, newsroom: Newsroom, name: str, now: datetime) -> Feed:
    keys = sections_of(newsroom, name)
    return select(
        newsroom,
        name,
        _teasers(connection, newsroom, name, keys, now),
        catalogue.list_changed(connection, keys, now),
    )


def _teasers(
    connection: Connection, newsroom: Newsroom, name: str, keys: tuple[str, ...], now: datetime
) -> list[Teaser]:
    section = newsroom.section(name)
    if section is not None and section.kind is SectionKind.SPONSORED:
        return catalogue.running(connection, name, now, newsroom.paywall)[: newsroom.feed_entries]
    return catalogue.newest(connection, keys, now, newsroom.feed_entries, newsroom.paywall)


def _publish_feed(feed: Feed, folder: Path, report: PublishReport, *, dry_run: bool) -> bool:
    """Write the feed in every format; False where a file could not be written, so that it stays due."""
    went_well = True
    refused: set[str] = set()
    for ending, write in FORMATS.items():
        data, left_out = write(feed)
        refused.update(left_out)
        went_well &= _publish_file(folder / f"{feed.name}{ending}", data, report, dry_run=dry_run)
    report.problems += [
        f"feed {feed.name}: article {article} is left out: it has characters that XML does not allow"
        for article in sorted(refused)
    ]
    return went_well


def _publish_file(path: Path, data: bytes, report: PublishReport, *, dry_run: bool) -> bool:
    try:
        if path.is_file() and path.read_bytes() == data:
            report.unchanged += 1
            return True
        if not dry_run:
            write_whole(path, data)
    except PublishError as error:
        report.problems += error.problems
        return False
    except OSError as error:
        report.problems.append(f"{path}: cannot be read: {error.strerror}; mend its rights")
        return False
    report.written.append(path.name)
    return True


def _publish_lists(newsroom: Newsroom, folder: Path, report: PublishReport, *, dry_run: bool) -> None:
    feeds = listed(newsroom)
    for name, data in (
        ("index.opml", opml(newsroom, feeds)),
        ("index.html", index_page(newsroom, feeds)),
        ("feed.css", stylesheet(newsroom)),
    ):
        _publish_file(folder / name, data, report, dry_run=dry_run)


def _remove_retired(
    engine: Engine,
    newsroom: Newsroom,
    folder: Path,
    now: datetime,
    report: PublishReport,
    *,
    dry_run: bool,
) -> None:
    """Feeds of keys that are gone: their files go; the web application answers 410, or 301 to the new one."""
    moved = {former: section.feed for section in newsroom.sections for former in section.former_keys}
    with reading(engine) as connection:
        known = set(connection.execute(sa.select(feed_marks.c.name)).scalars())
        rows = connection.execute(sa.select(retired_feeds.c.name, retired_feeds.c.moved_to))
        retired = {row.name: row.moved_to for row in rows}
    gone = {name: "" for name in known if name not in newsroom.feeds} | moved
    back = [name for name in retired if name in newsroom.feeds]
    changed = {name: target for name, target in gone.items() if retired.get(name) != target}
    for name in gone:
        for ending, _ in ENDINGS:
            path = folder / f"{name}{ending}"
            if path.is_file() and not dry_run:
                path.unlink()
                report.removed.append(path.name)
    if dry_run or not (changed or back or gone.keys() & known):
        return
    with writing(engine) as connection:
        connection.execute(sa.delete(retired_feeds).where(retired_feeds.c.name.in_([*changed, *back])))
        for name, target in changed.items():
            connection.execute(sa.insert(retired_feeds).values(name=name, moved_to=target, retired=now))
        connection.execute(sa.delete(feed_marks).where(feed_marks.c.name.in_(list(gone))))


def _note(connection: Connection, names: list[str], now: datetime, mark: str) -> None:
    connection.execute(sa.delete(feed_marks).where(feed_marks.c.name.in_(names)))
    connection.execute(
        sa.insert(feed_marks), [{"name": name, "until": now, "fingerprint": mark} for name in names]
    )
