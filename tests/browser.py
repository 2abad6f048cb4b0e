"""A real browser, and what axe finds in a page that it shows."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

AXE = Path(__file__).resolve().parent / "node" / "node_modules" / "axe-core" / "axe.min.js"
_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A site that the browser itself plays may frame this machine's pages.
    "--disable-features=LocalNetworkAccessChecks",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Chromium, until the `with` ends; the test is skipped where there is none."""
    if _CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=_FLAGS)
        yield browser
        browser.close()


def violations(page: Page) -> dict[str, list[str]]:
    """What axe finds wrong: each rule with the elements that break it. The page must let scripts in."""
    if not AXE.exists():
        pytest.skip("needs axe-core: npm ci in tests/node")
    page.add_script_tag(path=AXE)
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return {one["id"]: [node["html"] for node in one["nodes"]] for one in found["violations"]}
