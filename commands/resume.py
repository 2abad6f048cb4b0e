"""`resume EDITION`."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy.engine import Connection

from commands.context import Context, opened, operator
from commands.control import changed
from commands.invocation import ConfigOption, DryRunOption, LogOption, NowOption, invocation
from newsletter import editions, holds
from newsletter.edition import Edition, NothingNew
from newsroom.errors import MisuseError

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
    """Let a stopped edition go on where it was stopped, however late it is."""
    with opened(invocation(context, config, log_format, now, dry_run=dry_run)) as room:
        changed(room, edition, "resume", lambda connection: _resumed(connection, room, edition))


def _resumed(connection: Connection, room: Context, key: str) -> Edition:
    now, provider = room.clock(), room.settings.delivery.provider
    resumed = holds.resume(connection, key, provider, operator(), now)
    if resumed.revision:
        return resumed
    # Handed over by a database that is no more: of this one it was never composed.
    from commands.composing import composed

    newsletter = room.newsletter(resumed.newsletter)
    day, due = resumed.local_date, resumed.due
    made = composed(connection, room, newsletter, now, day, due, slot=resumed.slot)
    if isinstance(made, NothingNew):
        raise MisuseError(f"{key}: this database has nothing to hand over for it: {made.reason}")
    # A person says that it is to go now: nobody else looks at it first.
    edition, _ = editions.create(connection, newsletter.key, resumed.due, made, now, operator())
    return edition
