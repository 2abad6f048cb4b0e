"""A feed: RSS, RDF, Atom or JSON Feed, asked again only where it may have changed."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from content.gallery import Gallery
from content.sanitise import clean_line
from content.sources import Broken, Entry, Problem, Reading, feed_entries, feed_json
from content.sources.feed_story import LONGEST_REFERENCE, Story, is_locked, item_of
from content.sources.feed_text import decoded
from content.sources.feed_xml import parse_xml
from content.sources.item import Item, Shelf
from content.sources.remote import GoneError, Part
from content.sources.validators import validators
from newsroom.errors import SourceError
from newsroom.masthead import Newsroom
from newsroom.settings import SourceSettings
from newsroom.web import Answer, Web, WebError
from newsroom.web_address import shown

LARGEST_FEED = 20_000_000
"""Bytes, unpacked."""
PART = 100
"""How many articles are handed over together."""

ACCEPT = (
    "application/feed+json, application/atom+xml, application/rss+xml, application/rdf+xml, "
    "application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.1"
)
"""What a feed may be, for its server."""


@dataclass(frozen=True, slots=True)
class FeedNotes:
    """What is remembered of a feed between two runs."""

    url: str = ""
    """Stands for the address that is set: what is remembered of another one is worth nothing."""
    moved: str = ""
    """Where it is now, as a permanent redirect said."""
    etag: str = ""
    modified: str = ""
    gone: str = ""
    """The settings with which it was gone for good; empty while it is there."""

    @classmethod
    def of(cls, notes: Mapping[str, Any], url: str) -> FeedNotes:
        """Those of the feed that is set to be at `url`."""
        known = {name: str(notes[name]) for name in cls.__dataclass_fields__ if notes.get(name)}
        return cls(**known) if known.get("url") == _digest(url) else cls(_digest(url))


@dataclass(frozen=True, slots=True)
class _Document:
    """A feed, parsed: `stories` are its items, `broken` the numbers of what is none."""

    stories: tuple[Story, ...]
    broken: tuple[int, ...] = ()
    problems: tuple[str, ...] = ()


class RemoteFeed:
    """The articles of a feed. One that has left it is not gone, for a feed has the newest alone."""

    lists_all = False
    always_full = False

    def __init__(self, settings: SourceSettings, newsroom: Newsroom) -> None:
        self._settings = settings
        self._zone = newsroom.time_zone
        self._web = Web(
            trusted=_trusted(settings.url),
            timeout=settings.timeout,
            largest=LARGEST_FEED,
            agent=f"Standfirst (+{newsroom.site_url})",
        )
        self._shelf = Shelf(settings, newsroom, self._web)
        self._notes = FeedNotes()
        self._elsewhere = ""
        """Where a permanent redirect of this run led."""
        self._has_errors = False
        """Whether something in it cannot be used as it is."""

    def parts(self, notes: Mapping[str, Any], *, full: bool) -> Iterator[Part]:
        """Its articles, where it has changed; with `full` in any case. Raises SourceError."""
        now = datetime.now(UTC)
        self._notes = FeedNotes.of(notes, self._settings.url)
        if self._notes.gone == _digest(repr(self._settings)):
            raise self._gone()
        answer = self._asked(full=full)
        if answer.status == 304:
            return
        document = self._document(answer)
        problems = [*self._moved(), *self._problems(document)]
        self._note_errors(problems)
        items: list[Item] = []
        broken: list[Broken] = []
        gone: list[str] = []
        for reference, story in one_each(document.stories):
            if is_locked(story):
                gone.append(reference)
                continue
            found = item_of(story, reference, self._zone, self._settings.language)
            if isinstance(found, Problem):
                problems.append(found)
                self._note_errors([found])
                broken.append(Broken(reference))
                continue
            items.append(found)
            if len(items) == PART:
                yield self._shelf.part(items, gone=gone, broken=broken, problems=problems)
                items, gone, broken, problems = [], [], [], []
        yield self._shelf.part(items, gone=gone, broken=broken, problems=problems)
        # A mistake is one until it is mended: a 304 would hide it, so the next run asks for all of it again.
        etag, modified = validators(answer.headers, now) if not self._has_errors else ("", "")
        self._notes = replace(self._notes, etag=etag, modified=modified)

    def read(self, entry: Entry, gallery: Gallery, now: datetime) -> Reading:
        """The article of an entry of the last part, cleaned. One that cannot be used is `Broken`."""
        reading = self._shelf.read(entry, gallery, now)
        self._note_errors(reading.problems)
        return reading

    def _note_errors(self, problems: Iterable[Problem]) -> None:
        self._has_errors = self._has_errors or any(one.severity == "error" for one in problems)

    def notes(self) -> Mapping[str, Any]:
        """Where it is, and what it was like."""
        return {name: value for name, value in asdict(self._notes).items() if value}

    def close(self) -> None:
        """Let connections go."""
        self._web.close()

    def _asked(self, *, full: bool) -> Answer:
        """The feed as it is, or a 304. What has moved for good on its own site is noted."""
        notes = self._notes
        headers = {"accept": ACCEPT}
        if not full:
            asked = {"if-none-match": notes.etag, "if-modified-since": notes.modified}
            headers |= {name: value for name, value in asked.items() if value}
        accepted = (304,) if len(headers) > 1 else ()
        if notes.moved:
            try:
                answer = self._web.get(notes.moved, headers=headers, accepted=accepted)
            except WebError as error:
                if error.until is not None:
                    raise
                # It may have moved once more, and only the old address knows it.
                self._notes, headers, accepted = FeedNotes(notes.url), {"accept": ACCEPT}, ()
            else:
                self._note_move(answer)
                return answer
        try:
            answer = self._web.get(self._settings.url, headers=headers, accepted=accepted)
        except WebError as error:
            if error.status != 410:
                raise
            self._notes = FeedNotes(notes.url, gone=_digest(repr(self._settings)))
            raise self._gone() from error
        self._note_move(answer)
        return answer

    def _note_move(self, answer: Answer) -> None:
        """Note where the feed is now.

        Another site is not remembered: who holds a site for a moment would hold its articles for good.
        """
        self._elsewhere = answer.moved
        if answer.moved and _is_same_site(answer.moved, self._settings.url):
            self._notes = replace(self._notes, moved=answer.moved)

    def _moved(self) -> Iterator[Problem]:
        """What to do about an address that is not the feed's any more."""
        moved = self._elsewhere or self._notes.moved
        if not moved:
            return
        message = f"it has moved for good to {shown(moved)}; write that into `url` in newsroom.toml"
        if moved != self._notes.moved:
            message += ", if that is yours: until then the old address is asked each time"
        yield Problem(self._settings.key, message, "warning")

    def _gone(self) -> GoneError:
        return GoneError(
            f"{shown(self._settings.url)}: gone for good (410), and not asked again until something in the "
            f'table of the source "{self._settings.key}" in newsroom.toml changes; correct its `url`, or '
            "take it out"
        )

    def _document(self, answer: Answer) -> _Document:
        """The feed in an answer. Raises SourceError, with the address, where there is none in it."""
        if not answer.data.strip():
            raise SourceError(
                f"{shown(answer.url)}: an empty answer instead of a feed; is the address right?"
            )
        try:
            return parsed(answer, summaries=self._settings.select.get("teaser") == "description")
        except SourceError as error:
            raise SourceError(f"{shown(answer.url)}: {error}") from error

    def _problems(self, document: _Document) -> Iterator[Problem]:
        key = self._settings.key
        for message in document.problems:
            yield Problem(key, message, "warning")
        for number in document.broken:
            yield Problem(f"{key}, item {number}", "not an object, so it is left out")
        if not document.stories:
            yield Problem(key, "it lists no article at all; what is known stays", "warning")
        for story in document.stories:
            if not story.link:
                message = "it has no address of its own (link), so it is left out"
                yield Problem(f"{key}, {story.place}", message)


def parsed(answer: Answer, *, summaries: bool) -> _Document:
    """The items of a feed of any kind. Raises SourceError, without the address, where it is none."""
    document = decoded(answer.data, answer.headers.get("content-type", ""))
    if document.text.lstrip()[:1] in ("{", "["):
        feed = feed_json.parse_json(document.text)
        found = list(feed_json.stories(feed, answer.url))
        over = ("it says that it has ended: nothing will come to it any more",) if feed.is_over else ()
        stories = tuple(one for one in found if isinstance(one, Story))
        return _Document(stories, tuple(one for one in found if isinstance(one, int)), over)
    xml = parse_xml(document, answer.url)
    entries = feed_entries.stories(xml, answer.url, summaries=summaries)
    return _Document(tuple(entries), problems=xml.problems)


def one_each(stories: Sequence[Story]) -> Iterator[tuple[str, Story]]:
    """Each article of a feed once, with its reference: its guid, else its address.

    Two items with one address are one article, with the categories of both; the first has the say. A guid
    that several addresses share tells nothing: some systems write the same one everywhere.
    """
    by_link: dict[str, list[Story]] = defaultdict(list)
    links: dict[str, set[str]] = defaultdict(set)
    for story in stories:
        if story.link:
            by_link[story.link].append(story)
            links[story.guid].add(story.link)
    for link, several in by_link.items():
        guids = (one.guid for one in several if one.guid and len(links[one.guid]) == 1)
        categories = dict.fromkeys(name for one in several for name in one.categories)
        yield _reference(next(guids, link)), replace(several[0], categories=tuple(categories))


def _reference(name: str) -> str:
    name = clean_line(name)
    return name if 0 < len(name) <= LONGEST_REFERENCE else f"sha256/{_digest(name)}"


def _trusted(url: str) -> list[str]:
    """Who the operator names is trusted, wherever it is and whichever port it has."""
    try:
        parts = urlsplit(url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return [f"{host}:{parts.port}" if parts.port else str(host)] if host else []
    except ValueError:
        # The client says what is wrong with it.
        return []


def _is_same_site(one: str, other: str) -> bool:
    hosts = [urlsplit(url) for url in (one, other)]
    names = {(parts.hostname or "").removeprefix("www.") for parts in hosts}
    return len(names) == 1 and (hosts[0].scheme == "https" or hosts[1].scheme == "http")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
