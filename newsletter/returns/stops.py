"""Whom a provider's events stop: bounces and complaints, by the newsroom's rules.

It is the recipient key that is stopped, the one that the mail went to: whoever has another address since goes
on. What an edition brings back stops nobody where it is too much of it: then something is wrong with the
newsroom (a blocked server, a broken DNS), and a person decides. All of it follows from the events that are
there, in whichever order they came, and whatever became of the edition since: it may have been taken back, be
planned anew, or for nobody any more.

Every function works inside the writing transaction of the connection it is given.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter import editions
from newsletter.returns.event import Event, EventKind
from newsletter.tables import batches, bounce_holds, delivery_history, events
from newsletter.tables import editions as editions_table
from newsroom.counted import counted
from newsroom.portions import portions
from newsroom.settings import BounceSettings
from readership import store
from readership.lifting import lifted_since
from readership.reader import SuppressionReason
from readership.suppression import attribute, lift, suppress, those_of

ORIGIN = "event: "
"""How the origin of a suppression begins that an event brought about."""

FEW = 25
"""So many may come back of any edition, however small, before it is held."""

_RETURNED = sa.text("events.kind IN ('bounce', 'dropped')")
"""As the indexes `ix_events_returned` and `ix_events_recipient_key` have it, word for word."""

_LEARNED = (
    ("spam", SuppressionReason.COMPLAINED),
    ("unsub", SuppressionReason.UNSUBSCRIBED),
)
"""What a provider's reason for a drop tells beside bounces, by how it begins."""


@dataclass(frozen=True, slots=True)
class Stops:
    """What came of events."""

    stopped: int = 0
    unsubscribed: int = 0
    held: tuple[str, ...] = ()
    """Editions that have become held by these events."""


@dataclass(frozen=True, slots=True)
class _Return:
    """A message that came back, or was dropped."""

    edition: str
    recipient_key: str
    kind: EventKind
    is_permanent: bool
    at: datetime
    reason: str


def apply(
    connection: Connection,
    fresh: Sequence[Event],
    keys: Mapping[tuple[str, int], str],
    rules: BounceSettings,
    now: datetime,
) -> Stops:
    """Stop whom these new events stop. `keys` has the recipient key of each delivery: (edition, reader)."""
    there = {reader.id for reader in store.by_numbers(connection, sorted({one.reader_id for one in fresh}))}
    ours = [one for one in fresh if one.reader_id in there]
    stopped = _complained(connection, ours, keys, now)
    unsubscribed = _unsubscribed(connection, ours, now)
    returned = [one for one in ours if is_returned(one)]
    if not returned:
        return Stops(stopped, unsubscribed)
    held = [
        key for key in sorted({one.edition for one in returned}) if _is_held_now(connection, key, rules, now)
    ]
    affected = {keys[one.edition, one.reader_id] for one in returned}
    for key in held:
        affected |= returned_of(connection, key)
    return Stops(stopped + derive(connection, affected, rules, now), unsubscribed, tuple(held))


def is_returned(event: Event) -> bool:
    """Whether it may stop its reader as a bounce does. Pure."""
    return event.kind is EventKind.BOUNCE or (event.kind is EventKind.DROPPED and event.is_permanent)


def wanted(returns: Iterable[_Return], rules: BounceSettings) -> dict[str, tuple[SuppressionReason, str]]:
    """By recipient key: why these returns stop it, and the origin to note. Pure."""
    by_key: dict[str, list[_Return]] = {}
    for one in returns:
        by_key.setdefault(one.recipient_key, []).append(one)
    found = {}
    for key, some in by_key.items():
        some.sort(key=lambda one: (one.at, one.edition))
        hard = [one for one in some if one.is_permanent]
        if hard:
            found[key] = (_why(hard), f"{ORIGIN}{_what(hard[0])} of {hard[0].edition}")
        elif _are_too_many(some, rules):
            origin = f"{ORIGIN}came back {rules.soft} times, the last time of {some[-1].edition}"
            found[key] = (SuppressionReason.BOUNCED, origin)
    return found


def _why(hard: Sequence[_Return]) -> SuppressionReason:
    """The gravest of the reasons."""
    told = {
        reason
        for one in hard
        if one.kind is EventKind.DROPPED
        for beginning, reason in _LEARNED
        if one.reason.casefold().startswith(beginning)
    }
    order = (SuppressionReason.COMPLAINED, SuppressionReason.UNSUBSCRIBED)
    return next((reason for reason in order if reason in told), SuppressionReason.BOUNCED)


def _what(one: _Return) -> str:
    return "on the provider's list, as it said" if one.kind is EventKind.DROPPED else "bounce"


def _are_too_many(some: Sequence[_Return], rules: BounceSettings) -> bool:
    """Whether so many editions came back within the time; sorted by time."""
    first: dict[str, datetime] = {}
    for one in some:
        first.setdefault(one.edition, one.at)
    times = sorted(first.values())
    if not rules.soft:
        return False
    return any(
        last - start <= rules.within for start, last in zip(times, times[rules.soft - 1 :], strict=False)
    )


def _complained(
    connection: Connection, ours: Iterable[Event], keys: Mapping[tuple[str, int], str], now: datetime
) -> int:
    """Nobody who complains is asked twice, whatever else is held."""
    stopped = 0
    reports = [one for one in ours if one.kind is EventKind.SPAM_REPORT]
    whose = {keys[one.edition, one.reader_id] for one in reports}
    lifts, derived = lifted_since(connection, whose), those_of(connection, whose, ORIGIN)
    for one in reports:
        key = keys[one.edition, one.reader_id]
        if key not in lifts or one.at > lifts[key]:
            # Not of those that `derive` takes back.
            origin = f"complaint about {one.edition}"
            stopped += suppress(connection, {key: SuppressionReason.COMPLAINED}, now, origin)
            if derived.get(key) is SuppressionReason.COMPLAINED:
                # So far the provider's list alone had said so.
                attribute(connection, key, SuppressionReason.COMPLAINED, origin)
    return stopped


def _unsubscribed(connection: Connection, ours: Iterable[Event], now: datetime) -> int:
    asked = [one for one in ours if one.kind is EventKind.UNSUBSCRIBE]
    if not asked:
        return 0
    theirs = store.subscriptions_of(connection, [one.reader_id for one in asked])
    query = sa.select(editions_table.c.key, editions_table.c.newsletter)
    named = query.where(editions_table.c.key.in_({one.edition for one in asked}))
    of = {row.key: row.newsletter for row in connection.execute(named)}
    count = 0
    for one in asked:
        newsletter = of[one.edition]
        there = theirs.get(one.reader_id, {}).get(newsletter)
        # Whoever started it again since meant that.
        if there is None or there.consent_at is None or there.consent_at <= one.at:
            count += store.unsubscribe(connection, one.reader_id, newsletter, now)
    return count


def _is_held_now(connection: Connection, edition: str, rules: BounceSettings, now: datetime) -> bool:
    """Whether so much of the edition has come back that it becomes held; False where it was before."""
    ours = bounce_holds.c.edition == edition
    if connection.execute(sa.select(bounce_holds.c.edition).where(ours)).first() is not None:
        return False
    query = sa.select(sa.func.count(sa.distinct(events.c.reader_id))).where(
        events.c.edition == edition, _RETURNED, _counts
    )
    count = int(connection.execute(query).scalar_one())
    if count <= FEW or count <= rules.most * _size(connection, edition):
        return False
    # What was taken back is in no batch before it is planned anew.
    if count <= rules.most * _handed_before(connection, edition):
        return False
    connection.execute(sa.insert(bounce_holds).values(edition=edition, since=now, readers=count, decided=""))
    said = f"{counted(count, 'reader')} came back: more than {rules.most:.0%}, so nobody is stopped for it"
    editions.log(connection, edition, now, "run", said)
    return True


# A drop that is none of the address's own counts for nothing here.
_counts = sa.or_(events.c.kind == EventKind.BOUNCE.value, events.c.is_permanent)


def _size(connection: Connection, edition: str) -> int:
    query = sa.select(sa.func.coalesce(sa.func.sum(batches.c.size), 0))
    ours = sa.and_(batches.c.edition == edition, batches.c.resend.is_(False))
    return int(connection.execute(query.where(ours)).scalar_one())


def _handed_before(connection: Connection, edition: str) -> int:
    """To how many readers it was handed over of whom the ledger has it otherwise now."""
    query = sa.select(sa.func.count(sa.distinct(delivery_history.c.reader_id)))
    return int(connection.execute(query.where(delivery_history.c.edition == edition)).scalar_one())


def returned_of(connection: Connection, edition: str) -> set[str]:
    """The recipient keys that something of the edition came back from."""
    query = sa.select(events.c.recipient_key).where(events.c.edition == edition, _RETURNED, _counts)
    return set(connection.execute(query).scalars())


def derive(connection: Connection, keys: Collection[str], rules: BounceSettings, now: datetime) -> int:
    """Make the stops of these recipient keys what the events say; returns how many are new."""
    since = now - max(rules.within, timedelta(days=90))
    new = 0
    for some in portions(sorted(keys)):
        lifts = lifted_since(connection, some)
        returns = [
            one
            for one in _returns(connection, since, some)
            if one.recipient_key not in lifts or one.at > lifts[one.recipient_key]
        ]
        stops = wanted(returns, rules)
        before = those_of(connection, some, ORIGIN)
        there = store.suppressed(connection, some)
        other = [key for key, why in before.items() if key not in stops or stops[key][0] is not why]
        lift(connection, other, now)
        by_origin: dict[str, dict[str, SuppressionReason]] = {}
        for key, (reason, origin) in stops.items():
            by_origin.setdefault(origin, {})[key] = reason
        for origin, reasons in sorted(by_origin.items()):
            suppress(connection, reasons, now, origin)
        new += len(stops.keys() - there.keys())
    return new


def _returns(connection: Connection, since: datetime, keys: Sequence[str]) -> list[_Return]:
    """What came back from these recipient keys, of editions that went `since` then and are not held."""
    columns = (
        events.c.edition,
        events.c.recipient_key,
        events.c.kind,
        events.c.is_permanent,
        events.c.at,
        events.c.reason,
    )
    # Of one that was taken back as a whole it is as if nothing had been handed over.
    went = sa.func.coalesce(editions_table.c.first_handed, editions_table.c.due)
    is_held = (
        sa.select(bounce_holds.c.edition)
        .where(bounce_holds.c.edition == events.c.edition, bounce_holds.c.decided != "stop")
        .exists()
    )
    query = (
        sa.select(*columns)
        .select_from(events.join(editions_table, editions_table.c.key == events.c.edition))
        .where(_RETURNED, events.c.recipient_key.in_(keys), _counts, went > since, ~is_held)
    )
    return [_return(row) for row in connection.execute(query).all()]


def _return(row: Any) -> _Return:
    edition, key, kind, is_permanent, at, reason = row
    return _Return(edition, key, EventKind(kind), bool(is_permanent), at, reason)
