"""The lists of the gate's pages, read from the articles as they are now."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from sqlalchemy.engine import Connection

from content import catalogue, opening
from content.teaser import Teaser
from newsroom.masthead import Newsroom, Section, SectionKind
from web.gate_lists import BRIEFS, LATEST, OF_SECTION, Front, Related, front_of, related_to

PAGE = 20
"""Articles on a page of a section's front."""
LAST_PAGE = 500
"""Of a section's front: nobody turns further."""
LAST_OF_ALL = 25
"""Of the front of all news together, which is put together anew for each page."""
MOST_SECTIONS = 12
"""On the front page; the others have fronts of their own."""
KEPT = timedelta(seconds=10)
"""How long lists are shown as they were read: they cost more than everything else of a page, and a browser
keeps a front for longer. An article itself is read each time."""
_NEWS = 40
"""How many of the newest articles are looked at for features and the latest."""
_MORE = 3
"""How many more stories of a section are looked at than shown: an editor's rank may bring one forward."""


def sections_of(newsroom: Newsroom, kind: SectionKind) -> list[str]:
    """The keys of the sections of this kind, in order."""
    return [section.key for section in newsroom.sections if section.kind is kind]


def front(connection: Connection, newsroom: Newsroom, now: datetime) -> Front:
    """What stands on the front page."""
    paywall = newsroom.paywall
    editorial = sections_of(newsroom, SectionKind.EDITORIAL)
    briefs = sections_of(newsroom, SectionKind.BRIEFS)
    shown = editorial[:MOST_SECTIONS]
    most = OF_SECTION * (len(shown) + 1) + LATEST
    return front_of(
        {key: opening.listed(connection, key, now, paywall, limit=OF_SECTION * _MORE) for key in shown},
        catalogue.newest(connection, briefs, now, BRIEFS, paywall) if briefs else [],
        catalogue.newest(connection, editorial, now, most, paywall),
        catalogue.running(connection, None, now, paywall),
        newsroom.time_zone,
    )


@dataclass(frozen=True, slots=True)
class Pools:
    """What the lists behind an article are taken from, whichever it is."""

    news: tuple[Teaser, ...]
    briefs: tuple[Teaser, ...]
    bookings: tuple[Teaser, ...]

    def behind(self, article: Teaser) -> Related:
        """What stands behind this one."""
        return related_to(article, self.news, self.briefs, self.bookings)


def pools(connection: Connection, newsroom: Newsroom, now: datetime) -> Pools:
    """The newest news and briefs, and the bookings that run."""
    paywall = newsroom.paywall
    editorial = sections_of(newsroom, SectionKind.EDITORIAL)
    briefs = sections_of(newsroom, SectionKind.BRIEFS)
    return Pools(
        tuple(catalogue.newest(connection, editorial, now, _NEWS, paywall) if editorial else ()),
        tuple(catalogue.newest(connection, briefs, now, BRIEFS + 1, paywall) if briefs else ()),
        tuple(catalogue.running(connection, None, now, paywall)),
    )


Read = TypeVar("Read")


class Shelf(Generic[Read]):
    """Something that is read, and kept for a moment."""

    def __init__(self) -> None:
        self._kept: tuple[datetime, Read] | None = None
        # Whoever comes while it is read waits for it, and does not read it too.
        self._lock = threading.Lock()

    def get(self, now: datetime, read: Callable[[], Read]) -> Read:
        """As it was read within KEPT, else read anew."""
        with self._lock:
            if self._kept is None or not timedelta(0) <= now - self._kept[0] < KEPT:
                self._kept = now, read()
            return self._kept[1]


def section_page(
    connection: Connection, newsroom: Newsroom, section: Section, page: int, now: datetime
) -> tuple[list[Teaser], bool]:
    """Page `page` (from 1) of a section's front, and whether another one follows. Empty past the last."""
    paywall, skip = newsroom.paywall, (page - 1) * PAGE
    if section.kind is SectionKind.SPONSORED:
        found = catalogue.running(connection, section.key, now, paywall)[skip : skip + PAGE + 1]
    elif section.kind is SectionKind.LATEST:
        every = [one.key for one in newsroom.sections if one.is_news]
        found = catalogue.newest(connection, every, now, skip + PAGE + 1, paywall)[skip:]
    else:
        found = opening.listed(connection, section.key, now, paywall, skip=skip, limit=PAGE + 1)
    last = LAST_OF_ALL if section.kind is SectionKind.LATEST else LAST_PAGE
    return found[:PAGE], len(found) > PAGE and page < last
