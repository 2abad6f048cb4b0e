"""A source, looked at: what is as it was known, what was read anew, and what to remember of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from content.claims import claims
from content.gallery import Gallery
from content.holdings import KnownArticle
from content.sources import Broken, Entry, Found, Problem, Reading, Source
from newsroom.errors import PublishError


@dataclass(slots=True)
class Notes:
    """What is remembered of a source between two runs, in `SourceState.state`."""

    watched: dict[str, dict[str, str]] = field(default_factory=dict)
    """By reference, the pictures that were looked for, each with its stamp."""
    shown: dict[str, list[str]] = field(default_factory=dict)
    """By reference, the published pictures."""
    also: dict[str, str] = field(default_factory=dict)
    """The further places of articles listed twice."""

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> Notes:
        return cls(
            watched=dict(state.get("watched", {})),
            shown=dict(state.get("shown", {})),
            also=dict(state.get("also", {})),
        )

    @property
    def state(self) -> dict[str, Any]:
        return {"watched": self.watched, "shown": self.shown, "also": self.also}


@dataclass(slots=True)
class Look:
    """A source, looked at once: what was found, and what is to be remembered of it."""

    found: list[Found] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: Notes = field(default_factory=Notes)
    waits: dict[str, Mapping[str, bytes]] = field(default_factory=dict)
    """By reference, the files of pictures that nobody may see yet, by path."""

    def take(self, one: Reading, reference: str) -> None:
        self.problems += one.problems
        if isinstance(one.found, Broken):
            self.broken.append(one.found)
        else:
            self.found.append(one.found)
        self.note(reference, dict(one.watched), list(one.shown))
        if one.waits:
            self.waits[reference] = one.waits

    def keep(self, reference: str, notes: Notes) -> None:
        if reference in notes.watched:
            self.notes.watched.setdefault(reference, notes.watched[reference])
        if reference in notes.shown:
            self.notes.shown.setdefault(reference, notes.shown[reference])

    def note(self, reference: str, watched: dict[str, str], shown: list[str]) -> None:
        if watched:
            self.notes.watched[reference] = watched
        if shown:
            self.notes.shown[reference] = shown


def look_at(
    source: Source,
    known: Mapping[str, KnownArticle],
    notes: Notes,
    gallery: Gallery,
    last_read: datetime | None,
    now: datetime,
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[Look, str]:
    """Every article of `source`, and why there is no source; what is as it was known is not read again.

    An article that was under embargo when the source was `last_read` is: its pictures come with its time.
    """
    listing = source.listing()
    look = Look(broken=list(listing.broken), problems=list(listing.problems))
    live = {one.reference: one for one in known.values() if one.withdrawn is None}
    for number, entry in enumerate(listing.entries, 1):
        progress(number)
        reference = entry.reference
        there = live.get(reference)
        watched, shown = notes.watched.get(reference, {}), notes.shown.get(reference, [])
        if (
            there is not None
            and there.content_hash == entry.content_hash
            and not (there.published <= now and (last_read is None or last_read < there.published))
            and all(source.stamp(name) == stamp for name, stamp in watched.items())
            and all(gallery.has(path) for path in shown)
        ):
            look.found.append(Found(entry))
            look.note(reference, watched, shown)
        else:
            look.take(_read(source, entry, gallery, now), reference)
    _read_shared(look, source, known, notes, gallery, now)
    for one in look.broken:
        # What is known of them stays, and with it the pictures it needs.
        look.keep(one.reference, notes)
    return look, listing.missing


def _read(source: Source, entry: Entry, gallery: Gallery, now: datetime) -> Reading:
    return read_held(entry, gallery, lambda one: source.read(one, gallery.publish), now)


def read_held(entry: Entry, gallery: Gallery, read: Callable[[Entry], Reading], now: datetime) -> Reading:
    """The article, its pictures published where it is out. Where they cannot be, it alone waits."""
    gallery.holds = True
    reading = read(entry)
    found = reading.found
    article = found.article if isinstance(found, Found) and not found.withdrawn else None
    if article is None:
        gallery.drop()
        return replace(reading, shown=())
    if article.published > now:
        return replace(reading, shown=(), waits=gallery.drop())
    try:
        gallery.flush()
    except PublishError as error:
        problem = Problem(entry.place, f"it waits, because a picture of it cannot be published: {error}")
        claim = found.claim if isinstance(found, Found) else ""
        broken = Broken(entry.reference, claim, article.access)
        return Reading(broken, (*reading.problems, problem), reading.watched)
    return reading


def _read_shared(
    look: Look,
    source: Source,
    known: Mapping[str, KnownArticle],
    notes: Notes,
    gallery: Gallery,
    now: datetime,
) -> None:
    """Read those that are as known after all, where another one claims to be the same article."""
    groups = claims(known, look.found, look.broken, notes.also)
    unread = [
        one
        for group in groups.values()
        if len(group) > 1
        for one in group
        if one.article is None and not one.withdrawn
    ]
    if unread:
        references = {one.entry.reference for one in unread}
        look.found = [one for one in look.found if one.entry.reference not in references]
        for one in unread:
            look.take(_read(source, one.entry, gallery, now), one.entry.reference)
