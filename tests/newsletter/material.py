"""Hypothesis strategies and a builder for what editions are composed from."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from content.article import Access
from content.teaser import Teaser
from newsletter.composition.compose import compose
from newsletter.composition.eligibility import Material
from newsletter.edition import Composition, Edits, NothingNew
from newsroom.masthead import Newsletter, Newsroom, Section
from tests import samples

NOW = samples.NOON
TODAY = date(2026, 3, 10)
NEWS = ("politics", "culture", "briefs")


def newsroom() -> Newsroom:
    """The samples' newsroom with a section that its newsletter has not."""
    value = samples.newsroom()
    return replace(value, sections=(*value.sections, Section("sport", "Sport")))


def composed(
    *news: Teaser,
    house: Newsroom | None = None,
    newsletter: Newsletter | None = None,
    edits: Edits | None = None,
    due: datetime | None = None,
    **material: Any,
) -> Composition | NothingNew:
    """The edition of TODAY from these stories."""
    return compose(
        house or newsroom(),
        newsletter or samples.newsletter(),
        Material(news=news, **material),
        edits or Edits(),
        NOW,
        TODAY,
        date_words="Tuesday 10 March",
        due=due,
    )


def edition(*news: Teaser, **arguments: Any) -> Composition:
    """The same, where there is one."""
    value = composed(*news, **arguments)
    assert isinstance(value, Composition)
    return value


def booking(name: str, sponsor: str = "Ostrea", **changes: Any) -> Teaser:
    """A sponsored article that runs now."""
    return samples.teaser(name, sponsor=sponsor, sections=("partners",), access=Access.FREE, **changes)


def story(name: str, hours: float = 1, section: str = "politics", **changes: Any) -> Teaser:
    """A news story published `hours` before NOW."""
    published = NOW - timedelta(hours=hours)
    changes.setdefault("sections", (section,))
    return samples.teaser(
        name, **{"published": published, "updated": published, "changed": published, **changes}
    )


_names = st.text("abcdefgh", min_size=1, max_size=3)
MARKED = "§"
"""Stands in every headline that no subject and no preheader may quote, and in no other."""
_WORDS = ("Ferry", "naïve", "\U0001f469\u200d\U0001f467", "e\u0301te\u0301", "首都の橋", "للميناء", "{lead}")
_headlines = st.one_of(
    st.text(st.characters(exclude_characters=MARKED), max_size=90),
    st.lists(st.sampled_from(_WORDS)).map(" ".join),
)
_sections = st.lists(st.sampled_from([*NEWS, "sport"]), min_size=1, max_size=3, unique=True).map(tuple)


@st.composite
def stories(draw: st.DrawFn) -> Teaser:
    """Any news story, now and then embargoed, sensitive, ranked, placed, pinned, long past."""
    sensitive = draw(st.sampled_from([False, False, True]))
    moment = NOW - timedelta(minutes=draw(st.integers(-600, 60 * 60)))
    return samples.teaser(
        draw(_names),
        headline=(MARKED if sensitive else "") + draw(_headlines),
        label=draw(st.sampled_from(["", "Opinion", "Analysis"])),
        sections=draw(_sections),
        published=moment,
        updated=moment + timedelta(minutes=draw(st.integers(0, 60))),
        rank=draw(st.sampled_from([None, None, 1, 2])),
        place=draw(st.sampled_from(["", "", "", "culture", "latest", "sport"])),
        pinned=draw(st.sampled_from([False, False, False, True])),
        sensitive=sensitive,
        again=draw(st.booleans()),
        revision=draw(st.integers(1, 3)),
    )


@st.composite
def bookings(draw: st.DrawFn) -> Teaser:
    """Any booking: running, over, to come, open at an end."""
    begins = draw(st.sampled_from([None, NOW - timedelta(days=2), NOW, NOW + timedelta(hours=1)]))
    ends = draw(st.sampled_from([None, NOW + timedelta(days=2), NOW, NOW - timedelta(hours=1)]))
    sponsor = draw(st.sampled_from(["Ostrea", "ostrea ", "Lumen", "Vloed"]))
    return booking("ad-" + draw(_names), sponsor, headline=MARKED, run_from=begins, run_until=ends)


def _unique(strategy: st.SearchStrategy[Teaser], most: int) -> st.SearchStrategy[tuple[Teaser, ...]]:
    return st.lists(strategy, max_size=most, unique_by=lambda teaser: teaser.id).map(tuple)


@st.composite
def materials(draw: st.DrawFn) -> Material:
    """Any material, ids shared between its lists as the store may have them."""
    news = draw(_unique(stories(), 14))
    ids = [teaser.id for teaser in news]
    used = draw(st.dictionaries(st.sampled_from(ids), st.integers(1, 3), max_size=3)) if ids else {}
    return Material(
        news=news,
        readmitted=tuple(teaser for teaser in news if teaser.again),
        carried=tuple(teaser for teaser in news if draw(st.integers(0, 4)) == 0),
        bookings=draw(_unique(bookings(), 8)),
        used=used,
        previous=draw(st.sampled_from([None, NOW - timedelta(days=1), NOW - timedelta(days=3)])),
    )
