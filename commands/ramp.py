"""`ramp [NEWSLETTER]`: the warm-up of a new sending domain, proposed, started, shown, ended."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy.engine import Connection

from commands.context import Context, opened
from commands.control import UNCHANGED, tried
from commands.invocation import ConfigOption, DryRunOption, LogOption, NowOption, invocation
from newsletter.delivery import ramps
from newsletter.delivery.ramp import Ramp, proposed
from newsroom import log
from newsroom.database import reading
from newsroom.errors import ConfigurationError, MisuseError
from newsroom.masthead import Newsletter
from readership import counts

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def ramp(
    context: typer.Context,
    newsletter: Annotated[
        str | None, typer.Argument(help="Its key; needed for --start and --stop where there are several.")
    ] = None,
    start: Annotated[bool, typer.Option("--start", help="Begin the warm-up that is proposed.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="End it: the next edition goes to everybody.")] = False,
    config: ConfigOption = None,
    log_format: LogOption = None,
    now: NowOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Warm a new sending domain up: fifty readers on the first day, about twice as many on each day after.

    Without an option it says what it proposes, or how far a warm-up has come. Those who pay come first, then
    those who subscribed last; whoever is left for another day is in the sum of the edition.
    """
    if start and stop:
        raise ConfigurationError("ramp: --start and --stop: one of them")
    with opened(invocation(context, config, log_format, now, dry_run=dry_run)) as room:
        some = _chosen(room, newsletter, is_deed=start or stop)
        if not (start or stop):
            for one in some:
                _show(room, one)
            return
        with tried(room) as connection:
            said = _stopped(connection, some[0]) if stop else _started(connection, room, some[0])
        log.step("ramp", newsletter=some[0].key, **said, dry_run=UNCHANGED if room.dry_run else None)


def _chosen(room: Context, key: str | None, *, is_deed: bool) -> tuple[Newsletter, ...]:
    if key is not None:
        return (room.newsletter(key),)
    if is_deed and len(room.settings.newsletters) != 1:
        known = ", ".join(one.key for one in room.settings.newsletters) or "none is set up"
        raise ConfigurationError(f"ramp: say which newsletter; allowed: {known}")
    return room.settings.newsletters


def _show(room: Context, newsletter: Newsletter) -> None:
    today = room.clock().astimezone(room.settings.newsroom.time_zone).date()
    with reading(room.engine) as connection:
        found = ramps.find(connection, newsletter.key)
        readers = _readers(connection, room, newsletter)
        there = ramps.standing(connection, newsletter.key, today)
    if found is None:
        days = proposed(readers)
        log.step(
            "ramp",
            newsletter=newsletter.key,
            readers=readers,
            proposes=_said(days),
            days=len(days) or None,
            begins=f"ramp {newsletter.key} --start" if days else None,
        )
        return
    log.step(
        "ramp",
        newsletter=newsletter.key,
        started=found.started,
        readers=readers,
        day=f"{there.day} of {there.days}" if there else "over: everybody gets it",
        today=there.today if there else None,
        after_that=_said(found.days[there.day :]) if there else None,
        ends=f"ramp {newsletter.key} --stop",
    )


def _started(connection: Connection, room: Context, newsletter: Newsletter) -> dict[str, object]:
    readers = _readers(connection, room, newsletter)
    days = proposed(readers)
    if not days:
        raise MisuseError(f"{newsletter.key} has {readers:,} readers: that is few enough for a first day")
    today = room.clock().astimezone(room.settings.newsroom.time_zone).date()
    begun = ramps.start(connection, Ramp(newsletter.key, today, days))
    return {"started": begun.started, "readers": readers, "days": len(days), "most": _said(days)}


def _stopped(connection: Connection, newsletter: Newsletter) -> dict[str, object]:
    ramps.stop(connection, newsletter.key)
    return {"stopped": "the next edition goes to everybody"}


def _readers(connection: Connection, room: Context, newsletter: Newsletter) -> int:
    today = room.clock().astimezone(room.settings.newsroom.time_zone).date()
    return sum(counts.by_plan(connection, newsletter.key, today).values())


def _said(days: tuple[int, ...]) -> str:
    return ", ".join(f"{day:,}" for day in days) + ", then everybody" if days else "everybody at once"
