"""In which browsers a reader is signed in: what is kept of it, and how it ends."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsroom.stop_file import note
from readership.tables import readers, sessions

KEPT = timedelta(days=90)
"""How long after its last visit a browser is still signed in."""
LONGEST = timedelta(days=400)
"""How long after its beginning, however often it is seen: as long as browsers keep a cookie."""
NOTED = timedelta(days=1)
"""How often a visit is noted."""
MOST = 50
"""Sessions of one reader; the one that was seen longest ago ends where there would be more."""


@dataclass(frozen=True, slots=True)
class Session:
    """One browser. `network` is truncated."""

    id: str
    reader_id: int
    begun: datetime
    seen: datetime
    browser: str
    network: str


_COLUMNS = tuple(sessions.c[name] for name in Session.__dataclass_fields__)


def secret() -> str:
    """Something that nobody guesses, for a cookie: 43 characters."""
    return secrets.token_urlsafe(32)


def hash_of(what: str) -> str:
    """What is kept in place of a cookie's secret, which is long enough that no salt is needed."""
    return hashlib.sha256(what.encode("utf-8", "surrogateescape")).hexdigest()


def begin(connection: Connection, reader_id: int, browser: str, network: str, now: datetime) -> str:
    """Sign the reader in; returns the secret for the cookie, which is kept nowhere."""
    theirs = sessions.c.reader_id == reader_id
    newest = (
        sa.select(sessions.c.id).where(theirs).order_by(sessions.c.seen.desc(), sessions.c.id).limit(MOST - 1)
    )
    kept = connection.execute(newest).scalars().all()
    connection.execute(sa.delete(sessions).where(theirs, sessions.c.id.not_in(kept)))
    own = secret()
    connection.execute(
        sa.insert(sessions).values(
            id=secrets.token_hex(16),
            key=hash_of(own),
            reader_id=reader_id,
            begun=now,
            seen=now,
            browser=browser[:60],
            network=network,
        )
    )
    return own


def find(connection: Connection, own: str, now: datetime) -> Session | None:
    """The session whose cookie holds this secret; None where it has ended."""
    query = sa.select(*_COLUMNS).where(sessions.c.key == hash_of(own), ~_is_over(now))
    row = connection.execute(query).first()
    return None if row is None else Session(*row)


def seen(connection: Connection, session: str, now: datetime) -> None:
    """Note the visit."""
    connection.execute(sa.update(sessions).where(sessions.c.id == session).values(seen=now))


def of_reader(connection: Connection, reader_id: int, now: datetime) -> list[Session]:
    """The reader's sessions, the latest first."""
    query = (
        sa.select(*_COLUMNS)
        .where(sessions.c.reader_id == reader_id, ~_is_over(now))
        .order_by(sessions.c.seen.desc(), sessions.c.id)
    )
    return [Session(*row) for row in connection.execute(query)]


def kept(connection: Connection, reader_id: int) -> list[dict[str, Any]]:
    """All that is kept of the reader's sessions but what names them, by the names of the columns."""
    columns = (sessions.c.begun, sessions.c.seen, sessions.c.browser, sessions.c.network)
    query = sa.select(*columns).where(sessions.c.reader_id == reader_id).order_by(sessions.c.begun)
    return [dict(row._mapping) for row in connection.execute(query)]


def end(connection: Connection, reader_id: int, now: datetime, session: str | None = None) -> int:
    """End one session of this reader, or with None all of them; returns how many."""
    where = [sessions.c.reader_id == reader_id]
    if session is not None:
        where.append(sessions.c.id == session)
    ended = connection.execute(sa.delete(sessions).where(*where)).rowcount
    key = connection.execute(sa.select(readers.c.key).where(readers.c.id == reader_id)).scalar()
    if ended and key is not None:
        # A restored backup ends them all: a session too few costs a mail, one too many lets somebody in.
        note(connection, "sessions", key, now)
    return ended


def end_all(connection: Connection) -> int:
    """Sign every reader out; returns how many sessions ended."""
    return connection.execute(sa.delete(sessions)).rowcount


def is_any_expired(connection: Connection, now: datetime) -> bool:
    """Whether anything is to be forgotten."""
    query = sa.select(sessions.c.id).where(_is_over(now)).limit(1)
    return connection.execute(query).first() is not None


def forget_expired(connection: Connection, now: datetime) -> int:
    """Forget the sessions that have ended by themselves; returns how many."""
    return connection.execute(sa.delete(sessions).where(_is_over(now))).rowcount


def _is_over(now: datetime) -> sa.ColumnElement[bool]:
    """Whether a session has ended by itself."""
    return sa.or_(sessions.c.seen <= now - KEPT, sessions.c.begun <= now - LONGEST)
