"""`release [EDITION]`: a held edition, or the whole newsroom after a restored database."""

from __future__ import annotations

from datetime import datetime, time
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.engine import Connection

from commands.context import Context, opened, operator
from commands.control import UNCHANGED, ask_half_out, changed, tried
from commands.invocation import ConfigOption, DryRunOption, LogOption, NowOption, invocation
from commands.lateness import why_too_late
from newsletter import editions, holds
from newsletter.delivery import recall_restored
from newsletter.delivery.sums import Sum, sum_of
from newsletter.desk import editing
from newsletter.desk.early import early
from newsletter.edition import RUN, DeliveryState, Edition, EditionState, day_and_slot
from newsroom import log, witness
from newsroom.counted import counted
from newsroom.database import reading
from newsroom.errors import HeldError, MisuseError
from readership import sessions

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def release(
    context: typer.Context,
    edition: Annotated[
        str | None, typer.Argument(help="A held edition; without one, the database is taken as the truth.")
    ] = None,
    at_once: Annotated[
        bool, typer.Option("--at-once", help="Now, not at its hour; it need not be held for that.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Also the rest of one that is half out.")] = False,
    config: ConfigOption = None,
    log_format: LogOption = None,
    now: NowOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Let a held edition go; or, without an edition, accept a database that its witness objects to.

    What the witness saw handed over then counts as sent: nobody gets it again, unless you `resume` it.
    """
    with opened(invocation(context, config, log_format, now, dry_run=dry_run)) as room:
        if edition is None:
            if at_once:
                raise MisuseError("release: --at-once: name the edition that is to go now")
            _accept(room)
            return
        key = edition
        why = _half_out(room, key, yes=yes)

        def act(connection: Connection) -> Edition:
            if at_once:
                _say_what_is_early(connection, room, key)
            now, by = room.clock(), operator()
            if why and not editions.locked(connection, key).held:
                # As the next run would do: then it is let go, and the log says both.
                holds.hold(connection, key, why, RUN, now)
            return editing.release(connection, room.settings, key, by, now, at_once=at_once)

        changed(room, key, "release", act)


def _half_out(room: Context, key: str, *, yes: bool) -> str | None:
    """Say of an edition that is half out to how many it would go now, and ask whoever is there; returns why
    no run goes on with it by itself, if that is so.

    Raises MisuseError where nobody agrees, HeldError where the witness objects.
    """
    with reading(room.engine) as connection:
        edition = editions.get(connection, key)
        if not edition.is_under_way:
            return None
        why = why_too_late(connection, room, edition)
        found = sum_of(connection, key)
    planned = found.of(DeliveryState.PLANNED)
    if not planned or not (edition.held or why):
        return None
    witness.check(room.engine, room.settings.witness_path)
    ask_half_out(room, "release", edition, found, yes=yes)
    return why


def _say_what_is_early(connection: Connection, room: Context, key: str) -> None:
    """Say what an edition that is sent before its hour lacks, and how its lead and its subject change."""
    edition = editions.locked(connection, key)
    if edition.state is not EditionState.COMPOSED or not edition.revision or edition.first_handed:
        return
    newsletter = editing.newsletter_of(room.settings, edition)
    found = early(connection, room.settings, newsletter, edition, room.clock())
    if not found.lost:
        return
    names = ", ".join(teaser.slug for teaser in found.lost)
    said = [f"{key}: before its hour these are not in it, and the next edition may have them: {names}"]
    before, after = found.at_its_hour, found.now
    if before.lead and after.lead and before.lead.teaser.id != after.lead.teaser.id:
        said.append(f"{after.lead.teaser.slug} leads instead of {before.lead.teaser.slug}")
    if before.subject != after.subject:
        said.append(f'the subject is "{after.subject}"')
    log.problem("release", "; ".join(said), level="warning")


def _accept(room: Context) -> None:
    """Go on with this database; what its witness saw handed over counts as sent from now on."""
    path = room.settings.witness_path
    _check_place(path)
    try:
        witness.check(room.engine, path)
    except HeldError as error:
        log.problem("release", str(error), level="warning")
    else:
        raise MisuseError("release: the witness has no objection; name the edition to be released")
    told = []
    with tried(room) as connection:
        for key in witness.unknown(witness.if_readable(path), room.installation):
            perhaps = _perhaps_taken_back(connection, room, key)
            if _counted_as_sent(connection, room, key, is_doubted=perhaps > 0):
                told.append(_said(key, sum_of(connection, key), perhaps))
            elif is_over := _said_of_over(key, sum_of(connection, key)):
                told.append(is_over)
    for said in told:
        log.problem("release", said, level="warning")
    if witness.is_behind(witness.if_readable(path), room.installation):
        _say_lost(room)
    if not room.dry_run:
        witness.accept(room.engine, path)
    log.step(
        "release",
        witness=str(path),
        database="taken as the truth",
        dry_run=UNCHANGED if room.dry_run else None,
    )


def _check_place(path: Path) -> None:
    """Raises HeldError where the newsroom lives elsewhere: it would be sent from there as well."""
    found = witness.if_readable(path)
    if found is None or witness.place(path.parent) in found.places:
        return
    raise HeldError(
        f"release: this newsroom lives elsewhere ({witness.lives(found)}, on another machine or in another "
        "folder), and what runs there goes on sending; nothing was changed. If it moved here, end its timer "
        "and `serve` there for good, then say `move-here`: it asks for nothing else, and says what is still "
        "to be released. If this is a copy, leave it as it is"
    )


def _perhaps_taken_back(connection: Connection, room: Context, key: str) -> int:
    if editions.find(connection, key) is None:
        return 0
    return recall_restored.doubt(connection, key, operator(), room.clock())


def _said(key: str, found: Sum, perhaps: int) -> str:
    """What is said of an edition that was handed over before, half of it or all. Pure."""
    undecided, accepted = found.of(DeliveryState.PLANNED), found.of(DeliveryState.ACCEPTED)
    if perhaps:
        others = f"; of {undecided:,} more nobody knows whether they got it since" if undecided else ""
        resumed = f"; `resume {key}` hands it to those who have not got it then" if undecided else ""
        return (
            f"{key} was kept by its provider when this database was saved: of {counted(perhaps, 'reader')} "
            f"nobody knows whether it was taken back since{others}: it is stopped; look into the provider's "
            f"log, then `resolve {key} --sent` or `--not-sent`{resumed}"
        )
    if undecided:
        return (
            f"{key} was half out when this database was saved: {counted(accepted, 'reader')} had it; of "
            f"{undecided:,} more nobody knows whether they got it since: it is stopped, and they get nothing "
            f"of it; look into the provider's log, then `resume {key}` hands it to these {undecided:,}"
        )
    return (
        f"{key} was handed over before the database was restored: it counts as sent and nobody gets it "
        f"again; `resume {key}` hands it to everybody who has not got it as far as this database knows: "
        f"`resume {key} --dry-run` says to how many"
    )


def _said_of_over(key: str, found: Sum) -> str:
    """What is said of an edition that was over when the database was saved; empty where nothing can have come
    of it since. Pure."""
    refused, uncertain = found.of(DeliveryState.REFUSED), found.of(DeliveryState.UNCERTAIN)
    if not refused and not uncertain:
        return ""
    return (
        f"{key} was over when this database was saved, {refused:,} refused and {uncertain:,} uncertain: what "
        "they got since, by `resend` or `resolve`, only the provider's log knows; look there before you say "
        "either"
    )


def _say_lost(room: Context) -> None:
    """Say what a restored database knows of readers no more. Without the file of stops every session ends:
    nobody can tell which of them had ended since the backup."""
    lost = "who signed up, or changed an address or a choice, since the backup is as before it"
    if room.settings.stops_path.exists():
        stopped = f"who stopped or was erased is so again, from {room.settings.stops_path}"
        log.problem("release", f"where the database was restored, {lost}; {stopped}", level="warning")
        return
    with tried(room) as connection:
        ended = sessions.end_all(connection)
    message = (
        f"where the database was restored, {lost}; {room.settings.stops_path} is not there, so who stopped "
        "or was erased since the backup gets mail again: `readers import FILE --suppress` takes your "
        f"provider's list of them. Every reader is signed out ({ended} sessions); private feeds' "
        "addresses that were made void since the backup open again: `readers feeds ADDRESS --rotate`"
    )
    log.problem("release", message, level="warning")


def _counted_as_sent(connection: Connection, room: Context, key: str, *, is_doubted: bool) -> bool:
    """Record the edition as stopped after its hand-over; False where the database knows that it is over, and
    for a newsletter that is not set up any more."""
    found = next(
        ((one, parts) for one in room.settings.newsletters if (parts := day_and_slot(key, one.key))), None
    )
    if found is None:
        return False
    newsletter, (day, slot) = found
    now = room.clock()
    if editions.find(connection, key) is None:
        due = datetime.combine(day, newsletter.at if not slot else time(), room.settings.newsroom.time_zone)
        editions.decide(
            connection,
            newsletter.key,
            day,
            slot,
            due,
            EditionState.STOPPED,
            holds.HANDED_BEFORE,
            now,
            operator(),
        )
        return True
    provider = room.settings.delivery.provider
    return holds.count_as_sent(connection, key, provider, operator(), now, is_doubted=is_doubted)
