"""`stop EDITION`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from sqlalchemy.engine import Connection

from commands.context import Context, opened, operator
from commands.control import UNCHANGED, changed
from commands.invocation import ConfigOption, DryRunOption, LogOption, NowOption, invocation
from commands.taking_back import waits
from newsletter import holds, status
from newsletter.delivery import recalls
from newsletter.delivery.recalls import Recalled
from newsletter.delivery.sums import sum_of
from newsletter.edition import DeliveryState
from newsletter.status import Trouble
from newsroom import locks, log
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
        with reading(room.engine) as connection:
            coming = recalls.foreseen(connection, edition, room.clock())
        changed(
            room,
            edition,
            "stop",
            lambda connection: holds.stop(connection, edition, why, operator(), room.clock()),
        )
        if room.dry_run:
            _say_who_has_it(room, edition, coming)
            return
        _say_who_has_it(room, edition, _take_back(room, edition))
        log.step("next", edition=edition, goes_on_with=f"resume {edition}")


def _say_who_has_it(room: Context, edition: str, kept: Recalled | None) -> None:
    """Say how many have the edition and how many have not; of one that is handed over to nobody, nothing."""
    with reading(room.engine) as connection:
        found = sum_of(connection, edition)
        cut_off = _cut_off(connection, edition, room.clock())
    kept = kept or Recalled()
    accepted, uncertain = found.of(DeliveryState.ACCEPTED), found.of(DeliveryState.UNCERTAIN)
    in_flight = max(0, found.of(DeliveryState.HANDED) - cut_off)
    if not (accepted or uncertain or in_flight or cut_off or kept.certain):
        return
    if room.dry_run:
        # The ledger has them as handed over still.
        accepted, uncertain = max(0, accepted - kept.certain - kept.doubtful), uncertain + kept.doubtful
    log.step(
        "stop",
        edition=edition,
        taken_back=kept.certain or None,
        have_it=accepted,
        uncertain=uncertain or None,
        in_flight=in_flight or None,
        cut_off=cut_off or None,
        of=sum(found.deliveries.values()),
        dry_run=UNCHANGED if room.dry_run else None,
    )


def _cut_off(connection: Connection, edition: str, now: datetime) -> int:
    """How many were handed over by a run that is no more: nothing of them is in flight."""
    problems = status.problems(connection, now, edition, lambda owner: locks.is_living(connection, owner))
    return sum(one.readers or 0 for one in problems if one.trouble is Trouble.CUT_OFF)


def _take_back(room: Context, edition: str) -> Recalled | None:
    """Have the provider forget what it keeps still. Raises ProviderError, with who has it when."""
    try:
        return recalls.take_back(room.settings, room.engine, edition, operator(), room.clock)
    except ProviderError as error:
        with reading(room.engine) as connection:
            waiting = recalls.kept(connection, room.clock())
        said = [waits(room, one, str(error)) for one in waiting if one.edition == edition]
        raise ProviderError(f"{edition}: {said[0]}" if said else str(error)) from error
