"""The featured picture of a post as WordPress's REST API gives it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from content.sanitise import clean_line
from content.sources.json_values import as_mapping, as_text
from content.sources.pages_caption import caption_and_credit
from content.sources.wordpress_values import embedded, metas, text_of

_CREDIT_KEYS = ("media_credit", "_media_credit", "credit", "_credit", "photo_credit", "photographer")
# The gallery's widest picture has 1,200 pixels; what is much wider is traffic for nothing.
_WIDE_ENOUGH = 1_200
_SAME_SHAPE = 0.02


def image_of(post: Mapping[str, Any]) -> Mapping[str, str]:
    """Its featured picture; empty where there is none, or none that may be seen."""
    media = next(iter(embedded(post, "wp:featuredmedia")), {})
    address = as_text(media.get("source_url"))
    if not address or media.get("media_type", "image") != "image":
        return {}
    details = as_mapping(media.get("media_details"))
    caption = text_of(as_mapping(media.get("caption")).get("rendered"))
    credit = _credit(media, as_mapping(details.get("image_meta")))
    if not credit:
        caption, credit = caption_and_credit(caption)
    image = {
        "file": _address(address, details),
        "alt": clean_line(as_text(media.get("alt_text"))),
        "caption": caption,
        "credit": credit,
    }
    return {name: value for name, value in image.items() if value}


def _address(full: str, details: Mapping[str, Any]) -> str:
    """The smallest of its sizes that is wide enough and shows all of it."""
    width, height = details.get("width"), details.get("height")
    if not isinstance(width, int) or not isinstance(height, int) or width <= _WIDE_ENOUGH or height < 1:
        return full
    shape = width / height
    fitting = [(width, full)]
    for size in as_mapping(details.get("sizes")).values():
        one = as_mapping(size)
        wide, high, address = one.get("width"), one.get("height"), as_text(one.get("source_url"))
        if not isinstance(wide, int) or not isinstance(high, int) or high < 1 or not address:
            continue
        if _WIDE_ENOUGH <= wide < width and abs(wide / high / shape - 1) < _SAME_SHAPE:
            fitting.append((wide, address))
    return min(fitting)[1]


def _credit(media: Mapping[str, Any], meta: Mapping[str, Any]) -> str:
    """By a field that a plugin for credits adds, else as the picture's file says."""
    for fields in (media, metas(media)):
        for key in _CREDIT_KEYS:
            value = fields.get(key)
            one = as_mapping(value)
            # Like a title, it is HTML, whether or not it has a part of its own for that.
            if text := text_of(one.get("plaintext") or one.get("rendered") or value):
                return text
    return clean_line(as_text(meta.get("credit")))
