"""Pages as a source: a real HTTP server, a real database, and what is asked and remembered."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import Engine

from content import catalogue, holdings, store
from content.article import Access, Article
from content.sources import pages as pages_module
from content.sources.pages import Pages
from content.sync import SyncReport, Wish, sync_source
from newsroom.database import reading
from newsroom.errors import SourceError
from newsroom.settings import ListSettings, SourceSettings
from newsroom.settings_file import SourceTable
from tests import samples
from tests.content.pages_site import NOW, Site, article_page

HOUR = timedelta(hours=1)


class Desk:
    """A newsroom whose articles come from a site's pages."""

    def __init__(self, engine: Engine, root: Path, site: Site, patch: pytest.MonkeyPatch) -> None:
        self.engine = engine
        self.public = root / "public"
        self.site = site
        self.settings = SourceSettings("site", "pages", timeout=5)
        self.now = NOW
        self.pauses: list[float] = []
        patch.setattr(Pages, "clock", staticmethod(lambda: self.now))
        patch.setattr(Pages, "pause", staticmethod(self.pauses.append))

    def lists(self, *lists: ListSettings, **more: Any) -> None:
        """Where the articles are listed, by path."""
        there = tuple(replace(one, url=f"{self.site.url}{one.url}") for one in lists)
        self.settings = replace(self.settings, lists=there, **more)

    def sync(self, after: timedelta = timedelta(minutes=5), **wish: Any) -> SyncReport:
        self.now += after
        self.site.asked.clear()
        self.site.told.clear()
        newsroom = samples.newsroom()
        return sync_source(self.engine, self.settings, newsroom, self.public, self.now, Wish(**wish))

    def find(self, name: str) -> Article:
        """The article at /news/NAME."""
        with reading(self.engine) as connection:
            (found,) = catalogue.find(connection, f"news/{name}")
        return found.article

    def live(self) -> set[str]:
        with reading(self.engine) as connection:
            return {reference for _, reference in holdings.live_references(connection, "site")}


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


@pytest.fixture
def desk(engine: Engine, tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk(engine, tmp_path, site, monkeypatch)
    desk.lists(ListSettings("/politics", "politics"))
    return desk


def messages(report: SyncReport) -> str:
    return "\n".join(f"{one.place}: {one.message}" for one in report.problems)


def test_articles_come_from_a_list_and_nothing_new_asks_for_the_list_alone(desk: Desk, site: Site) -> None:
    site.list("/politics", "harbour", "bridge")
    site.article("harbour", description="What the harbour means.", author={"name": "Jo Doe"})
    site.article("bridge")
    report = desk.sync()
    assert (report.inserted, messages(report)) == (2, "")
    assert site.asked == ["/robots.txt", "/politics", "/news/harbour", "/news/bridge"]
    assert site.told[1]["user-agent"] == "Standfirst (+https://quay.example)"
    assert desk.live() == {"news/harbour", "news/bridge"}
    found = desk.find("harbour")
    assert (found.teaser, found.authors, found.sections) == (
        "What the harbour means.",
        ("Jo Doe",),
        ("politics",),
    )
    assert (found.access, found.url, found.slug) == (Access.PAID, f"{site.url}/news/harbour", "harbour")
    assert found.published == NOW - HOUR
    assert "Secret words" in found.body.html
    assert "March" not in found.body.html
    report = desk.sync()
    assert site.asked == ["/politics"]
    assert (report.found, report.unchanged, report.inserted) == (2, 2, 0)


def test_the_site_s_own_description_is_no_teaser_also_while_the_list_is_as_it_was(
    desk: Desk, site: Site
) -> None:
    own = "<meta name='description' content='News from the river.'>"
    site.list("/politics", "a")
    site.pages["/politics"].body += own.encode()
    site.article("a", head=own)
    desk.settings = replace(desk.settings, full_every=timedelta(days=9))
    desk.sync()
    assert desk.find("a").teaser == ""
    site.article("a", head=own, headline="Other")
    desk.sync(timedelta(hours=25))
    assert "if-none-match" in site.told[1]
    assert (desk.find("a").headline, desk.find("a").teaser) == ("Other", "")


def test_a_page_is_read_again_when_the_list_shows_another_headline(desk: Desk, site: Site) -> None:
    site.list("/politics", "harbour", "bridge")
    site.article("harbour")
    site.article("bridge")
    desk.sync()
    site.article("harbour", headline="Another one")
    desk.sync()
    assert site.asked == ["/politics"]
    site.pages["/politics"].body = site.pages["/politics"].body.replace(b"The harbour story", b"Another one")
    report = desk.sync()
    assert site.asked == ["/politics", "/news/harbour"]
    assert (report.updated, desk.find("harbour").headline) == (1, "Another one")


def test_the_pages_of_the_last_three_days_are_asked_for_once_a_day(desk: Desk, site: Site) -> None:
    site.list("/politics", "new", "old")
    site.article("new", at=NOW - HOUR)
    site.article("old", at=NOW - timedelta(days=9))
    desk.sync()
    desk.sync(timedelta(hours=20))
    assert "/news/new" not in site.asked
    report = desk.sync(timedelta(hours=5))
    assert site.asked == ["/robots.txt", "/politics", "/news/new"]
    assert "if-none-match" in site.told[-1]
    assert report.unchanged == 2
    site.article("new", headline="Corrected")
    report = desk.sync(timedelta(hours=25))
    assert report.updated == 1
    desk.sync(timedelta(hours=49))
    assert "/news/new" not in site.asked


def test_an_article_in_two_lists_and_under_two_addresses_is_one(desk: Desk, site: Site) -> None:
    desk.lists(ListSettings("/politics", "politics"), ListSettings("/culture", "culture", select="article"))
    site.list("/politics", "harbour")
    link = "/news/harbour?utm_source=front&fbclid=x#comments"
    site.put(
        "/culture", f"<article><a href='{link}'>x</a></article><article><a href='/p?id=7'>y</a></article>"
    )
    site.article("harbour")
    canonical = f"<link rel='canonical' href='{site.url}/news/harbour'>"
    site.put("/p?id=7", article_page("harbour", head=canonical))
    report = desk.sync()
    assert desk.live() == {"news/harbour"}
    assert (report.inserted, messages(report)) == (1, "")
    assert desk.find("harbour").sections == ("politics", "culture")
    desk.sync()
    assert site.asked == ["/politics", "/culture"]
    site.put("/culture", "<article><a href='/p?id=7'>y, with another headline</a></article>")
    desk.sync()
    assert site.asked == ["/politics", "/culture", "/news/harbour"]


def test_an_article_that_a_second_list_takes_up_stands_in_both_sections(desk: Desk, site: Site) -> None:
    desk.lists(ListSettings("/politics", "politics"), ListSettings("/culture", "culture"))
    site.list("/politics", "harbour", "bridge")
    site.list("/culture", "opera")
    for name in ("harbour", "bridge", "opera"):
        site.article(name)
    desk.sync()
    site.list("/culture", "harbour", "opera")
    desk.sync()
    assert site.asked == ["/politics", "/culture", "/news/harbour"]
    assert desk.find("harbour").sections == ("politics", "culture")
    # Taken out of the midst of one list, it stands in the other alone; at the end of a list it has aged.
    site.list("/politics", "bridge")
    desk.sync()
    assert desk.find("harbour").sections == ("culture",)


def test_what_leaves_a_list_stays_and_what_was_deleted_goes(desk: Desk, site: Site) -> None:
    site.list("/politics", "a", "b", "c")
    for name in "abc":
        site.article(name)
    desk.sync()
    site.list("/politics", "new", "a", "b")
    site.article("new")
    desk.sync()
    assert site.asked == ["/politics", "/news/new"]
    assert desk.live() == {"news/a", "news/b", "news/c", "news/new"}
    del site.pages["/news/a"]
    site.list("/politics", "new", "b")
    report = desk.sync()
    assert site.asked == ["/politics", "/news/a"]
    assert (report.withdrawn, desk.live()) == (1, {"news/b", "news/c", "news/new"})


def test_one_page_with_several_blocks_is_asked_for_once(desk: Desk, site: Site) -> None:
    desk.lists(
        ListSettings("/", "politics", select=".features article"),
        ListSettings("/", "briefs", select=".briefs li"),
        ListSettings("/", "partners", select=".partners li", sponsor=".who"),
    )
    site.put(
        "/",
        "<div class=features><article><h2><a href='/news/a'>A</a></h2></article></div>"
        "<ul class=briefs><li><a href='/news/b'>B</a></ul>"
        "<ul class=partners><li><a href='/news/s'><span class=who>Kaap</span>Better homes</a></ul>",
    )
    for name in "ab":
        site.article(name)
    site.article("s", headline="KaapBetter homes")
    report = desk.sync()
    assert messages(report) == ""
    assert site.asked.count("/") == 1
    assert desk.find("b").sections == ("briefs",)
    sponsored = desk.find("s")
    assert sponsored.booking is not None
    assert (sponsored.booking.sponsor, sponsored.access) == ("Kaap", Access.FREE)


def test_an_item_whose_sponsor_nobody_can_tell_is_refused_by_its_address(desk: Desk, site: Site) -> None:
    desk.lists(ListSettings("/partners", "partners", select="li"), sponsors=("Kaap",))
    site.put(
        "/partners", "<li><a href='/news/s'>KaapBetter homes</a><li><a href='/news/t'>AcmeBetter days</a>"
    )
    site.article("s", headline="Better homes")
    site.article("t", headline="Better days")
    report = desk.sync()
    assert desk.live() == {"news/s"}
    assert f"{site.url}/news/t: its sponsor's name cannot be told" in messages(report)
    desk.sync()
    assert site.asked == ["/partners"]


def test_what_an_advertiser_paid_for_is_no_news(desk: Desk, site: Site) -> None:
    site.list("/politics", "ad")
    site.article("ad", **{"@type": "AdvertiserContentArticle"})
    assert "somebody paid for it" in messages(desk.sync())
    assert desk.live() == set()


def test_an_article_without_a_date_is_reported_and_read_once_a_day(desk: Desk, site: Site) -> None:
    site.list("/politics", "a", "b")
    site.article("a", at=None)
    site.article("b", datePublished="Tuesday")
    report = desk.sync()
    assert f"{site.url}/news/a: it says no date to machines" in messages(report)
    assert f"{site.url}/news/b: its date cannot be read for sure" in messages(report)
    desk.sync()
    assert site.asked == ["/politics"]
    site.article("a")
    desk.sync(timedelta(hours=25))
    assert desk.live() == {"news/a"}


def test_at_most_a_hundred_pages_a_run_and_the_rest_next_time(desk: Desk, site: Site) -> None:
    names = [f"n{number}" for number in range(130)]
    site.list("/politics", *names)
    for name in names:
        site.article(name)
    report = desk.sync()
    assert (report.inserted, len(site.asked)) == (100, 102)
    assert "site: 100 articles' pages were read, and the next runs read 30 more" in messages(report)
    report = desk.sync()
    assert (report.inserted, len(site.asked), messages(report)) == (30, 31, "")
    assert len(desk.live()) == 130


def test_robots_txt_is_obeyed_and_asked_for_once_a_day(desk: Desk, site: Site) -> None:
    site.list("/politics", "a", "b")
    site.article("a")
    site.article("b")
    rules = "User-agent: *\nDisallow: /\n\nUser-agent: standfirst\nDisallow: /*a$\nCrawl-delay: 3\n"
    site.put("/robots.txt", rules, headers={"Content-Type": "text/plain"})
    report = desk.sync()
    assert site.asked == ["/robots.txt", "/politics", "/news/b"]
    assert "/news/a: its robots.txt does not allow Standfirst there" in messages(report)
    assert len(desk.pauses) == 1
    assert 2 < desk.pauses[0] <= 3
    desk.sync()
    assert site.asked == ["/politics"]
    site.put("/robots.txt", "User-agent: *\nDisallow: /politics", headers={"Content-Type": "text/plain"})
    with pytest.raises(SourceError, match=r"/politics: its robots\.txt does not allow"):
        desk.sync(timedelta(hours=25))
    assert desk.live() == {"news/b"}


def test_no_page_is_asked_for_while_robots_txt_fails(desk: Desk, site: Site) -> None:
    site.put("/robots.txt", "", status=500)
    with pytest.raises(SourceError, match=r"robots\.txt: the server failed \(500\).*no page of its host"):
        desk.sync()
    assert site.asked == ["/robots.txt"]


def test_a_delay_makes_fewer_pages_a_run(desk: Desk, site: Site) -> None:
    names = [f"n{number}" for number in range(20)]
    site.list("/politics", *names)
    for name in names:
        site.article(name)
    site.put("/robots.txt", "User-agent: *\nCrawl-delay: 60", headers={"Content-Type": "text/plain"})
    report = desk.sync()
    assert report.inserted == 12
    assert max(desk.pauses) <= 10
    assert "the next runs read 8 more" in messages(report)


@pytest.mark.parametrize("status", [401, 403, 404, 410, 500])
def test_a_list_that_cannot_be_had_is_an_error_and_what_is_known_stays(
    desk: Desk, site: Site, status: int
) -> None:
    site.list("/politics", "a")
    site.article("a")
    desk.sync()
    site.put("/politics", "<p>", status=status)
    with pytest.raises(SourceError, match=rf"/politics: .*\({status}\).*its articles are as of"):
        desk.sync()
    assert desk.live() == {"news/a"}
    site.list("/politics", "a")
    assert desk.sync().unchanged == 1


def test_one_list_of_two_that_fails_is_named_and_the_other_goes_on(desk: Desk, site: Site) -> None:
    desk.lists(ListSettings("/politics?key=k3y", "politics"), ListSettings("/culture", "culture"))
    site.list("/culture", "a")
    site.article("a")
    report = desk.sync()
    assert f"site: {site.url}/politics: not found (404)" in messages(report)
    assert "k3y" not in messages(report)
    assert desk.live() == {"news/a"}


def test_a_list_that_leads_nowhere_any_more_is_an_error(desk: Desk, site: Site) -> None:
    desk.lists(ListSettings("/politics", "politics", select="li.item"))
    site.list("/politics", "a")
    site.article("a")
    desk.sync()
    site.put("/politics", "<div class='card'><a href='/news/b'>B</a></div>")
    report = desk.sync()
    assert "has the page changed?" in messages(report)
    assert report.problems[0].severity == "error"
    assert desk.live() == {"news/a"}
    # The same page, but for us it is not as it was.
    assert "has the page changed?" in messages(desk.sync())


def test_pages_that_fail_are_named_and_the_rest_goes_on(desk: Desk, site: Site) -> None:
    names = ["ok", "large", "deep", "pdf", "bomb", "home", "away", "gone", "last"]
    site.list("/politics", *names)
    site.article("ok")
    site.article("last")
    site.put("/news/large", b"<p>" + b"x" * 20_000_000)
    site.put("/news/deep", "<div>" * 9_000)
    site.put("/news/pdf", b"%PDF", headers={"Content-Type": "application/pdf"})
    site.put("/news/bomb", b"\x1f\x8b...", headers={"Content-Type": "text/html", "Content-Encoding": "gzip"})
    site.put("/news/home", "", status=302, headers={"Location": "/politics"})
    site.put("/news/away", "", status=302, headers={"Location": "http://10.0.0.1/x"})
    report = desk.sync()
    assert desk.live() == {"news/ok", "news/last"}
    told = messages(report)
    for words in (
        "/news/large: too large: 5 MB at most",
        "/news/deep: more than 128 elements are nested in it",
        "/news/pdf: it is no page (application/pdf)",
        "/news/bomb: its packed answer is damaged",
        "/news/home: it leads to",
        "10.0.0.1, which is not public",
        "/news/gone: a list leads to it, and it is not there",
    ):
        assert words in told, words


def test_a_site_that_fails_in_the_middle_is_left_in_peace(desk: Desk, site: Site) -> None:
    names = [f"n{number}" for number in range(9)]
    site.list("/politics", *names)
    for name in names:
        site.article(name)
    for name in names[4:]:
        site.pages[f"/news/{name}"].status = 500
    report = desk.sync()
    assert report.inserted == 4
    assert len(site.asked) == 2 + 7
    assert "3 pages failed one after the other, so the next run asks for 2 more" in messages(report)
    for name in names[4:]:
        site.pages[f"/news/{name}"].status = 200
    assert desk.sync().inserted == 5


@pytest.mark.parametrize("selector", ["p[", ".features[ article", "p:not(.a", "..a"])
def test_what_no_selector_can_be_is_told_with_its_setting(desk: Desk, selector: str) -> None:
    desk.settings = replace(desk.settings, select={"teaser": selector})
    with pytest.raises(SourceError, match=r"source site: select\.teaser: not a CSS selector"):
        desk.sync()
    desk.settings = replace(desk.settings, select={"standfirst": "p"})
    with pytest.raises(SourceError, match=r"select\.standfirst: there is no such field; allowed: authors"):
        desk.sync()
    desk.lists(ListSettings("/politics", "politics", sponsor=">"), select={})
    with pytest.raises(SourceError, match=r"list\[0\]\.sponsor"):
        desk.sync()


def test_a_canonical_link_that_every_page_has_makes_no_article_of_two(desk: Desk, site: Site) -> None:
    site.list("/politics", "a", "b")
    for name in "ab":
        site.article(name, head="<link rel='canonical' href='/news'>")
    report = desk.sync()
    assert len(desk.live()) == 2
    assert "/news/b: its canonical link is another article's" in messages(report)


def test_a_full_pass_that_is_asked_for_reads_every_page_anew(desk: Desk, site: Site) -> None:
    site.list("/politics", "a")
    site.article("a", at=NOW - timedelta(days=9))
    desk.sync()
    site.article("a", at=NOW - timedelta(days=9), headline="Mended")
    report = desk.sync(full=True)
    assert "/news/a" in site.asked
    assert report.updated == 1


def test_no_word_of_a_body_is_remembered(desk: Desk, site: Site) -> None:
    site.list("/politics", "a")
    site.article("a", articleBody="Secret words " * 40)
    desk.sync()
    with reading(desk.engine) as connection:
        state = store.source_state(connection, "site")
    assert "Secret" not in repr(state)
    assert pages_module.MOST_PAGES == 100


def sitemap(*entries: tuple[str, str]) -> str:
    rows = (
        f"<url><loc>{loc}</loc><n:news><n:publication_date>{NOW:%Y-%m-%dT%H:%M:%SZ}</n:publication_date>"
        f"<n:title>{title}</n:title></n:news></url>"
        for loc, title in entries
    )
    return f"<urlset xmlns='s' xmlns:n='news'>{''.join(rows)}</urlset>"


def test_a_sitemap_of_news_lists_and_its_dates_stand_in(desk: Desk, site: Site) -> None:
    desk.lists(ListSettings("/news.xml", "politics"))
    site.put("/news.xml", sitemap((f"{site.url}/news/a", "A &amp; b"), (f"{site.url}/news/b", "B")))
    site.article("a")
    site.put("/news/b", "<article><p>Words for b.</p></article>")
    report = desk.sync()
    assert messages(report) == ""
    assert desk.live() == {"news/a", "news/b"}
    assert (desk.find("b").headline, desk.find("b").published) == ("B", NOW)
    desk.sync()
    assert site.asked == ["/news.xml"]


def test_an_index_of_sitemaps_is_read_one_level_deep(desk: Desk, site: Site) -> None:
    desk.lists(ListSettings("/index.xml", "politics"))
    names = ("1.xml", "2.xml", "3.xml.gz", "4.xml")
    rows = "".join(f"<sitemap><loc>{site.url}/{name}</loc></sitemap>" for name in names)
    site.put("/index.xml", f"<?xml version='1.0'?><sitemapindex>{rows}</sitemapindex>")
    site.put("/1.xml", sitemap((f"{site.url}/news/a", "A")))
    site.put("/2.xml", site.pages["/index.xml"].body)
    site.put("/3.xml.gz", b"\x1f\x8b\x08\x00", headers={"Content-Type": "application/gzip"})
    for name in "ab":
        site.article(name)
    report = desk.sync()
    assert desk.live() == {"news/a"}
    told = messages(report)
    assert f"{site.url}/2.xml: it is no list of articles" in told
    assert f"{site.url}/3.xml.gz: it is a packed file (gzip)" in told
    assert f"{site.url}/4.xml: not found (404)" in told
    site.put("/1.xml", sitemap((f"{site.url}/news/b", "B"), (f"{site.url}/news/a", "A")))
    desk.sync()
    assert desk.live() == {"news/a", "news/b"}
    assert desk.find("b").sections == ("politics",)


def test_a_full_pass_takes_back_what_is_not_there_though_it_is_listed(desk: Desk, site: Site) -> None:
    site.list("/politics", "a", "b")
    site.article("a")
    site.article("b")
    desk.sync()
    del site.pages["/news/a"]
    assert desk.sync(full=True).withdrawn == 1
    assert desk.live() == {"news/b"}


def test_a_page_that_asks_for_a_password_goes_headline_and_all(desk: Desk, site: Site) -> None:
    site.list("/politics", "a", "b")
    site.article("a")
    form = "<form action='/p' class='post-password-form' method='post'><p>Locked</p></form>"
    site.article("b", body=form)
    desk.sync()
    assert desk.live() == {"news/a"}
    site.article("a", body=form, headline="Protected: A")
    assert desk.sync(full=True).withdrawn == 1
    assert desk.live() == set()
    site.article("a")
    desk.sync(timedelta(hours=25))
    assert desk.live() == {"news/a"}


def test_a_page_that_is_no_article_is_asked_for_once(desk: Desk, site: Site) -> None:
    site.put("/politics", "<main><a href='/who-we-are-here'>Us</a></main>")
    site.put("/who-we-are-here", "<h1>Us</h1><p>Words.</p>")
    assert messages(desk.sync()) == ""
    desk.sync(timedelta(hours=30))
    assert site.asked == ["/robots.txt", "/politics"]
    desk.lists(ListSettings("/politics", "politics", select="a"))
    report = desk.sync()
    assert "/who-we-are-here: it does not say that it is an article" in messages(report)


def test_an_article_that_comes_back_is_there_again(desk: Desk, site: Site) -> None:
    site.list("/politics", "a", "b")
    site.article("a")
    site.article("b")
    desk.sync()
    del site.pages["/news/a"]
    desk.sync(timedelta(hours=25))
    assert desk.live() == {"news/b"}
    site.article("a")
    report = desk.sync(timedelta(hours=25))
    assert (report.restored, desk.live()) == (1, {"news/a", "news/b"})


def test_what_the_documents_show_can_be_pasted(desk: Desk, site: Site) -> None:
    text = Path("docs/sources/pages.md").read_text("utf-8").partition("```toml\n")[2].partition("```")[0]
    (table,) = tomllib.loads(text)["source"]
    read = SourceTable.model_validate(table)
    there = [one.model_dump() for one in read.lists]
    lists = [{**one, "url": one["url"].removeprefix("https://news.example")} for one in there]
    desk.lists(*(ListSettings(**one) for one in lists), select=read.select, sponsors=tuple(read.sponsors))
    site.put(
        "/",
        "<div class='features'><article><h2><a href='/news/a'>A</a></h2></article></div><ul class='partners'>"
        "<li><i class='by'>Haven</i><a href='/news/s'>Better homes</a></li><li><a href='/news/t'>Kaap Bank"
        "Better days</a></li></ul>",
    )
    site.put("/news-sitemap.xml", sitemap((f"{site.url}/news/b", "B")))
    story = "<b class='kicker'>Feature</b><div class='story-text'><p>One.</p></div><p>No.</p>"
    site.article("a", body=story)
    for name in "bst":
        site.article(name)
    report = desk.sync()
    assert (report.inserted, messages(report)) == (4, "")
    assert (desk.find("a").label, desk.find("a").body.html) == ("Feature", "<div><p>One.</p></div>")
    assert desk.find("b").sections == ("briefs",)
    bookings = [desk.find(name).booking for name in "st"]
    assert [one.sponsor for one in bookings if one] == ["Haven", "Kaap Bank"]
    assert desk.find("a").access == read.access == "paid"
