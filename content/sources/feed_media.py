"""The pictures of Media RSS, each with its own words: feedparser puts those of all of them together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

MEDIA = ("{http://search.yahoo.com/mrss/}", "{http://search.yahoo.com/mrss}")


@dataclass(frozen=True, slots=True)
class XmlPicture:
    """A picture of Media RSS, with the words that stand in its element, else around it."""

    address: str
    width: int
    title: str = ""
    description: str = ""
    credit: str = ""


def pictures_of(item: Any) -> Iterator[XmlPicture]:
    """The pictures of an item (an lxml element): contents, and thumbnails."""
    for element in item.iter(*(f"{media}{name}" for media in MEDIA for name in ("content", "thumbnail"))):
        address = (element.get("url") or "").strip()
        is_thumbnail = element.tag.endswith("}thumbnail")
        if not address or not (is_thumbnail or _is_picture(element, address)):
            continue
        width = element.get("width", "").strip().removesuffix("px")
        # One that does not say is the article's picture, or else a small one of it.
        known = int(width) if re.fullmatch("[0-9]{1,5}", width) else 100 if is_thumbnail else 1_000
        words = (_words(element, item, name) for name in ("title", "description", "credit"))
        yield XmlPicture(address, known, *words)


def _is_picture(element: Any, address: str) -> bool:
    medium, kind = element.get("medium", "").lower(), element.get("type", "").lower()
    if medium or kind:
        return medium == "image" or (not medium and kind.startswith("image/"))
    return bool(re.search(r"\.(?:jpe?g|png|webp|gif|avif)(?:\?|$)", address, re.IGNORECASE))


def _words(element: Any, item: Any, name: str) -> str:
    """What Media RSS says of a picture: in its own element, in its group, in the item; credits joined."""
    place = element
    while place is not None:
        found = [one for media in MEDIA for one in place.findall(f"{media}{name}")]
        texts = ["".join(one.itertext()).strip() for one in found]
        if any(texts):
            return ", ".join(filter(None, texts)) if name == "credit" else next(filter(None, texts))
        place = None if place is item else place.getparent()
    return ""
