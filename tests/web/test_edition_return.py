"""Going back in the browser, on the page of an edition's controls: what stands there is the edition's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser
from sqlalchemy.engine import Engine

from tests.browser import window
from tests.web.editing import ANA, CELLO, FERRY, TRAM, desk
from tests.web.test_reader_pages import base

pytestmark = pytest.mark.browser


def test_what_was_typed_once_does_not_come_back_over_what_others_wrote(
    tmp_path: Path, engine: Engine, browser: Browser
) -> None:
    with window(browser, 375) as page, desk(tmp_path, engine) as room:
        page.goto(base(room.site) + room.link())
        page.locator("#subject").fill("Nele's subject")
        page.locator("#note").fill("Nele's note")
        page.locator("#subject").press("Enter")
        page.wait_for_url("**did=save**")
        room.press("save", editor=ANA, subject="Ana's subject", note="Ana's note")
        page.go_back()
        page.locator("#note").wait_for()
        boxes = [page.locator(box).input_value() for box in ("#subject", "#note")]
        assert boxes == ["Ana's subject", "Ana's note"]
        page.locator(f'button[value="drop {CELLO}"]').press("Enter")
        page.wait_for_url("**did=drop**")
        assert (room.selection.subject, "Ana's note" in room.selection.note) == ("Ana's subject", True)


def test_a_question_can_be_gone_back_to(tmp_path: Path, engine: Engine, browser: Browser) -> None:
    with window(browser, 375) as page, desk(tmp_path, engine) as room:
        page.goto(base(room.site) + room.link())
        for do in ("now", "stop"):
            page.locator(f'button[value="{do}"]').press("Enter")
            page.wait_for_url(f"**ask={do}**")
            page.locator(f'button[value="{do}"]').press("Enter")
            page.wait_for_url(f"**did={do}**")
            page.go_back()
            page.wait_for_url(f"**ask={do}**")
            # How things are now: nothing is asked any more.
            page.locator(".about").wait_for()
            assert page.locator("input[name=sure]").count() == 0


def test_what_was_not_done_can_be_gone_back_to(tmp_path: Path, engine: Engine, browser: Browser) -> None:
    with window(browser, 375) as page, desk(tmp_path, engine) as room:
        room.press("save")
        page.goto(base(room.site) + room.link())
        page.locator('button[value="save"]').last.press("Enter")
        page.wait_for_url("**not=edition_same**")
        page.locator(f'button[value="drop {CELLO}"]').press("Enter")
        page.wait_for_url("**did=drop**")
        page.go_back()
        page.wait_for_url("**not=edition_same**")
        # How things are now: that it was so already is said no more.
        page.locator(f'button[value="back {CELLO}"]').wait_for()
        assert page.locator("#done").count() == 0
        # And so is what somebody else was quicker with.
        room.press(f"drop {FERRY}", editor=ANA)
        page.locator(f'button[value="drop {TRAM}"]').press("Enter")
        page.wait_for_url("**not=edition_stale**")
        page.locator(f'button[value="drop {TRAM}"]').press("Enter")
        page.wait_for_url("**did=drop**")
        page.go_back()
        page.wait_for_url("**not=edition_stale**")
        page.go_back()
        page.wait_for_url("**not=edition_same**")
        for there in ("stale**", "drop**"):
            page.go_forward()
            page.wait_for_url(f"**{there}")
        page.locator(f'button[value="back {TRAM}"]').wait_for()
