"""What an edition is made from, gathered from the store: the shell around `composition.compose`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date, datetime

from sqlalchemy.engine import Connection

from commands.context import Context
from content import catalogue
from content.teaser import Teaser
from newsletter import history, used_stories
from newsletter.breaker import Limits, breaker
from newsletter.composition.compose import Material, compose, window_start
from newsletter.composition.eligibility import before_missed
from newsletter.desk.editing import current
from newsletter.edition import Composition, Edits, NothingNew, Selection, edition_key
from newsletter.rendering.budget import Fitted
from newsletter.rendering.phrases import phrases
from newsroom import log
from newsroom.masthead import Newsletter
from readership import store


def material(
    connection: Connection,
    room: Context,
    newsletter: Newsletter,
    now: datetime,
    *,
    due: datetime | None = None,
    but: str = "",
) -> Material:
    """What an edition of `newsletter` composed at `now` could have; `but` is one that does not count.

    The bookings are those that run at `due`, where that is later; an embargoed one waits for its time. Within
    the newsletter's window, stories embargoed until its hour at the latest are there for its editors to see.
    """
    until = _until(newsletter, now, due)
    provider = room.settings.delivery.provider
    paywall = room.settings.newsroom.paywall
    before = history.previous(connection, newsletter.key, provider)
    previous = before.composed if before else None
    if before is None:
        missed = history.first_missed(connection, newsletter.key)
        previous = before_missed(missed.due) if missed else None
    start = window_start(previous, now)
    news = catalogue.published_between(connection, start, until, paywall)
    readmitted = catalogue.readmitted(connection, until, paywall)
    left = used_stories.carried(connection, newsletter.key, now - newsletter.carry_over, provider, but)
    carried = tuple(catalogue.by_ids(connection, left, now, paywall).values())
    ids = {teaser.id for teaser in (*news, *readmitted, *carried)}
    return Material(
        news=news,
        readmitted=readmitted,
        carried=carried,
        bookings=[
            booking
            for booking in catalogue.running(connection, None, max(now, due or now), paywall)
            if booking.published <= until
        ],
        used=used_stories.used(connection, newsletter.key, ids, provider, but),
        previous=previous,
    )


def composed(
    connection: Connection,
    room: Context,
    newsletter: Newsletter,
    now: datetime,
    local_date: date,
    due: datetime,
    *,
    slot: str = "",
    edits: Edits | None = None,
    but: str = "",
) -> Composition | NothingNew:
    """The edition of that date, due at `due`, as it would be composed at `now`."""
    return compose(
        room.settings.newsroom,
        newsletter,
        material(connection, room, newsletter, now, due=due, but=but),
        edits or Edits(),
        now,
        local_date,
        slot,
        phrases(newsletter.language).day(local_date),
        due,
        _until(newsletter, now, due),
    )


def _until(newsletter: Newsletter, now: datetime, due: datetime | None) -> datetime:
    """Until when a story may be embargoed that is in it: it is looked at again when it goes out."""
    is_window = due is not None and now < due <= now + newsletter.hold
    return due if due is not None and is_window else now


def with_room(room: Context, newsletter: Newsletter, made: Composition, step: str) -> Composition:
    """The composition without the stories that a mail has no room for: they are left out for room."""
    found = fitting(room, newsletter, made.selection, step)
    return replace(made, selection=found.selection, left_out=made.left_out + found.left_out)


def fitting(room: Context, newsletter: Newsletter, selection: Selection, step: str) -> Fitted:
    """The selection as far as a mail has room for it; what was shortened is said as a warning of `step`.

    Raises RenderError where not even its lead fits.
    """
    # What renders takes a while to import, and looking ahead needs none of it.
    from newsletter.composition.fit import fitted

    found = fitted(selection, room.settings.newsroom, newsletter)
    if found.shortened:
        key = edition_key(newsletter.key, selection.local_date, selection.slot)
        said = "; ".join(found.shortened)
        log.problem(step, f"{key}: more than a mail has room for: {said}", level="warning")
    return found


def current_teasers(
    connection: Connection, room: Context, selection: Selection, now: datetime
) -> Mapping[str, Teaser]:
    """The selection's articles as they are now; those withdrawn or embargoed since are not in it."""
    return current(connection, room.settings.newsroom, selection.stories, now)


def too_big(connection: Connection, room: Context, newsletter: Newsletter, fresh: int) -> str | None:
    """Why the circuit breaker holds an edition with `fresh` new stories, or None."""
    return breaker(
        fresh,
        store.count(connection, newsletter.key),
        history.past(connection, newsletter.key, room.settings.delivery.provider),
        Limits(**asdict(room.settings.delivery.breaker)),
    )
