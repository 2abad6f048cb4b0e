"""What one reader's line in a source changes, for every kind of source: pure.

A stop made with us is never undone here. What a source itself had ended, or what ended because nobody listed
the reader any more, goes on when the source has the reader for it again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum

from readership.reader import (
    DELIVERY_ORDER,
    GONE,
    Plan,
    Reader,
    Subscription,
    SubscriptionStatus,
    SuppressionReason,
)
from readership.row import Row, Status

_WISHES = (SuppressionReason.COMPLAINED, SuppressionReason.UNSUBSCRIBED, SuppressionReason.ERASED)
"""Suppressions that are the reader's own word: they go with the reader to another address."""
_SUPPRESSIONS = {
    Status.CLEANED: SuppressionReason.CLEANED,
    Status.BOUNCED: SuppressionReason.BOUNCED,
    Status.COMPLAINED: SuppressionReason.COMPLAINED,
}
_STOPS = (Status.UNSUBSCRIBED, Status.COMPLAINED)


@dataclass(frozen=True, slots=True)
class Link:
    """That a source knows a reader, and what it last said of them."""

    key: str
    source: str
    source_id: str
    reader_id: int
    said: str
    """The recipient key of the address that it has."""
    digest: str = ""
    newsletters: frozenset[str] = frozenset()
    """Those that it has the reader for."""
    plan: Plan | None = None
    plan_until: date | None = None
    told: frozenset[str] = frozenset()
    """The stops that it was told of: `newsletter@moment`."""
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """All that is known of one reader. A new one's number is 0 until there is one."""

    reader: Reader
    subscriptions: Mapping[str, Subscription] = field(default_factory=dict)
    suppressed: SuppressionReason | None = None
    links: Mapping[str, Link] = field(default_factory=dict)
    """By key, of all sources."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a source says of somebody now."""

    link: str
    """The link's key."""
    source: str
    source_id: str
    key: str
    """The recipient key of the address."""
    row: Row
    digest: str


@dataclass(frozen=True, slots=True)
class Setting:
    """What a sync goes by."""

    newsletters: Sequence[str]
    """Those that somebody gets of whom the source names none."""
    sources: Collection[str]
    """The keys of all sources there are: what any other one said counts no more."""
    now: datetime
    today: date
    plan_may_go: bool = False
    """A line that names no plan any more, where it had one, says that it is over."""


class Outcome(StrEnum):
    """What became of a line."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "unchanged"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be stored."""

    outcome: Outcome
    people: tuple[Person, ...] = ()
    """As they are from now on; the link is among the last one's."""
    suppress: Mapping[str, SuppressionReason] = field(default_factory=dict)
    moved: bool = False
    """The reader has another address."""
    kept_stopped: bool = False
    """The source would have mail go to who has stopped it."""


def decide(
    said: Said,
    link: Link | None,
    theirs: Person | None,
    here: Person | None,
    suppressed: Mapping[str, SuppressionReason],
    setting: Setting,
) -> Decision:
    """What `said` changes.

    `theirs` is the reader of `link`, by which the source is known to know somebody; `here` the one who has
    the address now said. `suppressed` has the reasons by recipient and link key.
    """
    there = suppressed.get(said.key)
    if link is None or theirs is None:
        if SuppressionReason.ERASED in (suppressed.get(said.link), there if here is None else None):
            return Decision(Outcome.ERASED, kept_stopped=True)
        return _told(here or _new(said, there), said, None, setting, is_new=here is None)
    if said.key in (link.said, theirs.reader.key):
        return _told(theirs, said, link, setting)
    return _moved(said, link, theirs, here, there, setting)


def left(person: Person, gone: Collection[str], setting: Setting) -> Person:
    """The reader, whom these links' sources have no more: what no other one has them for ends."""
    before = _live(person.links.values(), setting)
    links = {
        key: replace(one, gone=True, newsletters=frozenset(), digest="") if key in gone else one
        for key, one in person.links.items()
    }
    still = _live(links.values(), setting)
    kept = frozenset[str]().union(*(one.newsletters for one in still))
    ended = frozenset[str]().union(*(person.links[key].newsletters for key in gone)) - kept
    return replace(
        person,
        reader=_with_plan_of(person.reader, before, still, setting.today),
        links=links,
        subscriptions={
            newsletter: _ended(one, GONE)
            if newsletter in ended and one.status is not SubscriptionStatus.UNSUBSCRIBED
            else one
            for newsletter, one in person.subscriptions.items()
        },
    )


def _new(said: Said, there: SuppressionReason | None) -> Person:
    return Person(Reader(0, said.row.address, said.key), suppressed=there)


def _moved(
    said: Said,
    link: Link,
    theirs: Person,
    here: Person | None,
    there: SuppressionReason | None,
    setting: Setting,
) -> Decision:
    """The source has another address for somebody it knows."""
    wish = theirs.suppressed if theirs.suppressed in _WISHES else None
    if here is None and there is SuppressionReason.ERASED:
        gone = left(theirs, () if link.gone else (link.key,), setting)
        return Decision(Outcome.ERASED, (gone,) if gone != theirs else (), kept_stopped=True)
    if here is None and not _is_shared(theirs, link):
        reader = replace(theirs.reader, address=said.row.address, key=said.key)
        person = replace(theirs, reader=reader, suppressed=there or wish)
        done = _told(person, said, link, setting, moved=True)
        done = _suppressing(done, said.key, None if there else wish)
        # The stop was made at the former address as well: nobody comes there anew by another id.
        has_stopped = any(map(_is_own_stop, theirs.subscriptions.values()))
        return _suppressing(done, theirs.reader.key, SuppressionReason.UNSUBSCRIBED if has_stopped else None)
    # Two readers until now: the line goes over to the one with the address, with every stop made by it.
    rest = left(theirs, () if link.gone else (link.key,), setting)
    rest = replace(rest, links={key: one for key, one in rest.links.items() if key != link.key})
    person = here or _new(said, there)
    stops = {
        newsletter: replace(
            person.subscriptions.get(newsletter, one), status=one.status, paused_until=None, ended_by=""
        )
        for newsletter, one in theirs.subscriptions.items()
        if one.status is SubscriptionStatus.UNSUBSCRIBED and not one.ended_by
    }
    person = replace(
        person, subscriptions={**person.subscriptions, **stops}, suppressed=person.suppressed or wish
    )
    done = _told(person, said, link, setting, moved=True)
    done = replace(done, people=(rest, *done.people))
    return _suppressing(done, said.key, None if there else wish)


def _is_shared(person: Person, link: Link) -> bool:
    """Whether the same source has somebody else at the reader's present address."""
    return any(
        one.source == link.source and one.key != link.key and one.said == person.reader.key and not one.gone
        for one in person.links.values()
    )


def _suppressing(done: Decision, key: str, reason: SuppressionReason | None) -> Decision:
    return replace(done, suppress={key: reason, **done.suppress}) if reason else done


def _told(
    before: Person,
    said: Said,
    link: Link | None,
    setting: Setting,
    *,
    is_new: bool = False,
    moved: bool = False,
) -> Decision:
    row = said.row
    asked, stopped = _wanted(before, row, setting)
    had = link.newsletters if link is not None and not link.gone else frozenset()
    is_first = link is None or link.gone
    subscriptions = dict(before.subscriptions)
    for newsletter in sorted(asked):
        subscriptions[newsletter] = _asked(before, said, newsletter, setting)
    ended_by = "" if row.status is Status.COMPLAINED else said.source
    for newsletter in sorted((had - asked) | (stopped if is_first else frozenset())):
        one = subscriptions.get(newsletter, Subscription(0, newsletter, SubscriptionStatus.ACTIVE))
        if one.status is not SubscriptionStatus.UNSUBSCRIBED or one.ended_by:
            subscriptions[newsletter] = _ended(one, ended_by)
    suppress = None if before.suppressed else _SUPPRESSIONS.get(row.status)
    now = _link(said, link, before.reader.id, asked, setting)
    links = {**before.links, now.key: now}
    reader = before.reader
    if row.plan is not None or (link is not None and link.plan is not now.plan):
        reader = _with_plan(reader, _live(links.values(), setting), setting.today)
    reader = replace(
        reader,
        name=row.name or reader.name,
        language=row.language or reader.language,
        products=reader.products if row.products is None else row.products,
    )
    after = replace(
        before,
        reader=reader,
        subscriptions=subscriptions,
        links=links,
        suppressed=before.suppressed or suppress,
    )
    is_same = reader == before.reader and subscriptions == before.subscriptions and not suppress
    changed = Outcome.SAME if is_same and not moved else Outcome.CHANGED
    return Decision(
        Outcome.NEW if is_new else changed,
        (after,),
        {said.key: suppress} if suppress else {},
        moved=moved,
        kept_stopped=_is_kept_stopped(after, asked, row),
    )


def _wanted(before: Person, row: Row, setting: Setting) -> tuple[frozenset[str], frozenset[str]]:
    """The newsletters that the source has the reader for, and those that it says are stopped."""
    meant = frozenset(setting.newsletters if row.newsletters is None else row.newsletters)
    if row.status in _STOPS:
        every = frozenset(before.subscriptions) if row.status is Status.COMPLAINED else frozenset[str]()
        return frozenset(), meant | every
    theirs = before.subscriptions.values()
    if row.newsletters is None and theirs and all(map(_is_own_stop, theirs)):
        # Who has stopped everything is not signed up for something new by a list that does not name it.
        meant &= frozenset(before.subscriptions)
    return meant, frozenset()


def _asked(before: Person, said: Said, newsletter: str, setting: Setting) -> Subscription:
    row, there = said.row, before.subscriptions.get(newsletter)
    begun = SubscriptionStatus.PENDING if row.status is Status.PENDING else SubscriptionStatus.ACTIVE
    if there is not None and there.status is not SubscriptionStatus.UNSUBSCRIBED:
        status = begun if there.status is SubscriptionStatus.PENDING else there.status
        sections = there.sections if row.sections is None else row.sections
        return replace(there, status=status, sections=sections)
    if there is not None and (there.ended_by not in (said.source, GONE) or before.suppressed in _WISHES):
        return there
    if before.suppressed in _WISHES:
        return Subscription(before.reader.id, newsletter, SubscriptionStatus.UNSUBSCRIBED)
    words = "as it says" if row.consent_at else "first seen there then"
    return Subscription(
        before.reader.id,
        newsletter,
        begun,
        row.sections or (there.sections if there else frozenset()),
        None,
        row.consent_at or setting.now,
        row.consent_source or f"agreed at {said.source}, {words}",
    )


def _ended(one: Subscription, by: str) -> Subscription:
    return replace(one, status=SubscriptionStatus.UNSUBSCRIBED, paused_until=None, ended_by=by)


def _is_own_stop(one: Subscription) -> bool:
    return one.status is SubscriptionStatus.UNSUBSCRIBED and not one.ended_by


def _is_kept_stopped(after: Person, asked: Iterable[str], row: Row) -> bool:
    stopped = after.suppressed is not None or any(
        after.subscriptions[one].status is SubscriptionStatus.UNSUBSCRIBED for one in asked
    )
    return stopped and row.status in (Status.SUBSCRIBED, Status.PENDING)


def _link(said: Said, before: Link | None, reader_id: int, asked: frozenset[str], setting: Setting) -> Link:
    row = said.row
    plan = row.plan or (before.plan if before else None)
    if row.plan is None and plan is not None and setting.plan_may_go:
        plan = Plan.FREE
    until = row.plan_until
    if until is None and not row.says_until and before is not None and plan is before.plan:
        until = before.plan_until
    told = frozenset(one for one in before.told if one.partition("@")[0] in asked) if before else frozenset()
    return Link(
        said.link, said.source, said.source_id, reader_id, said.key, said.digest, asked, plan, until, told
    )


def _live(links: Iterable[Link], setting: Setting) -> list[Link]:
    return [one for one in links if not one.gone and one.source in setting.sources]


def _best(links: Iterable[Link], today: date) -> tuple[Plan, date | None] | None:
    """The best plan that one of the sources says the reader has today; None where none says anything."""
    found = [(one.plan, one.plan_until) for one in links if one.plan is not None]
    if not found:
        return None
    return min(found, key=lambda one: _rank(one[0], one[1], today))


def _rank(plan: Plan, until: date | None, today: date) -> tuple[int, int]:
    is_over = until is not None and until < today
    order = DELIVERY_ORDER.index(Plan.FREE if is_over else plan)
    return order, -(until or date.max).toordinal()


def _with_plan(reader: Reader, links: Sequence[Link], today: date) -> Reader:
    plan, until = _best(links, today) or (Plan.FREE, None)
    return replace(reader, plan=plan, plan_until=until)


def _with_plan_of(reader: Reader, before: Sequence[Link], still: Sequence[Link], today: date) -> Reader:
    """What is left of the plan; one that comes from elsewhere, by an import, stays."""
    if _best(before, today) != (reader.plan, reader.plan_until):
        return reader
    return _with_plan(reader, still, today)
