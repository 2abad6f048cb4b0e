"""`feeds`: each section's feeds, published where they changed."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from commands.context import Context, opened
from commands.invocation import ConfigOption, DryRunOption, LogOption, NowOption, invocation
from feeds import pings
from feeds.publish import publish
from newsroom import log, witness
from newsroom.database import reading
from newsroom.errors import ExitStatus
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
        hub_step(room)
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


def hub_step(room: Context) -> None:
    """Tell the WebSub hub of the feeds that changed: it fails no run, and takes a few seconds at most."""
    with room.troubles.caught("hub"):
        with reading(room.engine) as connection:
            if room.dry_run or not pings.are_there(connection):
                return
        # Most runs have nothing to tell.
        from feeds import hub

        begun = time.monotonic()
        with held(room.engine, "hub"):
            report = hub.tell(room.engine, room.settings.newsroom.hub, room.clock())
        if report is None:
            return
        if report.given_up:
            message = (
                f"{report.hub}: could not be told of {report.given_up} changed feeds for a day, and is no "
                f"longer: {report.reason}; check newsroom.hub. The next change of each is told again"
            )
            # A notice: readers who ask for the feeds themselves miss nothing.
            room.troubles.add("hub", report.reason, message, ExitStatus.DONE)
        elif report.reason:
            later = f"{report.waiting} changed feeds wait, and later runs try again"
            room.troubles.warn("hub", f"{report.hub}: {report.reason}; {later}")
        log.step("hub", told=report.told, waiting=report.waiting or None, seconds=time.monotonic() - begun)
