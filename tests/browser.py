"""A real browser, and what axe finds in a page that it shows."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

AXE = Path(__file__).resolve().parent / "node" / "node_modules" / "axe-core" / "axe.min.js"
# The first has no windows, and takes half the time for the same page.
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_CHROMIUM = next(filter(None, map(shutil.which, _NAMES)), None)
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A site that the browser itself plays may frame this machine's pages.
    "--disable-features=LocalNetworkAccessChecks",
]
# One question for all: each asks the browser's other process, and there are hundreds of targets.
_LOOK = """
async targets => {
  const found = await axe.run(document, {resultTypes: ["violations"], preload: false});
  return {
    violations: Object.fromEntries(found.violations.map(one => [one.id, one.nodes.map(node => node.html)])),
    rules: [...found.passes, ...found.violations].map(one => one.id),
    width: document.documentElement.scrollWidth,
    headings: document.querySelectorAll("h1").length,
    targets: targets ? [...document.querySelectorAll(targets)].map(one => {
      const box = one.getBoundingClientRect();
      return [box.width, box.height, one.innerText];
    }) : [],
  };
}
"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Chromium, until the `with` ends; the test is skipped where there is none."""
    if _CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=_FLAGS)
        yield browser
        browser.close()


@contextmanager
def window(
    browser: Browser, width: int, mode: Literal["light", "dark"] = "light", height: int = 700
) -> Iterator[Page]:
    """A page to `look` at, which nobody has visited anything with, until the `with` ends."""
    if not AXE.exists():
        pytest.skip("needs axe-core: npm ci in tests/node")
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=mode)
    # Sent once, and no matter for the page's policy.
    context.add_init_script(path=AXE)
    yield context.new_page()
    context.close()


@dataclass(frozen=True, slots=True)
class Seen:
    """What there was to see.

    `violations` is what axe finds wrong: each rule with the elements that break it; `rules` are those that
    had something to say. Lengths are in CSS pixels; `targets` have a width, a height and their words.
    """

    violations: dict[str, list[str]]
    rules: list[str]
    width: int
    headings: int
    targets: list[tuple[float, float, str]]

    def small(self, least: int = 44) -> list[tuple[float, float, str]]:
        """The targets that a thumb might miss; one that is not shown is one."""
        return [one for one in self.targets if min(one[0], one[1]) < least]


def look(page: Page, targets: str = "") -> Seen:
    """Look at the page of a `window`, and at what the selector `targets` finds on it."""
    # A click waits for the next page's first bytes: there may be no element yet.
    page.wait_for_load_state()
    return Seen(**page.evaluate(_LOOK, targets))
