"""Feeds of keys that are gone: their files go, and what became of them is remembered for those who ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from content.tables import retired_feeds
from feeds.due import LISTS
from feeds.listing import ENDINGS
from feeds.tables import feed_marks
from newsroom.database import reading, writing
from newsroom.masthead import Newsroom


@dataclass(frozen=True, slots=True)
class Retirement:
    """What was retired: the files removed, by name, and a line for each that could not be."""

    removed: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def retire(
    engine: Engine, newsroom: Newsroom, folder: Path, now: datetime, *, dry_run: bool = False
) -> Retirement:
    """Remove the feeds of dropped and of renamed sections, and note whether they moved and where.

    The web application answers 410 for the one and 301 for the other. A key that is a section's again is
    forgotten here. A file that cannot be removed is a problem, and the next run tries again.
    """
    with reading(engine) as connection:
        known = set(connection.execute(sa.select(feed_marks.c.name)).scalars()) - set(LISTS)
        rows = connection.execute(sa.select(retired_feeds.c.name, retired_feeds.c.moved_to))
        before = {row.name: row.moved_to for row in rows}
    live = frozenset(newsroom.feeds)
    moved = {former: section.feed for section in newsroom.sections for former in section.former_keys}
    gone = {name: to for name, to in (dict.fromkeys(known, "") | moved).items() if name not in live}
    done, retirement = _remove(gone, folder, dry_run=dry_run)
    if not dry_run:
        _note(engine, gone, before, done & known, live, now)
    return retirement


def moved_to(connection: Connection, name: str) -> str | None:
    """Where a feed that is no more went: the name of another one, empty where it ended; None where none of
    this name ever was."""
    query = sa.select(retired_feeds.c.moved_to).where(retired_feeds.c.name == name)
    return connection.execute(query).scalar_one_or_none()


def _remove(gone: Mapping[str, str], folder: Path, *, dry_run: bool) -> tuple[set[str], Retirement]:
    removed, problems, done = [], [], set(gone)
    for name in sorted(gone):
        for ending, _ in ENDINGS:
            path = folder / f"{name}{ending}"
            if not path.is_file():
                continue
            try:
                if not dry_run:
                    path.unlink()
            except OSError as error:
                problems.append(f"{path}: cannot be removed: {error.strerror}; mend the rights of its folder")
                done.discard(name)
            else:
                removed.append(path.name)
    return done, Retirement(tuple(removed), tuple(problems))


def _note(
    engine: Engine,
    gone: Mapping[str, str],
    before: Mapping[str, str],
    unmarked: set[str],
    live: frozenset[str],
    now: datetime,
) -> None:
    back = [name for name in before if name in live]
    changed = {name: target for name, target in gone.items() if before.get(name) != target}
    if not (back or changed or unmarked):
        return
    with writing(engine) as connection:
        connection.execute(sa.delete(retired_feeds).where(retired_feeds.c.name.in_([*changed, *back])))
        for name, target in changed.items():
            connection.execute(sa.insert(retired_feeds).values(name=name, moved_to=target, retired=now))
        connection.execute(sa.delete(feed_marks).where(feed_marks.c.name.in_(unmarked)))
