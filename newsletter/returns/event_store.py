"""Events noted: each once, with all that follows from it, in one transaction.

Copies and disorder are harmless: an event is known by its key, and what follows depends on which events are
there, not on when they came.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter import before
from newsletter.returns import evidence, stops
from newsletter.returns.event import Event, EventKind
from newsletter.returns.proof import Proof, proof
from newsletter.tables import batches, deliveries, events
from newsroom.database import LARGEST, inserting
from newsroom.portions import portions
from newsroom.settings import BounceSettings
from readership import store

_CONSEQUENTIAL = (EventKind.BOUNCE, EventKind.DROPPED, EventKind.SPAM_REPORT, EventKind.UNSUBSCRIBE)
"""What may stop a reader, if it is new."""
_RETURNED = (EventKind.BOUNCE, EventKind.DROPPED)
"""What is looked up by its address later."""


@dataclass(frozen=True, slots=True)
class Noted:
    """What became of events."""

    new: int = 0
    copies: int = 0
    foreign: int = 0
    """Of no delivery of ours: they were passed over."""
    settled: int = 0
    """Readers of whom nobody knew whether they had it, or who were to be handed it once more."""
    stopped: int = 0
    unsubscribed: int = 0
    held: tuple[str, ...] = ()
    """Editions of which so much came back that from now on they stop nobody: a person has to look."""


_Place = tuple[str, int]
"""An edition and a reader."""


def note(connection: Connection, some: Iterable[Event], rules: BounceSettings, now: datetime) -> Noted:
    """Store the events that are new, settle what they prove, stop whom they stop: in a writing transaction.

    Events of editions, batches or readers that are not there, and of other addresses than those that were
    mailed, change nothing. Of a reader who was erased since, the event is kept and stops nobody.
    """
    given = list(some)
    keys = _keys(connection, given)
    heard = _batches(connection, given)
    sound = [one for one in given if _is_ours(one, keys, heard)]
    # In the order of the table: quicker, and two who write at once never wait for each other in a circle.
    ours = list({_identity(one): one for one in sorted(sound, key=_identity)}.values())
    if not ours:
        return Noted(foreign=len(given))
    known = _known(connection, [one for one in ours if one.kind in _CONSEQUENTIAL])
    new = _insert(connection, ours, keys)
    _hear(connection, ours, heard, now)
    fresh = [one for one in ours if one.kind in _CONSEQUENTIAL and _identity(one) not in known]
    stopped = stops.apply(connection, fresh, keys, rules, now) if fresh else stops.Stops()
    return Noted(
        new=new,
        copies=len(sound) - new,
        foreign=len(given) - len(sound),
        settled=_settle(connection, ours, now),
        stopped=stopped.stopped,
        unsubscribed=stopped.unsubscribed,
        held=stopped.held,
    )


def _identity(one: Event) -> tuple[str, int, str, str]:
    return one.edition, one.reader_id, one.kind.value, one.key


def _keys(connection: Connection, some: Iterable[Event]) -> dict[_Place, str]:
    """The recipient key of each delivery that there is, or was before it was taken back."""
    wanted: dict[str, set[int]] = {}
    for one in some:
        if 0 < one.reader_id <= LARGEST:
            wanted.setdefault(one.edition, set()).add(one.reader_id)
    found = {}
    for edition, numbers in wanted.items():
        for portion in portions(sorted(numbers)):
            query = sa.select(deliveries.c.reader_id, deliveries.c.recipient_key).where(
                deliveries.c.edition == edition, deliveries.c.reader_id.in_(portion)
            )
            for number, key in connection.execute(query).all():
                found[edition, number] = key
        missing = sorted(numbers - {number for known, number in found if known == edition})
        if missing:
            found |= {(edition, number): key for number, key in _planned_once(connection, edition, missing)}
    return found


def _planned_once(connection: Connection, edition: str, missing: Sequence[int]) -> Iterator[tuple[int, str]]:
    """(reader, recipient key) of those whose mail was taken back, and who are planned no more, or not yet."""
    ever = before.cancelled(connection, edition, missing).ever
    for reader in store.by_numbers(connection, sorted(ever)):
        yield reader.id, reader.key


def _batches(connection: Connection, some: Iterable[Event]) -> dict[int, tuple[str, bool]]:
    """(edition, whether an event of it came before) of each batch that is named."""
    found = {}
    for portion in portions(sorted({one.batch for one in some if 0 < one.batch <= LARGEST})):
        query = sa.select(batches.c.id, batches.c.edition, batches.c.heard).where(batches.c.id.in_(portion))
        for number, edition, heard in connection.execute(query):
            found[number] = (edition, heard is not None)
    return found


def _is_ours(one: Event, keys: Mapping[_Place, str], heard: Mapping[int, tuple[str, bool]]) -> bool:
    key = keys.get((one.edition, one.reader_id))
    is_theirs = key is not None and one.recipient_key in ("", key)
    return is_theirs and heard.get(one.batch, ("", False))[0] == one.edition


def _known(connection: Connection, some: Sequence[Event]) -> set[tuple[str, int, str, str]]:
    """Those of the events that were noted before."""
    columns = (events.c.edition, events.c.reader_id, events.c.kind, events.c.key)
    found: set[tuple[str, int, str, str]] = set()
    for edition in sorted({one.edition for one in some}):
        numbers = sorted({one.reader_id for one in some if one.edition == edition})
        for portion in portions(numbers):
            query = sa.select(*columns).where(events.c.edition == edition, events.c.reader_id.in_(portion))
            found |= {(row[0], row[1], row[2], row[3]) for row in connection.execute(query).all()}
    return found


def _insert(connection: Connection, ours: Sequence[Event], keys: Mapping[_Place, str]) -> int:
    """Store those that are not there; returns how many that were."""
    values: list[dict[str, Any]] = [
        {
            "edition": one.edition,
            "reader_id": one.reader_id,
            "kind": one.kind.value,
            "key": one.key,
            "batch": one.batch,
            "provider": one.provider,
            "at": one.at,
            "is_permanent": one.is_permanent,
            "reason": one.reason,
            "recipient_key": keys[one.edition, one.reader_id] if one.kind in _RETURNED else "",
        }
        for one in ours
    ]
    result = connection.execute(inserting(connection, events).on_conflict_do_nothing(), values)
    return int(result.rowcount)


def _hear(
    connection: Connection, ours: Iterable[Event], heard: Mapping[int, tuple[str, bool]], now: datetime
) -> None:
    first = sorted({one.batch for one in ours if not heard[one.batch][1]})
    for portion in portions(first):
        connection.execute(sa.update(batches).where(batches.c.id.in_(portion)).values(heard=now))


def _settle(connection: Connection, ours: Iterable[Event], now: datetime) -> int:
    by_edition: dict[str, list[Proof]] = {}
    for one in ours:
        said = proof(one.reader_id, one.batch, one.kind, one.at, one.reason, one.is_permanent)
        by_edition.setdefault(one.edition, []).append(said)
    return sum(evidence.settle(connection, key, proofs, now) for key, proofs in sorted(by_edition.items()))
