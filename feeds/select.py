"""What a feed holds: a pure function of teasers, the same for the same ones. Formats only write it down."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape

from content.article import Access, Body
from content.catalogue import Withdrawal
from content.teaser import Teaser
from feeds.words import Words, words
from newsroom.masthead import LATEST_FEED, Newsroom

SUBSCRIBERS_ONLY = "subscribers-only"
REGISTERED_ONLY = "registered-only"
SPONSORED = "sponsored"
PICTURE_WIDTH = 1200
NEVER = datetime(2000, 1, 1, tzinfo=UTC)
"""The date of a feed in which nothing was ever recorded: a feed must have one, and the clock's would move."""


MOST_TOMBSTONES = 50
TOMBSTONES_FOR = timedelta(days=30)
"""How much older than the feed's newest change a withdrawal is told at most."""


@dataclass(frozen=True, slots=True)
class Image:
    """An entry's picture, with its absolute address."""

    url: str
    media_type: str
    width: int
    height: int
    bytes: int
    alt: str
    caption: str
    credit: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One article in a feed. `summary` is HTML; all the rest is plain text."""

    id: str
    url: str
    title: str
    summary: str
    text: str
    """The summary as plain text."""
    authors: tuple[str, ...]
    categories: tuple[str, ...]
    language: str
    published: datetime
    updated: datetime
    access: Access
    sponsor: str
    image: Image | None
    content: Body | None = None
    """The whole article, in private feeds alone."""


@dataclass(frozen=True, slots=True)
class Tombstone:
    """An entry that was withdrawn, and when, in whole seconds and UTC."""

    id: str
    when: datetime


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed, ready to be written in any format. Dates are whole seconds, in UTC."""

    name: str
    id: str
    """A tag URI: it does not change with the host (RFC 4287, 4.2.6)."""
    title: str
    description: str
    home_url: str
    public_url: str
    language: str
    publisher: str
    icon_url: str
    updated: datetime
    entries: tuple[Entry, ...]
    tombstones: tuple[Tombstone, ...] = ()
    hub: str = ""
    """The WebSub hub that tells of changes; empty where there is none."""
    folder: str = "feeds"
    """Where its addresses lead, below `public_url`."""

    def url(self, ending: str) -> str:
        """The feed's own address in the format with this ending."""
        return f"{self.public_url}/{self.folder}/{self.name}{ending}"


Written = tuple[bytes, tuple[str, ...]]
"""What a format makes of a feed: the file's bytes, and the ids of entries that could not be written."""


def span(newsroom: Newsroom, teasers: Sequence[Teaser]) -> datetime | None:
    """From when on what was published is in a feed of these teasers; None for all there ever was."""
    if len(teasers) < newsroom.feed_entries:
        return None
    return min(teaser.published for teaser in teasers)


def select(
    newsroom: Newsroom,
    name: str,
    teasers: Sequence[Teaser],
    changed: datetime | None,
    withdrawn: Sequence[Withdrawal] = (),
) -> Feed:
    """The feed `name` with these teasers, in their order. `changed` is the list's newest recorded change,
    `withdrawn` what was last taken back out of it.

    Raises ValueError where two teasers have one id: a reader would hide one of them.
    """
    ids = [teaser.id for teaser in teasers]
    if len(set(ids)) != len(ids):
        raise ValueError(f"feed {name}: two articles have one id")
    ours = words(newsroom.language)
    section = newsroom.section(name)
    rule = newsroom.rule(name)
    named = section or rule
    title = ours.everything if name == LATEST_FEED or named is None else named.title
    moments = [moment for teaser in teasers for moment in (teaser.published, teaser.updated, teaser.changed)]
    if changed is not None:
        moments.append(changed)
    updated = _whole(max(moments, default=NEVER))
    return Feed(
        name=name,
        id=f"tag:{newsroom.authority}:feeds/{name}",
        title=f"{newsroom.name}: {title}",
        description=(rule.about if rule else "") or newsroom.about or newsroom.name,
        home_url=newsroom.site_url,
        public_url=newsroom.public_url,
        language=newsroom.language,
        publisher=newsroom.name,
        icon_url=newsroom.look.logo_url,
        updated=updated,
        entries=tuple(entry(newsroom, teaser, ours) for teaser in teasers),
        # Old by the feed's own date, not by the clock: the same articles are the same bytes on any day.
        tombstones=tuple(
            Tombstone(one.id, _whole(one.withdrawn))
            for one in withdrawn[:MOST_TOMBSTONES]
            if one.withdrawn > updated - TOMBSTONES_FOR
        ),
        hub=newsroom.hub,
    )


def entry(newsroom: Newsroom, teaser: Teaser, ours: Words) -> Entry:
    """One teaser as an entry."""
    before, after = lines(teaser, ours)
    last = "".join(f"<p><em>{escape(line, quote=False)}</em></p>" for line in after)
    return Entry(
        id=teaser.id,
        url=teaser.url,
        title=titled(teaser, ours),
        summary=paragraphs(before) + teaser.public_html + last,
        text="\n".join((*before, *after)),
        authors=(teaser.sponsor,) if teaser.is_sponsored else teaser.authors,
        categories=_categories(newsroom, teaser, ours),
        language=teaser.language,
        published=_whole(teaser.published),
        updated=_whole(max(teaser.published, teaser.updated)),
        access=teaser.access,
        sponsor=teaser.sponsor,
        image=_image(newsroom, teaser),
    )


def titled(teaser: Teaser, ours: Words) -> str:
    """The headline; an opinion says so before it, unless the headline does itself."""
    first, colon, _ = teaser.headline.partition(":")
    says_so = bool(colon) and first.strip().casefold() == ours.opinion_prefix.casefold()
    if teaser.label.casefold() in ours.opinion and not says_so:
        return f"{ours.opinion_prefix}: {teaser.headline}"
    return teaser.headline


def paragraphs(texts: Iterable[str]) -> str:
    """The texts as HTML, a paragraph each."""
    return "".join(f"<p>{escape(text, quote=False)}</p>" for text in texts)


def lines(teaser: Teaser, ours: Words) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The lines before what is public of the body, and those after it."""
    before = (
        ours.paid_content.format(sponsor=teaser.sponsor) if teaser.is_sponsored else "",
        teaser.teaser,
        f"{ours.correction}: {teaser.correction}" if teaser.correction else "",
    )
    closed = {Access.PAID: ours.subscribers, Access.REGISTERED: ours.registered}
    after = (closed.get(teaser.access, ""),)
    return tuple(filter(None, before)), tuple(filter(None, after))


def _categories(newsroom: Newsroom, teaser: Teaser, ours: Words) -> tuple[str, ...]:
    titles = [section.title for key in teaser.sections if (section := newsroom.section(key)) is not None]
    closed = {Access.PAID: SUBSCRIBERS_ONLY, Access.REGISTERED: REGISTERED_ONLY}
    found = [teaser.label, *titles]
    if teaser.is_sponsored:
        found += [SPONSORED, ours.paid_content.format(sponsor=teaser.sponsor)]
    found.append(closed.get(teaser.access, ""))
    return tuple(dict.fromkeys(filter(None, found)))


def _image(newsroom: Newsroom, teaser: Teaser) -> Image | None:
    if teaser.image is None:
        return None
    picture = teaser.image.fitting(PICTURE_WIDTH)
    return Image(
        url=f"{newsroom.public_url}/{picture.path}",
        media_type=picture.media_type,
        width=picture.width,
        height=picture.height,
        bytes=picture.bytes,
        alt=teaser.image.alt,
        caption=teaser.image.caption,
        credit=teaser.image.credit,
    )


def _whole(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
