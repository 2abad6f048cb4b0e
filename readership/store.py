"""Readers and their subscriptions in the database: what planning reads, what a link or a person changes."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsroom.portions import portions
from newsroom.rows import rows_with
from newsroom.stop_file import note
from readership import bulk
from readership.reader import (
    DELIVERY_ORDER,
    Candidate,
    Plan,
    Reader,
    Subscription,
    SubscriptionStatus,
    SuppressionReason,
)
from readership.tables import readers, subscriptions, suppressions

PLAN_ORDER = {plan: position for position, plan in enumerate(DELIVERY_ORDER)}
"""What `readers.plan_order` holds for each plan."""

_PLANS = {plan.value: plan for plan in Plan}
_STATUSES = {status.value: status for status in SubscriptionStatus}
_REASONS: dict[str | None, SuppressionReason | None] = {reason.value: reason for reason in SuppressionReason}
_REASONS[None] = None

_READER = (
    readers.c.id,
    readers.c.address,
    readers.c.key,
    readers.c.plan,
    readers.c.plan_until,
    # Some columns are read as they are stored and parsed below: that is several times as fast, and a run
    # may read a million. They hold a handful of different lists, and each is parsed once.
    sa.type_coerce(readers.c.products, sa.String).label("products"),
    readers.c.name,
    readers.c.language,
)
_COLUMNS = [column.name for column in _READER]
_SUBSCRIPTION = (
    subscriptions.c.reader_id,
    subscriptions.c.newsletter,
    subscriptions.c.status,
    sa.type_coerce(subscriptions.c.sections, sa.String).label("sections"),
    subscriptions.c.paused_until,
    sa.type_coerce(subscriptions.c.consent_at, sa.String).label("consent_at"),
    subscriptions.c.consent_source,
    subscriptions.c.ended_by,
)
_CANDIDATES = (
    sa.select(*_READER, *_SUBSCRIPTION[2:-1], suppressions.c.reason)
    .select_from(
        readers.join(subscriptions, subscriptions.c.reader_id == readers.c.id).outerjoin(
            suppressions, suppressions.c.key == readers.c.key
        )
    )
    # The empty text added keeps SQLite off the newsletter's index: for every page it would fetch the whole
    # newsletter by it, and sort. So it walks along the readers in their order, which is what a page wants.
    .where(subscriptions.c.newsletter + "" == sa.bindparam("newsletter"))
)
_NEWEST = sa.select(sa.func.max(readers.c.id))
_BEHIND = sa.select(readers.c.key, readers.c.id).where(
    readers.c.id > sa.bindparam("number", type_=sa.Integer)
)
_PAGE = _CANDIDATES.order_by(readers.c.plan_order, readers.c.id).limit(sa.bindparam("page", type_=sa.Integer))
_NEXT_PAGE = _PAGE.where(
    sa.tuple_(readers.c.plan_order, readers.c.id)
    > sa.tuple_(sa.bindparam("order", type_=sa.Integer), sa.bindparam("id", type_=sa.Integer))
)


def candidates(
    connection: Connection, newsletter: str, after: tuple[int, int] | None, limit: int
) -> list[Candidate]:
    """The next `limit` readers with a subscription of any status, in order of (plan order, id).

    `after` is the (PLAN_ORDER[plan], id) of the last one of the page before, None for the first page. Fewer
    than `limit` means that it is the last page. What stops mail is told, not left out.
    """
    values: dict[str, object] = {"newsletter": newsletter, "page": limit}
    if after is None:
        rows = connection.execute(_PAGE, values)
    else:
        rows = connection.execute(_NEXT_PAGE, values | {"order": after[0], "id": after[1]})
    return [_candidate(newsletter, *row) for row in rows.all()]


def candidates_by_id(
    connection: Connection, newsletter: str, reader_ids: Collection[int]
) -> dict[int, Candidate]:
    """The same for these readers, as they are now; erased readers and those without a subscription are
    not in it."""
    found = {}
    for some in portions(sorted(reader_ids)):
        query = _CANDIDATES.where(readers.c.id.in_(some))
        for row in connection.execute(query, {"newsletter": newsletter}).all():
            found[row[0]] = _candidate(newsletter, *row)
    return found


def after(candidate: Candidate) -> tuple[int, int]:
    """The place from which `candidates` goes on behind this one."""
    return PLAN_ORDER[candidate.reader.plan], candidate.reader.id


def count(connection: Connection, newsletter: str) -> int:
    """How many readers have an active subscription to the newsletter, suppressed ones included."""
    query = sa.select(sa.func.count()).where(
        subscriptions.c.newsletter == newsletter, subscriptions.c.status == SubscriptionStatus.ACTIVE
    )
    return int(connection.execute(query).scalar_one())


def find(connection: Connection, key: str) -> Reader | None:
    """The reader with this recipient key, or None."""
    return _one(connection, readers.c.key == key)


def by_id(connection: Connection, reader_id: int) -> Reader | None:
    """The reader with this number, or None: never there, or erased."""
    return _one(connection, readers.c.id == reader_id)


def by_keys(connection: Connection, keys: Sequence[str]) -> dict[str, Reader]:
    """The readers with these recipient keys."""
    found = {}
    for number, address, key, plan, until, *rest in rows_with(connection, readers, _COLUMNS, "key", keys):
        found[key] = _reader(number, address, key, plan, _day(until), *rest)
    return found


def newest(connection: Connection) -> int:
    """The largest number that a reader has; 0 where there is nobody."""
    return int(connection.execute(_NEWEST).scalar() or 0)


def numbers_behind(connection: Connection, number: int) -> dict[str, int]:
    """The numbers of the readers who came behind the one with this number, by recipient key."""
    return dict(map(tuple, connection.execute(_BEHIND, {"number": number}).all()))


def by_numbers(connection: Connection, numbers: Sequence[int]) -> list[Reader]:
    """The readers with these numbers."""
    found = []
    for some in portions(numbers):
        query = sa.select(*_READER).where(readers.c.id.in_(some))
        found += [_reader(*row) for row in connection.execute(query)]
    return found


def after_number(connection: Connection, number: int, limit: int) -> list[Reader]:
    """The next `limit` readers behind this number, by number."""
    query = sa.select(*_READER).where(readers.c.id > number).order_by(readers.c.id).limit(limit)
    return [_reader(*row) for row in connection.execute(query)]


def subscriptions_of(connection: Connection, reader_ids: Sequence[int]) -> dict[int, dict[str, Subscription]]:
    """Each reader's subscriptions by newsletter; readers without any are not in it."""
    found: dict[int, dict[str, Subscription]] = {}
    for some in portions(reader_ids):
        for row in connection.execute(sa.select(*_SUBSCRIPTION).where(subscriptions.c.reader_id.in_(some))):
            found.setdefault(row.reader_id, {})[row.newsletter] = _subscription(*row)
    return found


def suppressed(connection: Connection, keys: Sequence[str]) -> dict[str, SuppressionReason]:
    """Which of these recipient keys get nothing, and why."""
    found = rows_with(connection, suppressions, ("key", "reason"), "key", keys)
    return {key: SuppressionReason(reason) for key, reason in found}


def unsubscribe(
    connection: Connection, reader_id: int, newsletter: str | None, now: datetime, known: Iterable[str] = ()
) -> bool:
    """Stop a newsletter for a reader, or with None every one: those there are and those of `known`.

    A newsletter without a subscription is recorded as unsubscribed as well, so that no later import starts
    it. True if anything changed; False for one stopped before or an erased reader.
    """
    reader_key = connection.execute(sa.select(readers.c.key).where(readers.c.id == reader_id)).scalar()
    if reader_key is None:
        return False
    theirs = subscriptions.c.reader_id == reader_id
    there = set(connection.execute(sa.select(subscriptions.c.newsletter).where(theirs)).scalars())
    stopped = there | set(known) if newsletter is None else {newsletter}
    changed = connection.execute(
        sa.update(subscriptions)
        .where(
            theirs,
            subscriptions.c.newsletter.in_(stopped),
            # What a source had ended is from now on the reader's own stop, which no source undoes.
            (subscriptions.c.status != SubscriptionStatus.UNSUBSCRIBED) | (subscriptions.c.ended_by != ""),
        )
        .values(status=SubscriptionStatus.UNSUBSCRIBED.value, paused_until=None, ended_by="", updated=now)
    ).rowcount
    new: list[dict[str, object]] = [
        {
            "reader_id": reader_id,
            "newsletter": key,
            "status": SubscriptionStatus.UNSUBSCRIBED.value,
            "sections": [],
            "ended_by": "",
            "updated": now,
        }
        for key in sorted(stopped - there)
    ]
    if new:
        connection.execute(sa.insert(subscriptions), new)
    if changed or new:
        for key in sorted(stopped):
            note(connection, "stop", reader_key, now, key)
    return bool(changed or new)


def resubscribe(
    connection: Connection, reader_id: int, newsletters: Collection[str], stopped: datetime, now: datetime
) -> bool:
    """Take back an unsubscribe of the moment `stopped`, and only where nothing has happened to it since.

    True if anything changed. A suppression is not touched.
    """
    changed = connection.execute(
        sa.update(subscriptions)
        .where(
            subscriptions.c.reader_id == reader_id,
            subscriptions.c.newsletter.in_(newsletters),
            subscriptions.c.status == SubscriptionStatus.UNSUBSCRIBED,
            subscriptions.c.updated == stopped,
        )
        .values(status=SubscriptionStatus.ACTIVE.value, ended_by="", updated=now)
    ).rowcount
    reader_key = connection.execute(sa.select(readers.c.key).where(readers.c.id == reader_id)).scalar()
    if changed and reader_key is not None:
        for key in sorted(newsletters):
            note(connection, "start", reader_key, now, key)
    return bool(changed)


def _one(connection: Connection, where: sa.ColumnElement[bool]) -> Reader | None:
    row = connection.execute(sa.select(*_READER).where(where)).first()
    return None if row is None else _reader(*row)


def _candidate(newsletter: str, *row: Any) -> Candidate:
    number = row[0]
    return Candidate(_reader(*row[:8]), _subscription(number, newsletter, *row[8:13]), _REASONS[row[13]])


def _reader(
    number: int, address: str, key: str, plan: str, until: Any, products: Any, name: str, language: str
) -> Reader:
    return Reader(number, address, key, _PLANS[plan], until, _keys(products), name, language)


def _subscription(
    number: int,
    newsletter: str,
    status: str,
    sections: Any,
    paused: Any,
    at: Any,
    source: str,
    ended: str = "",
) -> Subscription:
    return Subscription(
        number, newsletter, _STATUSES[status], _keys(sections), paused, _moment(at), source, ended
    )


def _day(stored: str | date | None) -> date | None:
    return date.fromisoformat(stored) if isinstance(stored, str) else stored


def _moment(stored: str | datetime | None) -> datetime | None:
    # SQLite has no zones: `newsroom.database.Instant` stores UTC.
    return datetime.fromisoformat(stored + "+00:00") if isinstance(stored, str) else stored


def _keys(stored: str | list[str]) -> frozenset[str]:
    # PostgreSQL's driver has parsed the JSON already; SQLite hands it over as text.
    return _parsed(stored) if isinstance(stored, str) else frozenset(stored)


@lru_cache(maxsize=10_000)
def _parsed(stored: str) -> frozenset[str]:
    return frozenset(json.loads(stored))


def save_readers(connection: Connection, some: Iterable[Reader], now: datetime) -> None:
    """Insert the readers without a number and update the others."""
    new: list[Reader] = []
    known: list[dict[str, object]] = []
    for reader in some:
        if not reader.id:
            new.append(reader)
            continue
        known.append(
            {
                "number": reader.id,
                # A source may have another address for the same person.
                "address": reader.address,
                "key": reader.key,
                "name": reader.name,
                "plan": reader.plan.value,
                "plan_order": PLAN_ORDER[reader.plan],
                "plan_until": reader.plan_until,
                "products": sorted(reader.products),
                "language": reader.language,
                "updated": now,
            }
        )
    bulk.insert_readers(connection, new, now)
    if known:
        connection.execute(sa.update(readers).where(readers.c.id == sa.bindparam("number")), known)


def save_subscriptions(
    connection: Connection, some: Iterable[tuple[int, Subscription]], now: datetime
) -> None:
    """Insert or update these subscriptions, each with its reader's number."""
    bulk.put_subscriptions(connection, some, now)


def save_choices(connection: Connection, reader: Reader, some: Iterable[Subscription], now: datetime) -> None:
    """Insert or update what a reader chose in person: what they end stays ended after a restored backup."""
    chosen = list(some)
    save_subscriptions(connection, [(reader.id, one) for one in chosen], now)
    for one in chosen:
        ends = one.status is SubscriptionStatus.UNSUBSCRIBED
        note(connection, "stop" if ends else "start", reader.key, now, one.newsletter)
