"""`move-here`: this machine and this folder are where the newsroom lives from now on."""

from __future__ import annotations

from typing import Annotated

import typer

from commands.context import opened
from commands.invocation import ConfigOption, DryRunOption, LogOption, invocation
from newsroom import installation, log, witness
from newsroom.database import reading
from newsroom.errors import HeldError, MisuseError

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def move_here(
    context: typer.Context,
    also: Annotated[
        bool,
        typer.Option("--also", help="It lives there and here: machines that share PostgreSQL and folder."),
    ] = False,
    config: ConfigOption = None,
    log_format: LogOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Say that the newsroom lives on this machine, in this folder, from now on. Stop the old one first."""
    with opened(invocation(context, config, log_format, dry_run=dry_run)) as room:
        if also and room.engine.dialect.name == "sqlite":
            raise MisuseError(
                "move-here --also: SQLite's file is one machine's; several take PostgreSQL (docs/server.md)"
            )
        path = room.settings.witness_path
        here = witness.place(path.parent)
        with reading(room.engine) as connection:
            known = installation.find(connection)
        found = witness.read(path)
        if known is not None and found is not None:
            # Moving says nothing about whether this is the newest database: that stays a question of its own.
            moved = witness.Witness(found.installation, found.hand_overs, found.last_edition, here)
            reason = witness.objection(moved, known, here, path)
            if reason:
                raise HeldError(reason)
        if not room.dry_run:
            witness.accept(room.engine, path, also=also)
        rehearsed = "nothing was changed" if room.dry_run else None
        log.step("move-here", place=here, also=also or None, dry_run=rehearsed)
