"""A WordPress of our own on the loopback interface: its REST API answers as the real one was seen to."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.servers.loopback import Loopback

PASSWORD = "abcd EFGH 1234 wxyz"
EDITOR = ("edit_posts", "edit_others_posts", "edit_published_posts", "edit_private_posts")
Told = tuple[int, Mapping[str, str], bytes]


class Site(Loopback):
    """Its posts are dictionaries; `meddle` may answer a question first; `asked` has what came."""

    def __init__(self) -> None:
        super().__init__(_handler(self))
        self.posts: dict[int, dict[str, Any]] = {}
        self.categories = {1: ("politics", "Politics", 0), 2: ("elections", "Elections", 1)}
        self.tags: dict[int, tuple[str, str]] = {}
        self.media: dict[int, dict[str, Any]] = {}
        self.authors: dict[int, dict[str, Any]] = {1: {"id": 1, "name": "Ana Pérez"}}
        self.rights: tuple[str, ...] = EDITOR
        self.root = "/wp-json"
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.meddle: Callable[[str, dict[str, str]], Told | None] = lambda _path, _wish: None

    def put(self, number: int, **changes: Any) -> None:
        """A post, published ten days ago, or changes to one that is there: only what is named."""
        old = f"{datetime.now(UTC) - timedelta(days=10):%Y-%m-%dT%H:%M:%S}"
        self.posts.setdefault(
            number,
            {
                "type": "posts",
                "status": "publish",
                "title": f"Story {number}",
                "content": f"<p>The whole text of story {number}, and nothing besides it.</p>",
                "excerpt": "",
                "date_gmt": old,
                "modified_gmt": old,
                "slug": f"story-{number}",
                "sticky": False,
                "author": 1,
                "featured_media": 0,
                "categories": [1],
                "tags": [],
                "password": "",
                "meta": [],
            },
        ).update(changes)

    def edit(self, number: int, **changes: Any) -> None:
        """A change in the editor: its moment is now."""
        self.put(number, modified_gmt=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}", **changes)

    def answer(self, target: str, authorization: str) -> Told:
        parts = urlsplit(target)
        wish = dict(parse_qsl(parts.query))
        route = wish.get("rest_route") or parts.path.removeprefix(self.root)
        self.asked.append((route, wish))
        told = self.meddle(route, wish)
        if told is not None:
            return told
        if "rest_route" not in wish and not parts.path.startswith(self.root):
            return 404, {"Content-Type": "text/html"}, b"<!doctype html><title>Nothing here</title>"
        key = base64.b64encode(f"ana:{PASSWORD}".encode()).decode()
        rights = ("read", *self.rights) if authorization == f"Basic {key}" else ()
        return self._routed(route, wish, rights)

    def _routed(self, route: str, wish: dict[str, str], rights: tuple[str, ...]) -> Told:
        kind = route.removeprefix("/wp/v2/")
        if route == "/":
            return told({"namespaces": ["oembed/1.0", "wp/v2"]})
        if kind == "users/me":
            mine = {"id": 1, "capabilities": dict.fromkeys(rights, True)}
            return told(mine) if rights else refused("rest_not_logged_in", 401)
        if kind in ("categories", "tags") and "post" in wish:
            return told(self.terms(self.posts[int(wish["post"])], kind))
        if kind in ("categories", "tags") and "slug" in wish:
            terms = self.categories if kind == "categories" else self.tags
            return told(
                [{"id": one, "slug": term[0]} for one, term in terms.items() if term[0] == wish["slug"]]
            )
        if kind == "categories":
            fields = [
                {"id": one, "slug": slug, "parent": up} for one, (slug, _, up) in self.categories.items()
            ]
            return told(fields, {"X-WP-TotalPages": "1"})
        if kind not in {post["type"] for post in self.posts.values()} | {"posts"}:
            return refused("rest_no_route", 404)
        may_edit = "edit_posts" in rights
        if wish.get("status", "publish") != "publish" and not may_edit:
            return refused("rest_invalid_param", 400)
        if wish.get("context") == "edit" and not may_edit:
            return refused("rest_forbidden_context", 403 if rights else 401)
        found = [number for number in sorted(self.posts) if self._is_asked(number, kind, wish)]
        start = int(wish.get("offset", 0))
        page = found[start : start + int(wish["per_page"])]
        # Past the end WordPress says that there are none at all.
        total = {"X-WP-Total": str(len(found) if page else 0)}
        shown = [self._shown(number, wish, is_edit=wish.get("context") == "edit") for number in page]
        return told(shown, total)

    def _is_asked(self, number: int, kind: str, wish: dict[str, str]) -> bool:
        post = self.posts[number]
        statuses = wish.get("status", "publish").split(",")
        if "any" in statuses:
            statuses += ["publish", "future", "draft", "private"]
        return (
            post["type"] == kind
            and post["status"] in statuses
            and ("include" not in wish or str(number) in wish["include"].split(","))
            and f"{post['modified_gmt']}Z" > wish.get("modified_after", "")
            and f"{post['date_gmt']}Z" > wish.get("after", "")
        )

    def _shown(self, number: int, wish: dict[str, str], *, is_edit: bool) -> dict[str, Any]:
        post = self.posts[number]
        closed = bool(post["password"]) and not is_edit
        raw = post["excerpt"]
        cut = f"<p>{' '.join(post['content'].split()[:55])} [&hellip;]</p>\n"
        every = {
            **post,
            "id": number,
            "link": f"{self.url}/{post['slug']}/",
            "title": {"rendered": post["title"]},
            "content": {"rendered": "" if closed else post["content"], "protected": closed},
            "excerpt": {
                "rendered": "" if closed else (f"<p>{raw}</p>\n" if raw else cut),
                "protected": closed,
                **({"raw": raw} if is_edit else {}),
            },
            "_links": {
                "wp:term": [
                    {"href": f"{self.url}{self.root}/wp/v2/{kind}?post={number}"}
                    for kind in ("categories", "tags")
                ]
            },
            "_embedded": self._embedded(post),
        }
        if not is_edit:
            del every["password"]
        asked = wish["_fields"].split(",")
        return {name: value for name, value in every.items() if name in asked}

    def terms(self, post: dict[str, Any], kind: str) -> list[dict[str, Any]]:
        if kind == "tags":
            rows = [(one, "post_tag", *self.tags[one]) for one in post["tags"]]
        else:
            rows = [(one, "category", *self.categories[one][:2]) for one in post["categories"]]
        names = ("id", "taxonomy", "slug", "name")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _embedded(self, post: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {
            "author": [self.authors[post["author"]]],
            # No more than ten are embedded, and nothing says that there are others.
            "wp:term": [self.terms(post, kind)[:10] for kind in ("categories", "tags")],
        }
        if post["featured_media"]:
            found["wp:featuredmedia"] = [self.media[post["featured_media"]]]
        return found


def told(value: object, headers: Mapping[str, str] | None = None, status: int = 200) -> Told:
    """An answer in JSON."""
    kind = {"Content-Type": "application/json; charset=UTF-8"}
    return status, kind | dict(headers or {}), json.dumps(value).encode()


def refused(code: str, status: int) -> Told:
    """An error as WordPress tells it."""
    return told({"code": code, "message": "Sorry.", "data": {"status": status}}, status=status)


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, headers, body = site.answer(self.path, self.headers.get("Authorization", ""))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
