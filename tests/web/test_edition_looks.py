"""How the page of an edition's controls is laid out, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy.engine import Engine

from newsroom.database import metadata
from newsroom.masthead import Place
from tests.browser import window
from tests.web.editing import BRIDGE, CELLO, QUARRY, Room, desk
from tests.web.test_reader_pages import base

pytestmark = pytest.mark.browser

LANGUAGES = ("en", "de", "fr", "es", "nl", "ar")
PLACES = (Place("politics", 3), Place("culture", 3), Place("partners", 3))


@contextmanager
def opened(
    root: Path, engine: Engine, browser: Browser, width: int, language: str = "en"
) -> Iterator[tuple[Page, Room]]:
    with (
        desk(root / language, engine, language=language, places=PLACES) as room,
        window(browser, width) as page,
    ):
        page.goto(base(room.site) + room.link())
        yield page, room
    with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())


@pytest.mark.parametrize("width", [375, 1200])
def test_subject_and_note_come_before_the_stories(
    tmp_path: Path, engine: Engine, browser: Browser, width: int
) -> None:
    with opened(tmp_path, engine, browser, width) as (page, _):
        tops = [page.locator(one).first.bounding_box() for one in (".acts", "#subject", "#note", ".desk")]
        heights = [box["y"] for box in tops if box]
        assert heights == sorted(heights) and len(heights) == 4
        assert heights[1] < 900


@pytest.mark.parametrize("width", [375, 700, 1200])
@pytest.mark.parametrize("language", ["de", "ar"])
def test_each_thing_to_do_has_a_column_of_its_own(
    tmp_path: Path, engine: Engine, browser: Browser, width: int, language: str
) -> None:
    with opened(tmp_path, engine, browser, width, language) as (page, room):
        room.press(f"drop {CELLO}")
        page.reload()
        columns = [page.evaluate(_LEFTS, f'.desk [value^="{do} "]') for do in ("top", "lead", "drop", "back")]
        top, lead, drop, back = columns
        assert len(set(lead)) == len(set(drop)) == 1 and drop[0] == back[0], columns
        assert len({top[0], lead[0], drop[0]}) == 3, columns
        # At the right of the headline where there is room for it, else below.
        besides = page.evaluate(_BESIDES)
        assert all(one is (width == 1200) for one in besides), besides
        assert page.evaluate("document.documentElement.scrollWidth") == width
        # A headline that runs the other way begins where the others do.
        assert len(set(page.evaluate(_BEGINS))) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_on_a_button_is_broken_however_large_the_text(
    tmp_path: Path, engine: Engine, browser: Browser, language: str
) -> None:
    with opened(tmp_path, engine, browser, 375, language) as (page, room):
        room.press(f"drop {CELLO}")
        page.reload()
        for size in (100, 130, 200):
            page.evaluate("size => { document.documentElement.style.fontSize = `${size}%`; }", size)
            assert page.evaluate(_BROKEN) == [], size
            assert page.evaluate("document.documentElement.scrollWidth") == 375, size


def test_what_ends_it_looks_otherwise_than_what_sends_it(
    tmp_path: Path, engine: Engine, browser: Browser
) -> None:
    with opened(tmp_path, engine, browser, 375) as (page, _):
        ink, accent = (page.locator(f'.acts [value="{do}"]').evaluate(_COLOUR) for do in ("stop", "now"))
        assert ink != accent and ink == page.locator("h1").evaluate(_COLOUR)
        page.locator('.acts [value="stop"]').press("Enter")
        page.wait_for_url("**ask=stop**")
        assert page.locator('[value="stop"]').evaluate(_GROUND) == ink


@pytest.mark.parametrize("width", [375, 1200])
def test_the_heading_above_what_was_done_is_in_sight(
    tmp_path: Path, engine: Engine, browser: Browser, width: int
) -> None:
    with opened(tmp_path, engine, browser, width, "de") as (page, _):
        for do in (
            f"drop {BRIDGE}",
            f"back {BRIDGE}",
            f"back {QUARRY}",
            f"top politics {QUARRY}",
            "hold",
            "save",
        ):
            page.locator(f'button[value="{do}"]:not(.skip)').press("Enter")
            page.locator("#done").wait_for()
            page.wait_for_url("**#done")
            seen = page.evaluate(_HEADING)
            assert 0 <= seen[0] < seen[1] < 700, (do, seen)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_bar_of_what_is_shown_keeps_its_ways_together(
    tmp_path: Path, engine: Engine, browser: Browser, language: str
) -> None:
    with opened(tmp_path, engine, browser, 375, language) as (page, _):
        page.goto(page.url + "?as=trial")
        back, *ways = page.evaluate(_WAYS)
        assert len({way["top"] for way in ways}) == 1, ways
        assert language == "ar" or back["left"] == ways[0]["left"]
        assert all(way["height"] >= 42 for way in (back, *ways))


_LEFTS = """one => [...document.querySelectorAll(one)].map(
  button => Math.round(button.getBoundingClientRect().left))"""
_BESIDES = """() => [...document.querySelectorAll(".desk li:has(.tasks)")].map(row => {
  const [words, tasks] = [...row.children].map(one => one.getBoundingClientRect());
  return tasks.top < words.bottom;
})"""
_BROKEN = """() => [...document.querySelectorAll("button:not(.skip)")].filter(button => {
  const range = document.createRange(), text = button.firstChild;
  return [...text.data.matchAll(/[^\\s]+/g)].some(word => {
    range.setStart(text, word.index); range.setEnd(text, word.index + word[0].length);
    return range.getClientRects().length > 1;
  });
}).map(button => button.innerText)"""
_BEGINS = """() => [...document.querySelectorAll(".desk li bdi")].map(one => {
  const range = document.createRange(); range.selectNodeContents(one);
  const box = range.getBoundingClientRect();
  return Math.round(document.documentElement.dir === "rtl" ? box.right : box.left);
})"""
_COLOUR = "one => getComputedStyle(one).color"
_GROUND = "one => getComputedStyle(one).backgroundColor"
_HEADING = """() => {
  const told = document.getElementById("done");
  const found = [...document.querySelectorAll("h1, h2, h3")].filter(
    one => one.compareDocumentPosition(told) & Node.DOCUMENT_POSITION_FOLLOWING);
  return [found.at(-1).getBoundingClientRect().top, told.getBoundingClientRect().top];
}"""
_WAYS = """() => [...document.body.firstElementChild.querySelectorAll("a, b:not([dir])")].map(one => {
  const {top, left, height} = one.getBoundingClientRect();
  return {top, left, height};
})"""
