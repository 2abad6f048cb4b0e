"""The values of the content side. A body never shows itself: not in a repr, not in an error."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Access(StrEnum):
    """Who may read an article's body."""

    FREE = "free"
    REGISTERED = "registered"
    PAID = "paid"

    @property
    def closed(self) -> int:
        """The more, the fewer readers; 0 for everybody."""
        return _CLOSED.index(self)


_CLOSED = (Access.FREE, Access.REGISTERED, Access.PAID)


@dataclass(frozen=True, slots=True, repr=False)
class Body:
    """An article's whole text as sanitised HTML. Only `content.entitlement` hands it out."""

    html: str

    def __repr__(self) -> str:
        return f"<Body of {len(self.html)} characters>"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class Picture:
    """One size of a picture, published under its hash. `path` is relative to the public folder."""

    path: str
    width: int
    height: int
    bytes: int
    media_type: str = "image/jpeg"


@dataclass(frozen=True, slots=True)
class LeadImage:
    """An article's picture in the sizes used, widest first, with what is said about it."""

    sizes: tuple[Picture, ...]
    alt: str = ""
    caption: str = ""
    credit: str = ""

    def fitting(self, width: int) -> Picture:
        """The narrowest size at least `width` wide, else the widest there is."""
        return next((size for size in reversed(self.sizes) if size.width >= width), self.sizes[0])


@dataclass(frozen=True, slots=True)
class Booking:
    """A sponsored article's sponsor and the time it runs, both ends included; None is open."""

    sponsor: str
    run_from: datetime | None = None
    run_until: datetime | None = None

    def runs(self, now: datetime) -> bool:
        """True while the booking lasts."""
        return (self.run_from is None or self.run_from <= now) and (
            self.run_until is None or now <= self.run_until
        )


@dataclass(frozen=True, slots=True)
class Article:
    """One article as its source has it, cleaned at the door. Text fields are plain text, one line."""

    id: str
    """The entry id in every feed: a URI that never changes (RFC 4287, 4.2.6)."""
    source: str
    reference: str
    """Where the source has it now: a path, or the source's own id."""
    slug: str
    url: str
    """The canonical address, absolute."""
    headline: str
    published: datetime
    updated: datetime
    sections: tuple[str, ...]
    body: Body
    opening: str = ""
    """What the editor put before a wall of their own, as sanitised HTML: the body's beginning, and public.
    Empty where the wall is the newsroom's."""
    teaser: str = ""
    """The editor's own teaser; empty where there is none. Never cut from a paid body."""
    label: str = ""
    authors: tuple[str, ...] = ()
    language: str = "en"
    rank: int | None = None
    """Order inside a section, 1 first; None comes after every ranked story."""
    pinned: bool = False
    """An editor made it the lead."""
    sticky: bool = False
    """Pinned because it stays at the top of the site: who is pinned for the digest leads before it."""
    place: str = ""
    """An editor's explicit section in digests; empty for the newsletter's own choice."""
    access: Access = Access.PAID
    products: frozenset[str] = frozenset()
    """The products that may read it; empty means any paid plan."""
    image: LeadImage | None = None
    booking: Booking | None = None
    """Set for sponsored articles alone."""
    correction: str = ""
    sensitive: bool = False
    again: bool = False
    no_digest: bool = False
    """In feeds and on pages alone."""
    tags: tuple[str, ...] = ()
    """As `content.tags` writes them, in their order, each once: what feeds by rule go by."""
    words: int = 0
    """How many words the body has."""

    @property
    def is_sponsored(self) -> bool:
        """True for a booking: labelled, never news."""
        return self.booking is not None


@dataclass(frozen=True, slots=True)
class StoredArticle:
    """An article as the store has it: with its revision and when the store last recorded a change."""

    article: Article
    revision: int
    """Counts up with each recorded change, from 1."""
    changed: datetime
    """The newest recorded change: its publication, an edit, a move."""
    first_seen: datetime = field(kw_only=True)
    withdrawn: datetime | None = field(default=None, kw_only=True)
