"""Feeds for tests, and the texts that break things."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from content.article import Access, LeadImage, Picture
from content.teaser import Teaser
from feeds.select import Feed, select
from tests import samples
from tests.samples import NOON, teaser

IMAGE = LeadImage(
    (Picture("media/a1.jpg", 1200, 800, 91_234), Picture("media/a2.jpg", 600, 400, 30_111)),
    alt='The "old" bridge',
    caption="Dawn, seen from <the> quay",
    credit="Jo Peeters & Co",
)
ARABIC = "الجسر يُفتح من جديد بعد عامين"
HARD = {
    "the end of a CDATA section": "]]> and <![CDATA[ and ]]]]><![CDATA[>",
    "markup as text": "<b>5 & 6 < 7</b> &amp; &lt;script&gt; \"'",
    "Arabic": ARABIC,
    "a mixed direction": f"The word {ARABIC} (2026)",
    "outside of the first plane": "👩🏽‍💻 𝔄 🇧🇪",
    "combining and compatibility": "e\u0301 ﬁ Å",
    "typography": "“Quoted” – it’s 5\u00a0000 €…",
    "50 000 characters": "Long & short. " * 3_571 + "ending",
}


def teasers() -> tuple[Teaser, ...]:
    """A full opinion, a sponsored booking and a brief."""
    return (
        teaser(
            image=IMAGE,
            label="Opinion",
            authors=("Nele Verstraete", "Léa Ôtis"),
            correction="It opened in May.",
            public_html="<p>The <em>first</em> lines.</p>",
            sections=("politics", "culture"),
            updated=NOON - timedelta(minutes=30),
            changed=NOON - timedelta(minutes=29),
        ),
        teaser("spa", sponsor="Kaap & Zoon", sections=("partners",), access=Access.FREE, authors=()),
        teaser("brief", teaser="", access=Access.FREE, sections=("briefs",), authors=(), language="nl"),
    )


def feed(*some: Teaser, name: str = "politics", **room: Any) -> Feed:
    """A feed with `some`."""
    return select(samples.newsroom(**room), name, some, None)


def full() -> Feed:
    """The feed with `teasers`."""
    return feed(*teasers())
