"""The archive: each edition as a page, for newsletters that let everybody read it.

Teasers alone, as somebody sees them who does not pay. What was withdrawn since is a notice in its place.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from babel.dates import format_date
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from content import catalogue
from content.corrected import live
from newsletter import archived
from newsletter.archived import Line
from newsletter.edition import Edition, Selection
from newsletter.rendering.budget import NOTHING
from newsletter.rendering.note import directed, note_html
from newsletter.rendering.phrases import phrases
from newsletter.rendering.sheet import laid_out
from newsletter.rendering.tongue import Tongue, tongue_of
from newsletter.variant import Audience, Variant
from newsroom.database import reading
from newsroom.masthead import Archive as Readers
from newsroom.masthead import Newsletter
from web.house import House
from web.validators import is_unchanged
from web.words import locale, words

PAGE = 30
"""Editions in a list."""

FEW = 7
"""Editions of each newsletter where there are several."""

FRESH = "public, max-age=300"
_KEY = re.compile("[a-z0-9][a-z0-9_-]{0,199}", re.ASCII)
_NUMBER = re.compile("[1-9][0-9]{0,4}", re.ASCII)
_NEVER = datetime.max.replace(tzinfo=UTC)
"""No date tells whether a page changed: its bytes do."""


@dataclass(frozen=True, slots=True)
class Row:
    """One edition of a list as it is shown."""

    address: str
    date: str
    iso: str
    is_extra: bool
    headline: str
    tongue: Tongue
    """The headline's, on the page."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """One newsletter's editions as they are shown."""

    title: str
    rows: tuple[Row, ...]
    tongue: Tongue
    """The dates', on the page."""
    older: str
    """Where the older ones are; empty where there are none."""
    newer: str = ""


@dataclass(frozen=True, slots=True)
class Archive:
    """Answers /archive/ and what is below it."""

    house: House

    @property
    def open(self) -> Sequence[Newsletter]:
        """The newsletters that everybody may read."""
        return [one for one in self.house.newsletters.values() if one.archive is Readers.EVERYONE]

    async def listing(self, request: Request) -> Response:
        """/archive/, or with `newsletter` and `page` a part of it."""
        asked = request.query_params
        page = await run_in_threadpool(self.list_, asked.get("newsletter", ""), asked.get("page", "1"))
        return _fresh(request, page)

    async def edition(self, request: Request) -> Response:
        """/archive/EDITION."""
        page = await run_in_threadpool(self.show, request.path_params["edition"])
        return _fresh(request, page)

    def list_(self, newsletter: str, page: str) -> Response:
        """The editions there are; 404 for a newsletter or a page that is none."""
        one = self.house.newsletters.get(newsletter)
        language = one.language if one else self.house.newsroom.language
        number = int(page) if _NUMBER.fullmatch(page) else 0
        shelves = self._shelves(newsletter, number, words(language)["lang"])
        if not shelves:
            return self._missing()
        query = f"?newsletter={newsletter}" if one else ""
        query += f"&page={page}" if one and page != "1" else ""
        return self.house.pages.page(
            "archive",
            "archive_of" if one else "archive_title",
            language,
            headers=_headers(all(other.searchable for other in ([one] if one else self.open))),
            newsletter=one.title if one else "",
            shelves=shelves,
            canonical=self.house.address(f"/archive/{query}"),
            searchable=all(other.searchable for other in ([one] if one else self.open)),
        )

    def show(self, key: str) -> Response:
        """One edition; 404 where it is not to be read here, 410 where nothing of it is left."""
        if not _KEY.fullmatch(key):
            return self._missing()
        provider = self.house.settings.delivery.provider
        with reading(self.house.engine) as connection:
            found = archived.find(connection, key, provider)
            newsletter = found and self.house.newsletters.get(found[0].newsletter)
            if not found or not newsletter or newsletter.archive is Readers.NOBODY:
                return self._missing()
            edition, then = found
            ids = [story.teaser.id for story in then.stories]
            paywall = self.house.newsroom.paywall
            current = catalogue.by_ids(connection, ids, self.house.now(), paywall)
            beside = archived.neighbours(connection, edition, provider)
        if not any(not one.is_sponsored for one in current.values()):
            return self.house.pages.notice("archive_gone", status=410, language=newsletter.language)
        selection = archived.as_archived(then, current, self.house.newsroom.offer)
        return self._page(edition, newsletter, selection, beside)

    def _page(
        self,
        edition: Edition,
        newsletter: Newsletter,
        selection: Selection,
        beside: tuple[Line | None, Line | None],
    ) -> Response:
        newsroom, language = self.house.newsroom, newsletter.language
        said = phrases(language)
        sheet = laid_out(selection, Variant(Audience.FREE), newsroom, newsletter, said, NOTHING)
        around = (sheet.note.direction if sheet.note else "") or sheet.own_direction
        return self.house.pages.page(
            "archive_edition",
            "archive_edition_title",
            language,
            headers=_headers(newsletter.searchable),
            newsletter=newsletter.title,
            date=sheet.day,
            iso=edition.local_date.isoformat(),
            is_extra=bool(edition.slot),
            sheet=sheet,
            said=said,
            note=directed(note_html(selection.note), around) if sheet.note else "",
            before=_row(beside[0], language) if beside[0] else None,
            after=_row(beside[1], language) if beside[1] else None,
            all_of=f"/archive/?newsletter={newsletter.key}" if len(self.open) > 1 else "/archive/",
            can_sign_up=self.house.settings.web.sign_up,
            canonical=self.house.address(f"/archive/{edition.key}"),
            searchable=newsletter.searchable,
        )

    def _shelves(self, newsletter: str, page: int, around: str) -> list[Shelf]:
        chosen = [one for one in self.open if newsletter in ("", one.key)]
        if not chosen or not page or (page > 1 and not newsletter and len(chosen) > 1):
            return []
        size = FEW if len(chosen) > 1 else PAGE
        shelves = [self._shelf(one, page, size, around) for one in chosen]
        return shelves if page == 1 else [shelf for shelf in shelves if shelf.rows]

    def _shelf(self, newsletter: Newsletter, page: int, size: int, around: str) -> Shelf:
        provider, skip = self.house.settings.delivery.provider, (page - 1) * size
        with reading(self.house.engine) as connection:
            found = archived.lines(connection, newsletter.key, provider, skip=skip, limit=size + 1)
            there = live(connection, [line.lead for line in found], self.house.now())
        rows = tuple(_row(line, newsletter.language, there, around) for line in found[:size])
        base = f"/archive/?newsletter={newsletter.key}"
        is_all = size == PAGE
        older = (f"{base}&page={page + 1}" if is_all else base) if len(found) > size else ""
        newer = "" if page == 1 else base + (f"&page={page - 1}" if page > 2 else "")
        spoken = locale(newsletter.language).language
        return Shelf(newsletter.title, rows, tongue_of("", spoken, around), older, newer)

    def _missing(self) -> Response:
        return self.house.pages.notice("archive_missing", status=404)


def routes(house: House) -> list[BaseRoute]:
    """The archive's addresses."""
    archive = Archive(house)
    return [
        Route("/archive", _with_slash, methods=["GET"]),
        Route("/archive/", archive.listing, methods=["GET"]),
        Route("/archive/{edition}", archive.edition, methods=["GET"]),
    ]


async def _with_slash(_request: Request) -> Response:
    return RedirectResponse("/archive/", 301)


def _row(line: Line, language: str, there: frozenset[str] = frozenset(), around: str = "") -> Row:
    """A line of the list of a newsletter in `language`, on a page in `around`."""
    return Row(
        address=f"/archive/{line.key}",
        date=_in_words(line.local_date, language),
        iso=line.local_date.isoformat(),
        is_extra=bool(line.slot),
        headline=line.headline if line.lead in there else "",
        tongue=tongue_of(line.headline, line.language or language, around or language),
    )


def _in_words(day: date, language: str) -> str:
    return format_date(day, "full", locale=locale(language))


def _headers(searchable: bool) -> dict[str, str]:
    return {"Cache-Control": FRESH, **({"X-Robots-Tag": "all"} if searchable else {})}


def _fresh(request: Request, page: Response) -> Response:
    """The page with a mark of its bytes, or 304 where the client has them."""
    if page.status_code != 200 or not isinstance(page, HTMLResponse):
        return page
    mark = hashlib.sha256(bytes(page.body)).hexdigest()[:32]
    page.headers["ETag"] = f'"{mark}"'
    if is_unchanged(request.headers, [mark], _NEVER):
        kept = {name: page.headers[name] for name in ("ETag", "Cache-Control")}
        return Response(status_code=304, headers=kept)
    return page
