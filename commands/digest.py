"""`digest`: the editions that are due, composed and stored."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated

import typer

from commands import control
from commands.context import Context, opened, operator
from commands.invocation import ConfigOption, DryRunOption, LogOption, NowOption, invocation
from commands.lateness import Missed, miss_late, say_missed
from commands.letters import letters_step, say_unseen
from commands.sync import sync_step
from commands.unread import SYNC, is_left, look_who_reads, say_not_read, undecided
from newsletter import history
from newsletter.desk.window import goes
from newsletter.edition import Composition, EditionState, NothingNew, edition_key
from newsletter.schedule import Due, in_hours, next_due
from newsroom import log, witness
from newsroom.database import reading, writing
from newsroom.errors import ConfigurationError, ExitStatus
from newsroom.locks import held
from newsroom.masthead import Empty, Newsletter

app = typer.Typer(pretty_exceptions_enable=False)

EVE = timedelta(hours=12)
"""How long before an edition it is said that it will be held."""

_DAY = timedelta(days=1)

NAME_LENGTH = 40
_NAME = re.compile("[a-z0-9]+(?:-[a-z0-9]+)*")
"""An extra edition's name stands in its key, and so in folders and addresses."""


@dataclass(frozen=True, slots=True)
class _Issue:
    """One edition that is to be decided."""

    local_date: date
    due: datetime
    slot: str = ""
    by: str = "run"
    """Who asks for it, for the edition's log."""


@app.command()
def digest(
    context: typer.Context,
    newsletter: Annotated[
        str | None, typer.Argument(help="Compose this one's next edition now, ahead of its hour.")
    ] = None,
    extra: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="A further edition today, under this name, due at once."),
    ] = None,
    config: ConfigOption = None,
    log_format: LogOption = None,
    now: NowOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Compose the editions that are due; with a name, read the sources and compose that one's next."""
    _check_extra(newsletter, extra)
    with opened(invocation(context, config, log_format, now, dry_run=dry_run)) as room:
        witness.check_there(room.engine, room.settings.witness_path)
        if newsletter is not None:
            chosen = room.newsletter(newsletter)
            # A person means what there is now; a bare run has read the sources before it comes here.
            sync_step(room)
            with room.troubles.caught("digest", newsletter):
                _compose_ahead(room, chosen, extra or "")
        else:
            is_any = False
            look_who_reads(room)
            for one in room.settings.newsletters:
                with room.troubles.caught("digest", one.key):
                    is_any |= digest_step(room, one)
            if room.dry_run and not is_any and not room.troubles.messages:
                log.step("digest", due="nothing", dry_run="nothing was stored")
        if any(one.editors for one in room.settings.newsletters):
            letters_step(room)
            say_unseen(room)
        raise typer.Exit(room.troubles.status)


def _check_extra(newsletter: str | None, name: str | None) -> None:
    if name is None:
        return
    if newsletter is None:
        raise ConfigurationError("digest: --extra: say of which newsletter: digest NEWSLETTER --extra NAME")
    if len(name) > NAME_LENGTH or not _NAME.fullmatch(name):
        raise ConfigurationError(
            f'digest: --extra: "{name}" is not a name; allowed: lower-case letters a to z, digits, and '
            f"hyphens between them, at most {NAME_LENGTH} characters"
        )


def digest_step(room: Context, newsletter: Newsletter) -> bool:
    """Decide every date that is due: an edition, a skip, a hold, or too late. False where none is but those
    that are too late.

    While another run reads the sources nothing is decided: that is for who has read them.
    """
    now = room.clock()
    if SYNC in room.troubles.left:
        return is_left(room, newsletter, now)
    with held(room.engine, f"newsletter:{newsletter.key}"):
        found = _undecided(room, newsletter, now)
        for due in found:
            _compose(room, newsletter, _Issue(due.local_date, due.due), now)
        _announce_hold(room, newsletter, now)
    return bool(found)


def _undecided(room: Context, newsletter: Newsletter, now: datetime) -> list[Due]:
    """The editions that are due and can still be sent; those it is too late for are recorded as missed."""
    # First: the stories of a composed edition that nobody handed over in time are free for these.
    gone = miss_late(room, newsletter)
    with reading(room.engine) as connection:
        due = undecided(connection, room, newsletter, now)
    missed = [one for one in due if one.missed]
    say_missed(room, newsletter, [*gone, *_miss(room, newsletter, missed, now)])
    return [one for one in due if not one.missed]


def _miss(room: Context, newsletter: Newsletter, missed: Sequence[Due], now: datetime) -> list[Missed]:
    """Record the editions as missed; returns what is to be said of them."""
    if not missed:
        return []
    from newsletter import editions

    why = f"no run within {in_hours(newsletter.latest)} after its hour; its stories go into the next edition"
    if room.stores:
        with writing(room.engine) as connection:
            for one in missed:
                editions.decide(
                    connection,
                    newsletter.key,
                    one.local_date,
                    "",
                    one.due,
                    EditionState.MISSED,
                    why,
                    now,
                    "run",
                )
    return [
        Missed(edition_key(newsletter.key, one.local_date), one.local_date, one.due, why=why)
        for one in missed
    ]


def _compose_ahead(room: Context, newsletter: Newsletter, slot: str) -> None:
    """Compose the next regular edition before its hour, or an extra one that is due at once."""
    zone, now, by = room.settings.newsroom.time_zone, room.clock(), operator()
    if SYNC in room.troubles.left:
        if slot or not is_left(room, newsletter, now):
            say_not_read(room, newsletter)
        return
    with held(room.engine, f"newsletter:{newsletter.key}"):
        if slot:
            _compose(room, newsletter, _Issue(now.astimezone(zone).date(), now, slot, by), now)
            return
        due = (_undecided(room, newsletter, now) or [next_due(newsletter, zone, now)])[-1]
        _compose(room, newsletter, _Issue(due.local_date, due.due, by=by), now)


def _compose(room: Context, newsletter: Newsletter, issue: _Issue, now: datetime) -> None:
    # Composing takes a while to import, and most runs compose nothing.
    from commands.composing import composed, too_big, with_room
    from newsletter import editions

    key = edition_key(newsletter.key, issue.local_date, issue.slot)
    with reading(room.engine) as connection:
        made = composed(connection, room, newsletter, now, issue.local_date, issue.due, slot=issue.slot)
        reason = too_big(connection, room, newsletter, made.fresh) if isinstance(made, Composition) else None
    if isinstance(made, NothingNew):
        _nothing(room, newsletter, issue, now, made)
        return
    made = with_room(room, newsletter, made, "digest")
    for warning in made.warnings:
        log.problem("digest", f"{key}: {warning}", level="warning")
    facts = {
        "edition": key,
        "stories": len(made.selection.stories),
        "left_out_for_room": sum(1 for left in made.left_out if left.for_room) or None,
        "subject": made.selection.subject,
    }
    rehearsed = "nothing was stored" if room.dry_run else None
    if not room.stores:
        log.step("digest", **facts, dry_run=rehearsed)
        return
    if not room.dry_run:
        # A copy of this newsroom that is made from now on would send the same edition.
        witness.settle(room.engine, room.settings.witness_path)
    with writing(room.engine) as connection:
        edition, is_new = editions.create(
            connection,
            newsletter.key,
            issue.due,
            made,
            now,
            issue.by,
            held=reason or "",
            goes=goes(issue.due, now, newsletter.hold),
        )
    if is_new:
        zone = room.settings.newsroom.time_zone
        waits = edition.goes.astimezone(zone) if newsletter.hold else None
        log.step("digest", **facts, goes=waits, dry_run=rehearsed)
    else:
        log.step("digest", edition=key, state=edition.state, composed="already")
    if edition.held:
        room.troubles.add("digest", key, control.held(edition), ExitStatus.HELD)


def _nothing(
    room: Context, newsletter: Newsletter, issue: _Issue, now: datetime, nothing: NothingNew
) -> None:
    from newsletter import editions

    key = edition_key(newsletter.key, issue.local_date, issue.slot)
    if issue.slot or issue.due > now:
        # Asked for by a person, or ahead of its hour: nothing is decided yet.
        log.step("digest", edition=key, composed="nothing", why=nothing.reason)
        return
    holds = newsletter.empty is Empty.HOLD
    state = EditionState.COMPOSED if holds else EditionState.SKIPPED
    if room.stores:
        with writing(room.engine) as connection:
            editions.decide(
                connection,
                newsletter.key,
                issue.local_date,
                issue.slot,
                issue.due,
                state,
                nothing.reason,
                now,
                issue.by,
                nothing.left_out,
            )
    if holds:
        said = f"{key} is held: {nothing.reason}; `release {key}` skips it"
        room.troubles.add("digest", key, said, ExitStatus.HELD)
    else:
        log.step("digest", edition=key, skipped=nothing.reason)


def _announce_hold(room: Context, newsletter: Newsletter, now: datetime) -> None:
    """Say the evening before, where it can be known, that the circuit breaker will hold the next edition."""
    due = next_due(newsletter, room.settings.newsroom.time_zone, now)
    if due.due - now > EVE:
        return
    reason = _would_be_held(room, newsletter, due, now)
    if reason:
        key = edition_key(newsletter.key, due.local_date)
        said = f"{key} will be held at its hour: {reason}; `release {key}` then lets it go"
        room.troubles.add("digest", f"eve:{key}", said, ExitStatus.DONE)


def _would_be_held(room: Context, newsletter: Newsletter, due: Due, now: datetime) -> str | None:
    from commands.composing import composed, too_big

    with reading(room.engine) as connection:
        if due.local_date in history.decided_dates(connection, newsletter.key, due.local_date - _DAY):
            return None  # It is composed ahead of its hour, and held or not.
        made = composed(connection, room, newsletter, now, due.local_date, due.due)
        return too_big(connection, room, newsletter, made.fresh if isinstance(made, Composition) else 0)
