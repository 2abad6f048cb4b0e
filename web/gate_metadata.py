"""What an article's page says to machines: to search engines, and to whoever draws a card of a link. Pure.

Made of a Teaser alone, so nothing of a closed text can be in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from markupsafe import Markup

from content.teaser import Teaser
from newsroom.masthead import Newsroom

CLOSED_PART = ".whole"
"""The CSS selector of what not everybody may read, as search engines ask for it."""
CARD = 1200
"""Pixels across of the picture on a card."""


def json_ld(teaser: Teaser, newsroom: Newsroom) -> Markup:
    """The article in schema.org's words, ready to stand in a script element."""
    text = json.dumps(_described(teaser, newsroom), ensure_ascii=False, separators=(",", ":"))
    # In a script element nothing is a reference, and "</" ends it: the signs go as JSON's own escapes.
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704  # Escaped above.


def properties(teaser: Teaser, newsroom: Newsroom, canonical: str) -> Iterator[tuple[str, str]]:
    """Open Graph's properties with their values, in order."""
    yield "og:type", "article"
    yield "og:site_name", newsroom.name
    yield "og:title", teaser.headline
    yield "og:url", canonical
    if teaser.teaser:
        yield "og:description", teaser.teaser
    if teaser.image and teaser.image.sizes:
        size = teaser.image.fitting(CARD)
        yield "og:image", f"{newsroom.public_url}/{size.path}"
        yield "og:image:width", str(size.width)
        yield "og:image:height", str(size.height)
        if teaser.image.alt:
            yield "og:image:alt", teaser.image.alt
    yield "og:locale", teaser.language.replace("-", "_")
    yield "article:published_time", _when(teaser, newsroom, "published")
    yield "article:modified_time", _when(teaser, newsroom, "updated")
    for section in _sections(teaser, newsroom)[:1]:
        yield "article:section", section


def canonical_of(teaser: Teaser, newsroom: Newsroom, here: str) -> str:
    """The article's one address: its source's own, or where that names none, the page's."""
    return teaser.url or f"{newsroom.public_url}{here}"


def _described(teaser: Teaser, newsroom: Newsroom) -> dict[str, Any]:
    organisation: dict[str, Any] = {
        "@type": "NewsMediaOrganization",
        "name": newsroom.name,
        "url": newsroom.site_url,
    }
    if newsroom.look.logo_url:
        organisation["logo"] = {"@type": "ImageObject", "url": newsroom.look.logo_url}
    authors = [{"@type": "Person", "name": name} for name in teaser.authors]
    found: dict[str, Any] = {
        "@context": "https://schema.org",
        # What is paid for says so to machines too.
        "@type": "AdvertiserContentArticle" if teaser.is_sponsored else "NewsArticle",
        "mainEntityOfPage": {"@type": "WebPage", "@id": teaser.url},
        "url": teaser.url,
        "headline": teaser.headline,
        "description": teaser.teaser,
        "inLanguage": teaser.language,
        "datePublished": _when(teaser, newsroom, "published"),
        "dateModified": _when(teaser, newsroom, "updated"),
        "articleSection": _sections(teaser, newsroom),
        "image": _images(teaser, newsroom),
        "author": authors or ([] if teaser.is_sponsored else [organisation]),
        "publisher": organisation,
        "isAccessibleForFree": not teaser.is_closed,
    }
    if teaser.is_sponsored:
        found["sponsor"] = {"@type": "Organization", "name": teaser.sponsor}
    if teaser.correction:
        found["correction"] = teaser.correction
    if teaser.is_closed:
        found["hasPart"] = {
            "@type": "WebPageElement",
            "isAccessibleForFree": False,
            "cssSelector": CLOSED_PART,
        }
    return {name: value for name, value in found.items() if value not in ("", [])}


def _when(teaser: Teaser, newsroom: Newsroom, which: str) -> str:
    moment = teaser.published if which == "published" else max(teaser.published, teaser.updated)
    return moment.astimezone(newsroom.time_zone).replace(microsecond=0).isoformat()


def _sections(teaser: Teaser, newsroom: Newsroom) -> list[str]:
    return [section.title for key in teaser.sections if (section := newsroom.section(key))]


def _images(teaser: Teaser, newsroom: Newsroom) -> list[dict[str, Any]]:
    if teaser.image is None:
        return []
    return [
        {
            "@type": "ImageObject",
            "url": f"{newsroom.public_url}/{size.path}",
            "width": size.width,
            "height": size.height,
            **({"caption": teaser.image.caption} if teaser.image.caption else {}),
            **({"creditText": teaser.image.credit} if teaser.image.credit else {}),
        }
        for size in teaser.image.sizes
    ]
