"""The archive: what everybody may read of an edition afterwards, and what nobody may."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy.engine import Engine

from content import store
from content.article import Access
from newsletter import editions as edition_store
from newsletter.archived import as_archived
from newsletter.desk.editing import note_of
from newsletter.edition import Composition, Selection
from newsroom.database import metadata, writing
from newsroom.masthead import Archive, Offer
from readership.reader import Plan
from tests import samples
from tests.browser import look, window
from tests.newsletter import editions
from tests.web import archives
from tests.web.serving import Site, served, settings

KEY = "daily-2026-03-10"
STORY = editions.selection().blocks[0].stories[1].teaser
LEAD = editions.selection().stories[0].teaser
NEWSLETTERS = (
    samples.newsletter(archive=Archive.EVERYONE),
    samples.newsletter(key="weekly", title="The Quay on Sunday"),
    samples.newsletter(key="books", title="The Quay of Books", archive=Archive.EVERYONE, searchable=False),
)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One server for all: two newsletters may be read by everybody, one by nobody."""
    from newsroom.database import engine_for

    root = tmp_path_factory.mktemp("library")
    engine = engine_for(f"sqlite:///{root / 'standfirst.db'}")
    sa.event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    metadata.create_all(engine)
    values = settings(root, newsletters=NEWSLETTERS)
    with served(replace(values, delivery=replace(values.delivery, provider="smtp")), engine) as site:
        archives.pictures(site.public)
        yield site
    engine.dispose()


@pytest.fixture
def site(library: Site) -> Site:
    """Nothing has gone out yet."""
    library.emptied()
    return library


def page(site: Site, address: str = f"/archive/{KEY}") -> LexborHTMLParser:
    answer = site.client.get(address)
    assert answer.status_code == 200, answer.text
    return LexborHTMLParser(answer.text)


def texts(tree: LexborHTMLParser, selector: str) -> list[str]:
    return [" ".join(node.text().split()) for node in tree.css(selector)]


def edited(engine: Engine, id_: str, **changes: Any) -> None:
    from content import catalogue

    with writing(engine) as connection:
        (found,) = catalogue.find(connection, id_)
        store.update(connection, replace(found.article, **changes), "edited", samples.NOON, changed=True)


def withdrawn(engine: Engine, *ids: str) -> None:
    with writing(engine) as connection:
        store.withdraw(connection, ids, samples.NOON)


def test_an_edition_is_read_as_somebody_sees_it_who_does_not_pay(site: Site) -> None:
    archives.went_out(site.engine, editions.selection(note="<p>Good <b>morning</b>.</p>"))
    tree = page(site)
    assert texts(tree, "h1") == ["The Morning Quay"]
    assert texts(tree, ".lead h2 a") == [LEAD.headline]
    order = [a.attributes["href"] for a in tree.css(".edition h2 a, .edition h3 a")]
    assert order == [story.teaser.url for story in editions.selection().stories]
    assert {a.attributes.get("rel") for a in tree.css(".paid a")} == {"sponsored"}
    assert texts(tree, ".offer .button") == ["Start your trial"]
    assert "Subscribers" in texts(tree, ".lead .meta")[0]
    assert texts(tree, ".edition b")[0] == "morning"
    html = tree.html or ""
    assert "unsubscribe" not in html.lower()
    assert "trial ends" not in html
    assert all((image.attributes["src"] or "").startswith("/media/") for image in tree.css("img"))


def test_each_block_of_the_note_runs_as_its_letters_do_and_no_arabic_credit_is_slanted(site: Site) -> None:
    arabic = "قال المجلس لا شيء (English inside)."
    lead = editions.story("The bridge", image=editions.picture(credit="تصوير: ليلى / Quay"))
    note = note_of(f"Good morning.\n\n{arabic}\n\n> {arabic}\n")
    archives.went_out(site.engine, editions.selection(note=note, lead=lead))
    tree = page(site)
    blocks = tree.css(".edition .text p, .edition .text blockquote")
    assert [(one.tag, one.attributes.get("dir")) for one in blocks] == [
        ("p", None),
        ("p", "rtl"),
        ("blockquote", "rtl"),
        ("p", None),
    ]
    assert not tree.css(".edition .text [style]")
    assert not tree.css(".lead figcaption i")
    assert tree.css("article figcaption i")


def test_no_paid_word_is_in_it(site: Site) -> None:
    archives.went_out(site.engine)
    assert archives.MARK not in site.client.get(f"/archive/{KEY}").text
    assert archives.MARK not in site.client.get("/archive/").text


def test_a_withdrawn_story_is_a_notice_in_its_place_and_not_a_word_of_it_is_left(site: Site) -> None:
    archives.went_out(site.engine)
    withdrawn(site.engine, STORY.id, LEAD.id)
    tree = page(site)
    html = tree.html or ""
    assert texts(tree, "section:nth-of-type(1) article")[1] == "A story that stood here was withdrawn."
    assert texts(tree, ".lead") == ["A story that stood here was withdrawn."]
    for teaser in (STORY, LEAD):
        for word in (teaser.headline, teaser.url, teaser.slug, teaser.teaser):
            assert word not in html
    assert LEAD.headline not in site.client.get("/archive/").text


def test_one_that_was_withdrawn_while_it_went_out_is_a_notice_too(site: Site) -> None:
    archives.went_out(site.engine)
    withdrawn(site.engine, STORY.id)
    left = editions.selection()
    blocks = tuple(
        replace(block, stories=tuple(one for one in block.stories if one.teaser.id != STORY.id))
        for block in left.blocks
    )
    with writing(site.engine) as connection:
        edition_store.add_revision(
            connection, KEY, replace(left, blocks=blocks), (), "run", "withdrawn", samples.NOON
        )
    assert "A story that stood here was withdrawn." in texts(page(site), "article")


def test_one_that_is_under_embargo_again_is_not_told_of(site: Site) -> None:
    archives.went_out(site.engine)
    edited(site.engine, STORY.id, published=samples.NOON + timedelta(days=1))
    assert STORY.headline not in site.client.get(f"/archive/{KEY}").text


def test_a_corrected_story_shows_its_correction_and_its_words_of_then(site: Site) -> None:
    archives.went_out(site.engine)
    edited(
        site.engine,
        STORY.id,
        correction="It was 870.",
        headline="Changed since",
        url="https://quay.example/moved",
    )
    tree = page(site)
    assert "Correction: It was 870." in texts(tree, ".fix")
    assert STORY.headline in texts(tree, "h3")
    assert "Changed since" not in (tree.html or "")
    assert tree.css_first('a[href="https://quay.example/moved"]') is not None


def test_the_beginning_of_a_text_that_was_free_goes_when_it_is_paid_for() -> None:
    value = editions.selection()
    free = replace(LEAD, access=Access.FREE, teaser="The first words of the text.")
    then = replace(value, lead=replace(value.lead, teaser=free))  # type: ignore[type-var]
    now = {free.id: replace(free, access=Access.PAID, teaser="")}
    lead = as_archived(then, now, Offer()).lead
    assert lead is not None
    assert (lead.teaser.teaser, lead.teaser.access) == ("", Access.PAID)


def test_the_offer_is_todays_but_for_one_that_a_sensitive_story_had_taken_away() -> None:
    value, offer = editions.selection(), Offer(price_year="€200", subscribe_url="https://quay.example/new")
    assert as_archived(value, {}, offer).offer == offer
    assert as_archived(editions.offerless(value), {}, offer).offer == Offer()


@pytest.mark.parametrize(
    "key", ["weekly-2026-03-10", "daily-2026-03-11", "x", "..%2f..%2fetc", "a%00b", "x" * 5000]
)
def test_what_is_not_to_be_read_here_answers_as_what_never_was(site: Site, key: str) -> None:
    archives.went_out(site.engine, newsletter="weekly")
    answer = site.client.get(f"/archive/{key}")
    assert answer.status_code == 404
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert LEAD.headline not in answer.text


def test_nothing_is_read_before_its_first_batch_was_handed_over(site: Site) -> None:
    with writing(site.engine) as connection:
        value: Selection = editions.selection()
        for story in value.stories:
            archives.keep(connection, story.teaser)
        edition_store.create(
            connection, "daily", samples.NOON, Composition(value, (), 1), samples.NOON, "run"
        )
    assert site.client.get(f"/archive/{KEY}").status_code == 404
    assert KEY not in site.client.get("/archive/").text
    with writing(site.engine) as connection:
        archives.hand(connection, KEY, samples.NOON)
    assert site.client.get(f"/archive/{KEY}").status_code == 200
    assert KEY in site.client.get("/archive/").text


def test_what_went_to_the_outbox_is_no_edition_of_a_newsroom_that_mails(site: Site) -> None:
    archives.went_out(site.engine, provider="outbox")
    assert site.client.get(f"/archive/{KEY}").status_code == 404


def test_an_edition_of_which_nothing_is_left_is_gone(site: Site) -> None:
    archives.went_out(site.engine)
    withdrawn(
        site.engine,
        *(story.teaser.id for story in editions.selection().stories if not story.teaser.is_sponsored),
    )
    answer = site.client.get(f"/archive/{KEY}")
    assert answer.status_code == 410
    assert "This edition was withdrawn" in answer.text


@pytest.mark.parametrize("address", [f"/archive/{KEY}", "/archive/"])
def test_a_client_that_has_it_is_told_so_until_something_changes(site: Site, address: str) -> None:
    archives.went_out(site.engine)
    first = site.client.get(address)
    assert first.headers["Cache-Control"] == "public, max-age=300"
    mark = first.headers["ETag"]
    for sent in (mark, f"W/{mark}", f'"x", {mark}', "*"):
        again = site.client.get(address, headers={"If-None-Match": sent})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == mark
    head = site.client.head(address)
    assert (head.status_code, head.headers["ETag"], head.content) == (200, mark, b"")
    since = {"If-Modified-Since": "Sat, 28 Nov 2099 18:00:00 GMT"}
    assert site.client.get(address, headers=since).status_code == 200
    withdrawn(site.engine, LEAD.id)
    assert site.client.get(address, headers={"If-None-Match": mark}).status_code == 200


@pytest.mark.parametrize(
    ("newsletter", "robots", "header"), [("daily", "index, follow", "all"), ("books", "noindex", "noindex")]
)
def test_search_engines_are_told_what_the_newsletter_says(
    site: Site, newsletter: str, robots: str, header: str
) -> None:
    key = archives.went_out(site.engine, newsletter=newsletter)
    for address in (f"/archive/{key}", f"/archive/?newsletter={newsletter}"):
        answer = site.client.get(address)
        tree = LexborHTMLParser(answer.text)
        assert answer.headers["X-Robots-Tag"] == header
        assert tree.css_first("meta[name=robots]").attributes["content"] == robots  # type: ignore[union-attr]
        canonical = tree.css_first("link[rel=canonical]").attributes["href"]  # type: ignore[union-attr]
        assert canonical == f"https://feeds.quay.example{address}"


def test_the_editions_are_listed_newest_first_a_page_at_a_time(site: Site) -> None:
    for number, day in enumerate(archives.days(33)):
        archives.went_out(site.engine, local_date=day, handed=samples.NOON - timedelta(days=100 - number))
    archives.went_out(site.engine, local_date=archives.days(33)[-1], slot="first", handed=samples.NOON)
    archives.went_out(site.engine, newsletter="books")

    def listed(address: str) -> list[str]:
        return [a.attributes["href"] or "" for a in page(site, address).css(".editions a")]

    both = listed("/archive/")
    assert both[:2] == ["/archive/daily-2026-02-02-first", "/archive/daily-2026-02-02"]
    assert both[7:] == ["/archive/books-2026-03-10"]
    one, two = listed("/archive/?newsletter=daily"), listed("/archive/?newsletter=daily&page=2")
    assert (len(one), len(two)) == (30, 4)
    assert two[-1] == "/archive/daily-2026-01-01"
    assert texts(page(site, "/archive/?newsletter=daily"), ".go a[rel]") == ["Older editions"]
    assert texts(page(site, "/archive/?newsletter=daily&page=2"), ".go a[rel]") == ["Newer editions"]
    middle = page(site, "/archive/daily-2026-01-02")
    beside = [a.attributes["href"] for a in middle.css(".go a[rel]")]
    assert beside == ["/archive/daily-2026-01-01", "/archive/daily-2026-01-03"]
    for bad in ("page=3", "page=0", "page=-1", "page=x", "page=9999999999", "page=1%00", "page="):
        assert site.client.get(f"/archive/?newsletter=daily&{bad}").status_code == 404, bad
    for bad in ("newsletter=weekly", "newsletter=none", "newsletter=%00", "page=2"):
        assert site.client.get(f"/archive/?{bad}").status_code == 404, bad


def test_an_extra_edition_is_called_one_and_not_by_our_name_for_it(site: Site) -> None:
    archives.went_out(site.engine, slot="hush")
    for address in ("/archive/", "/archive/daily-2026-03-10-hush"):
        answer = site.client.get(address)
        assert "extra edition" in answer.text
        assert "hush" not in re.sub(r'(href|content)="[^"]*"', "", answer.text)


def test_an_archive_that_is_open_and_empty_says_so(site: Site) -> None:
    assert texts(page(site, "/archive/"), "main p") == ["No edition has gone out yet."] * 2
    redirect = site.client.get("/archive", follow_redirects=False)
    assert (redirect.status_code, redirect.headers["Location"]) == (301, "/archive/")


def test_the_front_page_leads_there_where_it_is_open(site: Site, shop: Site) -> None:
    assert page(site, "/").css_first('a[href="/archive/"]') is not None
    assert page(shop, "/").css_first('a[href="/archive/"]') is None
    assert shop.client.get("/archive/").status_code == 404


def test_nothing_there_depends_on_who_asks(site: Site) -> None:
    from tests.readership.registered import register

    archives.went_out(site.engine)
    register(site.engine, samples.reader(1, Plan.PAID), samples.subscription(1))
    plain = site.client.get(f"/archive/{KEY}").text
    asked = site.client.get(f"/archive/{KEY}?reader=1", headers={"Cookie": "session=x", "Host": "localhost"})
    assert asked.text == plain
    assert "Set-Cookie" not in asked.headers
    assert site.client.post(f"/archive/{KEY}").status_code == 405


@pytest.mark.browser
@pytest.mark.parametrize(("width", "mode"), [(375, "light"), (1200, "dark")])
def test_its_pages_are_right_in_a_browser(
    site: Site, browser: Browser, width: int, mode: Literal["light", "dark"]
) -> None:
    archives.went_out(
        site.engine, editions.selection(note='<p>A <a href="https://quay.example/fox">fox</a>.</p>')
    )
    withdrawn(site.engine, STORY.id)
    with window(browser, width, mode) as sheet:
        for address in (f"/archive/{KEY}", "/archive/", "/archive/?newsletter=daily", "/archive/none"):
            sheet.goto(str(site.client.base_url).rstrip("/") + address)
            seen = look(sheet, ".go a, li a, h2 a, h3 a, .button")
            assert seen.violations == {}, address
            assert seen.width <= width, address
            assert [one for one in seen.targets if one[1] < 44] == [], address
