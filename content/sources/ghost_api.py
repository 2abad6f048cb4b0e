"""Asking Ghost's APIs: the Content API, or the Admin API where there is a key for it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from content.sources.json_values import as_mapping, as_mappings, as_text
from newsroom.errors import SourceError
from newsroom.ghost_key import parsed_key, token
from newsroom.secrets import source_name
from newsroom.settings import SourceSettings
from newsroom.web import Answer, Web, WebError
from newsroom.web_address import is_near, shown

PAGE = 100
"""Posts that are asked for at once: Ghost gives no more, whatever it is asked for."""

LONG_AGO = datetime.min.replace(tzinfo=UTC)

Post = Mapping[str, Any]

_FIELDS = (
    "id,title,slug,html,feature_image,feature_image_alt,feature_image_caption,visibility,published_at,"
    "updated_at,custom_excerpt,canonical_url,url,access"
)
# Without them Ghost gives neither, and says nothing.
_WHOLE = {"fields": _FIELDS, "include": "tags,authors,tiers", "formats": "html"}
_ID = re.compile("[0-9a-f]{24}")
_REFUSALS = (400, 401, 403, 404, 406)
_UNCHANGED = 304


@dataclass(frozen=True, slots=True)
class Page:
    """Posts that were asked for, and how many more there are."""

    posts: Sequence[Post]
    total: int
    """How many the question has in all."""
    pages: int
    etag: str
    """Tells this answer from the next one to the same question; empty where there is none."""

    @property
    def ids(self) -> list[str]:
        return [post["id"] for post in self.posts]


@dataclass(frozen=True, slots=True)
class Range:
    """Posts by their ids, which tell when they were begun: those after `after`, up to `last`."""

    after: str = ""
    last: str = ""
    """Empty leaves the end open."""


class Api:
    """One Ghost. With a key for the Admin API all is asked by that one: it has the texts of every post."""

    def __init__(self, settings: SourceSettings, web: Web) -> None:
        """Raises SourceError where the keys are none."""
        self._web = web
        self._variable = source_name(settings.key)
        self._admin: tuple[str, bytes] | None = None
        if settings.admin_secret:
            self._variable += "_ADMIN"
            self._admin = _admin_key(settings, self._variable)
        elif not settings.secret.strip() or ":" in settings.secret:
            raise SourceError(
                f"source {settings.key}: {self._variable} is no Content API key; copy it from a custom "
                "integration in Ghost's settings (the Admin API's goes into the same name with _ADMIN)"
            )
        self._key = settings.secret.strip()
        # Who copies the address of the desk has this at its end.
        site = settings.url.rstrip("/").removesuffix("/ghost")
        self._address = f"{site}/ghost/api/{'admin' if self._admin else 'content'}/posts/"

    def newest(self, number: int = 1, etag: str = "") -> Page | None:
        """Page `number` of all posts, whole, those first that were changed last; None where they are as
        `etag` says."""
        wish = {"order": "updated_at desc,id desc", "page": number}
        page = self._page({**_WHOLE, **wish}, [], etag)
        if page is not None:
            moments = [updated_of(post) for post in page.posts]
            if moments != sorted(moments, reverse=True):
                raise self._strange("not in the order that was asked for; a cache may answer in its place")
        return page

    def within(self, wanted: Range, etag: str = "") -> Page | None:
        """The first posts of a range, whole, by their ids; None where they are as `etag` says."""
        page = self._page({**_WHOLE, "order": "id asc"}, _filters(wanted), etag)
        if page is not None:
            self._check_order(page, wanted)
        return page

    def named(self, ids: Sequence[str]) -> Page:
        """Those of these posts that are published, whole; a page of them at most."""
        return self._sure(self._page({**_WHOLE, "order": "id asc"}, [f"id:[{','.join(ids)}]"]))

    def count(self, wanted: Range) -> int:
        """How many posts are in a range."""
        return self._sure(self._page({"fields": "id", "limit": 1}, _filters(wanted))).total

    def has_tag(self, slug: str) -> bool:
        """Whether any published post has the tag with this slug."""
        return self._sure(self._page({"fields": "id", "limit": 1}, [f"tag:'{slug}'"])).total > 0

    def ids(self, wanted: Range) -> Iterator[str]:
        """The ids of the posts in a range."""
        while True:
            page = self._sure(self._page({"fields": "id", "order": "id asc"}, _filters(wanted)))
            self._check_order(page, wanted)
            yield from page.ids
            if len(page.posts) >= page.total:
                return
            wanted = Range(page.ids[-1], wanted.last)

    def _page(self, wish: Mapping[str, Any], filters: list[str], etag: str = "") -> Page | None:
        if self._admin:
            filters = ["status:published", *filters]
        query = {"limit": PAGE, **wish, **({"filter": "+".join(filters)} if filters else {})}
        headers = {"accept-version": "v5.0"}
        if self._admin:
            headers["authorization"] = f"Ghost {token(*self._admin, time.time())}"
        else:
            query["key"] = self._key
        if etag:
            headers["if-none-match"] = etag
        url = f"{self._address}?{urlencode(query)}"
        data, answer = self._web.json(url, headers=headers, accepted=(*_REFUSALS, _UNCHANGED))
        if answer.status == _UNCHANGED and etag:
            return None
        if answer.status != 200:
            raise self._refusal(answer, data)
        return self._read(as_mapping(data), answer)

    def _read(self, data: Mapping[str, Any], answer: Answer) -> Page:
        listed = data.get("posts")
        posts = as_mappings(listed)
        paging = as_mapping(as_mapping(data.get("meta")).get("pagination"))
        total, pages = paging.get("total"), paging.get("pages")
        if not isinstance(listed, list) or not isinstance(total, int) or not isinstance(pages, int):
            raise self._strange("not a list of posts; give `url` the address of Ghost itself")
        if len(posts) != len(listed) or not all(_ID.fullmatch(as_text(post.get("id"))) for post in posts):
            raise self._strange("posts without an id; what stands between may change Ghost's answers")
        return Page(posts, total, pages, answer.headers.get("etag", ""))

    def _check_order(self, page: Page, wanted: Range) -> None:
        """An answer to another question would never end, or lose posts."""
        ids = page.ids
        is_within = not ids or (wanted.after < ids[0] and (not wanted.last or ids[-1] <= wanted.last))
        if not is_within or ids != sorted(set(ids)):
            raise self._strange("not in the order that was asked for; a cache may answer in its place")
        if not ids and page.total:
            raise self._strange("its list ends before its end; a cache may answer in its place")

    def _sure(self, page: Page | None) -> Page:
        if page is None:
            raise self._strange("unchanged (304), and nobody has asked that")
        return page

    def _refusal(self, answer: Answer, data: object) -> WebError:
        first = next(iter(as_mappings(as_mapping(data).get("errors"))), {})
        name = as_text(first.get("code")) or as_text(first.get("type"))
        code = re.sub(r"[^A-Za-z0-9_]", "", name)[:60]
        said = f"({answer.status}, {code})" if code else f"({answer.status})"
        return WebError(f"{shown(self._address)}: {self._complaint(answer, said)}", answer.status)

    def _complaint(self, answer: Answer, said: str) -> str:
        host = urlsplit(answer.url).netloc
        if self._admin and host != urlsplit(self._address).netloc:
            return f"redirects to {host}, and the key goes to no other host; write that one in url"
        if answer.status in (401, 403):
            clock = ", and see that this machine's clock is right" if self._admin else ""
            return (
                f"the key is not taken {said}; copy it again from the custom integration in Ghost's settings "
                f"into {self._variable}{clock}"
            )
        if answer.status == 400:
            return f"the question was refused {said}; is it Ghost 5 or newer?"
        return f"no Ghost 5 or newer answers here {said}; give `url` the address of Ghost itself"

    def _strange(self, words: str) -> SourceError:
        return SourceError(f"{shown(self._address)}: {words}")


def updated_of(post: Post) -> datetime:
    """When it was changed; long ago where that cannot be read, as of some that were imported."""
    try:
        moment = datetime.fromisoformat(as_text(post.get("updated_at")))
    except ValueError:
        return LONG_AGO
    return moment if moment.tzinfo else LONG_AGO


def _filters(wanted: Range) -> list[str]:
    return [
        *([f"id:>'{wanted.after}'"] if wanted.after else []),
        *([f"id:<='{wanted.last}'"] if wanted.last else []),
    ]


def _admin_key(settings: SourceSettings, variable: str) -> tuple[str, bytes]:
    key = parsed_key(settings.admin_secret)
    if key is None:
        raise SourceError(
            f"source {settings.key}: {variable} is no Admin API key, ID:HEX; copy it from a custom "
            "integration in Ghost's settings"
        )
    if urlsplit(settings.url).scheme == "http" and not is_near(settings.url):
        raise SourceError(
            f"source {settings.key}: the Admin API's key would travel without encryption; write https:// in "
            "url"
        )
    return key
