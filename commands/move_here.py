"""`move-here`: this machine and this folder are where the newsroom lives from now on."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from commands.context import Context, opened
from commands.invocation import ConfigOption, DryRunOption, LogOption, NowOption, invocation
from newsroom import installation, log, witness
from newsroom.database import reading
from newsroom.errors import HeldError, MisuseError
from newsroom.witness import Witness

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
    now: NowOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Say that the newsroom lives on this machine, in this folder, from now on. Stop the old one first."""
    with opened(invocation(context, config, log_format, now, dry_run=dry_run)) as room:
        if also and room.engine.dialect.name == "sqlite":
            raise MisuseError(
                "move-here --also: SQLite's file is one machine's; several take PostgreSQL (docs/server.md)"
            )
        path = room.settings.witness_path
        here = witness.place(path.parent)
        found = witness.read(path)
        left = _left(room, found, here)
        if left and (found is None or here in found.places):
            # It lives here already, or nobody knows where it lived.
            raise HeldError(left)
        if not room.dry_run:
            witness.settle(room.engine, path)
            witness.move(path, also=also)
        rehearsed = "nothing was changed" if room.dry_run else None
        log.step("move-here", place=here, also=also or None, dry_run=rehearsed)
        if left:
            raise HeldError(left)


def _left(room: Context, found: Witness | None, here: str) -> str | None:
    """What the witness objects to once the newsroom lives here: moving says nothing about whether this is the
    newest database, which stays a question of its own."""
    path = room.settings.witness_path
    with reading(room.engine) as connection:
        known = installation.find(connection)
    if known is None:
        return None
    return witness.objection(found and replace(found, place=here), known, here, path)
