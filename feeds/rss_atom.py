"""RSS 2.0 and Atom 1.0 (RFC 4287), by feedgen. Pure but for its use of the process's locale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from feedgen.feed import FeedGenerator

from feeds.elements import EntryElements, FeedElements
from feeds.select import Entry, Feed, Written

GENERATOR = "Standfirst"
STYLESHEET = b'<?xml-stylesheet href="feed.css" type="text/css"?>\n'
RSS = (".rss", "application/rss+xml")
ATOM = (".atom", "application/atom+xml")
_DECLARATION_END = b"?>\n"


def rss(feed: Feed) -> Written:
    """The feed as RSS 2.0."""
    return _written(feed, lambda entries: _styled(_generator(feed, RSS, entries).rss_str(pretty=True)))


def atom(feed: Feed) -> Written:
    """The feed as Atom 1.0."""
    return _written(feed, lambda entries: _styled(_generator(feed, ATOM, entries).atom_str(pretty=True)))


def _written(feed: Feed, write: Callable[[Sequence[Entry]], bytes]) -> Written:
    try:
        return write(feed.entries), ()
    except ValueError:
        # A character that XML has not. Each entry is tried alone, and the others make the feed.
        sound = tuple(entry for entry in feed.entries if _is_sound(entry, write))
        refused = tuple(entry.id for entry in feed.entries if entry not in sound)
        return write(sound), refused


def _is_sound(entry: Entry, write: Callable[[Sequence[Entry]], bytes]) -> bool:
    try:
        write((entry,))
    except ValueError:
        return False
    return True


def _styled(document: bytes) -> bytes:
    """The document with the stylesheet that makes it readable in a browser."""
    head, end, rest = document.partition(_DECLARATION_END)
    return head + end + STYLESHEET + rest


def _generator(feed: Feed, form: tuple[str, str], entries: Sequence[Entry]) -> Any:
    ending, media_type = form
    generator = FeedGenerator()
    generator.register_extension("elements", FeedElements, EntryElements)
    generator.id(feed.id)
    generator.title(feed.title)
    # `description` sets the Atom subtitle too.
    generator.description(feed.description)
    generator.language(feed.language)
    # Sets lastBuildDate too; where it is not called, both are the clock's.
    generator.updated(feed.updated)
    generator.generator(GENERATOR)
    generator.author({"name": feed.publisher})
    generator.link(href=feed.url(ending), rel="self", type=media_type)
    # The channel's link is the last one given.
    generator.link(href=feed.home_url, rel="alternate", type="text/html")
    if feed.icon_url:
        generator.logo(feed.icon_url)
    generator.elements.hub = feed.hub
    # RSS has no word for it.
    generator.elements.tombstones = feed.tombstones if form is ATOM else ()
    for entry in entries:
        _fill(generator.add_entry(order="append"), entry)
    return generator


def _fill(target: Any, entry: Entry) -> None:
    target.id(entry.id)
    target.guid(entry.id, permalink=False)
    target.title(entry.title)
    target.link(href=entry.url, rel="alternate")
    target.summary(entry.summary, type="html")
    if entry.content is not None:
        target.content(entry.content.html, type="html")
    target.published(entry.published)
    target.updated(entry.updated)
    for author in entry.authors:
        target.author({"name": author})
    for category in entry.categories:
        target.category(term=category, label=category)
    target.elements.entry = entry
