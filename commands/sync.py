"""`sync`: the content sources, read into the database."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from commands.context import Context, opened
from commands.invocation import ConfigOption, DryRunOption, LogOption, NowOption, invocation
from content.sync import SyncReport, sync_source
from newsroom import log
from newsroom.errors import ConfigurationError, ExitStatus
from newsroom.locks import held
from newsroom.settings import SourceSettings

app = typer.Typer(pretty_exceptions_enable=False)

SHOWN = 50
"""Problems of one source that are listed one by one."""


@app.command()
def sync(
    context: typer.Context,
    source: Annotated[str | None, typer.Option(metavar="NAME", help="Only this source.")] = None,
    allow_withdrawals: Annotated[
        bool, typer.Option("--allow-withdrawals", help="Withdraw what is gone, even more than half of it.")
    ] = False,
    stamp: Annotated[
        bool, typer.Option("--write-ids", help="Write each article's id into its file, where it has none.")
    ] = False,
    config: ConfigOption = None,
    log_format: LogOption = None,
    now: NowOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Read the content sources into the database."""
    with opened(invocation(context, config, log_format, now, dry_run=dry_run)) as room:
        chosen = _chosen(room, source)
        sync_step(room, chosen, allow_withdrawals=allow_withdrawals)
        if stamp and not room.dry_run:
            from content.ids import write_ids

            for one in chosen:
                files = write_ids(room.engine, one)
                log.step("sync", source=one.key, ids_written=files)
        raise typer.Exit(room.troubles.status)


def _chosen(room: Context, name: str | None) -> tuple[SourceSettings, ...]:
    if name is None:
        return room.settings.sources
    found = tuple(source for source in room.settings.sources if source.key == name)
    if not found:
        known = ", ".join(source.key for source in room.settings.sources)
        raise ConfigurationError(f'{room.settings.path}: "{name}" is not a source; allowed: {known}')
    return found


def sync_step(
    room: Context,
    sources: tuple[SourceSettings, ...] | None = None,
    *,
    allow_withdrawals: bool = False,
    quiet: bool = False,
) -> None:
    """Sync each source under one lock; one that fails leaves what was known and the next goes on."""
    settings = room.settings
    with room.troubles.caught("sync"), held(room.engine, "sync"):
        for source in settings.sources if sources is None else sources:
            begun = time.monotonic()
            with room.troubles.caught("sync", source.key):
                report = sync_source(
                    room.engine,
                    source,
                    settings.newsroom,
                    settings.public_dir,
                    room.clock(),
                    dry_run=room.dry_run,
                    allow_withdrawals=allow_withdrawals,
                )
                if not quiet:
                    _say(room, report, time.monotonic() - begun)


def _say(room: Context, report: SyncReport, seconds: float) -> None:
    errors = [problem for problem in report.problems if problem.severity == "error"]
    for problem in report.problems[:SHOWN]:
        if problem.severity == "error":
            room.troubles.add("sync", problem.place, f"{problem.place}: {problem.message}")
        else:
            log.problem("sync", f"{problem.place}: {problem.message}", level="warning")
    if len(report.problems) > SHOWN:
        more = len(report.problems) - SHOWN
        log.problem("sync", f"{report.source}: and {more} problems more", level="warning")
    if report.held:
        message = f"{report.source}: {report.held}"
        room.troubles.add("sync", f"held:{report.source}", message, ExitStatus.HELD)
    log.step(
        "sync",
        source=report.source,
        articles=report.found,
        new=report.inserted or None,
        changed=report.updated or None,
        moved=report.moved or None,
        withdrawn=report.withdrawn or None,
        back=report.restored or None,
        unchanged=report.unchanged,
        twice=report.twice or None,
        errors=len(errors) or None,
        seconds=seconds,
    )
