"""What a feed's bytes say, in every format: no network, no database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from content.sources import Problem
from content.sources.feed import one_each, parsed
from content.sources.feed_dates import moment
from content.sources.feed_story import Story, address_of, is_locked, item_of
from content.sources.feed_words import line_of_either, text_and_teaser
from content.sources.item import Item
from newsroom.errors import SourceError
from newsroom.web import Answer

BRUSSELS = ZoneInfo("Europe/Brussels")
AT = "https://quay.example/feed.xml"
NAMES = (
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:media="http://search.yahoo.com/mrss/" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
)
DATED = "<pubDate>Tue, 10 Mar 2026 06:00:00 GMT</pubDate>"


def document(text: str | bytes, content_type: str = "application/xml", **wishes: Any) -> Any:
    data = text.encode() if isinstance(text, str) else text
    wishes.setdefault("summaries", False)
    return parsed(Answer(AT, 200, {"content-type": content_type}, data), **wishes)


def items(text: str | bytes, content_type: str = "application/xml", **wishes: Any) -> dict[str, Item]:
    """By reference; each of them can be used."""
    found = {}
    for reference, story in one_each(document(text, content_type, **wishes).stories):
        item = item_of(story, reference, BRUSSELS, "")
        assert isinstance(item, Item), item
        found[reference] = item
    return found


def rss(*inside: str, head: str = "") -> str:
    each = "".join(f"<item>{one}</item>" for one in inside)
    start = f'<?xml version="1.0"?><rss version="2.0" {NAMES}><channel>'
    return f"{start}<title>Q</title>{head}{each}</channel></rss>"


def atom(*inside: str, head: str = "", attributes: str = "") -> str:
    each = "".join(f"<entry>{one}</entry>" for one in inside)
    return f'<feed xmlns="http://www.w3.org/2005/Atom" {attributes}><title>Q</title>{head}{each}</feed>'


def one(text: str | bytes, content_type: str = "application/xml", **wishes: Any) -> Item:
    (item,) = items(text, content_type, **wishes).values()
    return item


def of_rss(inside: str, **wishes: Any) -> Item:
    return one(rss(f"<link>https://quay.example/a</link>{DATED}{inside}"), **wishes)


# Formats


def test_an_item_of_rss_as_a_newsroom_writes_it() -> None:
    item = one(
        rss(
            "<title>The bridge reopens</title><link>https://quay.example/news/bridge.html?utm_source=rss&amp;id=3</link>"
            f'<guid isPermaLink="false">post-7</guid>{DATED}'
            "<dc:creator>Nele Verstraete</dc:creator><dc:creator><![CDATA[Ann & Bo]]></dc:creator>"
            "<author>desk@quay.example (The desk)</author>"
            '<category domain="x">City Hall</category><dc:subject>Water</dc:subject>'
            '<itunes:category text="News"/><itunes:keywords>Boats, digest-lead</itunes:keywords>'
            "<description>Two years of &lt;em&gt;work&lt;/em&gt;.</description>"
            "<content:encoded><![CDATA[<p>The <a href='/b'>text</a> &amp; more.</p>]]></content:encoded>",
            head="<language>nl-be</language>",
        )
    )
    assert (item.reference, item.place) == ("post-7", "https://quay.example/news/bridge.html")
    assert dict(item.fields) == {
        "headline": "The bridge reopens",
        "teaser": "Two years of work.",
        "authors": ("Nele Verstraete", "Ann & Bo", "The desk"),
        "published": "2026-03-10T06:00:00+00:00",
        "updated": "",
        "url": "https://quay.example/news/bridge.html?id=3",
        "slug": "bridge",
        "language": "nl-be",
        "image": {},
    }
    assert item.html == "<p>The <a href='/b'>text</a> &amp; more.</p>"
    names = ("City Hall", "city-hall", "Water", "water", "News", "news", "Boats", "boats", "digest-lead")
    assert item.sections == item.tags == names
    assert item.access is None


@pytest.mark.parametrize(
    ("text", "published"),
    [
        (
            (
                '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" '
                '"http://my.netscape.com/publish/formats/rss-0.91.dtd">\n<rss version="0.91"><channel><item>'
                "<title>The bridge</title><link>https://quay.example/a</link>"
                "<pubDate>10 Mar 26 06:00 EST</pubDate></item></channel></rss>"
            ),
            "2026-03-10T11:00:00+00:00",
        ),
        (
            (
                '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
                f'xmlns="http://purl.org/rss/1.0/" {NAMES}><channel rdf:about="x"><title>Q</title></channel>'
                '<item rdf:about="https://quay.example/a"><title>The bridge</title>'
                "<link>https://quay.example/a</link><dc:date>2026-03-10</dc:date></item></rdf:RDF>"
            ),
            "2026-03-09T23:00:00+00:00",
        ),
        (
            (
                '<feed version="0.3" xmlns="http://purl.org/atom/ns#"><entry><title>The bridge</title>'
                '<link rel="alternate" type="text/html" href="https://quay.example/a"/><id>https://quay.example/a</id>'
                "<issued>2026-03-10T06:00:00+01:00</issued><modified>2026-03-10T08:00:00Z</modified></entry></feed>"
            ),
            "2026-03-10T05:00:00+00:00",
        ),
        (
            atom(
                "<title>The bridge</title><id>https://quay.example/a</id><link href='https://quay.example/a'/>"
                "<updated>2026-03-10T06:00:00Z</updated>"
            ),
            "2026-03-10T06:00:00+00:00",
        ),
    ],
    ids=["rss 0.91", "rdf", "atom 0.3", "atom 1.0"],
)
def test_every_format(text: str, published: str) -> None:
    item = one(text)
    assert item.reference == "https://quay.example/a"
    assert (item.fields["headline"], item.fields["published"]) == ("The bridge", published)


def test_atom_with_bases_languages_and_a_shared_author() -> None:
    found = items(
        atom(
            "<id>urn:1</id><title>A</title><link href='a1'/><published>2026-03-10T06:00:00Z</published>"
            "<updated>2026-03-11T06:00:00+01:00</updated><category term='city-hall' label='City Hall'/>"
            "<summary>Short &lt; &amp;amp;</summary><content type='xhtml' xml:lang='fr'>"
            "<div xmlns='http://www.w3.org/1999/xhtml'><p>A <a href='z'>z</a><br/>&lt;b></p></div></content>",
            "<id>urn:2</id><title>B</title><link href='a2'/><updated>2026-03-11T06:00:00Z</updated>"
            "<author><name>Jo</name><email>jo@quay.example</email></author><author><name>Di</name></author>"
            "<content>One &lt; two.\n\nNext.</content>",
            head="<author><name>The desk</name></author>",
            attributes='xml:base="https://quay.example/x/" xml:lang="nl"',
        )
    )
    first, second = found["urn:1"], found["urn:2"]
    assert (first.fields["url"], first.fields["authors"]) == ("https://quay.example/x/a1", ("The desk",))
    assert (first.fields["language"], first.fields["teaser"]) == ("fr", "Short < &amp;")
    assert first.fields["updated"] == "2026-03-11T05:00:00+00:00"
    assert first.html == '<p>A <a href="https://quay.example/x/z">z</a><br>&lt;b&gt;</p>'
    assert first.sections == ("City Hall", "city-hall")
    assert (second.fields["language"], second.fields["authors"]) == ("nl", ("Jo", "Di"))
    assert second.html == "<p>One &lt; two.</p><p>Next.</p>"


@pytest.mark.parametrize("version", ["1", "1.1"])
def test_json_feed(version: str) -> None:
    author = '"author": {"name": "Nele"}' if version == "1" else '"authors": [{"name": "Nele"}, {"url": "x"}]'
    item = one(
        f'\ufeff{{"version": "https://jsonfeed.org/version/{version}", "language": "nl", "items": ['
        f'{{"id": 17, "url": "/a", "title": "Bread &amp; <b> 😀", "content_html": "<p>Whole</p>", {author},'
        '"summary": "A < b", "date_published": "2026-03-10T06:00:00.5+01:00", "tags": ["City Hall"],'
        '"date_modified": "2026-03-10T08:00:00Z", "banner_image": "/wide.png", "image": "/lead.png"}]}'
    )
    assert (item.reference, item.fields["url"]) == ("17", "https://quay.example/a")
    assert item.fields["headline"] == "Bread &amp; <b> 😀"
    assert (item.fields["teaser"], item.html) == ("A < b", "<p>Whole</p>")
    assert (item.fields["authors"], item.fields["language"]) == (("Nele",), "nl")
    assert item.fields["published"] == "2026-03-10T05:00:00+00:00"
    assert item.fields["updated"] == "2026-03-10T08:00:00+00:00"
    assert item.fields["image"]["file"] == "https://quay.example/lead.png"  # type: ignore[index]
    assert item.sections == ("City Hall", "city-hall")


def test_text_of_json_is_no_html_and_what_is_no_item_is_said() -> None:
    found = document(
        '{"version": "https://jsonfeed.org/version/1.1", "expired": true, "items": [3, {"id": "a", '
        '"url": "https://quay.example/a", "content_text": "a < b\\n\\nc", "title": null, "tags": "x"}]}'
    )
    assert found.broken == (1,)
    assert found.problems == ("it says that it has ended: nothing will come to it any more",)
    assert found.stories[0].text == "<p>a &lt; b</p><p>c</p>"


# Titles


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("5 &lt; 6 &amp; 7", "5 < 6 & 7"),
        ("Bread &amp;amp; roses", "Bread & roses"),
        ("<![CDATA[Bread &amp; roses &#8217;t]]>", "Bread & roses ’t"),
        ("<![CDATA[AT&T and R&D;]]>", "AT&T and R&D;"),
        ("&lt;em&gt;Now&lt;/em&gt; &amp;lt;b&amp;gt;", "Now <b>"),
        ("List&lt;T&gt; and the &lt;b&gt; tag", "List<T> and the <b> tag"),
        ("One&lt;br/&gt;two", "One two"),
        ("&amp;amp;amp;", "&amp;"),
        ("أخبار 日本語 😀 &#x1F600;", "أخبار 日本語 😀 😀"),
        ("A\n  line\tbreak", "A line break"),
        ("Zero\u200bwidth \u202eturned", "Zero\u200bwidth turned"),
    ],
)
def test_a_title_of_rss_is_right_to_the_letter(written: str, read: str) -> None:
    assert of_rss(f"<title>{written}</title>").fields["headline"] == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("<title>A &amp;amp; &lt;b&gt;B&lt;/b&gt; &lt; c</title>", "A &amp; <b>B</b> < c"),
        ('<title type="text">&lt;i&gt;</title>', "<i>"),
        ('<title type="html">A &amp;amp; &lt;b&gt;B&lt;/b&gt; &lt; c &amp;#8217;</title>', "A & B < c ’"),
        ('<title type="html"><![CDATA[A &amp;lt;b>]]></title>', "A &lt;b>"),
        (
            (
                '<title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">A <em>B</em> &amp;amp; &lt;'
                "</div></title>"
            ),
            "A B &amp; <",
        ),
    ],
)
def test_a_title_of_atom_is_what_its_type_says(written: str, read: str) -> None:
    item = one(atom(f"{written}<link href='/a'/><updated>2026-03-10T06:00:00Z</updated>"))
    assert item.fields["headline"] == read


def test_a_title_of_a_hundred_thousand_tags() -> None:
    assert line_of_either("<b>" * 100_000 + "x</b>") == "x"


def test_a_title_of_a_picture_is_not_the_articles() -> None:
    item = of_rss(
        '<media:content url="/p.jpg" type="image/jpeg"><media:title>A boat</media:title></media:content>'
        "<title>Headline</title>"
    )
    assert item.fields["headline"] == "Headline"


# What is the text, and what the teaser

BODY = "<p>The city opens the old bridge again today.</p><p>For subscribers: what it cost, and who paid.</p>"


@pytest.mark.parametrize(
    ("summary", "teaser"),
    [
        ("After two years of work.", "After two years of work."),
        ("The city opens the old bridge again today.", "The city opens the old bridge again today."),
        ("<p>The city opens the old [&#8230;]</p>", ""),
        ("The city opens the old bridge again today. For subs…", ""),
        ("Otherwise begun, broken off...", "Otherwise begun, broken off..."),
        (BODY, ""),
        ("The city opens the old bridge again today. For subscribers: what it cost, and", ""),
        ("long " * 200, ""),
        (
            (
                "<p>Short.</p><p>The post <a href='https://quay.example/a?x=1'>A</a> appeared first on "
                "<a href='https://quay.example'>Q</a>.</p>"
            ),
            "Short.",
        ),
        ("Short. <a href='https://quay.example/a#more'>Read on</a>", "Short."),
        ("", ""),
    ],
)
def test_a_description_beside_the_text_is_the_teaser_unless_a_machine_made_it(
    summary: str, teaser: str
) -> None:
    assert text_and_teaser(BODY, summary, "https://quay.example/a", "") == (BODY, teaser)


def test_an_excerpt_that_names_the_film_that_the_text_shows() -> None:
    body = "<p>Classic paragraph one, and another.</p><iframe src='https://films.example/7'></iframe>"
    excerpt = "Classic paragraph one, and another. https://films.example/7"
    assert text_and_teaser(body, excerpt, "", "") == (body, "")
    before = f"<figure><img src='/a.jpg'><figcaption>A boat.</figcaption></figure>{body}"
    assert text_and_teaser(before, excerpt.partition(" https")[0], "", "") == (before, "")
    assert text_and_teaser("<img src='/a.jpg'>", "In short.", "", "") == ("<img src='/a.jpg'>", "In short.")


def test_pictures_of_emoji_are_characters_and_never_the_articles_picture() -> None:
    emoji = (
        '<img src="https://s.w.org/images/core/emoji/14.0.0/72x72/1f600.png" alt="😀" class="wp-smiley" />'
    )
    item = of_rss(f"<description><![CDATA[<p>Well {emoji} done</p>]]></description>")
    assert (item.html, item.fields["image"]) == ("<p>Well 😀 done</p>", {})


def test_a_description_alone_is_the_text() -> None:
    item = of_rss("<description>&lt;p&gt;All of it.&lt;/p&gt;</description>")
    assert (item.html, item.fields["teaser"]) == ("<p>All of it.</p>", "")


def test_a_description_alone_is_the_teaser_where_the_operator_says_so() -> None:
    item = of_rss("<description>&lt;p&gt;In short.&lt;/p&gt;</description>", summaries=True)
    assert (item.html, item.fields["teaser"]) == ("", "In short.")
    item = of_rss(f"<description>{'long ' * 200}</description>", summaries=True)
    assert (item.html[:9], item.fields["teaser"]) == ("long long", "")


def test_a_summary_of_atom_is_a_teaser_by_itself() -> None:
    item = one(atom("<link href='/a'/><updated>2026-03-10T06:00:00Z</updated><summary>In short.</summary>"))
    assert (item.html, item.fields["teaser"]) == ("", "In short.")


@pytest.mark.parametrize("first", [True, False])
def test_what_is_said_of_a_picture_is_never_the_text(first: bool) -> None:
    picture = (
        '<media:content url="/p.jpg" medium="image"><media:description>A boat.</media:description>'
        "</media:content><itunes:summary>Other words</itunes:summary>"
    )
    words = "<description>All of it.</description>"
    item = of_rss(f"{picture}{words}" if first else f"{words}{picture}")
    assert (item.html, item.fields["teaser"]) == ("All of it.", "")
    assert item.fields["image"]["caption"] == "A boat."  # type: ignore[index]


def test_the_text_before_the_description() -> None:
    item = of_rss(
        "<content:encoded>&lt;p&gt;Whole, and long enough.&lt;/p&gt;</content:encoded>"
        "<description>Short.</description>"
    )
    assert (item.html, item.fields["teaser"]) == ("<p>Whole, and long enough.</p>", "Short.")


def test_a_text_that_is_a_picture_or_elsewhere_is_none() -> None:
    item = one(
        atom(
            "<link href='/a'/><updated>2026-03-10T06:00:00Z</updated>"
            "<content type='image/png'>iVBORw0KGgo=</content>"
        )
    )
    assert item.html == ""


# Pictures


@pytest.mark.parametrize(
    ("inside", "picture"),
    [
        (
            (
                '<media:group><media:content url="/s.jpg" width="9"/><media:content url="/w.jpg" width="900">'
                "<media:description>Bridge &amp;amp; river</media:description><media:credit>Jo</media:credit>"
                "<media:credit>Quay</media:credit></media:content><media:title>Bridge</media:title></media:group>"
                '<media:thumbnail url="/t.jpg" width="150"/><media:credit>Nobody</media:credit>'
            ),
            ("/w.jpg", "Bridge", "Bridge & river", "Jo, Quay"),
        ),
        (
            '<media:thumbnail url="/s.jpg"/><media:thumbnail url="/t.jpg" width="800"/>',
            ("/t.jpg", "", "", ""),
        ),
        (
            (
                '<media:content url="/f.mp4" medium="video" width="1920"><media:thumbnail url="/still.jpg"/>'
                "</media:content>"
            ),
            ("/still.jpg", "", "", ""),
        ),
        (
            '<enclosure url="/a.mp3" type="audio/mpeg"/><enclosure url="/e.jpg" type="image/jpeg"/>',
            ("/e.jpg", "", "", ""),
        ),
        ('<itunes:image href="/i.jpg"/>', ("/i.jpg", "", "", "")),
        (
            (
                "<description>&lt;img src='/pixel.gif' width='1'&gt;"
                "&lt;img src='/b.jpg' alt='A boat'&gt;</description>"
            ),
            ("/b.jpg", "A boat", "", ""),
        ),
        (
            '<media:content url="/b.jpg"/><description>&lt;img src="/b.jpg" alt="A boat"&gt;</description>',
            ("/b.jpg", "A boat", "", ""),
        ),
        ('<media:content url="javascript:x" medium="image"/>', None),
        ('<media:content medium="image"/>', None),
    ],
)
def test_the_picture_is_the_widest_that_is_named_else_the_first_of_the_text(
    inside: str, picture: Sequence[str] | None
) -> None:
    image = of_rss(inside).fields["image"]
    expected = dict(zip(("file", "alt", "caption", "credit"), picture, strict=True)) if picture else {}
    if expected:
        expected["file"] = f"https://quay.example{expected['file']}"
    assert image == expected


# Passwords


@pytest.mark.parametrize(
    ("title", "summary", "is_it"),
    [
        ("Geschützt: Hafen", "Es gibt keinen Textauszug, da dies ein geschützter Beitrag ist.", True),
        ("Beveiligd: Haven", "Er is geen samenvatting omdat dit een beveiligd bericht is.", True),
        ("Protégé : Port", "Il n’y a pas d’extrait, car cette publication est protégée.", True),
        ("Protegido: Puerto", "No hay extracto porque es una entrada protegida.", True),
        ("Protetto: Porto", "Non c’è alcun riassunto perché si tratta di un articolo protetto.", True),
        ("Protected: the harbour seals", "Nobody may hunt them any more.", False),
        ("The seals are protected", "They are a protected species.", False),
        ("Protected: the seals", f"A protected species. {'And more words. ' * 20}", False),
    ],
)
def test_what_wordpress_locks_is_known_by_its_words(title: str, summary: str, is_it: bool) -> None:
    story = Story(1, headline=title, summary=f"<p>{summary}</p>")
    assert is_locked(story) is is_it
    assert not is_locked(replace(story, text="<p>All of it.</p>"))


# Dates


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("Tue, 10 Mar 2026 06:00:00 +0100", "05:00"),
        ("Tue, 10 Mar 2026 06:00:00", "05:00"),
        ("Tue, 10 March 2026 06:00:00 GMT+01:00", "05:00"),
        ("10 Mar 26 06:00 EST", "11:00"),
        ("Tue, 10 Mar 2026 06:00:00 CEST", "04:00"),
        ("Tue, 10 Mar 2026 06:00:00 -0000", "06:00"),
        ("Tue, 10 Mar 2026 06:00:00 Z (UTC)", "06:00"),
        ("Tue Mar 10 06:00:00 2026", "05:00"),
        ("2026-03-10T06:00:00Z", "06:00"),
        ("2026-03-10t06:00:00.123456789-0100", "07:00"),
        ("2026-03-10 6:00", "05:00"),
        (" 2026-03-10\n06:00:00 UTC ", "06:00"),
    ],
)
def test_dates_in_every_form_that_feeds_have(written: str, utc: str) -> None:
    found = moment(written, BRUSSELS)
    assert found is not None
    assert found.astimezone(ZoneInfo("UTC")).isoformat() == f"2026-03-10T{utc}:00+00:00"


def test_a_day_alone_begins_in_the_newsroom() -> None:
    for written in ("2026-03-10", "10 Mar 2026", "Tue, 10 Mar 2026"):
        assert str(moment(written, BRUSSELS)) == "2026-03-10 00:00:00+01:00"


@pytest.mark.parametrize(
    "written",
    [
        *("", "yesterday", "2026", "2026-03", "31 Feb 2026 06:00 GMT", "Mon, 30 Nov -0001 00:00:00 +0000"),
        *("0000-00-00 00:00:00", "0001-01-01T00:00:00", "9999-12-31T23:59:59-12:00", "1773118800"),
        *("Tue, 10 Mar 2026 06:00:00 XYZ", "03/10/2026 06:00", "12 maart 2026 06:00", "+", "1 " * 1000),
    ],
)
def test_no_date_is_guessed(written: str) -> None:
    assert moment(written, BRUSSELS) is None


@pytest.mark.parametrize(
    ("date", "severity", "words"),
    [("", "warning", "it has no date"), ("<pubDate>soon</pubDate>", "error", "its date cannot be read")],
)
def test_an_item_without_a_date_is_named_and_left_out(date: str, severity: str, words: str) -> None:
    (found,) = document(
        rss(f"<title>Secret words</title><link>https://quay.example/a?key=1</link>{date}")
    ).stories
    problem = item_of(found, "a", BRUSSELS, "")
    assert isinstance(problem, Problem)
    assert (problem.place, problem.severity) == ("https://quay.example/a", severity)
    assert problem.message.startswith(words)


# Which article is which


def story(guid: str, link: str, *categories: str, number: int = 1) -> Story:
    return Story(number, guid, link and f"https://quay.example/{link}", categories=categories)


def test_one_address_is_one_article_with_all_its_categories() -> None:
    found = one_each([story("1", "a", "x", "y"), story("2", "b"), story("3", "a", "y", "z")])
    assert [(name, one.categories) for name, one in found] == [("1", ("x", "y", "z")), ("2", ())]


def test_a_guid_that_several_share_names_none_of_them() -> None:
    found = one_each([story("0", "a"), story("0", "b"), story("9", "c"), story("", "d"), story("7", "")])
    base = "https://quay.example/"
    assert [name for name, _ in found] == [f"{base}a", f"{base}b", "9", f"{base}d"]


def test_a_guid_is_an_address_only_where_it_looks_like_one() -> None:
    found = document(
        rss("<guid>https://quay.example/a</guid>", "<guid>17</guid>", "<guid>17</guid><link>/b</link>")
    )
    assert [(one.guid, one.link) for one in found.stories] == [
        ("https://quay.example/a", "https://quay.example/a"),
        ("17", ""),
        ("17", "https://quay.example/b"),
    ]


def test_a_guid_without_an_end_is_a_short_reference() -> None:
    ((name, _),) = one_each([story("x" * 5_000, "a")])
    assert name.startswith("sha256/")
    assert len(name) < 100


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("/a?utm_source=x&b=%C3%A9&utm_medium=y", "https://quay.example/a?b=%C3%A9"),
        ("https://quay.example/a?utm_source=x", "https://quay.example/a"),
        ("https://quay.example/a?b=1&c", "https://quay.example/a?b=1&c"),
        ("mailto:x@quay.example", ""),
        ("javascript:alert(1)", ""),
        ("", ""),
    ],
)
def test_an_address_is_absolute_and_without_marks_of_a_visit(link: str, address: str) -> None:
    assert address_of(link, AT) == address


def test_the_operators_language_stands_between_the_articles_own_and_the_feeds() -> None:
    def language(**given: str) -> object:
        found = item_of(Story(1, link=AT, published="2026-03-10", **given), "a", BRUSSELS, "nl")
        assert isinstance(found, Item)
        return found.fields["language"]

    assert language(language="fr_BE", feed_language="en") == "fr-BE"
    assert language(feed_language="en") == "nl"
    assert language(language="English") == "nl"


# Not as it should be


ACCENTS = "Crème brûlée à 5 €"


@pytest.mark.parametrize(
    ("declared", "encoding", "content_type"),
    [
        ("utf-8", "utf-8", "text/xml"),
        ("utf-8", "utf-8", "text/xml; charset=iso-8859-1"),
        ("iso-8859-1", "cp1252", "application/rss+xml"),
        ("", "cp1252", "text/xml; charset=windows-1252"),
        ("utf-8", "cp1252", "text/xml; charset=utf-8"),
        ("nonsense", "utf-8", 'text/xml; charset="none"'),
        ("utf-16", "utf-16", "text/xml"),
        ("utf-16", "utf-16-be", "text/xml"),
        ("utf-32", "utf-32", "text/xml"),
        ("utf-7", "utf-8", "text/xml; charset=utf-7"),
        ("iso-8859-15", "iso-8859-15", "text/xml"),
    ],
)
def test_whatever_the_encoding_is_said_to_be(declared: str, encoding: str, content_type: str) -> None:
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    text = rss(f"<title>{ACCENTS}</title><link>/a</link>{DATED}").partition("?>")[2]
    assert one((declaration + text).encode(encoding), content_type).fields["headline"] == ACCENTS


@pytest.mark.parametrize(
    "encoding", ["iso-2022-jp", "shift_jis", "euc-jp", "big5", "gb2312", "euc-kr", "koi8-r"]
)
def test_encodings_of_half_the_world(encoding: str) -> None:
    title = {"euc-kr": "서울", "koi8-r": "Москва", "gb2312": "北京", "big5": "台北"}.get(encoding, "東京")
    text = rss(f"<title>{title}</title><link>/a</link>{DATED}").partition("?>")[2]
    data = f'<?xml version="1.0" encoding="{encoding}"?>{text}'.encode(encoding)
    assert one(data, "text/xml").fields["headline"] == title


def test_a_byte_astray_is_one_character_and_a_warning() -> None:
    data = rss(f"<title>Crème X 5 €</title><link>/a</link>{DATED}").encode().replace(b"X", b"\x96")
    found = document(data)
    assert found.stories[0].headline == "Crème – 5 €"
    assert "encoding" in found.problems[0]


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace("Bread", "Bread & <  Caf&eacute;").replace("<title>", "<title>\x0b\x00"),
        lambda text: f"PHP Notice: x &\n{text}",
        lambda text: f"\n\n {text}",
        lambda text: f"{text}<script>x</script> <!-- and",
        lambda text: text.replace(NAMES, ""),
        lambda text: text.replace("<dc:creator>", "<dc:creator><foo:bar x:y='1'>"),
        lambda text: text.replace("</category>", "<br><hr></category>"),
        lambda text: text.replace("</link>", ""),
        lambda text: text.replace("<guid>", "<description>A <p>b <i>c</description><guid>", 1),
        lambda text: text.replace("</channel></rss>", ""),
        lambda text: f"{text.partition('<item>')[0]}<item><title>Cut off{text[text.index('<item>') :]}",
        lambda text: text.replace("</channel></rss>", "<item><title>Half of the seco"),
    ],
    ids=range(12),
)
def test_a_feed_that_is_not_well_formed_is_read_as_far_as_it_goes(damage: Any) -> None:
    sound = "<title>Bread</title><guid>g</guid><link>https://quay.example/a</link><category>x</category>"
    text = damage(rss(f"{sound}{DATED}<dc:creator>Jo</dc:creator>", f"<guid>h</guid><link>/b</link>{DATED}"))
    found = document(text)
    assert [one.guid for one in found.stories] == ["g", "h"]
    assert found.stories[0].headline.startswith("Bread")
    assert found.stories[0].published == "Tue, 10 Mar 2026 06:00:00 GMT"
    assert not any("Bread" in problem for problem in found.problems)


def test_a_feed_that_is_cut_off_loses_what_did_not_come_whole() -> None:
    text = rss(f"<guid>g</guid><link>/a</link>{DATED}", f"<guid>h</guid><link>/b</link>{DATED}")
    found = document(text[: text.rindex("06:00")])
    assert [one.guid for one in found.stories] == ["g"]
    assert found.problems == ("it is cut off: what came whole is read",)


BOMB = '<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    "start",
    [
        f"<!DOCTYPE rss [{BOMB}]>",
        f'<?xml version="1.0"?><!DOCTYPE rss [{BOMB}]>',
        f'<!-- x --> <?pi?>\n<!doctype rss SYSTEM "http://quay.example/x.dtd" [ {BOMB} ]>',
        "<!DOCTYPE rss [<!ENTITY % x SYSTEM 'file:///etc/passwd'> %x;]>",
    ],
)
def test_a_bomb_is_refused_before_it_is_parsed(start: str, encoding: str) -> None:
    text = f"{start}<rss version='2.0'><channel><item><title>&b;</title></item></channel></rss>"
    with pytest.raises(SourceError, match="document type with definitions"):
        document(text.encode(encoding))


def test_entities_defined_behind_junk_are_never_used() -> None:
    text = f"x <!DOCTYPE rss [{BOMB}]>{rss(f'<title>&b;</title><link>/a</link>{DATED}')}"
    assert document(text).stories[0].headline == "&b;"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "<!doctype html><html><head><title>Sign in</title></head><body><br></body></html>",
            "instead of a feed",
        ),
        ("Not found", "instead of a feed"),
        ("<a>" * 5_000, "instead of a feed"),
        ("<opml version='2.0'/>", "instead of a feed"),
        (f"<rss><channel>{'<item>' * 2}{'</item>' * 2}</channel></rss>", ""),
        ('{"version": "https://jsonfeed.org/version/1", "items": [{"id": "a"', "JSON that is cut off"),
        ('{"version": "https://jsonfeed.org/version/1", "items": [}', "not JSON from line 1, column 57"),
        ('{"version": "https://jsonfeed.org/version/1", "items": {}}', "no JSON Feed"),
        ('{"items": []}', "no JSON Feed"),
        ("[]", "no JSON Feed"),
        ("[" * 100_000, "nested too deep"),
        ('{"items": [NaN]}', "not JSON"),
        (f'{{"items": [{"9" * 5_000}]}}', "not JSON"),
    ],
)
def test_what_is_no_feed_is_said_to_be_none(text: str, words: str) -> None:
    if not words:
        assert len(document(text).stories) == 1
        return
    with pytest.raises(SourceError, match=words):
        document(text)


def test_what_would_take_a_library_hours_is_over_soon() -> None:
    """Each of these makes feedparser's time grow with the square of its length."""
    for inside in (
        f"<author>{'a' * 300_000}</author>",
        f"<author>{'a<!-- -->' * 30_000}</author>",
        "".join(f"<category>{number}</category>" for number in range(20_000)),
        f"<foo>{'<b>' * 200}{'</b>' * 200}</foo>" * 100,
    ):
        (found,) = document(rss(f"<link>/a</link>{inside}")).stories
        assert len(found.categories) <= 100
        assert found.authors == ()


def test_a_document_of_too_many_elements_or_namespaces_is_refused() -> None:
    spaces = "".join(f"<b xmlns='urn:{number}'/>" for number in range(300))
    for inside, words in (("<b/>" * 300_001, "more than 300,000"), (spaces, "namespaces")):
        with pytest.raises(SourceError, match=words):
            document(rss(f"<content:encoded>{inside}</content:encoded>"))
