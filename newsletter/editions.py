"""Editions in the database: their rows and revisions, and the log of who changed them when.

Every function works inside the transaction of the connection it is given: those that change something want
a writing one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter import used_stories
from newsletter.codec import from_json, to_json
from newsletter.composition.room_now import as_it_is
from newsletter.delivery import planning
from newsletter.edition import (
    Composition,
    Edition,
    EditionState,
    LeftOut,
    Selection,
    edition_key,
)
from newsletter.edition_row import COLUMNS, OPEN, from_row
from newsletter.tables import edition_log, edition_revisions, editions
from newsroom.counted import counted
from newsroom.database import inserting
from newsroom.errors import MisuseError, NotThereError, StoreError


def create(
    connection: Connection,
    newsletter: str,
    due: datetime,
    composition: Composition,
    now: datetime,
    by: str,
    *,
    held: str = "",
    goes: datetime | None = None,
) -> tuple[Edition, bool]:
    """Store a composed edition as revision 1 with its stories; returns it, and whether it is new.

    There is one edition for each (newsletter, local date, slot): whoever comes second gets the first one's.
    An edition that was held because nothing was new is filled. `held` is why it has to wait for a person;
    `goes` is when it may go out, where that is not at its hour.
    """
    selection = composition.selection
    key = edition_key(newsletter, selection.local_date, selection.slot)
    row: dict[str, Any] = {
        "state": EditionState.COMPOSED.value,
        "revision": 1,
        "composed": now,
        "held": held,
        "fresh": composition.fresh,
        "goes": goes,
        "note": "",
    }
    is_new = _insert(connection, newsletter, selection.local_date, selection.slot, due, row)
    if not is_new:
        empty = sa.and_(editions.c.key == key, editions.c.revision == 0, editions.c.state.in_(OPEN))
        is_new = bool(connection.execute(sa.update(editions).where(empty).values(row)).rowcount)
    if is_new:
        _store_revision(connection, key, 1, selection, composition.left_out, now, by, "composed")
        used_stories.replace(connection, newsletter, key, selection, composition.left_out)
        log(connection, key, now, by, f"composed with {counted(len(selection.stories), 'story', 'stories')}")
        if held:
            log(connection, key, now, by, f"held: {held}")
    return get(connection, key), is_new


def decide(
    connection: Connection,
    newsletter: str,
    local_date: date,
    slot: str,
    due: datetime,
    state: EditionState,
    note: str,
    now: datetime,
    by: str,
    left_out: Sequence[LeftOut] = (),
) -> Edition:
    """Record that a date is decided without an edition (skipped, missed), and why; an edition that is
    there already stays as it is. With COMPOSED it is held until there is something to compose. What was
    considered is remembered as left out of revision 0, in which nothing is chosen."""
    row: dict[str, Any] = {"state": state.value, "revision": 0, "note": note}
    if state is EditionState.COMPOSED:
        row["held"] = note
    else:
        row["finished"] = now
    key = edition_key(newsletter, local_date, slot)
    if _insert(connection, newsletter, local_date, slot, due, row):
        if left_out:
            _store_revision(connection, key, 0, None, left_out, now, by, note)
        log(connection, key, now, by, f"{'held' if 'held' in row else state.value}: {note}")
    return get(connection, key)


def add_revision(
    connection: Connection,
    key: str,
    selection: Selection,
    left_out: Sequence[LeftOut],
    by: str,
    why: str,
    now: datetime,
) -> int:
    """Store what the edition is from now on; returns the number of the revision.

    Raises MisuseError once the edition is over, and after its first hand-over for anything but a selection
    with stories gone.
    """
    edition = locked(connection, key)
    if not edition.is_open:
        raise MisuseError(f"{key} is {edition.state}: it takes no more changes")
    if edition.first_handed is not None:
        before = selection_of(connection, key, edition.revision)
        if not _is_withdrawal(before, selection):
            raise MisuseError(f"{key} is being handed over: only a withdrawn story changes it now")
    else:
        used_stories.replace(connection, edition.newsletter, key, selection, left_out)
        # Who gets which variant depends on the stories.
        planning.forget(connection, key)
    number = edition.revision + 1
    _store_revision(connection, key, number, selection, left_out, now, by, why)
    connection.execute(sa.update(editions).where(editions.c.key == key).values(revision=number))
    log(connection, key, now, by, f"revision {number}: {why}")
    return number


def get(connection: Connection, key: str) -> Edition:
    """The edition of this key. Raises NotThereError where there is none."""
    found = find(connection, key)
    if found is None:
        raise NotThereError(f"there is no edition {key}: `status` lists those there are")
    return found


def find(connection: Connection, key: str) -> Edition | None:
    """The edition of this key, or None."""
    row = connection.execute(sa.select(*COLUMNS).where(editions.c.key == key)).first()
    return None if row is None else from_row(row)


def locked(connection: Connection, key: str) -> Edition:
    """The edition, its row locked until the transaction ends. Raises NotThereError where there is none."""
    row = connection.execute(sa.select(*COLUMNS).where(editions.c.key == key).with_for_update()).first()
    return get(connection, key) if row is None else from_row(row)


def current(connection: Connection, key: str) -> tuple[Edition, Selection]:
    """The edition and what is chosen for it now. Raises NotThereError where there is no edition,
    StoreError where nothing is chosen."""
    edition = get(connection, key)
    return edition, selection_of(connection, key, edition.revision)


def selection_of(connection: Connection, key: str, revision: int) -> Selection:
    """What was chosen in one revision. Raises StoreError where there is no such revision."""
    return from_json(_revision(connection, key, revision, edition_revisions.c.selection))


def left_out_of(connection: Connection, key: str, revision: int) -> tuple[LeftOut, ...]:
    """What was considered and left out of one revision, with the reasons. Revision 0 is where there is no
    edition. Raises StoreError where there is no such revision."""
    if revision == 0:
        query = sa.select(edition_revisions.c.left_out).where(
            edition_revisions.c.edition == key, edition_revisions.c.revision == 0
        )
        return tuple(LeftOut.of(entry) for entry in connection.execute(query).scalar() or ())
    stored = _revision(connection, key, revision, edition_revisions.c.left_out)
    return tuple(LeftOut.of(entry) for entry in stored)


def made_by(connection: Connection, key: str, revision: int) -> tuple[datetime, str, str]:
    """(when, who, why) of one revision. Raises StoreError where there is no such revision."""
    columns = (edition_revisions.c.made, edition_revisions.c.by, edition_revisions.c.why)
    made, by, why = (_revision(connection, key, revision, column) for column in columns)
    return made, by, why


def log(connection: Connection, key: str, now: datetime, by: str, what: str) -> None:
    """Note in the edition's log who did what and when. `what` holds no address, and no words but
    those that an editor wrote for this edition."""
    connection.execute(sa.insert(edition_log).values(edition=key, at=now, by=by, what=what))


@dataclass(frozen=True, slots=True)
class LogLine:
    """Who did what to an edition and when; the numbers of later lines are higher."""

    number: int
    at: datetime
    by: str
    what: str


def log_lines(connection: Connection, key: str) -> tuple[LogLine, ...]:
    """The edition's log, oldest first."""
    query = (
        sa.select(edition_log.c.id, edition_log.c.at, edition_log.c.by, edition_log.c.what)
        .where(edition_log.c.edition == key)
        .order_by(edition_log.c.id)
    )
    return tuple(LogLine(*row) for row in connection.execute(query))


def log_of(connection: Connection, key: str) -> tuple[tuple[datetime, str, str], ...]:
    """(when, who, what), oldest first."""
    return tuple((line.at, line.by, line.what) for line in log_lines(connection, key))


def _insert(
    connection: Connection,
    newsletter: str,
    local_date: date,
    slot: str,
    due: datetime,
    row: dict[str, Any],
) -> bool:
    values = {
        "key": edition_key(newsletter, local_date, slot),
        "newsletter": newsletter,
        "local_date": local_date,
        "slot": slot,
        "due": due,
        **row,
    }
    statement = inserting(connection, editions).values(values).on_conflict_do_nothing()
    return bool(connection.execute(statement).rowcount)


def _store_revision(
    connection: Connection,
    key: str,
    number: int,
    selection: Selection | None,
    left_out: Sequence[LeftOut],
    now: datetime,
    by: str,
    why: str,
) -> None:
    connection.execute(
        sa.insert(edition_revisions).values(
            edition=key,
            revision=number,
            selection=to_json(selection) if selection else {},
            left_out=[entry.stored for entry in (as_it_is(left_out, selection) if selection else left_out)],
            made=now,
            by=by,
            why=why,
        )
    )


def _revision(connection: Connection, key: str, revision: int, column: sa.Column[Any]) -> Any:
    query = sa.select(column).where(
        edition_revisions.c.edition == key, edition_revisions.c.revision == revision
    )
    found = connection.execute(query).scalar_one_or_none()
    if found is None or found == {}:
        raise StoreError(f"{key} has no revision {revision}: nothing was chosen for it")
    return found


def _is_withdrawal(before: Selection, after: Selection) -> bool:
    kept = {story.teaser.id for story in before.stories}
    return {story.teaser.id for story in after.stories} < kept
