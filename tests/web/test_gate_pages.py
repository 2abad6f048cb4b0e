"""The gate's pages in a real browser: nothing for axe to find, nothing too wide, right to left too."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page

from content import store
from content.article import Access, Body, Booking, LeadImage, Picture
from content.sanitise import clean_html
from newsletter.rendering.straight_in import PARAMETER
from newsroom.database import engine_for, metadata, writing
from newsroom.masthead import Section, SectionKind
from readership.reader import Plan
from tests.browser import look, window
from tests.samples import NOON
from tests.web.gating import MARK, article, gated, put, signed_in
from tests.web.serving import Site, served

pytestmark = pytest.mark.browser

RICH = clean_html(
    "<p>The council met at nine, in the <em>old</em> hall, and this is a <a href='https://x.example/a'>link</a>."
    f"</p><h2>What was said {MARK}</h2><p>Much.</p><ul><li>One thing</li><li>Another, with a "
    "<a href='https://x.example/b'>link</a></li></ul><ol><li>First</li><li>Second</li></ol>"
    "<blockquote><p>We said nothing of the kind.</p></blockquote>"
    "<h3>In figures</h3><table><caption>Ships a year</caption><thead><tr>"
    + "".join(f"<th scope='col'>Year {year}</th>" for year in range(2015, 2027))
    + "</tr></thead><tbody><tr>"
    + "".join(f"<td>{year * 7} ships</td>" for year in range(12))
    + "</tr></tbody></table>"
    "<figure><img src='https://feeds.quay.example/media/abc.jpg' alt='The hall' width='1200' height='600'>"
    "<figcaption>The hall, at nine</figcaption></figure>"
    "<p><img src='https://elsewhere.example/spy.gif' alt='A map'></p>"
    "<pre><code>def vote(yes, no):\n    return 'a very long line of code to be wrapped on a phone' * 3"
    "</code></pre>"
    "<p dir='rtl' lang='ar'>قال العمدة إن الجسر باقٍ في مكانه 100 عام.</p><hr><p>The end.</p>"
)
IMAGE = LeadImage((Picture("media/abc.jpg", 1200, 600, 9),), "A bridge", "The bridge at dawn", "Ann Maes")
ARABIC = (
    Section("politics", "السياسة"),
    Section("culture", "الثقافة"),
    Section("briefs", "باختصار", SectionKind.BRIEFS),
    Section("partners", "إعلانات الشركاء", SectionKind.SPONSORED),
)
PAGES = {
    "front": "/",
    "section": "/sections/politics",
    "sponsors": "/sections/partners",
    "closed": "/articles/bridge",
    "registered": "/articles/desk",
    "sensitive": "/articles/grief",
    "whole": "/articles/rich",
    "old link": f"/articles/bridge?{PARAMETER}=x",
    "paid content": "/articles/ad",
    "withdrawn": "/articles/gone",
    "missing": "/articles/never",
}


def _site(root: Path, **changes: Any) -> Iterator[Site]:
    engine = engine_for(f"sqlite:///{root / 'standfirst.db'}")
    sa.event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    metadata.create_all(engine)
    with served(gated(root, **changes), engine) as value:
        yield value
    engine.dispose()


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    for site in _site(tmp_path_factory.mktemp("gate")):
        _fill(site)
        yield site


@pytest.fixture(scope="module")
def arabic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    changes = {"language": "ar", "name": "مرفأ اليوم", "sections": ARABIC}
    for site in _site(tmp_path_factory.mktemp("arabic"), **changes):
        _fill(site, language="ar", headline="الجسر يفتح أبوابه من جديد", teaser="بعد عامين من العمل.")
        yield site


def _fill(site: Site, **words: Any) -> None:
    put(
        site,
        article(image=IMAGE, label="Feature", updated=NOON, correction="We had the year wrong.", **words),
        article("desk", access=Access.REGISTERED, **words),
        article("grief", sensitive=True, **words),
        article("rich", access=Access.FREE, body=Body(RICH), sections=("culture",), **words),
        article("poem", language="ar", headline="قصيدة", sections=("culture",)),
        article("short", sections=("briefs",), published=NOON - timedelta(hours=2), **words),
        article("ad", booking=Booking("Lumen"), sections=("partners",), access=Access.FREE, **words),
        article("gone"),
    )
    with writing(site.engine) as connection:
        store.withdraw(connection, [article("gone").id], NOON)
    media = site.public / "media"
    media.mkdir(parents=True)
    shutil.copy(Path(__file__).parents[2] / "docs" / "pictures" / "feeds.png", media / "abc.jpg")


def _look(page: Page, site: Site, name: str, width: int) -> None:
    page.goto(str(site.client.base_url).rstrip("/") + PAGES[name])
    seen = look(page, ".button, main .go a, .edition li a, header a, .kicker a")
    assert seen.violations == {}, name
    assert seen.width <= width, name
    assert seen.headings == 1, name
    assert seen.small() == [], name


@pytest.mark.parametrize(("width", "mode"), [(375, "light"), (1200, "dark")])
def test_every_page_is_right(
    gate: Site, browser: Browser, width: int, mode: Literal["light", "dark"]
) -> None:
    with window(browser, width, mode) as page:
        for name in PAGES:
            _look(page, gate, name, width)


def test_an_arabic_newsroom_is_read_from_right_to_left(arabic: Site, browser: Browser) -> None:
    with window(browser, 375) as page:
        for name in ("front", "closed", "whole", "section"):
            _look(page, arabic, name, 375)
            assert page.locator("html").get_attribute("dir") == "rtl"


def test_a_page_asks_no_other_house_for_anything_and_keeps_no_cookie(gate: Site, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page, asked, complaints = context.new_page(), list[str](), list[str]()
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    base = str(gate.client.base_url).rstrip("/")
    for path in ("/", "/articles/bridge", "/articles/rich"):
        page.goto(base + path)
    assert {url.split("/", 3)[2] for url in asked} == {base.removeprefix("http://")}
    assert [one for one in complaints if "favicon" not in one and "404" not in one] == []
    assert page.get_by_role("link", name="Picture on another site: A map").count() == 1
    assert context.cookies() == []
    context.close()


_HAS_SCROLLED = """
new Promise(done => {
  const wide = document.querySelector(".wide");
  const look = () => wide.scrollLeft > 0 ? done() : requestAnimationFrame(look);
  look();
})
"""


def test_the_keyboard_reads_a_wide_table_and_finds_the_way_in(gate: Site, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 375, "height": 700})
    base = str(gate.client.base_url).rstrip("/")
    page.goto(base + "/articles/rich")
    wide = page.locator(".wide")
    wide.focus()
    page.keyboard.press("ArrowRight")
    # To look again and again from outside would need `eval`, which the page's policy forbids.
    page.evaluate(_HAS_SCROLLED)
    page.goto(base + "/articles/desk")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    names = []
    for _ in range(8):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.innerText"))
    assert "Sign in" in names
    page.close()


def test_a_payer_reads_on(gate: Site, browser: Browser) -> None:
    cookie = signed_in(gate, 1, Plan.PAID)["Cookie"]
    context = browser.new_context(extra_http_headers={"Cookie": cookie})
    page = context.new_page()
    page.goto(str(gate.client.base_url).rstrip("/") + "/articles/bridge")
    assert MARK in page.locator(".whole").inner_text()
    assert page.get_by_text("Thank you for reading.").count() == 0
    context.close()
