"""What `hold`, `release`, `stop` and `resume` share: one edition, changed in one transaction, and logged."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import typer
from sqlalchemy.engine import Connection

from commands.context import Context
from newsletter import half_out
from newsletter.delivery.sums import Sum
from newsletter.edition import ALL_WITHDRAWN, DeliveryState, Edition
from newsroom import log
from newsroom.counted import counted
from newsroom.database import reading, rehearsing, writing
from newsroom.errors import MisuseError

UNCHANGED = "nothing was changed"


def held(edition: Edition, numbers: str = "") -> str:
    """That the edition is held, why, and the command by which it goes on: one line for the operator.
    `numbers` are of one that is half out. Pure."""
    if edition.held == ALL_WITHDRAWN:
        way = f"`stop {edition.key}` ends it"
    elif edition.revision == 0:
        way = f"`release {edition.key}` skips it"
    else:
        way = f"`release {edition.key}` lets it go"
    why = "; ".join(filter(None, (edition.held, numbers)))
    return f"{edition.key} is held: {why}; {way}"


def held_line(room: Context, edition: Edition) -> str:
    """What `held` says, with the numbers of one that is half out."""
    with reading(room.engine) as connection:
        return held(edition, half_out.numbers(connection, edition))


def ask_half_out(room: Context, what: str, edition: Edition, found: Sum, *, yes: bool) -> None:
    """Say of an edition that is half out to how many it went, to how many it would go now and how old it is,
    and ask whoever is there. Raises MisuseError where nobody agrees."""
    age = _after(room.clock() - edition.due)
    planned, accepted = found.of(DeliveryState.PLANNED), found.of(DeliveryState.ACCEPTED)
    said = (
        f"{edition.key} is half out: {counted(accepted, 'reader')} got it, {planned:,} more get it now, {age}"
    )
    log.problem(what, said, level="warning")
    if not room.dry_run:
        question = f"Hand it over to {counted(planned, 'reader')}, {age}?"
        agreed(what, edition.key, question, "if these are to have it still", yes=yes)


def _after(age: timedelta) -> str:
    """How long after its hour something is: `23 h 40 min after its hour`. Pure."""
    minutes = int(age.total_seconds() // 60)
    if minutes < 0:
        return "before its hour"
    days, hours = divmod(minutes // 60, 24)
    parts = ((days, "day" if days == 1 else "days"), (hours, "h"), (0 if days else minutes % 60, "min"))
    said = " ".join(f"{count:,} {unit}" for count, unit in parts if count)
    return f"{said or '0 min'} after its hour"


def agreed(what: str, key: str, question: str, first: str, *, yes: bool) -> None:
    """Ask whoever is there, unless they said --yes. Raises MisuseError where nobody agrees; `first` is what
    to do before --yes is said."""
    if yes or (sys.stdin.isatty() and typer.confirm(question, err=True)):
        return
    raise MisuseError(f"{what}: {key}: nothing was changed; {first}, then say --yes")


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
