"""What a person does to an edition: hold it, let it go, stop it, let it go on. Each is in the edition's log.

Every function works inside the writing transaction of the connection it is given.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter import used_stories
from newsletter.delivery.sums import sum_of
from newsletter.edition import BY_HAND, BatchState, DeliveryState, Edition, EditionState
from newsletter.edition_row import COLUMNS, from_row
from newsletter.editions import get, locked, log
from newsletter.tables import batches, deliveries, editions
from newsroom.errors import HeldError, MisuseError

NOT_ASKED = "its provider was not asked yet"
"""Why what a provider keeps of an edition that was stopped this moment is not taken back."""

_UNDECIDED = (DeliveryState.PLANNED, DeliveryState.HANDED, DeliveryState.UNCERTAIN)
"""Whom a stopped edition may still be handed over to, once a person has said something of it."""

STOPPED = "stopped"
"""How the line of an edition's log begins that says who stopped it."""

HANDED_BEFORE = "handed over before the database was restored: to whom, only the provider's log knows"


def hold(connection: Connection, key: str, why: str, by: str, now: datetime) -> Edition:
    """Keep the edition from going out, or from going on. One that was sent before its hour has its hour back
    where that is to come. Raises MisuseError once it is over."""
    edition = locked(connection, key)
    if not edition.is_open:
        raise MisuseError(f"{key} is {edition.state}: there is nothing left to hold")
    values: dict[str, Any] = {"held": why or BY_HAND}
    if edition.first_handed is None and edition.goes < edition.due and now < edition.due:
        values |= {"goes": None}
    connection.execute(sa.update(editions).where(editions.c.key == key).values(values))
    log(connection, key, now, by, f"held: {why or BY_HAND}")
    return get(connection, key)


def release(connection: Connection, key: str, by: str, now: datetime, *, at_once: bool = False) -> Edition:
    """Let a held edition go at its hour; with `at_once` now, held or not. One that was held because nothing
    was new is skipped instead.

    Raises MisuseError where it is not held, or waits for no hour that it could be sent before.
    """
    edition = locked(connection, key)
    waits = edition.state is EditionState.COMPOSED and edition.revision > 0 and edition.goes > now
    if not edition.held and not (at_once and waits):
        raise MisuseError(_why_not(edition, at_once=at_once))
    values: dict[str, Any] = {"held": ""} | _however_late(edition, now)
    what = "released" if edition.held else ""
    if edition.revision == 0:
        values |= {"state": EditionState.SKIPPED.value, "finished": now}
        what = "skipped: nothing was new"
    elif at_once and waits:
        values |= {"goes": now}
        what = "released at once" if edition.held else "let go at once, before its hour"
    connection.execute(sa.update(editions).where(editions.c.key == key).values(values))
    log(connection, key, now, by, what)
    return get(connection, key)


def _however_late(edition: Edition, now: datetime) -> dict[str, bool]:
    """Whoever lets it go after its hour knows how late it is. Before that nobody means it to go a day late:
    `latest` counts as ever."""
    return {"released": True} if now >= edition.goes else {}


def _why_not(edition: Edition, *, at_once: bool) -> str:
    if at_once and edition.is_open:
        return f"{edition.key} waits for nothing: it goes out with the next run"
    return f"{edition.key} is not held: it is {edition.state}"


def stop(connection: Connection, key: str, why: str, by: str, now: datetime) -> Edition:
    """End the edition. Where nothing of it was handed over yet, its stories are free for the next one.

    Raises MisuseError once it is over.
    """
    edition = locked(connection, key)
    # What its provider keeps for a while can be taken back when everything is handed over, and once more
    # where that failed.
    is_handed = edition.state in (EditionState.SENT, EditionState.STOPPED)
    if not edition.is_open and not (is_handed and is_kept(connection, edition, now)):
        raise MisuseError(f"{key} is {edition.state}: there is nothing left to stop")
    # What it was held for stays in its row: `resume` takes back the stop, and not the hold.
    # Whoever resumes it has to know that it was handed over before, whatever else it is stopped for.
    is_restored = edition.note == HANDED_BEFORE
    note = edition.note if is_restored or not why else why
    values: dict[str, Any] = {"state": EditionState.STOPPED.value, "note": note}
    if is_kept(connection, edition, now):
        # Whoever is killed before its provider has answered leaves it to the next run.
        said = editions.c.not_recalled
        values["not_recalled"] = sa.case((said == "", NOT_ASKED), else_=said)
    connection.execute(sa.update(editions).where(editions.c.key == key).values(values))
    log(connection, key, now, by, f"{STOPPED}: {why}" if why else STOPPED)
    return get(connection, key)


def count_as_sent(
    connection: Connection, key: str, provider: str, by: str, now: datetime, *, is_doubted: bool = False
) -> bool:
    """Stop an edition that was handed over by a database that is no more, its stories used; False, and
    nothing is done, where this database has it as handed over and ended as well.

    One that is stopped here may have been resumed there: it is as doubtful as an open one. `provider` is the
    one in use now: it stands for the one that nobody remembers. `is_doubted`: also where all are handed over,
    for nobody knows whether they still are.
    """
    edition = locked(connection, key)
    if edition.first_handed is not None and not (is_doubted or _is_open(connection, edition)):
        return False
    if edition.state is EditionState.STOPPED and edition.note == HANDED_BEFORE:
        return True
    values: dict[str, Any] = {"state": EditionState.STOPPED.value, "note": HANDED_BEFORE, "held": ""}
    if edition.first_handed is None and edition.revision:
        values |= {"first_handed": max(edition.due, edition.composed or edition.due), "provider": provider}
    connection.execute(sa.update(editions).where(editions.c.key == key).values(values))
    log(connection, key, now, by, f"{STOPPED}: {HANDED_BEFORE}")
    return True


def _is_open(connection: Connection, edition: Edition) -> bool:
    """Whether anybody may get more of an edition that was handed over, of itself or once it is resumed."""
    if edition.state is not EditionState.STOPPED:
        return edition.is_open
    found = sum_of(connection, edition.key)
    return found.candidates is None or any(map(found.of, _UNDECIDED))


def resumable(connection: Connection, since: datetime) -> tuple[str, ...]:
    """The keys of the stopped editions due after `since` that somebody has and others would get, once they
    are resumed; the earliest first. Of those handed over before a restore `resume` asks as it is."""
    query = (
        sa.select(*COLUMNS)
        .where(
            editions.c.state == EditionState.STOPPED.value,
            editions.c.first_handed.is_not(None),
            editions.c.note != HANDED_BEFORE,
            editions.c.due >= since,
        )
        .order_by(editions.c.due, editions.c.key)
    )
    found = map(from_row, connection.execute(query).all())
    return tuple(edition.key for edition in found if _is_open(connection, edition))


def undecided(connection: Connection, since: datetime) -> dict[str, int]:
    """Of how many readers nobody knows whether they got theirs after this database was saved, by edition: the
    stopped ones due after `since` that were half out then."""
    query = (
        sa.select(editions.c.key, sa.func.sum(batches.c.size))
        .join(batches, batches.c.edition == editions.c.key)
        .where(
            editions.c.state == EditionState.STOPPED.value,
            editions.c.note == HANDED_BEFORE,
            editions.c.due >= since,
            batches.c.state == BatchState.PLANNED.value,
        )
        .group_by(editions.c.key)
        .order_by(editions.c.key)
    )
    return {key: int(readers) for key, readers in connection.execute(query).all()}


def resume(connection: Connection, key: str, provider: str, by: str, now: datetime) -> Edition:
    """Let a stopped edition go on where it was stopped, however late it is by then; one that was held is held
    still.

    Raises MisuseError where it is not stopped, HeldError where another edition took its stories since.
    """
    edition = locked(connection, key)
    if edition.state is not EditionState.STOPPED:
        raise MisuseError(f"{key} is {edition.state}, not stopped: there is nothing to resume")
    was_handed = edition.first_handed is not None and _has_hand_overs(connection, key)
    if not was_handed and edition.revision:
        taken = used_stories.taken_since(connection, edition, provider)
        if taken:
            raise HeldError(
                f"{key} was stopped before anybody got it, and another edition has used {len(taken):,} of "
                "its stories since: what it still has that is new goes into the next one"
            )
    held = sa.select(editions.c.held).where(editions.c.key == key)
    why = str(connection.execute(held).scalar_one()) if edition.revision else ""
    values: dict[str, Any] = {
        "state": EditionState.SENDING.value,
        "note": "",
        "held": why,
        "finished": None,
        "not_recalled": "",
    } | _however_late(edition, now)
    if not was_handed:
        # Also where this database was only told of a hand-over: it begins with the first reader.
        values |= {"state": EditionState.COMPOSED.value, "first_handed": None, "provider": ""}
    connection.execute(sa.update(editions).where(editions.c.key == key).values(values))
    log(connection, key, now, by, f"resumed, and held still: {why}" if why else "resumed")
    return get(connection, key)


def is_kept(connection: Connection, edition: Edition, now: datetime) -> bool:
    """Whether the provider keeps something of the edition that it has not sent yet."""
    kept = sa.select(batches.c.id).where(batches.c.edition == edition.key, batches.c.send_at > now)
    return bool(edition.recall) and connection.execute(kept.limit(1)).first() is not None


def _has_hand_overs(connection: Connection, key: str) -> bool:
    whole = sa.select(batches.c.id).where(batches.c.edition == key, batches.c.handed.is_not(None))
    own = sa.select(deliveries.c.reader_id).where(
        deliveries.c.edition == key, deliveries.c.state != DeliveryState.DROPPED.value
    )
    return any(connection.execute(query.limit(1)).first() is not None for query in (whole, own))
