"""A teaser as a page shows it: the one form in which articles stand on fronts and in lists."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time

from content.article import Access
from content.teaser import Teaser
from newsletter.rendering.lines import isolated
from newsletter.rendering.phrases import Phrases, is_opinion, phrases
from newsletter.rendering.tongue import tongue_of
from newsroom.masthead import Newsroom
from web.words import words

ACROSS, THUMBNAIL = 1200, 600
"""Pixels that a picture should have: across the sheet of a sharp screen, and in a list, which on a phone is
as wide."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture of our own with what is said about it."""

    src: str
    width: int
    height: int
    alt: str
    caption: str
    credit: str


@dataclass(frozen=True, slots=True)
class Card:
    """One article, as far as everybody may know of it."""

    id: str
    href: str
    headline: str
    kicker: str
    is_opinion: bool
    teaser: str
    meta: str
    """Who wrote it and how long it takes to read."""
    access: str
    """Who may read on, in words; empty where everybody may."""
    is_locked: bool
    sponsor: str
    correction: str
    picture: Shown | None
    language: str
    """Set where it is not the newsroom's."""
    direction: str
    """`ltr` or `rtl`, set likewise."""


class Draughtsman:
    """Draws the cards of one newsroom, its own words in its own language."""

    def __init__(self, newsroom: Newsroom) -> None:
        self.newsroom = newsroom
        self.words: Phrases = phrases(newsroom.language)

    def cards(self, teasers: Iterable[Teaser]) -> tuple[Card, ...]:
        """A card for each."""
        return tuple(map(self.card, teasers))

    def card(self, teaser: Teaser, width: int = THUMBNAIL) -> Card:
        """The card, with the picture that fits `width` pixels."""
        language, direction = self.tongue(teaser)
        access, is_locked = self._access(teaser.access)
        return Card(
            id=teaser.id,
            href=address_of(teaser, self.newsroom),
            headline=teaser.headline,
            kicker=teaser.label,
            is_opinion=is_opinion(teaser.label),
            teaser=teaser.teaser,
            meta=self.meta(teaser),
            access=access,
            is_locked=is_locked,
            sponsor=teaser.sponsor,
            correction=teaser.correction,
            picture=picture_of(teaser, width),
            language=language,
            direction=direction,
        )

    def meta(self, teaser: Teaser) -> str:
        """Who wrote it and how long it takes to read; empty where neither is known."""
        names = [isolated(author, self.words.direction) for author in teaser.authors]
        minutes = self.words.counted(self.words.minutes, teaser.minutes) if teaser.minutes else ""
        return " · ".join(part for part in (self.words.listed(names), minutes) if part)

    def tongue(self, teaser: Teaser) -> tuple[str, str]:
        """(language, direction) of an article, each empty where it is the page's own."""
        found = tongue_of(f"{teaser.headline} {teaser.teaser}", teaser.language, self.newsroom.language)
        return found.language, found.direction

    def moment(self, moment: datetime) -> str:
        """Day and hour in words, in the newsroom's time zone."""
        local = moment.astimezone(self._zone)
        there = self.words.locale
        comma = words(self.newsroom.language)["comma"]
        return comma.join(
            (format_date(local, "long", locale=there), format_time(local, "short", locale=there))
        )

    @property
    def _zone(self) -> ZoneInfo:
        return self.newsroom.time_zone

    def _access(self, access: Access) -> tuple[str, bool]:
        said = {Access.PAID: self.words.subscribers, Access.REGISTERED: self.words.registered}
        return said.get(access, ""), access is Access.PAID


def address_of(teaser: Teaser, newsroom: Newsroom) -> str:
    """Where the article is read: here, but for a booking that leads to its sponsor's own page."""
    ours = teaser.url.startswith((f"{newsroom.site_url}/", f"{newsroom.public_url}/"))
    if not teaser.slug or (teaser.is_sponsored and not ours):
        return teaser.url
    return f"/articles/{quote(teaser.slug, safe='')}"


def picture_of(teaser: Teaser, width: int) -> Shown | None:
    """The article's picture in the size for so many pixels."""
    image = teaser.image
    if image is None or not image.sizes:
        return None
    size = image.fitting(width)
    return Shown(f"/{size.path}", size.width, size.height, image.alt, image.caption, image.credit)
