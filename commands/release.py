"""`release [EDITION]`: a held edition, or the whole newsroom after a restored database."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy.engine import Connection

from commands.context import opened, operator
from commands.control import changed
from commands.invocation import ConfigOption, DryRunOption, LogOption, NowOption, invocation
from newsletter import holds
from newsletter.edition import Edition
from newsroom import log, witness
from newsroom.errors import ConfigurationError, HeldError

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def release(
    context: typer.Context,
    edition: Annotated[
        str | None, typer.Argument(help="A held edition; without one, the database is taken as the truth.")
    ] = None,
    config: ConfigOption = None,
    log_format: LogOption = None,
    now: NowOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Let a held edition go; or, without an edition, accept a database that its witness objects to."""
    with opened(invocation(context, config, log_format, now, dry_run=dry_run)) as room:
        if edition is not None:
            key = edition

            def act(connection: Connection) -> Edition:
                return holds.release(connection, key, operator(), room.clock())

            changed(room, key, "release", act)
            return
        path = room.settings.witness_path
        try:
            witness.check(room.engine, path)
        except HeldError as error:
            log.problem("release", str(error), level="warning")
        else:
            raise ConfigurationError("release: the witness has no objection; name the edition to be released")
        if not room.dry_run:
            witness.accept(room.engine, path)
            log.step("release", witness=str(path), database="taken as the truth")
