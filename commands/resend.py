"""`resend EDITION`: the stored letter once more, to those who were refused or to some readers."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Literal

import typer
from sqlalchemy.engine import Connection

from commands.context import Context, opened, operator
from commands.control import UNCHANGED, tried
from commands.invocation import ConfigOption, DryRunOption, LogOption, NowOption, invocation
from commands.posting import post_for
from newsletter import editions
from newsletter.delivery import resending
from newsletter.providers.chosen import provider_for
from newsroom import log, witness
from newsroom.counted import counted
from newsroom.database import LARGEST
from newsroom.errors import ConfigurationError, ReaderError
from readership import store
from readership.address import recipient_key

app = typer.Typer(pretty_exceptions_enable=False)

REFUSED: Literal["refused"] = "refused"


@app.command()
def resend(
    context: typer.Context,
    edition: Annotated[str, typer.Argument(help="NEWSLETTER-YYYY-MM-DD, as `status` shows it.")],
    only: Annotated[
        list[str],
        typer.Option(metavar="refused|READER", help="All refused, or one reader; for more, said again."),
    ],
    anew: Annotated[
        bool, typer.Option("--anew", help="Not the stored letter but the edition as it is now.")
    ] = False,
    config: ConfigOption = None,
    log_format: LogOption = None,
    now: NowOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Plan a second hand-over of the stored letter; the next run, or `deliver`, does it."""
    with opened(invocation(context, config, log_format, now, dry_run=dry_run)) as room:
        # No run would hand it over; and what this database has as refused may have been handed over since.
        witness.check(room.engine, room.settings.witness_path)
        with tried(room) as connection:
            post = post_for(room, room.newsletter(editions.get(connection, edition).newsletter))
            done = resending.resend(
                connection,
                edition,
                _whom(connection, room, only),
                post.revise,
                provider_for(room.settings).batch_size,
                operator(),
                room.clock(),
                post.standing,
                anew=anew,
            )
        if done.withheld:
            why = resending.why_withheld(counted(done.withheld, "reader"), done.gone)
            log.problem("resend", f"{edition}: {why}", level="warning")
        log.step(
            "resend",
            edition=edition,
            readers=done.readers,
            withheld=done.withheld or None,
            planned_already=done.planned or None,
            next=None if room.dry_run else "the next run hands it over",
            dry_run=UNCHANGED if room.dry_run else None,
        )


def _whom(connection: Connection, room: Context, only: list[str]) -> Collection[int] | Literal["refused"]:
    """Everybody refused, or the readers named. Raises ConfigurationError for both at once."""
    if REFUSED not in only:
        return [_reader(connection, room, one) for one in only]
    if len(only) > 1:
        raise ConfigurationError("resend: --only: allowed: refused, or readers, and not both")
    return REFUSED


def _reader(connection: Connection, room: Context, text: str) -> int:
    """The reader of this number or address. Raises ConfigurationError, which does not repeat an address."""
    if text.isdecimal() and len(text) <= len(str(LARGEST)) and int(text) <= LARGEST:
        return int(text)
    try:
        found = store.find(connection, recipient_key(room.settings.secrets.address_key, text))
    except ReaderError:
        found = None
    if found is None:
        raise ConfigurationError(
            "resend: --only: no reader has this address or number; allowed: refused, an address, or a number "
            "as `status EDITION --reader ADDRESS` shows it"
        )
    return found.id
