"""What a provider's events say of hand-overs whose outcome nobody knew, or had wrong.

An event of a message proves that the provider has it; a drop, that it will never deliver it. So they settle
what is uncertain, and keep a reader from a copy who is planned to be handed it once more.

Every function works inside the writing transaction of the connection it is given.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter import before, editions, ledger
from newsletter.edition import BatchState, DeliveryState, EditionState
from newsletter.ledger import BatchRow
from newsletter.returns.event import EventKind
from newsletter.tables import batches, deliveries, events
from newsletter.tables import editions as editions_table
from newsroom.counted import counted
from newsroom.portions import portions

LATE = "as it was handed over before it was planned again: batch"
"""How the reason of a batch begins that keeps a hand-over which was thought not to have been taken."""

_OPEN_TO_EVIDENCE = (DeliveryState.UNCERTAIN, DeliveryState.REFUSED, DeliveryState.PLANNED)


@dataclass(frozen=True, slots=True)
class Proof:
    """What one event says of one reader's hand-over."""

    reader_id: int
    batch: int
    taken: bool
    """False: the provider dropped it."""
    at: datetime
    reason: str = ""
    is_weak: bool = False
    """That the provider has had the message, or threw it away: so it did with one that was taken back."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a reader's delivery stands now."""

    reader_id: int
    batch: int
    state: DeliveryState
    batch_state: BatchState
    resend: bool

    def is_met_by(self, proof: Proof) -> bool:
        """Whether the proof is of this hand-over, or of one that this one would be a copy of."""
        if self.state not in _OPEN_TO_EVIDENCE or (self.resend and proof.batch != self.batch):
            return False
        return proof.taken or self.state is not DeliveryState.REFUSED


def proof(reader_id: int, batch: int, kind: EventKind, at: datetime, reason: str) -> Proof:
    """What an event of this kind proves. Pure."""
    is_weak = kind in (EventKind.PROCESSED, EventKind.DROPPED)
    return Proof(reader_id, batch, kind is not EventKind.DROPPED, at, reason, is_weak)


def settle(connection: Connection, edition: str, proofs: Iterable[Proof], now: datetime) -> int:
    """Write into the ledger what these prove of deliveries of the edition; returns of how many something new.

    However often and in whichever order they come, it is the same in the end.
    """
    if _was_recalled(connection, edition):
        proofs = [one for one in proofs if not one.is_weak]
    # Whoever was dropped once and taken once has it.
    best: dict[int, Proof] = {}
    for one in sorted(proofs, key=lambda one: (one.taken, one.at), reverse=True):
        best.setdefault(one.reader_id, one)
    if not _met(connection, edition, best):
        return 0
    # From here on no run takes a batch of the edition, so what is read stays true.
    editions.locked(connection, edition)
    places = _met(connection, edition, best)
    planned = [place for place in places if place.state is DeliveryState.PLANNED]
    others = [place for place in places if place.state is not DeliveryState.PLANNED]
    settled = [place.reader_id for place in others]
    before.keep(connection, edition, settled, "settled", before.EVENTS, now)
    _write(connection, edition, [best[reader_id] for reader_id in settled])
    for place in planned:
        # Few: somebody said that these were not sent.
        _back(connection, edition, place, best[place.reader_id], now)
    for number in sorted({place.batch for place in places}):
        _closed(connection, number, now)
    if planned:
        who = counted(len(planned), "reader")
        said = f"{who} not handed it again: the provider's events say that they have it, or never will"
        editions.log(connection, edition, now, "run", said)
    return len(places)


def _was_recalled(connection: Connection, edition: str) -> bool:
    ours = sa.and_(editions_table.c.key == edition, editions_table.c.recalled.is_not(None))
    return connection.execute(sa.select(editions_table.c.key).where(ours)).first() is not None


def settle_heard(connection: Connection, now: datetime, edition: str | None = None) -> int:
    """Settle what is uncertain (of one edition, or of any) by events that were noted before it was so;
    returns of how many readers."""
    settled = 0
    for number, _, _ in ledger.uncertain(connection, edition):
        row = ledger.batch(connection, number)
        if row is not None:
            readers = _uncertain_in(connection, row)
            settled += settle(connection, row.edition, _stored(connection, row.edition, readers), now)
    return settled


def settle_planned(connection: Connection, row: BatchRow, now: datetime) -> int:
    """Settle those of a planned batch of whom events have come: while it was handed over for the second time,
    say, and before that was in vain. Returns of how many readers."""
    readers = [reader.reader_id for reader in ledger.readers_of(connection, row.id)]
    return settle(connection, row.edition, _stored(connection, row.edition, readers), now)


def _stored(connection: Connection, edition: str, reader_ids: Iterable[int]) -> list[Proof]:
    found: list[Proof] = []
    columns = (events.c.reader_id, events.c.batch, events.c.kind, events.c.at, events.c.reason)
    for some in portions(reader_ids):
        query = sa.select(*columns).where(events.c.edition == edition, events.c.reader_id.in_(some))
        for number, batch, kind, at, reason in connection.execute(query).all():
            found.append(proof(number, batch, EventKind(kind), at, reason))
    return found


def _uncertain_in(connection: Connection, row: BatchRow) -> list[int]:
    own = deliveries.c.state == DeliveryState.UNCERTAIN.value
    if row.state is BatchState.UNCERTAIN:
        own = sa.or_(own, deliveries.c.state.is_(None))
    query = sa.select(deliveries.c.reader_id).where(deliveries.c.batch == row.id, own)
    return list(connection.execute(query).scalars())


def _met(connection: Connection, edition: str, best: Mapping[int, Proof]) -> list[_Place]:
    """Where those stand of whom the proofs say something new."""
    columns = (
        deliveries.c.reader_id,
        deliveries.c.batch,
        deliveries.c.state.label("own"),
        batches.c.state,
        batches.c.resend,
    )
    inside = deliveries.join(batches, batches.c.id == deliveries.c.batch)
    open_ = [state.value for state in _OPEN_TO_EVIDENCE]
    found: list[_Place] = []
    for some in portions(sorted(best)):
        query = (
            sa.select(*columns)
            .select_from(inside)
            .where(
                deliveries.c.edition == edition,
                deliveries.c.reader_id.in_(some),
                sa.func.coalesce(deliveries.c.state, batches.c.state).in_(open_),
            )
        )
        found += [_place(row) for row in connection.execute(query).all()]
    return [place for place in found if place.is_met_by(best[place.reader_id])]


def _place(row: Any) -> _Place:
    state = DeliveryState(row.own or row.state)
    return _Place(row.reader_id, row.batch, state, BatchState(row.state), bool(row.resend))


def _write(connection: Connection, edition: str, proofs: Sequence[Proof]) -> None:
    taken = {one.reader_id: "" for one in proofs if one.taken}
    dropped = {one.reader_id: one.reason for one in proofs if not one.taken}
    ledger.set_state(connection, edition, taken, DeliveryState.ACCEPTED)
    ledger.set_state(connection, edition, dropped, DeliveryState.REFUSED)


def _back(connection: Connection, edition: str, place: _Place, one: Proof, now: datetime) -> None:
    """Put a reader who was planned again back into the hand-over that the proof is of."""
    row = ledger.batch(connection, one.batch)
    if row is None:
        return
    number = _kept(connection, row, one.at, now)
    connection.execute(
        sa.update(deliveries)
        .where(deliveries.c.edition == edition, deliveries.c.reader_id == place.reader_id)
        .values(batch=number)
    )
    _write(connection, edition, [one])
    for batch, more in ((number, 1), (place.batch, -1)):
        values = {"size": batches.c.size + more}
        connection.execute(sa.update(batches).where(batches.c.id == batch).values(values))
    _begun(connection, edition, row, one.at)


def _kept(connection: Connection, row: BatchRow, at: datetime, now: datetime) -> int:
    """The batch that says with which letter, and when, `row` was handed over that time."""
    if row.handed is not None and row.state not in (BatchState.PLANNED, BatchState.HANDED):
        return row.id
    # It waits to be handed over once more, and will then have another time, perhaps another letter.
    reason = f"{LATE} {row.id}"
    same = sa.and_(
        batches.c.edition == row.edition,
        batches.c.state == BatchState.EMPTY.value,
        batches.c.reason == reason,
        batches.c.variant == row.variant,
        batches.c.revision == row.revision,
    )
    there = connection.execute(sa.select(batches.c.id).where(same)).scalar()
    if there is not None:
        return int(there)
    values = {
        "edition": row.edition,
        "variant": row.variant,
        "plan_order": row.plan_order,
        "revision": row.revision,
        "render": row.render,
        "state": BatchState.EMPTY.value,
        "attempts": row.attempts,
        "handed": row.handed_before or at,
        "settled": now,
        "provider": row.provider,
        "reason": reason,
        "size": 0,
        "resend": False,
        "heard": now,
    }
    return int(connection.execute(sa.insert(batches).values(values).returning(batches.c.id)).scalar_one())


def _begun(connection: Connection, edition: str, row: BatchRow, at: datetime) -> None:
    """Where the edition was thought not to have begun, it has."""
    ours = sa.and_(editions_table.c.key == edition, editions_table.c.first_handed.is_(None))
    state = sa.case(
        (editions_table.c.state == EditionState.COMPOSED.value, EditionState.SENDING.value),
        else_=editions_table.c.state,
    )
    values = {"state": state, "first_handed": at, "provider": row.provider}
    connection.execute(sa.update(editions_table).where(ours).values(values))


def _closed(connection: Connection, number: int, now: datetime) -> None:
    """End a batch in which nobody is left who shares its state."""
    row = ledger.batch(connection, number)
    ends: Collection[BatchState] = (BatchState.PLANNED, BatchState.UNCERTAIN, BatchState.REFUSED)
    if row is None or row.state not in ends or ledger.count_readers(connection, number):
        return
    ledger.empty(connection, number, row.reason)
    if row.state is BatchState.UNCERTAIN:
        connection.execute(sa.update(batches).where(batches.c.id == number).values(settled=now))
        said = f"batch {number} ({counted(row.size, 'reader')}) is settled by the provider's events"
        editions.log(connection, row.edition, now, "run", said)
