"""Values of JSON that somebody else has made: of the kind that is wanted, or empty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


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
