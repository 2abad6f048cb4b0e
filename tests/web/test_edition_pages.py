"""The controls of an edition in a real browser: each state, by the keyboard alone, on a phone in Arabic."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser
from sqlalchemy.engine import Engine

from tests.browser import window
from tests.web.editing import desk
from tests.web.test_reader_pages import base, checked

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
    with window(browser, width, mode) as page, desk(tmp_path, engine, language=language) as room:

        def press(do: str) -> None:
            page.locator(f'button[value^="{do}"]').first.focus()
            page.keyboard.press("Enter")
            page.locator("[role=status], button[value]").first.wait_for()

        page.goto(base(room.site) + room.link())
        checked(page, width, mode, f"{language}-edition")
        press("drop")
        room.press("hold")
        page.locator("#note").fill("Good *morning*")
        press("note")
        checked(page, width, mode, f"{language}-edition-stale")
        assert page.locator("#note").input_value() == "Good *morning*"
        press("note")
        press("release")
        press("now")
        checked(page, width, mode, f"{language}-edition-sure")
        page.locator("form[method=get] button").press("Enter")
        page.locator('button[value="stop"]').wait_for()
        press("stop")
        press("stop")
        checked(page, width, mode, f"{language}-edition-stopped")
