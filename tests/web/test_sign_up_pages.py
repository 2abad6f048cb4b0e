"""Signing up in a real browser: every page and state, the keyboard alone, from right to left, framed."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import look, window
from tests.web.serving import Site
from tests.web.signing_up import ADDRESS, later, mails, signed_up

OPEN = "--disable-features=LocalNetworkAccessChecks"
"""The newsroom's site is played by the browser, which else lets no such site frame this machine's pages."""

pytestmark = pytest.mark.browser


def base(site: Site) -> str:
    return str(site.client.base_url).rstrip("/")


def filled(page: Page, site: Site, address: str = ADDRESS) -> None:
    page.goto(f"{base(site)}/subscribe")
    page.get_by_label("Your email address").fill(address)
    later(site, seconds=5)


@pytest.mark.parametrize(("width", "mode"), [(375, "light"), (1200, "dark")])
def test_every_page_and_state_is_right(
    site: Site, browser: Browser, width: int, mode: Literal["light", "dark"]
) -> None:
    mail = signed_up(site, "bo@quay.example", section=["culture"])
    with window(browser, width, mode) as page:
        _every_page_and_state(site, page, width, mail.link)


def _every_page_and_state(site: Site, page: Page, width: int, link: str) -> None:
    def check(name: str) -> None:
        seen = look(page, "button, main .go a, header a, .field input, .field select, .box")
        assert seen.violations == {}, name
        assert seen.width <= width, name
        assert seen.headings == 1, name
        assert seen.small() == [], name

    for name, path in (
        ("form", "/subscribe"),
        ("embedded", "/subscribe?embed"),
        ("arabic", "/subscribe?language=ar"),
        ("confirm", link),
        ("unknown", "/confirm/x"),
    ):
        page.goto(base(site) + path)
        check(name)
    page.goto(f"{base(site)}/subscribe")
    page.locator("form").evaluate("form => form.noValidate = true")
    page.get_by_label("The Morning Quay").uncheck()
    page.get_by_role("button").click()
    check("mistakes")
    filled(page, site)
    page.get_by_role("button").click()
    check("sent")
    page.goto(base(site) + link)
    page.get_by_role("button").click()
    check("done")
    later(site, days=8)
    page.goto(base(site) + link)
    check("expired")


def test_with_the_keyboard_alone_without_a_script_and_without_a_cookie(site: Site, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(f"{message.text} {message.location['url']}"))
    page.goto(f"{base(site)}/subscribe")
    later(site, seconds=5)
    keys = page.keyboard
    for _ in range(3):  # Past the skip link and the masthead.
        keys.press("Tab")
    keys.type(ADDRESS)
    keys.press("Tab")
    keys.press("Space")  # Not the first newsletter,
    keys.press("Tab")
    keys.press("Space")  # but the second.
    keys.press("Tab")
    keys.press("Tab")
    keys.press("Space")  # Culture.
    for _ in range(
        3
    ):  # In brief, the language, and the button: the field that nobody sees is not stopped at.
        keys.press("Tab")
    keys.press("Enter")
    page.get_by_role("heading", name="Look into your mailbox").wait_for()
    (mail,) = mails(site)
    assert mail.subject == "Confirm your subscription to The Quay on Sunday"
    page.goto(base(site) + mail.link)
    assert page.get_by_role("heading", level=1).inner_text() == "Get The Quay on Sunday?"
    for _ in range(3):
        keys.press("Tab")
    keys.press("Enter")
    page.get_by_role("heading", name="You are signed up").wait_for()
    (theirs,) = site.subscriptions(_only(site)).values()
    assert (theirs.newsletter, theirs.status.value, theirs.sections) == ("weekly", "active", {"culture"})
    assert context.cookies() == []
    # A browser asks each host once for a picture that nobody offers it.
    assert [one for one in complaints if not one.endswith("/favicon.ico")] == []
    context.close()


def _only(site: Site) -> int:
    with site.engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT id FROM readers").scalar_one())


def test_arabic_is_written_from_the_right_and_the_address_from_the_left(site: Site, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 375, "height": 700})
    page.goto(f"{base(site)}/subscribe?language=ar")
    sheet = page.locator("main").bounding_box()
    for target in ("button", ".box input >> nth=0"):
        box = page.locator(target).bounding_box()
        assert box and sheet
        assert box["x"] + box["width"] == pytest.approx(sheet["x"] + sheet["width"], abs=1)
    direction = page.locator("#address").evaluate("one => getComputedStyle(one).direction")
    assert direction == "ltr"
    page.close()


def test_a_form_on_another_page_hands_over_to_ours(site: Site, browser: Browser) -> None:
    page = browser.new_page()
    snippet = (
        f'<form method="post" action="{base(site)}/subscribe">'
        '<label>Email <input type="email" name="address"></label>'
        '<input type="hidden" name="newsletter" value="weekly"><button>Go</button></form>'
    )
    page.set_content(snippet)
    page.get_by_label("Email").fill(ADDRESS)
    page.get_by_role("button").click()
    assert page.get_by_role("status").inner_text() == "Please look at it once more, and send it."
    assert page.get_by_label("Your email address").input_value() == ADDRESS
    assert page.get_by_label("The Quay on Sunday").is_checked()
    later(site, seconds=5)
    page.get_by_role("button").click()
    page.get_by_role("heading", name="Look into your mailbox").wait_for()
    assert [mail.newsletter for mail in mails(site)] == ["weekly"]
    page.close()


@pytest.mark.parametrize(
    ("host", "is_shown"), [("https://quay.example", True), ("https://evil.example", False)]
)
def test_the_newsrooms_own_site_may_frame_it_and_no_other(
    site: Site, browser: Browser, host: str, is_shown: bool
) -> None:
    page = browser.new_page()
    around = f'<!DOCTYPE html><title>x</title><iframe src="{base(site)}/subscribe?embed"></iframe>'
    page.route(f"{host}/**", lambda route: route.fulfill(body=around, content_type="text/html"))
    failures: list[str] = []
    page.on("requestfailed", lambda request: failures.append(str(request.failure)))
    page.goto(f"{host}/news", wait_until="networkidle")
    assert failures == ([] if is_shown else ["net::ERR_BLOCKED_BY_RESPONSE"])
    assert page.frames[-1].locator("#address").count() == is_shown
    page.close()
