"""`digest`: the editions that are due, composed and stored."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated

import typer
from sqlalchemy.engine import Connection

from commands.context import Context, opened, operator
from commands.invocation import ConfigOption, DryRunOption, LogOption, NowOption, invocation
from commands.lateness import miss_late
from newsletter import history
from newsletter.edition import Composition, EditionState, NothingNew, edition_key
from newsletter.schedule import Due, due_editions, next_due
from newsroom import log
from newsroom.database import reading, writing
from newsroom.errors import ConfigurationError, ExitStatus
from newsroom.locks import held
from newsroom.masthead import Empty, Newsletter

app = typer.Typer(pretty_exceptions_enable=False)

EVE = timedelta(hours=12)
"""How long before an edition it is said that it will be held."""


@app.command()
def digest(
    context: typer.Context,
    newsletter: Annotated[
        str | None, typer.Argument(help="Compose this one's next edition now, ahead of its hour.")
    ] = None,
    extra: Annotated[
        str, typer.Option(metavar="NAME", help="A further edition today, under this name, due at once.")
    ] = "",
    config: ConfigOption = None,
    log_format: LogOption = None,
    now: NowOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Compose the editions that are due; with a name, that newsletter's next one."""
    with opened(invocation(context, config, log_format, now, dry_run=dry_run)) as room:
        if extra and newsletter is None:
            raise ConfigurationError(
                "digest: --extra: say of which newsletter: digest NEWSLETTER --extra NAME"
            )
        if newsletter is not None:
            chosen = room.newsletter(newsletter)
            with room.troubles.caught("digest", newsletter):
                _compose_ahead(room, chosen, extra)
        else:
            for one in room.settings.newsletters:
                with room.troubles.caught("digest", one.key):
                    digest_step(room, one)
        raise typer.Exit(room.troubles.status)


def digest_step(room: Context, newsletter: Newsletter) -> None:
    """Decide every date that is due: an edition, a skip, a hold, or too late."""
    zone, now = room.settings.newsroom.time_zone, room.clock()
    with held(room.engine, f"newsletter:{newsletter.key}"):
        miss_late(room, newsletter)
        with reading(room.engine) as connection:
            decided = history.decided_dates(connection, newsletter.key, now.date() - timedelta(days=40))
        for due in due_editions(newsletter, zone, now, room.installation.created, decided):
            if due.missed:
                _miss(room, newsletter, due, now)
            else:
                _compose(room, newsletter, due.local_date, due.due, now)
        _announce_hold(room, newsletter, now)


def _miss(room: Context, newsletter: Newsletter, due: Due, now: datetime) -> None:
    key = edition_key(newsletter.key, due.local_date)
    why = f"no run within {_hours(newsletter.latest)} after its hour; its stories go into the next edition"
    _decide(room, newsletter, due.local_date, due.due, EditionState.MISSED, why, now)
    room.troubles.add("digest", key, f"{key} was missed: {why}", ExitStatus.DONE)


def _hours(period: timedelta) -> str:
    minutes = int(period.total_seconds() // 60)
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"


def _compose_ahead(room: Context, newsletter: Newsletter, slot: str) -> None:
    """Compose the next regular edition before its hour, or an extra one that is due at once."""
    zone, now = room.settings.newsroom.time_zone, room.clock()
    with held(room.engine, f"newsletter:{newsletter.key}"):
        miss_late(room, newsletter)
        if slot:
            _compose(room, newsletter, now.astimezone(zone).date(), now, now, slot)
            return
        with reading(room.engine) as connection:
            decided = history.decided_dates(connection, newsletter.key, now.date() - timedelta(days=40))
        due_now = [
            due
            for due in due_editions(newsletter, zone, now, room.installation.created, decided)
            if not due.missed
        ]
        due = due_now[-1] if due_now else next_due(newsletter, zone, now)
        _compose(room, newsletter, due.local_date, due.due, now)


def _compose(
    room: Context, newsletter: Newsletter, local_date: date, due: datetime, now: datetime, slot: str = ""
) -> None:
    # Composing takes a while to import, and most runs compose nothing.
    from commands.composing import composed, too_big
    from newsletter import editions

    key = edition_key(newsletter.key, local_date, slot)
    with reading(room.engine) as connection:
        made = composed(connection, room, newsletter, now, local_date, due, slot=slot)
        reason = too_big(connection, room, newsletter, made.fresh) if isinstance(made, Composition) else None
    if isinstance(made, NothingNew):
        _nothing(room, newsletter, local_date, due, now, made, slot)
        return
    for warning in made.warnings:
        log.problem("digest", f"{key}: {warning}", level="warning")
    facts = {"edition": key, "stories": len(made.selection.stories), "left_out": len(made.left_out)}
    if not room.stores:
        log.step("digest", **facts, subject=made.selection.subject, dry_run="nothing was stored")
        return
    with writing(room.engine) as connection:
        edition, is_new = editions.create(
            connection, newsletter.key, due, made, now, _by(slot), held=reason or ""
        )
    if is_new:
        log.step("digest", **facts, subject=made.selection.subject)
    else:
        log.step("digest", edition=key, state=edition.state, composed="already")
    if edition.held:
        room.troubles.add("digest", key, f"{key} is held: {edition.held}", ExitStatus.HELD)


def _by(slot: str) -> str:
    return operator() if slot else "run"


def _nothing(
    room: Context,
    newsletter: Newsletter,
    local_date: date,
    due: datetime,
    now: datetime,
    nothing: NothingNew,
    slot: str,
) -> None:
    key = edition_key(newsletter.key, local_date, slot)
    if slot or due > now:
        # Asked for by a person, or ahead of its hour: nothing is decided yet.
        log.step("digest", edition=key, composed="nothing", why=nothing.reason)
        return
    holds = newsletter.empty is Empty.HOLD
    state = EditionState.COMPOSED if holds else EditionState.SKIPPED
    _decide(room, newsletter, local_date, due, state, nothing.reason, now, slot)
    if holds:
        room.troubles.add("digest", key, f"{key} is held: {nothing.reason}", ExitStatus.HELD)
    else:
        log.step("digest", edition=key, skipped=nothing.reason)


def _decide(
    room: Context,
    newsletter: Newsletter,
    local_date: date,
    due: datetime,
    state: EditionState,
    why: str,
    now: datetime,
    slot: str = "",
) -> None:
    from newsletter import editions

    if room.stores:
        with writing(room.engine) as connection:
            editions.decide(connection, newsletter.key, local_date, slot, due, state, why, now, "run")


def _announce_hold(room: Context, newsletter: Newsletter, now: datetime) -> None:
    """Say the evening before, where it can be known, that the circuit breaker will hold the next edition."""
    due = next_due(newsletter, room.settings.newsroom.time_zone, now)
    if due.due - now > EVE:
        return
    with reading(room.engine) as connection:
        reason = _would_be_held(connection, room, newsletter, due, now)
    if reason:
        key = edition_key(newsletter.key, due.local_date)
        room.troubles.add("digest", f"eve:{key}", f"{key} will be held: {reason}", ExitStatus.DONE)


def _would_be_held(
    connection: Connection, room: Context, newsletter: Newsletter, due: Due, now: datetime
) -> str | None:
    from commands.composing import composed, too_big

    made = composed(connection, room, newsletter, now, due.local_date, due.due)
    return too_big(connection, room, newsletter, made.fresh if isinstance(made, Composition) else 0)
