"""The lists of the gate's pages, read from the articles as they are now."""

from __future__ import annotations

from datetime import datetime

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


def related(connection: Connection, newsroom: Newsroom, article: Teaser, now: datetime) -> Related:
    """What stands behind an article."""
    paywall = newsroom.paywall
    editorial = sections_of(newsroom, SectionKind.EDITORIAL)
    briefs = sections_of(newsroom, SectionKind.BRIEFS)
    return related_to(
        article,
        catalogue.newest(connection, editorial, now, 40, paywall) if editorial else [],
        catalogue.newest(connection, briefs, now, BRIEFS + 1, paywall) if briefs else [],
        catalogue.running(connection, None, now, paywall),
    )


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
