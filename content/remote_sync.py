"""The sync of a source that is asked for a part of its articles at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Engine

from content import store, waiting_pictures
from content.arrivals import Arrivals
from content.article import Access
from content.carry_out import carry_out
from content.gallery import Gallery
from content.look import read_held
from content.marks import Marks
from content.named import MOST, names_of
from content.openings import Openings
from content.patience import forgotten
from content.sources import Broken, Found, Problem
from content.sources.remote import GoneError, Part, RemoteSource
from content.store import KnownArticle, SourceState
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
    notes = before.state
    is_asked_for = wish.full or wish.allow_withdrawals or wish.allow_opening
    full = is_asked_for or source.always_full or _is_due(notes, settings, now)
    report = SyncReport(settings.key)
    seen, openings = Marks(), Openings(is_allowed=wish.allow_opening)
    with reading(engine) as connection:
        # Before anything is stored: what comes anew is no less gone from where it was.
        live = store.live_count(connection, settings.key) if full and source.lists_all else 0
    arrivals = Arrivals(is_open=live > 0 and not wish.allow_withdrawals)
    looked = 0
    try:
        # Whoever asks for a full pass has a reason to: a tag has another name, which no article's date tells.
        of_source = {} if wish.full else notes.get("source", {})
        for part in source.parts(of_source, full=full):
            done = _sync_part(engine, settings, source, part, gallery(), now, wish, openings, arrivals)
            report = together(report, done)
            for reference in _references(part):
                seen.add(reference)
            looked += len(part.entries) + len(part.present)
            wish.progress(looked)
        doubted, is_lost = report.held, False
        opened = _open(engine, settings, openings, now, wish, is_part=source.lists_all and not full)
        waits = doubted or opened.held
        report = together(report, opened)
        if full and source.lists_all:
            left = _withdraw(engine, settings, seen, live, now, wish)
            is_lost = bool(left.held)
            report = together(report, left)
            if not is_lost:
                report = together(report, _arrive(engine, settings, arrivals, now, wish))
        if wish.stores and (waits or is_lost):
            is_doubted = bool(doubted)
            _remember_held(
                engine, settings, before, report.held, now, full=full, doubted=is_doubted, lost=is_lost
            )
        elif wish.stores:
            _remember(engine, settings, source, report.held, before, now, full=full)
    except GoneError:
        if wish.stores:
            _remember(engine, settings, source, before.held, before, before.last_read, full=False)
        raise
    finally:
        source.close()
    return report


def _sync_part(
    engine: Engine,
    settings: SourceSettings,
    source: RemoteSource,
    part: Part,
    gallery: Gallery,
    now: datetime,
    wish: Wish,
    openings: Openings,
    arrivals: Arrivals,
) -> SyncReport:
    key = settings.key
    references = [*(entry.reference for entry in part.entries), *part.gone]
    with reading(engine) as connection:
        known = store.known_at(connection, key, references)
        shown = store.shown_at(connection, key, references)
    live = {one.reference: one for one in known.values() if one.withdrawn is None}
    found, broken, problems, waits = _read(source, part, live, shown, gallery, now)
    with reading(engine) as connection:
        at_urls = store.at_urls(connection, new_urls(found, known))
        one_each = twins(found, known, at_urls, key, wish.order)
        known = {**known, **one_each.taken_over}
        elsewhere = store.elsewhere(connection, key, wanted_ids(one_each.found, known))
    plan = plan_sync(known, one_each.found, broken, now, elsewhere=elsewhere, is_part=True)
    # One that has come back under another reference has gone from its old one alone.
    stays = {change.article.id for change in plan.stores}
    gone = {live[reference].id for reference in part.gone if reference in live}
    plan.withdraw += sorted(gone - stays)
    here, closed = _live_among(engine, key, part.present)
    openings.met += closed + sum(
        one.access != Access.FREE for one in live.values() if one.reference not in part.gone
    )
    due = _by_article(waits, plan, known)
    openings.keep_back(plan, known | elsewhere)
    arrivals.keep_back(plan)
    if wish.stores:
        if due:
            with writing(engine) as connection:
                waiting_pictures.keep(connection, due)
        carry_out(engine, plan, gallery.made, now, wish.book)
    report = report_of(key, plan, problems)
    return replace(
        report,
        found=report.found + here,
        unchanged=report.unchanged + here,
        elsewhere=one_each.elsewhere,
        unplaced=part.unplaced,
        held=part.held,
        names=names_of(plan, known, now),
    )


def _open(
    engine: Engine, settings: SourceSettings, openings: Openings, now: datetime, wish: Wish, *, is_part: bool
) -> SyncReport:
    """Open what was kept back, unless it is so much of what was closed that a person is to say so.

    With `is_part` that is all that the source has; else what was met, for a feed's older articles are read
    by nobody any more, and stay as they are.
    """
    if not openings.count:
        return SyncReport(settings.key)
    closed = openings.met
    if is_part:
        with reading(engine) as connection:
            closed = store.closed_count(connection, settings.key)
    why = openings.held(closed)
    if why:
        return SyncReport(settings.key, held=why)
    if wish.stores:
        carry_out(engine, openings.kept, {}, now, wish.book)
    report = report_of(settings.key, openings.kept, ())
    return replace(report, names=names_of(openings.kept, {}, now))


def _arrive(
    engine: Engine, settings: SourceSettings, arrivals: Arrivals, now: datetime, wish: Wish
) -> SyncReport:
    """Store what was met for the first time."""
    plan = SyncPlan(insert=arrivals.kept)
    if wish.stores:
        carry_out(engine, plan, {}, now, wish.book)
    return replace(report_of(settings.key, plan, ()), names=names_of(plan, {}, now))


def _by_article(
    waits: Mapping[str, Mapping[str, bytes]], plan: SyncPlan, known: Mapping[str, KnownArticle]
) -> dict[str, Mapping[str, bytes]]:
    """Files by the id of their article; those of one that is not stored are left out."""
    ids = {one.reference: one.id for one in known.values()}
    ids |= {one.article.reference: one.article.id for one in (*plan.insert, *plan.stores)}
    return {ids[reference]: files for reference, files in waits.items() if reference in ids}


def _live_among(engine: Engine, source: str, present: Sequence[str]) -> tuple[int, int]:
    """How many of these the source's readers have, and how many of those are not for everybody.

    Those in none of our sections are among them as well.
    """
    if not present:
        return 0, 0
    with reading(engine) as connection:
        known = store.known_at(connection, source, present).values()
    live = [one for one in known if one.withdrawn is None]
    return len(live), sum(one.access != Access.FREE for one in live)


def _read(
    source: RemoteSource,
    part: Part,
    live: Mapping[str, KnownArticle],
    shown: Mapping[str, list[str]],
    gallery: Gallery,
    now: datetime,
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
        reading_ = read_held(entry, gallery, lambda one: source.read(one, gallery, now), now)
        problems += reading_.problems
        if reading_.waits:
            waits[entry.reference] = reading_.waits
        if isinstance(reading_.found, Broken):
            broken.append(reading_.found)
        else:
            found.append(reading_.found)
    return found, broken, problems, waits


def _withdraw(
    engine: Engine, settings: SourceSettings, seen: Marks, live: int, now: datetime, wish: Wish
) -> SyncReport:
    """Withdraw what a full pass did not meet; where that is more than half of what was `live`, it is held."""
    gone = []
    with reading(engine) as connection:
        for id_, reference in store.live_references(connection, settings.key):
            if reference not in seen:
                gone.append(id_)
    why = "" if wish.allow_withdrawals else held(live, len(gone))
    if why or not gone:
        return SyncReport(settings.key, held=why)
    plan = SyncPlan(withdraw=sorted(gone))
    with reading(engine) as connection:
        known = store.known_as(connection, plan.withdraw[:MOST])
    if wish.stores:
        carry_out(engine, plan, {}, now, wish.book)
    return SyncReport(settings.key, withdrawn=len(gone), names=names_of(plan, known, now))


def _references(part: Part) -> Iterable[str]:
    yield from (entry.reference for entry in part.entries)
    yield from (one.reference for one in part.broken)
    yield from part.present


def _is_due(notes: Mapping[str, Any], settings: SourceSettings, now: datetime) -> bool:
    """Whether it is time for a full pass: after `full_every`, and where the source is set up otherwise."""
    last = notes.get("full")
    if last is None or notes.get("settings") != _print(settings):
        return True
    return now - datetime.fromisoformat(last) >= settings.full_every


def _remember_held(
    engine: Engine,
    settings: SourceSettings,
    before: SourceState,
    why: str,
    now: datetime,
    *,
    full: bool,
    doubted: bool,
    lost: bool,
) -> None:
    """Remember why it waits, and nothing of the pass: the next one meets the same, until it is decided.

    Only a full one sees what is `lost`.
    """
    state = forgotten(before.state)
    if doubted:
        state["source"] = {**state.get("source", {}), "doubted": True}
        state |= {"full": now.isoformat()} if full else {}
    if lost:
        state["full"] = None
    with writing(engine) as connection:
        held = SourceState(before.last_read, "", why, state)
        store.set_source_state(connection, settings.key, held)


def _remember(
    engine: Engine,
    settings: SourceSettings,
    source: RemoteSource,
    held_why: str,
    before: SourceState,
    read: datetime | None,
    *,
    full: bool,
) -> None:
    """Remember how far the source was read, and when (`read`)."""
    state = {
        "source": dict(source.notes()),
        "full": read.isoformat() if full and read else before.state.get("full"),
        "settings": _print(settings),
    }
    with writing(engine) as connection:
        store.set_source_state(connection, settings.key, SourceState(read, "", held_why, state))


def _print(settings: SourceSettings) -> str:
    return hashlib.sha256(repr(settings).encode()).hexdigest()
