"""The proof that a reader wanted the mail: when, from where, and which words were shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from readership.tables import consents


@dataclass(frozen=True, slots=True)
class Consent:
    """One newsletter that a reader has confirmed. Networks are truncated; words are as they were shown."""

    sign_up: str
    newsletter: str
    sections: tuple[str, ...]
    language: str
    asked: datetime
    asked_network: str
    asked_words: str
    confirmed: datetime
    confirmed_network: str
    confirmed_words: str


def keep(connection: Connection, reader_id: int, some: Sequence[Consent]) -> None:
    """Keep these proofs."""
    if some:
        rows = [
            {name: getattr(one, name) for name in Consent.__dataclass_fields__} | {"reader_id": reader_id}
            for one in some
        ]
        connection.execute(sa.insert(consents), rows)


def of_reader(connection: Connection, reader_id: int) -> list[dict[str, Any]]:
    """Every proof of a reader, the oldest first, by the names of the columns."""
    columns = [consents.c[name] for name in Consent.__dataclass_fields__ if name != "sign_up"]
    query = sa.select(*columns).where(consents.c.reader_id == reader_id).order_by(consents.c.id)
    return [dict(row._mapping) for row in connection.execute(query)]


def confirmed_by(connection: Connection, sign_up: str) -> tuple[int, str, tuple[str, ...]] | None:
    """Whose sign-up it was, in which language, and the newsletters that began with it; None where nothing is
    known of it."""
    query = (
        sa.select(consents.c.reader_id, consents.c.language, consents.c.newsletter)
        .where(consents.c.sign_up == sign_up)
        .order_by(consents.c.id)
    )
    rows = connection.execute(query).all()
    return (rows[0].reader_id, rows[0].language, tuple(row.newsletter for row in rows)) if rows else None
