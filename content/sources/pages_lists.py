"""Asking for the lists of a source of pages, and noting what stands on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from content.sources import Problem
from content.sources.pages_address import Site
from content.sources.pages_html import Page, page_of
from content.sources.pages_ledger import Ledger
from content.sources.pages_listing import Listed, Listing, listing_of, mark_of
from content.sources.pages_metadata import descriptions_of
from content.sources.pages_picture import named_image
from content.sources.pages_robots import Crawler
from content.sources.pages_sitemap import Sitemap, is_sitemap, sitemap_of
from content.sources.validators import validators
from newsroom.errors import SourceError
from newsroom.masthead import Newsroom, SectionKind
from newsroom.settings import ListSettings, SourceSettings
from newsroom.web import Answer
from newsroom.web_address import shown

ACCEPT = "text/html, application/xhtml+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1"
LARGEST_LIST = 10_000_000
"""Bytes, unpacked."""


@dataclass(frozen=True, slots=True)
class Document:
    """What is remembered of a list's address."""

    etag: str = ""
    modified: str = ""
    sitemaps: tuple[str, ...] = ()
    """Those that it lists, where it is an index."""
    own: tuple[str, ...] = ()
    """Marks of what it says of itself, which many sites repeat on articles that have none of their own."""

    @classmethod
    def of(cls, notes: Mapping[str, Any]) -> Document:
        """As it was remembered."""
        etag, modified = str(notes["etag"]), str(notes["modified"])
        return cls(etag, modified, tuple(notes["sitemaps"]), tuple(notes["own"]))


@dataclass(frozen=True, slots=True)
class _Turn:
    """One run's look at the lists."""

    before: Mapping[str, Document]
    ledger: Ledger
    now: datetime
    full: bool


class Lists:
    """The lists of one source, each asked for once in a run."""

    def __init__(self, settings: SourceSettings, newsroom: Newsroom, site: Site, crawler: Crawler) -> None:
        self._settings = settings
        self._site = site
        self._zone: ZoneInfo = newsroom.time_zone
        self._crawler = crawler
        self._documents: dict[str, Document] = {}
        self.problems: list[Problem] = []
        self.sections = {
            key_of(one): settings.sections.get(one.section, one.section) for one in settings.lists
        }
        """Our sections, by the keys of the lists, in their order."""
        sponsored = [one for one in newsroom.sections if one.kind is SectionKind.SPONSORED]
        self.sponsored = frozenset(key for one in sponsored for key in (one.key, *one.former_keys))
        """Sections that somebody pays for."""

    def recall(self, notes: Mapping[str, Any]) -> None:
        """Take up what a run before remembered."""
        self._documents = {key: Document.of(one) for key, one in notes.items()}

    @property
    def shared(self) -> frozenset[str]:
        """Marks of what the lists' pages say of themselves."""
        return frozenset(mark for one in self._documents.values() for mark in one.own)

    @property
    def notes(self) -> dict[str, Any]:
        """What is to be remembered."""
        return {key: asdict(one) for key, one in self._documents.items()}

    def read(self, ledger: Ledger, now: datetime, *, full: bool) -> None:
        """Note in the ledger what stands on the lists. Raises SourceError where none can be read."""
        by_url: dict[str, list[ListSettings]] = {}
        for listing in self._settings.lists:
            by_url.setdefault(listing.url, []).append(listing)
        failures: list[SourceError] = []
        turn = _Turn(self._documents, ledger, now, full)
        self._documents = {}
        for url, listings in by_url.items():
            try:
                self._list(url, listings, turn)
            except SourceError as error:
                failures.append(error)
                self._keep(url, turn.before)
        if failures and len(failures) == len(by_url):
            raise failures[0]
        self.problems += [Problem(self._settings.key, str(error)) for error in failures]
        keys = [key_of(one) for one in self._settings.lists]
        ledger.forget([*keys, *(child_of(key, one) for key in keys for one in self._documents)])

    def in_order(self, rows: Mapping[str, Listed]) -> list[tuple[str, Listed]]:
        """What lists say, by their keys, as sections and rows in the order of the lists."""
        order = list(self.sections)
        found = [(key.partition("/")[0], row) for key, row in rows.items()]
        found = [(key, row) for key, row in found if key in order]
        return [(self.sections[key], row) for key, row in sorted(found, key=lambda one: order.index(one[0]))]

    def _list(self, url: str, listings: list[ListSettings], turn: _Turn) -> None:
        name = mark_of(url)
        answer, known = self._asked(url, turn)
        if answer.status == 304:
            self._documents[name] = known
            self._children(known.sitemaps, listings, turn)
            return
        found = self._parsed(url, answer)
        etag, modified = validators(answer.headers, turn.now)
        if isinstance(found, Sitemap):
            self._documents[name] = Document(etag, modified, found.sitemaps)
            self._sitemap(url, found, [key_of(one) for one in listings], turn.ledger)
            self._children(found.sitemaps, listings, turn)
            return
        own = (*descriptions_of(found), named_image(found))
        self._documents[name] = Document(etag, modified, own=tuple(mark_of(one) for one in own if one))
        for listing in listings:
            is_sponsored = self.sections[key_of(listing)] in self.sponsored
            sponsors = self._settings.sponsors if is_sponsored else None
            self._note(listing, listing_of(found, listing, answer.url, self._site, sponsors), turn.ledger)

    def _note(self, listing: ListSettings, found: Listing, ledger: Ledger) -> None:
        where = f"{shown(listing.url)} ({listing.section})"
        for message in found.problems:
            self.problems.append(Problem(where, message, "warning" if found.items else "error"))
        if found.items:
            ledger.put(key_of(listing), found.items, is_dated=False)
        else:
            # The page may be another when it is mended, and the server not say so.
            known = self._documents[mark_of(listing.url)]
            self._documents[mark_of(listing.url)] = replace(known, etag="", modified="")

    def _children(self, sitemaps: tuple[str, ...], listings: list[ListSettings], turn: _Turn) -> None:
        """The sitemaps of an index; one that cannot be read stays as it was known."""
        for url in sitemaps:
            name = mark_of(url)
            try:
                answer, known = self._asked(url, turn)
                if answer.status == 304:
                    self._documents[name] = known
                    continue
                found = self._parsed(url, answer)
                if not isinstance(found, Sitemap) or found.sitemaps:
                    raise SourceError(
                        f"{shown(url)}: it is no list of articles; check the index that lists it"
                    )
            except SourceError as error:
                self.problems.append(Problem(self._settings.key, str(error)))
                self._keep(url, turn.before)
                continue
            self._documents[name] = Document(*validators(answer.headers, turn.now))
            self._sitemap(url, found, [child_of(key_of(one), name) for one in listings], turn.ledger)

    def _sitemap(self, url: str, sitemap: Sitemap, keys: list[str], ledger: Ledger) -> None:
        if sitemap.strangers:
            words = f"{sitemap.strangers} of its addresses are on other sites, and are left out"
            self.problems.append(Problem(shown(url), words, "warning"))
        for key in keys if not sitemap.sitemaps else ():
            ledger.put(key, sitemap.items, is_dated=True)

    def _asked(self, url: str, turn: _Turn) -> tuple[Answer, Document]:
        """The answer, a 304 where nothing has changed, and what was known before."""
        known = Document() if turn.full else turn.before.get(mark_of(url), Document())
        asked = {"if-none-match": known.etag, "if-modified-since": known.modified}
        headers = {"accept": ACCEPT} | {name: value for name, value in asked.items() if value}
        accepted = (304,) if len(headers) > 1 else ()
        return self._crawler.get(
            url, turn.now, headers=headers, largest=LARGEST_LIST, accepted=accepted
        ), known

    def _parsed(self, url: str, answer: Answer) -> Sitemap | Page:
        kind = answer.headers.get("content-type", "")
        try:
            if is_sitemap(answer.data, kind):
                return sitemap_of(answer.data, kind, answer.url, self._site, self._zone)
            return page_of(answer.data, kind)
        except SourceError as error:
            raise SourceError(f"{shown(url)}: {error}") from error

    def _keep(self, url: str, before: Mapping[str, Document]) -> None:
        """Keep what is known of a list that cannot be read just now, to be asked for in any case."""
        known = before.get(mark_of(url))
        self._documents[mark_of(url)] = replace(known or Document(), etag="", modified="")
        for child in known.sitemaps if known else ():
            self._documents.setdefault(mark_of(child), before.get(mark_of(child), Document()))


def key_of(listing: ListSettings) -> str:
    """What tells one list from another, of several on one page too."""
    return mark_of(listing.url, listing.section, listing.select)


def child_of(key: str, name: str) -> str:
    """The key of a sitemap that a list lists."""
    return f"{key}/{name}"
