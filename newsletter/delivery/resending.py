"""A second hand-over, asked for by a person: the stored letter once more, to the letter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter import before, editions, ledger
from newsletter.delivery.planning import GONE, exclusion
from newsletter.edition import DeliveryState, Edition, EditionState, Selection
from newsletter.ledger import BatchRow
from newsletter.tables import batches, deliveries, exclusions
from newsletter.tables import editions as editions_table
from newsletter.variant import Variant, narrowed
from newsletter.variant_rows import spec_of
from newsroom.counted import counted
from newsroom.errors import HeldError, MisuseError
from readership import store

Revise = Callable[[Connection, Selection, bool], Selection]
Standing = Callable[[Connection, Variant], Variant]
"""Both as in `newsletter.delivery.post.Post`."""

OPEN_AGAIN = (EditionState.SENDING, EditionState.SENT)
"""The states of an edition of which something can be handed over again."""


@dataclass(frozen=True, slots=True)
class Resent:
    """How many readers get their letter again, and how many do not, for a story in it was withdrawn since."""

    readers: int = 0
    withheld: int = 0


def is_whole(
    connection: Connection, key: str, revision: int, variant: str, revise: Revise, standing: Standing
) -> bool:
    """Whether everything that a stored letter shows is there still: what its readers saw of the revision."""
    spec = spec_of(connection, key, variant)
    shown = narrowed(editions.selection_of(connection, key, revision), spec)
    return revise(connection, shown, True) == shown and standing(connection, spec) == spec


def resend(
    connection: Connection,
    key: str,
    whom: int | Literal["refused"],
    revise: Revise,
    batch_size: int,
    by: str,
    now: datetime,
    standing: Standing = lambda _, variant: variant,
) -> Resent:
    """Plan a second hand-over, with the letter of the first, for everybody refused or for one reader.

    Whose letter has a story that was withdrawn since gets it no more. Raises MisuseError where there is
    nobody to resend to, HeldError where that is so of each of them.
    """
    edition = editions.locked(connection, key)
    if edition.state not in OPEN_AGAIN:
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
    whole, withheld = _judged(connection, key, by_batch, revise, standing)
    if not whole:
        raise HeldError(_why_nobody(key, whom, withheld))
    for row, reader_ids in whole:
        before.keep(connection, key, reader_ids, "to be handed over again", by, now)
        for start in range(0, len(reader_ids), batch_size):
            ledger.move(connection, row, reader_ids[start : start + batch_size], attempts=0, resend=True)
        if not ledger.readers_of(connection, row.id):
            ledger.empty(connection, row.id, row.reason)
    if whom != "refused" and had_it:
        ledger.mark_again(connection, key, whom)
    open_again(connection, key)
    done = Resent(sum(len(reader_ids) for _, reader_ids in whole), withheld)
    editions.log(connection, key, now, by, f"to be handed over again: {_said(whom, done)}")
    return done


def prospect(connection: Connection, key: str, revise: Revise, standing: Standing) -> Resent:
    """What `resend` to everybody refused would come to; only reads."""
    by_batch = _refused(connection, key)
    whole, withheld = _judged(connection, key, by_batch, revise, standing)
    return Resent(sum(len(reader_ids) for _, reader_ids in whole), withheld)


def _judged(
    connection: Connection,
    key: str,
    by_batch: Mapping[int, list[int]],
    revise: Revise,
    standing: Standing,
) -> tuple[Sequence[tuple[BatchRow, list[int]]], int]:
    """The batches whose letter can go again, with their readers, and how many readers the others have."""
    whole: list[tuple[BatchRow, list[int]]] = []
    withheld = 0
    known: dict[tuple[int, str], bool] = {}
    for number, reader_ids in by_batch.items():
        row = ledger.batch(connection, number)
        if row is None or row.render is None or row.revision is None:
            raise MisuseError(f"{key}: batch {number} was never handed over, so it has no letter to resend")
        letter = (row.revision, row.variant)
        if letter not in known:
            known[letter] = is_whole(connection, key, row.revision, row.variant, revise, standing)
        if known[letter]:
            whole.append((row, reader_ids))
        else:
            withheld += len(reader_ids)
    return whole, withheld


def _why_nobody(key: str, whom: int | str, withheld: int) -> str:
    who = f"reader {whom}" if whom != "refused" else counted(withheld, "reader")
    return (
        f"{key}: a story in the letter of {who} has been withdrawn since, so it is not handed over again; "
        "the next edition is"
    )


def _said(whom: int | str, done: Resent) -> str:
    if whom != "refused":
        return f"reader {whom}"
    without = f"; {done.withheld} not, for a story of theirs was withdrawn" if done.withheld else ""
    return f"{done.readers} refused{without}"


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


def open_again(connection: Connection, key: str) -> None:
    """An edition that was over has something to hand over again."""
    sent = sa.and_(editions_table.c.key == key, editions_table.c.state == EditionState.SENT.value)
    values = {"state": EditionState.SENDING.value, "finished": None}
    connection.execute(sa.update(editions_table).where(sent).values(values))
