"""The controls of an edition in a real browser: each state, by the keyboard alone, on a phone in Arabic."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser
from sqlalchemy.engine import Engine

from content.tables import articles
from newsroom.database import metadata, writing
from newsroom.masthead import Place
from tests.browser import window
from tests.newsletter.delivering import NOW
from tests.web.editing import ANA, BRIDGE, QUARRY, TRAM, desk
from tests.web.test_reader_pages import SHOTS, base, checked

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("width", "mode", "language"), [(375, "dark", "ar"), (1200, "light", "en")])
def test_every_state_is_right(
    tmp_path: Path,
    engine: Engine,
    browser: Browser,
    width: int,
    mode: Literal["light", "dark"],
    language: str,
) -> None:
    places = (Place("politics", 3), Place("culture", 3), Place("partners", 3))
    with (
        window(browser, width, mode) as page,
        desk(tmp_path, engine, language=language, places=places) as room,
    ):

        def press(do: str) -> None:
            page.locator(f'button[value^="{do}"]:not(.skip)').first.focus()
            with page.expect_navigation():
                page.keyboard.press("Enter")

        page.goto(base(room.site) + room.link())
        checked(page, width, mode, f"{language}-edition")
        press("drop")
        # What was done is said where it was done, and in sight.
        page.locator("#done").wait_for()
        assert page.evaluate(_IN_SIGHT)
        checked(page, width, mode, f"{language}-edition-done")
        press(f"back {QUARRY}")
        page.locator("#done").wait_for()
        assert page.evaluate(_IN_SIGHT)
        # Enter in a box saves, and holds nothing.
        page.locator("#subject").fill("The vote")
        page.locator("#subject").press("Enter")
        page.wait_for_url("**did=save**")
        assert (room.selection.subject, room.edition.held) == ("The vote", "")
        page.reload()
        room.press("hold")
        page.locator("#note").fill("Good *morning*")
        press("lead")
        page.locator("#done.error").wait_for()
        checked(page, width, mode, f"{language}-edition-stale")
        assert page.locator("#note").input_value() == "Good *morning*"
        press("save")
        press("release")
        page.locator("#note").fill("Good *evening*")
        press("now")
        page.locator("input[name=sure]").wait_for(state="attached")
        checked(page, width, mode, f"{language}-edition-sure")
        press("look")
        page.locator("#note").wait_for()
        assert page.locator("#note").input_value() == "Good *evening*"
        page.locator('a[href="?as=trial"]').press("Enter")
        page.locator("td").first.wait_for()
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/{language}-edition-mail-{width}-{mode}.png")
        page.locator('a[href="?"]').press("Enter")
        page.locator('button[value="stop"]').wait_for()
        press("stop")
        page.locator("form[method=get] button").press("Enter")
        page.locator('button[value="hold"]').wait_for()
        press("stop")
        page.locator("input[name=sure]").wait_for(state="attached")
        press("stop")
        page.wait_for_url("**did=stop**")
        checked(page, width, mode, f"{language}-edition-stopped")


def test_a_storys_buttons_stand_in_one_row_and_leave_its_headline_room(
    tmp_path: Path, engine: Engine, browser: Browser
) -> None:
    with window(browser, 375) as page:
        for language in ("en", "de", "fr", "es", "nl", "ar"):
            with desk(tmp_path / language, engine, language=language) as room:
                page.goto(base(room.site) + room.link())
                for width in (375, 1200):
                    page.set_viewport_size({"width": width, "height": 700})
                    tops = page.evaluate(_TOPS)
                    assert all(len(set(one)) == 1 for one in tops), (language, width, tops)
                    assert page.evaluate(_LINES) == 1, (language, width)
                    # A row that one word breaks is taller than all others.
                    assert page.evaluate(_HEIGHTS) == [44], (language, width)
            _empty(engine)


@pytest.mark.parametrize(("width", "mode", "language"), [(375, "light", "ar"), (1200, "dark", "en")])
def test_what_is_too_long_and_what_is_gone_are_shown_right(
    tmp_path: Path,
    engine: Engine,
    browser: Browser,
    width: int,
    mode: Literal["light", "dark"],
    language: str,
) -> None:
    with window(browser, width, mode) as page, desk(tmp_path, engine, language=language) as room:
        page.goto(base(room.site) + room.link())
        page.locator("#note").fill("x " * 2_501)
        page.locator('button[value^="drop"]').first.press("Enter")
        page.locator("#note-error").wait_for()
        assert page.evaluate("document.activeElement.id") == "note"
        checked(page, width, mode, f"{language}-edition-long")
        page.locator("#done a").press("Enter")
        page.wait_for_url("**#note")
        page.goto(base(room.site) + room.link())
        with page.expect_navigation():
            page.locator('button[value="now"]').press("Enter")
        with writing(engine) as connection:
            gone = sa.update(articles).where(articles.c.id.in_([BRIDGE, TRAM]))
            connection.execute(gone.values(withdrawn=NOW))
        page.locator('button[value="now"]').press("Enter")
        page.locator("#done.error").wait_for()
        checked(page, width, mode, f"{language}-edition-asked-again")
        page.goto(base(room.site) + room.link())
        checked(page, width, mode, f"{language}-edition-gone")


@pytest.mark.parametrize(("width", "mode", "language"), [(375, "dark", "ar"), (1200, "light", "de")])
def test_what_can_only_be_copied_is_shown_right(
    tmp_path: Path,
    engine: Engine,
    browser: Browser,
    width: int,
    mode: Literal["light", "dark"],
    language: str,
) -> None:
    with window(browser, width, mode) as page, desk(tmp_path, engine, language=language) as room:
        page.goto(base(room.site) + room.link())
        page.locator("#subject").fill("The vote")
        page.locator("#note").fill("Good *morning*")
        room.press("stop", editor=ANA, sure="yes")
        page.locator("#subject").press("Enter")
        page.locator("#typed-note").wait_for()
        checked(page, width, mode, f"{language}-edition-late")
        assert page.locator("#typed-subject").input_value() == "The vote"
        assert page.locator("#typed-note").input_value() == "Good *morning*"


def test_no_button_is_larger_than_its_neighbours_and_what_was_done_has_one_frame(
    tmp_path: Path, engine: Engine, browser: Browser
) -> None:
    with desk(tmp_path, engine) as room, window(browser, 375) as page:
        page.goto(base(room.site) + room.link())
        widths = page.evaluate(_WIDTHS)
        assert (len(widths), len(set(widths))) == (2, 1), widths
        gaps = page.evaluate(_GAPS)
        assert max(gaps) - min(gaps) < 1, gaps
        page.locator('button[value^="drop"]').first.press("Enter")
        page.locator("#done").wait_for()
        assert page.evaluate("getComputedStyle(document.getElementById('done')).outlineWidth") == "0px"


def _empty(engine: Engine) -> None:
    with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())


_IN_SIGHT = """() => {
  const box = document.getElementById("done").getBoundingClientRect();
  return box.top >= 0 && box.bottom <= innerHeight;
}"""
_TOPS = """() => [...document.querySelectorAll(".desk .tasks")].map(
  one => [...one.children].map(button => button.getBoundingClientRect().top))"""
_HEIGHTS = """() => [...new Set(
  [...document.querySelectorAll(".desk .tasks button")].map(
    one => Math.round(one.getBoundingClientRect().height))
)]"""
_LINES = """() => Math.max(
  ...[...document.querySelectorAll(".desk li bdi.title")].map(one => one.getClientRects().length)
)"""
_WIDTHS = """() => [...document.querySelectorAll('.acts button:not(.ends)')].map(
  one => one.getBoundingClientRect().width)"""
_GAPS = """() => {
  const text = one => { const range = document.createRange(); range.selectNodeContents(one);
                        return range.getBoundingClientRect(); };
  const words = [...document.querySelectorAll(".ways a")].map(text);
  return words.slice(1).map((one, number) => one.left - words[number].right);
}"""
