"""Sample values for tests: each function gives a sound value, its arguments replace fields."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from content.article import Access, Article, Body, StoredArticle
from content.teaser import Teaser
from newsroom.masthead import Newsletter, Newsroom, Offer, Place, Section, SectionKind
from readership.reader import Plan, Reader, Subscription, SubscriptionStatus

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
"""The moment at which most tests take place: a Tuesday."""


def newsroom(**changes: Any) -> Newsroom:
    """A newsroom in Ghent with every kind of section."""
    sections = (
        Section("politics", "Politics"),
        Section("culture", "Culture & Books"),
        Section("briefs", "In brief", SectionKind.BRIEFS),
        Section("partners", "Stakeholders' highlights", SectionKind.SPONSORED),
        Section("latest", "Latest", SectionKind.LATEST),
    )
    offer = Offer(
        thanks="Thank you for reading.",
        trial="Try it free for 30 days.",
        price_year="€150 a year",
        price_month="€15 a month",
        cancel="Cancel at any time.",
        about="We are owned by our readers.",
        why="Your subscription pays for reporting.",
        contact="Groups and students: subs@quay.example",
        button="Start your trial",
        subscribe_url="https://quay.example/subscribe",
        terms_url="https://quay.example/terms",
        login_url="https://quay.example/login",
        account_url="https://quay.example/account",
    )
    value = Newsroom(
        name="The Quay",
        about="News from the river.",
        site_url="https://quay.example",
        public_url="https://feeds.quay.example",
        language="en",
        time_zone=ZoneInfo("Europe/Brussels"),
        authority="quay.example,2026",
        sections=sections,
        offer=offer,
    )
    return replace(value, **changes)


def newsletter(**changes: Any) -> Newsletter:
    """A morning digest on every day at 06:00, Brussels time."""
    value = Newsletter(
        key="daily",
        title="The Morning Quay",
        at=time(6, 0),
        days=frozenset(range(1, 8)),
        places=(
            Place("politics", 3),
            Place("culture", 3),
            Place("briefs", 5),
            Place("latest", 4),
            Place("partners", 12),
        ),
        sender="digest@quay.example",
        sender_name="The Quay",
        reply_to="editors@quay.example",
        envelope_sender="bounces@quay.example",
        postal_address="The Quay, Graslei 1, 9000 Ghent, Belgium",
    )
    return replace(value, **changes)


def article(name: str = "bridge", **changes: Any) -> Article:
    """A paid article about a bridge, published an hour before NOON."""
    value = Article(
        id=f"tag:quay.example,2026:articles/{name}",
        source="articles",
        reference=f"{name}.md",
        slug=name,
        url=f"https://quay.example/{name}",
        headline=f"The {name} reopens",
        published=NOON - timedelta(hours=1),
        updated=NOON - timedelta(hours=1),
        sections=("politics",),
        body=Body("<p>First paragraph of the body.</p><p>Second paragraph, for subscribers.</p>"),
        teaser="After two years of work the city opens it again.",
        authors=("Nele Verstraete",),
        access=Access.PAID,
        words=900,
    )
    return replace(value, **changes)


def stored(name: str = "bridge", **changes: Any) -> StoredArticle:
    """The same article as the store has it, in its first revision."""
    value = article(name, **changes)
    return StoredArticle(value, 1, value.published, first_seen=value.published)


def teaser(name: str = "bridge", **changes: Any) -> Teaser:
    """What the public may see of that article."""
    value = Teaser(
        id=f"tag:quay.example,2026:articles/{name}",
        revision=1,
        slug=name,
        url=f"https://quay.example/{name}",
        headline=f"The {name} reopens",
        label="",
        teaser="After two years of work the city opens it again.",
        public_html="",
        authors=("Nele Verstraete",),
        language="en",
        published=NOON - timedelta(hours=1),
        updated=NOON - timedelta(hours=1),
        changed=NOON - timedelta(hours=1),
        sections=("politics",),
        rank=None,
        pinned=False,
        place="",
        access=Access.PAID,
        products=frozenset(),
        image=None,
        sponsor="",
        run_from=None,
        run_until=None,
        correction="",
        sensitive=False,
        again=False,
        no_digest=False,
        minutes=4,
    )
    return replace(value, **changes)


def reader(number: int = 1, plan: Plan = Plan.FREE, **changes: Any) -> Reader:
    """Reader `number`, with an address and a recipient key of its own."""
    value = Reader(id=number, address=f"reader{number}@example.org", key=f"{number:064x}", plan=plan)
    return replace(value, **changes)


def subscription(number: int = 1, **changes: Any) -> Subscription:
    """Reader `number`'s active subscription to the daily."""
    value = Subscription(reader_id=number, newsletter="daily", status=SubscriptionStatus.ACTIVE)
    return replace(value, **changes)
