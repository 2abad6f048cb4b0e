"""What a feed holds, and what it says of each article."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.article import Access, LeadImage, Picture
from content.teaser import Teaser
from feeds.select import NEVER, Entry, Feed, select
from tests import samples
from tests.samples import NOON, teaser


def feed(*teasers: Teaser, name: str = "politics", changed: datetime | None = None, **room: Any) -> Feed:
    return select(samples.newsroom(**room), name, teasers, changed)


def entry(**changes: Any) -> Entry:
    language = changes.pop("room", "en")
    return feed(teaser(**changes), language=language).entries[0]


PAID = "<p><em>Full article for subscribers</em></p>"


@pytest.mark.parametrize(
    ("changes", "summary", "text"),
    [
        ({"teaser": "Go."}, f"<p>Go.</p>{PAID}", "Go.\nFull article for subscribers"),
        ({"teaser": ""}, PAID, "Full article for subscribers"),
        ({"teaser": "Go.", "access": Access.FREE}, "<p>Go.</p>", "Go."),
        (
            {"teaser": "Go.", "access": Access.REGISTERED},
            "<p>Go.</p><p><em>Full article for registered readers</em></p>",
            "Go.\nFull article for registered readers",
        ),
        (
            {"teaser": "Go.", "public_html": "<p>The <b>first</b>.</p>"},
            f"<p>Go.</p><p>The <b>first</b>.</p>{PAID}",
            "Go.\nFull article for subscribers",
        ),
        (
            {"teaser": "Go.", "correction": "It is 5 < 6 & so."},
            f"<p>Go.</p><p>Correction: It is 5 &lt; 6 &amp; so.</p>{PAID}",
            "Go.\nCorrection: It is 5 < 6 & so.\nFull article for subscribers",
        ),
        (
            {"teaser": "Go.", "sponsor": "Veld & Kas", "access": Access.FREE},
            "<p>Paid content by Veld &amp; Kas</p><p>Go.</p>",
            "Paid content by Veld & Kas\nGo.",
        ),
        ({"teaser": "", "access": Access.FREE}, "", ""),
    ],
)
def test_summary(changes: dict[str, Any], summary: str, text: str) -> None:
    found = entry(**changes)
    assert (found.summary, found.text) == (summary, text)


@pytest.mark.parametrize(
    ("label", "headline", "language", "title"),
    [
        ("", "Bridge", "en", "Bridge"),
        ("Analysis", "Bridge", "en", "Bridge"),
        ("Opinion", "Bridge", "en", "Opinion: Bridge"),
        ("OPINION", "Bridge", "en", "Opinion: Bridge"),
        ("Opinion", "Opinion: Bridge", "en", "Opinion: Bridge"),
        ("Opinion", "Opinion polls mislead", "en", "Opinion: Opinion polls mislead"),
        ("Meinung", "Brücke", "de", "Meinung: Brücke"),
        ("Opinie", "Brug", "nl", "Opinie: Brug"),
        ("Opinion", "Puente", "es", "Opinión: Puente"),
        ("Meinung", "Bridge", "en", "Bridge"),
    ],
)
def test_an_opinion_says_so_before_the_headline(label: str, headline: str, language: str, title: str) -> None:
    assert entry(label=label, headline=headline, room=language).title == title


@pytest.mark.parametrize(
    ("changes", "categories"),
    [
        ({}, ("Politics", "subscribers-only")),
        (
            {"label": "Feature", "sections": ("politics", "culture")},
            ("Feature", "Politics", "Culture & Books", "subscribers-only"),
        ),
        ({"access": Access.REGISTERED}, ("Politics", "registered-only")),
        ({"access": Access.FREE, "sections": ("nowhere",)}, ()),
        ({"access": Access.FREE, "label": "Politics"}, ("Politics",)),
        (
            {"access": Access.FREE, "sections": ("partners",), "sponsor": "Kaap"},
            ("Stakeholders' highlights", "sponsored", "Paid content by Kaap"),
        ),
    ],
)
def test_categories(changes: dict[str, Any], categories: tuple[str, ...]) -> None:
    assert entry(**changes).categories == categories


def test_a_sponsor_is_the_author_of_what_it_paid_for() -> None:
    assert entry(sponsor="Kaap").authors == ("Kaap",)
    assert entry().authors == ("Nele Verstraete",)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("de", "Der ganze Artikel für Abonnenten"),
        ("de-AT", "Der ganze Artikel für Abonnenten"),
        ("fr", "Article complet pour les abonnés"),
        ("nl", "Volledig artikel voor abonnees"),
        ("pt", "Full article for subscribers"),
    ],
)
def test_the_words_are_in_the_newsroom_s_language_else_in_english(language: str, words: str) -> None:
    assert entry(room=language).text.splitlines()[-1] == words


def test_every_language_has_every_word() -> None:
    for language in ("en", "de", "fr", "es", "nl", "ar"):
        found = feed(teaser(sponsor="Kaap", correction="x"), language=language, name="all")
        assert "Kaap" in found.entries[0].text
        assert found.title.startswith("The Quay: ")
        assert language == "en" or found.title != "The Quay: All sections"


def test_the_picture_is_the_narrowest_that_is_wide_enough() -> None:
    sizes = tuple(Picture(f"media/{width}.jpg", width, width // 2, width * 10) for width in (1600, 1200, 600))
    image = entry(image=LeadImage(sizes, "A bridge", "At dawn", "Jo Peeters")).image
    assert image is not None
    assert (image.url, image.width, image.height) == (
        "https://feeds.quay.example/media/1200.jpg",
        1200,
        600,
    )
    assert (image.bytes, image.alt, image.caption, image.credit) == (
        12_000,
        "A bridge",
        "At dawn",
        "Jo Peeters",
    )
    assert image.media_type == "image/jpeg"


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("teasers", "changed", "updated"),
    [
        ((), None, NEVER),
        ((), NOON, NOON),
        ((teaser(),), None, NOON - HOUR),
        ((teaser(updated=NOON),), None, NOON),
        ((teaser(changed=NOON),), NOON - HOUR, NOON),
        ((teaser(),), NOON + HOUR, NOON + HOUR),
        ((teaser(),), NOON.replace(microsecond=999_999), NOON),
    ],
)
def test_a_feed_s_date_is_its_newest_recorded_change(
    teasers: tuple[Teaser, ...], changed: datetime | None, updated: datetime
) -> None:
    assert feed(*teasers, changed=changed).updated == updated


def test_an_entry_is_never_updated_before_it_was_published() -> None:
    found = entry(published=NOON, updated=NOON - HOUR)
    assert (found.published, found.updated) == (NOON, NOON)


def test_one_id_twice_is_an_error() -> None:
    with pytest.raises(ValueError, match="feed politics: two articles have one id"):
        feed(teaser("a"), teaser("a"))


def test_an_empty_section_has_a_feed() -> None:
    found = feed()
    assert (found.title, found.entries) == ("The Quay: Politics", ())
    assert found.id == "tag:quay.example,2026:feeds/politics"
    assert found.url(".rss") == "https://feeds.quay.example/feeds/politics.rss"


def test_about_is_the_description_else_the_name() -> None:
    assert feed().description == "News from the river."
    assert feed(about="").description == "The Quay"


def test_a_feed_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        feed().title = "x"  # type: ignore[misc]  # that is what is tested


moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


@given(
    st.lists(st.builds(lambda p, u, c: (p, u, c), moments, moments, moments), max_size=5),
    st.none() | moments,
)
def test_dates_are_whole_seconds_of_utc_and_none_is_later_than_the_feed_s(
    times: list[tuple[datetime, datetime, datetime]], changed: datetime | None
) -> None:
    teasers = [
        teaser(f"t{number}", published=published, updated=updated, changed=touched)
        for number, (published, updated, touched) in enumerate(times)
    ]
    found = feed(*teasers, changed=changed)
    for moment in (found.updated, *(date for one in found.entries for date in (one.published, one.updated))):
        assert moment.microsecond == 0
        assert moment.tzinfo is UTC
        assert moment <= found.updated
    assert [one.id for one in found.entries] == [one.id for one in teasers]
