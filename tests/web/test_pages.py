"""The pages in a real browser: nothing for axe to find, nothing too wide, every target big enough."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy.engine import Engine

from readership.reader import Plan
from tests import samples
from tests.browser import look, window
from tests.readership.registered import register
from tests.web.serving import Site, served, settings

PAGES = ("ask", "done", "stopped", "undone", "unknown", "front", "missing")
pytestmark = pytest.mark.browser


def _publish(site: Site) -> None:
    folder = site.public / "feeds"
    folder.mkdir(parents=True)
    for feed in samples.newsroom().feeds:
        for ending in ("rss", "atom", "json"):
            (folder / f"{feed}.{ending}").write_text("x")
    (folder / "index.html").write_text("x")
    register(
        site.engine,
        samples.reader(1, Plan.PAID),
        samples.subscription(1),
        samples.subscription(1, newsletter="weekly"),
    )


def _open(page: Page, site: Site, name: str) -> None:
    base = str(site.client.base_url).rstrip("/")
    if name in ("ask", "done", "stopped", "undone"):
        page.goto(base + site.link())
        if name == "done":
            page.get_by_role("button").first.click()
        if name == "undone":
            page.get_by_role("button", name="Send it to me again").click()
    else:
        page.goto(base + {"unknown": "/unsubscribe/x", "front": "/"}.get(name, "/nope"))


def test_a_look_finds_what_is_wrong(browser: Browser) -> None:
    with window(browser, 375) as page:
        page.set_content(
            "<html lang=en><title>x</title><main><h1>A</h1><img src=x><a href=x style='color: #eee'>pale</a>"
            "<button hidden>gone</button><p style='width: 500px; height: 90px'>wide</p></main></html>"
        )
        seen = look(page, "a, button, p")
    assert {"image-alt", "color-contrast"} <= set(seen.violations)
    assert seen.width > 500
    assert seen.headings == 1
    assert [name for *_, name in seen.small()] == ["pale", "gone"]


@pytest.mark.parametrize(("width", "mode"), [(375, "light"), (1200, "dark")])
def test_every_page_is_right(
    site: Site, browser: Browser, width: int, mode: Literal["light", "dark"]
) -> None:
    _publish(site)
    with window(browser, width, mode) as page:
        for name in PAGES:
            _open(page, site, name)
            seen = look(page, "button, main .go a, li a, header a")
            assert seen.violations == {}, name
            assert seen.width <= width, name
            assert seen.headings == 1, name
            assert seen.small() == [], name


def test_the_policy_lets_the_page_be_styled_and_its_forms_work_without_a_script(
    site: Site, browser: Browser
) -> None:
    _publish(site)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(f"{message.text} {message.location['url']}"))
    _open(page, site, "ask")
    assert page.get_by_role("heading", level=1).inner_text() == "Stop The Morning Quay?"
    page.get_by_role("button", name="Stop The Morning Quay").click()
    assert site.statuses() == {"daily": "unsubscribed", "weekly": "active"}
    page.get_by_role("button", name="Send it to me again").click()
    assert site.statuses() == {"daily": "active", "weekly": "active"}
    assert context.cookies() == []
    # A browser asks each host once for a picture that nobody offers it.
    assert [one for one in complaints if not one.endswith("/favicon.ico")] == []
    context.close()


def test_the_sheet_is_drawn_in_the_newsrooms_tokens(site: Site, browser: Browser) -> None:
    _publish(site)
    for mode, paper, accent in (
        ("light", "rgb(255, 255, 255)", "rgb(155, 28, 28)"),
        ("dark", "rgb(22, 23, 26)", "rgb(240, 138, 128)"),
    ):
        context = browser.new_context(color_scheme=mode)  # type: ignore[arg-type]
        page = context.new_page()
        _open(page, site, "ask")
        assert _style(page, ".sheet", "background-color") == paper
        assert _style(page, "button", "background-color") == accent
        # The sheet reaches the top also where no masthead stands.
        _open(page, site, "front")
        assert page.locator(".sheet").bounding_box()["y"] == 0  # type: ignore[index]
        context.close()


def _style(page: Page, selector: str, name: str) -> str:
    return str(page.locator(selector).first.evaluate(f"one => getComputedStyle(one)['{name}']"))


def test_the_keyboard_reaches_the_text_first(site: Site, browser: Browser) -> None:
    _publish(site)
    page = browser.new_page()
    _open(page, site, "ask")
    page.keyboard.press("Tab")
    skip = page.locator(".skip")
    assert skip.evaluate("one => one === document.activeElement")
    box = skip.bounding_box()
    assert box
    assert box["x"] >= 0
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "BUTTON"
    assert _style(page, "button", "outline-style") == "solid"
    page.close()


def test_arabic_is_written_from_the_right(tmp_path: Path, engine: Engine, browser: Browser) -> None:
    letters = (samples.newsletter(language="ar", title="رصيف الصباح"),)
    with served(settings(tmp_path, samples.newsroom(name="The Quay"), letters), engine) as site:
        register(engine, samples.reader(1), samples.subscription(1))
        page = browser.new_page(viewport={"width": 375, "height": 700})
        _open(page, site, "ask")
        box, sheet = page.get_by_role("button").bounding_box(), page.locator("main").bounding_box()
        page.close()
    assert box
    assert sheet
    assert box["x"] + box["width"] == pytest.approx(sheet["x"] + sheet["width"], abs=1)
