"""What `hold`, `release`, `stop` and `resume` share: one edition, changed in one transaction, and logged."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.engine import Connection

from commands.context import Context
from newsletter import editions
from newsletter.edition import Edition
from newsroom import log
from newsroom.database import reading, writing


def changed(room: Context, key: str, what: str, act: Callable[[Connection], Edition]) -> None:
    """Do `act` to the edition and say so; a dry run only looks whether it is there."""
    if room.dry_run:
        with reading(room.engine) as connection:
            edition = editions.get(connection, key)
        log.step(what, edition=key, state=edition.state, dry_run="nothing was changed")
        return
    with writing(room.engine) as connection:
        edition = act(connection)
    log.step(what, edition=key, state=edition.state, held=edition.held)
