"""`backup`: the database and its witness, copied while everything runs."""

from __future__ import annotations

from datetime import timedelta

import typer

from commands.context import Context, opened
from commands.invocation import ConfigOption, LogOption, NowOption, invocation
from newsletter import history, holds
from newsroom import installation, log, witness
from newsroom.backup import back_up
from newsroom.database import reading, writing

app = typer.Typer(pretty_exceptions_enable=False)

RESUMED = timedelta(days=7)
"""After so long nobody resumes a stopped edition any more."""

GOING_OUT = (
    "{0} is going out: this copy does not know to whom it went since. Put back, it sends nothing until you "
    "say `release`, which stops {0}"
)
STOPPED = (
    "{0} is stopped, half out: where it is resumed, this copy does not know to whom it went since. Put back, "
    "it sends nothing until you say `release`, and `resume {0}` asks you then"
)
KEPT = (
    "{0} is kept by its provider still: where it is stopped, this copy does not know whether it was taken "
    "back. Put back, it sends nothing until you say `release`, and who has {0} is for you to settle then"
)
"""What is said of an edition that the copy has half out, or that may be taken back."""


@app.command()
def backup(
    context: typer.Context, config: ConfigOption = None, log_format: LogOption = None, now: NowOption = None
) -> None:
    """Copy the database and its witness into backups/, while everything runs."""
    with opened(invocation(context, config, log_format, now)) as room:
        settings = room.settings
        half_out = _half_out(room)
        with writing(room.engine) as connection:
            installation.note_backup(connection, room.clock())

        def noted() -> None:
            # Also those that began while it was copied, which only costs a question more.
            half_out.update(_half_out(room))
            for edition in half_out:
                witness.advance(room.engine, settings.witness_path, edition)

        made = back_up(room.engine, settings.root / "backups", settings.witness_path, room.clock(), noted)
        for edition, said in half_out.items():
            log.problem("backup", said.format(edition), level="warning")
        log.step("backup", file=str(made), bytes=made.stat().st_size)


def _half_out(room: Context) -> dict[str, str]:
    """What is said of the editions of which something is handed over, and not everything or not for good, in
    the order of their hours; stopped ones come last."""
    now = room.clock()
    with reading(room.engine) as connection:
        kept = [one.key for one in history.kept(connection, now)]
        going = history.open_editions(connection)
        stopped = holds.resumable(connection, now - RESUMED)
    begun = {edition.key: GOING_OUT for edition in going if edition.first_handed is not None}
    return begun | dict.fromkeys(stopped, STOPPED) | dict.fromkeys(kept, KEPT)
