"""Readers from where they already are, synced in each run and by `readers sync`."""

from __future__ import annotations

import time
from collections.abc import Callable

from commands.context import Context
from commands.progress import counting
from newsroom import alerts, log
from newsroom.errors import ConfigurationError, ExitStatus
from newsroom.locks import held
from newsroom.settings import ReadersSettings
from readership.row import Rules
from readership.sources.chosen import reader_source_for
from readership.sync import SyncReport, SyncRules, sync_readers
from readership.write_back import write_back


def readers_step(
    room: Context,
    places: tuple[ReadersSettings, ...] | None = None,
    *,
    allow_gone: bool = False,
    full: bool = False,
) -> None:
    """Sync each under one lock; one that fails leaves what was known and the next goes on."""
    settings = room.settings
    chosen = settings.readers if places is None else places
    if not chosen:
        return
    with room.troubles.caught("readers"), held(room.engine, "readers"):
        for place in chosen:
            with room.troubles.caught("readers", place.key):
                _sync(room, place, allow_gone=allow_gone, full=full)
            if place.write_back and not room.dry_run:
                with room.troubles.caught("readers", f"write_back:{place.key}"):
                    _tell_stops(room, place)


def note_readers(room: Context, places: tuple[ReadersSettings, ...]) -> None:
    """After a sync by itself: `status --problems` lists what these places have now, and no more what was."""
    if room.dry_run or room.troubles.skipped:
        return
    names = {place.key for place in places}

    def is_of(key: str) -> bool:
        step, *words = key.partition("#")[0].split(":")
        return step == "readers" and not names.isdisjoint(words)

    alerts.note(room.engine, room.troubles.messages, is_of, room.clock())


def chosen_places(room: Context, name: str | None) -> tuple[ReadersSettings, ...]:
    """The place of this name, or all. Raises ConfigurationError where there is none."""
    known = ", ".join(one.key for one in room.settings.readers)
    if not known:
        raise ConfigurationError(
            f"{room.settings.path}: there is no [[readers]] to sync; docs/readers.md says how to write one"
        )
    found = tuple(one for one in room.settings.readers if name in (None, one.key))
    if not found:
        raise ConfigurationError(f'{room.settings.path}: "{name}" is no [[readers]]; allowed: {known}')
    return found


def read_place(
    room: Context,
    place: ReadersSettings,
    *,
    stores: bool,
    allow_gone: bool = False,
    full: bool = False,
    progress: Callable[[int], None] | None = None,
) -> SyncReport:
    """What a sync of one place did, or without `stores` would do. Raises SourceError."""
    settings = room.settings
    zone = settings.newsroom.time_zone
    rules = SyncRules(
        rows=Rules(
            zone=zone,
            sections=frozenset(section.key for section in settings.newsroom.sections),
            newsletters=frozenset(newsletter.key for newsletter in settings.newsletters),
        ),
        address_key=settings.secrets.address_key,
        sources=tuple(one.key for one in settings.readers),
        stores=stores,
        allow_gone=allow_gone,
        full=full,
        progress=progress,
    )
    return sync_readers(room.engine, place, reader_source_for(place, zone), rules, room.clock())


def _sync(room: Context, place: ReadersSettings, *, allow_gone: bool, full: bool) -> None:
    begun = time.monotonic()
    with counting("readers") as progress:
        report = read_place(
            room, place, stores=room.stores, allow_gone=allow_gone, full=full, progress=progress
        )
    _say(room, report, time.monotonic() - begun)


def _tell_stops(room: Context, place: ReadersSettings) -> None:
    report = write_back(room.engine, place, room.clock())
    if report.problem:
        message = f"{place.key}: {report.waiting:,} stops wait to be told there: {report.problem}"
        room.troubles.add("readers", f"write_back:{place.key}", message)
    if report.told:
        log.step("write_back", source=place.key, told=report.told, waiting=report.waiting or None)


def _say(room: Context, report: SyncReport, seconds: float) -> None:
    if report.bad:
        more = f"; and {report.bad - len(report.problems)} more" if report.bad > len(report.problems) else ""
        message = f"{report.source}: {report.bad:,} readers cannot be used, and stay as they were: "
        room.troubles.add("readers", f"bad:{report.source}", message + "; ".join(report.problems) + more)
    if report.held:
        message = f"{report.source}: {report.held}"
        room.troubles.add("readers", f"held:{report.source}", message, ExitStatus.HELD)
    if report.incomplete:
        message = f"{report.source}: the list changed while it was read; who is gone is seen by the next run"
        room.troubles.warn("readers", message)
    log.step(
        "readers",
        source=report.source,
        readers=report.listed,
        new=report.new or None,
        changed=report.changed or None,
        unchanged=report.same,
        moved=report.moved or None,
        gone=report.gone or None,
        ended=report.ended or None,
        twice=report.twice or None,
        erased=report.erased or None,
        kept_stopped=report.kept_stopped or None,
        bad=report.bad or None,
        dry_run="nothing was written" if room.dry_run else None,
        seconds=seconds,
    )
