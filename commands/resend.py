"""`resend EDITION`: the stored letter once more, to those who were refused or to one reader."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy.engine import Connection

from commands.context import opened, operator
from commands.invocation import ConfigOption, LogOption, NowOption, invocation
from commands.posting import post_for
from newsletter import editions, settle
from newsletter.providers.chosen import provider_for
from newsroom import log
from newsroom.database import writing
from newsroom.errors import ConfigurationError
from readership import store
from readership.tokens import recipient_key

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def resend(
    context: typer.Context,
    edition: Annotated[str, typer.Argument(help="NEWSLETTER-YYYY-MM-DD, as `status` shows it.")],
    only: Annotated[str, typer.Option(metavar="refused|READER", help="All refused, or one reader.")],
    config: ConfigOption = None,
    log_format: LogOption = None,
    now: NowOption = None,
) -> None:
    """Plan a second hand-over of the stored letter; the next run, or `deliver`, does it."""
    with opened(invocation(context, config, log_format, now)) as room, writing(room.engine) as connection:
        newsletter = room.newsletter(editions.get(connection, edition).newsletter)
        provider = provider_for(room.settings)
        readers = settle.resend(
            connection,
            edition,
            "refused" if only == "refused" else _reader(room.settings.secrets.address_key, connection, only),
            post_for(room, newsletter).revise,
            provider.batch_size,
            operator(),
            room.clock(),
        )
        log.step("resend", edition=edition, readers=readers, next="the next run hands them over")


def _reader(address_key: bytes, connection: Connection, text: str) -> int:
    if text.isdecimal():
        return int(text)
    found = store.find(connection, recipient_key(address_key, text))
    if found is None:
        raise ConfigurationError("resend: --only: no reader has it; allowed: refused, an address, a number")
    return found.id
