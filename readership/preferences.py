"""What a reader chooses, and what it changes. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from newsroom.masthead import Newsletter, Newsroom
from readership.limits import Limit
from readership.reader import Reader, Subscription, SubscriptionStatus
from readership.sign_up import sections_of

SOURCE = "the reader's preferences"
"""Where the consent of a reader comes from who starts a newsletter there."""

HOLDS = timedelta(days=1)
"""How long a link is good that was mailed to confirm something."""

PER_READER = Limit("preferences-mail", 6, timedelta(days=1))
"""Mails that the preferences' link may cause, which whoever has a forwarded mail has as well."""

LONGEST_PAUSE = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Choice:
    """What the form says."""

    newsletters: frozenset[str] = frozenset()
    """Those that are to come."""
    sections: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By newsletter, those that are ticked; none means all, and so do all."""
    language: str = ""
    """Empty for each newsletter's own."""
    paused_until: date | None = None
    """The last day without mail."""
    is_same_pause: bool = False
    """It is the one that the page had shown: where a newsletter has another one, or none, that stays."""
    stays_paused: bool = False
    """A pause without an end goes on."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be stored."""

    reader: Reader | None
    """None where nothing of it changes."""
    subscriptions: tuple[Subscription, ...]


def changes(
    reader: Reader,
    subscriptions: Mapping[str, Subscription],
    choice: Choice,
    newsroom: Newsroom,
    newsletters: Mapping[str, Newsletter],
    now: datetime,
    *,
    may_start: bool,
) -> Changes:
    """What the choice changes. Newsletters that are no more stay as they are, and with `may_start` false none
    begins that did not come before: nothing can be sent to the address.
    """
    today = now.astimezone(newsroom.time_zone).date()
    changed = []
    for key, newsletter in newsletters.items():
        before = subscriptions.get(key)
        if key in choice.newsletters:
            begins = not gets(before)
            there = _begun(reader, before, newsletter, now) if begins else before
            after = _chosen(there, choice, newsroom, newsletter, today, begins=begins)
            if begins and not may_start:
                continue
        else:
            after = _unwanted(before)
        if after is not None and after != before:
            changed.append(after)
    is_new = choice.language != reader.language
    return Changes(replace(reader, language=choice.language) if is_new else None, tuple(changed))


def gets(subscription: Subscription | None) -> bool:
    """Whether it comes, or will come again after its pause."""
    return subscription is not None and subscription.status in (
        SubscriptionStatus.ACTIVE,
        SubscriptionStatus.PAUSED,
    )


def pause_of(subscriptions: Collection[Subscription], today: date) -> date | None:
    """The last day of the pause that holds; None where there is none, or none that ends."""
    ends = [
        one.paused_until
        for one in subscriptions
        if one.status is SubscriptionStatus.PAUSED and one.paused_until and one.paused_until >= today
    ]
    return max(ends, default=None)


def is_paused_for_good(subscriptions: Collection[Subscription]) -> bool:
    """Whether there is a pause that has no end."""
    return any(one.status is SubscriptionStatus.PAUSED and one.paused_until is None for one in subscriptions)


def _begun(
    reader: Reader, before: Subscription | None, newsletter: Newsletter, now: datetime
) -> Subscription:
    there = before or Subscription(reader.id, newsletter.key, SubscriptionStatus.ACTIVE)
    return replace(
        there, status=SubscriptionStatus.ACTIVE, consent_at=now, consent_source=SOURCE, ended_by=""
    )


def _chosen(
    there: Subscription | None,
    choice: Choice,
    newsroom: Newsroom,
    newsletter: Newsletter,
    today: date,
    *,
    begins: bool,
) -> Subscription | None:
    if there is None:
        return None
    own = {section.key for section in sections_of(newsroom, newsletter)}
    ticked = own & choice.sections.get(newsletter.key, frozenset())
    status, until = _pause(there, choice, today, begins=begins)
    sections = frozenset() if ticked == own else frozenset(ticked)
    return replace(there, status=status, paused_until=until, sections=sections)


def _pause(
    there: Subscription, choice: Choice, today: date, *, begins: bool
) -> tuple[SubscriptionStatus, date | None]:
    """Whether it is paused, and the last day of that."""
    if choice.is_same_pause and not begins:
        is_over = there.paused_until is not None and there.paused_until < today
        is_paused = there.status is SubscriptionStatus.PAUSED and not is_over
        if is_paused and (there.paused_until is not None or choice.stays_paused):
            return there.status, there.paused_until
        return SubscriptionStatus.ACTIVE, None
    if choice.paused_until is None:
        return SubscriptionStatus.ACTIVE, None
    return SubscriptionStatus.PAUSED, choice.paused_until


def _unwanted(before: Subscription | None) -> Subscription | None:
    # One that was never confirmed is nothing to stop: it waits as before.
    if before is None or not gets(before):
        return None
    return replace(before, status=SubscriptionStatus.UNSUBSCRIBED, paused_until=None, ended_by="")
