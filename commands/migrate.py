"""`migrate`: the database, brought to this release."""

from __future__ import annotations

import typer

from commands.context import settings_of
from commands.invocation import ConfigOption, LogOption, NowOption, invocation
from newsroom import log, schema
from newsroom.database import engine_for

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def migrate(
    context: typer.Context, config: ConfigOption = None, log_format: LogOption = None, now: NowOption = None
) -> None:
    """Bring the database to this release, after a backup. Every other command does it too."""
    call = invocation(context, config, log_format, now)
    settings = settings_of(call)
    engine = engine_for(settings.database_url)
    report = schema.migrate(engine, settings.root, call.clock(settings.newsroom.time_zone)())
    engine.dispose()
    log.step("migrate", before=report.before or "empty", after=report.after, backup=report.backup)
