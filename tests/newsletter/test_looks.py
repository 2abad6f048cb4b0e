"""The finished mail in a real browser, light and dark, and the tokens it is drawn with."""

from __future__ import annotations

import http.server
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from newsletter.edition import Block
from newsletter.rendering.letter import Slot, filled
from newsletter.rendering.render import render
from newsletter.variant import Audience, Variant
from newsroom.errors import ConfigurationError
from newsroom.looks import DARK, LIGHT, contrast, looks_of
from newsroom.masthead import Archive, Look, SectionKind
from tests import samples
from tests.browser import look, window
from tests.newsletter import editions

VALUES = {
    Slot.UNSUBSCRIBE_URL: "https://feeds.quay.example/unsubscribe/k1.abcdef",
    Slot.PREFERENCES_URL: "https://feeds.quay.example/preferences/k1.cdefgh",
    Slot.TRIAL: "You have 9 days left in your trial.",
}
NOTE = '<p>Good morning. If you see a <a href="https://quay.example/fox">fox</a>,<br>write to us.</p>'
NOISE = {"landmark-one-main", "region"}
"""Rules about whole pages: a mail is shown inside a client's own page."""
MODES = ("light", "dark")


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=MODES)
def test_every_text_colour_stands_out_from_every_ground_it_is_set_on(palette: Any) -> None:
    grounds = {"paper": palette.paper, "desk": palette.desk, "paid": palette.paid}
    for text in ("ink", "soft"):
        for name, ground in grounds.items():
            assert contrast(getattr(palette, text), ground) >= 4.5, (text, name)
    assert contrast(palette.accent, palette.paper) >= 4.5
    assert contrast(palette.accent, palette.desk) >= 4.5


def test_contrast_is_the_ratio_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize(
    "look",
    [
        Look(accent="red"),
        Look(accent="#9b1c1c;background:url(https://tracker.example)"),
        Look(accent_dark="#fff"),
        Look(headline_font="Georgia;}body{display:none"),
        Look(text_font='Arial" onload="x'),
    ],
)
def test_a_look_that_could_carry_more_than_a_colour_or_fonts_is_refused(look: Look) -> None:
    with pytest.raises(ConfigurationError, match=r"look\.\w+"):
        looks_of(look)


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A public folder with pictures, and the loopback address that serves it."""
    folder = tmp_path_factory.mktemp("public")
    (folder / "media").mkdir()
    for name, size in (("quay", (1200, 800)), ("ferry", (1200, 800)), ("binder", (900, 1200))):
        for part in (1, 2):
            scaled = (size[0] // part, size[1] // part)
            Image.new("RGB", scaled, "#567").save(folder / "media" / f"{name}-{scaled[0]}.jpg")
    handler = partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", folder
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        pass


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """One page for all the mails: nothing is left from one to the next."""
    with window(browser, 375) as value:
        yield value


def opened(
    page: Page,
    public: tuple[str, Path],
    audience: Audience,
    mode: Any = "light",
    width: int = 375,
    language: str = "en",
) -> None:
    """Open the sample edition as `audience` gets it in the browser, with its pictures."""
    address, folder = public
    mail = folder / f"{audience}-{language}.html"
    if not mail.exists():
        mail.write_text(filled(_letter(address, audience, language), VALUES, html=True), "utf-8")
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=mode)
    page.goto(f"{address}/{mail.name}")


def _letter(address: str, audience: Audience, language: str) -> str:
    return render(
        editions.selection(note=NOTE),
        Variant(audience, corrections=() if audience is Audience.FREE else editions.CORRECTED),
        samples.newsroom(public_url=address),
        samples.newsletter(language=language, archive=Archive.EVERYONE),
    ).letter.html


@pytest.mark.browser
@pytest.mark.parametrize("audience", Audience)
def test_axe_finds_nothing_in_the_mail(page: Page, public: tuple[str, Path], audience: Audience) -> None:
    opened(page, public, audience)
    for mode in MODES:
        page.emulate_media(color_scheme=mode)  # type: ignore[arg-type]  # one of MODES
        seen = look(page)
        assert {rule: nodes for rule, nodes in seen.violations.items() if rule not in NOISE} == {}, mode
        assert "color-contrast" in seen.rules


@pytest.mark.browser
@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("size", [1, 2], ids=["text 100 %", "text 200 %"])
def test_nothing_is_wider_than_a_phone(
    page: Page, public: tuple[str, Path], size: int, language: str
) -> None:
    opened(page, public, Audience.FREE, language=language)
    page.evaluate(
        """size => { const all = [...document.querySelectorAll("body *")];
        const sizes = all.map(node => parseFloat(getComputedStyle(node).fontSize));
        all.forEach((node, at) => { if (size > 1) node.style.fontSize = sizes[at] * size + "px"; }); }""",
        size,
    )
    assert page.evaluate("document.documentElement.scrollWidth") == 375
    # Nothing sticks out of its own box either: a box that hides its overflow would not widen the page.
    assert (
        page.evaluate(
            """[...document.querySelectorAll("body *")].filter(node =>
        node.getBoundingClientRect().right > 376 || node.getBoundingClientRect().left < -1
        ).map(node => node.outerHTML.slice(0, 90))"""
        )
        == []
    )


@pytest.mark.browser
def test_no_word_is_too_long_for_a_phone(page: Page) -> None:
    law = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz"
    long = editions.story(
        f"{law}: was bleibt", law, f"Das {law} ist aufgehoben.", correction=f"Nicht das {law}."
    )
    paid = editions.story(law, sponsor=law)
    blocks = (
        Block("politics", law, SectionKind.EDITORIAL, (long,)),
        Block("briefs", "In brief", SectionKind.BRIEFS, (long,)),
        Block("partners", law, SectionKind.SPONSORED, (paid,)),
    )
    box = (replace(editions.CORRECTED[0], headline=law, words=law),)
    letter = render(
        editions.selection(lead=long, blocks=blocks, note=f"<p>{law}</p>"),
        Variant(Audience.FREE, corrections=box),
        samples.newsroom(name=law),
        samples.newsletter(language="de", title=law),
    ).letter
    page.set_content(filled(letter.html, VALUES, html=True))
    for width in (320, 375, 700):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") == width
    # Where a client drops the style sheet, what is written at the cells themselves holds.
    page.evaluate("document.querySelectorAll('style').forEach(sheet => sheet.remove())")
    widest = page.evaluate(
        "Math.max(...[...document.querySelectorAll('h2,h3,p')].map(one => one.getBoundingClientRect().width))"
    )
    assert widest <= 600


@pytest.mark.browser
@pytest.mark.parametrize("audience", [Audience.FREE, Audience.TRIAL])
def test_a_thumb_hits_every_link_on_a_phone(page: Page, public: tuple[str, Path], audience: Audience) -> None:
    opened(page, public, audience)
    small = page.evaluate(
        """[...document.querySelectorAll("a")].filter(link => !link.closest(".note"))
        .map(link => [Math.round(link.getBoundingClientRect().height), link.textContent])
        .filter(([height]) => height < 44)"""
    )
    assert [link for link in small if link[1]] == []


@pytest.mark.browser
@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("audience", [Audience.FREE, Audience.MEMBER])
def test_no_line_ends_with_a_separator(
    page: Page, public: tuple[str, Path], audience: Audience, language: str
) -> None:
    opened(page, public, audience, language=language)
    for width in (320, 375, 600):
        page.set_viewport_size({"width": width, "height": 900})
        ends = page.evaluate(
            """() => {
            const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
            let last = null;
            const box = (node, at) => { const range = document.createRange();
                range.setStart(node, at); range.setEnd(node, at + 1); return range.getBoundingClientRect(); };
            while (texts.nextNode()) for (let at = 0; at < texts.currentNode.data.length; at++) {
                const node = texts.currentNode, here = box(node, at);
                if (!here.width || !node.data[at].trim()) continue;
                if (last && here.top >= last.bottom) found.push(last.node.parentNode.textContent);
                last = node.data[at] === "·" ? {node, bottom: here.bottom} : null;
            }
            return found; }"""
        )
        assert ends == [], width


@pytest.mark.browser
@pytest.mark.parametrize("audience", [Audience.FREE, Audience.MEMBER])
def test_the_rows_of_the_footer_are_even(page: Page, public: tuple[str, Path], audience: Audience) -> None:
    opened(page, public, audience, width=1200)
    rows = page.evaluate(
        """() => {
        const cell = [...document.querySelectorAll("td.soft")].at(-1), found = [];
        const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
        while (texts.nextNode()) if (texts.currentNode.data.trim()) {
            const range = document.createRange(); range.selectNodeContents(texts.currentNode);
            found.push(Math.round(range.getBoundingClientRect().top)); }
        return [...new Set(found)]; }"""
    )
    gaps = [after - before for before, after in pairwise(rows)]
    assert len(rows) == (4 if audience is Audience.MEMBER else 3)
    assert max(gaps) - min(gaps) <= 1


@pytest.mark.browser
def test_the_masthead_is_small(page: Page, public: tuple[str, Path]) -> None:
    opened(page, public, Audience.FREE)
    name, lead = page.evaluate(
        """[...document.querySelectorAll("h1, h2")].slice(0, 2)
        .map(node => parseFloat(getComputedStyle(node).fontSize))"""
    )
    assert (name, lead) == (24, 30)


@pytest.mark.browser
def test_the_thumbnail_is_beside_the_story_on_a_desk_and_under_it_on_a_phone(
    page: Page, public: tuple[str, Path]
) -> None:
    def boxes(width: int) -> tuple[dict[str, float], dict[str, float]]:
        opened(page, public, Audience.FREE, width=width)
        text = page.locator("td.stack").first.bounding_box()
        picture = page.locator("td.stack img").first.bounding_box()
        assert text
        assert picture
        return dict(text), dict(picture)

    text, picture = boxes(1200)
    assert picture["x"] >= text["x"] + text["width"]
    text, picture = boxes(375)
    assert picture["y"] >= text["y"] + text["height"]
    assert picture["width"] == 335


@pytest.mark.browser
def test_the_dark_mode_is_dark_everywhere(page: Page, public: tuple[str, Path]) -> None:
    opened(page, public, Audience.FREE, "dark", 1200)
    colours = page.evaluate(
        """[...new Set([...document.querySelectorAll("body, body *")]
        .map(node => getComputedStyle(node).backgroundColor))]"""
    )
    shown = {_hex(colour) for colour in colours if not colour.endswith(", 0)")}
    assert shown == {DARK.desk, DARK.paper, DARK.paid, DARK.accent}


@pytest.mark.browser
def test_the_mail_asks_nobody_but_the_newsroom_for_anything(page: Page, public: tuple[str, Path]) -> None:
    address, _ = public
    opened(page, public, Audience.FREE)
    asked = page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
    assert asked
    assert [name for name in asked if not name.startswith(address)] == []


@pytest.mark.browser
def test_the_order_of_headings_is_that_of_a_newspaper(page: Page, public: tuple[str, Path]) -> None:
    opened(page, public, Audience.FREE)
    headings = page.evaluate(
        "[...document.querySelectorAll('h1,h2,h3,h4')].map(node => [node.tagName, node.textContent])"
    )
    edition = editions.selection()
    assert edition.lead
    expected = [["H1", "The Quay"], ["H2", edition.lead.teaser.headline]]
    blocks = sorted(edition.blocks, key=lambda block: block.kind is SectionKind.SPONSORED)
    for block in blocks:
        expected += [["H2", block.title], *(["H3", story.teaser.headline] for story in block.stories)]
    assert headings == [*expected, ["H2", editions.OFFER.thanks]]


@pytest.mark.browser
def test_the_logo_changes_with_the_mode(page: Page, public: tuple[str, Path]) -> None:
    address, folder = public
    media = f"{address}/media"
    look = Look(logo_url=f"{media}/quay-600.jpg", logo_dark_url=f"{media}/ferry-600.jpg")
    letter = render(
        editions.selection(),
        Variant(Audience.MEMBER),
        samples.newsroom(public_url=address, look=look),
        samples.newsletter(),
    ).letter
    (folder / "logo.html").write_text(filled(letter.html, VALUES, html=True), "utf-8")
    for mode, name in (("light", "quay"), ("dark", "ferry")):
        page.emulate_media(color_scheme=mode)  # type: ignore[arg-type]  # one of MODES
        page.goto(f"{address}/logo.html")
        shown = page.evaluate(
            "[...document.querySelectorAll('h1 img')].filter(i => i.offsetWidth).map(i => [i.src, i.alt])"
        )
        assert shown == [[f"{address}/media/{name}-600.jpg", "The Quay"]]


def _hex(colour: str) -> str:
    return "#" + "".join(f"{int(part):02x}" for part in re.findall(r"\d+", colour)[:3])
