"""A second hand-over, asked for by a person: the stored letter once more, to the letter."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
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
    gone: tuple[str, ...] = ()
    """The names of those stories."""
    planned: int = 0
    """How many of the readers named, or refused, wait for the next run already, and are passed over."""


def is_whole(
    connection: Connection, key: str, revision: int, variant: str, revise: Revise, standing: Standing
) -> bool:
    """Whether everything that a stored letter shows is there still: what its readers saw of the revision."""
    return missing(connection, key, revision, variant, revise, standing) is None


def missing(
    connection: Connection, key: str, revision: int, variant: str, revise: Revise, standing: Standing
) -> tuple[str, ...] | None:
    """The names of the stories that a stored letter shows and that are withdrawn since; None where all that
    it shows is there still."""
    spec = spec_of(connection, key, variant)
    shown = narrowed(editions.selection_of(connection, key, revision), spec)
    left = revise(connection, shown, True)
    if left == shown and standing(connection, spec) == spec:
        return None
    there = {story.teaser.id for story in left.stories}
    return tuple(story.teaser.slug for story in shown.stories if story.teaser.id not in there)


def resend(
    connection: Connection,
    key: str,
    whom: Collection[int] | Literal["refused"],
    revise: Revise,
    batch_size: int,
    by: str,
    now: datetime,
    standing: Standing = lambda _, variant: variant,
    *,
    anew: bool = False,
) -> Resent:
    """Plan a second hand-over, with the letter of the first, for everybody refused or for these readers;
    `anew`: with the edition as it is now.

    Whose letter has a story that was withdrawn since gets that letter no more; who is planned already is
    passed over. Raises MisuseError where there is nobody to resend to, HeldError where each one's letter has
    such a story.
    """
    edition = editions.locked(connection, key)
    if edition.state not in OPEN_AGAIN:
        raise MisuseError(f"{key} is {edition.state}: nothing of it can be handed over again")
    if whom == "refused":
        by_batch, had_it, waits = (
            _refused(connection, key),
            list[int](),
            _refused_and_planned(connection, key),
        )
    else:
        by_batch, had_it, waits = _batches_of(connection, edition, whom)
    if not by_batch:
        raise MisuseError(_why_none(key, waits))
    whole, withheld, gone = _judged(connection, key, by_batch, *(() if anew else (revise, standing)))
    if not whole:
        raise HeldError(_why_nobody(key, whom, withheld, gone))
    for row, reader_ids in whole:
        before.keep(connection, key, reader_ids, before.AGAIN, by, now)
        # A letter that is made anew is asked for by naming none.
        again = replace(row, revision=None, render=None) if anew else row
        for start in range(0, len(reader_ids), batch_size):
            ledger.move(connection, again, reader_ids[start : start + batch_size], attempts=0, resend=True)
        if not ledger.readers_of(connection, row.id):
            ledger.empty(connection, row.id, row.reason)
    for reader_id in had_it:
        ledger.mark_again(connection, key, reader_id)
    open_again(connection, key)
    done = Resent(sum(len(reader_ids) for _, reader_ids in whole), withheld, gone, waits)
    editions.log(connection, key, now, by, f"to be handed over again: {_said(whom, done, anew=anew)}")
    return done


def prospect(connection: Connection, key: str, revise: Revise, standing: Standing) -> Resent:
    """What `resend` to everybody refused would come to; only reads."""
    whole, withheld, gone = _judged(connection, key, _refused(connection, key), revise, standing)
    return Resent(sum(len(reader_ids) for _, reader_ids in whole), withheld, gone)


def prospect_anew(connection: Connection, key: str, revise: Revise, standing: Standing) -> int:
    """To how many of everybody refused `resend` would hand over the edition as it is now; only reads."""
    edition = editions.get(connection, key)
    now = revise(connection, editions.selection_of(connection, key, edition.revision), True)
    found = 0
    for number, reader_ids in _refused(connection, key).items():
        row = ledger.batch(connection, number)
        spec = spec_of(connection, key, row.variant) if row else None
        if spec is not None and narrowed(now, standing(connection, spec)).has_news:
            found += len(reader_ids)
    return found


def _judged(
    connection: Connection,
    key: str,
    by_batch: Mapping[int, list[int]],
    revise: Revise | None = None,
    standing: Standing = lambda _, variant: variant,
) -> tuple[Sequence[tuple[BatchRow, list[int]]], int, tuple[str, ...]]:
    """The batches whose letter can go again, with their readers; how many readers the others have, and which
    stories theirs have that were withdrawn. Without `revise` nobody asks for the letter."""
    whole: list[tuple[BatchRow, list[int]]] = []
    withheld, gone = 0, dict[str, None]()
    known: dict[tuple[int, str], tuple[str, ...] | None] = {}
    for number, reader_ids in by_batch.items():
        row = ledger.batch(connection, number)
        if row is None or row.render is None or row.revision is None:
            raise MisuseError(f"{key}: batch {number} was never handed over, so it has no letter to resend")
        letter = (row.revision, row.variant)
        if revise is not None and letter not in known:
            known[letter] = missing(connection, key, row.revision, row.variant, revise, standing)
        if known.get(letter) is None:
            whole.append((row, reader_ids))
        else:
            withheld += len(reader_ids)
            gone |= dict.fromkeys(known[letter] or ())
    return whole, withheld, tuple(gone)


def _why_none(key: str, planned: int) -> str:
    if not planned:
        return f"{key}: nobody was refused"
    return (
        f"{key} is planned again already for {counted(planned, 'reader')} refused: the next run hands it over"
    )


def _why_nobody(
    key: str, whom: Collection[int] | Literal["refused"], withheld: int, gone: Sequence[str]
) -> str:
    who = _who(whom) if whom != "refused" and len(whom) == withheld else counted(withheld, "reader")
    return f"{key}: {why_withheld(who, gone)}"


def why_withheld(who: str, gone: Sequence[str]) -> str:
    """What is said of readers, counted or named, whose letter has stories that are gone."""
    return (
        f"a story in the letter of {who} has been withdrawn since{_named(gone)}, so it is not handed over "
        "again; `--anew` hands over the edition as it is now, without it"
    )


def _named(stories: Sequence[str], most: int = 3) -> str:
    """The stories' names in brackets, the first `most` of them; "" where there are none."""
    if not stories:
        return ""
    more = f" and {len(stories) - most} more" if len(stories) > most else ""
    return f" ({', '.join(stories[:most])}{more})"


def _who(whom: Collection[int]) -> str:
    return f"reader {next(iter(whom))}" if len(whom) == 1 else counted(len(whom), "reader")


def _said(whom: Collection[int] | Literal["refused"], done: Resent, *, anew: bool) -> str:
    without = f"; {done.withheld} not, for a story of theirs was withdrawn" if done.withheld else ""
    as_now = ", as the edition is now" if anew else ""
    if whom == "refused":
        who = f"{done.readers} refused"
    else:
        who = counted(len(whom) - done.planned, "reader") if done.planned else _who(whom)
    return f"{who}{as_now}{without}"


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


def _refused_and_planned(connection: Connection, key: str) -> int:
    """How many readers who were refused wait to be handed it over again."""
    query = (
        sa.select(sa.func.count())
        .select_from(deliveries.join(batches, batches.c.id == deliveries.c.batch))
        .where(
            ledger.planned(key),
            batches.c.resend,
            deliveries.c.state.is_(None),
            # Those who have it, and are to get another one.
            ~deliveries.c.reason.startswith(ledger.AGAIN),
        )
    )
    return int(connection.execute(query).scalar_one())


def _batches_of(
    connection: Connection, edition: Edition, whom: Collection[int]
) -> tuple[Mapping[int, list[int]], list[int], int]:
    """These readers by their batches, those of them who were accepted, and how many others are planned
    already. Raises MisuseError for one to whom the edition may not be handed over again, and where all are
    planned already."""
    by_batch: dict[int, list[int]] = {}
    had_it, waits = [], dict[int, str]()
    for reader_id in sorted(set(whom)):
        number, state, reason = _batch_of(connection, edition.key, reader_id)
        if state is DeliveryState.PLANNED:
            waits[reader_id] = reason
            continue
        _check_may_get(connection, edition, reader_id)
        by_batch.setdefault(number, []).append(reader_id)
        had_it += [reader_id] if state is DeliveryState.ACCEPTED else []
    if waits and not by_batch:
        reader_id, reason = next(iter(waits.items()))
        raise MisuseError(_not_again(edition.key, DeliveryState.PLANNED, reader_id, reason))
    return by_batch, had_it, len(waits)


def _batch_of(connection: Connection, key: str, reader_id: int) -> tuple[int, DeliveryState, str]:
    """The batch of a reader to whom the edition may be handed over again or is planned to be, its state and
    the state's reason.

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
    if row.state in (DeliveryState.ACCEPTED, DeliveryState.REFUSED, DeliveryState.PLANNED):
        return int(row.batch), DeliveryState(row.state), row.reason
    if row.state == DeliveryState.UNCERTAIN:
        raise MisuseError(
            f"whether {key} reached reader {reader_id} is uncertain: `resolve {row.batch}` comes first"
        )
    raise MisuseError(_not_again(key, row.state, reader_id, row.reason))


def _not_again(key: str, state: str, reader_id: int, reason: str) -> str:
    return f"{key} is {state} for reader {reader_id}{f': {reason}' if reason else ''}"


def open_again(connection: Connection, key: str) -> None:
    """An edition that was over has something to hand over again."""
    sent = sa.and_(editions_table.c.key == key, editions_table.c.state == EditionState.SENT.value)
    values = {"state": EditionState.SENDING.value, "finished": None}
    connection.execute(sa.update(editions_table).where(sent).values(values))
