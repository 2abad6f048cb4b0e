"""What was cut off is settled: by evidence, or by a person."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from newsletter import before, editions, ledger
from newsletter.delivery import outcomes, recall_record, renders
from newsletter.delivery.post import Post
from newsletter.delivery.recipients import still_there
from newsletter.delivery.resending import open_again
from newsletter.edition import BatchState, DeliveryState
from newsletter.ledger import BatchRow
from newsletter.providers import Answer, Outcome, Provider
from newsletter.tables import batches, deliveries
from newsroom.counted import counted
from newsroom.database import reading, writing
from newsroom.errors import MisuseError, NotThereError

CUT_OFF = "the run was cut off while it was being handed over"


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What became of batches that another run had handed over and not settled."""

    settled: int = 0
    uncertain: int = 0
    busy: int = 0
    """In the hands of a run that lives."""


def leftovers(
    engine: Engine,
    key: str,
    provider: Provider,
    post: Post,
    alive: Callable[[str], bool],
    now: datetime,
) -> Leftovers:
    """Settle the edition's handed batches whose run is dead: as the provider can tell, else as uncertain."""
    with reading(engine) as connection:
        rows = ledger.batches_of(connection, key, BatchState.HANDED)
        newsletter = editions.get(connection, key).newsletter if rows else ""
    settled = uncertain = busy = 0
    for row in rows:
        if row.owner and alive(row.owner):
            busy += 1
            continue
        outcome = _evidence(engine, newsletter, row, provider, post)
        with writing(engine) as connection:
            if outcomes.record(connection, row.id, outcome, row.owner, now):
                found = (
                    "uncertain" if outcome.answer is Answer.UNCERTAIN else "settled as the provider has it"
                )
                what = f"batch {row.id} ({counted(row.size, 'reader')}) was cut off: {found}"
                editions.log(connection, key, now, "run", what)
        uncertain += outcome.answer is Answer.UNCERTAIN
        settled += outcome.answer is not Answer.UNCERTAIN
    return Leftovers(settled, uncertain, busy)


def _evidence(engine: Engine, newsletter: str, row: BatchRow, provider: Provider, post: Post) -> Outcome:
    nothing = Outcome(Answer.UNCERTAIN, CUT_OFF)
    if row.provider != provider.name or row.render is None or row.handed is None:
        return nothing
    with reading(engine) as connection:
        letter = renders.load(connection, row.render)
        readers = ledger.readers_of(connection, row.id)
        there = still_there(connection, row, newsletter)
    if not there:
        return nothing
    batch = post.batch(row.edition, row.id, letter, there, row.handed)
    found = provider.evidence(batch)
    if found is None:
        return nothing
    # Certainly not taken, because the run died first and not because somebody said "not now": no waiting.
    own = {id_: (_at_once(answer), reason) for id_, (answer, reason) in found.own.items()}
    gone = {one.reader_id: (Answer.UNCERTAIN, CUT_OFF) for one in readers}
    for here in there:
        del gone[here.reader_id]
    return replace(found, answer=_at_once(found.answer), own={**own, **gone})


def _at_once(answer: Answer) -> Answer:
    return Answer.STOP if answer is Answer.NOT_NOW else answer


def doubtful(connection: Connection, key: str, alive: Callable[[str], bool]) -> tuple[int, ...]:
    """The edition's batches of which a person may say what became of them: in which something is uncertain,
    and those of a run that is not `alive` any more."""
    cut_off = (
        row.id for row in ledger.batches_of(connection, key, BatchState.HANDED) if not alive(row.owner)
    )
    return tuple(sorted({*cut_off, *(number for number, _, _ in ledger.uncertain(connection, key))}))


def readers_in_doubt(
    connection: Connection, numbers: Iterable[int], alive: Callable[[str], bool]
) -> Mapping[int, str]:
    """The recipient key, by reader, of those of whom a person may say what became of these batches."""
    found: dict[int, str] = {}
    for number in numbers:
        row = ledger.batch(connection, number)
        if row is not None:
            own, shared = _in_doubt(connection, row, alive)
            query = sa.select(deliveries.c.reader_id, deliveries.c.recipient_key).where(
                deliveries.c.batch == number
            )
            theirs = {*own, *shared}
            found |= {id_: key for id_, key in connection.execute(query).all() if id_ in theirs}
    return found


@dataclass(frozen=True, slots=True)
class Resolved:
    """How many readers a person has said to have the mail, and how many are planned again."""

    sent: int = 0
    planned: int = 0

    @property
    def readers(self) -> int:
        """All of them."""
        return self.sent + self.planned


def resolve(
    connection: Connection,
    number: int,
    sent: bool,
    by: str,
    now: datetime,
    alive: Callable[[str], bool] = lambda _: True,
    but: Collection[int] = (),
) -> Resolved:
    """Settle an uncertain batch as a person knows it: sent, or planned again; `but` are those of its readers
    for whom it is the other way.

    One that a run was handing over which is not `alive` any more is as uncertain. Raises MisuseError where
    nothing in the batch is.
    """
    row = ledger.batch(connection, number)
    if row is None:
        raise NotThereError(f"there is no batch {number}: `status --problems` lists the uncertain ones")
    own, shared = _in_doubt(connection, row, alive)
    readers = [*own, *shared]
    if not readers:
        raise MisuseError(_why_settled(row))
    lost = {id_ for id_ in readers if (id_ in but) == sent}
    has_it = [id_ for id_ in readers if id_ not in lost]
    before.keep(connection, row.edition, has_it, before.SENT, by, now)
    before.keep(connection, row.edition, lost, before.NOT_SENT, by, now)
    _say_sent(connection, row, own, shared, lost, f"{before.SENT} by {by}", now)
    _plan_again(connection, row, own, shared, lost)
    done = Resolved(len(has_it), len(lost))
    said = f"batch {number} ({counted(done.readers, 'reader')}): {_said(done)}"
    editions.log(connection, row.edition, now, by, said)
    return done


def _said(done: Resolved) -> str:
    if done.sent and done.planned:
        return f"{done.sent:,} sent, {done.planned:,} not sent"
    return "sent" if done.sent else "not sent"


def _say_sent(
    connection: Connection,
    row: BatchRow,
    own: Sequence[int],
    shared: Sequence[int],
    lost: Collection[int],
    why: str,
    now: datetime,
) -> None:
    """Those who are not `lost` have it: of their own state, and of the batch's."""
    theirs = {id_: why for id_ in own if id_ not in lost}
    ledger.set_state(connection, row.edition, theirs, DeliveryState.ACCEPTED)
    if left := [id_ for id_ in shared if id_ not in lost]:
        values = {
            "state": BatchState.ACCEPTED.value,
            "settled": now,
            "reason": why,
            "size": row.size - len(shared) + len(left),
        }
        connection.execute(sa.update(batches).where(batches.c.id == row.id).values(values))


def _plan_again(
    connection: Connection,
    row: BatchRow,
    own: Sequence[int],
    shared: Sequence[int],
    lost: Collection[int],
) -> None:
    """Plan those who are `lost` again: the batch itself where that is so of all who share its state."""
    if not lost:
        return
    is_whole = bool(shared) and all(id_ in lost for id_ in shared)
    apart = [id_ for id_ in (*own, *(() if is_whole else shared)) if id_ in lost]
    if is_whole and recall_record.is_doubted(connection, row, shared[0]):
        # It may be cancelled, and is thrown away then: that is not to count for what is handed over now.
        recall_record.into_another(connection, row, [*apart, *shared])
        open_again(connection, row.edition)
        return
    if apart:
        ledger.move(connection, row, apart)
    if is_whole:
        outcomes.plan_again(connection, row, attempts=row.attempts)
    open_again(connection, row.edition)


def _in_doubt(
    connection: Connection, row: BatchRow, alive: Callable[[str], bool]
) -> tuple[list[int], list[int]]:
    """(those uncertain on their own, those who share the state of a batch that is uncertain or cut off)."""
    is_cut_off = row.state is BatchState.HANDED and not alive(row.owner)
    is_whole = row.state is BatchState.UNCERTAIN or is_cut_off
    shared = [one.reader_id for one in ledger.readers_of(connection, row.id)] if is_whole else []
    return _own_uncertain(connection, row.id), shared


def _why_settled(row: BatchRow) -> str:
    what = f"batch {row.id} of {row.edition}"
    if row.state is BatchState.HANDED:
        return f"{what} is in the hands of a run that lives: wait for its answer"
    return f"{what} is {row.state}: nothing in it is uncertain"


def _own_uncertain(connection: Connection, number: int) -> list[int]:
    query = sa.select(deliveries.c.reader_id).where(
        deliveries.c.batch == number, deliveries.c.state == DeliveryState.UNCERTAIN.value
    )
    return list(connection.execute(query.order_by(deliveries.c.reader_id)).scalars())
