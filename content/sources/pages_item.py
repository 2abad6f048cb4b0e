"""The item that an article's page is, or why it is none. Decides by what it is given alone."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Literal
from urllib.parse import unquote, urlsplit

from content.article import Access
from content.prose import plain, word_count
from content.sanitise import clean_html
from content.sources import Problem
from content.sources import pages_json_ld as json_ld
from content.sources.feed_words import html_of_text, text_and_teaser
from content.sources.item import Item, Value
from content.sources.pages_address import Site, address_of
from content.sources.pages_html import Page
from content.sources.pages_json_ld import Thing, article_in
from content.sources.pages_listing import Listed, base_of, mark_of
from content.sources.pages_metadata import Facts, facts_of, page_language
from content.sources.pages_picture import image_of
from content.sources.pages_sponsor import without_sponsor
from content.sources.pages_text import PageText, text_of, walls_of
from content.sources.rules import slug_of
from content.tags import tag_slug
from newsroom.masthead import Newsroom
from newsroom.settings import SourceSettings
from newsroom.web_address import shown

_SUFFIX = re.compile(r"\.(?:html?|php|aspx?)$", re.IGNORECASE)
_TAGGED = re.compile(r"</?(?:p|br|div|h\d|ul|li)\b", re.IGNORECASE)
_CUT_OFF = re.compile(r"(?:…|\.\.\.)\s*[\])]?\s*$")
_ODD_DATE = (
    "its date cannot be read for sure, so it is left out, or stays as it was known; write it as in "
    "2026-03-10T06:00:00+01:00"
)
_NO_DATE = (
    "it says no date to machines (datePublished, article:published_time), so it is left out, or stays as it "
    "was known; name the element that has one in ISO 8601 by `select.published`"
)
_NO_HEADLINE = "no headline, neither on it nor in the list; name its element by `select.headline`"
_NO_SPONSOR = (
    "its sponsor's name cannot be told from its headline, so it is left out; give the list a `sponsor`, or "
    "write the name into `sponsors`"
)
_PAID_FOR = (
    "it says that somebody paid for it and stands in a list of news, so it is left out; list it for a "
    "section of the kind sponsored"
)
# So much longer than what the page shows is a text that the page does not show.
_MORE = 1.2


@dataclass(frozen=True, slots=True)
class Place:
    """What the lists say of an article."""

    sections: tuple[str, ...]
    """In the order of the lists; a sponsor's article stands in sponsored ones alone."""
    is_sponsored: bool = False
    sponsor: str = ""
    headline: str = ""
    published: str = ""
    shared: frozenset[str] = frozenset()
    """Marks of what the lists' own pages say of themselves: the site's description and picture."""


@dataclass(frozen=True, slots=True)
class Where:
    """A page's addresses: the one that it came from, and its article's own; and its reference."""

    asked: str
    address: str
    reference: str


@dataclass(frozen=True, slots=True, repr=False)
class Told:
    """What a page says of its article. The text may be in it."""

    article: Thing
    """Its JSON-LD."""
    facts: Facts


@dataclass(frozen=True, slots=True)
class Read:
    """A page, read: its article, or what is wrong with it; neither where it is no article at all."""

    item: Item | None = None
    problem: Problem | None = None


def canonical_of(page: Page, address: str, site: Site) -> str:
    """The address of a page's article: of its canonical link, where that is the site's, else its own."""
    node = page.css_first("link[rel~='canonical'][href]")
    named = address_of(node.attributes.get("href") or "", address) if node is not None else ""
    return named if named and site.owns(named) else address_of(address, address)


def told_of(page: Page, address: str, settings: SourceSettings, newsroom: Newsroom) -> Told:
    """What a page whose article's address is `address` says to machines."""
    article = article_in(page, address)
    return Told(article, facts_of(page, article, settings.select, newsroom.time_zone))


def item_of(page: Page, told: Told, where: Where, place: Place, settings: SourceSettings) -> Read:
    """The article of a page. It takes elements out of the page."""
    article, facts, address = told.article, told.facts, where.address
    published = facts.published or place.published
    if not (facts.is_article or published):
        return Read()
    sponsor = place.sponsor or facts.sponsor
    headline = without_sponsor(facts.headline, sponsor) if place.is_sponsored else facts.headline
    headline = headline or place.headline
    wrong = _wrong(facts, place, sponsor, published, headline)
    if wrong is not None:
        return Read(problem=Problem(shown(address), *wrong))
    base = base_of(page, where.asked)
    walls = walls_of(page, json_ld.paid_parts(article))
    image = image_of(page, article, settings.select, base, place.shared, walls)
    found, is_hidden = _text(page, article, settings)
    html = image.unled(found.html) if image.figure else ""
    text = PageText(image.led(found.html), image.led(found.opening))
    if base != address:
        html = clean_html(html, base)
        text = PageText(clean_html(text.html, base), clean_html(text.opening, base))
    fields: dict[str, Value] = {
        "headline": headline,
        "label": facts.label,
        "teaser": teaser_of(facts.teaser, text.html, address, base, place.shared),
        "authors": facts.authors,
        "published": _in_utc(published),
        "updated": _in_utc(facts.updated),
        "slug": _slug(address, headline),
        "url": address,
        "language": facts.language or ("" if settings.language else page_language(page)),
        "image": image.image,
        "sponsor": sponsor if place.is_sponsored else "",
        "correction": facts.correction,
    }
    return Read(
        Item(
            where.reference,
            shown(address),
            fields,
            text.html,
            text.opening,
            place.sections,
            tuple(dict.fromkeys(filter(None, map(tag_slug, facts.tags)))),
            access=_access(facts, place, settings, is_hidden=is_hidden),
            closed_image=image.closed,
            closed_html=html,
        )
    )


def _wrong(
    facts: Facts, place: Place, sponsor: str, published: str, headline: str
) -> tuple[str, Literal["warning", "error"]] | None:
    """What is wrong with an article, and how much."""
    if not published:
        return (_ODD_DATE, "error") if facts.date_given else (_NO_DATE, "warning")
    if not headline:
        return _NO_HEADLINE, "error"
    if place.is_sponsored and not sponsor:
        return _NO_SPONSOR, "error"
    if not place.is_sponsored and (facts.is_sponsored or facts.sponsor):
        return _PAID_FOR, "error"
    return None


def _text(page: Page, article: Thing, settings: SourceSettings) -> tuple[PageText, bool]:
    """The text; and whether JSON-LD alone has all of it, for machines, and the page does not show it."""
    text = text_of(page, settings.select.get("body", ""), json_ld.paid_parts(article))
    given = json_ld.text(article.get("articlebody"))
    if not given:
        return text, False
    hidden = given if _TAGGED.search(given) else html_of_text(given)
    if _words(hidden) <= _MORE * _words(text.html):
        return text, False
    return PageText(hidden), True


def _words(html: str) -> int:
    return word_count(plain(clean_html(html)))


def _access(facts: Facts, place: Place, settings: SourceSettings, *, is_hidden: bool) -> Access | None:
    """Who may read it, by its own word; None where it has none."""
    if facts.is_free:
        return Access.FREE
    if facts.is_free is False or is_hidden:
        return Access.REGISTERED if settings.access == Access.REGISTERED else Access.PAID
    # What a sponsor paid for is there to be read.
    return Access.FREE if place.is_sponsored else None


def teaser_of(description: str, html: str, address: str, base: str, shared: Collection[str]) -> str:
    """The description, unless it is the site's, or a machine cut it from the text."""
    if not description or _CUT_OFF.search(description) or mark_of(description) in shared:
        return ""
    return text_and_teaser(html, escape(description), address, base, is_short=True)[1]


def _in_utc(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone(UTC).isoformat() if moment else ""


def _slug(address: str, headline: str) -> str:
    last = unquote(urlsplit(address).path.rstrip("/").rpartition("/")[2], errors="replace")
    return slug_of(_SUFFIX.sub("", last) or headline)


def place_of(
    rows: Sequence[tuple[str, Listed]], sponsored: Collection[str], shared: frozenset[str] = frozenset()
) -> Place:
    """What the lists say of an article, by their sections; a sponsor's is one wherever else it stands."""
    paid_for = [(section, row) for section, row in rows if section in sponsored]
    counted = paid_for or rows
    return Place(
        sections=tuple(dict.fromkeys(section for section, _ in counted)),
        is_sponsored=bool(paid_for),
        sponsor=next((row.sponsor for _, row in paid_for if row.sponsor), ""),
        headline=next((row.headline for _, row in counted if row.headline), ""),
        published=next((row.published for _, row in rows if row.published), ""),
        shared=shared,
    )
