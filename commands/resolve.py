"""`resolve BATCH --sent|--not-sent`: an uncertain batch, settled by a person who knows."""

from __future__ import annotations

from typing import Annotated

import typer

from commands.context import opened, operator
from commands.invocation import ConfigOption, LogOption, NowOption, invocation
from newsletter import settle
from newsroom import log
from newsroom.database import writing

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def resolve(
    context: typer.Context,
    batch: Annotated[int, typer.Argument(help="Its number, as `status --problems` shows it.")],
    sent: Annotated[
        bool,
        typer.Option("--sent/--not-sent", help="What the provider's log says.", show_default=False),
    ],
    config: ConfigOption = None,
    log_format: LogOption = None,
    now: NowOption = None,
) -> None:
    """Settle an uncertain batch. With --not-sent the next run hands it over again."""
    with opened(invocation(context, config, log_format, now)) as room:
        with writing(room.engine) as connection:
            readers = settle.resolve(connection, batch, sent, operator(), room.clock())
        log.step(
            "resolve", batch=batch, readers=readers, settled="sent" if sent else "not sent: planned again"
        )
