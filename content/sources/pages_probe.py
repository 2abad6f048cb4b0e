"""Whether a source's selectors find anything on its lists and on some of the pages that they lead to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from content.sources.pages_address import Site, trusted
from content.sources.pages_html import Page, page_of
from content.sources.pages_ledger import Ledger
from content.sources.pages_lists import ACCEPT, LARGEST_LIST, Lists
from content.sources.pages_robots import Crawler
from newsroom.errors import SourceError
from newsroom.masthead import Newsroom
from newsroom.settings import ListSettings, SourceSettings
from newsroom.web import Web

LOOKED_AT = 3
"""Pages of articles: where a delay is asked for, each takes its time."""


@dataclass(slots=True)
class Unmatched:
    """The selectors that found nothing, by their setting's name, and on how many pages they were tried."""

    pages: int = 0
    select: list[str] = field(default_factory=list)
    lists: list[str] = field(default_factory=list)


def unmatched(settings: SourceSettings, newsroom: Newsroom, now: datetime) -> Unmatched:
    """What of `select`, and of the lists' own selectors, finds nothing. Raises SourceError.

    Nothing is asked for where there is no selector.
    """
    found = Unmatched()
    inner = [one for one in settings.lists if one.select and (one.sponsor or one.headline)]
    if not settings.select and not inner:
        return found
    addresses = trusted([settings.url, *(one.url for one in settings.lists)])
    with Web(trusted=addresses, timeout=settings.timeout, agent=f"Standfirst (+{newsroom.site_url})") as web:
        crawler = Crawler(web)
        for listing in inner:
            page = _page(crawler, listing.url, now)
            if page is not None:
                number = settings.lists.index(listing)
                found.lists += [f"list[{number}].{name}" for name in _missing_in(page, listing)]
        if settings.select:
            pages = list(_pages(settings, newsroom, crawler, now))
            found.pages = len(pages)
            found.select = [
                name
                for name, selector in settings.select.items()
                if pages and not any(page.css_first(selector) is not None for page in pages)
            ]
    return found


def _pages(settings: SourceSettings, newsroom: Newsroom, crawler: Crawler, now: datetime) -> Iterator[Page]:
    """Some of the articles' pages that the lists lead to."""
    ledger = Ledger()
    Lists(settings, newsroom, Site.of(settings, newsroom.site_url), crawler).read(ledger, now, full=True)
    seen = 0
    for address in ledger.due(now):
        page = _page(crawler, ledger.pages[address].ask, now)
        if page is not None:
            yield page
            seen += 1
        if seen == LOOKED_AT:
            return


def _page(crawler: Crawler, url: str, now: datetime) -> Page | None:
    """The page; None where it cannot be had, which the sync says."""
    try:
        answer = crawler.get(url, now, headers={"accept": ACCEPT}, largest=LARGEST_LIST)
        return page_of(answer.data, answer.headers.get("content-type", ""))
    except SourceError:
        return None


def _missing_in(page: Page, listing: ListSettings) -> Iterator[str]:
    """Which of a list's selectors find nothing in any of its items."""
    items = page.css(listing.select)
    for name, selector in (("sponsor", listing.sponsor), ("headline", listing.headline)):
        if selector and items and not any(one.css_first(selector) is not None for one in items):
            yield name
