"""The sync of a source that is asked for a part of its articles at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.engine import Engine

from content import holdings, waiting_pictures
from content.arrivals import Arrivals
from content.article import Access, Picture
from content.carry_out import carry_out
from content.gallery import Gallery
from content.holdings import KnownArticle
from content.look import read_held
from content.marks import Marks
from content.named import MOST, names_of
from content.openings import Openings
from content.remote_memory import Memory
from content.sources import Broken, Found, Problem
from content.sources.remote import GoneError, Part, RemoteSource
from content.store import SourceState
from content.sync_plan import SyncPlan, held, plan_sync
from content.sync_report import SyncReport, report_of, together
from content.twins import new_urls, twins, wanted_ids
from content.wish import Wish
from newsroom.database import reading, writing
from newsroom.settings import SourceSettings


def sync_remote(
    engine: Engine,
    settings: SourceSettings,
    source: RemoteSource,
    gallery: Callable[[], Gallery],
    before: SourceState,
    now: datetime,
    wish: Wish,
) -> SyncReport:
    """Make the store as the source is: what changed, and now and then all of it, to see what is gone.

    Each part is stored by itself. Raises SourceError where the source fails; the parts before that are
    stored, and the next sync begins where this one did.
    """
    memory = Memory(engine, settings, before)
    is_asked_for = wish.full or wish.allow_withdrawals or wish.allow_opening
    full = is_asked_for or source.always_full or memory.is_full_pass_due(now)
    live = 0
    if full and source.lists_all:
        with reading(engine) as connection:
            # Before anything is stored: what comes anew is no less gone from where it was.
            live = holdings.live_count(connection, settings.key)
    arrivals = Arrivals(is_open=live > 0 and not wish.allow_withdrawals)
    openings = Openings(is_allowed=wish.allow_opening)
    try:
        return _Pass(engine, settings, source, memory, now, wish, full, live, openings, arrivals).made(
            gallery
        )
    except GoneError:
        if wish.stores:
            memory.keep(source.notes(), before.held, before.last_read, full=False)
        raise
    finally:
        source.close()


@dataclass(frozen=True, slots=True)
class _Pass:
    """One look at the source, and what has come of it so far."""

    engine: Engine
    settings: SourceSettings
    source: RemoteSource
    memory: Memory
    now: datetime
    wish: Wish
    full: bool
    live: int
    """Articles that the source had before a full pass that sees what is gone."""
    openings: Openings
    arrivals: Arrivals
    seen: Marks = field(default_factory=Marks)

    def made(self, gallery: Callable[[], Gallery]) -> SyncReport:
        """Take all the source's parts, then what only the whole of them tells."""
        report, looked = SyncReport(self.settings.key), 0
        # Whoever asks for a full pass has a reason to: a tag has another name, which no article's date tells.
        noted = {} if self.wish.full else self.memory.of_source
        for part in self.source.parts(noted, full=self.full):
            report = together(report, self._taken(part, gallery()))
            for reference in _references(part):
                self.seen.add(reference)
            looked += len(part.entries) + len(part.present)
            self.wish.progress(looked)
        doubted, is_lost = bool(report.held), False
        opened = self._opened()
        report = together(report, opened)
        if self.full and self.source.lists_all:
            left = self._withdrawn()
            is_lost = bool(left.held)
            report = together(report, left)
            if not is_lost:
                report = together(report, self._arrived())
        if self.wish.stores and (doubted or opened.held or is_lost):
            self.memory.keep_held(report.held, self.now, full=self.full, doubted=doubted, lost=is_lost)
        elif self.wish.stores:
            self.memory.keep(self.source.notes(), report.held, self.now, full=self.full)
        return report

    def _taken(self, part: Part, gallery: Gallery) -> SyncReport:
        """Store what is new or other in one part."""
        key = self.settings.key
        references = [*(entry.reference for entry in part.entries), *part.gone]
        with reading(self.engine) as connection:
            known = holdings.at_references(connection, key, references)
            shown = holdings.shown_at(connection, key, references)
        live = {one.reference: one for one in known.values() if one.withdrawn is None}
        found, broken, problems, waits = self._read(part, live, shown, gallery)
        with reading(self.engine) as connection:
            at_urls = holdings.at_urls(connection, new_urls(found, known))
            one_each = twins(found, known, at_urls, key, self.wish.order)
            known = {**known, **one_each.taken_over}
            elsewhere = holdings.elsewhere(connection, key, wanted_ids(one_each.found, known))
        plan = plan_sync(known, one_each.found, broken, self.now, elsewhere=elsewhere, is_part=True)
        # One that has come back under another reference has gone from its old one alone.
        stays = {change.article.id for change in plan.stores}
        gone = {live[reference].id for reference in part.gone if reference in live}
        plan.withdraw += sorted(gone - stays)
        here, closed = self._live_among(part.present)
        self.openings.met += closed + sum(
            one.access != Access.FREE for one in live.values() if one.reference not in part.gone
        )
        due = waiting_pictures.by_article(waits, plan, known)
        self.openings.keep_back(plan, known | elsewhere)
        self.arrivals.keep_back(plan)
        if self.wish.stores and due:
            with writing(self.engine) as connection:
                waiting_pictures.keep(connection, due)
        self._carry_out(plan, gallery.made)
        report = report_of(key, plan, problems)
        return replace(
            report,
            found=report.found + here,
            unchanged=report.unchanged + here,
            elsewhere=one_each.elsewhere,
            unplaced=part.unplaced,
            held=part.held,
            names=names_of(plan, known, self.now),
        )

    def _opened(self) -> SyncReport:
        """Open what was kept back, unless it is so much of what was closed that a person is to say so.

        A look that is a part of all that the source has counts against all that is stored; else against what
        was met, for a feed's older articles are read by nobody any more, and stay as they are.
        """
        key = self.settings.key
        if not self.openings.count:
            return SyncReport(key)
        closed = self.openings.met
        if self.source.lists_all and not self.full:
            with reading(self.engine) as connection:
                closed = holdings.closed_count(connection, key)
        why = self.openings.held(closed)
        if why:
            return SyncReport(key, held=why)
        return self._stored(self.openings.kept)

    def _withdrawn(self) -> SyncReport:
        """Withdraw what a full pass did not meet; more than half of what was live is held."""
        key = self.settings.key
        with reading(self.engine) as connection:
            listed = holdings.live_references(connection, key)
            gone = [id_ for id_, reference in listed if reference not in self.seen]
        why = "" if self.wish.allow_withdrawals else held(self.live, len(gone))
        if why or not gone:
            return SyncReport(key, held=why)
        plan = SyncPlan(withdraw=sorted(gone))
        with reading(self.engine) as connection:
            known = holdings.by_ids(connection, plan.withdraw[:MOST])
        self._carry_out(plan)
        return SyncReport(key, withdrawn=len(gone), names=names_of(plan, known, self.now))

    def _arrived(self) -> SyncReport:
        """Store what was met for the first time."""
        return self._stored(SyncPlan(insert=self.arrivals.kept))

    def _stored(self, plan: SyncPlan) -> SyncReport:
        self._carry_out(plan)
        report = report_of(self.settings.key, plan, ())
        return replace(report, names=names_of(plan, {}, self.now))

    def _carry_out(self, plan: SyncPlan, made: Mapping[str, tuple[Picture, ...]] | None = None) -> None:
        if self.wish.stores:
            carry_out(self.engine, plan, made or {}, self.now, self.wish.book)

    def _live_among(self, present: Sequence[str]) -> tuple[int, int]:
        """How many of these the source's readers have, and how many of those are not for everybody.

        Those in none of our sections are among them as well.
        """
        if not present:
            return 0, 0
        with reading(self.engine) as connection:
            known = holdings.at_references(connection, self.settings.key, present).values()
        live = [one for one in known if one.withdrawn is None]
        return len(live), sum(one.access != Access.FREE for one in live)

    def _read(
        self,
        part: Part,
        live: Mapping[str, KnownArticle],
        shown: Mapping[str, list[str]],
        gallery: Gallery,
    ) -> tuple[list[Found], list[Broken], list[Problem], dict[str, Mapping[str, bytes]]]:
        """What is in the part; what is as it was known is not read again.

        The last are files of pictures that nobody may see yet, by reference and path.
        """
        found: list[Found] = []
        waits: dict[str, Mapping[str, bytes]] = {}
        broken, problems = list(part.broken), list(part.problems)
        for entry in part.entries:
            there = live.get(entry.reference)
            pictures = shown.get(entry.reference, ())
            if there and there.content_hash == entry.content_hash and all(map(gallery.has, pictures)):
                found.append(Found(entry))
                continue
            read = read_held(entry, gallery, lambda one: self.source.read(one, gallery, self.now), self.now)
            problems += read.problems
            if read.waits:
                waits[entry.reference] = read.waits
            if isinstance(read.found, Broken):
                broken.append(read.found)
            else:
                found.append(read.found)
        return found, broken, problems, waits


def _references(part: Part) -> Iterable[str]:
    yield from (entry.reference for entry in part.entries)
    yield from (one.reference for one in part.broken)
    yield from part.present
