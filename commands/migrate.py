"""`migrate`: the database, brought to this release."""

from __future__ import annotations

from typing import Annotated

import typer

from commands.context import settings_of
from commands.invocation import ConfigOption, LogOption, NowOption, invocation
from newsroom import log, schema
from newsroom.database import engine_for

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def migrate(
    context: typer.Context,
    without_backup: Annotated[
        bool, typer.Option("--without-backup", help="Make none before it: you have one of your own.")
    ] = False,
    config: ConfigOption = None,
    log_format: LogOption = None,
    now: NowOption = None,
) -> None:
    """Bring the database to this release, after a backup. Every other command does it too."""
    call = invocation(context, config, log_format, now)
    settings = settings_of(call)
    engine = engine_for(settings.database_url)
    clock = call.clock(settings.newsroom.time_zone)
    report = schema.migrate(engine, settings.root, clock(), has_backup=without_backup)
    engine.dispose()
    log.step("migrate", before=report.before or "empty", after=report.after, backup=report.backup)
