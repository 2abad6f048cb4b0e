"""`resume EDITION`."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy.engine import Connection

from commands.context import Context, opened, operator
from commands.control import UNCHANGED, agreed, ask_half_out, tried
from commands.invocation import ConfigOption, DryRunOption, LogOption, NowOption, invocation
from commands.lateness import why_too_late
from newsletter import editions, holds
from newsletter.delivery import recalls
from newsletter.delivery.sums import Sum, sum_of
from newsletter.edition import DeliveryState, Edition, NothingNew
from newsroom import log, witness
from newsroom.counted import counted
from newsroom.database import reading, rehearsing
from newsroom.errors import MisuseError

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def resume(
    context: typer.Context,
    edition: Annotated[str, typer.Argument(help="NEWSLETTER-YYYY-MM-DD, as `status` shows it.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Also where readers may get it twice, or the rest of an old one.")
    ] = False,
    config: ConfigOption = None,
    log_format: LogOption = None,
    now: NowOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Let a stopped edition go on where it was stopped, however late it is."""
    with opened(invocation(context, config, log_format, now, dry_run=dry_run)) as room:
        witness.check(room.engine, room.settings.witness_path)
        with reading(room.engine) as connection:
            before = editions.get(connection, edition)
            is_too_late = why_too_late(connection, room, before) is not None
        to_come = _to_come(room, edition)
        if before.note == holds.HANDED_BEFORE:
            _warn(room, edition, to_come, yes=yes)
        elif is_too_late:
            ask_half_out(room, "resume", before, to_come, yes=yes)
        with tried(room) as connection:
            resumed, doubtful = _resumed(connection, room, edition)
        if doubtful:
            _say_doubtful(edition, doubtful)
        log.step(
            "resume",
            edition=edition,
            state=resumed.state,
            held=resumed.held,
            hands_over_to=to_come.of(DeliveryState.PLANNED),
            have_it=to_come.of(DeliveryState.ACCEPTED) or None,
            uncertain=(to_come.of(DeliveryState.UNCERTAIN) + to_come.of(DeliveryState.HANDED)) or None,
            dry_run=UNCHANGED if room.dry_run else None,
        )


def _to_come(room: Context, key: str) -> Sum:
    """The edition's sum as the next run finds it; one that is not planned yet is, and all rolled back.

    Raises as resuming it does.
    """
    with rehearsing(room.engine) as connection:
        edition, _ = _resumed(connection, room, key)
        if edition.candidates is None:
            # Rendering takes a while to import.
            from commands.posting import planned

            planned(connection, room, room.newsletter(edition.newsletter), edition)
        return sum_of(connection, key)


def _warn(room: Context, key: str, to_come: Sum, *, yes: bool) -> None:
    """Say who may get the edition twice, and ask whoever is there. Raises MisuseError where nobody agrees."""
    uncertain = to_come.of(DeliveryState.UNCERTAIN)
    if uncertain and not to_come.of(DeliveryState.PLANNED):
        said = f"{key}: of {counted(uncertain, 'reader')} nobody knows whether they have it"
        said += f": it goes to them once you say `resolve {key} --not-sent`, and to nobody else"
        log.problem("resume", said, level="warning")
        return
    readers = counted(to_come.of(DeliveryState.PLANNED), "reader")
    said = (
        f"{key} was {holds.HANDED_BEFORE}; resumed, it goes to {readers}, and whoever of them had it then "
        "gets it a second time"
    )
    log.problem("resume", said, level="warning")
    if not room.dry_run:
        agreed("resume", key, f"Hand it over to {readers}?", "look into the provider's log", yes=yes)


def _say_doubtful(key: str, doubtful: int) -> None:
    said = (
        f"{key}: of {counted(doubtful, 'reader')} nobody knows whether what they were handed was taken back: "
        f"they count as uncertain, and the others go under another name; the provider's events settle them, "
        f"or `resolve {key} --sent` or `--not-sent`"
    )
    log.problem("resume", said, level="warning")


def _resumed(connection: Connection, room: Context, key: str) -> tuple[Edition, int]:
    """The edition as it is then, and of how many readers nobody knows what was taken back."""
    now, provider = room.clock(), room.settings.delivery.provider
    resumed, doubtful = recalls.resume(connection, key, provider, operator(), now)
    if resumed.revision:
        return resumed, doubtful
    # Handed over by a database that is no more: of this one it was never composed.
    from commands.composing import composed

    newsletter = room.newsletter(resumed.newsletter)
    day, due = resumed.local_date, resumed.due
    made = composed(connection, room, newsletter, now, day, due, slot=resumed.slot)
    if isinstance(made, NothingNew):
        raise MisuseError(f"{key}: this database has nothing to hand over for it: {made.reason}")
    # A person says that it is to go now: nobody else looks at it first.
    edition, _ = editions.create(connection, newsletter.key, resumed.due, made, now, operator())
    return edition, doubtful
