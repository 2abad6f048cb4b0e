"""`backup`: the database and its witness, copied while everything runs."""

from __future__ import annotations

import typer

from commands.context import opened
from commands.invocation import ConfigOption, LogOption, NowOption, invocation
from newsroom import log
from newsroom.backup import back_up

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def backup(
    context: typer.Context, config: ConfigOption = None, log_format: LogOption = None, now: NowOption = None
) -> None:
    """Copy the database and its witness into backups/, while everything runs."""
    with opened(invocation(context, config, log_format, now)) as room:
        settings = room.settings
        made = back_up(room.engine, settings.root / "backups", settings.witness_path, room.clock())
        log.step("backup", file=str(made), bytes=made.stat().st_size)
