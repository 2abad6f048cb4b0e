"""How private feeds are fetched: as little as shows that an address may be shared, for seven days."""

from __future__ import annotations

import hashlib
import hmac
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsroom.database import inserting
from newsroom.portions import portions
from readership.feed_addresses import FIRST, holders
from readership.tables import feed_addresses, feed_uses

KEPT = timedelta(days=7)
USUAL_NETWORKS = 5
"""Home, work, a telephone, a train: more networks than these within a day are noticed."""
WITHIN = timedelta(hours=24)
MOST_A_DAY = 50
"""Rows of one reader and day: an address that is all over the world fills no table."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """Fetches of one reader's feeds by one program from one network, counted together."""

    reader_id: int
    agent: str
    """The program's family."""
    network: str
    """The truncated network; empty for a service, which fetches from anywhere for its own users."""
    subscribers: int
    """How many the service says to have for the address; 0 where it says nothing."""
    generation: int = FIRST
    """That of the address."""


@dataclass(frozen=True, slots=True)
class Use:
    """What is kept of a day's fetches; `network` is an HMAC."""

    day: date
    agent: str
    network: str
    count: int
    first: datetime
    last: datetime
    subscribers: int


@dataclass(frozen=True, slots=True)
class Sharing:
    """What points to an address being shared, in the last seven days. It proves nothing."""

    subscribers: int = 0
    """The most that a service said to have for one address."""
    service: str = ""
    """Which one said so."""
    networks: int = 0
    """The most networks within 24 hours, services left out."""

    @property
    def is_noticed(self) -> bool:
        """Whether it is more than one reader with several devices would make."""
        return self.subscribers > 1 or self.networks > USUAL_NETWORKS


def sharing(uses: Sequence[Use]) -> Sharing:
    """What these fetches of one reader's feeds point to. Pure."""
    said = max(uses, key=lambda use: use.subscribers, default=None)
    moments = sorted((moment, use.network) for use in uses if use.network for moment in (use.first, use.last))
    most, start = 0, 0
    for end, (moment, _) in enumerate(moments):
        while moment - moments[start][0] >= WITHIN:
            start += 1
        most = max(most, len({network for _, network in moments[start : end + 1]}))
    if said is None or not said.subscribers:
        return Sharing(networks=most)
    return Sharing(said.subscribers, said.agent, most)


def note(connection: Connection, key: bytes, fetched: Mapping[Fetched, int], now: datetime) -> None:
    """Count fetches, each kind so many times, and forget what is older than seven days.

    Networks are kept as an HMAC under `key`. Readers who are no more are passed over, and addresses that were
    taken back since. The connection writes.
    """
    today = now.astimezone(UTC).date()
    connection.execute(sa.delete(feed_uses).where(feed_uses.c.day < today - KEPT))
    there = _there(connection, {one.reader_id for one in fetched})
    taken = _taken(connection, there, today)
    for one, count in fetched.items():
        if there.get(one.reader_id) != one.generation:
            continue
        network = _hidden(key, one) if one.network else ""
        if (one.agent, network) not in taken[one.reader_id]:
            if len(taken[one.reader_id]) >= MOST_A_DAY:
                continue
            taken[one.reader_id].add((one.agent, network))
        _add(connection, one, network, count, today, now)


def uses_of(connection: Connection, reader_id: int, now: datetime) -> list[Use]:
    """What is kept of the fetches of the reader's feeds, the oldest day first."""
    return _uses(connection, [reader_id], now).get(reader_id, [])


def kept(connection: Connection, reader_id: int) -> dict[str, Any]:
    """All that is kept of the reader's own feeds, ready for JSON. The addresses themselves are not kept."""
    own = connection.execute(
        sa.select(feed_addresses).where(feed_addresses.c.reader_id == reader_id)
    ).one_or_none()
    query = sa.select(feed_uses).where(feed_uses.c.reader_id == reader_id).order_by(feed_uses.c.day)
    uses = [_use(row) for row in connection.execute(query)]
    found = sharing(uses)
    return {
        "changed": own.changed.isoformat() if own else "",
        "revoked": own.revoked.isoformat() if own and own.revoked else "",
        "fetched": [
            asdict(use) | {"day": str(use.day), "first": use.first.isoformat(), "last": use.last.isoformat()}
            for use in uses
        ],
        "may_be_shared": found.is_noticed,
    }


def noticed(connection: Connection, now: datetime) -> dict[int, Sharing]:
    """The readers, by number, whose addresses may be shared."""
    since = now.astimezone(UTC).date() - KEPT
    networks = sa.func.count(sa.distinct(sa.case((feed_uses.c.network != "", feed_uses.c.network))))
    query = (
        sa.select(feed_uses.c.reader_id)
        .where(feed_uses.c.day >= since)
        .group_by(feed_uses.c.reader_id)
        .having(sa.or_(sa.func.max(feed_uses.c.subscribers) > 1, networks > USUAL_NETWORKS))
        .order_by(feed_uses.c.reader_id)
    )
    ids = list(connection.execute(query).scalars())
    found = {number: sharing(uses) for number, uses in _uses(connection, ids, now).items()}
    return {number: one for number, one in sorted(found.items()) if one.is_noticed}


def _uses(connection: Connection, reader_ids: Iterable[int], now: datetime) -> dict[int, list[Use]]:
    since = now.astimezone(UTC).date() - KEPT
    found: dict[int, list[Use]] = defaultdict(list)
    for some in portions(reader_ids):
        query = (
            sa.select(feed_uses)
            .where(feed_uses.c.reader_id.in_(some), feed_uses.c.day >= since)
            .order_by(feed_uses.c.day, feed_uses.c.first, feed_uses.c.agent)
        )
        for row in connection.execute(query):
            found[row.reader_id].append(_use(row))
    return found


def _use(row: Any) -> Use:
    return Use(row.day, row.agent, row.network, row.count, row.first, row.last, row.subscribers)


def _there(connection: Connection, reader_ids: Iterable[int]) -> dict[int, int]:
    """The generation of those readers' addresses that are good."""
    found = holders(connection, reader_ids)
    return {number: one.generation for number, one in found.items() if one.revoked is None}


def _taken(
    connection: Connection, reader_ids: Iterable[int], today: date
) -> defaultdict[int, set[tuple[str, str]]]:
    found: defaultdict[int, set[tuple[str, str]]] = defaultdict(set)
    columns = (feed_uses.c.reader_id, feed_uses.c.agent, feed_uses.c.network)
    for some in portions(reader_ids):
        query = sa.select(*columns).where(feed_uses.c.reader_id.in_(some), feed_uses.c.day == today)
        for row in connection.execute(query):
            found[row.reader_id].add((row.agent, row.network))
    return found


def _hidden(key: bytes, one: Fetched) -> str:
    # The reader's number is in it: nobody can tell from it that two readers share a network.
    said = f"feed network\0{one.reader_id}\0{one.network}".encode()
    return hmac.digest(key, said, hashlib.sha256)[:16].hex()


def _add(connection: Connection, one: Fetched, network: str, count: int, today: date, now: datetime) -> None:
    new = inserting(connection, feed_uses).values(
        reader_id=one.reader_id,
        day=today,
        agent=one.agent,
        network=network,
        count=count,
        first=now,
        last=now,
        subscribers=one.subscribers,
    )
    columns = feed_uses.c
    more = sa.case((columns.subscribers > one.subscribers, columns.subscribers), else_=one.subscribers)
    connection.execute(
        new.on_conflict_do_update(
            index_elements=[columns.reader_id, columns.day, columns.agent, columns.network],
            set_={"count": columns.count + count, "last": now, "subscribers": more},
        )
    )
