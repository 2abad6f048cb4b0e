"""An item of any feed, and the article that it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from html import unescape
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from zoneinfo import ZoneInfo

from content.sanitise import clean_address, clean_html, clean_line
from content.sources import Problem
from content.sources.feed_dates import moment
from content.sources.feed_words import line_of_html, text_and_teaser
from content.sources.item import Item, Value
from content.sources.rules import slug_of

LONGEST_REFERENCE = 300
"""Characters of an id; a longer one is no id that anybody gave."""
SMALLEST_PICTURE = 50
"""Pixels: a smaller one in a text counts readers, or is a button."""

_IMAGE = re.compile(r"<img ([^>]*)>")
_ATTRIBUTE = re.compile(r'([a-z]+)="([^"]*)"')
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,4}")
_TRACKING = re.compile("utm_", re.IGNORECASE)


_LOCK = re.compile(r"""<form\s[^<>]*class\s*=\s*["'][^"'<>]*\bpost-password-form\b""", re.IGNORECASE)
# "Protected: ...", as WordPress has it in English, German, Dutch, French, Spanish, Portuguese and Italian.
# The summary, "There is no excerpt because this is a protected post.", has that word with another ending.
_LOCKED_TITLE = re.compile(
    r"(?:(?P<stem>protected|geschützt|beschermd|beveiligd|protégé|protegid|protett)e?[ao]?)\s?:"
)
_LONGEST_NOTE = 150


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of an item, with what is said of it as plain text."""

    address: str
    alt: str = ""
    caption: str = ""
    credit: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """What a feed says of one article. Lines are plain text, texts are HTML as it came."""

    number: int
    """Which it is in the feed, from 1 on."""
    guid: str = ""
    link: str = ""
    headline: str = ""
    text: str = ""
    """What is meant to be the whole."""
    summary: str = ""
    is_summary: bool = False
    """Whether `summary` is one even where there is no text: the format says so, or the operator."""
    base: str = ""
    """What relative links stand for, where the feed says it; else the article's own address."""
    authors: tuple[str, ...] = ()
    published: str = ""
    updated: str = ""
    categories: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    """The best first."""
    language: str = ""
    """Its own."""
    feed_language: str = ""

    @property
    def place(self) -> str:
        """How a message names it: its address without a query, or which item it is."""
        parts = urlsplit(self.link) if self.link else None
        return f"{parts.scheme}://{parts.netloc}{parts.path}"[:200] if parts else f"item {self.number}"


def is_locked(story: Story) -> bool:
    """Whether WordPress asks for a password before it shows the article: then nothing of it is anybody's.

    Its form stands in place of the text. Where the feed has no texts, title and summary both say it.
    """
    if _LOCK.search(story.text) or _LOCK.search(story.summary):
        return True
    said = _LOCKED_TITLE.match(story.headline.casefold())
    summary = line_of_html(story.summary).casefold()
    return said is not None and not story.text and len(summary) < _LONGEST_NOTE and said["stem"] in summary


def address_of(link: str, base: str) -> str:
    """A link as the article's address: absolute, without what marks a visit from the feed (`utm_...`).

    Empty where it cannot be one.
    """
    address = clean_address(link, base)
    if address is None or address.startswith("mailto:"):
        return ""
    parts = urlsplit(address)
    if not _TRACKING.search(parts.query):
        return address
    kept = [(name, value) for name, value in parse_qsl(parts.query, True) if not _TRACKING.match(name)]
    return urlunsplit(parts._replace(query=urlencode(kept)))


def item_of(story: Story, reference: str, zone: ZoneInfo, language: str) -> Item | Problem:
    """The article, or why it cannot be used. A moment without a zone is in `zone`. The operator's
    `language` stands before that of the feed, after the article's own.
    """
    published = story.published or story.updated
    if not published:
        message = "it has no date (pubDate, published, dc:date), so it is left out, or stays as it was known"
        return Problem(story.place, message, "warning")
    at, updated = moment(published, zone), moment(story.updated, zone)
    if at is None:
        message = (
            "its date cannot be read, so it is left out, or stays as it was known; write it as in RFC 3339"
        )
        return Problem(story.place, message)
    html, teaser = text_and_teaser(
        story.text, story.summary, story.link, story.base, is_short=story.is_summary
    )
    html = clean_html(html, story.base) if story.base else html
    named = _named(story)
    image = _with_text(named, story, html)
    fields: dict[str, Value] = {
        "headline": story.headline,
        "teaser": teaser,
        "authors": story.authors,
        "published": at.astimezone(UTC).isoformat(),
        "updated": updated.astimezone(UTC).isoformat() if updated else "",
        "url": story.link,
        "slug": _slug(story),
        "language": _language(story.language, language, story.feed_language),
        "image": _field(image),
    }
    names = names_of(story.categories)
    return Item(reference, story.place, fields, html, sections=names, tags=names, closed_image=_field(named))


def names_of(categories: tuple[str, ...]) -> tuple[str, ...]:
    """Each category as it is written, and as a slug."""
    found: dict[str, None] = {}
    for one in categories:
        name = clean_line(one)[:200]
        if name:
            found[name] = None
            if re.search(r"\w", name):
                found[slug_of(name)] = None
    return tuple(found)


def _slug(story: Story) -> str:
    path = urlsplit(story.link).path.rstrip("/")
    last = re.sub(r"\.(?:html?|php|aspx?)$", "", path.rpartition("/")[2], flags=re.IGNORECASE)
    return slug_of(last or story.headline)


def _language(*names: str) -> str:
    return next((name for one in names if _LANGUAGE.fullmatch(name := one.replace("_", "-"))), "")


def _named(story: Story) -> Picture | None:
    """The picture that the feed names, with what it says there: anybody may see that."""
    for one in story.pictures:
        address = clean_address(one.address, story.base or story.link, is_image=True)
        if address:
            return replace(one, address=address)
    return None


def _with_text(named: Picture | None, story: Story, html: str) -> Picture | None:
    """The picture as whoever may read the text may see it: the first of it, where the feed names none."""
    shown = _shown(html, story.base or story.link) if "<img" in html.lower() else []
    if named is None:
        return shown[0] if shown else None
    alt = named.alt or next((one.alt for one in shown if one.address == named.address), "")
    return replace(named, alt=alt)


def _field(image: Picture | None) -> Mapping[str, str]:
    if image is None:
        return {}
    return {"file": image.address, "alt": image.alt, "caption": image.caption, "credit": image.credit}


def _shown(html: str, base: str) -> list[Picture]:
    found: list[Picture] = []
    for tag in _IMAGE.finditer(clean_html(html, base)):
        values = {name: unescape(value) for name, value in _ATTRIBUTE.findall(tag[1])}
        sizes = (values.get(name, "") for name in ("width", "height"))
        if "src" in values and not any(one.isdecimal() and int(one) < SMALLEST_PICTURE for one in sizes):
            found.append(Picture(values["src"], values.get("alt", "")))
    return found
