"""A sync: a source read, what it changes decided, and that stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

from sqlalchemy.engine import Connection, Engine

from content import store
from content.article import Picture
from content.claims import claims
from content.gallery import Gallery
from content.sources import Broken, Found, Problem, PublishPicture, Reading, Source
from content.sources.chosen import source_for
from content.store import KnownArticle, SourceState
from content.sync_plan import Change, SyncPlan, plan_sync
from newsroom.database import reading, writing
from newsroom.errors import SourceError
from newsroom.masthead import Newsroom
from newsroom.settings import SourceSettings

__all__ = ["Problem", "SyncReport", "sync_source"]

_T = TypeVar("_T")

_AT_ONCE = 500
"""Articles that are stored in one transaction: nobody else waits longer than that for the database."""


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync of one source found and did; with `dry_run` or when held, what it would have done.

    Embargoed articles are a number here and nothing else.
    """

    source: str
    found: int = 0
    """Different articles that the source has and that can be used."""
    inserted: int = 0
    updated: int = 0
    moved: int = 0
    withdrawn: int = 0
    restored: int = 0
    unchanged: int = 0
    twice: int = 0
    embargoed: int = 0
    held: str = ""
    """Why nothing was changed; empty where it was not held."""
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class _Notes:
    """What is remembered of a source between two runs, in `SourceState.state`."""

    watched: dict[str, dict[str, str]] = field(default_factory=dict)
    """By reference, the pictures that were looked for, each with its stamp."""
    shown: dict[str, list[str]] = field(default_factory=dict)
    """By reference, the published pictures."""
    also: dict[str, str] = field(default_factory=dict)
    """The further places of articles listed twice."""
    unfinished: bool = False
    """A run began to store and did not end: what is noted may be ahead of what is stored."""

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> _Notes:
        return cls(
            watched=dict(state.get("watched", {})),
            shown=dict(state.get("shown", {})),
            also=dict(state.get("also", {})),
            unfinished=bool(state.get("unfinished")),
        )

    @property
    def state(self) -> dict[str, Any]:
        return {"watched": self.watched, "shown": self.shown, "also": self.also}


@dataclass(slots=True)
class _Look:
    """A source, looked at once: what was found, and what is to be remembered of it."""

    found: list[Found] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: _Notes = field(default_factory=_Notes)

    def take(self, one: Reading, reference: str) -> None:
        self.problems += one.problems
        if isinstance(one.found, Broken):
            self.broken.append(one.found)
        else:
            self.found.append(one.found)
        self.note(reference, dict(one.watched), list(one.shown))

    def keep(self, reference: str, notes: _Notes) -> None:
        if reference in notes.watched:
            self.notes.watched.setdefault(reference, notes.watched[reference])
        if reference in notes.shown:
            self.notes.shown.setdefault(reference, notes.shown[reference])

    def note(self, reference: str, watched: dict[str, str], shown: list[str]) -> None:
        if watched:
            self.notes.watched[reference] = watched
        if shown:
            self.notes.shown[reference] = shown


def sync_source(
    engine: Engine,
    source: SourceSettings,
    newsroom: Newsroom,
    public_dir: Path,
    now: datetime,
    *,
    dry_run: bool = False,
    allow_withdrawals: bool = False,
) -> SyncReport:
    """Make the store as `source` is. Pictures are published first, outside of any transaction.

    With `dry_run` nothing is written anywhere. Whoever calls it holds the sync's lock. Raises SourceError
    where the source cannot be read at all, PublishError where a picture cannot be written, StoreError where
    the database fails; what is known stays in each case.
    """
    with reading(engine) as connection:
        known = store.known(connection, source.key)
        before = store.source_state(connection, source.key)

    def remembered(source_hash: str) -> tuple[Picture, ...] | None:
        with reading(engine) as connection:
            return store.picture(connection, source_hash)

    gallery = Gallery(public_dir, remembered, dry_run=dry_run)
    notes = _Notes.of(before.state)
    try:
        chosen = source_for(source, newsroom)
        look, missing = _look(chosen, known, notes, gallery)
        if missing and (allow_withdrawals or all(one.withdrawn for one in known.values())):
            raise SourceError(f"{source.key}: {missing}; mount it, or mend `path` in newsroom.toml")
    except SourceError as error:
        if not dry_run:
            with writing(engine) as connection:
                failed = SourceState(before.last_read, str(error), before.held, before.state)
                store.set_source_state(connection, source.key, failed)
        raise
    plan = _planned(engine, source.key, known, look, notes, now, missing, allow_withdrawals=allow_withdrawals)
    look.notes.also = plan.also
    if not dry_run:
        _store(engine, source.key, plan, gallery, look.notes, before, now)
    return _report(source.key, plan, look)


def _look(
    source: Source, known: Mapping[str, KnownArticle], notes: _Notes, gallery: Gallery
) -> tuple[_Look, str]:
    """Every article of `source`; what is as it was known is not read again."""
    listing = source.listing()
    look = _Look(broken=list(listing.broken), problems=list(listing.problems))
    live = {one.reference: one for one in known.values() if one.withdrawn is None}
    for entry in listing.entries:
        reference = entry.reference
        there = live.get(reference)
        watched, shown = notes.watched.get(reference, {}), notes.shown.get(reference, [])
        if (
            not notes.unfinished
            and there is not None
            and there.content_hash == entry.content_hash
            and all(source.stamp(name) == stamp for name, stamp in watched.items())
            and all(gallery.has(path) for path in shown)
        ):
            look.found.append(Found(entry))
            look.note(reference, watched, shown)
        else:
            look.take(source.read(entry, gallery.publish), reference)
    _read_shared(look, source, known, notes, gallery.publish)
    for one in look.broken:
        # What is known of them stays, and with it the pictures it needs.
        look.keep(one.reference, notes)
    return look, listing.missing


def _read_shared(
    look: _Look, source: Source, known: Mapping[str, KnownArticle], notes: _Notes, publish: PublishPicture
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
            look.take(source.read(one.entry, publish), one.entry.reference)


def _planned(
    engine: Engine,
    key: str,
    known: Mapping[str, KnownArticle],
    look: _Look,
    notes: _Notes,
    now: datetime,
    missing: str,
    *,
    allow_withdrawals: bool,
) -> SyncPlan:
    named = {one.claim for one in look.found if one.claim} - known.keys()
    elsewhere: dict[str, KnownArticle] = {}
    if named:
        with reading(engine) as connection:
            elsewhere = store.elsewhere(connection, key, named)
    return plan_sync(
        known,
        look.found,
        look.broken,
        now,
        allow_withdrawals=allow_withdrawals,
        also=notes.also,
        elsewhere=elsewhere,
        missing=missing,
    )


def _store(
    engine: Engine,
    key: str,
    plan: SyncPlan,
    gallery: Gallery,
    notes: _Notes,
    before: SourceState,
    now: datetime,
) -> None:
    """Carry the plan out. A run that is killed in between has stored whole articles, and the next goes on."""
    if gallery.made:
        with writing(engine) as connection:
            for source_hash, sizes in gallery.made.items():
                store.remember_picture(connection, source_hash, sizes, now)
    if not plan.held:
        for some in _in_parts(plan.insert):
            with writing(engine) as connection:
                _insert(connection, some, plan, now)
        for some in _in_parts(plan.stores):
            with writing(engine) as connection:
                for change in some:
                    store.update(connection, change.article, change.content_hash, now, changed=change.changed)
        for ids in _in_parts(plan.withdraw):
            with writing(engine) as connection:
                store.withdraw(connection, ids, now)
    state = before.state if plan.held else notes.state
    after = SourceState(now, "", plan.held, state)
    with writing(engine) as connection:
        store.set_source_state(connection, key, after)


def _insert(connection: Connection, changes: Iterable[Change], plan: SyncPlan, now: datetime) -> None:
    taken_back = set(plan.withdraw)
    for change in changes:
        store.insert(connection, change.article, change.content_hash, now)
        if change.article.id in taken_back:
            # In one transaction with its coming: it is in no list for a moment.
            store.withdraw(connection, [change.article.id], now)


def _in_parts(values: Sequence[_T]) -> Iterator[Sequence[_T]]:
    return (values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE))


def _report(key: str, plan: SyncPlan, look: _Look) -> SyncReport:
    new = {change.article.id for change in plan.insert}
    inserted = len(new.difference(plan.withdraw))
    problems = (*look.problems, *plan.problems)
    severity: tuple[Literal["error", "warning"], ...] = ("error", "warning")
    return SyncReport(
        source=key,
        found=inserted + len(plan.update) + len(plan.move) + len(plan.restore) + plan.unchanged,
        inserted=inserted,
        updated=len(plan.update),
        moved=len(plan.move),
        withdrawn=len(plan.withdraw),
        restored=len(plan.restore),
        unchanged=plan.unchanged,
        twice=plan.twice,
        embargoed=plan.embargoed,
        held=plan.held,
        problems=tuple(sorted(problems, key=lambda one: (severity.index(one.severity), one.place))),
    )
