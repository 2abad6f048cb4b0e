"""Looking at a newsroom's website: asks for what `content.survey` judges."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from content.sources.json_values import as_mapping, as_mappings
from content.sources.pages_address import trusted
from content.sources.pages_html import page_of
from content.sources.pages_json_ld import article_in
from content.sources.pages_metadata import Facts, facts_of
from content.sources.pages_robots import Crawler
from content.sources.wordpress_api import Api
from content.survey import Survey, Topic, feed_of, ghost_of, pages_of, wordpress_of
from content.survey_front import Front, articles_on, front_of
from newsroom.errors import SourceError
from newsroom.settings import SourceSettings
from newsroom.web import Answer, Web, WebError
from newsroom.web_address import shown

TIMEOUT = 15.0
"""Seconds, for a request: somebody waits."""
LONGEST = 60.0
"""Seconds that are waited, all in all, where robots.txt asks for a delay between pages."""

_LARGEST = 5_000_000
_MOST_ARTICLES = 3
_MOST_LISTS = 12
_MOST_PAGES_OF_CATEGORIES = 3
_ACCEPT = {"accept": "text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.5"}


class SiteLook:
    """A look at the site at `url`, as somebody who may see what visitors see.

    Who wrote the address may have it on a private network; what it leads to may not be there. Its front page
    and its articles' are asked for as robots.txt has it; a feed and a CMS's API as the sources do.
    """

    def __init__(self, url: str, *, pause: Callable[[float], None] = time.sleep) -> None:
        self._url = url
        self._web = Web(
            trusted=trusted([url]),
            timeout=TIMEOUT,
            largest=_LARGEST,
            retries=1,
            pause=pause,
            agent=f"Standfirst (+{url})",
        )
        self._crawler = Crawler(self._web, pause=pause)
        self._now = datetime.now(UTC)

    def __enter__(self) -> SiteLook:
        return self

    def __exit__(self, *_: object) -> None:
        self._web.close()

    def front(self) -> Front:
        """Its front page. Raises SourceError where it cannot be had, may not, or is none."""
        try:
            answer = self._page(self._url)
        except SourceError as error:
            cause = error.__cause__
            if isinstance(cause, WebError) and cause.status is None:
                # It is not robots.txt that is missing.
                raise SourceError(str(cause).replace("/robots.txt", "", 1)) from error
            raise
        try:
            return front_of(answer)
        except SourceError as error:
            raise SourceError(f"{shown(answer.url)}: {error}") from error

    def survey(self, kind: str, front: Front, key: str = "") -> Survey:
        """The site as a source of this kind; `key` is a Ghost's. Raises SourceError where it is none."""
        if kind == "wordpress":
            return self._wordpress(front)
        if kind == "ghost":
            return self._ghost(front, key)
        return self._feed(front) if kind == "feed" else self._pages(front)

    def _wordpress(self, front: Front) -> Survey:
        api = Api(SourceSettings("site", "wordpress", url=front.url), self._web)
        api.find()
        index, _ = self._web.json(_route(api.root, "/", _fields="name,timezone_string"))
        categories: list[Any] = []
        wish = {"per_page": 100, "orderby": "count", "order": "desc", "_fields": "id,name,slug,parent,count"}
        for number in range(1, _MOST_PAGES_OF_CATEGORIES + 1):
            rows, answer = self._web.json(_route(api.root, "/wp/v2/categories", **wish, page=number))
            categories += rows if isinstance(rows, list) else []
            if str(number) == answer.headers.get("x-wp-totalpages", str(number)):
                break
        found = wordpress_of(front.url, index, categories, front.language)
        if found.language:
            return found
        # A theme may not say it; the site's own feed always does.
        with suppress(SourceError):
            feed = feed_of(self._web.get(f"{front.url}/feed/"))
            return replace(found, language=feed.language)
        return found

    def _ghost(self, front: Front, key: str) -> Survey:
        root = f"{front.url}/ghost/api/content"
        headers = {"accept-version": "v5.0"}
        if not key:
            if not front.is_ghost:
                # Some hide it on their pages. It refuses who has no key in JSON; others have nothing there.
                told, _ = self._web.json(f"{root}/settings/", headers=headers, accepted=(401, 403))
                if not as_mappings(as_mapping(told).get("errors")):
                    raise SourceError(f"{shown(front.url)}: no Ghost's Content API is there")
            return Survey("ghost", front.url, front.name, front.language)
        settings, _ = self._web.json(f"{root}/settings/?{urlencode({'key': key})}", headers=headers)
        wish = {"key": key, "limit": 100, "include": "count.posts", "order": "count.posts desc"}
        tags, _ = self._web.json(f"{root}/tags/?{urlencode(wish)}", headers=headers)
        return ghost_of(front.url, settings, tags, front.language)

    def _feed(self, front: Front) -> Survey:
        """The first of its feeds that is one."""
        failure = SourceError(f"{shown(front.url)}: it names no feed of its articles")
        for place in front.feeds:
            try:
                found = feed_of(self._web.get(place), front.language)
            except SourceError as error:
                words = str(error)
                failure = error if shown(place) in words else SourceError(f"{shown(place)}: {words}")
            else:
                # The address that the page names stays; the one that it leads to today may not.
                return replace(found, url=place, name=front.name or found.name)
        raise failure

    def _pages(self, front: Front) -> Survey:
        """What its own pages say, of some articles; and which entries of its menu list any."""
        delay = self._crawler.delay(front.url, self._now)
        most = int(LONGEST / delay) if delay else _MOST_ARTICLES + _MOST_LISTS
        articles: list[Facts] = []
        for place in front.articles[: min(_MOST_ARTICLES, most)]:
            with suppress(SourceError):
                page, answer = self._parsed(place)
                articles.append(facts_of(page, article_in(page, answer.url), {}, ZoneInfo("UTC")))
        menu: dict[Topic, Collection[str]] = {}
        if any(one.is_article for one in articles):
            for topic in front.menu[: max(0, min(_MOST_LISTS, most - len(articles)))]:
                with suppress(SourceError):
                    page, answer = self._parsed(topic.address)
                    menu[topic] = articles_on(page, answer.url, front.url)
        found = pages_of(Survey("pages", front.url, front.name, front.language), articles, menu)
        if found is None:
            raise SourceError(f"{shown(front.url)}: its pages do not say to machines that they are articles")
        return found

    def _parsed(self, place: str) -> tuple[Any, Answer]:
        answer = self._page(place)
        return page_of(answer.data, answer.headers.get("content-type", "")), answer

    def _page(self, place: str) -> Answer:
        return self._crawler.get(place, self._now, headers=_ACCEPT, largest=_LARGEST)


def kinds_of(front: Front) -> tuple[str, ...]:
    """What a site may be read as, by its front page, the best first; only a look at its pages is sure."""
    signs = (
        ("wordpress", front.is_wordpress),
        ("ghost", front.is_ghost),
        ("feed", bool(front.feeds)),
        ("pages", bool(front.articles)),
    )
    return tuple(kind for kind, is_there in signs if is_there)


def _route(root: str, route: str, **wish: object) -> str:
    """The address of a route of WordPress's REST API, whose root may be in a query."""
    query = urlencode(wish, safe=",")
    return f"{root}{route}&{query}" if "rest_route=" in root else f"{root}{route}?{query}"
