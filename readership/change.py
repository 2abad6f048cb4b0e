"""What one row of a list changes: pure. A stop always wins, and nothing here lifts one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import NamedTuple

from readership.reader import Plan, Reader, Subscription, SubscriptionStatus, SuppressionReason
from readership.row import ASKS, Row, Status

_SUPPRESSIONS = {
    Status.CLEANED: SuppressionReason.CLEANED,
    Status.BOUNCED: SuppressionReason.BOUNCED,
    Status.COMPLAINED: SuppressionReason.COMPLAINED,
}
_STOPS = (Status.UNSUBSCRIBED, Status.COMPLAINED)
_WISHES = (SuppressionReason.COMPLAINED, SuppressionReason.UNSUBSCRIBED, SuppressionReason.ERASED)
"""Suppressions that are the reader's own word, and not the mail server's."""

_NONE: frozenset[str] = frozenset()


class Known(NamedTuple):
    """What the database has under one recipient key. A tuple, as `Row` is, and so is `Change`."""

    reader: Reader | None = None
    subscriptions: Mapping[str, Subscription] = MappingProxyType({})
    suppressed: SuppressionReason | None = None


class Change(NamedTuple):
    """What is to be written. `after` is what will be known then."""

    after: Known
    reader: Reader | None = None
    """To be stored as new or changed; the id of a new one is 0."""
    subscriptions: tuple[Subscription, ...] = ()
    suppress: SuppressionReason | None = None
    kept_stopped: bool = False
    """The row would have had mail go to somebody who has stopped it, or whose address is dead."""

    @property
    def is_empty(self) -> bool:
        """True where the row says nothing new."""
        return self.reader is None and not self.subscriptions and self.suppress is None


def change(known: Known, row: Row, key: str, newsletters: Sequence[str]) -> Change:
    """What `row` changes of what is known under its recipient key `key`.

    `newsletters`: those that a row without a list of its own means.
    """
    if known.reader is None:
        return _newcomer(known, row, key, newsletters)
    reader = _reader(known.reader, row)
    changed = []
    for newsletter in _meant(known, row, newsletters):
        there = known.subscriptions.get(newsletter)
        one = _begun(known, row, newsletter) if there is None else _continued(there, known, row)
        if one != there:
            changed.append(one)
    suppress = None if known.suppressed else _SUPPRESSIONS.get(row.status)
    subscriptions = dict(known.subscriptions)
    for one in changed:
        subscriptions[one.newsletter] = one
    after = Known(reader, subscriptions, known.suppressed or suppress)
    return Change(
        after,
        reader if reader != known.reader else None,
        tuple(changed),
        suppress,
        kept_stopped=row.status in ASKS and _is_stopped(after, row.newsletters or newsletters),
    )


def _newcomer(known: Known, row: Row, key: str, newsletters: Sequence[str]) -> Change:
    if known.suppressed is SuppressionReason.ERASED:
        # Erased means that not even the address comes back.
        return Change(known, kept_stopped=True)
    reader = Reader(
        0,
        row.address,
        key,
        row.plan or Plan.FREE,
        row.plan_until,
        row.products or _NONE,
        row.name,
        row.language,
    )
    theirs = {one: _begun(known, row, one) for one in _meant(known, row, newsletters)}
    suppress = None if known.suppressed else _SUPPRESSIONS.get(row.status)
    after = Known(reader, theirs, known.suppressed or suppress)
    kept_stopped = row.status in ASKS and _is_stopped(after, row.newsletters or newsletters)
    return Change(after, reader, tuple(theirs.values()), suppress, kept_stopped)


def _reader(known: Reader, row: Row) -> Reader:
    plan, until = _plan(known, row)
    return replace(
        known,
        plan=plan,
        plan_until=until,
        products=known.products if row.products is None else row.products,
        name=row.name or known.name,
        language=row.language or known.language,
    )


def _plan(known: Reader, row: Row) -> tuple[Plan, date | None]:
    plan = row.plan or known.plan
    # An empty cell says something only beside a plan; without a column, what is known stays with its plan.
    if row.plan_until is not None or (row.says_until and row.plan is not None):
        return plan, row.plan_until
    return plan, known.plan_until if plan is known.plan else None


def _meant(known: Known, row: Row, newsletters: Sequence[str]) -> Sequence[str]:
    """The newsletters that the row speaks of."""
    if row.newsletters is not None:
        return row.newsletters
    if row.status in _STOPS:
        return tuple(dict.fromkeys((*newsletters, *known.subscriptions)))
    theirs = known.subscriptions.values()
    if theirs and all(one.status is SubscriptionStatus.UNSUBSCRIBED for one in theirs):
        # Who has stopped everything is not signed up for something new by a list that does not name it.
        return tuple(one for one in newsletters if one in known.subscriptions)
    return newsletters


def _begun(known: Known, row: Row, newsletter: str) -> Subscription:
    return Subscription(
        known.reader.id if known.reader else 0,
        newsletter,
        _status(None, row, known.suppressed),
        row.sections or _NONE,
        None,
        row.consent_at,
        row.consent_source,
        _ended_by(None, row),
    )


def _continued(there: Subscription, known: Known, row: Row) -> Subscription:
    first = there.consent_at is None and not there.consent_source
    status = _status(there.status, row, known.suppressed)
    return replace(
        there,
        status=status,
        ended_by=_ended_by(there, row),
        paused_until=there.paused_until if status is SubscriptionStatus.PAUSED else None,
        sections=there.sections if row.sections is None else row.sections,
        # The first consent is the one that counts: no list writes over it.
        consent_at=row.consent_at if first else there.consent_at,
        consent_source=row.consent_source if first else there.consent_source,
    )


def _ended_by(there: Subscription | None, row: Row) -> str:
    """Which source ended it, and may begin it again. A stop that is the reader's own stays theirs."""
    if row.status is Status.UNSUBSCRIBED:
        is_own = there is not None and there.status is SubscriptionStatus.UNSUBSCRIBED and not there.ended_by
        return "" if is_own else row.ended_by
    return "" if there is None or row.status is Status.COMPLAINED else there.ended_by


def _status(
    there: SubscriptionStatus | None, row: Row, suppressed: SuppressionReason | None
) -> SubscriptionStatus:
    if row.status in _STOPS or there is SubscriptionStatus.UNSUBSCRIBED:
        return SubscriptionStatus.UNSUBSCRIBED
    if there is None and suppressed in _WISHES:
        return SubscriptionStatus.UNSUBSCRIBED
    if there is not None and (there is not SubscriptionStatus.PENDING or row.status is not Status.SUBSCRIBED):
        return there
    return SubscriptionStatus.PENDING if row.status is Status.PENDING else SubscriptionStatus.ACTIVE


def _is_stopped(after: Known, newsletters: Sequence[str]) -> bool:
    """True where one of these newsletters does not reach the reader."""
    if after.suppressed is not None:
        return True
    for newsletter in newsletters:
        one = after.subscriptions.get(newsletter)
        if one is None or one.status is SubscriptionStatus.UNSUBSCRIBED:
            return True
    return False
