"""What a newsroom says of itself: the values that every other package is handed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

LATEST_FEED = "all"
"""The key of the feed of every news section together; no section may take it."""


class SectionKind(StrEnum):
    """How a section's articles are chosen and shown."""

    EDITORIAL = "editorial"
    BRIEFS = "briefs"
    SPONSORED = "sponsored"
    LATEST = "latest"


@dataclass(frozen=True, slots=True)
class Section:
    """A named list of articles with its own feeds. The key never changes, the title may."""

    key: str
    title: str
    kind: SectionKind = SectionKind.EDITORIAL
    former_keys: tuple[str, ...] = ()
    """Keys it had before: their feed addresses are redirected."""

    @property
    def is_news(self) -> bool:
        """True where the newsroom's own articles stand (editorial and briefs)."""
        return self.kind in (SectionKind.EDITORIAL, SectionKind.BRIEFS)

    @property
    def feed(self) -> str:
        """The name of this section's feed files, without their ending."""
        return LATEST_FEED if self.kind is SectionKind.LATEST else self.key


@dataclass(frozen=True, slots=True)
class FeedRule:
    """A feed of the news that meets every condition given; of a list's values one is enough."""

    key: str
    title: str
    about: str = ""
    tags: tuple[str, ...] = ()
    not_tags: tuple[str, ...] = ()
    """Those of which an article has none."""
    sections: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    access: str = ""

    @property
    def list_name(self) -> str:
        """What its list is called among those of the sections; a section's key has no colon."""
        return f"feed:{self.key}"


@dataclass(frozen=True, slots=True)
class Offer:
    """What somebody who does not pay is shown. Empty words are left out wherever it stands."""

    thanks: str = ""
    trial: str = ""
    price_year: str = ""
    price_month: str = ""
    cancel: str = ""
    about: str = ""
    why: str = ""
    contact: str = ""
    button: str = ""
    subscribe_url: str = ""
    terms_url: str = ""
    login_url: str = ""
    account_url: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """The newsroom's own colours and logo; the rest of the looks is fixed."""

    accent: str = "#9b1c1c"
    accent_dark: str = "#f08a80"
    logo_url: str = ""
    logo_dark_url: str = ""
    headline_font: str = 'Georgia, "Times New Roman", serif'
    text_font: str = '-apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif'


@dataclass(frozen=True, slots=True)
class Paywall:
    """How much of a paid article is public beside its teaser."""

    public_paragraphs: int = 0


@dataclass(frozen=True, slots=True)
class Newsroom:
    """The publication. Addresses have no slash at their end; `authority` names its tag URIs (RFC 4151)."""

    name: str
    about: str
    site_url: str
    public_url: str
    language: str
    time_zone: ZoneInfo
    authority: str
    sections: tuple[Section, ...]
    offer: Offer = field(default_factory=Offer)
    look: Look = field(default_factory=Look)
    paywall: Paywall = field(default_factory=Paywall)
    feed_entries: int = 50
    """How many of a section's newest articles its feeds hold."""
    hub: str = ""
    """The WebSub hub that is told of changed feeds; empty where there is none."""
    rules: tuple[FeedRule, ...] = ()
    """The feeds by rule."""
    # Every entry of every feed asks for a section, of which there may be thousands.
    _sections: dict[str, Section] = field(init=False, repr=False, compare=False)
    _rules: dict[str, FeedRule] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_sections", {one.key: one for one in reversed(self.sections)})
        object.__setattr__(self, "_rules", {one.key: one for one in self.rules})

    def section(self, key: str) -> Section | None:
        """The section with this key, or None."""
        return self._sections.get(key)

    def rule(self, key: str) -> FeedRule | None:
        """The feed by rule with this key, or None."""
        return self._rules.get(key)

    @property
    def feeds(self) -> tuple[str, ...]:
        """The names of every feed there is: `all` first, then each section's own, then those by rule."""
        own = (section.key for section in self.sections if section.kind is not SectionKind.LATEST)
        return (LATEST_FEED, *own, *(rule.key for rule in self.rules))


class Empty(StrEnum):
    """What happens when a newsletter is due and there is nothing new."""

    SKIP = "skip"
    HOLD = "hold"


class Archive(StrEnum):
    """Who may read a newsletter's editions on the web."""

    EVERYONE = "everyone"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Place:
    """One block of a newsletter: a section and the most stories it may take."""

    section: str
    stories: int


@dataclass(frozen=True, slots=True)
class Newsletter:
    """A named digest, as `newsroom.toml` describes it."""

    key: str
    title: str
    at: time
    """The local hour, in the newsroom's time zone."""
    days: frozenset[int]
    """ISO weekdays, Monday 1 to Sunday 7."""
    places: tuple[Place, ...]
    """The blocks in their order; the lead comes out of the first one that has a story."""
    sender: str
    sender_name: str
    reply_to: str
    envelope_sender: str
    postal_address: str
    subject: str = "{lead}"
    """`{lead}`, `{second}`, `{name}`, `{title}` and `{date}` are filled in."""
    language: str = "en"
    empty: Empty = Empty.SKIP
    latest: timedelta = timedelta(hours=3)
    """How long after its hour an edition is still sent."""
    carry_over: timedelta = timedelta(days=7)
    """How long a story left out for room stays eligible."""
    sponsored_max: int = 12
    sponsored_per_sponsor: int = 3
    max_variants: int = 2000
    archive: Archive = Archive.NOBODY
    searchable: bool = True
    """Whether search engines may list the archive's pages."""
    hold: timedelta = timedelta()
    """How long before its hour it is composed, for its editors to look at."""
    editors: tuple[str, ...] = ()
    """Who gets each edition's preview by mail, with the links to its controls."""
