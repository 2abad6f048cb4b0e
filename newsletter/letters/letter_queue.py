"""Letters to one person that wait to be handed over."""

from __future__ import annotations

import secrets
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter.rendering.letter import Letter
from newsletter.tables import letters
from newsroom.masthead import Newsletter


def put(
    connection: Connection,
    kind: str,
    newsletter: Newsletter,
    address: str,
    letter: Letter,
    now: datetime,
    expires: datetime,
) -> int:
    """Put a letter into the queue; after `expires` it is worth nothing, and is not sent any more. Returns its
    number."""
    domain = newsletter.sender.rpartition("@")[2]
    row = sa.insert(letters).values(
        kind=kind,
        newsletter=newsletter.key,
        address=address,
        subject=letter.subject,
        html="".join(map(str, letter.html)),
        text="".join(map(str, letter.text)),
        language=letter.language,
        message_id=f"{kind}-{secrets.token_hex(12)}@{domain}",
        created=now,
        expires=expires,
        not_before=now,
        attempts=0,
    )
    return int(connection.execute(row.returning(letters.c.id)).scalar_one())


def is_due(connection: Connection, now: datetime, which: sa.ColumnElement[bool] | None = None) -> bool:
    """Whether any letter, of those that `which` chooses, may be handed over or forgotten."""
    query = sa.select(letters.c.id).where(sa.or_(letters.c.not_before <= now, letters.c.expires <= now))
    if which is not None:
        query = query.where(which)
    return connection.execute(query.limit(1)).first() is not None


def forget_address(connection: Connection, address: str) -> int:
    """Forget the letters to this address, however it is capitalised; returns how many."""
    where = sa.func.lower(letters.c.address) == address.lower()
    return connection.execute(sa.delete(letters).where(where)).rowcount


def waiting_since(connection: Connection) -> tuple[int, datetime | None]:
    """How many letters wait, and since when the oldest does."""
    row = connection.execute(sa.select(sa.func.count(letters.c.id), sa.func.min(letters.c.created))).one()
    return row[0], row[1]
