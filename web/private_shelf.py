"""Private feeds as they are now: made once for all who may read the same, kept as long as there is room."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path

from sqlalchemy.engine import Engine

from content import catalogue
from content.entitlement import Viewer
from feeds import private
from feeds.due import OVERLAP, sections_of
from feeds.listing import FORMATS
from feeds.private_pieces import Pieces, cut
from feeds.select import Feed, Written
from newsroom.database import reading
from newsroom.log import problem
from newsroom.masthead import Newsroom

LOOK_EVERY = timedelta(seconds=10)
"""How old what is handed out may be: a text that was withdrawn is gone after so long."""
ROOM = 64 * 2**20
"""Bytes of feeds that one process keeps."""

_PUBLIC, _PRIVATE = b'href="feed.css"', b'href="/feeds/private.css"'

Key = tuple[str, str, bool, frozenset[str]]
"""A feed's name and ending, whether its readers pay, and which of their products matter to it."""


@dataclass(slots=True)
class Copy:
    """One feed in one format for one kind of reader."""

    pieces: Pieces
    updated: datetime
    digest: bytes
    is_due: bool = False
    """Something in it may have changed since it was made."""
    asked: int = 0
    """When it was last asked for, counted in requests."""


class Shelf:
    """The private feeds of one newsroom."""

    def __init__(self, engine: Engine, newsroom: Newsroom, folder: Path, room: int = ROOM) -> None:
        self._engine = engine
        self._newsroom = newsroom
        self._folder = folder
        self._room = room
        self._copies: dict[Key, Copy] = {}
        self._products: dict[str, frozenset[str]] = {}
        self._lists = {name: frozenset(sections_of(newsroom, name)) for name in newsroom.feeds}
        self._looked: datetime | None = None
        self._asked = 0
        # feedgen changes the locale of the whole process while it writes: one at a time.
        self._lock = threading.Lock()

    def at_hand(self, name: str, ending: str, viewer: Viewer, now: datetime) -> Copy | None:
        """The feed if it is here and fresh; nothing is read for it."""
        if self._looked is None or abs(now - self._looked) >= LOOK_EVERY:
            return None
        found = self._copies.get(self._key(name, ending, viewer))
        if found is None or found.is_due:
            return None
        self._asked += 1
        found.asked = self._asked
        return found

    def fetch(self, name: str, ending: str, viewer: Viewer, now: datetime) -> Copy:
        """The feed, made anew where something in it changed. Raises StoreError where the database fails."""
        with self._lock:
            found = self.at_hand(name, ending, viewer, now)
            if found is None:
                self._look(now)
                found = self.at_hand(name, ending, viewer, now) or self._made(name, ending, viewer, now)
            self._make_room(found)
            return found

    @property
    def size(self) -> int:
        """Bytes that are kept."""
        return sum(copy.pieces.size for copy in self._copies.values())

    def _key(self, name: str, ending: str, viewer: Viewer) -> Key:
        mattering = viewer.products & self._products.get(name, frozenset()) if viewer.paying else frozenset()
        return name, ending, viewer.paying, mattering

    def _look(self, now: datetime) -> None:
        """Find out, once for all feeds, in which something may have changed."""
        if self._looked is not None and abs(now - self._looked) < LOOK_EVERY:
            return
        if self._copies and self._looked is not None:
            since = min(self._looked, now) - OVERLAP
            with reading(self._engine) as connection:
                touched = catalogue.touched_sections(connection, since, now)
            for key, copy in self._copies.items():
                copy.is_due |= not self._lists[key[0]].isdisjoint(touched)
        self._looked = now

    def _made(self, name: str, ending: str, viewer: Viewer, now: datetime) -> Copy:
        with reading(self._engine) as connection:
            of = private.contents(connection, self._newsroom, self._folder, name, now)
            bodies = private.texts(connection, of, viewer, now)
        # Only now it is known which products matter.
        self._products[name] = of.products
        key = self._key(name, ending, viewer)
        feed = private.private_feed(self._newsroom, of, bodies, ended=not viewer.paying)
        digest = private.digest(feed)
        before = self._copies.get(key)
        if before is not None and before.digest == digest:
            before.is_due = False
            return before
        self._copies[key] = Copy(_written(feed, ending), feed.updated, digest)
        return self._copies[key]

    def _make_room(self, but: Copy) -> None:
        """Let go of what was not asked for the longest."""
        size = self.size
        for key in sorted(self._copies, key=lambda key: self._copies[key].asked):
            if size <= self._room:
                return
            if self._copies[key] is not but:
                size -= self._copies.pop(key).pieces.size


def _written(feed: Feed, ending: str) -> Pieces:
    data, left_out = _WRITERS[ending](feed)
    for article in left_out:
        problem("web", f"private feed {feed.name}: article {article} is left out: XML refuses it")
    return cut(data.replace(_PUBLIC, _PRIVATE, 1))


def _writer(of: str) -> Callable[[Feed], Written]:
    module, _, name = of.partition(":")
    found: Callable[[Feed], Written] = getattr(import_module(module), name)
    return found


_WRITERS = {one.ending: _writer(one.writer) for one in FORMATS}
TYPES = {one.ending: one.media_type for one in FORMATS}
"""Each format's media type, by ending."""
