"""Refusals taken back: where everybody was refused, nobody of them was meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter import ledger
from newsletter.delivery import outcomes
from newsletter.edition import BatchState, DeliveryState
from newsletter.tables import batches, deliveries
from newsroom.portions import portions

_state = sa.func.coalesce(deliveries.c.state, batches.c.state)
_INSIDE = deliveries.join(batches, batches.c.id == deliveries.c.batch)


def take_back(connection: Connection, edition: str, reader_ids: Sequence[int] | None = None) -> int:
    """Plan those of the readers again who were refused (None: whoever was), behind everybody else: a run that
    begins with others hears whether they are refused as well.

    Whoever was taken back before stays refused where somebody else of the edition was accepted. Returns how
    many are planned again.
    """
    only_once = _has(connection, edition, DeliveryState.ACCEPTED)
    by_letter: dict[tuple[object, ...], tuple[int, list[int]]] = {}
    sources: dict[int, int] = {}
    for reader_id, number, letter in _refused(connection, edition, reader_ids, only_once=only_once):
        by_letter.setdefault(letter, (number, []))[1].append(reader_id)
        sources[number] = sources.get(number, 0) + 1
    for number, inside in by_letter.values():
        row = ledger.batch(connection, number)
        if row is not None:
            ledger.move(connection, row, inside, attempts=0, plan_order=ledger.LAST)
    for number, count in sources.items():
        _leave(connection, number, count)
    if sources:
        outcomes.reopen(connection, edition)
    return sum(sources.values())


def reason_of(connection: Connection, edition: str) -> str:
    """Why one of those refused was refused."""
    reason = sa.case((deliveries.c.state.is_(None), batches.c.reason), else_=deliveries.c.reason)
    ours = sa.and_(deliveries.c.edition == edition, _state == DeliveryState.REFUSED.value)
    query = sa.select(sa.func.max(reason)).select_from(_INSIDE).where(ours)
    return connection.execute(query).scalar() or "no reason given"


def _refused(
    connection: Connection, edition: str, reader_ids: Sequence[int] | None, *, only_once: bool
) -> list[tuple[int, int, tuple[object, ...]]]:
    """(reader, batch, what makes a letter the same) of each."""
    query = (
        sa.select(deliveries.c.reader_id, batches)
        .select_from(_INSIDE)
        .where(deliveries.c.edition == edition, _state == DeliveryState.REFUSED.value)
        .order_by(deliveries.c.reader_id)
    )
    if only_once:
        query = query.where(batches.c.plan_order != ledger.LAST)
    asked = (
        [query]
        if reader_ids is None
        else [query.where(deliveries.c.reader_id.in_(some)) for some in portions(sorted(reader_ids))]
    )
    rows = [row for one in asked for row in connection.execute(one).all()]
    return [(row.reader_id, row.id, _letter(row)) for row in rows]


def _letter(row: Any) -> tuple[object, ...]:
    # A letter asked for again is the stored one; any other is made anew.
    return (row.variant, row.resend, *((row.revision, row.render) if row.resend else ()))


def _leave(connection: Connection, number: int, count: int) -> None:
    """`count` readers have left the batch: they do not count as handed over, and it ends without any."""
    values: dict[str, object] = {"size": batches.c.size - count}
    row = ledger.batch(connection, number)
    is_record = row is not None and row.state is BatchState.TAKEN_BACK
    if not is_record and not ledger.count_readers(connection, number):
        values["state"] = BatchState.EMPTY.value
        own = sa.and_(deliveries.c.batch == number, deliveries.c.state != DeliveryState.DROPPED.value)
        if connection.execute(sa.select(deliveries.c.reader_id).where(own).limit(1)).first() is None:
            values |= {"size": 0, "handed": None}
    connection.execute(sa.update(batches).where(batches.c.id == number).values(values))


def _has(connection: Connection, edition: str, state: DeliveryState) -> bool:
    query = (
        sa.select(deliveries.c.reader_id)
        .select_from(_INSIDE)
        .where(deliveries.c.edition == edition, _state == state.value)
    )
    return connection.execute(query.limit(1)).first() is not None
