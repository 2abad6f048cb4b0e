"""This installation: the one row that a database has of where it came from."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from newsroom.database import reading, writing
from newsroom.tables import installation


@dataclass(frozen=True, slots=True)
class Installation:
    """The installation's id, and how often it has told its witness of an edition: that it begins, and how far
    each run and each backup found it."""

    id: str
    created: datetime
    hand_overs: int
    last_edition: str
    restored: datetime | None = None
    """When it was found to be a restored one; None once a person has looked."""
    saved: datetime | None = None
    """When its last backup was begun: what is put back was saved then, or later."""


def ensure(engine: Engine, now: datetime) -> Installation:
    """The installation of this database; made at `now` where the database is new."""
    with reading(engine) as connection:
        found = find(connection)
    if found is not None:
        return found
    with writing(engine) as connection:
        found = find(connection)
        if found is None:
            found = Installation(uuid.uuid4().hex, now, 0, "")
            connection.execute(
                sa.insert(installation).values(id=found.id, created=now, hand_overs=0, last_edition="")
            )
    return found


def find(connection: Connection) -> Installation | None:
    """The installation, or None in a database that nobody has used."""
    row = connection.execute(sa.select(installation)).first()
    if row is None:
        return None
    return Installation(row.id, row.created, row.hand_overs, row.last_edition, row.restored, row.saved)


def announce(connection: Connection, edition: str) -> Installation:
    """Count the hand-over of `edition`, once; returns the installation as it is then."""
    connection.execute(
        sa.update(installation)
        .where(installation.c.last_edition != edition)
        .values(hand_overs=installation.c.hand_overs + 1, last_edition=edition)
    )
    return _there(connection)


def advance(connection: Connection, edition: str) -> Installation:
    """Count that `edition` came further; returns the installation as it is then."""
    counted = {"hand_overs": installation.c.hand_overs + 1, "last_edition": edition}
    connection.execute(sa.update(installation).values(counted))
    return _there(connection)


def _there(connection: Connection) -> Installation:
    found = find(connection)
    if found is None:
        raise LookupError("the database has no installation: `ensure` makes it")
    return found


def catch_up(connection: Connection, hand_overs: int, edition: str) -> None:
    """Count as many hand-overs as the witness has seen, where the database has counted no more than those."""
    connection.execute(
        sa.update(installation)
        .where(installation.c.hand_overs <= hand_overs)
        .values(hand_overs=hand_overs, last_edition=edition)
    )


def note_backup(connection: Connection, now: datetime) -> None:
    """A backup is made: what it has of anything is as of now."""
    connection.execute(sa.update(installation).values(saved=now))


def looked_at(connection: Connection) -> None:
    """A person has looked at a restored database."""
    connection.execute(sa.update(installation).values(restored=None))
