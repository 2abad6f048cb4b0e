"""`resume EDITION`."""

from __future__ import annotations

from typing import Annotated

import typer

from commands.context import opened, operator
from commands.control import changed
from commands.invocation import ConfigOption, DryRunOption, LogOption, NowOption, invocation
from newsletter import holds

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def resume(
    context: typer.Context,
    edition: Annotated[str, typer.Argument(help="NEWSLETTER-YYYY-MM-DD, as `status` shows it.")],
    config: ConfigOption = None,
    log_format: LogOption = None,
    now: NowOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Let a stopped edition go on where it was stopped."""
    with opened(invocation(context, config, log_format, now, dry_run=dry_run)) as room:
        changed(
            room,
            edition,
            "resume",
            lambda connection: holds.resume(
                connection, edition, room.settings.delivery.provider, operator(), room.clock()
            ),
        )
