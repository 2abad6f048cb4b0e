"""What a person does to an edition: hold it, let it go, stop it, let it go on. Each is in the edition's log.

Every function works inside the writing transaction of the connection it is given.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter import used_stories
from newsletter.edition import Edition, EditionState
from newsletter.edition_row import OPEN
from newsletter.editions import get, locked, log
from newsletter.tables import editions
from newsroom.errors import HeldError, MisuseError


def is_released(connection: Connection, key: str) -> bool:
    """True once a person let the edition go: no automatic hold stops it again."""
    return bool(connection.execute(sa.select(editions.c.released).where(editions.c.key == key)).scalar())


def hold(connection: Connection, key: str, why: str, by: str, now: datetime) -> Edition:
    """Keep the edition from going out, or from going on. Raises MisuseError once it is over."""
    edition = locked(connection, key)
    if edition.state.value not in OPEN:
        raise MisuseError(f"{key} is {edition.state}: there is nothing left to hold")
    connection.execute(sa.update(editions).where(editions.c.key == key).values(held=why or "by hand"))
    log(connection, key, now, by, f"held: {why or 'by hand'}")
    return get(connection, key)


def release(connection: Connection, key: str, by: str, now: datetime) -> Edition:
    """Let a held edition go. One that was held because nothing was new is skipped instead.

    Raises MisuseError where it is not held.
    """
    edition = locked(connection, key)
    if not edition.held:
        raise MisuseError(f"{key} is not held: it is {edition.state}")
    values: dict[str, Any] = {"held": "", "released": True}
    if edition.revision == 0:
        values |= {"state": EditionState.SKIPPED.value, "finished": now}
    connection.execute(sa.update(editions).where(editions.c.key == key).values(values))
    log(connection, key, now, by, "released" if edition.revision else "skipped: nothing was new")
    return get(connection, key)


def stop(connection: Connection, key: str, why: str, by: str, now: datetime) -> Edition:
    """End the edition. Where nothing of it was handed over yet, its stories are free for the next one.

    Raises MisuseError once it is over.
    """
    edition = locked(connection, key)
    if edition.state.value not in OPEN:
        raise MisuseError(f"{key} is {edition.state}: there is nothing left to stop")
    values = {"state": EditionState.STOPPED.value, "note": why, "held": ""}
    connection.execute(sa.update(editions).where(editions.c.key == key).values(values))
    log(connection, key, now, by, f"stopped: {why}" if why else "stopped")
    return get(connection, key)


def resume(connection: Connection, key: str, provider: str, by: str, now: datetime) -> Edition:
    """Let a stopped edition go on where it was stopped.

    Raises MisuseError where it is not stopped, HeldError where another edition took its stories since.
    """
    edition = locked(connection, key)
    if edition.state is not EditionState.STOPPED:
        raise MisuseError(f"{key} is {edition.state}, not stopped")
    if edition.first_handed is None:
        taken = used_stories.taken_since(connection, edition, provider)
        if taken:
            raise HeldError(
                f"{key} was stopped before anybody got it, and {len(taken)} of its stories have gone into "
                "another edition since: what it still has that is new goes into the next one"
            )
    state = EditionState.COMPOSED if edition.first_handed is None else EditionState.SENDING
    values = {"state": state.value, "note": ""}
    connection.execute(sa.update(editions).where(editions.c.key == key).values(values))
    log(connection, key, now, by, "resumed")
    return get(connection, key)
