"""What went out, what is held, what a person has to settle: values for `status`, and no text but reasons.

Every function only reads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter import editions, half_out, history, ledger
from newsletter.delivery.sums import Sum, sum_of
from newsletter.edition import BatchState, DeliveryState, Edition, EditionState
from newsletter.tables import batches, deliveries, exclusions
from newsletter.tables import editions as editions_table


@dataclass(frozen=True, slots=True)
class Line:
    """One edition and its sum, counted from the ledger's rows."""

    edition: Edition
    sum: Sum


class Trouble(StrEnum):
    """What a problem is."""

    HELD = "held"
    UNCERTAIN = "uncertain"
    REFUSED = "refused"
    PUT_OFF = "put off"
    CUT_OFF = "cut off"
    """Handed over by a run that never came back."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that waits for a person, or for a later run where it was put off."""

    edition: str
    trouble: Trouble
    reason: str
    commands: tuple[str, ...]
    """Each of them settles it; which one is for a person to say."""
    readers: int | None = None
    batch: int | None = None
    since: datetime | None = None
    """When it was handed over last; None where it was not."""
    next_at: datetime | None = None
    """When it is tried again by itself."""
    batches: tuple[int, ...] = ()
    """Where it is the same of several of the edition's batches: all of them."""


@dataclass(frozen=True, slots=True)
class ReaderLine:
    """What became of one edition for one reader."""

    edition: str
    state: DeliveryState | None
    """None: left out when the edition was planned."""
    reason: str = ""
    batch: int | None = None
    revision: int | None = None
    provider: str = ""
    handed: datetime | None = None
    settled: datetime | None = None
    attempts: int = 0
    not_before: datetime | None = None
    reference: str = ""
    """The provider's own id of the hand-over."""


def recent(connection: Connection, newsletter: str, limit: int = 5) -> tuple[Line, ...]:
    """The newsletter's last editions, newest first, each with its sum."""
    found = history.latest(connection, newsletter, limit)
    return tuple(Line(edition, sum_of(connection, edition.key)) for edition in found)


def line_of(connection: Connection, key: str) -> Line:
    """One edition with its sum. Raises StoreError where there is none."""
    return Line(editions.get(connection, key), sum_of(connection, key))


def problems(
    connection: Connection,
    since: datetime,
    edition: str | None = None,
    alive: Callable[[str], bool] = lambda _: False,
) -> tuple[Problem, ...]:
    """What is held, uncertain, cut off or put off, and who was refused; of one edition, or of all.

    What is in the hands of a run that is `alive` is not cut off. Refusals stay for ever, so only those of
    editions that were due after `since` are told.
    """
    found = [
        *_held(connection),
        *_uncertain(connection, edition),
        *_cut_off(connection, alive),
        *_put_off(connection),
        *_refused(connection, since),
    ]
    return tuple(problem for problem in found if edition in (None, problem.edition))


def unsettled(connection: Connection) -> tuple[Problem, ...]:
    """What nobody knows the outcome of, in whichever edition: a person has to settle it."""
    return tuple(_uncertain(connection, None))


def together(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems, those of several batches of an edition that have one reason as one, which one command
    settles. Pure."""
    groups: dict[tuple[object, ...], list[Problem]] = {}
    for one in problems:
        alone = one.batch is None
        groups.setdefault((one.edition, one.trouble, one.reason, one if alone else None), []).append(one)
    reasons = Counter(edition for edition, trouble, *_ in groups if trouble is Trouble.UNCERTAIN)
    return tuple(
        _as_one(some, is_all=reasons[some[0].edition] == 1) if len(some) > 1 else some[0]
        for some in groups.values()
    )


def _as_one(some: Sequence[Problem], *, is_all: bool) -> Problem:
    """`is_all`: nothing else of the edition is uncertain."""
    first = some[0]
    commands, reason = first.commands, first.reason
    if commands[:1] == (f"resolve {first.batch} --sent",):
        commands = (f"resolve {first.edition} --sent", f"resolve {first.edition} --not-sent")
    if first.trouble is Trouble.UNCERTAIN:
        reason += "" if is_all else "; this settles all that is uncertain of the edition"
    return replace(
        first,
        reason=reason,
        commands=commands,
        readers=sum(one.readers or 0 for one in some),
        batch=None,
        batches=tuple(one.batch for one in some if one.batch is not None),
        since=min((one.since for one in some if one.since), default=None),
        next_at=min((one.next_at for one in some if one.next_at), default=None),
    )


def reader_story(
    connection: Connection, reader_id: int, edition: str | None = None, limit: int = 20
) -> tuple[ReaderLine, ...]:
    """What became of an edition for a reader, or of each of the last `limit` ones, newest first.

    Editions that were not meant for the reader at all are not in it.
    """
    keys = [edition] if edition is not None else _latest_keys(connection, limit)
    lines = {row.edition: _line(row) for row in _delivered(connection, reader_id, keys)}
    theirs = sa.and_(exclusions.c.reader_id == reader_id, exclusions.c.edition.in_(keys))
    for key, reason in connection.execute(sa.select(exclusions.c.edition, exclusions.c.reason).where(theirs)):
        lines[key] = ReaderLine(key, None, reason)
    return tuple(lines[key] for key in keys if key in lines)


def _held(connection: Connection) -> Iterator[Problem]:
    for edition in history.open_editions(connection):
        if edition.held:
            commands = (f"release {edition.key}", f"stop {edition.key}")
            why = "; ".join(filter(None, (edition.held, half_out.numbers(connection, edition))))
            yield Problem(edition.key, Trouble.HELD, why, commands)


def _uncertain(connection: Connection, edition: str | None) -> Iterator[Problem]:
    for number, readers, reason in ledger.uncertain(connection, edition):
        row = ledger.batch(connection, number)
        if row is not None:
            commands = (f"resolve {number} --sent", f"resolve {number} --not-sent")
            yield Problem(row.edition, Trouble.UNCERTAIN, reason, commands, readers, number, row.handed)


def _cut_off(connection: Connection, alive: Callable[[str], bool]) -> Iterator[Problem]:
    query = _batches(*EditionState).where(batches.c.state == BatchState.HANDED.value)
    for row in connection.execute(query).all():
        if not alive(row.owner):
            reason, commands = _of_cut_off(editions.get(connection, row.edition), row.id)
            yield Problem(row.edition, Trouble.CUT_OFF, reason, commands, row.size, row.id, row.handed)


def _of_cut_off(edition: Edition, number: int) -> tuple[str, tuple[str, ...]]:
    """What becomes of a batch that was cut off, and the commands that settle it. Pure."""
    reason = "its run was cut off; the next one settles it, as far as the provider can tell"
    if edition.state is not EditionState.STOPPED and not edition.held:
        return reason, ("deliver",)
    # A run hands nothing over of it; who knows better than the provider may say so before one comes.
    what = "stopped" if edition.state is EditionState.STOPPED else "held"
    ways = (f"resolve {number} --sent", f"resolve {number} --not-sent")
    return f"{reason}, and hands nothing over, for the edition is {what}", ways


def _put_off(connection: Connection) -> Iterator[Problem]:
    query = _batches(EditionState.COMPOSED, EditionState.SENDING).where(
        batches.c.state == BatchState.PLANNED.value, batches.c.attempts > 0
    )
    for row in connection.execute(query):
        yield Problem(
            row.edition,
            Trouble.PUT_OFF,
            row.reason,
            ("deliver",),
            row.size,
            row.id,
            next_at=row.not_before,
        )


def _refused(connection: Connection, since: datetime) -> Iterator[Problem]:
    state = sa.func.coalesce(deliveries.c.state, batches.c.state)
    query = (
        sa.select(deliveries.c.edition, sa.func.count())
        .select_from(
            deliveries.join(batches, batches.c.id == deliveries.c.batch).join(
                editions_table, editions_table.c.key == deliveries.c.edition
            )
        )
        .where(editions_table.c.due > since, state == DeliveryState.REFUSED.value)
        .group_by(deliveries.c.edition)
        .order_by(deliveries.c.edition)
    )
    for key, readers in connection.execute(query):
        command = f"resend {key} --only refused"
        yield Problem(key, Trouble.REFUSED, refusals(connection, key), (command,), readers)


def refusals(connection: Connection, key: str, most: int = 3) -> str:
    """The commonest reasons for refusals of the edition, with their numbers."""
    state = sa.func.coalesce(deliveries.c.state, batches.c.state)
    reason = sa.case((deliveries.c.state.is_(None), batches.c.reason), else_=deliveries.c.reason)
    query = (
        sa.select(reason, sa.func.count())
        .select_from(deliveries.join(batches, batches.c.id == deliveries.c.batch))
        .where(deliveries.c.edition == key, state == DeliveryState.REFUSED.value)
        .group_by(reason)
        .order_by(sa.func.count().desc(), reason)
    )
    found = connection.execute(query).all()
    said = [f"{why or 'no reason given'} ({count})" for why, count in found[:most]]
    more = len(found) - most
    return "; ".join(said) + (f"; {more} more reasons" if more > 0 else "")


def _batches(*states: EditionState) -> sa.Select[Any]:
    return (
        sa.select(batches)
        .join(editions_table, editions_table.c.key == batches.c.edition)
        .where(editions_table.c.state.in_([state.value for state in states]))
        .order_by(batches.c.id)
    )


def _latest_keys(connection: Connection, limit: int) -> list[str]:
    query = (
        sa.select(editions_table.c.key)
        .order_by(editions_table.c.due.desc(), editions_table.c.key)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def _delivered(connection: Connection, reader_id: int, keys: list[str]) -> Iterator[Any]:
    query = (
        sa.select(
            deliveries.c.edition,
            deliveries.c.batch,
            deliveries.c.state.label("own"),
            deliveries.c.reason.label("own_reason"),
            *(column for column in batches.c if column.name != "edition"),
        )
        .select_from(deliveries.join(batches, batches.c.id == deliveries.c.batch))
        .where(deliveries.c.reader_id == reader_id, deliveries.c.edition.in_(keys))
    )
    yield from connection.execute(query)


def _line(row: Any) -> ReaderLine:
    was_handed = row.own != DeliveryState.DROPPED.value
    # Refused in a batch that was taken back since: that counts as handed over no more.
    before = row.handed_before if row.state == BatchState.TAKEN_BACK.value else None
    return ReaderLine(
        edition=row.edition,
        state=DeliveryState(row.own or row.state),
        reason=row.own_reason if row.own else row.reason,
        batch=row.batch,
        # Dropped right before its batch went: that has times, and this reader has none.
        revision=row.revision if was_handed else None,
        provider=row.provider if was_handed else "",
        handed=(row.handed or before) if was_handed else None,
        settled=row.settled if was_handed else None,
        attempts=row.attempts,
        not_before=row.not_before,
        reference=row.reference if was_handed else "",
    )
