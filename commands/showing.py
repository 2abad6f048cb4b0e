"""An edition to be looked at: the composed one, or the one that would be, in the words of each plan."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import Connection

from commands.composing import composed, current_teasers, with_room
from commands.context import Context
from commands.sync import sync_step
from newsletter import editions, history
from newsletter.edition import Edits, NothingNew, Selection
from newsletter.letter import Slot
from newsletter.phrases import trial_phrase
from newsletter.render import Rendered, render
from newsletter.revise import revised
from newsletter.schedule import next_due
from newsletter.variant import Audience, Variant
from newsroom.database import engine_for, reading, sqlite_file
from newsroom.errors import HeldError
from newsroom.masthead import Newsletter
from readership.reader import Plan

TRIAL_DAYS = 9
"""What a trial reader of a preview has left."""

AUDIENCES = {
    Plan.FREE: Audience.FREE,
    Plan.TRIAL: Audience.TRIAL,
    Plan.PAID: Audience.MEMBER,
    Plan.GROUP: Audience.MEMBER,
}


@contextmanager
def aside(room: Context) -> Iterator[Context]:
    """The same newsroom on a copy of its database, with the sources as they are now: nothing is stored."""
    file = sqlite_file(room.engine)
    if file is None:
        yield room
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "aside.db"
        original, target = sqlite3.connect(file), sqlite3.connect(copy)
        original.backup(target)
        original.close()
        target.close()
        engine = engine_for(f"sqlite:///{copy}")
        try:
            elsewhere = replace(room, engine=engine)
            sync_step(elsewhere, quiet=True)
            yield elsewhere
        finally:
            engine.dispose()


def shown(room: Context, newsletter: Newsletter, now: datetime) -> Selection:
    """The edition that is composed and not out yet, brought up to date; else what one would be at `now`.

    Raises HeldError, with the reason, where there is nothing new.
    """
    with reading(room.engine) as connection:
        coming = _coming(connection, room, newsletter, now)
        if coming is not None:
            return coming
        coming_due = next_due(newsletter, room.settings.newsroom.time_zone, now)
        made = composed(connection, room, newsletter, now, coming_due.local_date, coming_due.due)
    if isinstance(made, NothingNew):
        raise HeldError(f"{newsletter.key}: there would be no edition: {made.reason}")
    return with_room(room, newsletter, made, "preview").selection


def newest(room: Context, newsletter: Newsletter) -> Selection:
    """The newest edition that was composed, as it is stored. Raises HeldError where there is none."""
    with reading(room.engine) as connection:
        for edition in history.latest(connection, newsletter.key):
            if edition.revision:
                return editions.selection_of(connection, edition.key, edition.revision)
    raise HeldError(f"{newsletter.key}: no edition was composed yet")


def _coming(connection: Connection, room: Context, newsletter: Newsletter, now: datetime) -> Selection | None:
    for edition in history.open_editions(connection, newsletter.key):
        if edition.revision:
            selection = editions.selection_of(connection, edition.key, edition.revision)
            current = current_teasers(connection, room, selection, now)
            handed = edition.first_handed is not None
            newsroom, due = room.settings.newsroom, edition.due
            return revised(selection, newsroom, newsletter, current, Edits(), now, handed, due)
    return None


def rendered(room: Context, newsletter: Newsletter, selection: Selection, plan: Plan) -> Rendered:
    """The letter that a reader of this plan would get."""
    return render(selection, Variant(AUDIENCES[plan]), room.settings.newsroom, newsletter)


def example_values(language: str, unsubscribe: str) -> dict[Slot, str]:
    """Values for a letter's slots that belong to nobody."""
    return {Slot.UNSUBSCRIBE_URL: unsubscribe, Slot.TRIAL: trial_phrase(TRIAL_DAYS, language)}
