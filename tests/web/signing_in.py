"""Somebody who signs in: a browser that keeps cookies as browsers do, and the letter that comes of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import httpx2

from newsletter.letters.sign_in_letters import answer_sign_ins
from readership.reader import Plan
from tests import samples
from tests.readership.registered import register
from tests.web.postbag import Mail, emptied
from tests.web.serving import Site, settings

ADDRESS = "ana@quay.example"
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
SESSION, ASKING = "__Host-standfirst", "__Host-standfirst-asks"


@dataclass
class Browser:
    """Its own cookies; no redirect is followed. The tests' server is no https one: it sends them itself."""

    site: Site
    cookies: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=lambda: {"User-Agent": AGENT})
    set: list[str] = field(default_factory=list)
    """Every Set-Cookie header that came."""

    def get(self, path: str, **more: Any) -> httpx2.Response:
        return self._sent("GET", path, **more)

    def post(self, path: str, fields: Any = None, **more: Any) -> httpx2.Response:
        return self._sent("POST", path, data=fields or {}, **more)

    def ask(self, address: str = ADDRESS, **fields: str) -> httpx2.Response:
        return self.post("/sign-in", {"address": address, **fields})

    def type(self, code: str) -> httpx2.Response:
        return self.post("/sign-in/code", {"code": code})

    @property
    def is_in(self) -> bool:
        return self.get("/account").status_code == 200

    def proof(self) -> str:
        found = re.search(r'name="proof" value="([^"]+)"', self.get("/account").text)
        assert found
        return found[1]

    def _sent(self, method: str, path: str, **more: Any) -> httpx2.Response:
        headers = self.headers | more.pop("headers", {})
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        self.site.client.cookies.clear()
        answer = self.site.client.request(method, path, headers=headers, follow_redirects=False, **more)
        self.site.client.cookies.clear()
        for line in answer.headers.get_list("set-cookie"):
            self.set.append(line)
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
        return answer


def mails(site: Site, values: Any = None) -> list[Mail]:
    """Answer what waits, and take every letter out of the queue."""
    answer_sign_ins(values or settings(Path("/nowhere")), site.engine, site.clock)
    return emptied(site.engine)


def reader(site: Site, address: str = ADDRESS, number: int = 1, **changes: Any) -> None:
    """One who pays and gets the daily newsletter."""
    value = samples.reader(number, Plan.PAID, **{"address": address, "name": "Ana", **changes})
    register(site.engine, value, samples.subscription(number))


def mailed(site: Site, browser: Browser, address: str = ADDRESS, **fields: str) -> Mail:
    """Ask, and get the letter."""
    assert browser.ask(address, **fields).headers["location"] == "/sign-in/code"
    (mail,) = mails(site)
    return mail


def signed_in(site: Site, address: str = ADDRESS) -> Browser:
    """A browser in which this reader, who is there, is signed in."""
    browser = Browser(site)
    assert browser.post(mailed(site, browser, address).link).status_code == 303
    return browser
