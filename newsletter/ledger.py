"""The ledger's statements: a batch is planned, handed, and has an outcome; so do the deliveries in it.

Every function works inside the transaction of the connection it is given. What is handed over is committed
before the provider is called, and its outcome after: see `newsletter.delivery.deliver`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter.edition import BatchState, DeliveryState
from newsletter.tables import batches, deliveries
from newsroom.portions import portions

MANY_ATTEMPTS = 12
"""After so many answers of "not now" a person is told; it is tried on, once an hour."""

AGAIN = "accepted before, and asked for again"
"""How the reason of a delivery begins that is to be handed over once more, though it was accepted."""

LAST = 100
"""The `plan_order` of those taken back after everybody was refused: they come behind all plans."""

_FIRST_DELAY, _LONGEST_DELAY = timedelta(minutes=1), timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch as the ledger has it."""

    id: int
    edition: str
    variant: str
    plan_order: int
    revision: int | None
    """What it was handed over with; None before."""
    render: str | None
    state: BatchState
    attempts: int
    not_before: datetime | None
    handed: datetime | None
    settled: datetime | None
    owner: str
    provider: str
    reference: str
    reason: str
    size: int
    resend: bool
    heard: datetime | None
    """When the first event of it came."""
    handed_before: datetime | None
    """When it was handed over, of one that was planned again since."""
    send_at: datetime | None
    """Until when the provider was asked to keep it."""


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery that has its batch's state."""

    reader_id: int
    recipient_key: str
    trial_days: int | None


handed_at: sa.ColumnElement[datetime | None] = sa.case(
    (
        batches.c.state == BatchState.TAKEN_BACK.value,
        sa.func.coalesce(batches.c.handed, batches.c.handed_before),
    ),
    else_=batches.c.handed,
)
"""When a batch was handed over, also of one that was taken back since and counts as handed over no more."""

# What every batch needs is written once: to put a statement together takes longer than to execute it.
_BATCH = sa.select(batches).where(batches.c.id == sa.bindparam("number"))
_NEXT = (
    sa.select(batches)
    .where(
        batches.c.edition == sa.bindparam("edition"),
        batches.c.state == BatchState.PLANNED.value,
        sa.or_(batches.c.not_before.is_(None), batches.c.not_before <= sa.bindparam("now")),
    )
    .order_by(batches.c.plan_order, batches.c.id)
    .limit(1)
)
_HAND = (
    sa.update(batches)
    .where(batches.c.id == sa.bindparam("number"), batches.c.state == BatchState.PLANNED.value)
    .values(state=BatchState.HANDED.value, settled=None, not_before=None, reason="", reference="")
)
_inside = (
    sa.select(sa.func.count()).select_from(deliveries).where(deliveries.c.batch == sa.bindparam("number"))
)
_own = _inside.where(deliveries.c.state.in_([state.value for state in DeliveryState]))
# All less those with a state of their own: both are counted in an index, without a look at the deliveries.
_COUNT = sa.select(_inside.scalar_subquery() - _own.scalar_subquery())


def delay(attempts: int, retry_after: float | None = None) -> timedelta:
    """How long to wait after that many answers of "not now": what the provider asked for, at least a
    second; else a minute, doubled each time, up to an hour."""
    if retry_after is not None:
        return timedelta(seconds=max(1.0, retry_after))
    doubled: timedelta = _FIRST_DELAY * 2 ** min(max(attempts - 1, 0), 10)
    return min(doubled, _LONGEST_DELAY)


def batch(connection: Connection, number: int) -> BatchRow | None:
    """The batch of this number, or None."""
    row = connection.execute(_BATCH, {"number": number}).first()
    return None if row is None else _row(row)


def handed_between(connection: Connection, first: datetime, last: datetime) -> tuple[BatchRow, ...]:
    """The batches handed over then, whichever edition's."""
    query = sa.select(batches).where(batches.c.handed.between(first, last)).order_by(batches.c.id)
    return tuple(map(_row, connection.execute(query)))


def batches_of(connection: Connection, edition: str, *states: BatchState) -> tuple[BatchRow, ...]:
    """The edition's batches in these states, in the order in which they are handed over."""
    query = (
        sa.select(batches)
        .where(batches.c.edition == edition, batches.c.state.in_([state.value for state in states]))
        .order_by(batches.c.plan_order, batches.c.id)
    )
    return tuple(map(_row, connection.execute(query)))


def next_batch(connection: Connection, edition: str, now: datetime) -> BatchRow | None:
    """The batch that is handed over next, or None where none is due."""
    row = connection.execute(_NEXT, {"edition": edition, "now": now}).first()
    return None if row is None else _row(row)


def next_attempt(connection: Connection, edition: str) -> datetime | None:
    """When the first of the batches that wait may be tried again; None where none has to wait."""
    query = sa.select(sa.func.min(batches.c.not_before)).where(planned(edition))
    return connection.execute(query).scalar()


def put_off(connection: Connection, edition: str, until: datetime) -> None:
    """Let none of the edition's planned batches be handed over before `until`."""
    earlier = sa.or_(batches.c.not_before.is_(None), batches.c.not_before < until)
    connection.execute(sa.update(batches).where(planned(edition), earlier).values(not_before=until))


def count_by_state(connection: Connection, edition: str) -> Mapping[BatchState, int]:
    """How many batches are in each state; states without any are left out."""
    query = (
        sa.select(batches.c.state, sa.func.count())
        .where(batches.c.edition == edition)
        .group_by(batches.c.state)
    )
    return {BatchState(state): count for state, count in connection.execute(query)}


def uncertain(connection: Connection, edition: str | None = None) -> tuple[tuple[int, int, str], ...]:
    """(batch, readers, reason) for each batch of the edition, or of any, in which something is uncertain:
    the whole of it, or readers of their own."""
    whole = sa.and_(batches.c.state == BatchState.UNCERTAIN.value, deliveries.c.state.is_(None))
    found: dict[int, tuple[int, str]] = {}
    # Asked apart, so that each finds its index: nobody looks at a year's deliveries.
    for ours, reason in (
        (whole, batches.c.reason),
        (deliveries.c.state == DeliveryState.UNCERTAIN.value, sa.func.max(deliveries.c.reason)),
    ):
        query = (
            sa.select(batches.c.id, sa.func.count(), reason)
            .select_from(batches.join(deliveries, deliveries.c.batch == batches.c.id))
            .where(ours)
            .group_by(batches.c.id, batches.c.reason)
        )
        if edition is not None:
            query = query.where(batches.c.edition == edition)
        for number, readers, why in connection.execute(query):
            before = found.get(number, (0, why))
            found[number] = (before[0] + readers, before[1])
    return tuple((number, *found[number]) for number in sorted(found))


def readers_of(connection: Connection, number: int) -> tuple[DeliveryRow, ...]:
    """The deliveries that share the batch's state, by reader."""
    query = (
        sa.select(deliveries.c.reader_id, deliveries.c.recipient_key, deliveries.c.trial_days)
        .where(deliveries.c.batch == number, deliveries.c.state.is_(None))
        .order_by(deliveries.c.reader_id)
    )
    # All at once: a row at a time costs three times as much.
    return tuple(DeliveryRow(*row) for row in connection.execute(query).all())


def count_readers(connection: Connection, number: int) -> int:
    """How many deliveries share the batch's state."""
    return int(connection.execute(_COUNT, {"number": number}).scalar_one())


def handed_since(connection: Connection, moment: datetime) -> int:
    """How many readers were handed over after `moment`, all editions together."""
    query = sa.select(sa.func.coalesce(sa.func.sum(batches.c.size), 0)).where(batches.c.handed > moment)
    return int(connection.execute(query).scalar_one())


def first_handed_since(connection: Connection, moment: datetime) -> datetime | None:
    """When the first of the batches counted by `handed_since` was handed over."""
    query = sa.select(sa.func.min(batches.c.handed)).where(batches.c.handed > moment)
    return connection.execute(query).scalar()


def hand(
    connection: Connection,
    row: BatchRow,
    *,
    revision: int,
    render: str,
    size: int,
    owner: str,
    provider: str,
    now: datetime,
    send_at: datetime | None = None,
) -> bool:
    """Mark the batch as handed over with this revision and letter, to be sent at `send_at`, else at once;
    False where somebody else took it."""
    values = {
        "number": row.id,
        "revision": revision,
        "render": render,
        "size": size,
        "owner": owner,
        "provider": provider,
        "handed": now,
        "send_at": send_at,
    }
    return bool(connection.execute(_HAND, values).rowcount)


def set_state(connection: Connection, edition: str, reasons: Mapping[int, str], state: DeliveryState) -> None:
    """Give these readers' deliveries a state of their own, each with its reason.

    Whoever got the edition before keeps that: to be dropped or refused the second time takes nothing away.
    """
    kept = DeliveryState.ACCEPTED if state in (DeliveryState.DROPPED, DeliveryState.REFUSED) else state
    by_reason: dict[str, list[int]] = {}
    for reader_id, reason in sorted(reasons.items()):
        by_reason.setdefault(reason, []).append(reader_id)
    for reason, reader_ids in by_reason.items():
        for some in portions(reader_ids):
            connection.execute(
                sa.update(deliveries)
                .where(deliveries.c.edition == edition, deliveries.c.reader_id.in_(some))
                .values(
                    state=sa.case((_is_again, kept.value), else_=state.value),
                    reason=sa.case((_is_again, f"{AGAIN}: {reason}"), else_=reason),
                )
            )


def rekey(connection: Connection, edition: str, keys: Mapping[int, str]) -> frozenset[int]:
    """Note readers' new recipient keys; returns those whose new address has a delivery already."""
    taken = set()
    for reader_id, key in keys.items():
        same = sa.and_(deliveries.c.edition == edition, deliveries.c.recipient_key == key)
        if connection.execute(sa.select(deliveries.c.reader_id).where(same)).first() is not None:
            taken.add(reader_id)
            continue
        connection.execute(
            sa.update(deliveries)
            .where(deliveries.c.edition == edition, deliveries.c.reader_id == reader_id)
            .values(recipient_key=key)
        )
    return frozenset(taken)


def move(
    connection: Connection,
    row: BatchRow,
    reader_ids: Sequence[int],
    *,
    attempts: int | None = None,
    not_before: datetime | None = None,
    reason: str = "",
    resend: bool | None = None,
    plan_order: int | None = None,
) -> int:
    """Put these readers into a new planned batch like `row`; returns its number."""
    values = {
        "edition": row.edition,
        "variant": row.variant,
        "plan_order": row.plan_order if plan_order is None else plan_order,
        "revision": row.revision,
        "render": row.render,
        "state": BatchState.PLANNED.value,
        "attempts": row.attempts if attempts is None else attempts,
        "not_before": not_before,
        "reason": reason,
        "size": len(reader_ids),
        "resend": row.resend if resend is None else resend,
        # Whoever hands it over looks whether the events have come to say something of these readers.
        "heard": row.heard,
    }
    number = int(connection.execute(sa.insert(batches).values(values).returning(batches.c.id)).scalar_one())
    for some in portions(reader_ids):
        connection.execute(
            sa.update(deliveries)
            .where(deliveries.c.edition == row.edition, deliveries.c.reader_id.in_(some))
            .values(batch=number, state=None, reason=sa.case((_is_again, AGAIN), else_=""))
        )
    return number


def mark_again(connection: Connection, edition: str, reader_id: int) -> None:
    """Note that this reader, who is planned to get the edition once more, has got it before."""
    ours = sa.and_(deliveries.c.edition == edition, deliveries.c.reader_id == reader_id)
    connection.execute(sa.update(deliveries).where(ours).values(reason=AGAIN))


def asked_again(connection: Connection, number: int) -> tuple[int, ...]:
    """Those who share the batch's state and got the edition before."""
    ours = sa.and_(deliveries.c.batch == number, deliveries.c.state.is_(None), _is_again)
    return tuple(connection.execute(sa.select(deliveries.c.reader_id).where(ours)).scalars())


def split(connection: Connection, row: BatchRow, keep: int) -> int:
    """Leave the first `keep` readers in a planned batch and put the others into a new one; its number."""
    rest = [delivery.reader_id for delivery in readers_of(connection, row.id)][keep:]
    number = move(connection, row, rest, not_before=row.not_before, reason=row.reason)
    connection.execute(sa.update(batches).where(batches.c.id == row.id).values(size=keep))
    return number


def empty(connection: Connection, number: int, reason: str = "") -> None:
    """Nobody is left in the batch: each of its readers has a state of their own, or another batch. The record
    of one that was taken back stays what it is."""
    values = {"state": BatchState.EMPTY.value, "reason": reason}
    ours = sa.and_(batches.c.id == number, batches.c.state != BatchState.TAKEN_BACK.value)
    connection.execute(sa.update(batches).where(ours).values(values))


_is_again = deliveries.c.reason.startswith(AGAIN)


def planned(edition: str) -> sa.ColumnElement[bool]:
    """That a batch is the edition's, and waits to be handed over."""
    return sa.and_(batches.c.edition == edition, batches.c.state == BatchState.PLANNED.value)


def _row(row: Any) -> BatchRow:
    values = dict(row._mapping)
    return BatchRow(**values | {"state": BatchState(row.state)})
