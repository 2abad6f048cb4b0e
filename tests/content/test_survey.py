"""What a site is, by its front page and by what its APIs and feeds say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.sources.pages_metadata import Facts
from content.survey import MOST_TOPICS, Survey, Topic, feed_of, ghost_of, pages_of, wordpress_of
from content.survey_front import Front, front_of, home_of
from newsroom.errors import SourceError
from newsroom.web import Answer

URL = "https://quay.example"
KEY = "22444f78447824223cefc48062"
RSS = (
    "<?xml version='1.0'?><rss version='2.0'><channel><title>The Quay &amp;amp; more</title>"
    "<link>https://quay.example</link><language>nl-BE</language>{}</channel></rss>"
)
ITEM = (
    "<item><title>A</title><link>https://quay.example/a</link><description>One sentence.</description>"
    "<category>City Hall</category><category>Budget</category></item>"
)


def _front(html: str, kind: str = "text/html", url: str = f"{URL}/", **headers: str) -> Front:
    named = {"content-type": kind, **headers}
    return front_of(Answer(url, 200, named, html.encode()))


@pytest.mark.parametrize(
    ("html", "headers", "is_wordpress", "is_ghost"),
    [
        ("<p>x</p>", {"link": f'<{URL}/wp-json/>; rel="https://api.w.org/"'}, True, False),
        ("", {"link": "<https://quay.example/wp-json/>; rel=https://api.w.org/"}, True, False),
        ("<meta name=generator content='WordPress 6.1'>", {}, True, False),
        ("<link rel='https://api.w.org/' href='/wp-json/'>", {}, True, False),
        ("<meta name=generator content='Ghost 6.65'>", {}, False, True),
        (f"<script data-ghost='{URL}' data-key='{KEY}'></script>", {}, False, True),
        ("<script data-ghost='x' data-key='no key'></script>", {}, False, False),
        ("<meta name=generator content='Hugo'>", {"link": "</a.css>; rel=preload"}, False, False),
        ("<p>The word WordPress, and Ghost</p>", {}, False, False),
    ],
)  # fmt: skip
def test_what_made_a_page_is_told_by_its_own_signs(
    html: str, headers: dict[str, str], is_wordpress: bool, is_ghost: bool
) -> None:
    front = _front(html, **headers)
    assert (front.is_wordpress, front.is_ghost) == (is_wordpress, is_ghost)


def test_a_ghosts_key_is_found_and_never_shown() -> None:
    front = _front(f"<script data-sodo-search='{URL}' data-key='{KEY}'></script>")
    assert front.ghost_key == KEY
    assert KEY not in repr(front)


@pytest.mark.parametrize(
    ("html", "name"),
    [
        ("<meta property='og:site_name' content='The Quay'><title>Home</title>", "The Quay"),
        ("<title>The Quay – news of the harbour</title>", "The Quay"),
        ("<title>De Kaai | Nieuws</title>", "De Kaai"),
        ("<title>Bread &amp; Roses</title>", "Bread & Roses"),
        ("<p>nothing</p>", ""),
    ],
)
def test_the_name_is_the_sites_own(html: str, name: str) -> None:
    assert _front(html).name == name


def test_feeds_are_those_of_articles() -> None:
    front = _front(
        "<link rel=alternate type='application/rss+xml' title='Quay » Comments Feed' href='/comments/feed/'>"
        "<link rel=alternate type='application/rss+xml' title='Quay » Feed' href='/feed/'>"
        "<link rel=alternate type='application/json' href='/wp-json/x'>"
        "<link rel=alternate hreflang=nl type='text/html' href='/nl'>"
        "<link rel='alternate' type='application/atom+xml; charset=utf-8' href='https://feeds.example/q'>"
    )
    assert front.feeds == ("https://quay.example/feed/", "https://feeds.example/q")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (RSS.format(ITEM), "text/xml"),
        (RSS.format(ITEM), "application/rss+xml; charset=utf-8"),
        ("<feed xmlns='http://www.w3.org/2005/Atom'></feed>", "application/xml"),
        ('{"version": "https://jsonfeed.org/version/1.1", "items": []}', "application/json"),
    ],
)
def test_an_address_may_be_a_feed_itself(text: str, kind: str) -> None:
    front = _front(text, kind, f"{URL}/feed/?key=1")
    assert front.is_feed
    assert front.feeds == (f"{URL}/feed/?key=1",)


@pytest.mark.parametrize("kind", ["image/png", "application/pdf", "application/json"])
def test_what_is_no_page_is_refused(kind: str) -> None:
    with pytest.raises(SourceError, match="it is no page"):
        _front("x", kind)


def test_the_menu_has_the_sites_own_pages_and_no_stories() -> None:
    front = _front(
        "<nav><a href='/'>Home</a><a href='/politics'>Politics</a><a href='/politics/'>Politics</a>"
        "<a href='/science-and-health'>Science &amp; Health</a><a href='https://other.example/x'>Shop</a>"
        "<a href='/2026/03/10/the-harbour'>The harbour</a><a href='?s='>Search</a><a href='/x'>→</a></nav>"
        "<main><h2><a href='/news/a-b'>A b</a></h2><a href='/2026/03/10/the-harbour'>It opens</a></main>"
    )
    assert [(one.name, one.title) for one in front.menu] == [
        ("politics", "Politics"),
        ("science-and-health", "Science & Health"),
    ]
    assert front.articles == (f"{URL}/2026/03/10/the-harbour", f"{URL}/news/a-b")


@pytest.mark.parametrize(
    ("said", "found", "home"),
    [
        ("https://quay.example", "https://www.quay.example/", "https://www.quay.example"),
        ("http://quay.example", "https://quay.example/", "https://quay.example"),
        ("https://quay.example", "https://quay.example/en/", "https://quay.example"),
        ("https://quay.example/blog", "https://quay.example/blog/", "https://quay.example/blog"),
        ("https://quay.example", "https://host.example/", "https://quay.example"),
    ],
)
def test_the_site_is_where_it_leads_on_its_own_host(said: str, found: str, home: str) -> None:
    assert home_of(_front("<p>x</p>", url=found), said) == home


def test_the_site_of_a_feed_is_its_host() -> None:
    front = _front(RSS.format(ITEM), "text/xml", "https://quay.example/feed/")
    assert home_of(front, "https://quay.example/feed") == "https://quay.example"


def _category(number: int, slug: str, count: int, parent: int = 0, name: str = "") -> dict[str, Any]:
    return {"id": number, "slug": slug, "name": name or slug.title(), "count": count, "parent": parent}


def test_wordpress_categories_are_arranged_and_nested() -> None:
    found = wordpress_of(
        URL,
        {"name": "Bread &amp; Roses", "timezone_string": "Europe/Brussels"},
        [
            _category(1, "uncategorized", 40),
            _category(2, "politics", 3, name="Politics &amp; <b>more</b>"),
            _category(3, "elections", 9, parent=2),
            _category(4, "recount", 2, parent=3),
            _category(5, "culture", 10),
            _category(6, "empty", 0),
            _category(7, "%d9%85", 1),
            _category(8, "lost", 5, parent=99),
        ],
        "nl-BE",
    )
    assert (found.name, found.language, found.zone) == ("Bread & Roses", "nl-BE", "Europe/Brussels")
    rows = [(one.name, one.count, one.within) for one in found.topics]
    assert rows == [
        ("uncategorized", 40, ""),
        ("politics", 14, ""),
        ("elections", 11, "politics"),
        ("recount", 2, "elections"),
        ("culture", 10, ""),
        ("lost", 5, ""),
        ("م", 1, ""),
        ("empty", 0, ""),
    ]
    assert found.topics[1].title == "Politics & more"
    assert [one.name for one in found.chosen] == ["politics", "culture", "lost", "م"]


def test_categories_in_a_circle_are_left_out() -> None:
    found = wordpress_of(URL, {}, [_category(1, "a", 1, parent=2), _category(2, "b", 1, parent=1)], "")
    assert found.topics == ()


def test_what_nobody_chose_is_no_time_zone() -> None:
    for zone in ("UTC", "Etc/UTC", "", "Mars/Phobos"):
        assert wordpress_of(URL, {"timezone_string": zone}, [], "").zone == ""


def test_many_topics_are_not_all_chosen() -> None:
    found = wordpress_of(URL, {}, [_category(one, f"c{one}", one) for one in range(1, 30)], "")
    assert len(found.chosen) == MOST_TOPICS
    assert found.chosen[0].name == "c29"


def test_a_ghost_says_its_language_zone_and_public_tags() -> None:
    tags = [
        {"slug": "news", "name": "News", "visibility": "public", "count": {"posts": 2}},
        {"slug": "hash-lead", "name": "#lead", "visibility": "internal", "count": {"posts": 9}},
        {"slug": "arts", "name": "Arts", "visibility": "public", "count": {"posts": 5}},
    ]
    settings = {"settings": {"title": "The Quay", "locale": "fr", "timezone": "Europe/Paris"}}
    found = ghost_of(URL, settings, {"tags": tags}, "en")
    assert (found.name, found.language, found.zone) == ("The Quay", "fr", "Europe/Paris")
    assert [(one.name, one.count) for one in found.topics] == [("arts", 5), ("news", 2)]


def test_a_feed_says_its_name_language_and_categories() -> None:
    found = feed_of(Answer(f"{URL}/feed/", 200, {"content-type": "text/xml"}, RSS.format(ITEM * 2).encode()))
    assert (found.name, found.language) == ("The Quay & more", "nl-BE")
    assert [(one.name, one.count) for one in found.topics] == [("City Hall", 2), ("Budget", 2)]
    assert found.summaries


def test_a_text_beside_the_description_is_no_summary() -> None:
    whole = ITEM.replace("</item>", "<content:encoded>All of it.</content:encoded></item>")
    text = RSS.format(ITEM + whole).replace(
        "<rss ", "<rss xmlns:content='http://purl.org/rss/1.0/modules/content/' "
    )
    assert not feed_of(Answer(URL, 200, {}, text.encode())).summaries


@pytest.mark.parametrize("text", [RSS.format(""), "<html></html>", '{"items": []}', ""])
def test_a_feed_without_articles_is_none(text: str) -> None:
    with pytest.raises(SourceError):
        feed_of(Answer(URL, 200, {"content-type": "text/xml"}, text.encode()))


def test_pages_are_articles_where_they_say_so_with_a_date() -> None:
    site = Survey("pages", URL, "The Quay")
    politics, about = (
        Topic("politics", "Politics", address=f"{URL}/p"),
        Topic("about", "About", address=f"{URL}/a"),
    )
    menu = {politics: ["a", "b", "c"], about: ["a"]}
    assert pages_of(site, [], menu) is None
    assert pages_of(site, [Facts(is_article=True)], menu) is None
    assert pages_of(site, [Facts(published="2026-03-10")], menu) is None
    told = Facts(is_article=True, published="2026-03-10T06:00:00+00:00", is_free=False)
    found = pages_of(site, [Facts(), told], menu)
    assert found is not None
    assert [(one.title, one.count) for one in found.topics] == [("Politics", 3)]
    assert found.says_access


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["id", "slug", "name", "count", "parent", "settings", "tags", "title"]), inner
        )
    ),
    max_leaves=20,
)


@given(ANY, st.lists(ANY, max_size=5), ANY)
def test_whatever_is_answered_nothing_breaks(one: object, several: list[object], other: object) -> None:
    assert wordpress_of(URL, one, several, "").kind == "wordpress"
    assert ghost_of(URL, one, other, "").kind == "ghost"


@given(st.text(max_size=200), st.sampled_from(["text/html", "", "text/xml"]))
def test_whatever_a_front_page_is_it_is_one_or_refused(text: str, kind: str) -> None:
    try:
        front = _front(text, kind)
    except SourceError:
        return
    assert front.url
