"""`sync`: the content sources, read into the database."""

from __future__ import annotations

from typing import Annotated

import typer

from commands.context import Context, opened
from commands.invocation import ConfigOption, DryRunOption, LogOption, NowOption, invocation
from newsroom.errors import ConfigurationError, ExitStatus
from newsroom.locks import held
from newsroom.settings import SourceSettings

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def sync(
    context: typer.Context,
    source: Annotated[str | None, typer.Option(metavar="NAME", help="Only this source.")] = None,
    allow_withdrawals: Annotated[
        bool,
        typer.Option("--allow-withdrawals", help="Withdraw what is gone, even when it is more than half."),
    ] = False,
    write_ids: Annotated[
        bool, typer.Option("--write-ids", help="Stamp each file with its article's id.")
    ] = False,
    config: ConfigOption = None,
    log_format: LogOption = None,
    now: NowOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Read the content sources into the database."""
    with opened(invocation(context, config, log_format, now, dry_run=dry_run)) as room:
        chosen = _chosen(room, source)
        if write_ids:
            _stamp(room, chosen)
        raise typer.Exit(sync_step(room, chosen, allow_withdrawals=allow_withdrawals))


def _chosen(room: Context, name: str | None) -> tuple[SourceSettings, ...]:
    if name is None:
        return room.settings.sources
    found = tuple(source for source in room.settings.sources if source.key == name)
    if not found:
        known = ", ".join(source.key for source in room.settings.sources) or "none is set up"
        raise ConfigurationError(f'{room.settings.path}: "{name}" is not a source; allowed: {known}')
    return found


def sync_step(
    room: Context, sources: tuple[SourceSettings, ...] | None = None, *, allow_withdrawals: bool = False
) -> ExitStatus:
    """Sync each source under one lock; one that fails leaves what was known and the next goes on."""
    worst = ExitStatus.DONE
    with held(room.engine, "sync", room.clock()):
        for source in room.settings.sources if sources is None else sources:
            worst = max(worst, _sync_one(room, source, allow_withdrawals=allow_withdrawals))
    return worst
