"""Which feeds there are, for the list and the page of all feeds."""

from __future__ import annotations

from dataclasses import dataclass

from feeds.words import words
from newsroom.masthead import LATEST_FEED, Newsroom, SectionKind

ENDINGS = ((".rss", "RSS"), (".atom", "Atom"), (".json", "JSON"))


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
    """Every feed: the one of all news first, then each section's own."""
    found = []
    for name in newsroom.feeds:
        section = newsroom.section(name)
        if name == LATEST_FEED or section is None:
            found.append(Listed(name, words(newsroom.language).everything, newsroom.public_url))
        else:
            is_sponsored = section.kind is SectionKind.SPONSORED
            found.append(Listed(name, section.title, newsroom.public_url, is_sponsored))
    return tuple(found)
