"""A page that lists articles: where each of them is, and what is said of it there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from content.sources.pages_address import Site, address_of, looks_like_article
from content.sources.pages_html import Node, Page, line_of
from content.sources.pages_sponsor import by_boundary, by_name, name_of
from newsroom.settings import ListSettings

MOST_LISTED = 1_000
"""Articles of one list; a list of news that is longer has old ones at its end."""

_HEADINGS = "h1, h2, h3, h4, h5, h6"
_AROUND = frozenset({"nav", "header", "footer", "aside"})
_ITEMS = frozenset({"article", "li"})
_NOT_SHOWN = frozenset({"script", "style", "template", "noscript", "time"})
# Shorter texts are hours, counters and labels, which change without the article.
_LONG = 40
_MOST_LINKS = 20_000


@dataclass(frozen=True, slots=True)
class Listed:
    """One article, as a list has it."""

    address: str
    headline: str = ""
    mark: str = ""
    """Changes with its headline and teaser there."""
    sponsor: str = ""
    published: str = ""
    """In ISO 8601; only a news sitemap says it."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What stands on a list, in its order, and what is wrong with it."""

    items: tuple[Listed, ...] = ()
    problems: tuple[str, ...] = ()


def listing_of(
    page: Page, listing: ListSettings, address: str, site: Site, sponsors: Sequence[str] | None
) -> Listing:
    """The articles of a list at `address`; each once. `sponsors` is None where nobody pays for its items."""
    base = base_of(page, address)
    found: dict[str, Listed] = {}
    lost = strangers = 0
    entries = page.css(listing.select) if listing.select else _links(page, base, site)
    for entry in entries:
        link = _link(entry, listing, base, site)
        place = address_of(link.attributes.get("href") or "", base) if link is not None else ""
        if link is None or not place:
            lost += 1
        elif not site.owns(place):
            strangers += 1
        elif place not in found or not found[place].headline:
            one = _listed(entry, link, listing, sponsors)
            found[place] = replace(one, address=place)
    problems = tuple(_problems(listing, len(found), lost, strangers))
    return Listing(tuple(found.values())[:MOST_LISTED], problems)


def base_of(page: Page, address: str) -> str:
    """What relative addresses on a page stand for."""
    node = page.css_first("base[href]")
    return (address_of(node.attributes.get("href") or "", address) if node is not None else "") or address


def mark_of(*texts: str) -> str:
    """What tells one state of an item from another."""
    return hashlib.sha256("\0".join(texts).encode("utf-8", "replace")).hexdigest()[:16]


def _problems(listing: ListSettings, found: int, lost: int, strangers: int) -> Iterator[str]:
    if not found and listing.select:
        yield "nothing on it that its `select` finds leads to an article; has the page changed?"
    elif not found:
        yield "no link on it looks like one to an article; say with `select` which are"
    if lost and listing.select:
        yield f"{lost} of what its `select` finds have no link, and are left out"
    if strangers and listing.select:
        yield f"{strangers} of what its `select` finds lead to other sites, and are left out"


def _links(page: Page, base: str, site: Site) -> Iterator[Node]:
    """The links that look as if they led to articles; those with a headline before those without."""
    main = page.css_first("main, [role='main']")
    links = main.css("a[href]") if main is not None else page.css("a[href]")
    later: list[Node] = []
    for link in links[:_MOST_LINKS]:
        around = {one.tag for one in _ancestors(link)}
        if around & _AROUND:
            continue
        place = address_of(link.attributes.get("href") or "", base)
        if not place or not site.owns(place):
            continue
        if link.css_first(_HEADINGS) is not None or around & {"h1", "h2", "h3", "h4"}:
            yield link
        elif looks_like_article(place):
            later.append(link)
    yield from later


def _link(entry: Node, listing: ListSettings, base: str, site: Site) -> Node | None:
    """The link of an item: its own, its headline's, the one around its headline, or that to an article."""
    if entry.tag == "a" and entry.attributes.get("href"):
        return entry
    named = entry.css_first(listing.headline) if listing.headline else None
    for heading in [one for one in (named, *entry.css(_HEADINGS)) if one is not None]:
        for one in (heading, *heading.css("a[href]")[:1], *_ancestors(heading)):
            if one.tag == "a" and one.attributes.get("href"):
                return one
            if one.mem_id == entry.mem_id:
                break
    links = [(one, address_of(one.attributes.get("href") or "", base)) for one in entry.css("a[href]")]
    own = [(one, place) for one, place in links if place and site.owns(place)]
    article = next((one for one, place in own if looks_like_article(place)), None)
    around = next((one for one in _ancestors(entry) if one.tag == "a" and one.attributes.get("href")), None)
    return article or next((one for one, _ in own), None) or around or next((one for one, _ in links), None)


def _listed(entry: Node, link: Node, listing: ListSettings, sponsors: Sequence[str] | None) -> Listed:
    node = (entry.css_first(listing.headline) if listing.headline else None) or _heading(entry, link)
    headline = line_of(node)
    item = entry if listing.select else next((one for one in _ancestors(link) if one.tag in _ITEMS), link)
    sponsor = ""
    if sponsors is not None:
        sponsor, headline = _sponsored(entry, link, node, listing, sponsors)
    return Listed("", headline, mark_of(headline, sponsor, *_long_texts(item)), sponsor)


def _heading(entry: Node, link: Node) -> Node:
    inner = link.css_first(_HEADINGS) or entry.css_first(_HEADINGS)
    return inner if inner is not None else link


def _sponsored(
    entry: Node, link: Node, node: Node, listing: ListSettings, sponsors: Sequence[str]
) -> tuple[str, str]:
    """Sponsor and headline: by the list's selector, an element's boundary, or a name of `sponsors`."""
    headline = line_of(node)
    label = line_of(entry.css_first(listing.sponsor)) if listing.sponsor else ""
    if name := name_of(label):
        # It may stand in the very line of the headline.
        return name, headline.removeprefix(label).removesuffix(label).strip() or headline
    sponsor, rest = by_boundary(node)
    if not sponsor:
        sponsor, behind = by_boundary(link)
        rest = headline if behind.startswith(headline) else behind
    if not sponsor:
        sponsor, rest = by_name(headline, sponsors)
    return (sponsor, rest) if sponsor else ("", headline)


def _long_texts(item: Node) -> Iterator[str]:
    for node in item.traverse(include_text=True):
        text = node.text(deep=False) if node.is_text_node else ""
        parent = node.parent
        if len(text) >= _LONG and parent is not None and parent.tag not in _NOT_SHOWN:
            yield " ".join(text.split())


def _ancestors(node: Node) -> Iterator[Node]:
    place = node.parent
    while place is not None:
        yield place
        place = place.parent
