"""`backup`: the database and its witness, copied while everything runs."""

from __future__ import annotations

import typer

from commands.context import Context, opened
from commands.invocation import ConfigOption, LogOption, NowOption, invocation
from newsletter import history
from newsroom import log, witness
from newsroom.backup import back_up
from newsroom.database import reading

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def backup(
    context: typer.Context, config: ConfigOption = None, log_format: LogOption = None, now: NowOption = None
) -> None:
    """Copy the database and its witness into backups/, while everything runs."""
    with opened(invocation(context, config, log_format, now)) as room:
        settings = room.settings
        going = _going(room)

        def noted() -> None:
            # Also those that began while it was copied, which only costs a question more.
            going.update(_going(room))
            for edition in going:
                witness.advance(room.engine, settings.witness_path, edition)

        made = back_up(room.engine, settings.root / "backups", settings.witness_path, room.clock(), noted)
        for edition in going:
            message = (
                f"{edition} is going out: this copy does not know to whom it went since. Put back, it sends "
                f"nothing until you say `release`, which stops {edition}"
            )
            log.problem("backup", message, level="warning")
        log.step("backup", file=str(made), bytes=made.stat().st_size)


def _going(room: Context) -> dict[str, None]:
    """The editions of which something is handed over, and not everything, in the order of their hours."""
    with reading(room.engine) as connection:
        found = history.open_editions(connection)
    return dict.fromkeys(edition.key for edition in found if edition.first_handed is not None)
