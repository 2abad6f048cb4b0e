"""Signing in, account and preferences in a real browser: every page and state, the keyboard alone, Arabic."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from readership.tokens import preferences_token
from tests.browser import violations
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
    assert violations(page) == {}, name
    assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    assert page.locator("h1").count() == 1, name
    for target in page.locator("button, main .go a, header a, .field input, .field select, .box").all():
        box = target.bounding_box()
        assert box and box["height"] >= 44 and box["width"] >= 44, (name, target.inner_text())
    if SHOTS:
        Path(SHOTS).mkdir(exist_ok=True)
        page.screenshot(path=f"{SHOTS}/{name}-{width}-{mode}.png", full_page=True)


@pytest.mark.parametrize(("width", "mode", "language"), [(375, "light", "ar"), (1200, "dark", "en")])
def test_every_page_and_state_is_right(
    site: Site, browser: Browser, width: int, mode: Literal["light", "dark"], language: str
) -> None:
    reader(site, language=language)
    context = browser.new_context(
        viewport={"width": width, "height": 700}, color_scheme=mode, bypass_csp=True
    )
    page = context.new_page()

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
    other = browser.new_context().new_page()
    other.goto(base(site) + mail.link)
    assert other.locator("form").count() == 0
    other.context.close()
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
    context.close()


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
