"""A feed as a source: a real HTTP server, a real database, and what is asked and remembered."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import Engine

from content import catalogue, holdings
from content.article import Access, StoredArticle
from content.sources import feed as feed_module
from content.sync import SyncReport, Wish, sync_source
from newsroom.database import reading
from newsroom.errors import SourceError
from newsroom.settings import SourceSettings
from newsroom.web import Web
from tests import samples
from tests.content.pictures import picture
from tests.servers.http import Answer, Fault, HttpServer, refusing_url

NOW = datetime.now(UTC).replace(microsecond=0)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def item(name: str, more: str = "", *, at: datetime = NOW - HOUR, guid: str = "") -> str:
    return (
        f"<item><title>The {name} story</title><link>https://quay.example/{name}</link>"
        f"<guid isPermaLink='false'>{guid or f'g-{name}'}</guid><pubDate>{format_datetime(at)}</pubDate>"
        f"<description>&lt;p&gt;Secret words of {name}.&lt;/p&gt;</description>"
        f"<category>politics</category>{more}</item>"
    )


def rss(*items: str, **headers: str) -> Answer:
    body = f"<rss version='2.0'><channel><title>Q</title>{''.join(items)}</channel></rss>"
    return Answer(200, {"Content-Type": "application/rss+xml", **headers}, body.encode())


class Wire:
    """A newsroom whose articles come from a feed."""

    def __init__(self, engine: Engine, root: Path, server: HttpServer) -> None:
        self.engine = engine
        self.public = root / "public"
        self.server = server
        self.settings = SourceSettings("wire", "feed", url=f"{server.url}/feed.xml?key=k3y", timeout=5)
        self.now = NOW

    def sync(self, *answers: Answer, **wish: Any) -> SyncReport:
        """Sync once, with these answers in turn; each sync is a minute after the last."""
        self.now += timedelta(minutes=1)
        self.server.answers.extend(answers)
        newsroom = samples.newsroom()
        report = sync_source(self.engine, self.settings, newsroom, self.public, self.now, Wish(**wish))
        assert not self.server.answers
        return report

    def refused(self, *answers: Answer) -> str:
        with pytest.raises(SourceError) as caught:
            self.sync(*answers)
        assert "k3y" not in str(caught.value)
        return str(caught.value)

    def find(self, name: str) -> StoredArticle:
        with reading(self.engine) as connection:
            (found,) = catalogue.find(connection, name)
        return found

    def live(self) -> set[str]:
        with reading(self.engine) as connection:
            return {reference for _, reference in holdings.live_references(connection, "wire")}

    def asked(self) -> list[str]:
        return [request.path for request in self.server.requests]


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer(Answer(404)) as value:
        yield value


@pytest.fixture
def wire(engine: Engine, tmp_path: Path, server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> Wire:
    monkeypatch.setitem(Web.__init__.__kwdefaults__, "pause", lambda _: None)
    return Wire(engine, tmp_path, server)


def test_articles_come_and_what_leaves_the_feed_stays(wire: Wire) -> None:
    report = wire.sync(rss(*map(item, "abc")))
    assert (report.inserted, report.problems) == (3, ())
    article = wire.find("a").article
    assert (article.access, article.teaser, article.sections) == (Access.PAID, "", ("politics",))
    assert article.body.html == "<p>Secret words of a.</p>"
    assert article.id == "tag:quay.example,2026:wire/g-a"
    report = wire.sync(rss(item("c"), item("d")), full=True)
    assert (report.inserted, report.withdrawn, report.held) == (1, 0, "")
    assert wire.live() == {"g-a", "g-b", "g-c", "g-d"}


def test_an_empty_feed_takes_nothing_away(wire: Wire) -> None:
    wire.sync(rss(*map(item, "abcdef")))
    report = wire.sync(rss())
    assert [one.message for one in report.problems] == ["it lists no article at all; what is known stays"]
    assert len(wire.live()) == 6


def test_a_feed_of_hundreds_comes_in_parts(wire: Wire) -> None:
    looked: list[int] = []
    names = [f"n{number}" for number in range(250)]
    assert wire.sync(rss(*map(item, names)), progress=looked.append).inserted == 250
    assert looked == [100, 200, 250]


def test_it_is_asked_whether_anything_is_new(wire: Wire) -> None:
    wire.sync(rss(item("a"), ETag='W/"1"', **{"Last-Modified": "Tue, 10 Mar 2026 06:00:00 GMT"}))
    report = wire.sync(Answer(304))
    assert (report.found, report.problems) == (0, ())
    wire.sync(Answer(304))
    first, second, third = (request.headers for request in wire.server.requests)
    assert "if-none-match" not in first
    assert second["if-none-match"] == third["if-none-match"] == 'W/"1"'
    assert second["if-modified-since"] == "Tue, 10 Mar 2026 06:00:00 GMT"
    wire.sync(rss(item("a"), item("b")))
    wire.sync(rss(item("a")))
    assert "if-none-match" not in wire.server.requests[-1].headers


def test_a_full_pass_and_other_settings_ask_for_all_of_it(wire: Wire) -> None:
    wire.sync(rss(item("a"), ETag='"1"'))
    wire.sync(rss(item("a"), ETag='"1"'), full=True)
    wire.settings = replace(wire.settings, access="free")
    assert wire.sync(rss(item("a"), ETag='"1"')).updated == 1
    wire.now += DAY
    wire.sync(rss(item("a"), ETag='"1"'))
    assert not any("if-none-match" in request.headers for request in wire.server.requests)


@pytest.mark.parametrize(
    ("modified", "date", "is_kept"),
    [
        ("Tue, 10 Mar 2026 06:00:00 GMT", "Tue, 10 Mar 2026 06:00:01 GMT", False),
        ("Tue, 10 Mar 2026 06:00:00 GMT", "Tue, 10 Mar 2026 06:00:05 GMT", True),
        ("Tue, 10 Mar 2099 06:00:00 GMT", "", False),
        ("nonsense", "", True),
        ("", "", True),
    ],
)
def test_a_server_that_counts_seconds_is_believed_once_they_are_over(
    modified: str, date: str, is_kept: bool
) -> None:
    found = feed_module.validators({"etag": '"1"', "last-modified": modified, "date": date}, NOW)
    assert found == (('"1"', modified) if is_kept else ("", ""))


def test_a_304_that_nobody_asked_for_is_an_error(wire: Wire) -> None:
    assert "status 304" in wire.refused(Answer(304))


def test_an_embargo_that_is_over_brings_its_picture_though_the_feed_is_as_it_was(wire: Wire) -> None:
    image = f'<enclosure url="{wire.server.url}/p.jpg" type="image/jpeg"/>'
    answer = rss(item("a", image, at=NOW + HOUR), item("b"), ETag='"1"')
    jpeg = Answer(200, {"Content-Type": "image/jpeg"}, picture())
    report = wire.sync(answer, jpeg)
    assert (report.inserted, report.embargoed) == (2, 1)
    wire.sync(Answer(304))
    lead = wire.find("a").article.image
    assert lead is not None
    assert not (wire.public / lead.sizes[0].path).exists()
    wire.now += 2 * HOUR
    wire.sync(Answer(304))
    assert (wire.public / lead.sizes[0].path).is_file()


# Where it is


def test_a_permanent_redirect_is_remembered_and_told(wire: Wire) -> None:
    report = wire.sync(Answer(301, {"Location": "/new.xml?key=k3y"}), rss(item("a"), ETag='"1"'))
    (problem,) = report.problems
    assert problem.severity == "warning"
    assert problem.message == (
        f"it has moved for good to {wire.server.url}/new.xml; write that into `url` in newsroom.toml"
    )
    wire.sync(Answer(304))
    assert wire.asked() == ["/feed.xml?key=k3y", "/new.xml?key=k3y", "/new.xml?key=k3y"]
    # The new address is given up: the old one may know more.
    wire.sync(Answer(404), Answer(308, {"Location": "/newer.xml"}), rss(item("b")))
    wire.sync(rss(item("b")))
    assert wire.asked()[3:] == ["/new.xml?key=k3y", "/feed.xml?key=k3y", "/newer.xml", "/newer.xml"]
    wire.settings = replace(wire.settings, url=f"{wire.server.url}/other.xml")
    wire.sync(rss(item("b")))
    assert wire.asked()[-1] == "/other.xml"


def test_a_temporary_redirect_is_not_remembered(wire: Wire) -> None:
    assert wire.sync(Answer(302, {"Location": "/new.xml"}), rss(item("a"))).problems == ()
    wire.sync(rss(item("a")))
    assert wire.asked() == ["/feed.xml?key=k3y", "/new.xml", "/feed.xml?key=k3y"]


def test_another_site_is_told_and_not_remembered(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "_trusted", lambda _: ["127.0.0.1", "localhost"])
    away = wire.server.url.replace("127.0.0.1", "localhost")
    for _ in range(2):
        report = wire.sync(Answer(301, {"Location": f"{away}/new.xml"}), rss(item("a")))
        assert "if that is yours: until then the old address is asked each time" in report.problems[0].message
    assert wire.asked() == ["/feed.xml?key=k3y", "/new.xml"] * 2


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("https://www.quay.example/a", "https://quay.example/b", True),
        ("https://quay.example/a", "http://quay.example/a", True),
        ("http://quay.example/a", "https://quay.example/a", False),
        ("https://quay.example.evil.example/", "https://quay.example/", False),
        ("https://feeds.quay.example/", "https://quay.example/", False),
    ],
)
def test_which_address_is_on_the_same_site(one: str, other: str, is_same: bool) -> None:
    assert feed_module._is_same_site(one, other) is is_same


def test_what_is_gone_for_good_is_not_asked_again_until_the_settings_change(wire: Wire) -> None:
    wire.sync(rss(item("a"), ETag='"1"'))
    said = wire.refused(Answer(410))
    assert said.startswith(f"{wire.server.url}/feed.xml: gone for good (410), and not asked again until")
    assert "its articles are as of" in said
    assert wire.refused() == said
    wire.now += 3 * DAY
    assert wire.refused() == said
    assert len(wire.asked()) == 2
    assert wire.live() == {"g-a"}
    wire.settings = replace(wire.settings, url=f"{wire.server.url}/new.xml")
    assert wire.sync(rss(item("b"))).inserted == 1


def test_a_dry_run_remembers_nothing(wire: Wire) -> None:
    with pytest.raises(SourceError):
        wire.sync(Answer(410), stores=False)
    assert wire.sync(rss(item("a"))).inserted == 1


# Which article is which


def test_a_guid_that_changes_with_the_same_link_is_the_same_story(wire: Wire) -> None:
    wire.sync(rss(item("a"), item("b")))
    before = wire.find("a")
    report = wire.sync(rss(item("a", guid="another"), item("b")))
    assert (report.inserted, report.moved) == (0, 1)
    after = wire.find("a")
    assert (after.article.id, after.revision) == (before.article.id, before.revision)
    assert after.article.reference == "another"


def test_an_article_twice_in_the_feed_is_one_in_both_sections(wire: Wire) -> None:
    report = wire.sync(rss(item("a"), item("a", "<category>Culture</category>", guid="g2")))
    assert (report.inserted, report.problems) == (1, ())
    assert wire.find("a").article.sections == ("politics", "culture")


def test_sections_rules_and_flags_by_category(wire: Wire) -> None:
    wire.settings = replace(
        wire.settings,
        sections={"City Hall": "culture"}, free=("category:city-hall",), paid=("tag:plus",),
    )  # fmt: skip
    hall = "<category>City Hall</category><category>Digest lead</category>"
    report = wire.sync(rss(item("a", hall), item("b", f"{hall}<category>Plus</category>")))
    assert ["is to lead as well" in one.message for one in report.problems] == [True]
    article = wire.find("a").article
    assert (article.sections, article.access, article.pinned) == (("politics", "culture"), Access.FREE, True)
    assert wire.find("b").article.access is Access.PAID
    assert wire.sync(rss(item("c").replace("politics", "Weather"))).unplaced == {"Weather": 1}


def test_a_picture_is_fetched_and_becomes_ours(wire: Wire) -> None:
    image = f'<enclosure url="{wire.server.url}/p.jpg" type="image/jpeg" length="1"/>'
    report = wire.sync(rss(item("a", image)), Answer(200, {"Content-Type": "image/jpeg"}, picture()))
    assert [one.message for one in report.problems] == [
        "the image has no alt text; say what it shows in the item's media:title, or in the text's alt"
    ]
    lead = wire.find("a").article.image
    assert lead is not None
    assert (wire.public / lead.sizes[0].path).is_file()
    report = wire.sync(rss(item("b", image.replace("p.jpg", "q.jpg"))), Answer(404))
    assert "the article goes on without" in report.problems[0].message


@pytest.mark.parametrize("access", ["paid", "registered", "free"])
def test_no_picture_and_no_word_of_a_closed_text_is_anybodys(wire: Wire, access: str) -> None:
    wire.settings = replace(wire.settings, access=access)
    shown = f"&lt;img src='{wire.server.url}/p.jpg' alt='Secret boats'&gt;&lt;/p&gt;"
    named = f'<enclosure url="{wire.server.url}/p.jpg" type="image/jpeg" length="1"/>'
    within = item("a").replace("&lt;/p&gt;", shown)
    beside = item("b", named).replace("&lt;/p&gt;", shown)
    wire.server.otherwise = Answer(200, {"Content-Type": "image/jpeg"}, picture())
    wire.sync(rss(within, beside))
    leads = [wire.find(name).article.image for name in ("a", "b")]
    alts = [lead.alt if lead else None for lead in leads]
    assert alts == (["Secret boats", "Secret boats"] if access == "free" else [None, ""])
    # Whoever may read the text sees it there.
    assert "Secret boats" in wire.find("a").article.body.html


FORM = (
    "&lt;form action='/p' class='post-password-form' method='post'&gt;&lt;p&gt;Locked&lt;/p&gt;&lt;/form&gt;"
)


def test_a_post_that_asks_for_a_password_goes_headline_and_all(wire: Wire) -> None:
    wire.sync(rss(item("a"), item("b"), item("c")))
    locked = item("a").replace("&lt;p&gt;Secret words of a.&lt;/p&gt;", FORM)
    words = "There is no excerpt because this is a protected post."
    noted = item("b").replace("Secret words of b.", words).replace("<title>", "<title>Protected: ")
    free = item("c").replace("<title>", "<title>Protected: ")
    report = wire.sync(rss(locked, noted, free))
    assert (report.withdrawn, report.updated) == (2, 1)
    assert wire.live() == {"g-c"}


# Bad input


@pytest.mark.parametrize(
    ("mistake", "mended"),
    [("<title>The a story</title>", "<title></title>"), ("<pubDate>", "<pubDate>soon "), ("<link>", "<x>")],
)
def test_a_mistake_is_one_in_every_run_until_it_is_mended(wire: Wire, mistake: str, mended: str) -> None:
    wrong = (
        item("a").replace(mistake, mended).replace("</link>", "</x>" if mistake == "<link>" else "</link>")
    )
    for _ in range(2):
        report = wire.sync(rss(wrong, item("b"), ETag='"1"'))
        assert [one.severity for one in report.problems] == ["error"]
        assert "if-none-match" not in {name.lower() for name in wire.server.requests[-1].headers}
    assert wire.sync(rss(item("a"), item("b"), ETag='"2"')).problems == ()
    wire.sync(Answer(304))
    assert wire.live() == {"g-a", "g-b"}


def test_what_cannot_be_used_is_named_without_a_word_of_it_and_the_rest_goes_on(wire: Wire) -> None:
    dated = "<pubDate>"
    report = wire.sync(
        rss(
            item("a").replace(dated, "<x>").replace("</pubDate>", "</x>"),
            item("b").replace(dated, f"{dated}soon "),
            item("c").replace("https://quay.example/c", ""),
            item("d").replace("The d story", ""),
            item("e").replace("The e story", "&lt;script&gt;alert(1)&lt;/script&gt; \u202eevil"),
            item("f"),
        )
    )
    assert report.inserted == 2
    said = {one.place: one.message for one in report.problems}
    assert sorted(said) == [*(f"https://quay.example/{name}" for name in "abd"), "wire, item 3"]
    assert "Secret" not in str(report) and "soon" not in str(report)
    assert wire.find("e").article.headline == "<script>alert(1)</script> evil"


def test_an_article_that_breaks_stays_as_it_was(wire: Wire) -> None:
    wire.sync(rss(item("a"), item("b")))
    wire.sync(rss(item("a").replace("<pubDate>", "<pubDate>soon "), item("b")))
    assert wire.find("a").article.headline == "The a story"
    assert wire.live() == {"g-a", "g-b"}


def test_a_feed_that_is_not_well_formed_is_read_with_a_warning(wire: Wire) -> None:
    report = wire.sync(rss(item("a").replace("story", "& &nbsp; story"), item("b")))
    assert report.inserted == 2
    (problem,) = report.problems
    assert (problem.place, problem.severity) == ("wire", "warning")
    assert problem.message == "it is not well-formed XML from line 1 on: what can be read is"


BOMB = b'<!DOCTYPE rss [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><rss><channel><item/></channel></rss>'


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(401), "401"),
        (Answer(403), "403"),
        (Answer(404), "404"),
        (Answer(429, {"Retry-After": "7200"}), "asked to wait until"),
        (
            Answer(200, {"Content-Type": "text/html"}, b"<!doctype html><title>Sign in</title>"),
            "instead of a feed",
        ),
        (Answer(200, {"Content-Type": "application/feed+json"}, b'{"version": "https://json'), "cut off"),
        (Answer(200, {}, b" \n"), "an empty answer"),
        (Answer(200, {}, BOMB), "document type with definitions"),
        (Answer(200, {"Content-Length": "300000000"}), "too large"),
        (
            Answer(200, {"Content-Encoding": "gzip"}, gzip.compress(b"<rss>" + bytes(21_000_000))),
            "too large",
        ),
        (Answer(302, {"Location": "/feed.xml?key=k3y"}), "redirects in a circle"),
        (Answer(302, {"Location": "http://10.0.0.1/feed.xml"}), "not public"),
        (Answer(302, {"Location": "file:///etc/passwd"}), "https://"),
        (Answer(fault=Fault.RESET_IN_ANSWER, status=200, body=b"<rss>" * 1_000), ""),
    ],
)
def test_a_feed_that_cannot_be_had_is_an_error_that_names_it(wire: Wire, answer: Answer, words: str) -> None:
    wire.sync(rss(item("a"), ETag='"1"'))
    wire.server.otherwise = answer
    said = wire.refused()
    assert said.startswith(f"{wire.server.url}/feed.xml")
    assert words in said
    assert "its articles are as of" in said
    assert wire.live() == {"g-a"}
    wire.server.otherwise = Answer(404)
    # One of them asked for a wait.
    wire.now += timedelta(hours=3)
    wire.sync(Answer(304))


def test_a_server_that_is_not_there(wire: Wire) -> None:
    with refusing_url() as url:
        wire.settings = replace(wire.settings, url=f"{url}/feed")
        assert wire.refused().startswith(f"{url}/feed: ")
