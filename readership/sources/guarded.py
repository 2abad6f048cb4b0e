"""The client that a source of readers is asked by, and reading what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from newsroom.errors import SourceError
from newsroom.settings import ReadersSettings
from newsroom.web import Web
from newsroom.web_address import is_near, shown


def web_for(settings: ReadersSettings) -> Web:
    """A client that may ask the place itself, wherever it is, and else what anybody may.

    Raises SourceError where a key or password would travel without encryption.
    """
    parts = urlsplit(settings.url)
    if settings.secret and parts.scheme == "http" and not is_near(settings.url):
        raise SourceError(
            f"readers {settings.key}: its key would travel without encryption; write https:// in url"
        )
    trusted = [parts.netloc] if "@" not in parts.netloc else []
    return Web(trusted=trusted, timeout=settings.timeout)


def hook_for(settings: ReadersSettings) -> Web:
    """A client for the address that stops are told to. Nothing secret travels: what it sends is signed."""
    netloc = urlsplit(settings.write_back).netloc
    return Web(trusted=[netloc] if netloc and "@" not in netloc else [], timeout=settings.timeout)


def same_place(url: str, other: str) -> bool:
    """Whether a key for `url` may go to `other`."""
    one, two = urlsplit(url), urlsplit(other)
    return (one.scheme, one.netloc) == (two.scheme, two.netloc)


def strange(url: str, words: str) -> SourceError:
    """The error that says of an address what its answer is instead of what it should be."""
    return SourceError(f"{shown(url)}: {words}")


def as_mapping(value: object) -> Mapping[str, Any]:
    """The object itself; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """The list itself; an empty one for anything else."""
    return value if isinstance(value, list) else []


def text_of(value: object) -> str:
    """Text, or a number as text; anything else is empty."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        return ""
    return str(value) if isinstance(value, int) else ""
