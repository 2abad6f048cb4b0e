"""Articles from a Ghost, by its Content API or its Admin API: all that is published there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from content.gallery import Gallery
from content.sources import Broken, Entry, Found, Problem, Reading
from content.sources.closing import closing_names, doubt, kept_back, tag_slugs
from content.sources.ghost_api import LONG_AGO, PAGE, Api, Page, Post, Range, updated_of
from content.sources.ghost_ledger import Block, Ledger
from content.sources.ghost_post import item_of, reference_of
from content.sources.item import Item, Shelf
from content.sources.remote import Part
from newsroom.masthead import Newsroom
from newsroom.settings import SourceSettings
from newsroom.web import Web

# Raise it when the same notes mean something else than before: then all is read once more.
_VERSION = "1"
# From so many on no more than half may vanish from one look to the next; only a full pass judges of more.
_FEW = 4


class Ghost:
    """Looks at the hundred posts that were changed last, and at how many there are; in a full pass at all.

    One request says that nothing is new: Ghost tells by its ETag that they are the same, in every letter.
    """

    lists_all = True
    always_full = False

    def __init__(self, settings: SourceSettings, newsroom: Newsroom, web: Web | None = None) -> None:
        self._settings = settings
        self._site_url = newsroom.site_url
        # Whoever wrote it into the settings may have it at a private address.
        self._web = web or Web(trusted=_trusted(settings.url), timeout=settings.timeout)
        self._shelf = Shelf(settings, newsroom, self._web)
        self._api = Api(settings, self._web)
        secrets = (settings.secret, settings.admin_secret)
        given = f"{_VERSION} {settings!r} {newsroom.site_url} {list(map(bool, secrets))}"
        self._print = hashlib.sha256(given.encode()).hexdigest()[:16]
        self._ledger = Ledger()
        self._etag = ""
        self._since = ""
        # Ids of posts that have not come to an article: they are asked for again.
        self._open: set[str] = set()
        self._asked: set[str] = set()
        self._doubted: str | None = None

    def parts(self, notes: Mapping[str, Any], *, full: bool) -> Iterator[Part]:
        """100 posts at a time. Raises SourceError where it cannot be read."""
        known = notes if notes.get("print") == self._print else {}
        self._ledger = Ledger.of(known.get("blocks", ()))
        self._etag, self._since = known.get("etag", ""), known.get("since", "")
        self._open, self._asked = set(known.get("open", ())), set()
        if full or notes.get("doubted") or not known:
            yield Part(held=self._doubt())
        first = self._api.newest(etag=self._etag)
        if full or not self._since:
            # Noted before all is read: what changes meanwhile is seen by the next look.
            self._note(first)
            yield from self._all()
        elif first is not None:
            yield from self._changed(first)
        again = sorted(self._open - self._asked)[:PAGE]
        if again:
            self._open.difference_update(again)
            yield self._part(self._api.named(again).posts)

    def read(self, entry: Entry, gallery: Gallery, now: datetime) -> Reading:
        """The article of an entry of the last part."""
        reading = self._shelf.read(entry, gallery, now)
        number = entry.reference.rpartition("/")[2]
        if isinstance(reading.found, Found):
            self._open.discard(number)
        else:
            self._open.add(number)
        return reading

    def notes(self) -> Mapping[str, Any]:
        """What was looked at, and which posts there are."""
        return {
            "print": self._print,
            "etag": self._etag,
            "since": self._since,
            "blocks": self._ledger.notes,
            "open": sorted(self._open),
        }

    def close(self) -> None:
        """Let connections go."""
        self._web.close()

    def _note(self, first: Page | None) -> None:
        if first is not None:
            self._etag = first.etag
            self._since = (updated_of(first.posts[0]) if first.posts else LONG_AGO).isoformat()

    def _all(self) -> Iterator[Part]:
        """Every post; of blocks that are as they were the references alone."""
        before = Ledger() if self._ledger.is_scattered else self._ledger
        self._ledger = Ledger()
        for wanted, block in list(before.ranges()) or [(Range(), Block([]))]:
            page = self._api.within(wanted, block.etag)
            if page is None:
                self._ledger.keep(block.ids, block.etag)
                yield Part(present=tuple(map(reference_of, block.ids)))
                continue
            while True:
                is_whole = len(page.posts) >= page.total
                # What follows was counted in it: the same posts will come in another answer.
                self._ledger.keep(page.ids, page.etag if is_whole else "")
                yield self._part(page.posts)
                if is_whole:
                    break
                rest = self._api.within(Range(page.ids[-1], wanted.last))
                if rest is None:
                    break
                page = rest

    def _changed(self, first: Page) -> Iterator[Part]:
        """What was changed last, and what has come or gone by another way."""
        since = datetime.fromisoformat(self._since)
        page, number = first, 1
        while page.posts:
            self._ledger.add(page.ids)
            yield self._part(page.posts)
            if number >= page.pages or updated_of(page.posts[-1]) <= since:
                break
            number += 1
            following = self._api.newest(number)
            if following is None:
                break
            page = following
        self._note(first)
        if first.total != self._ledger.count:
            yield from self._compared(first.total)

    def _compared(self, total: int) -> Iterator[Part]:
        """Where it has other posts than are known: those that have come, and those that have gone.

        Where so many are missing that it is rather to be doubted, only a full pass judges of that.
        """
        known = self._ledger.count
        most = known // 2 if known >= _FEW else known - 1
        if known - total > most:
            return
        come: list[str] = []
        gone: list[str] = []
        for wanted, ids in self._differing(list(self._ledger.ranges()), known_to_differ=True):
            listed = set(self._api.ids(wanted))
            gone += sorted(set(ids) - listed)
            come += sorted(listed - set(ids))
        if len(gone) <= most:
            self._ledger.drop(gone)
            yield self._shelf.part((), gone=map(reference_of, gone))
        self._ledger.add(come)
        for start in range(0, len(come), PAGE):
            yield self._part(self._api.named(come[start : start + PAGE]).posts)

    def _differing(
        self, blocks: Sequence[tuple[Range, Block]], *, known_to_differ: bool = False
    ) -> Iterator[tuple[Range, list[str]]]:
        """Those ranges that have other numbers of posts than are known: halves of them are counted."""
        if not blocks:
            return
        wanted = Range(blocks[0][0].after, blocks[-1][0].last)
        known = sum(len(block.ids) for _, block in blocks)
        if not known_to_differ and self._api.count(wanted) == known:
            return
        if len(blocks) == 1:
            yield wanted, blocks[0][1].ids
            return
        half = len(blocks) // 2
        yield from self._differing(blocks[:half])
        yield from self._differing(blocks[half:])

    def _part(self, posts: Sequence[Post]) -> Part:
        items: list[Item] = []
        problems: list[Problem] = []
        for post in posts:
            self._asked.add(post["id"])
            self._open.discard(post["id"])
            try:
                items.append(item_of(post, self._settings, self._site_url))
            except ValueError as error:
                problems.append(Problem(reference_of(post["id"]), str(error)))
                self._open.add(post["id"])
        broken = [Broken(problem.place) for problem in problems]
        part = self._shelf.part(items, broken=broken, problems=problems)
        return kept_back(part, self._doubt())

    def _doubt(self) -> str:
        """Why nothing may be stored, for a rule that closes articles names what no post has."""
        if self._doubted is None:
            missing = [
                (setting, kind, slug)
                for setting, kind, slug in closing_names(self._settings, own=True)
                if not any(map(self._api.has_tag, tag_slugs(kind, slug)))
            ]
            self._doubted = doubt(missing, "no published post has")
        return self._doubted


def _trusted(url: str) -> tuple[str, ...]:
    netloc = urlsplit(url).netloc
    return (netloc,) if netloc and "@" not in netloc else ()
