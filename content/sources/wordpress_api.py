"""Asking WordPress's REST API: where it is, whether the password is taken, its lists, its posts."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from content.sources.json_values import as_list, as_mapping, as_mappings, as_text
from content.sources.wordpress_ledger import Row
from content.sources.wordpress_post import Category, Post, Tree
from newsroom.errors import SourceError
from newsroom.settings import SourceSettings
from newsroom.web import Answer, Web, WebError
from newsroom.web_address import is_near, shown

PAGE = 100
"""Rows that are asked for at once: WordPress gives no more."""
BATCH = 50
"""Posts with their texts that are asked for at once: a slow site needs half a second for ten."""

_ROW = "id,status,date_gmt,modified_gmt,slug,author,featured_media,sticky,categories,tags"
_POST = (
    "id,status,date_gmt,slug,link,title,content,excerpt,sticky,meta,acf,class_list,password,categories,tags,"
    "authors,newspack_author_info,_links,_embedded"
)
_EMBED = "author,wp:featuredmedia,wp:term"
_RIGHTS = ("edit_posts", "edit_others_posts", "edit_published_posts", "edit_private_posts")
_REFUSALS = (400, 401, 403, 404)
# A post that cannot be rendered takes its whole batch with it: an error, or an answer that breaks off.
_BATCH_FAILS = (200, 500)
# A list that is embedded in a post ends there, and does not say so.
_EMBEDDED = 10
_TERMS = re.compile(r"/wp/v2/([\w-]+)[?&]post=")
_MOST_FAILURES = 24
_MOST_STEPS_BACK = 20
_LINK = re.compile(r'<([^<>]*)>\s*;[^,]*rel="?https://api\.w\.org/')


@dataclass(slots=True)
class Posts:
    """What came of asking for some posts."""

    found: dict[int, Post] = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)
    """Those that the site cannot show, by number, and what it says."""


class Api:
    """One WordPress. `root` is the address that its routes begin with, once it is known."""

    def __init__(self, settings: SourceSettings, web: Web) -> None:
        """Raises SourceError where the address, the user and the password do not go together."""
        self._settings = settings
        self._web = web
        self._headers: dict[str, str] = {}
        self._failures = 0
        self.root = ""
        self.is_wide = False
        """Whether it is asked as somebody who may edit everything: drafts and trash are listed, too."""
        variable = f"STANDFIRST_SOURCE_{settings.key.upper().replace('-', '_')}"
        if bool(settings.user) != bool(settings.secret):
            raise SourceError(
                f"source {settings.key}: `user` and the application password belong together; set "
                f"{variable}, or leave both out"
            )
        if settings.secret:
            if urlsplit(settings.url).scheme == "http" and not is_near(settings.url):
                raise SourceError(
                    f"source {settings.key}: the application password would travel without encryption; write "
                    "https:// in url"
                )
            key = b64encode(f"{settings.user}:{settings.secret}".encode()).decode()
            self._headers = {"authorization": f"Basic {key}"}

    def find(self) -> None:
        """Learn `root`. Raises SourceError where there is no REST API."""
        given = self._settings.url.rstrip("/")
        if "rest_route=" in given or given.endswith("/wp-json"):
            guesses = [_root_of(given)]
        else:
            guesses = [f"{given}/wp-json", f"{given}/?rest_route="]
        if not any(map(self._is_root, guesses)) and not self._is_linked(given):
            raise SourceError(
                f"{shown(given)}: no WordPress REST API here; give `url` the site's address, or ask "
                "whether a plugin has switched it off"
            )

    def sign_in(self) -> None:
        """Learn `is_wide`. Raises SourceError where the password is not taken: lists would not say so."""
        if not self._headers:
            self.is_wide = False
            return
        fields = {"context": "edit", "_fields": "id,capabilities"}
        data, _ = self._get("/wp/v2/users/me", fields)
        rights = as_mapping(as_mapping(data).get("capabilities"))
        self.is_wide = all(rights.get(name) is True for name in _RIGHTS)

    def rows(self, kind: str, statuses: str, **only: str) -> Iterator[list[Row]]:
        """The rows of the posts of a type, by number, a page at a time; those of `statuses`, if it may ask.

        Posts that go while it reads move the others forward, so each page begins with the last row of the
        one before: where that is not there, it goes back.
        """
        start, last, steps_back = 0, 0, 0
        while True:
            page, total = self._page(kind, statuses, only, start)
            if start and (not page or page[0].number > last):
                start, steps_back = max(0, start - PAGE // 2), steps_back + 1
                if steps_back > _MOST_STEPS_BACK:
                    raise self._strange(kind, "its list changes faster than it can be read; try again later")
                continue
            fresh = [row for row in page if row.number > last]
            if fresh:
                yield fresh
                last, steps_back = fresh[-1].number, 0
            if start + len(page) >= total:
                return
            if not fresh and start + len(page) - 1 <= start:
                raise self._strange(kind, "its list ends before its end; a cache may answer in its place")
            start += len(page) - 1

    def posts(self, kind: str, numbers: Sequence[int]) -> Posts:
        """The posts with these numbers, whole; those that may not be seen are not among them."""
        posts = Posts()
        self._read(kind, numbers, posts)
        posts.found = {number: self._with_all_terms(post) for number, post in posts.found.items()}
        return posts

    def tree(self) -> Tree:
        """The newsroom's categories, by number."""
        found: dict[int, Category] = {}
        for one in self._terms("categories", {"orderby": "id", "order": "asc", "_fields": "id,slug,parent"}):
            if isinstance(one.get("id"), int) and isinstance(one.get("parent"), int):
                found[one["id"]] = Category(unquote(as_text(one.get("slug"))), one["parent"])
        return found

    def has_term(self, base: str, slug: str) -> bool:
        """Whether there is a category or tag (`base`: categories, tags) with this slug."""
        data, _ = self._get(f"/wp/v2/{base}", {"slug": slug, "_fields": "id,slug"})
        return any(unquote(as_text(one.get("slug"))) == slug for one in as_mappings(data))

    def _with_all_terms(self, post: Post) -> Post:
        """The post with every category and tag: as many as ten of a kind may be the first of more."""
        groups = as_list(as_mapping(post.get("_embedded")).get("wp:term"))
        links = as_mappings(as_mapping(post.get("_links")).get("wp:term"))
        whole = list(groups)
        for place, (group, link) in enumerate(zip(groups, links, strict=False)):
            base = _TERMS.search(unquote(as_text(link.get("href"))))
            if base is not None and len(as_list(group)) >= _EMBEDDED:
                wish = {"post": post["id"], "_fields": "id,taxonomy,slug,name"}
                whole[place] = list(self._terms(base[1], wish))
        return {**post, "_embedded": {**as_mapping(post.get("_embedded")), "wp:term": whole}}

    def _terms(self, base: str, wish: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        number, last = 1, 1
        while number <= last:
            data, answer = self._get(f"/wp/v2/{base}", {"per_page": PAGE, "page": number, **wish})
            yield from as_mappings(data)
            number, last = number + 1, _number(answer, "x-wp-totalpages", 1)

    def _page(self, kind: str, statuses: str, only: Mapping[str, str], start: int) -> tuple[list[Row], int]:
        wish: dict[str, Any] = {"orderby": "id", "order": "asc", "per_page": PAGE, "offset": start, **only}
        if self.is_wide:
            wish |= {"context": "edit", "status": statuses}
        data, answer = self._get(f"/wp/v2/{kind}", {**wish, "_fields": _ROW})
        try:
            rows = [Row.of(as_mapping(one)) for one in data] if isinstance(data, list) else None
        except ValueError:
            rows = None
        if rows is None:
            raise self._strange(kind, "not a list of posts; check `types`")
        numbers = [row.number for row in rows]
        if numbers != sorted(set(numbers)):
            raise self._strange(kind, "not in the order that was asked for; a plugin may sort its lists anew")
        # Past the end the total is 0, so it is no word on that.
        return rows, _number(answer, "x-wp-total", start + len(rows) + (len(rows) == PAGE))

    def _read(self, kind: str, numbers: Sequence[int], posts: Posts) -> None:
        wish = {
            "include": ",".join(map(str, numbers)),
            "orderby": "id",
            "order": "asc",
            "per_page": PAGE,
            "_embed": _EMBED,
            "_fields": _POST,
        }
        try:
            data, _ = self._get(f"/wp/v2/{kind}", wish | ({"context": "edit"} if self.is_wide else {}))
        except WebError as error:
            self._failures += 1
            if error.status not in _BATCH_FAILS or self._failures > _MOST_FAILURES:
                raise
            if len(numbers) == 1:
                posts.failed[numbers[0]] = str(error)
                return
            half = len(numbers) // 2
            self._read(kind, numbers[:half], posts)
            self._read(kind, numbers[half:], posts)
            return
        if not isinstance(data, list):
            raise self._strange(kind, "not a list of posts; check `types`")
        posts.found |= {one["id"]: one for one in as_mappings(data) if isinstance(one.get("id"), int)}

    def _get(self, route: str, wish: Mapping[str, Any]) -> tuple[Any, Answer]:
        data, answer = self._web.json(self._address(route, wish), headers=self._headers, accepted=_REFUSALS)
        if answer.status == 200:
            return data, answer
        raise self._refusal(route, answer.status, data)

    def _refusal(self, route: str, status: int, data: object) -> WebError:
        code = re.sub(r"[^a-z0-9_]", "", as_text(as_mapping(data).get("code")).lower())[:60]
        return WebError(f"{shown(self._address(route, {}))}: {self._complaint(status, code)}", status)

    def _complaint(self, status: int, code: str) -> str:
        if code == "rest_no_route":
            return "no such list (404); check `types`: each is the REST base of what the site shows by REST"
        said = f"({status}, {code})" if code else f"({status})"
        # Drafts are what a list that anybody may have refuses with a 400.
        if status == 404 or (status == 400 and not (self.is_wide and code == "rest_invalid_param")):
            return f"the question was refused {said}; check `url` and `types`"
        if not self._headers:
            return f"not for strangers {said}; give `user` and an application password, or have it opened"
        if status in (400, 401):
            return (
                f"the user or its application password is not taken {said}; make a new one in the user's "
                "profile, and see that the web server hands the Authorization header on to PHP"
            )
        return f"the user may not read this {said}; an editor may"

    def _address(self, route: str, wish: Mapping[str, Any]) -> str:
        query = urlencode(wish, safe=",:")
        if "rest_route=" in self.root:
            return f"{self.root}{route}&{query}" if query else f"{self.root}{route}"
        return f"{self.root}{route}?{query}" if query else f"{self.root}{route}"

    def _is_root(self, guess: str) -> bool:
        """Whether the API is here; if so, it is `root` from now on, where redirects have led to."""
        self.root = guess
        address = self._address("/", {"_fields": "namespaces"})
        try:
            data, answer = self._web.json(address, headers=self._headers, accepted=_REFUSALS)
        except WebError as error:
            # A page in the place of JSON: this is not where it is.
            if error.status == 200:
                return False
            raise
        if answer.status in (401, 403):
            raise self._refusal("/", answer.status, data)
        namespaces = as_mapping(data).get("namespaces")
        if answer.status != 200 or not isinstance(namespaces, list) or "wp/v2" not in namespaces:
            return False
        self.root = _root_of(answer.url)
        if self._headers and urlsplit(self.root).netloc != urlsplit(address).netloc:
            raise SourceError(
                f"{shown(address)}: redirects to {urlsplit(self.root).netloc}, and the password goes to no "
                "other host; write that one in url"
            )
        return True

    def _is_linked(self, given: str) -> bool:
        """Whether the site's front page names the API's address, and it is there."""
        answer = self._web.get(given, accepted=(404,))
        named = _LINK.search(answer.headers.get("link", ""))
        if named is None or urlsplit(named[1]).netloc != urlsplit(answer.url).netloc:
            return False
        return self._is_root(_root_of(named[1]))

    def _strange(self, kind: str, words: str) -> SourceError:
        return SourceError(f"{shown(self._address(f'/wp/v2/{kind}', {}))}: {words}")


def _root_of(url: str) -> str:
    """The beginning of all routes, from the address of the first of them."""
    head, route, _ = url.partition("rest_route=")
    if route:
        # Other parameters, before it, stay.
        return f"{head}{route}"
    return url.partition("?")[0].rstrip("/")


def _number(answer: Answer, name: str, otherwise: int) -> int:
    text = answer.headers.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else otherwise
