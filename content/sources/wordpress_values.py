"""What WordPress's REST API gives, taken without trust: values of their kind, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from html import unescape
from typing import Any

from content.prose import plain
from content.sanitise import clean_html, clean_line
from content.sources.json_values import as_mapping, as_mappings, as_text


def embedded(post: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """What `_embed` has added under this name: things, or errors in their place."""
    return as_mappings(as_mapping(post.get("_embedded")).get(name))


def metas(post: Mapping[str, Any]) -> dict[str, Any]:
    """Registered meta fields, and those of Advanced Custom Fields."""
    return {**as_mapping(post.get("acf")), **as_mapping(post.get("meta"))}


def name_of(value: object) -> str:
    """A name: it comes without tags, and WordPress keeps `&` and `<` in it as references."""
    return clean_line(unescape(as_text(value)))


def text_of(html: object) -> str:
    """What a browser shows of a line of HTML, its references decoded once."""
    return clean_line(plain(clean_html(html))) if isinstance(html, str) else ""
