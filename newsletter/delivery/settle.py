"""What was cut off is settled: by evidence, by a person, and by asking for a hand-over again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from newsletter import before, editions, ledger
from newsletter.delivery import outcomes, renders
from newsletter.delivery.planning import GONE, exclusion
from newsletter.delivery.post import Post
from newsletter.delivery.recipients import still_there
from newsletter.edition import BatchState, DeliveryState, Edition, EditionState, Selection
from newsletter.ledger import BatchRow
from newsletter.providers import Answer, Outcome, Provider
from newsletter.tables import batches, deliveries, exclusions
from newsletter.tables import editions as editions_table
from newsletter.variant import Variant
from newsletter.variant_rows import spec_of
from newsroom.counted import counted
from newsroom.database import reading, writing
from newsroom.errors import HeldError, MisuseError, NotThereError
from readership import store

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


def resolve(connection: Connection, number: int, sent: bool, by: str, now: datetime) -> int:
    """Settle an uncertain batch as a person knows it: sent, or planned again. Returns how many readers.

    Raises MisuseError where nothing in the batch is uncertain.
    """
    row = ledger.batch(connection, number)
    if row is None:
        raise NotThereError(f"there is no batch {number}: `status --problems` lists the uncertain ones")
    own = _own_uncertain(connection, number)
    is_whole = row.state is BatchState.UNCERTAIN
    readers = [*own, *(one.reader_id for one in ledger.readers_of(connection, number) if is_whole)]
    count = len(readers)
    if not count:
        raise MisuseError(f"batch {number} of {row.edition} is {row.state}: nothing in it is uncertain")
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
        _reopen(connection, row.edition)
    said = "sent" if sent else "not sent"
    editions.log(connection, row.edition, now, by, f"batch {number} ({counted(count, 'reader')}): {said}")
    return count


def resend(
    connection: Connection,
    key: str,
    whom: int | Literal["refused"],
    revise: Callable[[Connection, Selection, bool], Selection],
    batch_size: int,
    by: str,
    now: datetime,
    standing: Callable[[Connection, Variant], Variant] = lambda _, variant: variant,
) -> int:
    """Plan a second hand-over, with the letter of the first, for everybody refused or for one reader.

    Returns how many readers. Raises MisuseError where there is nobody to resend to, HeldError where a story
    in a letter has been withdrawn since (`revise` and `standing` as in `Post`).
    """
    edition = editions.locked(connection, key)
    if edition.state not in (EditionState.SENDING, EditionState.SENT):
        raise MisuseError(f"{key} is {edition.state}: nothing of it can be handed over again")
    had_it = False
    if whom == "refused":
        by_batch = _refused(connection, key)
    else:
        number, had_it = _batch_of(connection, key, whom)
        _check_may_get(connection, edition, whom)
        by_batch = {number: [whom]}
    if not by_batch:
        raise MisuseError(f"{key}: nobody was refused")
    for number, reader_ids in by_batch.items():
        row = ledger.batch(connection, number)
        if row is None or row.render is None or row.revision is None:
            raise MisuseError(f"{key}: batch {number} was never handed over, so it has no letter to resend")
        selection = editions.selection_of(connection, key, row.revision)
        spec = spec_of(connection, key, row.variant)
        if revise(connection, selection, True) != selection or standing(connection, spec) != spec:
            raise HeldError(
                f"{key}: a story in revision {row.revision} has been withdrawn since, so its letter is not "
                "handed over again"
            )
        before.keep(connection, key, reader_ids, "to be handed over again", by, now)
        for start in range(0, len(reader_ids), batch_size):
            ledger.move(connection, row, reader_ids[start : start + batch_size], attempts=0, resend=True)
        if not ledger.readers_of(connection, number):
            ledger.empty(connection, number, row.reason)
    if whom != "refused" and had_it:
        ledger.mark_again(connection, key, whom)
    _reopen(connection, key)
    count = sum(map(len, by_batch.values()))
    editions.log(connection, key, now, by, f"to be handed over again: {_said(whom, count)}")
    return count


def _said(whom: int | str, count: int) -> str:
    return f"{count} refused" if whom == "refused" else f"reader {whom}"


def _check_may_get(connection: Connection, edition: Edition, reader_id: int) -> None:
    """Raises MisuseError for a reader who has gone since: nothing would come of it."""
    candidate = store.candidates_by_id(connection, edition.newsletter, [reader_id]).get(reader_id)
    reason = exclusion(candidate, edition.local_date) if candidate else GONE
    if reason is not None:
        raise MisuseError(f"{edition.key} is not handed over to reader {reader_id} again: {reason}")


def _refused(connection: Connection, key: str) -> Mapping[int, list[int]]:
    state = sa.func.coalesce(deliveries.c.state, batches.c.state)
    query = (
        sa.select(deliveries.c.batch, deliveries.c.reader_id)
        .select_from(deliveries.join(batches, batches.c.id == deliveries.c.batch))
        .where(deliveries.c.edition == key, state == DeliveryState.REFUSED.value)
        .order_by(deliveries.c.batch, deliveries.c.reader_id)
    )
    found: dict[int, list[int]] = {}
    for number, reader_id in connection.execute(query):
        found.setdefault(number, []).append(reader_id)
    return found


def _batch_of(connection: Connection, key: str, reader_id: int) -> tuple[int, bool]:
    """The batch of a reader to whom the edition may be handed over again, and whether it was accepted.

    Raises MisuseError with why not.
    """
    query = (
        sa.select(
            deliveries.c.batch,
            sa.func.coalesce(deliveries.c.state, batches.c.state).label("state"),
            deliveries.c.reason,
        )
        .select_from(deliveries.join(batches, batches.c.id == deliveries.c.batch))
        .where(deliveries.c.edition == key, deliveries.c.reader_id == reader_id)
    )
    row = connection.execute(query).first()
    if row is None:
        theirs = sa.and_(exclusions.c.edition == key, exclusions.c.reader_id == reader_id)
        reason = connection.execute(sa.select(exclusions.c.reason).where(theirs)).scalar()
        raise MisuseError(f"{key} was not meant for reader {reader_id}: {reason or 'not subscribed then'}")
    if row.state in (DeliveryState.ACCEPTED, DeliveryState.REFUSED):
        return int(row.batch), row.state == DeliveryState.ACCEPTED
    if row.state == DeliveryState.UNCERTAIN:
        raise MisuseError(
            f"whether {key} reached reader {reader_id} is uncertain: `resolve {row.batch}` comes first"
        )
    why = f": {row.reason}" if row.reason else ""
    raise MisuseError(f"{key} is {row.state} for reader {reader_id}{why}")


def _own_uncertain(connection: Connection, number: int) -> list[int]:
    query = sa.select(deliveries.c.reader_id).where(
        deliveries.c.batch == number, deliveries.c.state == DeliveryState.UNCERTAIN.value
    )
    return list(connection.execute(query.order_by(deliveries.c.reader_id)).scalars())


def _reopen(connection: Connection, key: str) -> None:
    """An edition that was over has something to hand over again."""
    sent = sa.and_(editions_table.c.key == key, editions_table.c.state == EditionState.SENT.value)
    values = {"state": EditionState.SENDING.value, "finished": None}
    connection.execute(sa.update(editions_table).where(sent).values(values))
