"""Signing up with double opt-in: what is answered, and what a confirmation changes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from newsroom.masthead import Newsletter, Newsroom, Section
from readership.change import Known
from readership.limits import Limit
from readership.reader import Reader, Subscription, SubscriptionStatus, SuppressionReason

KEPT = timedelta(days=7)
"""How long a link confirms, and how long what was not confirmed is kept."""

SOURCE = "the sign-up form, confirmed by mail"
"""Where the consent of a reader comes from who has signed up."""

PER_ADDRESS = (
    Limit("sign-up-address-hour", 3, timedelta(hours=1)),
    Limit("sign-up-address-day", 5, timedelta(days=1)),
)
PER_NETWORK = Limit("sign-up-network", 20, timedelta(hours=1))

_DEAD = (SuppressionReason.BOUNCED, SuppressionReason.COMPLAINED, SuppressionReason.CLEANED)
"""Nothing is sent there, whoever asks: the mail would come back, or be reported once more."""


@dataclass(frozen=True, slots=True)
class SignUp:
    """What somebody asked for, and the proof of it. It says nothing of who he or she is yet."""

    id: str
    """By chance, 32 hex digits."""
    key: str
    """The recipient key."""
    address: str
    newsletters: tuple[str, ...]
    sections: tuple[str, ...]
    """Those that were chosen; none means all."""
    language: str
    asked: datetime
    network: str
    """Truncated."""
    words: str
    """What the form said, a line each."""
    next: str = ""
    """The page of ours that is to follow; empty for none."""
    browser: str = ""
    """The hash of the asking browser's cookie; empty where it was given none."""

    def expires(self) -> datetime:
        """When its link is worth nothing any more."""
        return self.asked + KEPT


class Reply(StrEnum):
    """What is mailed to whoever has the address."""

    NOTHING = "nothing"
    ALREADY = "already"
    CONFIRM = "confirm"


@dataclass(frozen=True, slots=True)
class Answer:
    """The reply, and the newsletters that it speaks of."""

    reply: Reply
    newsletters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Start:
    """What a confirmation changes."""

    reader: Reader
    """As it is to be stored; the id of a new one is 0."""
    subscriptions: tuple[Subscription, ...]
    """To be stored."""
    started: tuple[str, ...]
    """The newsletters that come from now on and did not before."""
    changed: tuple[str, ...]
    """Those that come already, and with the sections of this sign-up from now on."""
    sections: Mapping[str, frozenset[str]]
    """What each newsletter of the sign-up brings afterwards; empty for all."""
    lifts: bool
    """The address had been erased, or was on a list of unsubscribes: the person's own word ends that."""


def in_all(most: int) -> Limit:
    """The limit of all sign-ups together, an hour."""
    return Limit("sign-up", most, timedelta(hours=1))


def sections_of(newsroom: Newsroom, newsletter: Newsletter) -> tuple[Section, ...]:
    """The sections of a newsletter among which its readers may choose: its news, in its order."""
    found = (newsroom.section(place.section) for place in newsletter.places)
    return tuple(one for one in found if one is not None and one.is_news)


def chosen(sign_up: SignUp, newsroom: Newsroom, newsletter: Newsletter) -> frozenset[str]:
    """The sections that this newsletter is to bring; empty for all.

    One that has none of the chosen sections was still chosen itself: it comes whole.
    """
    own = {section.key for section in sections_of(newsroom, newsletter)}
    wanted = own.intersection(sign_up.sections)
    return frozenset() if wanted == own else frozenset(wanted)


def answer(known: Known, sign_up: SignUp, newsletters: Mapping[str, Newsletter]) -> Answer:
    """What is mailed, as the reader stands now; `newsletters` are those that there are."""
    if known.suppressed in _DEAD:
        return Answer(Reply.NOTHING)
    wanted = tuple(one for one in sign_up.newsletters if one in newsletters)
    missing = tuple(one for one in wanted if not _gets(known, one))
    if missing:
        return Answer(Reply.CONFIRM, missing)
    return Answer(Reply.ALREADY, wanted) if wanted else Answer(Reply.NOTHING)


def start(
    known: Known, sign_up: SignUp, newsroom: Newsroom, newsletters: Mapping[str, Newsletter], now: datetime
) -> Start | None:
    """What the confirmation of `sign_up` changes; None where nothing can be sent to the address.

    The last word counts: sections that were chosen replace those of a newsletter that comes already. Where
    none were, they stay.
    """
    if known.suppressed in _DEAD:
        return None
    reader = known.reader or Reader(0, sign_up.address, sign_up.key)
    started = answer(known, sign_up, newsletters)
    missing = started.newsletters if started.reply is Reply.CONFIRM else ()
    new = [
        Subscription(
            reader.id,
            one,
            SubscriptionStatus.ACTIVE,
            chosen(sign_up, newsroom, newsletters[one]),
            consent_at=now,
            consent_source=SOURCE,
        )
        for one in missing
    ]
    others = [one for one in sign_up.newsletters if one in newsletters and one not in missing]
    changed = [
        replace(known.subscriptions[one], sections=wanted, consent_at=now, consent_source=SOURCE)
        for one in others
        if (wanted := _again(known, sign_up, newsroom, newsletters[one])) != known.subscriptions[one].sections
    ]
    return Start(
        replace(reader, language=sign_up.language or reader.language),
        (*new, *changed, *_left_stopped(known, missing)),
        missing,
        tuple(one.newsletter for one in changed),
        {one: known.subscriptions[one].sections for one in others}
        | {one.newsletter: one.sections for one in (*new, *changed)},
        known.suppressed is not None,
    )


def _again(known: Known, sign_up: SignUp, newsroom: Newsroom, newsletter: Newsletter) -> frozenset[str]:
    """The sections of a newsletter that comes already: those chosen anew, where any of them are its own."""
    own = {section.key for section in sections_of(newsroom, newsletter)}
    if own.isdisjoint(sign_up.sections):
        return known.subscriptions[newsletter.key].sections
    return chosen(sign_up, newsroom, newsletter)


def _gets(known: Known, newsletter: str) -> bool:
    there = known.subscriptions.get(newsletter)
    return known.suppressed is None and there is not None and there.status is SubscriptionStatus.ACTIVE


def _left_stopped(known: Known, started: tuple[str, ...]) -> list[Subscription]:
    """What the suppression alone kept back: nobody has asked for it, so it does not start with the rest."""
    if known.suppressed is None:
        return []
    return [
        replace(one, status=SubscriptionStatus.UNSUBSCRIBED, paused_until=None, ended_by="")
        for one in known.subscriptions.values()
        if one.newsletter not in started and one.status is not SubscriptionStatus.UNSUBSCRIBED
    ]
