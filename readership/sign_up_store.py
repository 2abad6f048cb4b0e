"""Sign-ups in the database: noted within limits, answered once, confirmed once, forgotten after a week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from readership import consent, store
from readership.change import Known
from readership.limits import is_used_up, take
from readership.sign_up import KEPT, PER_ADDRESS, PER_NETWORK, SignUp, Start, in_all
from readership.suppression import lift_wish
from readership.tables import sign_ups

_COLUMNS = tuple(sign_ups.c[name] for name in SignUp.__dataclass_fields__)
_NOTED = sa.insert(sign_ups).from_select(
    list(SignUp.__dataclass_fields__),
    sa.select(*(sa.bindparam(one.name, type_=one.type) for one in _COLUMNS)).where(
        sa.bindparam("goes_on", type_=sa.Integer) == 1
    ),
)
"""Inserts a row or none, in one statement."""

_ALL = "all"
_NOBODY = ""
"""What goes no further is counted under this name: a flood leaves one row, not one for each address."""


def ask(connection: Connection, sign_up: SignUp, address_key: bytes, most: int, *, is_sound: bool) -> bool:
    """Note the sign-up for whoever answers it; True where it was noted, which nobody is told.

    It is not where too many came from the network, for the address or in all (`most` an hour), nor without
    `is_sound`. The same statements run in every case, and none of them asks who is a reader: nobody can learn
    that from how long it takes.
    """
    now, every = sign_up.asked, in_all(most)
    goes_on = not is_used_up(connection, every, address_key, _ALL, now) and is_sound
    who = sign_up.network if goes_on else _NOBODY
    goes_on &= take(connection, PER_NETWORK, address_key, who, now)
    goes_on &= take(connection, every, address_key, _ALL if goes_on else _NOBODY, now)
    for limit in PER_ADDRESS:
        goes_on &= take(connection, limit, address_key, sign_up.key if goes_on else _NOBODY, now)
    values = {name: _stored(getattr(sign_up, name)) for name in SignUp.__dataclass_fields__}
    connection.execute(_NOTED, values | {"goes_on": int(goes_on)})
    return goes_on


def unanswered(connection: Connection, limit: int) -> list[SignUp]:
    """The oldest sign-ups whose letter was not written yet."""
    query = sa.select(*_COLUMNS).where(sign_ups.c.answered.is_(None)).order_by(sign_ups.c.asked).limit(limit)
    return [_sign_up(row) for row in connection.execute(query)]


def answered(connection: Connection, sign_up: str, now: datetime, *, waits: bool) -> bool:
    """Note that it was answered, and forget it unless it `waits` to be confirmed; False where somebody else
    was quicker."""
    where = (sign_ups.c.id == sign_up, sign_ups.c.answered.is_(None))
    if waits:
        changed = connection.execute(sa.update(sign_ups).where(*where).values(answered=now))
    else:
        changed = connection.execute(sa.delete(sign_ups).where(*where))
    return changed.rowcount == 1


def find(connection: Connection, sign_up: str) -> SignUp | None:
    """The sign-up that waits to be confirmed; None once it is, or was forgotten."""
    row = connection.execute(sa.select(*_COLUMNS).where(sign_ups.c.id == sign_up)).first()
    return None if row is None else _sign_up(row)


def of_address(connection: Connection, key: str) -> list[dict[str, Any]]:
    """What waits to be confirmed under a recipient key, by the names of the columns."""
    kept = [one for one in _COLUMNS if one.name not in ("id", "key", "browser")]
    query = sa.select(*kept).where(sign_ups.c.key == key).order_by(sign_ups.c.asked)
    return [dict(row._mapping) for row in connection.execute(query)]


def known_of(connection: Connection, key: str) -> Known:
    """What is known under a recipient key."""
    reader = store.find(connection, key)
    theirs = store.subscriptions_of(connection, [reader.id]).get(reader.id, {}) if reader else {}
    return Known(reader, theirs, store.suppressed(connection, [key]).get(key))


def confirm(
    connection: Connection, sign_up: SignUp, start: Start, proofs: Sequence[consent.Consent], now: datetime
) -> int | None:
    """Let it begin; returns the reader's number, or None where the sign-up was confirmed already."""
    if connection.execute(sa.delete(sign_ups).where(sign_ups.c.id == sign_up.id)).rowcount == 0:
        return None
    if start.lifts:
        lift_wish(connection, sign_up.key, now)
    store.save_readers(connection, [start.reader], now)
    stored = store.find(connection, sign_up.key)
    if stored is None:  # Just stored.
        raise LookupError("a reader who was stored is not there")
    theirs = [replace(one, reader_id=stored.id) for one in start.subscriptions]
    store.save_choices(connection, stored, theirs, now)
    consent.keep(connection, stored.id, proofs)
    return stored.id


def is_any_expired(connection: Connection, now: datetime) -> bool:
    """Whether anything is to be forgotten."""
    query = sa.select(sign_ups.c.id).where(sign_ups.c.asked <= now - KEPT).limit(1)
    return connection.execute(query).first() is not None


def forget_expired(connection: Connection, now: datetime) -> int:
    """Forget what nobody has confirmed in time; returns how many."""
    return connection.execute(sa.delete(sign_ups).where(sign_ups.c.asked <= now - KEPT)).rowcount


def _sign_up(row: sa.Row[Any]) -> SignUp:
    values = dict(row._mapping)
    lists = {name: tuple(values[name]) for name in ("newsletters", "sections")}
    return SignUp(**{**values, **lists})


def _stored(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
