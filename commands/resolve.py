"""`resolve BATCH --sent|--not-sent`: an uncertain batch, settled by a person who knows."""

from __future__ import annotations

from typing import Annotated

import typer

from commands.context import opened, operator
from commands.control import UNCHANGED, tried
from commands.invocation import ConfigOption, DryRunOption, LogOption, NowOption, invocation
from newsletter import settle
from newsroom import log
from newsroom.database import LARGEST
from newsroom.errors import ConfigurationError

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def resolve(
    context: typer.Context,
    batch: Annotated[
        int, typer.Argument(min=1, max=LARGEST, help="Its number, as `status --problems` shows it.")
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
    """Settle an uncertain batch. With --not-sent the next run hands it over again."""
    if sent is None:
        raise ConfigurationError(
            f"resolve: say --sent or --not-sent: whether the provider's log has the mails of batch {batch}"
        )
    with opened(invocation(context, config, log_format, now, dry_run=dry_run)) as room:
        with tried(room) as connection:
            readers = settle.resolve(connection, batch, sent, operator(), room.clock())
        log.step(
            "resolve",
            batch=batch,
            readers=readers,
            settled="sent" if sent else "not sent: planned again",
            dry_run=UNCHANGED if room.dry_run else None,
        )
