"""JSON Feed 1.0 and 1.1, as items."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from content.sanitise import clean_line
from content.sources.feed_story import Picture, Story, address_of
from content.sources.feed_words import html_of_text
from newsroom.errors import SourceError

_VERSION = re.compile(r"https?://(?:www\.)?jsonfeed\.org/version/", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class JsonFeed:
    """A feed that is one. `is_over` where it says that nothing will come to it any more."""

    values: Mapping[str, Any]
    items: tuple[object, ...]
    is_over: bool


def parse_json(text: str) -> JsonFeed:
    """The feed in `text`. Raises SourceError, without the address, where it is none."""
    try:
        values = json.loads(text, strict=False, parse_constant=_refused)
    except RecursionError:
        raise SourceError("JSON that is nested too deep") from None
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
            raise SourceError("JSON that is cut off; the next run tries it again") from None
        raise SourceError(
            f"not JSON from line {error.lineno}, column {error.colno} on; is the address right?"
        ) from None
    except ValueError:
        raise SourceError("not JSON; is the address right?") from None
    items = values.get("items") if isinstance(values, dict) else None
    if not isinstance(items, list) or not _VERSION.match(_text(values, "version")):
        raise SourceError("JSON, but no JSON Feed: it has no version of one, or no items; see jsonfeed.org")
    return JsonFeed(values, tuple(items), values.get("expired") is True)


def stories(feed: JsonFeed, address: str) -> Iterator[Story | int]:
    """Each item of the feed at `address`; of one that is none, the number that it has."""
    shared = tuple(_authors(feed.values))
    for number, item in enumerate(feed.items, 1):
        if not isinstance(item, dict):
            yield number
            continue
        guid = item.get("id")
        text = _text(item, "content_html") or html_of_text(_text(item, "content_text"))
        summary = html_of_text(_text(item, "summary"))
        yield Story(
            number,
            guid=str(guid).strip() if isinstance(guid, str | int | float) else "",
            link=address_of(_text(item, "url") or _text(item, "external_url"), address),
            headline=clean_line(_text(item, "title")),
            text=text,
            summary=summary,
            is_summary=True,
            authors=tuple(_authors(item)) or shared,
            published=_text(item, "date_published"),
            updated=_text(item, "date_modified"),
            categories=tuple(one for one in _list(item, "tags") if isinstance(one, str)),
            pictures=tuple(_pictures(item)),
            language=_text(item, "language"),
            feed_language=_text(feed.values, "language"),
        )


def _authors(values: Mapping[str, Any]) -> Iterator[str]:
    # 1.0 has one author, 1.1 a list.
    given = [*_list(values, "authors"), values.get("author")]
    names = (clean_line(_text(one, "name")) for one in given if isinstance(one, dict))
    yield from dict.fromkeys(name for name in names if name and "@" not in name)


def _pictures(item: Mapping[str, Any]) -> Iterator[Picture]:
    for name in ("image", "banner_image"):
        if address := _text(item, name):
            yield Picture(address)
    for one in _list(item, "attachments"):
        if isinstance(one, dict) and _text(one, "mime_type").lower().startswith("image/"):
            yield Picture(_text(one, "url"), alt=clean_line(_text(one, "title")))


def _text(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key)
    return value.strip() if isinstance(value, str) else ""


def _list(values: Mapping[str, Any], key: str) -> list[Any]:
    value = values.get(key)
    return value if isinstance(value, list) else []


def _refused(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
