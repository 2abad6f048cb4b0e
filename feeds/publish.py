"""Feeds on the disk: those that are due are made anew, and written only where their bytes differ."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import Engine

from feeds import due
from feeds.listing import ENDINGS
from feeds.report import PublishReport
from feeds.retire import retire
from newsroom.database import reading, writing
from newsroom.masthead import Newsroom


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
    mark = due.fingerprint(newsroom)
    with reading(engine) as connection:
        names = newsroom.feeds if everything else due.due_feeds(connection, newsroom, folder, mark, now)
        lists = everything or due.lists_are_due(connection, folder, mark)
    report.due = len(names)
    report.unchanged = (len(newsroom.feeds) - len(names)) * len(ENDINGS) + len(due.LISTS) * (not lists)
    if names or lists:
        _write(engine, newsroom, folder, now, names, report, lists=lists, dry_run=dry_run)
    if not dry_run:
        with writing(engine) as connection:
            due.note_quiet(connection, now, mark)
    retirement = retire(engine, newsroom, folder, now, dry_run=dry_run)
    report.removed += retirement.removed
    report.problems += retirement.problems
    return report


def _write(
    engine: Engine,
    newsroom: Newsroom,
    folder: Path,
    now: datetime,
    names: Sequence[str],
    report: PublishReport,
    *,
    lists: bool,
    dry_run: bool,
) -> None:
    # Most runs write no feed, and what writes them takes a while to import.
    from feeds import files, second
    from feeds.writing import write_feeds

    def do(some: Sequence[str]) -> None:
        for _ in write_feeds(engine, newsroom, folder, now, some, report, dry_run=dry_run):
            pass

    theirs = names[: second.share(names, engine)]
    url = engine.url.render_as_string(hide_password=False)
    task = second.Task(url, newsroom, folder, now, tuple(theirs), dry_run)
    with ExitStack() as ends:
        helping = ends.enter_context(second.start(task)) if theirs else None
        do(names[len(theirs) :])
        if helping is not None:
            done = helping.report()
            if done is None:
                do(theirs)
            else:
                report.add(done)
    if lists:
        went_well = files.publish_lists(newsroom, folder, report, dry_run=dry_run)
        if not dry_run:
            with writing(engine) as connection:
                due.note(connection, {due.LISTS[0]: went_well}, now, due.fingerprint(newsroom))
