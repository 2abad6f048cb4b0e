"""Signing in, account and preferences in a real browser: every page and state, the keyboard alone, Arabic."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from readership.tokens import preferences_token
from tests.browser import look, window
from tests.web.serving import KEYS, Site
from tests.web.signing_in import ADDRESS, mails, reader

SHOTS = os.environ.get("STANDFIRST_SHOTS", "")
"""A folder, to look at the pages."""

pytestmark = pytest.mark.browser


def base(site: Site) -> str:
    # A browser keeps secure cookies of this machine by its name alone.
    return f"http://localhost:{site.client.base_url.port}"


def preferences(site: Site, number: int = 1) -> str:
    return f"{base(site)}/preferences/{preferences_token(KEYS, number)}"


def checked(page: Page, width: int, mode: str, name: str) -> None:
    seen = look(page, "button, main .go a, .ways a, header a, .field input, .field select, .box")
    assert seen.violations == {}, name
    assert seen.width <= width, name
    assert seen.headings == 1, name
    assert seen.targets and seen.small() == [], name
    if SHOTS:
        Path(SHOTS).mkdir(exist_ok=True)
        page.screenshot(path=f"{SHOTS}/{name}-{width}-{mode}.png", full_page=True)


@pytest.mark.parametrize(("width", "mode", "language"), [(375, "light", "ar"), (1200, "dark", "en")])
def test_every_page_and_state_is_right(
    site: Site, browser: Browser, width: int, mode: Literal["light", "dark"], language: str
) -> None:
    reader(site, language=language)
    with window(browser, width, mode) as page:
        _every_page_and_state(site, page, width, mode, language)


def _every_page_and_state(site: Site, page: Page, width: int, mode: str, language: str) -> None:
    def check(name: str) -> None:
        checked(page, width, mode, f"{language}-{name}")

    def press(number: int = 0, form: int = 0) -> None:
        page.locator("form").nth(form).locator("button").nth(number).click()

    def opened(path: str, name: str) -> None:
        page.goto(path if path.startswith("http") else base(site) + path)
        check(name)

    opened(f"/privacy?language={language}", "privacy")
    opened(f"/sign-in?language={language}", "sign-in")
    page.locator("form").evaluate("form => form.noValidate = true")
    press()
    check("sign-in-mistake")
    page.goto(f"{base(site)}/sign-in?language={language}")
    page.locator("#address").fill(ADDRESS)
    press()
    check("code")
    page.locator("#code").fill("12345")
    press()
    check("code-mistake")
    (mail,) = mails(site)
    other = site.client.get(mail.link)
    assert other.status_code == 200 and "<form" not in other.text
    opened(mail.link, "link")
    press()
    page.wait_for_url("**/account")
    check("account")
    opened(mail.link, "used")
    opened(preferences(site), "preferences")
    page.locator("#pause").fill("2026-03-20")
    press()
    check("saved")
    page.locator("form").first.evaluate("form => form.noValidate = true")
    page.locator("#pause").evaluate("field => { field.type = 'text'; field.value = 'soon' }")
    press()
    check("pause-mistake")
    page.goto(preferences(site))
    press(form=3)
    check("erase")
    page.goto(preferences(site))
    press(form=2)
    check("export")
    page.goto(preferences(site))
    page.locator("#address").fill("ana@new.example")
    press(form=1)
    check("address")
    press()
    check("address-asked")
    (moved,) = mails(site)
    opened(moved.link, "moved")
    press()
    check("moved-done")
    mails(site)
    page.goto(base(site) + "/account")
    press()
    check("out")
    page.goto(preferences(site))
    press(form=3)
    check("mailed")
    (erase,) = mails(site)
    page.goto(base(site) + erase.link)
    press()
    check("erased")
    opened(preferences(site), "former")
    opened("/preferences/x", "unknown")
    opened("/sign-in/x", "sign-in-unknown")


def test_with_the_keyboard_alone_and_without_a_script(site: Site, browser: Browser) -> None:
    reader(site)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(f"{base(site)}/account")
    assert page.get_by_role("heading", level=1).inner_text() == "Sign in to The Quay"
    assert context.cookies() == []
    keys = page.keyboard
    for _ in range(3):  # Past the skip link and the masthead.
        keys.press("Tab")
    keys.type(ADDRESS)
    keys.press("Enter")
    page.get_by_role("heading", name="Look into your mailbox").wait_for()
    assert [one["name"] for one in context.cookies()] == ["__Host-standfirst-asks"]
    (mail,) = mails(site)
    for _ in range(3):
        keys.press("Tab")
    keys.type(mail.code)
    keys.press("Enter")
    page.get_by_role("heading", name="Your account").wait_for()
    assert [one["name"] for one in context.cookies()] == ["__Host-standfirst"]
    page.get_by_role("link", name="Newsletters, sections and language").focus()
    keys.press("Enter")
    page.get_by_role("heading", name="Your newsletters").wait_for()
    page.get_by_label("Culture & Books").first.focus()
    keys.press("Space")
    _until(page, lambda: page.evaluate("document.activeElement.tagName") == "BUTTON")
    keys.press("Enter")
    page.get_by_text("Saved.").wait_for()
    assert site.subscriptions()["daily"].sections == {"culture"}
    assert complaints == []
    context.close()


def _until(page: Page, is_there: Callable[[], bool]) -> None:
    """Press Tab until it is."""
    for _ in range(20):
        page.keyboard.press("Tab")
        if is_there():
            return
    raise AssertionError("the keyboard does not get there")
