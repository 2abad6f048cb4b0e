"""What a page, a list and a sitemap say: decided without asking anybody."""

from __future__ import annotations

import json
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from content.article import Access
from content.sources.pages_address import Site, address_of, looks_like_article
from content.sources.pages_caption import caption_and_credit
from content.sources.pages_html import page_of
from content.sources.pages_item import Place, Read, Where, item_of, told_of
from content.sources.pages_json_ld import article_in, is_yes
from content.sources.pages_ledger import Ledger, taken_out
from content.sources.pages_listing import Listed, listing_of, mark_of
from content.sources.pages_sitemap import is_sitemap, sitemap_of
from content.sources.pages_sponsor import by_boundary, by_name
from content.sources.pages_text import text_of
from newsroom.errors import SourceError
from newsroom.settings import ListSettings, SourceSettings
from tests import samples
from tests.content.pages_site import NOW, article_page

BASE = "https://quay.example/news/a"
DATE = "2026-03-10T06:00:00+01:00"
LIST = ListSettings("https://www.quay.example/politics", "politics")
SETTINGS = SourceSettings("site", "pages", lists=(LIST,))
SITE = Site.of(SETTINGS, "https://quay.example")
NEWS = Place(("politics",))


def read(html: str | bytes, place: Place = NEWS, kind: str = "text/html", **settings: Any) -> Read:
    data = html if isinstance(html, bytes) else html.encode()
    page = page_of(data, kind)
    wishes = SourceSettings("site", "pages", lists=(LIST,), **settings)
    told = told_of(page, BASE, wishes, samples.newsroom())
    return item_of(page, told, Where(BASE, BASE, "news/a"), place, wishes)


def item(html: str | bytes, place: Place = NEWS, **settings: Any) -> Any:
    found = read(html, place, **settings)
    assert found.item is not None, found.problem
    return found.item


def ld(value: Any, rest: str = "") -> str:
    script = value if isinstance(value, str) else json.dumps(value)
    return f"<script type='application/ld+json'>{script}</script>{rest}"


def news(**more: Any) -> dict[str, Any]:
    return {"@type": "NewsArticle", "headline": "H", "datePublished": DATE, **more}


@pytest.mark.parametrize(
    "script",
    [
        news(),
        [{"@type": "Organization"}, news()],
        {"@context": "https://schema.org", "@graph": [{"@type": "WebPage"}, news()]},
        news(**{"@type": ["Article", "schema:OpinionNewsArticle"]}),
        news(**{"@type": "https://schema.org/ReportageNewsArticle"}),
        {"@type": "WebPage", "mainEntity": news()},
        f"<!-- {json.dumps(news())} -->",
        f"//<![CDATA[\n{json.dumps(news())}\n//]]>",
        f"{json.dumps(news())[:-1]}, }};",
        '{"@type": "NewsArticle", /* it */ "headline": "H", "datePublished": "' + DATE + '", "x": ["a\nb",]}',
        json.dumps(news()).replace('"', "&quot;"),
    ],
)
def test_json_ld_is_read_however_it_is_written(script: Any) -> None:
    found = item(ld(script))
    assert (found.fields["headline"], found.fields["published"]) == ("H", "2026-03-10T05:00:00+00:00")


@pytest.mark.parametrize("script", ["", "{", "[" * 100_000, "null", '"x"', '{"@type": 3}', "{}" * 9])
def test_json_ld_that_is_none_says_nothing(script: str) -> None:
    assert article_in(page_of(ld(script).encode(), ""), BASE) == {}


def test_of_several_articles_the_page_s_own_counts_and_references_are_followed() -> None:
    graph = [
        {"@type": "ItemList", "itemListElement": [news(headline="No")]},
        news(headline="Other", url="https://quay.example/news/b"),
        news(
            headline="Own",
            mainEntityOfPage={"@id": f"{BASE}#x"},
            author=[{"@id": "#jo"}],
            image={"@id": "#i"},
        ),
        {"@type": "Person", "@id": "#jo", "name": "By Jo Doe", "knows": {"@id": "#jo"}},
        {"@type": "ImageObject", "@id": "#i", "url": "/i.jpg", "caption": "C (Photo: Ann)"},
    ]
    found = item(ld({"@graph": graph}))
    assert (found.fields["headline"], found.fields["authors"]) == ("Own", ("Jo Doe",))
    assert found.fields["image"] == {
        "file": "https://quay.example/i.jpg",
        "alt": "",
        "caption": "C",
        "credit": "Ann",
    }


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        (True, True),
        ("True", True),
        ("true", True),
        ("https://schema.org/True", True),
        ({"@id": "http://schema.org/False"}, False),
        ("False", False),
        (False, False),
        (0, False),
        ("no", False),
        (["True", "False"], False),
        ("perhaps", None),
        (None, None),
        ({}, None),
    ],
)
def test_free_or_not_is_read_in_all_its_spellings(value: Any, meant: bool | None) -> None:
    assert is_yes(value) is meant


@pytest.mark.parametrize(
    ("more", "default", "access"),
    [
        ({}, "paid", None),
        ({"isAccessibleForFree": True}, "paid", Access.FREE),
        ({"isAccessibleForFree": "False"}, "free", Access.PAID),
        ({"isaccessibleforfree": "False"}, "free", Access.PAID),
        ({"isAccessibleForFree": False}, "registered", Access.REGISTERED),
        ({"isAccessibleForFree": True, "hasPart": [{"isAccessibleForFree": False}]}, "free", Access.PAID),
    ],
)
def test_who_may_read_it_is_its_own_word(more: Any, default: str, access: Access | None) -> None:
    assert item(ld(news(**more)), access=default).access is access


def test_what_stands_before_the_paid_part_is_the_opening() -> None:
    paid = {"isAccessibleForFree": "False", "cssSelector": ".article .wall"}
    body = "<article><p>Open.</p><div class='wall'><p>Paid one.</p><p>Paid two.</p></div></article>"
    found = item(ld(news(isAccessibleForFree=False, hasPart=paid), body))
    assert found.html == "<p>Open.</p><p>Paid one.</p><p>Paid two.</p>"
    assert found.opening == "<p>Open.</p>"


@pytest.mark.parametrize("selector", ["article", "p:has(b)", "]", ".nothing", "a" * 300])
def test_a_wall_that_cannot_be_placed_leaves_no_opening(selector: str) -> None:
    paid = {"isAccessibleForFree": False, "cssSelector": selector}
    found = item(ld(news(hasPart=paid), "<article><p>One.</p><p>Two.</p></article>"))
    assert (found.html, found.opening) == ("<p>One.</p><p>Two.</p>", "")


def test_a_text_in_json_ld_alone_is_paid() -> None:
    shown = "<article><p>A few words.</p></article>"
    found = item(ld(news(articleBody="Secret & more.\n\nAnd so on, " * 9), shown), access="free")
    assert found.access is Access.PAID
    assert found.html.startswith("<p>Secret &amp; more.</p><p>And so on")
    assert found.opening == ""
    free = item(ld(news(articleBody="Long words. " * 9, isAccessibleForFree=True), shown), access="free")
    assert free.access is Access.FREE
    same = item(ld(news(articleBody="A few words."), shown), access="free")
    assert (same.access, same.html) == (None, "<p>A few words.</p>")


def test_open_graph_comes_after_json_ld_then_microdata_then_selectors() -> None:
    metas = (
        "<meta property='og:type' content='article'><meta property='og:site_name' content='The Quay'>"
        "<meta property='og:title' content='AT&amp;T &lt; 5 &amp;#8217; | The Quay'>"
        "<meta property='article:published_time' content='2026-03-10 06:00:00'>"
        "<meta property='article:author' content='https://facebook.example/jo'>"
        "<meta name='author' content='Jo'>"
        "<meta property='article:tag' content='Sea wall'><meta property='article:tag' content='#digest-no'>"
        "<meta property='article:content_tier' content='locked'>"
    )
    fields = item(f"<html lang='nl_BE'><head>{metas}</head>").fields
    assert (fields["headline"], fields["authors"]) == ("AT&T < 5 &#8217;", ("Jo",))
    assert (fields["published"], fields["language"]) == ("2026-03-10T05:00:00+00:00", "nl-BE")
    found = item(metas)
    assert (found.tags, found.access) == (("sea-wall", "digest-no"), Access.PAID)
    data = (
        "<div itemscope itemtype='https://schema.org/NewsArticle'><h1 itemprop='headline'>A <i>b</i></h1>"
        "<div itemprop='author' itemscope><span itemprop='name'>Ann</span></div>"
        "<time itemprop='datePublished' datetime='2026-03-10T06:00Z'>today</time></div>"
    )
    fields = item(data).fields
    assert (fields["headline"], fields["authors"], fields["published"][:16]) == (
        "A b",
        ("Ann",),
        "2026-03-10T06:00",
    )
    select = {"headline": "h2", "published": "time", "teaser": ".lead", "label": ".k", "correction": ".c"}
    page = (
        "<h2>From <b>CSS</b></h2><time datetime='2026-03-10'>today</time><p class=lead>L</p><i class=k>K</i>"
    )
    fields = item(page, select=select).fields
    assert (fields["headline"], fields["teaser"], fields["label"]) == ("From CSS", "L", "K")
    assert fields["published"] == "2026-03-09T23:00:00+00:00"


def test_a_date_for_people_is_never_read() -> None:
    page = "<meta property='og:type' content='article'><h1>x</h1><p class='date'>March 10, 2026</p>"
    found = read(page, select={"headline": "h1"})
    assert found.problem is not None
    assert "no date to machines" in found.problem.message
    found = read(page, select={"headline": "h1", "published": ".date"})
    assert found.problem is not None
    assert "cannot be read for sure" in found.problem.message
    assert "March" not in found.problem.message


@pytest.mark.parametrize(
    "date",
    [
        "2026-03-10T06:00:00+01:00",
        "2026-03-10T05:00:00.000Z",
        "2026-03-10 06:00",
        "20260310",
        "10/03/2026",
        "1773118800",
    ],
)
def test_dates_that_are_sure_are_read_and_others_reported(date: str) -> None:
    found = read(ld(news(datePublished=date)))
    if date[4] == "-":
        assert found.item is not None
        assert found.item.fields["published"] == "2026-03-10T05:00:00+00:00"
    else:
        assert found.problem is not None


def test_a_sitemap_s_date_and_headline_stand_in() -> None:
    place = Place(("politics",), headline="From the list", published="2026-03-10T05:00:00+00:00")
    found = item("<article><p>Text of it.</p></article>", place)
    assert (found.fields["headline"], found.html) == ("From the list", "<p>Text of it.</p>")


def test_what_is_no_article_is_none() -> None:
    assert read("<h1>Our team</h1><p>Words.</p>") == Read()


@pytest.mark.parametrize(
    ("headline", "shown"),
    [
        ("5 < 6 & 7 > 3", "5 < 6 & 7 > 3"),
        ("It&#8217;s", "It’s"),
        ("&amp;amp;", "&amp;"),
        ("日本語の見出し 🎣", "日本語の見出し 🎣"),
        ("عنوان رئيسي", "عنوان رئيسي"),
        ("<em>Now</em> List<T>", "Now List<T>"),
    ],
)
def test_headlines_are_right_to_the_letter(headline: str, shown: str) -> None:
    script = json.dumps(news(headline=headline)).replace("</", "<\\/")
    assert item(ld(script)).fields["headline"] == shown


@pytest.mark.parametrize(
    ("given", "around", "shown"),
    [
        ("<em>x</em> &amp; y", "<h1>&lt;em&gt;x&lt;/em&gt; &amp;amp; y</h1>", "<em>x</em> &amp; y"),
        ("<em>x</em> &amp; y", "<h1><em>x</em> &amp; y</h1>", "x & y"),
        ("<em>x</em>", "<meta property='og:title' content='&lt;em>x&lt;/em>'>", "<em>x</em>"),
        ("It&#8217;s", "<meta property='og:title' content='It&amp;#8217;s'><h1>It&#8217;s</h1>", "It’s"),
        ("It&#8217;s", "<h1>Another</h1>", "It’s"),
    ],
)
def test_whether_a_headline_is_html_says_the_page(given: str, around: str, shown: str) -> None:
    script = json.dumps(news(headline=given)).replace("</", "<\\/")
    assert item(ld(script, around)).fields["headline"] == shown


@pytest.mark.parametrize(
    ("html", "kind"),
    [
        ("<meta charset='iso-8859-1'>é".encode("cp1252"), "text/html"),
        ("<meta charset='utf-8'>é".encode("cp1252"), "text/html; charset=iso-8859-1"),
        ("<meta charset='iso-8859-1'>é".encode(), "text/html; charset=iso-8859-1"),
        ("é".encode("utf-8-sig"), "text/html; charset=ascii"),
        ("<p>é".encode("utf-16"), "text/html"),
        ("é".encode("cp1252"), ""),
        ("<meta http-equiv=content-type content='text/html; charset=koi8-r'>и".encode("koi8-r"), "text/html"),
    ],
)
def test_the_encoding_is_what_the_bytes_show_then_what_is_said(html: bytes, kind: str) -> None:
    assert page_of(html, kind).body.text().strip() in ("é", "и")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("caption", "split"),
    [
        ("The harbour (Photo: Jo Doe)", ("The harbour", "Jo Doe")),
        ("De haven. (Foto's: A en B)", ("De haven.", "A en B")),
        ("De haven (Foto’s: A)", ("De haven", "A")),
        ("Der Hafen (Foto: dpa/Li).", ("Der Hafen", "dpa/Li")),
        ("Le port (Crédit photo : Jean)", ("Le port", "Jean")),
        ("The harbour (© Ann (AP))", ("The harbour", "Ann (AP)")),
        ("港（写真：山田）", ("港", "山田")),
        ("The harbour (left)", ("The harbour (left)", "")),
        ("The harbour (photos)", ("The harbour (photos)", "")),
        ("(Photo: Jo) The harbour", ("(Photo: Jo) The harbour", "")),
        ("A (Photo: )", ("A (Photo: )", "")),
        (")", (")", "")),
        ("", ("", "")),
    ],
)
def test_a_credit_at_the_end_of_a_caption_stands_apart(caption: str, split: tuple[str, str]) -> None:
    assert caption_and_credit(caption) == split


def test_the_figure_of_the_picture_is_not_in_the_text_once_more() -> None:
    picture = "<img data-src='/i/h-800x450.webp' src='data:,' alt='Boats'>"
    figure = f"<figure>{picture}<figcaption>Boats (Foto: Li)</figcaption></figure>"
    other = "<figure><img data-src='/i/z.jpg'></figure>"
    found = item(ld(news(image=["/i/h.jpg"]), f"<article><p>One.</p>{figure}{other}</article>"))
    image = {"file": "https://quay.example/i/h.jpg", "alt": "Boats", "caption": "Boats", "credit": "Li"}
    assert found.fields["image"] == image
    assert found.html == '<p>One.</p><figure><img data-src="/i/z.jpg" src="/i/z.jpg"></figure>'


FIGURE = "<figure><img data-src='/i/h.jpg' alt='Boats'><figcaption>Sold (Foto: Li)</figcaption></figure>"


def test_a_picture_of_a_closed_text_is_nobodys_lead_and_stays_in_the_text() -> None:
    found = item(ld(news(isAccessibleForFree=False), f"<article><p>One.</p>{FIGURE}</article>"))
    assert (found.fields["image"]["alt"], found.html) == ("Boats", "<p>One.</p>")
    assert found.closed_image == {}
    assert found.closed_html == f"<p>One.</p>{FIGURE}".replace("'", '"').replace(
        'alt="Boats">', 'alt="Boats" src="/i/h.jpg">'
    )


@pytest.mark.parametrize(
    "named", [{"image": "/i/h.jpg"}, {"image": {"url": "/i/h.jpg", "caption": "A port"}}]
)
def test_of_a_named_picture_a_closed_text_adds_no_word(named: dict[str, Any]) -> None:
    found = item(ld(news(**named), f"<article><p>One.</p>{FIGURE}</article>"))
    assert found.fields["image"]["alt"] == "Boats"
    caption = "A port" if isinstance(named["image"], dict) else ""
    file = "https://quay.example/i/h.jpg"
    assert found.closed_image == {"file": file, "alt": "", "caption": caption, "credit": ""}
    assert found.closed_html == ""


@pytest.mark.parametrize(
    ("text", "is_anybodys"),
    [
        (f"<p>One.</p>{FIGURE}<div class='wall'><p>Two.</p></div>", True),
        (f"<p>One.</p><div class='wall'><p>Two.</p></div>{FIGURE}", False),
        (f"<p>One.</p><div class='wall'>{FIGURE}<p>Two.</p></div>", False),
        (FIGURE.replace("<figcaption>", "<figcaption class='wall'>"), False),
        (FIGURE.replace("<figure>", "<figure class='wall'>"), False),
    ],
)
def test_what_stands_before_the_wall_is_anybodys(text: str, is_anybodys: bool) -> None:
    part = {"isAccessibleForFree": False, "cssSelector": ".wall"}
    found = item(ld(news(isAccessibleForFree=False, hasPart=part), f"<article>{text}</article>"))
    assert found.closed_image == (found.fields["image"] if is_anybodys else {})
    assert "Boats" not in found.opening


def test_the_text_is_the_article_s_paragraphs_without_what_stands_around_them() -> None:
    html = (
        "<main><article><p>A card.</p></article>"
        "<article><header><h1>H</h1></header><p class='byline'>By Jo</p>"
        "<p>One.</p><script>x</script><noscript><p>n</p></noscript><div><p>Two.</p></div><aside><p>no</p></aside>"
        "<ul class='share-bar'><li>x</li></ul><ul><li><a href='/x'>See</a></li></ul><ul><li>Item</li></ul>"
        "<form><p>Mail</p></form></article></main>"
    )
    assert text_of(page_of(html.encode(), ""), "", []).html == "<p>One.</p><p>Two.</p><ul><li>Item</li></ul>"
    chosen = text_of(page_of(html.encode(), ""), "article:last-of-type > p", []).html
    assert chosen == '<p class="byline">By Jo</p><p>One.</p>'


@pytest.mark.parametrize(
    "html",
    ["<frameset><frame src='/a'></frameset>", "<p>unclosed <b>x<i>y</p></div>", "", "\x00\x00", "<" * 9_000],
)
def test_odd_pages_have_no_text_and_break_nothing(html: str) -> None:
    assert text_of(page_of(html.encode(), ""), "", []).html == ""


def test_relative_addresses_stand_for_what_the_page_says() -> None:
    found = item("<base href='/elsewhere/'>" + ld(news(), "<article><p><a href='x'>l</a></p></article>"))
    assert found.html == '<p><a href="https://quay.example/elsewhere/x">l</a></p>'


def test_a_description_that_a_machine_cut_is_no_teaser() -> None:
    body = (
        "<article><p>The harbour opens after years of work. Nobody knows why it took so long.</p></article>"
    )
    for description in (
        "The harbour opens after…",
        "The harbour opens after years of work. Nobody knows why it",
    ):
        assert item(ld(news(description=description), body)).fields["teaser"] == ""
    assert (
        item(ld(news(description="What it means &amp; why"), body)).fields["teaser"] == "What it means & why"
    )


@pytest.mark.parametrize(
    ("html", "split"),
    [
        ("<span>Kaap</span>Better homes", ("Kaap", "Better homes")),
        ("<h3><span>Sponsored</span><span>Kaap</span><b>Bet</b>ter homes</h3>", ("Kaap", "Better homes")),
        ("<div>Sponsored by Kaap Bank</div> <div>Better homes</div>", ("Kaap Bank", "Better homes")),
        ("<em>Why</em> we care", ("", "")),
        ("<div>Better homes</div><div>Kaap</div>", ("", "")),
        ("<h3>Better homes</h3><span>Kaap</span>", ("", "")),
        ("KaapBetter homes", ("", "")),
        ("<span>Sponsor</span>Better homes", ("", "")),
        ("", ("", "")),
    ],
)
def test_sponsor_and_headline_are_split_at_an_element_s_boundary(html: str, split: tuple[str, str]) -> None:
    node = page_of(f"<a>{html}</a>".encode(), "").css_first("a")
    assert node is not None
    assert by_boundary(node) == split


def test_sponsor_and_headline_are_split_by_a_name_that_is_given() -> None:
    assert by_name("KaapBetter homes", ["Ka", "kaap"]) == ("kaap", "Better homes")
    assert by_name("Sponsored: Kaap – Better homes", ["Kaap"]) == ("Kaap", "Better homes")
    assert by_name("Kaap", ["Kaap"]) == ("", "")
    place = Place(("partners",), is_sponsored=True, sponsor="Kaap", headline="Better homes")
    assert item(ld(news(headline="KaapBetter homes")), place).fields["headline"] == "Better homes"
    assert item(ld(news(headline="Kaap opens a shop")), place).fields["headline"] == "Kaap opens a shop"


def listed(html: str, listing: ListSettings = LIST, sponsors: list[str] | None = None) -> list[Listed]:
    return list(listing_of(page_of(html.encode(), ""), listing, listing.url, SITE, sponsors).items)


def test_without_a_selector_links_that_look_like_articles_are_listed_once() -> None:
    html = (
        "<nav><a href='/news/the-nav-is-no-list'>x</a></nav><main>"
        "<a href='/news/the-harbour-opens?utm_source=x'><img></a>"
        "<h3><a href='/news/the-harbour-opens#top'>The <b>harbour</b> &amp; us</a></h3>"
        "<a href='/2026/03/10/opera'>Opera</a><a href='/artikel-4711.html'>x</a><a href='/tag/a-b-c-d'>t</a>"
        "<a href='/contact'>c</a><a href='/politics'>p</a><a href='https://else.example/a-b-c-d'>e</a>"
        "<a href='javascript:x'>j</a><aside><a href='/news/in-the-side-bar'>s</a></aside></main>"
    )
    found = [(one.address.removeprefix("https://www.quay.example"), one.headline) for one in listed(html)]
    assert found == [
        ("/news/the-harbour-opens", "The harbour & us"),
        ("/2026/03/10/opera", "Opera"),
        ("/artikel-4711.html", "x"),
    ]


def test_an_item_s_mark_changes_with_its_teaser_and_not_with_the_hour() -> None:
    def mark(teaser: str, hour: str) -> str:
        when = f"<time>{hour} and so on, for more than forty letters</time>"
        row = f"<li><h3><a href='/a'>A</a></h3><p>{teaser}</p>{when}"
        (one,) = listed(f"{row}<span>{hour}</span></li>", ListSettings(LIST.url, "politics", select="li"))
        return one.mark

    first = mark("A teaser that is longer than a counter or an hour is", "2 min")
    assert mark("A teaser that is longer than a counter or an hour is", "3 min") == first
    assert mark("A teaser that is longer than a counter or an hour was", "2 min") != first


def test_what_a_list_s_selectors_find_in_vain_is_told() -> None:
    listing = ListSettings(LIST.url, "politics", select="li")
    html = "<li><a href='/news/a'>A</a><li>none<li><a href='https://else.example/x'>B</a>"
    problems = listing_of(page_of(html.encode(), ""), listing, LIST.url, SITE, None).problems
    assert [one[:40] for one in problems] == [
        "1 of what its `select` finds have no lin",
        "1 of what its `select` finds lead to oth",
    ]


SITEMAP = """<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
 xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" xmlns:image="urn:i">
<url><loc> https://quay.example/old?utm_medium=x </loc><lastmod>2026-03-01</lastmod></url>
<url><loc>https://quay.example/new</loc><image:image><image:loc>https://quay.example/i.jpg</image:loc>
<image:title>no</image:title></image:image>
<news:news><news:publication><news:name>no</news:name></news:publication>
<news:publication_date>2026-03-10T06:00:00+01:00</news:publication_date><news:title>A &amp; b</news:title>
</news:news></url>
<url><loc>https://else.example/x</loc></url></urlset>"""


def test_a_news_sitemap_lists_the_newest_first() -> None:
    zone = ZoneInfo("Europe/Brussels")
    assert is_sitemap(SITEMAP.encode(), "text/html")
    found = sitemap_of(SITEMAP.encode(), "", "https://quay.example/s.xml", SITE, zone)
    assert [(one.address, one.headline, one.published) for one in found.items] == [
        ("https://quay.example/new", "A & b", "2026-03-10T05:00:00+00:00"),
        ("https://quay.example/old", "", ""),
    ]
    assert found.strangers == 1
    newer = "<sitemap><loc>/2.xml</loc><lastmod>2026-01-01</lastmod></sitemap>"
    index = f"<sitemapindex><sitemap><loc>/1.xml</loc></sitemap>{newer}</sitemapindex>"
    found = sitemap_of(index.encode(), "", "https://quay.example/s.xml", SITE, zone)
    assert found.sitemaps == ("https://quay.example/2.xml", "https://quay.example/1.xml")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x1f\x8b\x08", "packed file"),
        (b'<!DOCTYPE u [<!ENTITY a "aaaa">]><urlset><url><loc>&a;</loc></url></urlset>', "DTD"),
        (b"<urlset><url><loc>https://quay.example/a", "not well-formed XML from line 1"),
        (b"<urlset>" + b"<a>" * 9_000, "not well-formed"),
    ],
)
def test_a_sitemap_that_cannot_be_read_says_why(data: bytes, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        assert is_sitemap(data, "application/xml")
        sitemap_of(data, "", "https://quay.example/s.xml", SITE, ZoneInfo("UTC"))


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("/a?utm_source=x&id=7&fbclid=y#top", "https://quay.example/a?id=7"),
        ("HTTPS://Quay.Example:443/a", "https://quay.example/a"),
        ("/a?b=%C3%A9&c", "https://quay.example/a?b=%C3%A9&c"),
        ("mailto:a@b.example", ""),
        ("javascript:alert(1)", ""),
        ("http://[", ""),
        ("", ""),
    ],
)
def test_an_address_goes_without_fragment_and_what_counts_visits(link: str, address: str) -> None:
    assert address_of(link, "https://quay.example/x") == address


def test_a_reference_is_the_path_and_survives_another_host_and_scheme() -> None:
    assert SITE.reference("https://www.quay.example/2026/caf%C3%A9/?id=7") == "2026/café?id=7"
    assert SITE.reference("http://quay.example/a") == SITE.reference("https://www.quay.example/a") == "a"
    assert SITE.reference("https://sport.example/a") == "sport.example//a"
    assert SITE.reference("https://quay.example/" + "x" * 900).startswith("sha256/")
    assert not SITE.owns("https://quay.example/")
    assert not SITE.owns(LIST.url)
    assert looks_like_article("https://quay.example/a/the-harbour-opens")
    assert not looks_like_article("https://quay.example/a/harbour")


def test_what_is_gone_from_the_midst_of_a_list_was_taken_out() -> None:
    assert taken_out(["a", "b", "c", "d"], {"new", "a", "c"}) == ["b"]
    assert taken_out(["a", "b"], {"c", "d"}) == []


def test_due_are_new_ones_of_each_list_in_turn_then_changed_ones() -> None:
    ledger = Ledger()
    one, two = ([Listed(f"{name}{number}", "H", "m") for number in range(2)] for name in "ab")
    ledger.put("1", one, is_dated=False)
    ledger.put("2", two, is_dated=False)
    assert ledger.due(NOW) == ["a0", "b0", "a1", "b1"]
    ledger.note("b0", NOW, reference="b0")
    ledger.put("2", [Listed("b0", "Other", "n"), two[1]], is_dated=False)
    assert ledger.due(NOW) == ["a0", "a1", "b1", "b0"]
    ledger.failed("a0", NOW)
    assert ledger.due(NOW) == ["a1", "b1", "b0", "a0"]
    assert Ledger.of(json.loads(json.dumps(ledger.notes(NOW)))).notes(NOW) == ledger.notes(NOW)


def test_nothing_that_is_kept_shows_a_body() -> None:
    page = page_of(article_page("a").encode(), "")
    told = told_of(page, BASE, SETTINGS, samples.newsroom())
    assert "Secret" not in repr(text_of(page, "", [])) + repr(told)


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 9_000,
        "<p>x" + "<figure><img src=/a>" * 100_000,
        "".join(f"<b id={number}>" for number in range(100)) + "<p>x" * 1_000_000,
        "<div>" * 129 + "x" + "</div>" * 129,
    ],
)
def test_a_page_that_would_take_hours_is_refused_in_no_time(html: str) -> None:
    began = perf_counter()
    with pytest.raises(SourceError, match="more than 128 elements are nested"):
        page_of(html.encode(), "text/html")
    assert perf_counter() - began < 20


def test_a_page_that_is_merely_untidy_is_read() -> None:
    html = "<b>" * 9 + "<p>One<span>" * 40 + "</x></b>" + "<div><p>Two</div>" * 5_000
    assert page_of(html.encode(), "text/html").css_first("p") is not None


def test_the_text_is_the_one_under_the_headline_however_short() -> None:
    cards = (
        "<div><article><p>Much more text than there.</p></article><article><p>And more.</p></article></div>"
    )
    html = f"<main><article><header><h1>H</h1></header><p>One.</p></article>{cards}</main>"
    assert text_of(page_of(html.encode(), ""), "", []).html == "<p>One.</p>"
    assert text_of(page_of(html.replace("<p>One.</p>", "").encode(), ""), "", []).html == ""
    html = f"<main><h1>H</h1><section><article><p>One.</p></article></section>{cards}</main>"
    assert text_of(page_of(html.encode(), ""), "", []).html == "<p>One.</p>"


def test_what_the_lists_page_says_of_itself_is_no_article_s() -> None:
    site = frozenset(mark_of(one) for one in ("News from the river.", "/cover.jpg"))
    about = "<meta name=description content='News from the river.'>"
    metas = f"<meta property='og:image' content='/cover.jpg'>{about}"
    page = ld(news(), metas + "<article><figure><img src='/own.jpg'></figure></article>")
    fields = item(page, Place(("politics",), shared=site)).fields
    assert (fields["teaser"], fields["image"]["file"]) == ("", "https://quay.example/own.jpg")
    fields = item(page).fields
    assert (fields["teaser"], fields["image"]["file"]) == (
        "News from the river.",
        "https://quay.example/cover.jpg",
    )
