"""Somebody who signs up: the form as a browser sends it, and the letters that come of it."""

from __future__ import annotations

from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx2

from newsletter.letters.sign_up_letters import answer_sign_ups
from tests.web.postbag import Mail, emptied
from tests.web.serving import Site, settings

ADDRESS = "ana@quay.example"


class _Inputs(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.values: dict[str, list[str]] = {}
        self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "input" and (given.get("type") != "checkbox" or "checked" in given):
            self.values.setdefault(str(given["name"]), []).append(given.get("value") or "")
        elif tag == "select":
            self._select = str(given["name"])
        elif tag == "option" and "selected" in given:
            self.values[self._select] = [given["value"] or ""]


def form(page: httpx2.Response) -> dict[str, Any]:
    """What a browser sends where nobody touches anything."""
    return _Inputs(page.text).values


def ask(
    site: Site,
    address: str = ADDRESS,
    *,
    wait: float = 5,
    query: str = "",
    headers: Any = None,
    **changes: Any,
) -> httpx2.Response:
    """Open the form, fill it in and send it off `wait` seconds later."""
    fields = form(site.client.get(f"/subscribe{query}")) | {"address": address} | changes
    site.clock.on(seconds=wait)
    return site.client.post(f"/subscribe{query}", data=fields, headers=headers)


def mails(site: Site, values: Any = None) -> list[Mail]:
    """Answer what waits, and take every letter out of the queue."""
    answer_sign_ups(values or settings(Path("/nowhere")), site.engine, site.clock)
    return emptied(site.engine)


def signed_up(site: Site, address: str = ADDRESS, **changes: Any) -> Mail:
    """Ask, and get the letter that confirms."""
    assert ask(site, address, **changes).status_code == 200
    (mail,) = mails(site)
    assert mail.kind == "confirm"
    return mail


def later(site: Site, **period: float) -> None:
    """Let time go by."""
    site.clock.moment += timedelta(**period)
