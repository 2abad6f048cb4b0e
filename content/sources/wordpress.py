"""Articles from a WordPress, by its REST API: all that is published there and has no password."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from content.gallery import Gallery
from content.sources import Broken, Entry, Found, Problem, Reading
from content.sources.closing import closing_names, doubt, kept_back
from content.sources.item import Item, Shelf
from content.sources.remote import Part
from content.sources.wordpress_api import BATCH, Api
from content.sources.wordpress_ledger import (
    OVERLAP,
    Ledger,
    Row,
    block_of,
    in_blocks,
    is_turn,
    moment,
    print_of,
)
from content.sources.wordpress_post import Tree, is_public, item_of, reference_of
from newsroom.masthead import Newsroom
from newsroom.settings import SourceSettings
from newsroom.web import Web

# Raise it when the same notes mean something else than before: then all is read once more.
_VERSION = "1"
# What a full pass looks at: it has no need of drafts, and whatever it does not meet is gone.
_FULL = "publish,future"
# A draft may have been an article a minute ago.
_CHANGED = "any,trash"


class WordPress:
    """Reads the posts of `types`: those that changed, in a full pass a row of each and new texts.

    With a user who may edit everything, one request says that nothing has changed; strangers need two, as
    WordPress keeps from them what is planned, and publishing it moves no date but the planned one.
    """

    lists_all = True
    always_full = False

    def __init__(self, settings: SourceSettings, newsroom: Newsroom, web: Web | None = None) -> None:
        self._settings = settings
        # Whoever wrote it into the settings may have it at a private address.
        self._web = web or Web(trusted=_trusted(settings.url), timeout=settings.timeout)
        self._shelf = Shelf(settings, newsroom, self._web)
        self._api = Api(settings, self._web)
        self._print = hashlib.sha256(f"{_VERSION} {settings!r}".encode()).hexdigest()[:16]
        self._ledgers: dict[str, Ledger] = {}
        self._turn = 0
        # References that were given and have not come to an article: they are asked for again.
        self._open: set[str] = set()
        self._tree: Tree | None = None
        self._doubted: str | None = None

    def parts(self, notes: Mapping[str, Any], *, full: bool) -> Iterator[Part]:
        """50 posts at a time. Raises SourceError where it cannot be read."""
        now = datetime.now(UTC)
        known = notes if notes.get("print") == self._print else {}
        self._turn = int(known.get("turn", 0)) + full
        self._ledgers = {kind: Ledger.of(one) for kind, one in known.get("types", {}).items()}
        self._api.root, self._api.is_wide = known.get("root", ""), known.get("wide", False)
        if full or not self._api.root:
            self._api.find()
        # Who may edit is refused a list where the password is not taken; for others it would look the same.
        if full or not self._api.is_wide:
            self._api.sign_in()
        if full or notes.get("doubted") or not known:
            yield Part(held=self._doubt())
        for kind in self._settings.types:
            ledger = self._ledgers.setdefault(kind, Ledger())
            reader = self._all if full or not ledger.since else self._changed
            yield from reader(kind, ledger, now)
            ledger.since = moment(now)

    def read(self, entry: Entry, gallery: Gallery, now: datetime) -> Reading:
        """The article of an entry of the last part."""
        self._open.add(entry.reference)
        reading = self._shelf.read(entry, gallery, now)
        if isinstance(reading.found, Found):
            self._open.discard(entry.reference)
        return reading

    def notes(self) -> Mapping[str, Any]:
        """Where the API is, and what was seen of each type."""
        for reference in self._open:
            kind, _, number = reference.rpartition("/")
            self._ledgers[kind].forget(int(number))
        return {
            "print": self._print,
            "root": self._api.root,
            "wide": self._api.is_wide,
            "turn": self._turn,
            "types": {kind: self._ledgers[kind].notes for kind in self._settings.types},
        }

    def close(self) -> None:
        """Let connections go."""
        self._web.close()

    def _all(self, kind: str, ledger: Ledger, now: datetime) -> Iterator[Part]:
        """Everything that is published: what stands in a block of rows that has changed is read anew."""
        before, ledger.blocks = ledger.blocks, {}
        ledger.recent, ledger.scheduled = {}, {}
        since = moment(now - OVERLAP)
        doubted = self._doubt()
        rows = (row for page in self._api.rows(kind, _FULL) for row in page)
        to_read: list[int] = []
        present: list[str] = []
        for block in in_blocks(self._noted(rows, ledger, since)):
            name = block_of(block[0].number)
            ledger.blocks[name] = print_of(block, self._categories())
            numbers = [row.number for row in block]
            is_as_it_was = before.get(name) == ledger.blocks[name] and not is_turn(numbers[0], self._turn)
            if doubted or is_as_it_was:
                present += [reference_of(kind, number) for number in numbers]
            else:
                to_read += numbers
            while len(to_read) >= BATCH:
                yield self._part(kind, to_read[:BATCH], now)
                del to_read[:BATCH]
            if len(present) >= BATCH:
                yield Part(present=tuple(present))
                present = []
        yield Part(present=tuple(present))
        if to_read:
            yield self._part(kind, to_read, now)

    def _noted(self, rows: Iterable[Row], ledger: Ledger, since: str) -> Iterator[Row]:
        """The published ones of the rows; all are written down."""
        for row in rows:
            ledger.note(row, since, by_date=not self._api.is_wide)
            if row.is_published:
                yield row

    def _changed(self, kind: str, ledger: Ledger, now: datetime) -> Iterator[Part]:
        """What has changed since the last look, or has gone since."""
        rows = {row.number: row for row in self._looked_at(kind, ledger)}
        changed = {one.number for one in rows.values() if one.is_published and not ledger.knows(one)}
        gone = [reference_of(kind, one.number) for one in rows.values() if not one.is_published]
        vanished = ledger.vanished(rows.keys())
        due = set(ledger.due(moment(now))) - rows.keys()
        since = moment(now - OVERLAP)
        ledger.drop([*rows, *vanished])
        for row in rows.values():
            ledger.note(row, since, by_date=not self._api.is_wide)
        if gone:
            yield self._shelf.part((), gone=gone)
        to_ask = sorted(changed | vanished | due)
        for start in range(0, len(to_ask), BATCH):
            yield self._part(kind, to_ask[start : start + BATCH], now, vanished)

    def _looked_at(self, kind: str, ledger: Ledger) -> Iterator[Row]:
        since = f"{moment(datetime.fromisoformat(ledger.since) - OVERLAP)}Z"
        for page in self._api.rows(kind, _CHANGED, modified_after=since):
            yield from page
        if not self._api.is_wide:
            for page in self._api.rows(kind, _CHANGED, after=since):
                yield from page

    def _part(self, kind: str, numbers: Sequence[int], now: datetime, vanished: Collection[int] = ()) -> Part:
        """The posts with these numbers as a part. Those that `vanished` from the lists and are not shown have
        gone; others that are not shown though they are listed are asked for again."""
        posts = self._api.posts(kind, numbers)
        self._ledgers[kind].published(posts.found)
        items: list[Item] = []
        gone: list[str] = []
        problems = [
            Problem(reference_of(kind, number), f"the site cannot show it: {words}")
            for number, words in posts.failed.items()
        ]
        for number, post in posts.found.items():
            reference = reference_of(kind, number)
            if not is_public(post):
                gone.append(reference)
                continue
            try:
                items.append(item_of(post, kind, self._settings, self._categories(), now))
            except ValueError as error:
                problems.append(Problem(reference, str(error)))
        broken = [Broken(problem.place) for problem in problems]
        missing = set(numbers) - posts.found.keys() - posts.failed.keys()
        gone += [reference_of(kind, number) for number in sorted(missing & set(vanished))]
        self._open.update(one.reference for one in broken)
        self._open.update(reference_of(kind, number) for number in missing - set(vanished))
        part = self._shelf.part(items, gone=gone, broken=broken, problems=problems)
        return kept_back(part, self._doubt())

    def _doubt(self) -> str:
        """Why nothing may be stored, for a rule that closes articles names what the site has not."""
        if self._doubted is None:
            names = closing_names(self._settings)
            missing = [(setting, kind, slug) for setting, kind, slug in names if not self._has(kind, slug)]
            self._doubted = doubt(missing, "the site has no")
        return self._doubted

    def _has(self, kind: str, slug: str) -> bool:
        if kind == "tag":
            return self._api.has_term("tags", slug)
        return any(category.slug == slug for category in self._categories().values())

    def _categories(self) -> Tree:
        if self._tree is None:
            self._tree = self._api.tree()
        return self._tree


def _trusted(url: str) -> tuple[str, ...]:
    netloc = urlsplit(url).netloc
    return (netloc,) if netloc and "@" not in netloc else ()
