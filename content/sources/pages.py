"""Articles from a website's own pages: lists or sitemaps, and the pages that they lead to."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from content.gallery import Gallery
from content.sources import Broken, Entry, Found, Problem, Reading
from content.sources.item import Shelf
from content.sources.pages_address import Site, address_of, trusted
from content.sources.pages_batch import Batch
from content.sources.pages_html import Page, check_selector, page_of
from content.sources.pages_item import Where, canonical_of, item_of, place_of, told_of
from content.sources.pages_ledger import Ledger, head_of
from content.sources.pages_lists import ACCEPT, Lists, key_of
from content.sources.pages_robots import Crawler, NotAllowedError
from content.sources.remote import Part
from content.sources.validators import validators
from newsroom.errors import SourceError
from newsroom.masthead import Newsroom
from newsroom.settings import SourceSettings
from newsroom.web import Answer, Web, WebError
from newsroom.web_address import shown

MOST_PAGES = 100
"""Articles' pages that are asked for in one run; the next runs ask for the rest."""
LONGEST = 120.0
"""Seconds that a run waits, all in all, where robots.txt asks for a delay."""
LARGEST_PAGE = 5_000_000
"""Bytes, unpacked."""
AT_ONCE = 20
"""How many articles are handed over together."""
FIELDS = frozenset(
    {
        *("headline", "label", "teaser", "authors", "published", "updated", "body", "tags", "sponsor"),
        *("correction", "image", "image_alt", "image_caption", "image_credit"),
    }
)
"""What `select` may name."""

# Raise it when the same notes mean something else than before: then all is read once more.
_VERSION = "1"
_GONE = (404, 410)
_LOCK = "form.post-password-form"
_MOST_FAILURES = 3


class Pages:
    """The articles that a site's lists lead to. One that no list has is not gone: old ones leave them."""

    lists_all = False
    always_full = False

    def __init__(self, settings: SourceSettings, newsroom: Newsroom, web: Web | None = None) -> None:
        self._settings = settings
        self._newsroom = newsroom
        self._web = web or Web(
            trusted=trusted([settings.url, *(one.url for one in settings.lists)]),
            timeout=settings.timeout,
            agent=f"Standfirst (+{newsroom.site_url})",
        )
        self._site = Site.of(settings, newsroom.site_url)
        self._shelf = Shelf(settings, newsroom, self._web)
        self._crawler = Crawler(self._web, pause=self.pause)
        self._lists = Lists(settings, newsroom, self._site, self._crawler)
        self._print = hashlib.sha256(f"{_VERSION} {settings!r}".encode()).hexdigest()[:16]
        self._ledger = Ledger()
        self._addresses: dict[str, str] = {}
        """Of the articles that were read, by their references."""
        self._now = datetime.now(UTC)

    def parts(self, notes: Mapping[str, Any], *, full: bool) -> Iterator[Part]:
        """What is new or has changed. Raises SourceError where no list can be read."""
        self._now = self.clock()
        check_selectors(self._settings)
        known = notes if notes.get("print") == self._print else {}
        self._ledger = Ledger.of(known)
        self._crawler.recall(known.get("robots", {}))
        self._lists.recall(known.get("documents", {}))
        self._lists.read(self._ledger, self._now, full=full)
        queue = self._ledger.due(self._now)
        waiting = set(queue)
        references = {one.reference for address, one in self._ledger.pages.items() if address not in waiting}
        yield Part(problems=tuple(self._lists.problems), present=tuple(sorted(references - {""})))
        yield from self._read(queue)

    def read(self, entry: Entry, gallery: Gallery, now: datetime) -> Reading:
        """The article of an entry of the last part."""
        reading = self._shelf.read(entry, gallery, now)
        if not isinstance(reading.found, Found):
            self._ledger.failed(self._addresses[entry.reference], self._now, for_good=True)
        return reading

    def notes(self) -> Mapping[str, Any]:
        """What stands where, and how each page was when it was last read."""
        return {
            "print": self._print,
            "robots": self._crawler.notes,
            "documents": self._lists.notes,
            **self._ledger.notes(self._now),
        }

    def close(self) -> None:
        """Let connections go."""
        self._web.close()

    @staticmethod
    def clock() -> datetime:
        """The time, which decides what is asked for again."""
        return datetime.now(UTC)

    @staticmethod
    def pause(seconds: float) -> None:
        """Let a site have its peace."""
        time.sleep(seconds)

    def _read(self, queue: list[str]) -> Iterator[Part]:
        """The pages of the queue, as far as one run goes."""
        batch, asked, failures = Batch(), 0, 0
        refused: list[str] = []
        left = len(queue)
        most = self._most(queue)
        for address in queue:
            left -= 1
            # Read already, by another of its addresses.
            if address not in self._ledger.pages or self._ledger.rank(address, self._now) is None:
                continue
            if asked == most or failures == _MOST_FAILURES:
                left += 1
                break
            try:
                self._page(address, batch)
                failures = 0
                asked += 1
            except NotAllowedError as error:
                refused.append(str(error))
                self._fail(address, batch, for_good=True)
            except SourceError as error:
                failures += 1
                asked += 1
                self._fail(address, batch, Problem(self._settings.key, str(error)))
            if batch.size >= AT_ONCE:
                yield batch.part(self._shelf)
                batch = Batch()
        batch.problems += self._left(left, asked, failures, refused)
        yield batch.part(self._shelf)

    def _left(self, left: int, asked: int, failures: int, refused: list[str]) -> Iterator[Problem]:
        key = self._settings.key
        if refused:
            others = f"; and so for {len(refused) - 1} more" if refused[1:] else ""
            yield Problem(key, f"{refused[0]}{others}")
        if left and failures == _MOST_FAILURES:
            words = f"{failures} pages failed one after the other, so the next run asks for {left} more"
            yield Problem(key, words)
        elif left:
            words = f"{asked} articles' pages were read, and the next runs read {left} more"
            yield Problem(key, words, "warning")

    def _most(self, queue: list[str]) -> int:
        """How many pages this run asks for."""
        try:
            delay = self._crawler.delay(queue[0], self._now) if queue else 0.0
        except SourceError:
            # Whoever asks next is told.
            return MOST_PAGES
        return min(MOST_PAGES, int(LONGEST / delay)) if delay else MOST_PAGES

    def _page(self, address: str, batch: Batch) -> None:
        """Ask for one page. Raises SourceError, with its address, where it cannot be had."""
        known = self._ledger.pages[address]
        headers = {"accept": ACCEPT}
        if known.seen == known.said and not known.fails:
            asked = {"if-none-match": known.etag, "if-modified-since": known.modified}
            headers |= {name: value for name, value in asked.items() if value}
        accepted = (304,) if len(headers) > 1 else ()
        try:
            answer = self._crawler.get(
                known.ask, self._now, headers=headers, largest=LARGEST_PAGE, accepted=accepted
            )
        except WebError as error:
            if error.status not in _GONE:
                raise
            self._vanished(address, batch)
            return
        if answer.status == 304:
            self._ledger.note(address, self._now)
            batch.present.append(known.reference)
            return
        final = address_of(answer.url, answer.url)
        if not self._site.owns(final):
            words = f"it leads to {shown(final)}, which is no article of this site; what is known stays"
            self._fail(address, batch, Problem(shown(address), words), for_good=True)
            return
        try:
            page = page_of(answer.data, answer.headers.get("content-type", ""))
        except SourceError as error:
            self._fail(address, batch, Problem(shown(address), str(error)), for_good=True)
            return
        self._take(address, final, page, answer, batch)

    def _take(self, address: str, final: str, page: Page, answer: Answer, batch: Batch) -> None:
        """The article of a page that was found at `final`."""
        ledger = self._ledger
        canonical = canonical_of(page, final, self._site)
        told = told_of(page, canonical, self._settings, self._newsroom)
        own = ledger.fold(address, canonical, told.facts.headline)
        if own is None:
            words = "its canonical link is another article's, so it goes by its own address; mend the link"
            batch.problems.append(Problem(shown(final), words, "warning"))
            own = ledger.fold(address, final, told.facts.headline) or address
        if page.css_first(_LOCK) is not None:
            self._locked(own, batch)
            return
        where = Where(answer.url, own, self._site.reference(own))
        rows = self._lists.in_order(ledger.rows(own))
        read = item_of(
            page, told, where, place_of(rows, self._lists.sponsored, self._lists.shared), self._settings
        )
        if read.problem is not None:
            ledger.failed(own, self._now, for_good=True)
            batch.refuse(read.problem, where.reference)
        elif read.item is None:
            self._no_article(own, batch)
        else:
            etag, modified = validators(answer.headers, self._now)
            batch.items[where.reference] = read.item
            self._addresses[where.reference] = own
            ledger.note(
                own,
                self._now,
                reference=where.reference,
                head=head_of(told.facts.headline),
                published=str(read.item.fields["published"]),
                etag=etag,
                modified=modified,
            )

    def _no_article(self, address: str, batch: Batch) -> None:
        known = self._ledger.pages[address]
        selected = {key_of(one) for one in self._settings.lists if one.select}
        self._ledger.note(address, self._now)
        if known.reference or selected & known.lists.keys():
            words = "it does not say that it is an article (JSON-LD, og:type, microdata), so it is left out"
            batch.refuse(Problem(shown(address), words, "warning"), known.reference)

    def _vanished(self, address: str, batch: Batch) -> None:
        known = self._ledger.pages[address]
        # A full pass has forgotten what the address came to.
        batch.gone.append(known.reference or self._site.reference(address))
        if not known.reference:
            words = "a list leads to it, and it is not there (404, 410); correct the list"
            batch.problems.append(Problem(shown(address), words, "warning"))
        known.reference = ""
        self._ledger.failed(address, self._now, for_good=True)

    def _locked(self, address: str, batch: Batch) -> None:
        """Nothing of a page that asks for a password is anybody's; it is asked for again the next day."""
        # A full pass has forgotten what the address came to.
        batch.gone.append(self._site.reference(address))
        self._ledger.pages[address].reference = ""
        self._ledger.failed(address, self._now, for_good=True)

    def _fail(
        self, address: str, batch: Batch, problem: Problem | None = None, *, for_good: bool = False
    ) -> None:
        self._ledger.failed(address, self._now, for_good=for_good)
        reference = self._ledger.pages[address].reference
        if problem is not None:
            batch.refuse(problem, reference)
        elif reference:
            batch.broken.append(Broken(reference))


def check_selectors(settings: SourceSettings) -> None:
    """Raises SourceError, which names the setting, where `select` or a list has what is no selector."""
    for name, selector in settings.select.items():
        where = f"source {settings.key}: select.{name}"
        if name not in FIELDS:
            raise SourceError(f"{where}: there is no such field; allowed: {', '.join(sorted(FIELDS))}")
        check_selector(selector, where)
    for number, listing in enumerate(settings.lists):
        for name in ("select", "sponsor", "headline"):
            if selector := getattr(listing, name):
                check_selector(selector, f"source {settings.key}: list[{number}].{name}")
