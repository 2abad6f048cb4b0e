"""A website's front page: what it says of what made it, of itself, and where its articles are. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from content.sanitise import clean_line
from content.sources.feed_text import decoded
from content.sources.pages_address import Site, address_of, looks_like_article
from content.sources.pages_html import Page, line_of, page_of
from content.sources.pages_listing import base_of, listing_of
from content.sources.pages_metadata import page_language
from content.survey import Topic
from newsroom.settings import ListSettings, SourceSettings
from newsroom.web import Answer

MOST_FEEDS = 3
"""Of those that a page names; the first is the newsroom's whole one nearly everywhere."""

_FEED_TYPES = frozenset(
    {"application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml"}
)
_FEED_ROOT = re.compile(r"(?:\s|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>]*>)*<(?:rss|feed|rdf:RDF)\b", re.DOTALL)
_COMMENTS = re.compile(r"comment|kommentar|commentaire|comentario|reacties|تعليق", re.IGNORECASE)
_API_LINK = re.compile(r'rel="?https://api\.w\.org/', re.IGNORECASE)
_GHOST_KEY = re.compile("[0-9a-f]{26}")
_SLOGAN = re.compile(r"\s+[|–—·•-]\s+")
_MOST_ENTRIES = 30
_LONGEST_TITLE = 60


@dataclass(frozen=True, slots=True)
class Front:
    """A front page, read."""

    url: str
    """Where it was found: after redirects, without a slash at its end."""
    name: str = ""
    language: str = ""
    is_wordpress: bool = False
    is_ghost: bool = False
    ghost_key: str = field(default="", repr=False)
    """Its Content API's, which Ghost writes into each page for its own search."""
    feeds: tuple[str, ...] = ()
    is_feed: bool = False
    """What stands there is a feed itself."""
    menu: tuple[Topic, ...] = ()
    articles: tuple[str, ...] = ()
    """The addresses that it leads to: those first that look like articles'."""


def front_of(answer: Answer) -> Front:
    """What an address answered with. Raises SourceError, without the address, where it is no page."""
    url = answer.url.partition("?")[0].partition("#")[0].rstrip("/")
    kind = answer.headers.get("content-type", "")
    if _is_feed(answer, kind):
        return Front(answer.url, feeds=(answer.url,), is_feed=True)
    is_linked = bool(_API_LINK.search(answer.headers.get("link", "")))
    if not answer.data.strip():
        # A theme that is broken leaves the API as it is.
        return Front(url, is_wordpress=is_linked)
    page = page_of(answer.data, kind)
    base = base_of(page, answer.url)
    generator = _meta(page, "generator").lower()
    key = _ghost_key(page)
    return Front(
        url,
        name=_name(page),
        language=page_language(page),
        is_wordpress=is_linked
        or generator.startswith("wordpress")
        or page.css_first("link[rel='https://api.w.org/']") is not None,
        is_ghost=generator.startswith("ghost") or bool(key),
        ghost_key=key,
        feeds=tuple(dict.fromkeys(_feeds(page, base)))[:MOST_FEEDS],
        menu=tuple(_menu(page, base, site_of(url))),
        articles=articles_on(page, answer.url, url),
    )


def home_of(front: Front, site: str) -> str:
    """The address of the newsroom's site, of which somebody said `site`: where that leads on the same host,
    and the host alone where it is a feed's."""
    said, found = urlsplit(site), urlsplit(front.url)
    hosts = {(one.hostname or "").removeprefix("www.") for one in (said, found)}
    if len(hosts) > 1:
        return site
    root = f"{found.scheme}://{found.netloc}"
    # A front page in one of several languages is not all of the site.
    return root if front.is_feed or front.url == root else site


def site_of(url: str) -> Site:
    """The site of which this is the front page."""
    return Site.of(SourceSettings("site", "pages", url=url), url)


def articles_on(page: Page, address: str, front: str) -> tuple[str, ...]:
    """Articles' addresses on a page at `address`, of the site with this `front` page; likely ones first."""
    listing = listing_of(page, ListSettings(address, "any"), address, site_of(front), None)
    found = [one.address for one in listing.items]
    return tuple(sorted(found, key=lambda one: not looks_like_article(one)))


def _is_feed(answer: Answer, kind: str) -> bool:
    kind = kind.partition(";")[0].strip().lower()
    if kind in _FEED_TYPES:
        return True
    text = decoded(answer.data[:5_000], kind).text.lstrip("\ufeff \t\r\n")
    return bool(_FEED_ROOT.match(text)) or (text.startswith("{") and "jsonfeed.org/version/" in text)


def _meta(page: Page, name: str) -> str:
    node = page.css_first(f"meta[name='{name}'][content], meta[property='{name}'][content]")
    return clean_line(node.attributes.get("content") or "") if node is not None else ""


def _name(page: Page) -> str:
    """The site's name: as it says for others, else its title as far as a slogan."""
    title = page.css_first("title")
    words = clean_line(title.text(deep=True)) if title is not None else ""
    return (_meta(page, "og:site_name") or _SLOGAN.split(words)[0])[:_LONGEST_TITLE].strip()


def _ghost_key(page: Page) -> str:
    nodes = page.css("script[data-ghost][data-key], script[data-sodo-search][data-key]")
    keys = ((one.attributes.get("data-key") or "").strip() for one in nodes)
    return next((one for one in keys if _GHOST_KEY.fullmatch(one)), "")


def _feeds(page: Page, base: str) -> Iterator[str]:
    """The feeds that the page names for its articles."""
    for node in page.css("link[rel~='alternate'][href][type]")[:_MOST_ENTRIES]:
        kind = (node.attributes.get("type") or "").partition(";")[0].strip().lower()
        place = address_of(node.attributes.get("href") or "", base)
        words = f"{node.attributes.get('title') or ''} {urlsplit(place).path}"
        if kind in _FEED_TYPES and place and not _COMMENTS.search(words):
            yield place


def _menu(page: Page, base: str, site: Site) -> Iterator[Topic]:
    """The entries of the page's menus that may list articles."""
    seen: set[str] = set()
    links = page.css("nav a[href], header a[href], [role='navigation'] a[href]")
    for link in links[:300]:
        place = address_of(link.attributes.get("href") or "", base)
        title = line_of(link)
        if not place or not site.owns(place) or urlsplit(place).query or _is_story(place):
            continue
        if place.rstrip("/") in seen or not any(map(str.isalpha, title)) or len(title) > _LONGEST_TITLE:
            continue
        seen.add(place.rstrip("/"))
        yield Topic(urlsplit(place).path.strip("/").rpartition("/")[2], title, address=place)
        if len(seen) == _MOST_ENTRIES:
            return


def _is_story(place: str) -> bool:
    # A menu may name what is read most; "/science-and-health" looks like an article as well.
    path = urlsplit(place).path.strip("/")
    return looks_like_article(place) and ("/" in path or any(map(str.isdigit, path)))
