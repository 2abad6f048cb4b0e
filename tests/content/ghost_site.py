"""A Ghost of our own on the loopback interface: its APIs answer as the real one was seen to."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable, Mapping
from email.message import Message
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.servers.loopback import Loopback

CONTENT_KEY = "22444f78447824223cefc48062"
ADMIN_SECRET = "ab" * 32
ADMIN_KEY = f"6601f0c3a1b2c3d4e5f60718:{ADMIN_SECRET}"
NEWS = {"slug": "politics", "name": "Politics", "visibility": "public"}
Told = tuple[int, Mapping[str, str], bytes]

_AFTER = re.compile(r"id:>'([0-9a-f]{24})'")
_UP_TO = re.compile(r"id:<='([0-9a-f]{24})'")
_NAMED = re.compile(r"id:\[([0-9a-f,]+)\]")
_TAGGED = re.compile(r"tag:'([\w-]+)'")
_OFFSET = "-05:00"


def oid(number: int) -> str:
    return f"6a{number:022x}"


def tag(slug: str, name: str = "") -> dict[str, str]:
    """A tag; one that begins with `hash-` is internal, as in Ghost."""
    internal = slug.startswith("hash-")
    return {
        "slug": slug,
        "name": name or slug.replace("hash-", "#"),
        "visibility": "internal" if internal else "public",
    }


class Site(Loopback):
    """Its posts are dictionaries; `meddle` may answer a question first; `asked` has what came."""

    def __init__(self) -> None:
        super().__init__(_handler(self))
        self.posts: dict[int, dict[str, Any]] = {}
        self.clock = 1_000
        self.asked: list[dict[str, str]] = []
        self.given: list[int] = []
        self.meddle: Callable[[str, dict[str, str]], Told | None] = lambda _path, _wish: None

    def put(self, number: int, **changes: Any) -> None:
        """A post, or changes to one that is there; its date moves, as at a save in the editor."""
        self.clock += 1
        self.posts.setdefault(
            number,
            {
                "title": f"Story {number}",
                "slug": f"story-{number}",
                "html": f"<p>The whole text of story {number}.</p>",
                "visibility": "public",
                "status": "published",
                "tags": [NEWS],
                "authors": [{"name": "Ana Pérez"}],
                "tiers": [],
                "published_at": 500,
                "url": f"https://quay.example/story-{number}/",
            },
        ).update({"updated_at": self.clock, **changes})

    def bulk(self, number: int, **changes: Any) -> None:
        """What is done in the list of posts, to several at once, moves no date."""
        self.posts[number].update(changes)

    def answer(self, target: str, headers: Message) -> Told:
        parts = urlsplit(target)
        wish = dict(parse_qsl(parts.query))
        self.asked.append(wish)
        told = self.meddle(parts.path, wish)
        if told is None:
            told = self._routed(parts.path, wish, headers.get("Authorization", ""))
        self.given.append(told[0])
        tag_ = f'W/"{hashlib.sha256(told[2]).hexdigest()}"'
        if told[0] != 200 or headers.get("If-None-Match") != tag_:
            return told[0], {"ETag": tag_, **told[1]}, told[2]
        self.given[-1] = 304
        return 304, {"ETag": tag_}, b""

    def _routed(self, path: str, wish: dict[str, str], authorization: str) -> Told:
        api = re.fullmatch(r"/ghost/api/(content|admin)/posts/", path)
        if api is None:
            return 404, {"Content-Type": "text/html"}, b"<!doctype html><title>404</title>"
        is_admin = api[1] == "admin"
        if is_admin and not _is_good(authorization):
            return refused("UnauthorizedError", "INVALID_JWT", 401)
        if not is_admin and wish.get("key") != CONTENT_KEY:
            return refused("UnauthorizedError", "UNKNOWN_CONTENT_API_KEY", 401)
        found = [number for number in self.posts if self._is_asked(number, wish, is_admin=is_admin)]
        if wish.get("order", "").startswith("updated_at desc"):
            found.sort(key=lambda number: (self.posts[number]["updated_at"] or 0, number), reverse=True)
        else:
            found.sort()
        limit, page = min(int(wish["limit"]), 100), int(wish.get("page", 1))
        shown = [
            self._shown(number, wish, is_admin=is_admin) for number in found[(page - 1) * limit :][:limit]
        ]
        pages = max(1, -(-len(found) // limit))
        # Past the end it goes on naming a next page.
        paging = {"page": page, "limit": limit, "pages": pages, "total": len(found), "next": page + 1}
        return told({"posts": shown, "meta": {"pagination": paging}})

    def _is_asked(self, number: int, wish: dict[str, str], *, is_admin: bool) -> bool:
        asked = wish.get("filter", "")
        after, up_to, named = _AFTER.search(asked), _UP_TO.search(asked), _NAMED.search(asked)
        tagged = _TAGGED.search(asked)
        slugs = [one["slug"] for one in self.posts[number]["tags"] or ()]
        wants_all = is_admin and "status:published" not in asked
        return (
            (wants_all or self.posts[number]["status"] == "published")
            and (after is None or oid(number) > after[1])
            and (up_to is None or oid(number) <= up_to[1])
            and (tagged is None or tagged[1] in slugs)
            and (named is None or oid(number) in named[1].split(","))
        )

    def _shown(self, number: int, wish: dict[str, str], *, is_admin: bool) -> dict[str, Any]:
        post = {**self.posts[number], "id": oid(number)}
        for name in ("updated_at", "published_at"):
            if isinstance(post[name], int):
                post[name] = _moment(post[name], zone="Z" if is_admin else _OFFSET)
        for name in ("tags", "authors", "tiers"):
            if name not in wish.get("include", "").split(",") or post[name] is None:
                del post[name]
        if not is_admin:
            post["access"] = post["visibility"] == "public"
            html = post["html"] or ""
            if not post["access"]:
                before, wall, _ = html.partition("<!--members-only-->")
                html = before if wall else ""
            post["html"] = re.sub(r"<!--kg-gated-block:begin nonMember:false.*?end-->", "", html)
        asked = [*wish["fields"].split(","), *wish.get("include", "").split(",")]
        return {name: value for name, value in post.items() if name in asked}


def _moment(seconds: int, *, zone: str) -> str:
    hours = 10 if zone == "Z" else 5
    return f"2026-03-0{1 + seconds // 86_400}T{hours:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.000{zone}"


def _is_good(authorization: str) -> bool:
    """Whether Ghost would take it: signed with the key, and made within five minutes."""
    scheme, _, token = authorization.partition(" ")
    signed, _, signature = token.rpartition(".")
    if scheme != "Ghost" or not signed:
        return False
    head, said = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in signed.split("."))
    mac = hmac.digest(bytes.fromhex(ADMIN_SECRET), signed.encode(), "sha256")
    return (
        base64.urlsafe_b64encode(mac).rstrip(b"=").decode() == signature
        and head == {"alg": "HS256", "typ": "JWT", "kid": ADMIN_KEY.partition(":")[0]}
        and said["aud"] == "/admin/"
        and abs(time.time() - said["iat"]) < 300
    )


def told(value: object, status: int = 200) -> Told:
    """An answer in JSON."""
    return status, {"Content-Type": "application/json; charset=utf-8"}, json.dumps(value).encode()


def refused(kind: str, code: str, status: int) -> Told:
    """An error as Ghost tells it."""
    return told({"errors": [{"message": "Sorry <b>you</b>", "type": kind, "code": code}]}, status)


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, headers, body = site.answer(self.path, self.headers)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if status != 304:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
