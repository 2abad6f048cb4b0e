"""`stop EDITION`."""

from __future__ import annotations

from typing import Annotated

import typer

from commands.context import Context, opened, operator
from commands.control import changed
from commands.invocation import ConfigOption, DryRunOption, LogOption, NowOption, invocation
from commands.taking_back import waits
from newsletter import holds
from newsletter.delivery import recalls
from newsroom import log
from newsroom.database import reading
from newsroom.errors import ProviderError

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
    """End an edition, unless it is resumed; what was handed over stays so, but for what SendGrid keeps."""
    with opened(invocation(context, config, log_format, now, dry_run=dry_run)) as room:
        changed(
            room,
            edition,
            "stop",
            lambda connection: holds.stop(connection, edition, why, operator(), room.clock()),
        )
        if not room.dry_run:
            _take_back(room, edition)
            log.step("next", edition=edition, goes_on_with=f"resume {edition}")


def _take_back(room: Context, edition: str) -> None:
    """Have the provider forget what it keeps still. Raises ProviderError, with who has it when."""
    try:
        done = recalls.take_back(room.settings, room.engine, edition, operator(), room.clock)
    except ProviderError as error:
        with reading(room.engine) as connection:
            waiting = recalls.kept(connection, room.clock())
        said = [waits(room, one, str(error)) for one in waiting if one.edition == edition]
        raise ProviderError(f"{edition}: {said[0]}" if said else str(error)) from error
    if done is not None:
        log.step(
            "stop",
            edition=edition,
            taken_back=done.certain,
            uncertain=done.doubtful or None,
            sent_already=done.late or None,
        )
