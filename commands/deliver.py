"""`deliver`: what is composed and due, handed over."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from typing import Annotated

import typer

from commands import control
from commands.asking import ask_again
from commands.context import Context, opened
from commands.dropped import say_dropped
from commands.ending import ASKED
from commands.invocation import ConfigOption, DryRunOption, LogOption, NowOption, invocation
from commands.lateness import miss_late, say_missed, too_late
from commands.posting import planned, post_for
from commands.progress import counting
from commands.taking_back import take_back_step
from newsletter import editions, history, status
from newsletter.delivery import sums
from newsletter.delivery.claim import Terms
from newsletter.delivery.deliver import Delivery
from newsletter.delivery.delivery_report import DeliveryReport, StoppedBy
from newsletter.delivery.standing import Standing
from newsletter.edition import Edition
from newsletter.lateness import is_too_late
from newsletter.providers import Provider
from newsletter.providers.chosen import provider_for
from newsletter.returns import bounce_hold, evidence, heard
from newsletter.returns import silence as silence_
from newsroom import alerts, locks, log, witness
from newsroom.counted import counted
from newsroom.database import reading, rehearsing, writing
from newsroom.errors import ExitStatus
from newsroom.masthead import Newsletter
from readership.probe import answers

app = typer.Typer(pretty_exceptions_enable=False)

REHEARSED = "nothing was handed over"
"""What a dry run came to."""


@app.command()
def deliver(
    context: typer.Context,
    newsletter: Annotated[str | None, typer.Argument(help="Only this one's editions.")] = None,
    config: ConfigOption = None,
    log_format: LogOption = None,
    now: NowOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Hand over the editions that are composed and due."""
    with opened(invocation(context, config, log_format, now, dry_run=dry_run)) as room:
        witness.check_there(room.engine, room.settings.witness_path)
        with room.troubles.caught("deliver", "recall"):
            take_back_step(room)
        chosen = (room.newsletter(newsletter),) if newsletter else room.settings.newsletters
        is_any, standing = False, Standing()
        for one in chosen:
            with room.troubles.caught("deliver", one.key):
                is_any |= deliver_step(room, one, standing)
        say_unsettled(room)
        if room.dry_run and not is_any and not room.troubles.messages:
            log.step("deliver", due="nothing", dry_run=REHEARSED)
        raise typer.Exit(room.troubles.status)


def deliver_step(room: Context, newsletter: Newsletter, standing: Standing) -> bool:
    """Hand over what is due of the newsletter's editions; a held one is said, and waits for a person.

    `standing` goes from newsletter to newsletter: what the provider says of one may hold for all. False where
    nothing is due, and nothing that was handed over waits for its outcome.
    """
    if not room.dry_run:
        _by_events(room, newsletter)
    with reading(room.engine) as connection:
        coming = history.open_editions(connection, newsletter.key)
    now = room.clock()
    _say_held(room, coming)
    late = [edition for edition in coming if is_too_late(edition, newsletter.latest, now)]
    # What has begun goes on whatever its hour says: the clock may have gone back since.
    due = [
        edition
        for edition in coming
        if (edition.goes <= now or edition.first_handed) and not edition.held and edition not in late
    ]
    if late:
        with locks.held(room.engine, f"newsletter:{newsletter.key}") if room.stores else nullcontext():
            say_missed(room, newsletter, miss_late(room, newsletter))
    with reading(room.engine) as connection:
        begun = history.cut_off(connection, newsletter.key)
    # Stopped or held: nothing more is handed over of these, but what was is settled.
    cut_off = [edition for edition in begun if edition.key not in {one.key for one in due}]
    if room.dry_run:
        for edition in due:
            _say_plan(room, newsletter, edition)
        for edition in cut_off:
            log.step("deliver", edition=edition.key, dry_run="what its run was cut off in would be settled")
        return bool(due or cut_off)
    if late or due or cut_off:
        witness.check(room.engine, room.settings.witness_path)
    if due or cut_off:
        _deliver_all(room, newsletter, due, cut_off, standing)
    return bool(due or cut_off)


def _deliver_all(
    room: Context,
    newsletter: Newsletter,
    due: Sequence[Edition],
    cut_off: Sequence[Edition],
    standing: Standing,
) -> None:
    provider = provider_for(room.settings)
    if due:
        _check_address(room, provider)
    try:
        with _told_to_stop(), locks.held(room.engine, f"newsletter:{newsletter.key}") as owner:
            for edition in cut_off:
                _deliver_one(room, newsletter, edition, provider, owner, standing)
            for edition in due:
                ask_again(room, edition, ASKED.is_set)
                _deliver_one(room, newsletter, edition, provider, owner, standing)
    finally:
        provider.close()


def _check_address(room: Context, provider: Provider) -> None:
    """Say what mails lack on a trial. Raises HeldError where readers' links would lead nowhere."""
    address = room.settings.newsroom.public_url
    if provider.is_real:
        answers(address, room.settings.secrets.signing_keys)
    elif not address.startswith("https://"):
        message = "public_url is not https: mails carry no one-click unsubscribe; only a trial may do so"
        log.problem("deliver", message, level="warning")


def _say_held(room: Context, coming: Sequence[Edition]) -> None:
    """Say what waits for a person and how it goes on, unless this run has said so when it was composed."""
    said = room.troubles.messages.values()
    for edition in coming:
        if edition.held and not any(message.startswith(f"{edition.key} is held") for message in said):
            room.troubles.add("digest", edition.key, control.held_line(room, edition), ExitStatus.HELD)


def say_unsettled(room: Context) -> None:
    """Say of whom nobody knows whether they got their edition; each run does, until a person settles it."""
    with reading(room.engine) as connection:
        waiting = status.together(status.unsettled(connection))
    for problem in waiting:
        readers = counted(problem.readers or 0, "reader")
        ways = " or ".join(f"`{command}`" for command in problem.commands)
        many = len(problem.batches)
        what = f"{many:,} batches, {readers}, are" if many else f"batch {problem.batch}, {readers}, is"
        said = f"{problem.edition}: {what} {problem.trouble}: {problem.reason}"
        message = f"{said}; ask the provider's log, then: {ways}"
        key = f"unsettled:{min(problem.batches) if many else problem.batch}"
        room.troubles.add("deliver", key, message, ExitStatus.HELD)
    say_returned(room)
    say_dropped(room)


def say_returned(room: Context) -> None:
    """Say of which editions so much came back that it stops nobody until a person has decided."""
    with reading(room.engine) as connection:
        waiting = bounce_hold.waiting(connection)
    for held in waiting:
        ways = " or ".join(f"`{command}`" for command in held.commands)
        room.troubles.add(
            "bounces", held.edition, f"{held.edition}: {held.reason}; then: {ways}", ExitStatus.HELD
        )


@contextmanager
def _told_to_stop() -> Iterator[None]:
    """SIGTERM finishes what is in flight and hands out no more."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: ASKED.set())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _deliver_one(
    room: Context,
    newsletter: Newsletter,
    edition: Edition,
    provider: Provider,
    owner: str,
    standing: Standing,
) -> None:
    settings = room.settings.delivery
    with counting("readers") as progress:
        report = Delivery(
            engine=room.engine,
            key=edition.key,
            provider=provider,
            post=post_for(room, newsletter),
            terms=Terms(provider.name, provider.batch_size, owner, settings.allow_to, settings.max_per_hour),
            alive=lambda other: other != owner and locks.is_held(room.engine, other),
            # It waits for moments to come, with --now too.
            clock=room.clock.running,
            standing=standing,
            max_variants=newsletter.max_variants,
            too_late=too_late(room, newsletter),
            stopping=ASKED.is_set,
            progress=progress or (lambda _: None),
        ).run()
    _say(room, report)
    if report.is_finished and report.batches:
        _announce(room, report)
        _sum_up(room)


def _by_events(room: Context, newsletter: Newsletter) -> None:
    """Settle what is uncertain by the provider's events, and by their silence where the settings say so."""
    with reading(room.engine) as connection:
        if not history.has_unsettled(connection):
            return
    silence, now = room.settings.delivery.silence_means_not_sent, room.clock()
    with writing(room.engine) as connection:
        evidence.settle_heard(connection, now)
        found = (
            silence_.assume_not_sent(connection, newsletter.key, silence, newsletter.latest, "run", now)
            if silence is not None
            else {}
        )
    for edition, count in found.items():
        silent = counted(count, "uncertain batch was", "uncertain batches were")
        message = f"{edition}: {silent} silent and not sent, as `silence_means_not_sent` has it"
        log.problem("deliver", message, level="warning")


def _say(room: Context, report: DeliveryReport) -> None:
    for problem in report.problems:
        key, message = problem.key, problem.message
        if problem.is_notice:
            room.troubles.warn("deliver", message)
        else:
            room.troubles.add("deliver", key, message, report.exit_status)
    room.troubles.worsen(report.exit_status)
    zone = room.settings.newsroom.time_zone
    log.step(
        "deliver",
        edition=report.edition,
        readers=report.candidates,
        accepted=report.accepted,
        refused=report.refused or None,
        uncertain=report.uncertain or None,
        dropped=report.dropped or None,
        waiting=report.planned or None,
        left_out=sum(report.exclusions.values()),
        batches=report.batches,
        readers_a_batch=round(report.readers_per_batch) if report.batches else None,
        widened=report.widened or None,
        stopped_by=report.stopped_by.value if report.stopped_by else None,
        next_at=report.next_at.astimezone(zone) if report.next_at else None,
        seconds=report.seconds,
    )
    if report.stopped_by is StoppedBy.HELD:
        with reading(room.engine) as connection:
            _say_held(room, (editions.get(connection, report.edition),))


def _announce(room: Context, report: DeliveryReport) -> None:
    """One line to the operator after each edition."""
    line = (
        f"{report.edition} is handed over: {report.accepted:,} accepted, {report.refused:,} refused, "
        f"{report.uncertain:,} uncertain, {report.dropped:,} dropped, "
        f"{sum(report.exclusions.values()):,} left out, of {report.candidates:,}"
    )
    alerts.tell(room.settings, {f"{alerts.NOTICE}{report.edition}": line}, room.clock())


def _sum_up(room: Context) -> None:
    """Long after an edition it is enough to know how many were left out, and why."""
    before = room.clock() - timedelta(days=room.settings.keep_days)
    with writing(room.engine) as connection:
        sums.summarise_exclusions(connection, before)
        heard.summarise(connection, before)


def _say_plan(room: Context, newsletter: Newsletter, edition: Edition) -> None:
    """What planning would come to, rolled back."""
    if edition.first_handed is not None:
        with reading(room.engine) as connection:
            why = too_late(room, newsletter)(connection, edition, room.clock())
        then = f"it would be held: {why}" if why else "the rest would be handed over"
        log.step("deliver", edition=edition.key, dry_run=then)
        return
    with rehearsing(room.engine) as connection:
        made = planned(connection, room, newsletter, edition)
    log.step(
        "deliver",
        edition=edition.key,
        readers=made.candidates,
        deliveries=made.deliveries,
        left_out=sum(made.exclusions.values()),
        batches=made.batches,
        variants=made.variants,
        told_of_a_correction=made.told or None,
        dry_run=REHEARSED,
    )
