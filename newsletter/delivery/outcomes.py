"""What a provider answered, written into the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter import ledger
from newsletter.edition import BatchState, DeliveryState, EditionState
from newsletter.holds import HANDED_BEFORE
from newsletter.ledger import BatchRow, delay
from newsletter.providers import Answer, Outcome
from newsletter.tables import batches, editions

_OwnAnswers = Mapping[int, tuple[Answer, str]]

_STATES = {
    Answer.ACCEPTED: (BatchState.ACCEPTED, DeliveryState.ACCEPTED),
    Answer.REFUSED: (BatchState.REFUSED, DeliveryState.REFUSED),
    Answer.UNCERTAIN: (BatchState.UNCERTAIN, DeliveryState.UNCERTAIN),
}
_AGAIN = (Answer.NOT_NOW, Answer.STOP, Answer.ENDED)


def record(connection: Connection, number: int, outcome: Outcome, owner: str, now: datetime) -> bool:
    """Write down what the hand-over of a batch came to; readers with an answer of their own get that.

    False, and nothing is written, where the batch is not in the hands of `owner` (any more).
    """
    row = ledger.batch(connection, number)
    if row is None or row.owner != owner or row.state not in (BatchState.HANDED, BatchState.UNCERTAIN):
        return False
    if not outcome.own and outcome.answer in _STATES and not outcome.divisible:
        if count := ledger.count_readers(connection, number):
            _settle(connection, row, count, outcome, now)
        else:
            _empty(connection, row, 0, outcome, now)
        return True
    inside = [delivery.reader_id for delivery in ledger.readers_of(connection, number)]
    own = {id_: outcome.own[id_] for id_ in inside if id_ in outcome.own}
    rest = [id_ for id_ in inside if id_ not in own]
    moved = _record_own(connection, row, own, outcome.retry_after, now)
    if _goes_again(outcome, rest):
        parts = _parts(outcome, rest)
        if own:
            for part in parts:
                _move(connection, row, part, outcome, now)
            _empty(connection, row, len(own) - moved, outcome, now)
        else:
            _keep(connection, row, parts, outcome, now)
    elif rest:
        _settle(connection, row, len(inside) - moved, outcome, now)
    else:
        _empty(connection, row, len(own) - moved, outcome, now)
    if outcome.answer is Answer.NOT_NOW and outcome.retry_after:
        # It is the provider that wants to be left alone, whichever batch it was asked for.
        ledger.put_off(connection, row.edition, now + delay(1, outcome.retry_after))
    if outcome.answer in _AGAIN and not own:
        reopen(connection, row.edition)
    return True


def plan_again(
    connection: Connection, row: BatchRow, *, attempts: int, not_before: datetime | None = None
) -> None:
    """The batch was certainly not taken: it is planned as if it had not been handed over."""
    _set(
        connection,
        row.id,
        state=BatchState.PLANNED.value,
        attempts=attempts,
        not_before=not_before,
        handed=None,
        handed_before=row.handed or row.handed_before,
        settled=None,
        owner="",
    )


def reopen(connection: Connection, edition: str) -> None:
    """Where certainly nothing of the edition was taken yet, it is as it was before its first hand-over: open
    for changes, and its stories are free where it is stopped. Of what was handed over by a database that is
    no more, nobody knows that."""
    taken = sa.select(batches.c.id).where(batches.c.edition == edition, batches.c.handed.is_not(None))
    sending = sa.and_(
        editions.c.key == edition,
        editions.c.state.in_((EditionState.SENDING.value, EditionState.STOPPED.value)),
        editions.c.note != HANDED_BEFORE,
        ~taken.exists(),
    )
    values = {
        "state": sa.case(
            (editions.c.state == EditionState.STOPPED.value, EditionState.STOPPED.value),
            else_=EditionState.COMPOSED.value,
        ),
        "first_handed": None,
        "provider": "",
    }
    connection.execute(sa.update(editions).where(sending).values(values))


def _settle(connection: Connection, row: BatchRow, size: int, outcome: Outcome, now: datetime) -> None:
    state, own = _STATES[outcome.answer]
    if state is BatchState.REFUSED and (before := ledger.asked_again(connection, row.id)):
        ledger.set_state(connection, row.edition, dict.fromkeys(before, outcome.reason), own)
    _set(
        connection,
        row.id,
        state=state.value,
        reason=outcome.reason,
        settled=None if state is BatchState.UNCERTAIN else now,
        size=size,
        reference=outcome.reference[:200],
    )


def _goes_again(outcome: Outcome, rest: Sequence[int]) -> bool:
    is_divided = outcome.answer is Answer.REFUSED and outcome.divisible and len(rest) > 1
    return bool(rest) and (is_divided or outcome.answer in _AGAIN)


def _parts(outcome: Outcome, rest: Sequence[int]) -> list[Sequence[int]]:
    if outcome.answer is not Answer.REFUSED:
        return [rest]
    return [rest[: len(rest) // 2], rest[len(rest) // 2 :]]


def _when(row: BatchRow, outcome: Outcome, now: datetime) -> tuple[int, datetime | None]:
    """(attempts, not before): only a "not now" has to wait."""
    if outcome.answer is not Answer.NOT_NOW:
        return row.attempts, None
    return row.attempts + 1, now + delay(row.attempts + 1, outcome.retry_after)


def _move(
    connection: Connection, row: BatchRow, part: Sequence[int], outcome: Outcome, now: datetime
) -> None:
    attempts, not_before = _when(row, outcome, now)
    ledger.move(connection, row, part, attempts=attempts, not_before=not_before, reason=outcome.reason)


def _keep(
    connection: Connection, row: BatchRow, parts: Sequence[Sequence[int]], outcome: Outcome, now: datetime
) -> None:
    """The first part stays in this batch, planned again; the others get one of their own."""
    kept, *others = parts
    for other in others:
        _move(connection, row, other, outcome, now)
    _set(connection, row.id, size=len(kept), reason=outcome.reason)
    attempts, not_before = _when(row, outcome, now)
    plan_again(connection, row, attempts=attempts, not_before=not_before)


def _empty(connection: Connection, row: BatchRow, taken: int, outcome: Outcome, now: datetime) -> None:
    """Each of its readers has a state of their own, or another batch: it stays as what they were handed."""
    ledger.empty(connection, row.id, outcome.reason)
    _set(connection, row.id, size=taken, settled=now, reference=outcome.reference[:200])


def _record_own(
    connection: Connection,
    row: BatchRow,
    own: _OwnAnswers,
    retry_after: float | None,
    now: datetime,
) -> int:
    """Write down the answers of single readers; returns how many were moved to a batch to try later."""
    by_answer: dict[Answer, dict[int, str]] = {}
    for reader_id, (answer, reason) in own.items():
        by_answer.setdefault(answer, {})[reader_id] = reason
    moved = 0
    for answer, reasons in by_answer.items():
        if answer in _AGAIN:
            # One reason stands for all: they are told apart again when they are tried again.
            later = Outcome(answer, next(iter(reasons.values())), retry_after)
            _move(connection, row, sorted(reasons), later, now)
            moved += len(reasons)
        else:
            ledger.set_state(connection, row.edition, reasons, _STATES[answer][1])
    return moved


def _set(connection: Connection, number: int, **values: object) -> None:
    connection.execute(sa.update(batches).where(batches.c.id == number).values(values))
