"""Feeds written some at a time, and noted: as looked at, and for the hub to be told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import Engine

from feeds import due, files, pings
from feeds.listing import ENDINGS
from feeds.report import PublishReport
from feeds.websub import addresses
from newsroom.database import reading, writing
from newsroom.masthead import Newsroom
from newsroom.portions import portions

AT_ONCE = 100
"""So many feeds are held in memory together, and marked together when they stand."""


def write_feeds(
    engine: Engine,
    newsroom: Newsroom,
    folder: Path,
    now: datetime,
    names: Sequence[str],
    report: PublishReport,
    *,
    dry_run: bool,
) -> Iterator[int]:
    """Write these feeds where their bytes differ; yields how many were looked at, after each part of them."""
    mark = due.fingerprint(newsroom)
    for some in portions(names, AT_ONCE):
        with reading(engine) as connection:
            contents = [files.contents(connection, newsroom, folder, name, now) for name in some]
        before = len(report.written)
        fresh = frozenset() if dry_run else _expect(engine, newsroom, some, now)
        results = {feed.name: files.publish_feed(feed, folder, report, dry_run=dry_run) for feed in contents}
        if not dry_run:
            told = addresses(newsroom.public_url, report.written[before:])
            with writing(engine) as connection:
                due.note(connection, results, now, mark)
                pings.forget(connection, fresh.difference(told))
        yield len(some)


def _expect(engine: Engine, newsroom: Newsroom, names: Sequence[str], now: datetime) -> frozenset[str]:
    """Note for the hub all that may be written; returns what was not noted before.

    Before it is written, and what stays as it was is taken back: of a run that is killed in between, the next
    one finds the files as they should be, and nobody would ever tell the hub.
    """
    if not newsroom.hub:
        return frozenset()
    wanted = addresses(newsroom.public_url, (f"{name}{ending}" for name in names for ending, _ in ENDINGS))
    with writing(engine) as connection:
        return pings.note(connection, wanted, now)
