"""`stop EDITION`."""

from __future__ import annotations

from typing import Annotated

import typer

from commands.context import opened, operator
from commands.control import changed
from commands.invocation import ConfigOption, DryRunOption, LogOption, NowOption, invocation
from newsletter import holds

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def stop(
    context: typer.Context,
    edition: Annotated[str, typer.Argument(help="NEWSLETTER-YYYY-MM-DD, as `status` shows it.")],
    why: Annotated[str, typer.Option(help="The reason, for the edition's log.")] = "",
    config: ConfigOption = None,
    log_format: LogOption = None,
    now: NowOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """End an edition for good; what was handed over stays handed over."""
    with opened(invocation(context, config, log_format, now, dry_run=dry_run)) as room:
        changed(
            room,
            edition,
            "stop",
            lambda connection: holds.stop(connection, edition, why, operator(), room.clock()),
        )
