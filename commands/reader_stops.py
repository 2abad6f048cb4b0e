"""`readers lift|bounces`: stops that events or lists brought about, taken back by a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from sqlalchemy.engine import Connection

from commands.context import Context, opened, operator
from commands.control import UNCHANGED, tried
from commands.invocation import ConfigOption, DryRunOption, LogOption, NowOption, invocation
from commands.reader_address import key_of
from newsletter import editions
from newsletter.returns import bounce_hold
from newsroom import log
from newsroom.database import reading
from newsroom.errors import ConfigurationError, MisuseError
from readership import store
from readership.lifting import lift_for
from readership.reader import Reader, SubscriptionStatus, SuppressionReason

_WISHES = (SuppressionReason.COMPLAINED, SuppressionReason.UNSUBSCRIBED)
"""The person's own word: nobody else's takes it back without a thought."""

YesOption = Annotated[
    bool, typer.Option("--yes", help="Also of who complained or unsubscribed: they asked you for it.")
]


def lift(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="The reader's address.")],
    yes: YesOption = False,
    config: ConfigOption = None,
    log_format: LogOption = None,
    now: NowOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Let an address get mail again that bounced, complained or was on a list. Subscriptions stay."""
    with opened(invocation(context, config, log_format, now, dry_run=dry_run)) as room:
        key = key_of(room, address, "readers lift")
        with reading(room.engine) as connection:
            why = store.suppressed(connection, [key]).get(key)
            found = store.find(connection, key)
            ended = _ended(connection, found)
        if why is None and ended:
            raise MisuseError(f"readers lift: nothing stops this address as such, but {_anew(room, ended)}")
        _check(why, yes=yes)
        with tried(room) as connection:
            lift_for(connection, key, operator(), room.clock())
        log.step(
            "lift",
            reader=found.id if found else "not a reader",
            was=why.value if why else "",
            by=operator(),
            still_ended=_anew(room, ended) if ended else None,
            next=_LISTED if room.settings.delivery.provider == "sendgrid" else None,
            dry_run=UNCHANGED if room.dry_run else None,
        )


_LISTED = "take the address off SendGrid's own list too, or it drops the next mail"


def _ended(connection: Connection, reader: Reader | None) -> list[str]:
    """The newsletters that the reader has ended, by key."""
    if reader is None:
        return []
    theirs = store.subscriptions_of(connection, [reader.id]).get(reader.id, {})
    return sorted(key for key, one in theirs.items() if one.status is SubscriptionStatus.UNSUBSCRIBED)


def _anew(room: Context, ended: Sequence[str]) -> str:
    place = f"{room.settings.newsroom.public_url}/subscribe"
    return (
        f"its reader is unsubscribed from {', '.join(ended)}, here or at your provider: only the reader can "
        f"begin that again, at {place} or on the page of the unsubscribe link"
    )


def _check(why: SuppressionReason | None, *, yes: bool) -> None:
    """Raises MisuseError for what is not to be lifted."""
    if why is None:
        raise MisuseError("readers lift: nothing stops this address; `readers show` says what is kept of it")
    if why is SuppressionReason.ERASED:
        raise MisuseError(
            "readers lift: the address was erased at its owner's wish, and only its owner can begin anew, by "
            "signing up"
        )
    if why in _WISHES and not yes:
        raise MisuseError(
            f"readers lift: the address is {why.value}: its owner's own word; where they have asked you for "
            "mail again since, say --yes"
        )


def bounces(
    context: typer.Context,
    edition: Annotated[str, typer.Argument(help="The edition whose bounces are held.")],
    stop: Annotated[
        bool | None,
        typer.Option("--stop/--ignore", help="Whether they stop their readers.", show_default=False),
    ] = None,
    config: ConfigOption = None,
    log_format: LogOption = None,
    now: NowOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Decide what an edition's many bounces do: they stop their readers, or nobody."""
    if stop is None:
        raise ConfigurationError(
            "readers bounces: say --stop where these addresses are dead, or --ignore where your server or "
            "domain was blocked"
        )
    with opened(invocation(context, config, log_format, now, dry_run=dry_run)) as room:
        with tried(room) as connection:
            editions.get(connection, edition)
            rules = room.settings.bounces
            count = bounce_hold.decide(connection, edition, stop, rules, operator(), room.clock())
        log.step(
            "bounces",
            edition=edition,
            stopped=count,
            decided="they stop their readers" if stop else "they stop nobody",
            dry_run=UNCHANGED if room.dry_run else None,
        )
