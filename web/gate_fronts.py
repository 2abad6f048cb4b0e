"""The gate's fronts: the newsroom's and each section's. Teasers alone, the same for everybody."""

from __future__ import annotations

import re
from dataclasses import dataclass

from babel.dates import format_date
from sqlalchemy.engine import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from content.corrected import live
from newsletter import archived
from newsroom.database import reading
from newsroom.masthead import Archive, Section, SectionKind
from web import gate_shelves
from web.front import NewsletterLine, feeds_of, hours
from web.gate_cards import ACROSS, Draughtsman
from web.gate_frame import files_of, frame, title_of
from web.gate_lists import Front
from web.house import House
from web.validators import fresh
from web.words import locale, words

FRESH = "public, max-age=60"
_NUMBER = re.compile("[1-9][0-9]{0,4}", re.ASCII)


@dataclass(frozen=True, slots=True)
class LatestEdition:
    """The edition that went out last, as the front shows it."""

    title: str
    address: str
    date: str
    iso: str
    headline: str


class Fronts:
    """Answers / and /sections/SECTION."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._draw = Draughtsman(house.newsroom)
        self._shelf = gate_shelves.Shelf[tuple[Front, LatestEdition | None]]()

    async def front(self, request: Request) -> Response:
        """The newsroom's front page."""
        return fresh(request, await run_in_threadpool(self.show))

    async def section(self, request: Request) -> Response:
        """A section's front, or with `page` the older part of its list."""
        key, page = request.path_params["section"], request.query_params.get("page", "1")
        return fresh(request, await run_in_threadpool(self.show_section, key, page))

    def show(self) -> Response:
        """The front page as it is now."""
        house, draw, newsroom = self._house, self._draw, self._house.newsroom
        language, ours = newsroom.language, words(newsroom.language)
        front, edition = self._shelf.get(house.now(), self._read)
        sections = {section.key: section for section in newsroom.sections}
        folder = house.settings.public_dir / "feeds"
        return house.pages.page(
            "gate_front",
            "",
            language,
            headers=_headers(),
            **frame(house, "", is_front=True),
            said=draw.words,
            canonical=house.address("/"),
            lead=draw.card(front.lead, ACROSS) if front.lead else None,
            parts=[
                (
                    sections[key],
                    draw.cards(stories),
                    house.pages.phrase("gate_all_of", language, section=sections[key].title),
                )
                for key, stories in front.sections
            ],
            briefs=draw.cards(front.briefs),
            briefs_title=title_of(newsroom, SectionKind.BRIEFS, ours["gate_briefs"]),
            latest=draw.cards(front.latest),
            latest_title=title_of(newsroom, SectionKind.LATEST, ours["gate_latest"]),
            bookings=draw.cards(front.sponsored),
            sponsored_title=title_of(newsroom, SectionKind.SPONSORED, draw.words.paid_content),
            edition=edition,
            newsletters=[
                NewsletterLine(one.title, hours(one, language)) for one in house.newsletters.values()
            ],
            can_sign_up=house.settings.web.sign_up,
            feeds=feeds_of(newsroom, folder),
            has_index=(folder / "index.html").is_file(),
        )

    def _read(self) -> tuple[Front, LatestEdition | None]:
        with reading(self._house.engine) as connection:
            front = gate_shelves.front(connection, self._house.newsroom, self._house.now())
            return front, self._edition(connection)

    def show_section(self, key: str, page: str) -> Response:
        """A page of a section's front; 301 for a renamed one, 404 for a section or a page that is none."""
        house, newsroom = self._house, self._house.newsroom
        section = newsroom.section(key)
        renamed = next((one.key for one in newsroom.sections if key in one.former_keys), "")
        if section is None and renamed:
            return RedirectResponse(f"/sections/{renamed}", 301, {"Cache-Control": FRESH})
        number = int(page) if _NUMBER.fullmatch(page) else 0
        last = gate_shelves.LAST_PAGE
        if section is not None and section.kind is SectionKind.LATEST:
            last = gate_shelves.LAST_OF_ALL
        if section is None or not 1 <= number <= last:
            return house.pages.notice("missing", status=404)
        with reading(house.engine) as connection:
            found, goes_on = gate_shelves.section_page(connection, newsroom, section, number, house.now())
        if not found and number > 1:
            return house.pages.notice("missing", status=404)
        return self._section(section, number, self._draw.cards(found), goes_on=goes_on)

    def _section(self, section: Section, number: int, cards: object, *, goes_on: bool) -> Response:
        house = self._house
        base = f"/sections/{section.key}"
        here = base if number == 1 else f"{base}?page={number}"
        return house.pages.page(
            "gate_section",
            "gate_section_title" if number == 1 else "gate_page",
            house.newsroom.language,
            headers=_headers() if section.kind is not SectionKind.SPONSORED else {"Cache-Control": FRESH},
            **frame(house, section.key),
            said=self._draw.words,
            section=section.title,
            number=number,
            is_sponsored=section.kind is SectionKind.SPONSORED,
            cards=cards,
            canonical=house.address(here),
            files=files_of(house, section),
            newer="" if number == 1 else base + (f"?page={number - 1}" if number > 2 else ""),
            older=f"{base}?page={number + 1}" if goes_on else "",
        )

    def _edition(self, connection: Connection) -> LatestEdition | None:
        """The newest edition of the first newsletter that everybody may read."""
        house = self._house
        for newsletter in house.newsletters.values():
            if newsletter.archive is not Archive.EVERYONE:
                continue
            for line in archived.lines(connection, newsletter.key, house.settings.delivery.provider, limit=1):
                there = live(connection, [line.lead], house.now())
                return LatestEdition(
                    newsletter.title,
                    f"/archive/{line.key}",
                    format_date(line.local_date, "full", locale=locale(house.newsroom.language)),
                    line.local_date.isoformat(),
                    line.headline if line.lead in there else "",
                )
        return None


def _headers() -> dict[str, str]:
    return {"Cache-Control": FRESH, "X-Robots-Tag": "all"}
