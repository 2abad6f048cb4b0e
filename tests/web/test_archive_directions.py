"""An edition in the archive of an Arabic newsletter, in an English newsroom: each text runs its own way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser
from selectolax.lexbor import LexborHTMLParser

from newsletter.desk.editing import note_of
from newsletter.edition import Block
from newsroom.database import metadata
from newsroom.masthead import Archive, SectionKind
from tests import samples
from tests.browser import look, window
from tests.newsletter import editions
from tests.web import archives
from tests.web.serving import Site, served, settings

MIXED = "ليلى reads: “A harbour”"
NOTE = note_of("Three things:\n\n1. The plan.\n2. The ferry.\n\n- A [map](https://q.example/map) of it\n")
PAPERS = (
    samples.newsletter(language="ar", archive=Archive.EVERYONE),
    samples.newsletter(key="books", title="The Quay of Books", archive=Archive.EVERYONE),
)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One edition each of an Arabic newsletter and of an English one."""
    from newsroom.database import engine_for

    root = tmp_path_factory.mktemp("library")
    engine = engine_for(f"sqlite:///{root / 'standfirst.db'}")
    sa.event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    metadata.create_all(engine)
    values = settings(root, newsletters=PAPERS)
    news = editions.story(
        "118 herons", teaser="They came.", authors=("Nele", "Ana"), minutes=3, is_update=True
    )
    local = Block("city", "المدينة", SectionKind.EDITORIAL, (editions.story("الجسر", language="ar"),))
    block = Block("work", "Work & money!", SectionKind.EDITORIAL, (news,))
    lead = editions.story(MIXED, teaser="Two languages: one book.", language="en")
    edition = editions.selection(lead=lead, blocks=(block, local), note=NOTE)
    with served(replace(values, delivery=replace(values.delivery, provider="smtp")), engine) as site:
        for newsletter in ("daily", "books"):
            archives.went_out(engine, edition, newsletter=newsletter)
        yield site
    engine.dispose()


def page(site: Site, address: str) -> LexborHTMLParser:
    return LexborHTMLParser(site.client.get(address).text)


def tongue(node: Any) -> tuple[str | None, str | None]:
    return node.attributes.get("lang"), node.attributes.get("dir")


def test_a_headline_runs_as_its_own_language_says_where_its_letters_do_not(library: Site) -> None:
    for newsletter, expected in (("daily", ("en", "ltr")), ("books", (None, None))):
        assert tongue(page(library, f"/archive/{newsletter}-2026-03-10").css_first(".lead")) == expected
        shown = page(library, f"/archive/?newsletter={newsletter}").css_first(".editions .soft")
        assert (shown.text(), *tongue(shown)) == (MIXED, *expected)


def test_on_a_page_in_the_newsrooms_language_dates_and_headlines_say_theirs(library: Site) -> None:
    shelves = page(library, "/archive/").css(".editions")
    assert [tongue(shelf.css_first("time")) for shelf in shelves] == [("ar", "rtl"), (None, None)]
    assert [tongue(shelf.css_first(".soft")) for shelf in shelves] == [(None, None)] * 2
    (own,) = page(library, "/archive/?newsletter=daily").css(".editions")
    assert tongue(own.css_first("time")) == (None, None)


def test_the_offer_and_the_note_run_as_their_letters_do(library: Site) -> None:
    tree = page(library, "/archive/daily-2026-03-10")
    assert tongue(tree.css_first(".offer")) == ("en", "ltr")
    assert {tongue(link) for link in tree.css(".offer .meta a[href^=http]")} == {("ar", "rtl")}
    assert tongue(tree.css_first(".edition .text")) == (None, "ltr")
    english = page(library, "/archive/books-2026-03-10")
    assert tongue(english.css_first(".offer")) == (None, None)
    assert {tongue(link) for link in english.css(".offer .meta a[href^=http]")} == {(None, None)}


def test_a_section_title_of_the_other_direction_is_kept_apart(library: Site) -> None:
    for newsletter, title, direction in (("daily", "Work & money!", "ltr"), ("books", "المدينة", "rtl")):
        labels = page(library, f"/archive/{newsletter}-2026-03-10").css(".label bdi")
        assert [(label.text(), *tongue(label)) for label in labels] == [(title, None, direction)]


@pytest.mark.browser
def test_what_stands_beneath_a_headline_is_on_its_side(library: Site, browser: Browser) -> None:
    base = str(library.client.base_url).rstrip("/")
    with window(browser, 375) as sheet:
        for newsletter, headline in (("daily", "118 herons"), ("books", "الجسر")):
            sheet.goto(f"{base}/archive/{newsletter}-2026-03-10")
            sides = sheet.evaluate(
                """headline => { const article = [...document.querySelectorAll("article")]
                .find(one => one.querySelector("h3").textContent === headline);
                return [article.querySelector("h3 a"), article.querySelector(".meta")].map(node => {
                  const range = document.createRange(); range.selectNodeContents(node);
                  const box = range.getBoundingClientRect();
                  return [box.left < 40, box.right > 335]; }); }""",
                headline,
            )
            side = [True, False] if newsletter == "daily" else [False, True]
            assert sides == [side, side], newsletter
            assert look(sheet, ".go a, h2 a, h3 a").violations == {}


@pytest.mark.browser
def test_the_lists_of_a_note_have_their_numbers_and_points(library: Site, browser: Browser) -> None:
    with window(browser, 375) as sheet:
        sheet.goto(f"{str(library.client.base_url).rstrip('/')}/archive/daily-2026-03-10")
        items = sheet.evaluate(
            """[...document.querySelectorAll(".edition .text li")].map(node => {
            const its = getComputedStyle(node);
            return [its.display, its.listStyleType, its.borderBottomWidth]; })"""
        )
        assert items == [*[["list-item", "decimal", "0px"]] * 2, ["list-item", "disc", "0px"]]
        # In the line, as the text around it.
        assert sheet.evaluate("document.querySelector('.text li a').offsetHeight") < 30
        spacing = sheet.evaluate(
            "[...document.querySelectorAll('.label bdi')].map(node => getComputedStyle(node).letterSpacing)"
        )
        assert [float(one.removesuffix("px")) > 0 for one in spacing] == [True]
