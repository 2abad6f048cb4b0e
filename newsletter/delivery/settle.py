"""What was cut off is settled: by evidence, or by a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from newsletter import before, editions, ledger
from newsletter.delivery import outcomes, renders
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


def resolve(
    connection: Connection,
    number: int,
    sent: bool,
    by: str,
    now: datetime,
    alive: Callable[[str], bool] = lambda _: True,
) -> int:
    """Settle an uncertain batch as a person knows it: sent, or planned again. Returns how many readers.

    One that a run was handing over which is not `alive` any more is as uncertain. Raises MisuseError where
    nothing in the batch is.
    """
    row = ledger.batch(connection, number)
    if row is None:
        raise NotThereError(f"there is no batch {number}: `status --problems` lists the uncertain ones")
    own = _own_uncertain(connection, number)
    is_cut_off = row.state is BatchState.HANDED and not alive(row.owner)
    is_whole = row.state is BatchState.UNCERTAIN or is_cut_off
    readers = [*own, *(one.reader_id for one in ledger.readers_of(connection, number) if is_whole)]
    count = len(readers)
    if not count:
        raise MisuseError(_why_settled(row))
    then = "said to be sent" if sent else "said not to be sent"
    before.keep(connection, row.edition, readers, then, by, now)
    if sent:
        why = f"{then} by {by}"
        ledger.set_state(connection, row.edition, dict.fromkeys(own, why), DeliveryState.ACCEPTED)
        if is_whole:
            values = {"state": BatchState.ACCEPTED.value, "settled": now, "reason": why}
            connection.execute(sa.update(batches).where(batches.c.id == number).values(values))
    else:
        if own:
            ledger.move(connection, row, own)
        if is_whole:
            outcomes.plan_again(connection, row, attempts=row.attempts)
        open_again(connection, row.edition)
    said = "sent" if sent else "not sent"
    editions.log(connection, row.edition, now, by, f"batch {number} ({counted(count, 'reader')}): {said}")
    return count


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
