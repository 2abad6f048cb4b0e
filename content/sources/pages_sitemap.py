"""A sitemap as a list: Google's of news, a plain one, or one level of an index of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC
from io import BytesIO
from zoneinfo import ZoneInfo

from lxml import etree

from content.sanitise import clean_line
from content.sources.feed_dates import moment
from content.sources.feed_text import decoded, without_doctype
from content.sources.pages_address import Site, address_of
from content.sources.pages_listing import MOST_LISTED, Listed, mark_of
from newsroom.errors import SourceError

MOST_SITEMAPS = 20
"""Sitemaps of an index that are read: the newest, where it says which these are."""

_MOST_ENTRIES = 50_000
_SITEMAP = re.compile(
    rb"(?:\s|<\?xml[^>]*>|<!--.*?-->|<!DOCTYPE[^>\[]*>)*+<(?:\w+:)?(?:urlset|sitemapindex)\b", re.DOTALL
)
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Sitemap:
    """What a sitemap lists: articles, newest first, or other sitemaps."""

    items: tuple[Listed, ...] = ()
    sitemaps: tuple[str, ...] = ()
    strangers: int = 0
    """How many of its addresses are on other sites."""


def is_sitemap(data: bytes, content_type: str) -> bool:
    """Whether an answer is a sitemap, and not a page. Raises SourceError where it is a packed file."""
    if data.startswith(_GZIP):
        raise SourceError("it is a packed file (gzip), which is not read; name one that is not packed")
    start = data[:4_096]
    return bool(_SITEMAP.match(start.lstrip(b"\xef\xbb\xbf"))) or (
        "xml" in content_type.lower() and "html" not in content_type.lower()
    )


def sitemap_of(data: bytes, content_type: str, address: str, site: Site, zone: ZoneInfo) -> Sitemap:
    """A sitemap at `address`. Raises SourceError, without the address, where it cannot be read."""
    text = without_doctype(decoded(data, content_type).text).lstrip("\ufeff \t\r\n")
    found: dict[str, tuple[str, Listed]] = {}
    others: list[tuple[str, str]] = []
    strangers = 0
    try:
        for number, (is_index, values) in enumerate(_entries(text)):
            place = address_of(values.get("loc", ""), address)
            if number >= _MOST_ENTRIES or not place:
                continue
            changed = _when(values.get("publication_date") or values.get("lastmod", ""), zone)
            if is_index:
                others.append((changed, place))
            elif not site.owns(place):
                strangers += not site.has_host(place)
            else:
                found.setdefault(place, (changed, _listed(place, values, zone)))
    except etree.XMLSyntaxError as error:
        raise SourceError(f"not well-formed XML from line {error.lineno or 1} on; mend it") from None
    # What has no date stays in its order, behind what has one.
    items = [one for _, one in sorted(found.values(), key=lambda one: one[0], reverse=True)]
    newest = [place for _, place in sorted(others, key=lambda one: one[0], reverse=True)]
    return Sitemap(tuple(items[:MOST_LISTED]), tuple(dict.fromkeys(newest))[:MOST_SITEMAPS], strangers)


def _listed(place: str, values: dict[str, str], zone: ZoneInfo) -> Listed:
    headline = clean_line(values.get("title", ""))
    published = _when(values.get("publication_date", ""), zone)
    # In a plain sitemap there is no headline, and what changed is told by its date alone.
    mark = mark_of(headline, "" if headline else values.get("lastmod", ""))
    return Listed(place, headline, mark, published=published)


def _when(text: str, zone: ZoneInfo) -> str:
    found = moment(text, zone) if text.strip() else None
    return found.astimezone(UTC).isoformat() if found else ""


def _entries(text: str) -> list[tuple[bool, dict[str, str]]]:
    """Each entry's texts by the names of their elements, and whether it is a sitemap."""
    found: list[tuple[bool, dict[str, str]]] = []
    data = BytesIO(re.sub(r"^<\?xml[^>]*\?>", "", text).encode())
    for _, element in etree.iterparse(
        data, events=("end",), no_network=True, resolve_entities=False, load_dtd=False, huge_tree=False
    ):
        name = etree.QName(element).localname if isinstance(element.tag, str) else ""
        if name not in ("url", "sitemap"):
            continue
        values: dict[str, str] = {}
        for inner in element.iter():
            if isinstance(inner.tag, str) and inner.text and inner.text.strip():
                inside = etree.QName(inner.getparent()).localname if inner is not element else ""
                # A picture in it has a title and an address of its own.
                if inside in ("url", "sitemap", "news"):
                    values.setdefault(etree.QName(inner).localname, inner.text.strip())
        found.append((name == "sitemap", values))
        element.clear()
    return found
