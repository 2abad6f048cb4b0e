"""Feeds on the disk: those that are due are made anew, and written only where their bytes differ."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from content import catalogue
from content.teaser import Teaser
from feeds.former import former_date
from feeds.json_feed import json_feed
from feeds.listing import listed
from feeds.opml import opml
from feeds.page import index_page, stylesheet
from feeds.release import release
from feeds.retire import retire
from feeds.rss_atom import Written, atom, rss
from feeds.select import Feed, select
from feeds.tables import feed_marks
from newsroom.database import reading, writing
from newsroom.errors import PublishError
from newsroom.files import write_whole
from newsroom.masthead import LATEST_FEED, Newsroom, SectionKind

FORMATS: Mapping[str, Callable[[Feed], Written]] = {".rss": rss, ".atom": atom, ".json": json_feed}
"""By ending. Another format is another line here."""

OVERLAP = timedelta(minutes=10)
"""How much of the time that was looked at already is looked at again: a sync that was writing during the last
run has earlier times than the run. What did not change costs a rendering and no file."""

_AT_ONCE = 100
"""So many feeds are held in memory together, and marked together when they stand."""

_UNFINISHED = ""
"""The fingerprint of a feed that could not be written: it is due whatever happens."""


@dataclass(slots=True)
class PublishReport:
    """What was published, or with a dry run would be."""

    feeds: int = 0
    """How many there are."""
    due: int = 0
    """How many of them were made anew."""
    written: list[str] = field(default_factory=list)
    """Files whose bytes changed, by name."""
    removed: list[str] = field(default_factory=list)
    """Files of feeds that are no more, by name."""
    unchanged: int = 0
    """Files that are as they should be."""
    problems: list[str] = field(default_factory=list)
    """A line for each file or article that failed."""

    @property
    def files(self) -> int:
        """How many files there are."""
        return len(self.written) + self.unchanged


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
    release or configuration is another; with `everything` all of them.

    A file that cannot be written is a problem in the report; the others go on, and its feed stays due. Raises
    StoreError where the database fails.
    """
    folder = public_dir / "feeds"
    report = PublishReport(feeds=len(newsroom.feeds))
    mark = fingerprint(newsroom)
    with reading(engine) as connection:
        due = newsroom.feeds if everything else _due(connection, newsroom, folder, mark, now)
    report.due = len(due)
    report.unchanged = (len(newsroom.feeds) - len(due)) * len(FORMATS)
    rest = iter(due)
    while names := list(islice(rest, _AT_ONCE)):
        with reading(engine) as connection:
            contents = [_contents(connection, newsroom, folder, name, now) for name in names]
        results = {feed.name: _publish_feed(feed, folder, report, dry_run=dry_run) for feed in contents}
        if not dry_run:
            with writing(engine) as connection:
                _note(connection, results, now, mark)
    if not dry_run:
        with writing(engine) as connection:
            _note_quiet(connection, now, mark)
    _publish_lists(newsroom, folder, report, dry_run=dry_run)
    retirement = retire(engine, newsroom, folder, now, dry_run=dry_run)
    report.removed += retirement.removed
    report.problems += retirement.problems
    return report


def fingerprint(newsroom: Newsroom) -> str:
    """Changes with everything but the articles that a feed's bytes depend on."""
    value = asdict(newsroom) | {"time_zone": newsroom.time_zone.key, "release": release()}
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def sections_of(newsroom: Newsroom, name: str) -> tuple[str, ...]:
    """The keys of the sections that a feed is made of."""
    if name != LATEST_FEED:
        return (name,)
    return tuple(section.key for section in newsroom.sections if section.is_news)


def _due(
    connection: Connection, newsroom: Newsroom, folder: Path, mark: str, now: datetime
) -> tuple[str, ...]:
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
    return all((folder / f"{name}{ending}").is_file() for ending in FORMATS)


def _contents(connection: Connection, newsroom: Newsroom, folder: Path, name: str, now: datetime) -> Feed:
    keys = sections_of(newsroom, name)
    moments = (catalogue.list_changed(connection, keys, now), former_date(folder, name, now))
    changed = max((moment for moment in moments if moment is not None), default=None)
    return select(newsroom, name, _teasers(connection, newsroom, name, keys, now), changed)


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
        path = folder / f"{feed.name}{ending}"
        try:
            data, left_out = write(feed)
        except ValueError as error:
            # Not an entry, which would be left out: the feed's own title or description.
            report.problems.append(
                f"{path}: cannot be made: {error}; look at the section's title and `about`"
            )
            went_well = False
            continue
        refused.update(left_out)
        went_well &= _publish_file(path, data, report, dry_run=dry_run)
    report.problems += [
        f"feed {feed.name}: article {article} is left out: it has no headline, or characters that XML refuses"
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
    made: Mapping[str, Callable[[], bytes]] = {
        "index.opml": lambda: opml(newsroom, feeds),
        "index.html": lambda: index_page(newsroom, feeds),
        "feed.css": lambda: stylesheet(newsroom),
    }
    for name, make in made.items():
        try:
            data = make()
        except ValueError as error:
            report.problems.append(_cannot_be_made(folder / name, error))
        else:
            _publish_file(folder / name, data, report, dry_run=dry_run)


def _cannot_be_made(path: Path, error: ValueError) -> str:
    return f"{path}: cannot be made: {error}; look at the sections' titles and at `about`"


def _note(connection: Connection, results: Mapping[str, bool], now: datetime, mark: str) -> None:
    connection.execute(sa.delete(feed_marks).where(feed_marks.c.name.in_(results)))
    rows = [
        {"name": name, "until": now, "fingerprint": mark if went_well else _UNFINISHED}
        for name, went_well in results.items()
    ]
    connection.execute(sa.insert(feed_marks), rows)


def _note_quiet(connection: Connection, now: datetime, mark: str) -> None:
    """Those in which nothing changed were looked at as well, so that the next run asks about all at once."""
    quiet = sa.and_(feed_marks.c.fingerprint == mark, feed_marks.c.until < now)
    connection.execute(sa.update(feed_marks).where(quiet).values(until=now))
