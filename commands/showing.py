"""An edition to be looked at: the composed one, or the one that would be, in the words of each plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.engine import Connection

from commands.composing import composed, current_teasers, fitting, with_room
from commands.context import Context, copy_of
from commands.posting import question
from commands.sync import sync_step
from newsletter import archived, editions, history
from newsletter.composition.revise import revised
from newsletter.correction_book import opened
from newsletter.corrections import Box
from newsletter.edition import Edition, Edits, NothingNew, Selection, edition_key
from newsletter.lateness import miss
from newsletter.rendering.letter import Slot
from newsletter.rendering.phrases import trial_phrase
from newsletter.rendering.render import Rendered, render
from newsletter.rendering.straight_in import links_for
from newsletter.schedule import Due, due_editions, next_due
from newsletter.upcoming import upcoming
from newsletter.variant import Audience, Variant
from newsroom.database import reading, rehearsing, sqlite_file
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


@dataclass(frozen=True, slots=True)
class Shown:
    """An edition as it would go out, and which one it is, in words for a person."""

    selection: Selection
    what: str

    @property
    def key(self) -> str:
        """The edition's key, whether or not it is composed."""
        return edition_key(self.selection.newsletter, self.selection.local_date, self.selection.slot)


@contextmanager
def aside(room: Context) -> Iterator[Context]:
    """The same newsroom on a copy of its database, with the sources as they are now: nothing is stored."""
    file = sqlite_file(room.engine)
    if file is None:
        yield room
        return
    with copy_of(file) as engine:
        elsewhere = replace(room, engine=engine)
        sync_step(elsewhere, quiet=True)
        yield elsewhere


def shown(room: Context, newsletter: Newsletter, now: datetime) -> Shown:
    """The edition that is next at `now`: the composed one, brought up to date; else the one that would be.

    No withdrawn story is in it. Raises HeldError, with the reason, where there would be no edition.
    """
    zone = room.settings.newsroom.time_zone
    with reading(room.engine) as connection:
        coming = history.open_editions(connection, newsletter.key)
        for edition in upcoming(coming, newsletter, zone, now):
            selection = _up_to_date(connection, room, newsletter, edition, now)
            if selection.has_news:
                return Shown(selection, _standing(edition, room))
    with rehearsing(room.engine) as connection:
        return _would_be(connection, room, newsletter, coming, now)


def newest(room: Context, newsletter: Newsletter) -> Shown:
    """The newest edition that was composed, as it is stored but for what was withdrawn since.

    Raises HeldError where there is none, or nothing left of it.
    """
    with reading(room.engine) as connection:
        for edition in history.latest(connection, newsletter.key):
            if edition.revision:
                stored = editions.selection_of(connection, edition.key, edition.revision)
                selection = _revised(connection, room, newsletter, stored, room.clock(), is_frozen=True)
                if selection.has_news:
                    return Shown(selection, _standing(edition, room))
                raise HeldError(f"{edition.key}: every story of it was withdrawn since")
    raise HeldError(f"{newsletter.key}: no edition was composed yet")


def _up_to_date(
    connection: Connection, room: Context, newsletter: Newsletter, edition: Edition, now: datetime
) -> Selection:
    stored = editions.selection_of(connection, edition.key, edition.revision)
    is_frozen = edition.first_handed is not None
    selection = _revised(connection, room, newsletter, stored, now, is_frozen=is_frozen, due=edition.goes)
    if is_frozen or not selection.has_news:
        return selection
    return fitting(room, newsletter, selection, "preview").selection


def _revised(
    connection: Connection,
    room: Context,
    newsletter: Newsletter,
    stored: Selection,
    now: datetime,
    *,
    is_frozen: bool,
    due: datetime | None = None,
) -> Selection:
    current = current_teasers(connection, room, stored, max(now, due or now))
    return revised(stored, room.settings.newsroom, newsletter, current, Edits(), now, is_frozen, due)


def _would_be(
    connection: Connection, room: Context, newsletter: Newsletter, coming: Sequence[Edition], now: datetime
) -> Shown:
    """What a run at `now` would compose; within a transaction that is rolled back."""
    for edition in coming:
        # As that run would: its stories are free for this one.
        miss(connection, edition.key, newsletter.latest, now)
    due = _next(connection, room, newsletter, now)
    made = composed(connection, room, newsletter, now, due.local_date, due.due)
    if isinstance(made, NothingNew):
        key = edition_key(newsletter.key, due.local_date)
        raise HeldError(f"{key}: as things are there would be no edition: {made.reason}")
    selection = with_room(room, newsletter, made, "preview").selection
    return Shown(selection, f"not composed yet; as it would be, due {_local(due.due, room)}")


def _next(connection: Connection, room: Context, newsletter: Newsletter, now: datetime) -> Due:
    zone = room.settings.newsroom.time_zone
    decided = history.decided_dates(connection, newsletter.key, now.date() - timedelta(days=40))
    due = [
        one
        for one in due_editions(newsletter, zone, now, room.installation.created, decided)
        if not one.missed
    ]
    if due:
        return due[-1]
    coming = next_due(newsletter, zone, now)
    while coming.local_date in decided:
        # Its day has its edition already, stopped or without a story: nothing else is composed for it.
        coming = next_due(newsletter, zone, coming.due)
    return coming


def _standing(edition: Edition, room: Context) -> str:
    if edition.held:
        return f"held: {edition.held}"
    if edition.finished is not None or edition.first_handed is None:
        return f"{edition.state}, due {_local(edition.due, room)}"
    return f"being handed over since {_local(edition.first_handed, room)}"


def _local(moment: datetime, room: Context) -> str:
    return moment.astimezone(room.settings.newsroom.time_zone).strftime("%Y-%m-%d %H:%M")


def box_of(room: Context, newsletter: Newsletter, now: datetime, edition: str) -> Box:
    """What a reader would be told at `now` who was sent everything uncorrected, and nothing since."""
    with reading(room.engine) as connection:
        book, _ = opened(connection, question(connection, room, newsletter, now, edition))
        return book.owed((batch, False) for batch in sorted(book.wrong))


def rendered(
    room: Context, newsletter: Newsletter, selection: Selection, plan: Plan, box: Box = ()
) -> Rendered:
    """The letter that a reader of this plan would get, with this box."""
    variant = Variant(AUDIENCES[plan], corrections=box)
    links = links_for(room.settings, variant, room.clock())
    key = edition_key(selection.newsletter, selection.local_date, selection.slot)
    with reading(room.engine) as connection:
        # Nobody was sent it yet: no page of the archive has it, and no link leads there.
        is_out = archived.find(connection, key, room.settings.delivery.provider) is not None
    newsroom, web_url = room.settings.newsroom, None if is_out else ""
    return render(selection, variant, newsroom, newsletter, links, web_url=web_url)


def example_values(language: str, unsubscribe: str, preferences: str) -> dict[Slot, str]:
    """Values for a letter's slots that belong to nobody."""
    return {
        Slot.UNSUBSCRIBE_URL: unsubscribe,
        Slot.PREFERENCES_URL: preferences,
        Slot.TRIAL: trial_phrase(TRIAL_DAYS, language),
    }
