"""`resolve BATCH|EDITION --sent|--not-sent`: what is uncertain, settled by a person who knows."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.engine import Connection

from commands.context import opened, operator
from commands.control import UNCHANGED, tried
from commands.invocation import ConfigOption, DryRunOption, LogOption, NowOption, invocation
from newsletter import editions, ledger
from newsletter.delivery import settle
from newsletter.edition import EditionState
from newsroom import locks, log
from newsroom.database import LARGEST
from newsroom.errors import ConfigurationError, MisuseError, ReaderError
from readership.address import recipient_key

app = typer.Typer(pretty_exceptions_enable=False)

_MOST_LINES = 10
"""Lines that are named which name nobody."""


@app.command()
def resolve(
    context: typer.Context,
    batch: Annotated[
        str,
        typer.Argument(
            metavar="BATCH|EDITION",
            help="A batch's number, as `status --problems` shows it, or all of an edition.",
        ),
    ],
    sent: Annotated[
        bool | None,
        typer.Option("--sent/--not-sent", help="What the provider's log says.", show_default=False),
    ] = None,
    but: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Those for whom it is the other way: addresses or numbers, one a line; - reads them here.",
        ),
    ] = None,
    config: ConfigOption = None,
    log_format: LogOption = None,
    now: NowOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Settle an uncertain batch, or all of an edition. What was not sent is handed over by the next run."""
    if sent is None:
        what = f"batch {batch}" if batch.isdecimal() else batch
        raise ConfigurationError(
            f"resolve: say --sent or --not-sent: whether the provider's log has the mails of {what}"
        )
    lines = _read(but) if but else {}
    with opened(invocation(context, config, log_format, now, dry_run=dry_run)) as room:
        with tried(room) as connection:
            alive = partial(locks.is_living, connection)
            numbers = _numbers(connection, batch, alive)
            doubt = settle.readers_in_doubt(connection, numbers, alive) if lines else {}
            # Where nobody is in doubt, that is what is wrong.
            others = _named(lines, doubt, room.settings.secrets.address_key) if doubt else frozenset()
            done = [
                settle.resolve(connection, number, sent, operator(), room.clock(), alive, others)
                for number in numbers
            ]
            stopped = _stopped(connection, numbers[0])
        there, planned = sum(one.sent for one in done), sum(one.planned for one in done)
        log.step(
            "resolve",
            batch=numbers[0] if len(numbers) == 1 else None,
            batches=len(numbers) if len(numbers) > 1 else None,
            readers=there + planned,
            settled="sent" if sent else "not sent: planned again",
            sent=there if lines else None,
            planned_again=planned if lines else None,
            next=f"{stopped} is stopped: they wait for `resume`" if stopped and planned else None,
            dry_run=UNCHANGED if room.dry_run else None,
        )


def _stopped(connection: Connection, number: int) -> str:
    """The key of the batch's edition where that is stopped; else nothing."""
    row = ledger.batch(connection, number)
    is_stopped = row and editions.get(connection, row.edition).state is EditionState.STOPPED
    return row.edition if row and is_stopped else ""


def _read(path: Path) -> dict[int, str]:
    """The lines that name somebody, by their numbers. Raises ConfigurationError where there are none."""
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise ConfigurationError(f"resolve: --but: {path} cannot be read: {why}") from error
    lines = {number: line.strip() for number, line in enumerate(text.splitlines(), 1) if line.strip()}
    if not lines:
        raise ConfigurationError(
            "resolve: --but: the file names nobody; allowed: an address or a reader's number a line"
        )
    return lines


def _named(lines: Mapping[int, str], doubt: Mapping[int, str], address_key: bytes) -> frozenset[int]:
    """The readers that the lines name, of those of whom it is not known. Raises ConfigurationError, which
    repeats no address, for each line that names none of them."""
    by_key = {key: id_ for id_, key in doubt.items()}
    found, strangers = set(), []
    for number, line in lines.items():
        reader = _reader(line, doubt, by_key, address_key)
        if reader is None:
            strangers.append(number)
        else:
            found.add(reader)
    if strangers:
        shown = ", ".join(map(str, strangers[:_MOST_LINES])) + (", …" if strangers[_MOST_LINES:] else "")
        raise ConfigurationError(
            f"resolve: --but: line {shown}: no reader of whom this is uncertain has that address or number: "
            "nothing was changed"
        )
    return frozenset(found)


def _reader(line: str, doubt: Mapping[int, str], by_key: Mapping[str, int], address_key: bytes) -> int | None:
    if line.isdecimal() and len(line) <= len(str(LARGEST)):
        return int(line) if int(line) in doubt else None
    try:
        return by_key.get(recipient_key(address_key, line))
    except ReaderError:
        return None


def _numbers(connection: Connection, said: str, alive: Callable[[str], bool]) -> tuple[int, ...]:
    """The batch of that number, or every uncertain one of that edition. Raises MisuseError where none is."""
    if said.isdecimal() and said.isascii() and len(said) <= len(str(LARGEST)) and 1 <= int(said) <= LARGEST:
        return (int(said),)
    if editions.find(connection, said) is None:
        raise MisuseError(
            f"resolve: {said[:100]}: no batch's number, and no edition; `status --problems` lists what is "
            "uncertain"
        )
    numbers = settle.doubtful(connection, said, alive)
    if not numbers:
        raise MisuseError(f"{said}: nothing of it is uncertain")
    return numbers
