"""Which program fetches a feed, by what it calls itself: its family alone, and how many it fetches for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_SERVICES = {
    "feedly": "Feedly",
    "inoreader": "Inoreader",
    "newsblur": "NewsBlur",
    "theoldreader": "The Old Reader",
    "feedbin": "Feedbin",
    "bazqux": "BazQux",
    "netvibes": "Netvibes",
    "feedwrangler": "Feed Wrangler",
    "feed wrangler": "Feed Wrangler",
    "g2reader": "G2Reader",
    "commafeed": "CommaFeed",
    "feedspot": "Feedspot",
    "feeder.co": "Feeder",
    "readwise": "Readwise",
}
"""Those that fetch for their users from machines of their own, by a part of what they call themselves."""

_PROGRAMS = {
    "netnewswire": "NetNewsWire",
    "newsboat": "newsboat",
    "thunderbird": "Thunderbird",
    "reeder": "Reeder",
    "freshrss": "FreshRSS",
    "miniflux": "Miniflux",
    "tiny tiny rss": "Tiny Tiny RSS",
    "nextcloud-news": "Nextcloud News",
    "python-reader": "reader",
    "feedparser": "feedparser",
    "liferea": "Liferea",
    "akregator": "Akregator",
    "fluent reader": "Fluent Reader",
    "readyou": "Read You",
    "antennapod": "AntennaPod",
    "curl": "curl",
    "mozilla": "a browser",
}
"""Those that a reader runs. The first that is found is it: many say that they are Mozilla, too."""

OTHER, OTHER_SERVICE = "another program", "another service"
_LONGEST = 500
_SUBSCRIBERS = re.compile(r"(?<![\w.])(\d{1,7})\s+(?:subscriber|reader|follower|user)s?\b", re.I)


@dataclass(frozen=True, slots=True)
class Agent:
    """A program that fetches feeds."""

    family: str
    is_service: bool = False
    """It fetches for its users, from anywhere."""
    subscribers: int = 0
    """How many of its users follow the address; 0 where it does not say."""


def agent_of(user_agent: str) -> Agent:
    """Who calls itself that. Anybody may claim anything, so it is a hint and never more."""
    # Cut before it is remembered: whoever sends long ones fills no memory.
    return _agent(user_agent[:_LONGEST].lower())


@lru_cache(maxsize=1_000)
def _agent(text: str) -> Agent:
    found = _SUBSCRIBERS.search(text)
    subscribers = int(found[1]) if found else 0
    for part, family in _SERVICES.items():
        if part in text:
            return Agent(family, True, subscribers)
    if found:
        return Agent(OTHER_SERVICE, True, subscribers)
    return Agent(next((family for part, family in _PROGRAMS.items() if part in text), OTHER))
