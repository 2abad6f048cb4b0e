"""`feeds`: each section's feeds, published where they changed."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from commands.context import Context, opened
from commands.invocation import ConfigOption, DryRunOption, LogOption, NowOption, invocation
from feeds.publish import publish
from newsroom import log, witness
from newsroom.locks import held

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def feeds(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Look at every feed.")] = False,
    config: ConfigOption = None,
    log_format: LogOption = None,
    now: NowOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Publish the feeds that changed; a file whose bytes are the same is not touched."""
    with opened(invocation(context, config, log_format, now, dry_run=dry_run)) as room:
        witness.check_there(room.engine, room.settings.witness_path)
        feeds_step(room, everything=everything)
        raise typer.Exit(room.troubles.status)


def feeds_step(room: Context, *, everything: bool = False) -> None:
    """Publish what is due, under a lock."""
    begun = time.monotonic()
    with room.troubles.caught("feeds"), held(room.engine, "feeds"):
        report = publish(
            room.engine,
            room.settings.newsroom,
            room.settings.public_dir,
            room.clock(),
            dry_run=room.dry_run,
            everything=everything,
        )
        for problem in report.problems:
            room.troubles.add("feeds", problem[:100], problem)
        log.step(
            "feeds",
            feeds=report.feeds,
            written=len(report.written),
            unchanged=report.unchanged,
            seconds=time.monotonic() - begun,
        )
