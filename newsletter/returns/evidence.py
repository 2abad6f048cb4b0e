"""What a provider's events say of hand-overs whose outcome nobody knew, or had wrong.

An event of a message proves that the provider has it; a drop, that it will never deliver it. So they settle
what is uncertain, and keep a reader from a copy who is planned to be handed it once more.

Every function works inside the writing transaction of the connection it is given.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter import before, editions, ledger
from newsletter.edition import BatchState, DeliveryState, EditionState
from newsletter.ledger import BatchRow
from newsletter.returns import drops
from newsletter.returns.event import EventKind
from newsletter.returns.place import LATE, Place, places
from newsletter.returns.proof import Proof, proof
from newsletter.tables import batches, deliveries, events
from newsletter.tables import editions as editions_table
from newsroom.counted import counted
from newsroom.portions import portions

TAKEN = "dropped by the provider, which had taken it"
"""How the reason begins of who is refused, though the hand-over was accepted."""

_OPEN_TO_EVIDENCE = (DeliveryState.UNCERTAIN, DeliveryState.REFUSED, DeliveryState.PLANNED)


def settle(connection: Connection, edition: str, proofs: Iterable[Proof], now: datetime) -> int:
    """Write into the ledger what these prove of deliveries of the edition; returns of how many something new.

    However often and in whichever order they come, it is the same in the end.
    """
    given, is_recalled = list(proofs), _was_recalled(connection, edition)
    if not _met(connection, edition, given, is_recalled):
        return 0
    # From here on no run takes a batch of the edition, so what is read stays true.
    editions.locked(connection, edition)
    met = _met(connection, edition, given, is_recalled)
    # Few: somebody said that these were not sent, or their provider that it forgets them.
    back = [(place, one) for place, one in met if _is_back(place, one)]
    rest = [(place, one) for place, one in met if not _is_back(place, one)]
    denied = [(place, one) for place, one in rest if place.state is DeliveryState.ACCEPTED]
    settled = [(place, one) for place, one in rest if place.state is not DeliveryState.ACCEPTED]
    had = [(place, one) for place, one in back if place.state is not DeliveryState.PLANNED]
    for some, then in ((settled, "settled"), (denied, "dropped"), (had, "settled")):
        readers = [place.reader_id for place, _ in some]
        before.keep(connection, edition, readers, then, before.EVENTS, now)
    _write(connection, edition, [one for _, one in settled])
    _write(connection, edition, [replace(one, reason=f"{TAKEN}: {one.reason}") for _, one in denied])
    for place, one in back:
        _back(connection, edition, place, one, now)
    for number in sorted({place.batch for place, _ in met}):
        _closed(connection, number, now)
    if planned := len(back) - len(had):
        who = counted(planned, "reader")
        said = f"{who} not handed it again: the provider's events say that they have it, or never will"
        editions.log(connection, edition, now, "run", said)
    return len(met)


def _is_back(place: Place, one: Proof) -> bool:
    """Whether it is a hand-over before this one that the reader is to be counted in."""
    return place.state is DeliveryState.PLANNED or place.is_had_by(one)


def _was_recalled(connection: Connection, edition: str) -> bool:
    ours = sa.and_(editions_table.c.key == edition, editions_table.c.recalled.is_not(None))
    return connection.execute(sa.select(editions_table.c.key).where(ours)).first() is not None


def settle_heard(connection: Connection, now: datetime, edition: str | None = None) -> int:
    """Settle what is uncertain (of one edition, or of any) by events that were noted before it was so, and of
    one edition who was dropped before it was accepted; returns of how many readers."""
    settled = 0
    for number, _, _ in ledger.uncertain(connection, edition):
        row = ledger.batch(connection, number)
        if row is not None:
            readers = _uncertain_in(connection, row)
            settled += settle(connection, row.edition, _stored(connection, row.edition, readers), now)
    if edition is not None and (readers := drops.dropped(connection, edition)):
        settled += settle(connection, edition, _stored(connection, edition, readers), now)
    return settled


def settle_planned(connection: Connection, row: BatchRow, now: datetime) -> int:
    """Settle those of a planned batch of whom events have come: while it was handed over for the second time,
    say, and before that was in vain. Returns of how many readers."""
    readers = [reader.reader_id for reader in ledger.readers_of(connection, row.id)]
    return settle(connection, row.edition, _stored(connection, row.edition, readers), now)


def _stored(connection: Connection, edition: str, reader_ids: Iterable[int]) -> list[Proof]:
    found: list[Proof] = []
    columns = (
        events.c.reader_id,
        events.c.batch,
        events.c.kind,
        events.c.at,
        events.c.reason,
        events.c.is_permanent,
    )
    for some in portions(reader_ids):
        query = sa.select(*columns).where(events.c.edition == edition, events.c.reader_id.in_(some))
        for number, batch, kind, at, reason, is_permanent in connection.execute(query).all():
            found.append(proof(number, batch, EventKind(kind), at, reason, bool(is_permanent)))
    return found


def _uncertain_in(connection: Connection, row: BatchRow) -> list[int]:
    own = deliveries.c.state == DeliveryState.UNCERTAIN.value
    if row.state is BatchState.UNCERTAIN:
        own = sa.or_(own, deliveries.c.state.is_(None))
    query = sa.select(deliveries.c.reader_id).where(deliveries.c.batch == row.id, own)
    return list(connection.execute(query).scalars())


def _met(
    connection: Connection, edition: str, given: Sequence[Proof], is_recalled: bool
) -> list[tuple[Place, Proof]]:
    """Where those stand of whom the proofs, with all that were noted before, say something new; and what."""
    readers = {one.reader_id for one in given}
    gone = before.cancelled(connection, edition, readers) if is_recalled else before.Cancelled()

    def counts(one: Proof) -> bool:
        return not (one.is_weak and gone.has(one.reader_id, one.batch))

    given = list(filter(counts, given))
    found = places(connection, edition, {one.reader_id for one in given}, _OPEN_TO_EVIDENCE, gone)
    denied = {one.reader_id for one in given if one.is_outright}
    found += places(connection, edition, denied, (DeliveryState.ACCEPTED,), gone)
    if not found:
        return []
    by_reader: dict[int, list[Proof]] = {place.reader_id: [] for place in found}
    for one in (*given, *_stored(connection, edition, sorted(by_reader))):
        if one.reader_id in by_reader and counts(one):
            by_reader[one.reader_id].append(one)
    judged = ((place, place.judged(by_reader[place.reader_id])) for place in found)
    return [(place, one) for place, one in judged if one is not None]


def _write(connection: Connection, edition: str, proofs: Sequence[Proof]) -> None:
    taken = {one.reader_id: "" for one in proofs if one.taken}
    dropped = {one.reader_id: one.reason for one in proofs if not one.taken}
    ledger.set_state(connection, edition, taken, DeliveryState.ACCEPTED)
    ledger.set_state(connection, edition, dropped, DeliveryState.REFUSED)


def _back(connection: Connection, edition: str, place: Place, one: Proof, now: datetime) -> None:
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
    if row.state is BatchState.TAKEN_BACK:
        # It went all the same, so it counts as handed over.
        sent = {"handed": row.handed or row.handed_before, "handed_before": None}
        connection.execute(sa.update(batches).where(batches.c.id == row.id).values(sent))
        return row.id
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
