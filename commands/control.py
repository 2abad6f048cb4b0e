"""What `hold`, `release`, `stop` and `resume` share: one edition, changed in one transaction, and logged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.engine import Connection

from commands.context import Context
from newsletter.edition import ALL_WITHDRAWN, Edition
from newsroom import log
from newsroom.database import rehearsing, writing

UNCHANGED = "nothing was changed"


def held(edition: Edition) -> str:
    """That the edition is held, why, and the command by which it goes on: one line for the operator."""
    if edition.held == ALL_WITHDRAWN:
        way = f"`stop {edition.key}` ends it"
    elif edition.revision == 0:
        way = f"`release {edition.key}` skips it"
    else:
        way = f"`release {edition.key}` lets it go"
    return f"{edition.key} is held: {edition.held}; {way}"


@contextmanager
def tried(room: Context) -> Iterator[Connection]:
    """A writing transaction; on a dry run one that is rolled back, so that it fails where the deed would."""
    with (rehearsing if room.dry_run else writing)(room.engine) as connection:
        yield connection


def changed(room: Context, key: str, what: str, act: Callable[[Connection], Edition]) -> None:
    """Do `act` to the edition and say what it is then; a dry run says what it would be."""
    with tried(room) as connection:
        edition = act(connection)
    log.step(
        what,
        edition=key,
        state=edition.state,
        held=edition.held,
        note=edition.note,
        dry_run=UNCHANGED if room.dry_run else None,
    )
