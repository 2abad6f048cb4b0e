"""Asking to be signed in, in the database: noted within limits, answered by mail, good once for 15 minutes.

A sign-in belongs to the browser that asked: its link and its code are worth nothing in another one.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from readership import store
from readership.limits import Limit, is_used_up, take
from readership.reader import Reader, SuppressionReason
from readership.tables import readers, sessions, sign_ins
from readership.tokens import sign_in_code

HOLDS = timedelta(minutes=15)
"""How long link and code are good, and how long what was asked is kept."""
TRIES = 5
"""Codes that may be typed for one sign-in."""

PER_NETWORK = Limit("sign-in-network", 20, timedelta(hours=1))
PER_ADDRESS = (
    Limit("sign-in-address-hour", 5, timedelta(hours=1)),
    Limit("sign-in-address-day", 12, timedelta(days=1)),
)
FROM_ONE = (
    Limit("sign-in-address-network-hour", 4, timedelta(hours=1)),
    Limit("sign-in-address-network-day", 8, timedelta(days=1)),
)
"""Of those, what one network may ask for: it leaves some to the reader, who is in another one."""
FROM_KNOWN = (
    Limit("sign-in-known-hour", 5, timedelta(hours=1)),
    Limit("sign-in-known-day", 12, timedelta(days=1)),
)
"""Beside those, what networks may ask for in which the reader has a session."""
WRONG_IN_NETWORK = Limit("sign-in-wrong-network", 50, timedelta(hours=1))
"""Wrong codes of a network, whatever the address."""
WRONG_FROM_ONE = Limit("sign-in-wrong-address-network", 10, timedelta(days=1))
"""Wrong codes for an address from one network: it takes the address from nobody in another one."""
WRONG_IN_ALL = Limit("sign-in-wrong-address", 60, timedelta(days=1))
"""Wrong codes for an address, wherever they come from: with those of networks that know the reader, fewer
than one in 10,000 of all codes a day."""
WRONG_FROM_KNOWN = Limit("sign-in-wrong-known", 15, timedelta(days=1))
"""Beside those, wrong codes from networks in which the reader has a session."""

UNKNOWN = "unknown"
"""The network of whoever has none that we know, as the pages say it: it is nobody's own."""

DEAD = (SuppressionReason.BOUNCED, SuppressionReason.COMPLAINED, SuppressionReason.CLEANED)
"""Nothing is sent there, whoever asks."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who asked for it: a reader or not."""

    id: str
    """By chance, 32 hex digits; it is a secret of ours and of the mail's."""
    browser: str
    """The hash of the asking browser's cookie."""
    key: str
    """The recipient key."""
    address: str
    language: str
    next: str
    """The page of ours that is to follow; empty for none."""
    asked: datetime
    tries: int = 0


_COLUMNS = tuple(sign_ins.c[name] for name in SignIn.__dataclass_fields__)


def ask(connection: Connection, sign_in: SignIn, address_key: bytes, network: str) -> bool:
    """Note it for whoever writes the letters; False where too many came from the network.

    Past the limits of the address it is noted without a letter to come, unless the browser has one that waits
    already: whoever asks for somebody else's address keeps its reader out of nothing. The same is said, and
    as good as the same done, whoever has the address.
    """
    if not take(connection, PER_NETWORK, address_key, network, sign_in.asked):
        return False
    is_mailed = _may_mail(connection, sign_in, address_key, network)
    if not is_mailed:
        waiting = of_browser(connection, sign_in.browser, sign_in.asked)
        if waiting is not None and waiting.key == sign_in.key:
            return True
    values = {name: getattr(sign_in, name) for name in SignIn.__dataclass_fields__}
    values["answered"] = None if is_mailed else sign_in.asked
    connection.execute(sa.insert(sign_ins).values(values))
    return True


def _may_mail(connection: Connection, sign_in: SignIn, address_key: bytes, network: str) -> bool:
    """Count a mail to the address; False where one is too many."""
    if _is_known(connection, sign_in.key, network):
        each = [(limit, sign_in.key) for limit in FROM_KNOWN]
    else:
        # What a network asks for beyond its share is not counted against the others.
        each = [(limit, f"{sign_in.key} {network}") for limit in FROM_ONE]
        each += [(limit, sign_in.key) for limit in PER_ADDRESS]
    return all(take(connection, limit, address_key, who, sign_in.asked) for limit, who in each)


def _is_known(connection: Connection, key: str, network: str) -> bool:
    """Whether the reader with this recipient key has a session in the network."""
    has_session = (
        sa.select(sessions.c.id)
        .join(readers, readers.c.id == sessions.c.reader_id)
        .where(readers.c.key == key, sessions.c.network == network)
        .limit(1)
    )
    return network != UNKNOWN and connection.execute(has_session).first() is not None


def find(connection: Connection, sign_in: str, now: datetime) -> SignIn | None:
    """The sign-in that waits for its link or code; None once it is used or too old."""
    query = sa.select(*_COLUMNS).where(sign_ins.c.id == sign_in, sign_ins.c.asked > now - HOLDS)
    row = connection.execute(query).first()
    return None if row is None else SignIn(*row)


def of_browser(connection: Connection, browser: str, now: datetime) -> SignIn | None:
    """The newest one that waits in the browser whose cookie has this hash."""
    query = (
        sa.select(*_COLUMNS)
        .where(sign_ins.c.browser == browser, sign_ins.c.asked > now - HOLDS)
        .order_by(sign_ins.c.asked.desc(), sign_ins.c.id)
        .limit(1)
    )
    row = connection.execute(query).first()
    return None if row is None else SignIn(*row)


def try_code(
    connection: Connection, sign_in: SignIn, typed: str, address_key: bytes, network: str, now: datetime
) -> bool | None:
    """True for the right code, False for a wrong one, None where no more may be typed. Each call counts."""
    who = {WRONG_IN_NETWORK: network}
    if _is_known(connection, sign_in.key, network):
        who[WRONG_FROM_KNOWN] = sign_in.key
    else:
        who |= {WRONG_FROM_ONE: f"{sign_in.key} {network}", WRONG_IN_ALL: sign_in.key}
    mine = sign_ins.c.id == sign_in.id
    counted = sa.update(sign_ins).where(mine, sign_ins.c.tries < TRIES).values(tries=sign_ins.c.tries + 1)
    if any(is_used_up(connection, limit, address_key, one, now) for limit, one in who.items()):
        return None
    if connection.execute(counted).rowcount == 0:
        return None
    code = sign_in_code(address_key, sign_in.id)
    if hmac.compare_digest(code.encode(), typed.encode("utf-8", "replace")):
        return True
    for limit, one in who.items():
        take(connection, limit, address_key, one, now)
    return False


def use(connection: Connection, sign_in: SignIn) -> Reader | None:
    """Whose sign-in it is: it is good no more, nor is any other that the browser asked for.

    None where somebody else was quicker, and for an address that no reader has.
    """
    if connection.execute(sa.delete(sign_ins).where(sign_ins.c.id == sign_in.id)).rowcount == 0:
        return None
    connection.execute(sa.delete(sign_ins).where(sign_ins.c.browser == sign_in.browser))
    return store.find(connection, sign_in.key)


def unanswered(connection: Connection, now: datetime, limit: int) -> list[SignIn]:
    """The oldest whose letter was not written yet."""
    query = (
        sa.select(*_COLUMNS)
        .where(sign_ins.c.answered.is_(None), sign_ins.c.asked > now - HOLDS)
        .order_by(sign_ins.c.asked)
        .limit(limit)
    )
    return [SignIn(*row) for row in connection.execute(query)]


def answered(connection: Connection, sign_in: str, now: datetime) -> bool:
    """Note that it was answered; False where somebody else was quicker."""
    mine = (sign_ins.c.id == sign_in, sign_ins.c.answered.is_(None))
    return connection.execute(sa.update(sign_ins).where(*mine).values(answered=now)).rowcount == 1


def of_address(connection: Connection, key: str) -> list[dict[str, object]]:
    """When and in which language a sign-in was asked for under a recipient key."""
    columns = (sign_ins.c.address, sign_ins.c.language, sign_ins.c.asked)
    query = sa.select(*columns).where(sign_ins.c.key == key).order_by(sign_ins.c.asked)
    return [dict(row._mapping) for row in connection.execute(query)]


def is_any_expired(connection: Connection, now: datetime) -> bool:
    """Whether anything is to be forgotten."""
    query = sa.select(sign_ins.c.id).where(sign_ins.c.asked <= now - HOLDS).limit(1)
    return connection.execute(query).first() is not None


def forget_expired(connection: Connection, now: datetime) -> int:
    """Forget what nobody has used in time; returns how many."""
    return connection.execute(sa.delete(sign_ins).where(sign_ins.c.asked <= now - HOLDS)).rowcount
