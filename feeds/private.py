"""A reader's own feed: the entries of the public one, with the whole text of what its reader may read.

It is made once for all readers who may read the same; what tells one reader's from the next is put in later
(`feeds.private_pieces`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape
from pathlib import Path

from sqlalchemy.engine import Connection

from content import catalogue
from content.article import Access, Body
from content.entitlement import Viewer
from content.prose import plain
from content.teaser import Teaser
from feeds.due import sections_of
from feeds.files import teasers_of
from feeds.former import former_date
from feeds.private_pieces import ENDED, HOLE
from feeds.select import MOST_TOMBSTONES, Entry, Feed, Image, lines, paragraphs, select, span
from feeds.words import Words, words
from newsroom.masthead import Newsroom

TAG_OF_NOTICE = "private/ended"


@dataclass(frozen=True, slots=True)
class Contents:
    """What a private feed is made of, but for the texts."""

    teasers: tuple[Teaser, ...]
    feed: Feed
    """The public one."""

    @property
    def products(self) -> frozenset[str]:
        """Those that open some article in it: the others make no difference to it."""
        return frozenset().union(*(one.products for one in self.teasers if one.access is Access.PAID))


def contents(connection: Connection, newsroom: Newsroom, folder: Path, name: str, now: datetime) -> Contents:
    """What the feed of this name holds now. `folder`: the public feeds', whose dates it does not fall behind.

    Raises ValueError where two articles have one id.
    """
    keys = sections_of(newsroom, name)
    moments = (catalogue.list_changed(connection, keys, now), former_date(folder, name, now))
    changed = max((moment for moment in moments if moment is not None), default=None)
    teasers = teasers_of(connection, newsroom, name, keys, now)
    withdrawn = catalogue.withdrawals(connection, keys, now, MOST_TOMBSTONES, span(newsroom, teasers))
    return Contents(tuple(teasers), select(newsroom, name, teasers, changed, withdrawn))


def texts(connection: Connection, of: Contents, viewer: Viewer, now: datetime) -> dict[str, Body]:
    """The whole texts that `viewer` may read, by the entries' ids."""
    return catalogue.bodies(connection, (one.id for one in of.teasers), viewer, now)


def private_feed(newsroom: Newsroom, of: Contents, bodies: Mapping[str, Body], *, ended: bool) -> Feed:
    """The feed with these whole texts; where the plan has `ended`, with an entry on top that says so.

    It stands at an address with a hole for the reader's own part, and no hub is told of it. Pure.
    """
    ours = words(newsroom.language)
    entries = tuple(
        _whole(entry, teaser, bodies[teaser.id], ours) if teaser.id in bodies else entry
        for entry, teaser in zip(of.feed.entries, of.teasers, strict=True)
    )
    return replace(
        of.feed,
        id=f"{of.feed.id}/private",
        title=of.feed.title if ended else f"{of.feed.title} ({ours.whole})",
        folder=f"private/{HOLE}",
        entries=(_notice(newsroom, ours), *entries) if ended else entries,
        hub="",
    )


def digest(feed: Feed) -> bytes:
    """The same for the same feed alone, texts included."""
    found = hashlib.sha256(repr(feed).replace(HOLE, "").encode("utf-8", "replace"))
    for entry in feed.entries:
        # A text does not show itself in a repr.
        html = entry.content.html if entry.content else ""
        found.update(f"\0{len(html)}\0{html}".encode("utf-8", "replace"))
    return found.digest()


def _whole(entry: Entry, teaser: Teaser, body: Body, ours: Words) -> Entry:
    """The entry with its whole text. The line that the rest is for others is not in it any more."""
    before, _ = lines(teaser, ours)
    return replace(
        entry,
        summary=paragraphs(before),
        text="\n".join(before),
        content=Body(_figure(entry.image) + paragraphs(_new(before, body)) + body.html),
    )


def _new(before: Iterable[str], body: Body) -> Sequence[str]:
    """The lines that the text does not begin with anyway."""
    begins = _folded(plain(body.html)[:2_000])
    return [line for line in before if not begins.startswith(_folded(line))]


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold().rstrip(".…")


def _figure(image: Image | None) -> str:
    if image is None:
        return ""
    said = " ".join(filter(None, (image.caption, f"({image.credit})" if image.credit else "")))
    caption = f"<figcaption>{escape(said, quote=False)}</figcaption>" if said else ""
    source = f'src="{escape(image.url)}" alt="{escape(image.alt)}"'
    return f'<figure><img {source} width="{image.width}" height="{image.height}">{caption}</figure>'


def _notice(newsroom: Newsroom, ours: Words) -> Entry:
    """That the plan has ended, and where to renew it: always the same entry, so that it is read once."""
    offer = newsroom.offer
    # It is the same for who never had a plan: nothing of an account yet.
    url = offer.subscribe_url or offer.account_url or offer.login_url or newsroom.site_url
    said = (ours.ended_text, offer.contact)
    link = f'<p><a href="{escape(url)}">{escape(ours.ended_renew, quote=False)}</a></p>'
    return Entry(
        id=f"tag:{newsroom.authority}:{TAG_OF_NOTICE}",
        url=url,
        title=ours.ended_title,
        summary=paragraphs(filter(None, said)) + link,
        text="\n".join(filter(None, (*said, f"{ours.ended_renew}: {url}"))),
        authors=(newsroom.name,),
        categories=(),
        language=newsroom.language,
        published=ENDED,
        updated=ENDED,
        access=Access.FREE,
        sponsor="",
        image=None,
    )
