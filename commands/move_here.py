"""`move-here`: this machine and this folder are where the newsroom lives from now on."""

from __future__ import annotations

import typer

from commands.context import opened
from commands.invocation import ConfigOption, DryRunOption, LogOption, invocation
from newsroom import installation, log, witness
from newsroom.database import reading
from newsroom.errors import HeldError

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def move_here(
    context: typer.Context,
    config: ConfigOption = None,
    log_format: LogOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Say that the newsroom lives on this machine, in this folder, from now on. Stop the old one first."""
    with opened(invocation(context, config, log_format, dry_run=dry_run)) as room:
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
            witness.accept(room.engine, path)
        log.step("move-here", place=here)
