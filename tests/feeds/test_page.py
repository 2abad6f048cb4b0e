"""The page of all feeds, and a feed that somebody opens in a browser."""

from __future__ import annotations

import http.server
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from selectolax.lexbor import LexborHTMLParser

from feeds.listing import listed
from feeds.page import index_page, private_stylesheet, stylesheet
from feeds.rss_atom import atom, rss
from newsroom.masthead import Newsroom, Section, SectionKind
from tests import samples
from tests.browser import look, window
from tests.feeds.values import ARABIC, feed, full, teasers
from tests.samples import teaser

NODE = Path(__file__).resolve().parent.parent / "node"
LANGUAGES = ("en", "de", "fr", "es", "nl", "ar")
MODES = ("light", "dark")


def page_of(newsroom: Newsroom) -> bytes:
    return index_page(newsroom, listed(newsroom))


def test_every_feed_stands_on_the_page_with_all_its_addresses() -> None:
    room = samples.newsroom()
    tree = LexborHTMLParser(page_of(room).decode())
    assert [node.text() for node in tree.css("h2")] == [feed.title for feed in listed(room)]
    inputs = [node.attributes["value"] for node in tree.css("input[readonly]")]
    assert inputs == [f"https://feeds.quay.example/feeds/{name}.rss" for name in room.feeds]
    links = [node.attributes["href"] for node in tree.css(".kinds a")]
    assert links == [f"{name}{ending}" for name in room.feeds for ending in (".rss", ".atom", ".json")]
    found = [node.attributes["href"] for node in tree.css('link[rel="alternate"]')]
    assert found == [f"{name}.rss" for name in room.feeds]
    assert len(tree.css("section.paid")) == 1
    # The ground alone says nothing to who cannot see it.
    assert [node.text() for node in tree.css("section.paid .label")] == ["Paid content"]
    assert len(tree.css(".label")) == 1


@pytest.mark.browser
def test_the_page_lets_its_own_style_and_script_in_and_nothing_else(browser: Browser, tmp_path: Path) -> None:
    room = samples.newsroom(sections=(Section("a", "POLICY </h2><script>document.title = 'x'</script>"),))
    page = page_of(room)
    (policy,) = LexborHTMLParser(page.decode()).css('meta[http-equiv="Content-Security-Policy"]')
    assert "unsafe" not in str(policy.attributes["content"])
    # Even if a title could break out of its place.
    file = tmp_path / "index.html"
    file.write_bytes(
        page.replace(b"</main>", b"<script>document.title = 'x'</script><p style='color:red'>x</main>")
    )
    tab = browser.new_page()
    tab.goto(file.as_uri())
    assert tab.title() != "x"
    assert tab.evaluate("getComputedStyle(document.querySelector('h1')).marginTop") == "32px"
    last = "getComputedStyle(document.querySelector('main > p:last-child')).color"
    assert tab.evaluate(last) != "rgb(255, 0, 0)"
    tab.close()


def test_the_latest_section_has_no_feed_of_its_own() -> None:
    assert [feed.name for feed in listed(samples.newsroom())] == [
        "all",
        "politics",
        "culture",
        "briefs",
        "partners",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_speaks_the_newsroom_s_language(language: str) -> None:
    html = page_of(samples.newsroom(language=language)).decode()
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in html
    assert language == "en" or "Copy an address" not in html


def test_the_same_newsroom_gives_the_same_bytes() -> None:
    assert page_of(samples.newsroom()) == page_of(samples.newsroom())
    assert stylesheet(samples.newsroom()) == stylesheet(samples.newsroom())


HOSTILE = '"><script>alert(1)</script>{{ 7 * 7 }}'


def test_a_title_cannot_become_markup() -> None:
    room = samples.newsroom(name=HOSTILE, about=HOSTILE)
    room = replace(room, sections=(Section("odd", HOSTILE), *room.sections))
    tree = LexborHTMLParser(page_of(room).decode())
    assert len(tree.css("script")) == 1
    assert tree.css("h2")[1].text() == HOSTILE
    assert tree.css_first("header a").text() == HOSTILE


def test_the_page_needs_nothing_from_elsewhere() -> None:
    tree = LexborHTMLParser(page_of(samples.newsroom()).decode())
    assert tree.css("[src]") == tree.css('link[rel="stylesheet"]') == []
    assert b"@import" not in stylesheet(samples.newsroom())
    assert b"url(" not in stylesheet(samples.newsroom())


@pytest.mark.node
def test_html_validate_has_nothing_to_say() -> None:
    if not shutil.which("node") or not (NODE / "node_modules" / "html-validate").is_dir():
        pytest.skip("needs Node 20 and its packages: cd tests/node && npm ci")
    pages = [page_of(samples.newsroom(language=language)).decode() for language in LANGUAGES]
    question = json.dumps([*pages, pages[0].replace("</h1>", "", 1)])
    command = ["node", NODE / "html.mjs"]
    done = subprocess.run(command, input=question, capture_output=True, text=True, check=True)
    *answers, warned = json.loads(done.stdout)
    assert answers == [[]] * len(LANGUAGES)
    assert warned


# In a real browser.


class _Quiet(http.server.SimpleHTTPRequestHandler):
    # Browsers show application/rss+xml as source, or offer to save it.
    extensions_map = {  # noqa: RUF012 - the library's own
        ".rss": "application/xml; charset=utf-8",
        ".atom": "application/xml; charset=utf-8",
        ".html": "text/html; charset=utf-8",
        ".css": "text/css; charset=utf-8",
    }

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        pass


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The loopback address of a folder with the feeds, in English and in Arabic."""
    folder = tmp_path_factory.mktemp("feeds")
    for language in ("en", "ar"):
        room = samples.newsroom(language=language)
        room = replace(room, sections=(*room.sections, Section("long", "Long" * 40, SectionKind.SPONSORED)))
        (folder / language).mkdir()
        value = feed(*teasers(), teaser("ar", headline=ARABIC, language="ar"), language=language)
        for name, data in (
            ("index.html", page_of(room)),
            ("feed.css", stylesheet(room)),
            ("full.rss", rss(value)[0]),
            ("full.atom", atom(value)[0]),
            ("empty.rss", rss(feed(language=language))[0]),
        ):
            (folder / language / name).write_bytes(data)
    handler = partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def overflow(page: Page) -> int:
    width: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return width


@pytest.mark.browser
@pytest.mark.parametrize("language", ["en", "ar"])
def test_axe_finds_nothing_on_the_page(browser: Browser, address: str, language: str) -> None:
    with window(browser, 375) as page:
        page.goto(f"{address}/{language}/index.html")
        for mode in MODES:
            page.emulate_media(color_scheme=mode)  # type: ignore[arg-type]  # one of MODES
            seen = look(page)
            assert seen.violations == {}, mode
            assert "color-contrast" in seen.rules


@pytest.mark.browser
@pytest.mark.parametrize("language", ["en", "ar"])
def test_nothing_is_cut_off_at_any_width(browser: Browser, address: str, language: str) -> None:
    page = browser.new_page()
    for name in ("index.html", "full.rss", "full.atom", "empty.rss"):
        page.goto(f"{address}/{language}/{name}")
        for width in (320, 375, 1200):
            page.set_viewport_size({"width": width, "height": 800})
            assert overflow(page) <= 0, (name, width)
    page.close()


@pytest.mark.browser
def test_whatever_is_tapped_is_large_enough(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 375, "height": 900})
    page.goto(f"{address}/en/index.html")
    small = page.evaluate(
        "[...document.querySelectorAll('.kinds a, input, button, .list, header a')]"
        ".filter(e => e.getBoundingClientRect().height < 44).map(e => e.outerHTML)"
    )
    assert small == []
    page.close()


@pytest.mark.browser
def test_an_address_is_copied_at_a_click(browser: Browser, address: str) -> None:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{address}/en/index.html")
    page.get_by_role("button", name="Copy: RSS address of Politics").click()
    page.get_by_text("Copied").first.wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "https://feeds.quay.example/feeds/politics.rss"
    assert page.get_by_role("status").text_content() == "Copied"
    context.close()


@pytest.mark.browser
def test_without_javascript_everything_is_there_but_the_button(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/en/index.html")
    assert page.locator("button:visible").count() == 0
    assert (
        page.get_by_role("textbox", name="RSS address of Politics")
        .input_value()
        .endswith("/feeds/politics.rss")
    )
    context.close()


SHOWN = """
[...document.querySelectorAll('*')].filter(e => !e.children.length && e.getClientRects().length)
  .map(e => [e.localName, e.textContent])
"""


@pytest.mark.browser
@pytest.mark.parametrize("name", ["full.rss", "full.atom"])
def test_a_feed_opened_in_a_browser_is_readable(browser: Browser, address: str, name: str) -> None:
    page = browser.new_page()
    page.goto(f"{address}/en/{name}")
    shown = page.evaluate(SHOWN)
    texts = [text for _, text in shown]
    assert texts[0] == "The Quay: Politics"
    assert {"Opinion: The bridge reopens", ARABIC, "News from the river."} <= set(texts)
    # The teasers too, one line each, with what is paid for and what is for subscribers.
    abstracts = [text for kind, text in shown if kind == "abstract"]
    assert abstracts[0].splitlines()[0] == "After two years of work the city opens it again."
    assert abstracts[0].splitlines()[-1] == "Full article for subscribers"
    assert abstracts[1].splitlines()[0] == "Paid content by Kaap & Zoon"
    dates = [text for kind, text in shown if kind in ("pubDate", "published")]
    assert len(dates) == len(abstracts) + 1  # The brief is a headline alone.
    note = page.evaluate("getComputedStyle(document.documentElement, '::before').content")
    assert note.startswith('"This is a feed: ')
    assert not any("<" in text or text.startswith("tag:") for text in texts)
    assert {"title", "link"} <= {kind for kind, _ in shown}
    assert [entry.title for entry in full().entries] == [
        text for kind, text in shown if kind == "title" and text != ARABIC
    ][1:]
    grounds = set()
    for mode in MODES:
        page.emulate_media(color_scheme=mode)  # type: ignore[arg-type]  # one of MODES
        style = "getComputedStyle(document.documentElement)"
        grounds.add(tuple(page.evaluate(f"[{style}.backgroundColor, {style}.color]")))
    assert len(grounds) == 2
    page.close()


def test_a_private_feed_says_that_it_is_one() -> None:
    text = private_stylesheet(samples.newsroom()).decode()
    assert "for you alone" in text and "newest headlines" not in text
    assert "for you alone" not in stylesheet(samples.newsroom()).decode()
