"""Stored letters: what a variant of a revision looked like, once for all of its readers."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter.rendering.letter import MARK_CLOSE, MARK_OPEN, Letter, Parts, Slot, parts_of
from newsletter.tables import renders
from newsroom.database import inserting
from newsroom.errors import StoreError


def store(connection: Connection, letter: Letter, now: datetime) -> str:
    """Store the letter unless it is there; returns its hash. Wants a writing transaction."""
    row = inserting(connection, renders).values(
        hash=letter.digest,
        subject=letter.subject,
        html=marked(letter.html),
        text=marked(letter.text),
        language=letter.language,
        made=now,
    )
    connection.execute(row.on_conflict_do_nothing())
    return letter.digest


def load(connection: Connection, digest: str) -> Letter:
    """The letter with this hash. Raises StoreError where it is not kept."""
    row = connection.execute(sa.select(renders).where(renders.c.hash == digest)).first()
    if row is None:
        raise StoreError(f"the letter {digest[:12]} is no longer stored: it cannot be handed over again")
    return Letter(row.subject, parts_of(row.html), parts_of(row.text), row.language)


def marked(parts: Parts) -> str:
    """The text with its slots marked, as `parts_of` reads it."""
    return "".join(f"{MARK_OPEN}{part}{MARK_CLOSE}" if isinstance(part, Slot) else part for part in parts)
