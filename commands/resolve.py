"""`resolve BATCH|EDITION --sent|--not-sent`: what is uncertain, settled by a person who knows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated

import typer
from sqlalchemy.engine import Connection

from commands.context import opened, operator
from commands.control import UNCHANGED, tried
from commands.invocation import ConfigOption, DryRunOption, LogOption, NowOption, invocation
from newsletter import editions
from newsletter.delivery import settle
from newsroom import locks, log
from newsroom.database import LARGEST
from newsroom.errors import ConfigurationError, MisuseError

app = typer.Typer(pretty_exceptions_enable=False)


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
    config: ConfigOption = None,
    log_format: LogOption = None,
    now: NowOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Settle an uncertain batch, or all of an edition. With --not-sent the next run hands them over again."""
    if sent is None:
        what = f"batch {batch}" if batch.isdecimal() else batch
        raise ConfigurationError(
            f"resolve: say --sent or --not-sent: whether the provider's log has the mails of {what}"
        )
    with opened(invocation(context, config, log_format, now, dry_run=dry_run)) as room:
        with tried(room) as connection:
            alive = partial(locks.is_living, connection)
            numbers = _numbers(connection, batch, alive)
            readers = sum(
                settle.resolve(connection, number, sent, operator(), room.clock(), alive)
                for number in numbers
            )
        log.step(
            "resolve",
            batch=numbers[0] if len(numbers) == 1 else None,
            batches=len(numbers) if len(numbers) > 1 else None,
            readers=readers,
            settled="sent" if sent else "not sent: planned again",
            dry_run=UNCHANGED if room.dry_run else None,
        )


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
