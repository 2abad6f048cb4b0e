"""JSON Feed 1.1 (jsonfeed.org/version/1.1)."""

from __future__ import annotations

import json
from typing import Any

from content.article import Access
from feeds.select import Entry, Feed, Written

ABOUT = "https://jsonfeed.org/version/1.1"


def json_feed(feed: Feed) -> Written:
    """The feed as JSON Feed; no entry is ever refused."""
    value: dict[str, Any] = {
        "version": ABOUT,
        "title": feed.title,
        "home_page_url": feed.home_url,
        "feed_url": feed.url(".json"),
        "description": feed.description,
        "language": feed.language,
        "authors": [{"name": feed.publisher, "url": feed.home_url}],
    }
    if feed.hub:
        value["hubs"] = [{"type": "WebSub", "url": feed.hub}]
    if feed.icon_url:
        value["icon"] = feed.icon_url
    value["_standfirst"] = {"updated": feed.updated.isoformat()}
    # An item a line: json's fast encoder knows no indents, and a changed article is one changed line.
    items = ",\n".join(f"  {json.dumps(_item(entry), ensure_ascii=False)}" for entry in feed.entries)
    head = json.dumps(value, ensure_ascii=False, indent=1).removesuffix("\n}")
    text = f'{head},\n "items": [\n{items}\n ]\n}}\n'
    # A lone surrogate cannot be UTF-8; the door lets none pass, and here it would stop every entry.
    return text.encode("utf-8", "replace"), ()


def _item(entry: Entry) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": entry.id,
        "url": entry.url,
        **({"title": entry.title} if entry.title else {}),
        **_content(entry),
        "date_published": entry.published.isoformat(),
        "date_modified": entry.updated.isoformat(),
        "language": entry.language,
    }
    if entry.categories:
        item["tags"] = list(entry.categories)
    if entry.authors:
        item["authors"] = [{"name": author} for author in entry.authors]
    if entry.image is not None:
        image = entry.image
        item["image"] = image.url
        item["attachments"] = [
            {
                "url": image.url,
                "mime_type": image.media_type,
                "size_in_bytes": image.bytes,
                "title": image.caption or image.alt or entry.title,
            }
        ]
    own: dict[str, Any] = {"access": entry.access.value, "is_open": entry.access is Access.FREE}
    if entry.sponsor:
        own["sponsor"] = entry.sponsor
    if entry.image is not None:
        said = {
            "alt": entry.image.alt,
            "caption": entry.image.caption,
            "credit": entry.image.credit,
        }
        own["image"] = {key: text for key, text in said.items() if text} | {
            "width": entry.image.width,
            "height": entry.image.height,
        }
    item["_standfirst"] = own
    return item


def _content(entry: Entry) -> dict[str, str]:
    """An item must have a content, and an empty one says nothing: the headline alone is then the content."""
    if entry.content is not None:
        return {"content_html": entry.content.html} | ({"summary": entry.text} if entry.text else {})
    if not entry.summary:
        return {"content_text": entry.title or entry.url}
    return {"content_html": entry.summary} | ({"summary": entry.text} if entry.text else {})
