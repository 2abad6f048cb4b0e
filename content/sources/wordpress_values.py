"""What WordPress's REST API gives, taken without trust: values of their kind, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from html import unescape
from typing import Any

from content.prose import plain
from content.sanitise import clean_html, clean_line


def as_text(value: object) -> str:
    """A text as it is; empty where it is none."""
    return value if isinstance(value, str) else ""


def as_mapping(value: object) -> Mapping[str, Any]:
    """A mapping; PHP gives an empty one as a list."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """A list; empty where it is none."""
    return value if isinstance(value, list) else []


def as_mappings(value: object) -> list[Mapping[str, Any]]:
    """The mappings of a list."""
    return [one for one in as_list(value) if isinstance(one, dict)]


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
