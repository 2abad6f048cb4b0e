"""The sources of an edition, asked once more right before it goes out.

A story that was withdrawn or embargoed since is then taken out, one that was made paid or free is shown so.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from commands.context import Context
from commands.sync import sync_step
from commands.troubles import Troubles
from content.store import source_state
from content.whose import sources_of
from newsletter import editions
from newsletter.edition import Edition
from newsroom import unforeseen
from newsroom.database import reading
from newsroom.settings import SourceSettings

FRESH = 60.0
"""Seconds: a source that this very run has read so lately is not asked again."""

LIMIT = 60.0
"""Seconds that an edition waits for its sources."""

AGAIN = "it failed as before"

_TICK = 0.2


def ask_again(room: Context, edition: Edition, is_over: Callable[[], bool] = lambda: False) -> None:
    """Read the sources that the edition has stories from. One that is away, or too slow, is said and stops
    nothing: the edition goes out with what is known. Ends early once `is_over`."""
    which = _sources(room, edition)
    if not which:
        return
    since = _since(room, which)
    # Of its own: what it says after the wait is over is no trouble of this run's.
    said = frozenset(room.troubles.messages.values())
    aside = replace(room, troubles=Troubles(told=said))
    reading_them = threading.Thread(target=_read, args=(aside, which), name="sources", daemon=True)
    reading_them.start()
    end = time.monotonic() + LIMIT
    while reading_them.is_alive() and time.monotonic() < end and not is_over():
        reading_them.join(_TICK)
    if reading_them.is_alive():
        _say(room, edition, which, f"nothing complete came within {LIMIT:g} s", since)
    elif aside.troubles.skipped:
        _say(room, edition, which, "another run is reading them now", since)
    elif aside.troubles.messages:
        why = [AGAIN if one in said else one for one in aside.troubles.messages.values()]
        _say(room, edition, which, "; ".join(dict.fromkeys(why)), since)


def _sources(room: Context, edition: Edition) -> tuple[SourceSettings, ...]:
    if edition.revision == 0:
        return ()
    with reading(room.engine) as connection:
        stories = editions.selection_of(connection, edition.key, edition.revision).stories
        keys = sources_of(connection, [story.teaser.id for story in stories])
    now = time.monotonic()
    return tuple(
        source
        for source in room.settings.sources
        if source.key in keys and now - room.asked.get(source.key, -FRESH) >= FRESH
    )


def _read(room: Context, which: Sequence[SourceSettings]) -> None:
    try:
        sync_step(room, tuple(which))
    except Exception as error:  # noqa: BLE001 - a thread that has died tells nobody, and the edition goes on
        room.troubles.warn("deliver", unforeseen.said(error))


def _say(room: Context, edition: Edition, which: Sequence[SourceSettings], why: str, since: str) -> None:
    names = ", ".join(source.key for source in which)
    message = f"{edition.key}: {names} was asked once more: {why}; it goes out with what is known{since}"
    room.troubles.warn("deliver", message)


def _since(room: Context, which: Sequence[SourceSettings]) -> str:
    """As of when the oldest of these sources is known, in words."""
    with reading(room.engine) as connection:
        ages = [source_state(connection, source.key).last_read for source in which]
    known = [age for age in ages if age is not None]
    zone = room.settings.newsroom.time_zone
    return f", as of {min(known).astimezone(zone):%Y-%m-%d %H:%M}" if known else ""
