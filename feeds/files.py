"""The feeds' files: what each holds, in every format, written where its bytes differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from importlib import import_module
from pathlib import Path

from sqlalchemy.engine import Connection

from content import catalogue
from content.teaser import Teaser
from feeds.due import sections_of
from feeds.former import former_date
from feeds.listing import FORMATS, listed
from feeds.opml import opml
from feeds.page import index_page, private_stylesheet, stylesheet
from feeds.report import PublishReport
from feeds.select import MOST_TOMBSTONES, Feed, Written, select, span
from newsroom.errors import PublishError
from newsroom.files import write_whole
from newsroom.masthead import Newsroom, SectionKind


def _writers() -> Iterator[tuple[str, Callable[[Feed], Written]]]:
    """Each format's ending with the function that makes its bytes."""
    for one in FORMATS:
        module, _, name = one.writer.partition(":")
        yield one.ending, getattr(import_module(module), name)


def contents(connection: Connection, newsroom: Newsroom, folder: Path, name: str, now: datetime) -> Feed:
    """What the feed of this name holds now."""
    keys = sections_of(newsroom, name)
    moments = (catalogue.list_changed(connection, keys, now), former_date(folder, name, now))
    changed = max((moment for moment in moments if moment is not None), default=None)
    teasers = teasers_of(connection, newsroom, name, keys, now)
    since = span(newsroom, teasers)
    withdrawn = catalogue.withdrawals(connection, keys, now, MOST_TOMBSTONES, since)
    return select(newsroom, name, teasers, changed, withdrawn)


def teasers_of(
    connection: Connection, newsroom: Newsroom, name: str, keys: tuple[str, ...], now: datetime
) -> list[Teaser]:
    """The articles of the feed `name`, made of the lists `keys`, in their order."""
    section = newsroom.section(name)
    if section is not None and section.kind is SectionKind.SPONSORED:
        return catalogue.running(connection, name, now, newsroom.paywall)[: newsroom.feed_entries]
    return catalogue.newest(connection, keys, now, newsroom.feed_entries, newsroom.paywall)


def publish_feed(feed: Feed, folder: Path, report: PublishReport, *, dry_run: bool) -> bool:
    """Write the feed in every format; False where a file could not be written, so that it stays due."""
    went_well = True
    refused: set[str] = set()
    for ending, write in _writers():
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


def publish_lists(newsroom: Newsroom, folder: Path, report: PublishReport, *, dry_run: bool) -> bool:
    """Write the list and the page of all feeds; False where one could not be written."""
    feeds = listed(newsroom)
    made: Mapping[str, Callable[[], bytes]] = {
        "index.opml": lambda: opml(newsroom, feeds),
        "index.html": lambda: index_page(newsroom, feeds),
        "feed.css": lambda: stylesheet(newsroom),
        "private.css": lambda: private_stylesheet(newsroom),
    }
    went_well = True
    for name, make in made.items():
        try:
            data = make()
        except ValueError as error:
            report.problems.append(_cannot_be_made(folder / name, error))
            went_well = False
        else:
            went_well &= _publish_file(folder / name, data, report, dry_run=dry_run)
    return went_well


def _cannot_be_made(path: Path, error: ValueError) -> str:
    return f"{path}: cannot be made: {error}; look at the sections' titles and at `about`"
