"""What feedparser makes of RSS, RDF and Atom, as items."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from content.sources.feed_story import Picture, Story, address_of
from content.sources.feed_words import html_of_text, line_of_either, line_of_html
from content.sources.feed_xml import XmlEntry, XmlFeed

_HTML = ("text/html", "application/xhtml+xml")
_TEXT = "text/plain"


def stories(feed: XmlFeed, address: str, *, summaries: bool = False) -> Iterator[Story]:
    """Each entry of the feed at `address`. With `summaries` a description alone is a teaser, as in Atom."""
    is_atom = feed.version.startswith("atom")
    shared = _authors(feed.feed) if is_atom else ()
    language = _text(feed.feed, "language")
    for number, entry in enumerate(feed.entries, 1):
        parsed = entry.parsed
        text, text_base, text_language = _content(parsed)
        summary, summary_base, summary_language = _summary(entry)
        own = _text(parsed, "language") or text_language or summary_language
        base = text_base or summary_base
        yield Story(
            number,
            guid=entry.guid,
            link=address_of(_link(entry), address),
            headline=_title(parsed, is_atom=is_atom),
            text=text,
            summary=summary,
            is_summary=summaries or is_atom,
            # feedparser gives the feed's own address where no `xml:base` says otherwise.
            base="" if base == address else base,
            authors=_authors(parsed) or shared,
            published=_text(parsed, "published"),
            updated=_text(parsed, "updated") or _text(parsed, "created"),
            categories=tuple(_categories(parsed)),
            pictures=tuple(_pictures(entry)),
            language="" if own == language else own,
            feed_language=language,
        )


def _title(parsed: Mapping[str, Any], *, is_atom: bool) -> str:
    title = _text(parsed, "title")
    if not is_atom:
        return line_of_either(title)
    kind = _text(_mapping(parsed.get("title_detail")), "type")
    return line_of_html(title if kind in _HTML else escape(title))


def _content(parsed: Mapping[str, Any]) -> tuple[str, str, str]:
    """The longest text of an entry as HTML, its base and its language."""
    found = [one for one in map(_as_html, _list(parsed, "content")) if one[0]]
    return max(found, key=lambda one: len(one[0]), default=("", "", ""))


def _summary(entry: XmlEntry) -> tuple[str, str, str]:
    # Without a detail it is feedparser's copy of the text.
    summary = _as_html(_mapping(entry.parsed.get("summary_detail")))
    return summary if summary[0] else (entry.description, "", "")


def _as_html(detail: Mapping[str, Any]) -> tuple[str, str, str]:
    value, kind = _text(detail, "value"), _text(detail, "type")
    if kind == _TEXT:
        value = html_of_text(value)
    elif kind not in _HTML:
        # A picture, or another document.
        value = ""
    return value, _text(detail, "base"), _text(detail, "language")


def _link(entry: XmlEntry) -> str:
    parsed = entry.parsed
    links = [one for one in _list(parsed, "links") if _text(one, "rel") == "alternate"]
    if not links:
        # A guid is an address where it looks like one: most that are none do not say so.
        return entry.guid if entry.guid.lower().startswith(("https://", "http://")) else ""
    other = _text(parsed, "feedburner_origlink") or _text(parsed, "link")
    return other or next(filter(None, (_text(one, "href") for one in links)), "")


def _authors(parsed: Mapping[str, Any]) -> tuple[str, ...]:
    names = (line_of_either(_text(one, "name")) for one in _list(parsed, "authors"))
    # An address is nobody's name, and nobody's to publish.
    return tuple(dict.fromkeys(name for name in names if name and "@" not in name))


def _categories(parsed: Mapping[str, Any]) -> Iterator[str]:
    for tag in _list(parsed, "tags"):
        for name in dict.fromkeys((_text(tag, "label"), _text(tag, "term"))):
            if name:
                yield line_of_either(name)


def _pictures(entry: XmlEntry) -> Iterator[Picture]:
    for one in sorted(entry.pictures, key=lambda one: -one.width):
        words = map(line_of_html, (one.title, one.description, one.credit))
        yield Picture(one.address, *words)
    for link in _list(entry.parsed, "links"):
        if _text(link, "rel") == "enclosure" and _text(link, "type").startswith("image/"):
            yield Picture(_text(link, "href"), alt=line_of_either(_text(link, "title")))
    image = _text(_mapping(entry.parsed.get("image")), "href")
    if image:
        yield Picture(image)


def _text(mapping: Mapping[str, Any], key: str) -> str:
    value = mapping.get(key)
    return value.strip() if isinstance(value, str) else ""


def _list(mapping: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = mapping.get(key)
    return [_mapping(one) for one in value] if isinstance(value, list) else []


def _mapping(value: object) -> Mapping[str, Any]:
    # A plain one: feedparser's own gives one key's value for another.
    return dict(value) if isinstance(value, dict) else {}
