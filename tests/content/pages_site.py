"""A website of our own on the loopback interface: lists, articles' pages, sitemaps, robots.txt."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.servers.loopback import Loopback

NOW = datetime.now(UTC).replace(microsecond=0)


@dataclass
class Page:
    """What an address answers; with `tagged` there is an ETag, and a 304 for who knows it."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "text/html; charset=utf-8"})
    tagged: bool = True


class Site(Loopback):
    """`pages` by path with query; `asked` has the paths that came, `told` the headers of each."""

    def __init__(self) -> None:
        super().__init__(_handler(self))
        self.pages: dict[str, Page] = {}
        self.asked: list[str] = []
        self.told: list[dict[str, str]] = []

    def put(self, path: str, body: str | bytes, **more: Any) -> None:
        self.pages[path] = Page(body if isinstance(body, bytes) else body.encode(), **more)

    def article(self, name: str, **more: Any) -> None:
        """An article at /news/NAME."""
        self.put(f"/news/{name}", article_page(name, **more))

    def list(self, path: str, *names: str) -> None:
        """A list of those at /news/NAME."""
        rows = (f"<li class='item'><h3><a href='/news/{one}'>The {one} story</a></h3></li>" for one in names)
        self.put(path, f"<title>Quay</title><main><ul>{''.join(rows)}</ul></main>")


def article_page(
    name: str,
    *,
    headline: str = "",
    at: datetime | None = NOW - timedelta(hours=1),
    body: str = "",
    head: str = "",
    **ld: Any,
) -> str:
    """A page with JSON-LD; `at` None leaves the date out."""
    thing = {"@context": "https://schema.org", "@type": "NewsArticle"}
    thing["headline"] = headline or f"The {name} story"
    if at is not None:
        thing["datePublished"] = at.isoformat()
    script = json.dumps({**thing, **ld})
    text = body or f"<p>Secret words of {name}, and some more of them for the readers who paid.</p>"
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'>{head}"
        f"<script type='application/ld+json'>{script}</script></head><body><nav><a href='/'>Home</a></nav>"
        f"<article><h1>{thing['headline']}</h1><p class='date'>Monday, March 1, 2021</p>{text}</article>"
        f"</body></html>"
    )


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site.asked.append(self.path)
            site.told.append({name.lower(): value for name, value in self.headers.items()})
            page = site.pages.get(self.path, Page(b"nothing here", 404))
            status, body, headers = page.status, page.body, dict(page.headers)
            if page.tagged and status == 200:
                headers["ETag"] = f'"{sha256(body).hexdigest()[:12]}"'
                if self.headers.get("If-None-Match") == headers["ETag"]:
                    status, body = 304, b""
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Nothing."""

    return Handler
