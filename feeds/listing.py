"""Which feeds there are, and in which formats: the one table that every other part goes by."""

from __future__ import annotations

import re
from dataclasses import dataclass

from feeds.words import words
from newsroom.masthead import LATEST_FEED, Newsroom, SectionKind

XML = "application/xml; charset=utf-8"
"""RSS and Atom are served as XML: browsers show their own types as source, and `feed.css` is for browsers."""


@dataclass(frozen=True, slots=True)
class Format:
    """One format of a feed, in files and for people."""

    ending: str
    name: str
    media_type: str
    """How the web application serves it."""
    writer: str
    """Module and function that make its bytes, imported only where a feed is written."""
    dated: re.Pattern[bytes]
    """Finds the feed's own date near the file's beginning, before its entries, and in no text of theirs."""


# Text in XML has no "<", and text in JSON no bare quotation mark: no headline can look like these dates.
FORMATS = (
    Format(".rss", "RSS", XML, "feeds.rss_atom:rss", re.compile(rb"<lastBuildDate>([^<]{1,40})<")),
    Format(".atom", "Atom", XML, "feeds.rss_atom:atom", re.compile(rb"<updated>([^<]{1,40})<")),
    Format(
        ".json",
        "JSON",
        "application/feed+json; charset=utf-8",
        "feeds.json_feed:json_feed",
        re.compile(rb'\n "_standfirst": \{\n  "updated": "([^"]{1,40})"'),
    ),
)
"""Every format. Another one is a file of its own and a line here."""

ENDINGS = tuple((one.ending, one.name) for one in FORMATS)
"""Each format's ending with its name for people."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One feed: its name in files, its title, its addresses."""

    name: str
    title: str
    public_url: str
    is_sponsored: bool = False

    def url(self, ending: str) -> str:
        """Its absolute address in the format with this ending."""
        return f"{self.public_url}/feeds/{self.name}{ending}"


def listed(newsroom: Newsroom) -> tuple[Listed, ...]:
    """Every feed: the one of all news first, then each section's own, then those by rule."""
    found = []
    for name in newsroom.feeds:
        section = newsroom.section(name)
        named = section or newsroom.rule(name)
        everything = words(newsroom.language).everything
        title = everything if name == LATEST_FEED or named is None else named.title
        is_sponsored = section is not None and section.kind is SectionKind.SPONSORED
        found.append(Listed(name, title, newsroom.public_url, is_sponsored))
    return tuple(found)
