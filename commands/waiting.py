"""What waits for a person, wherever it is known: the ledger, the witness, sources, locks, what runs noted."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice

from sqlalchemy.engine import Connection

from commands.context import Context
from commands.left_sources import left_line
from commands.reader_feeds import said
from commands.refusals import judged
from commands.stopped_editions import waiting_stopped
from commands.taking_back import waits
from commands.troubles import NOTICE
from commands.waiting_deliver import in_vain, named_once
from commands.waiting_late import late
from commands.waits import Waiting, commands_in, is_looked_at
from content import store
from content.left import left
from feeds import pings
from feeds.websub import Ping
from newsletter import history, holds, status
from newsletter.delivery import recalls
from newsletter.delivery.delivery_report import StoppedBy
from newsletter.delivery.recalls import Kept
from newsletter.delivery.standing import BOUND
from newsletter.desk.seen import unseen
from newsletter.returns import after_all, bounce_hold, drops
from newsletter.status import Problem, Trouble
from newsroom import alerts, locks, postgresql, witness
from newsroom.counted import counted
from newsroom.database import reading, sqlite_file
from newsroom.web_address import shown
from readership import feed_uses

PARTLY = "; where the provider's log has only some of them: FILE names the others, an address a line"
"""What is said of an uncertain batch, beside its commands."""

NOT_BEFORE = "nothing is handed over before what the witness objects to is settled"

_STOPPED_BY = frozenset(one.name.lower() for one in StoppedBy)

_SENDS = ("deliver", "resend")
"""Commands that come to nothing while the witness objects."""

LEAST_FREE = 4 << 20
"""Bytes. With less a run cannot even begin: a batch's rows, or SQLite's log of them."""

MOST_SHARED = 10
"""Readers that are named whose own feeds may be shared."""

_ACTS = (Trouble.HELD, Trouble.UNCERTAIN)
"""What no later run settles."""


def waiting(connection: Connection, room: Context, since: datetime, edition: str | None) -> list[Waiting]:
    """Everything that waits, of one edition or of the whole house.

    Refusals stay for ever, so only those of editions that were due after `since` are told.
    """
    objects = [*_witness(connection, room)]
    problems = status.together(
        _by_itself(one, room.clock())
        for one in status.problems(
            connection, since, edition, lambda owner: locks.is_living(connection, owner)
        )
    )
    dropped = drops.some(connection, room.clock())
    many = drops.many(connection, dropped, room.settings.bounces.most)
    found = [
        _refused(judged(connection, room, one), many) if one.trouble is Trouble.REFUSED else _of_edition(one)
        for one in problems
    ]
    kept = [*_kept(connection, room)]
    vain = in_vain(connection, room)
    more = [*late(connection, room, edition, vain, sends=not objects), *kept, *_after_all(connection, room)]
    # Of what the provider keeps still more is said than that it is stopped.
    more += waiting_stopped(connection, room, but={one.edition for one in kept})
    more += [*_undecided(connection, since), *_unseen(connection, room)]
    found += [one for one in more if edition in (None, one.edition)]
    found += _returned(connection, edition)
    found = named_once(found, vain)
    if edition is None:
        found = [*_database(room), *objects, *found, *_sources(connection, room)]
        found += [*_hub(connection, room), *_locks(connection)]
        found += _shared(connection, room)
        found += _noted(connection, found)
    return [_until_settled(one) for one in found] if objects else found


def _until_settled(one: Waiting) -> Waiting:
    """What waits while the witness objects: without the commands that have mail handed over. Pure."""
    commands = tuple(command for command in one.commands if command.split()[0] not in _SENDS)
    if commands == one.commands:
        return one
    needs_person = one.needs_person and bool(commands)
    return replace(one, reason=f"{one.reason}; {NOT_BEFORE}", commands=commands, needs_person=needs_person)


def _by_itself(problem: Problem, now: datetime) -> Problem:
    """The problem without a command that comes to nothing before its time. Pure."""
    waits = problem.trouble is Trouble.PUT_OFF and problem.next_at is not None and problem.next_at > now
    return replace(problem, commands=()) if waits else problem


def _of_edition(problem: Problem) -> Waiting:
    return Waiting(
        place=problem.edition,
        trouble=problem.trouble.value,
        reason=problem.reason + (PARTLY if problem.trouble is Trouble.UNCERTAIN else ""),
        commands=problem.commands + _partly(problem),
        needs_person=problem.trouble in _ACTS,
        edition=problem.edition,
        readers=problem.readers,
        batch=problem.batch,
        since=problem.since,
        next_at=problem.next_at,
        batches=problem.batches,
    )


def _refused(problem: Problem, many: Collection[str]) -> Waiting:
    """A provider that throws much of an edition away is for a person to see to, where that helps anybody."""
    needs_person = problem.edition in many and bool(problem.commands)
    return replace(_of_edition(problem), needs_person=needs_person)


def _partly(problem: Problem) -> tuple[str, ...]:
    """What settles it where the provider has some of a batch and not the others."""
    return (f"{problem.commands[0]} --but FILE",) if problem.trouble is Trouble.UNCERTAIN else ()


def _returned(connection: Connection, edition: str | None) -> Iterator[Waiting]:
    """Editions of which so much came back that it stops nobody before a person has looked."""
    for one in bounce_hold.waiting(connection, edition):
        yield Waiting(
            one.edition,
            "came back",
            one.reason,
            one.commands,
            edition=one.edition,
            readers=one.readers,
            since=one.since,
        )


def _kept(connection: Connection, room: Context) -> Iterator[Waiting]:
    """Stopped editions that their provider has not taken back, or has sent since the last run asked it."""
    for one in recalls.kept(connection, room.clock()):
        yield Waiting(
            one.edition,
            _kept_as(one),
            f"stopped, but {recalls.gone(one)}" if one.is_over else waits(room, one, one.why),
            () if one.is_over else (f"stop {one.edition}",),
            edition=one.edition,
            readers=one.readers,
            since=one.since,
        )


def _kept_as(one: Kept) -> str:
    if one.is_doubtful:
        return "perhaps taken back"
    return "sent after all" if one.is_over else "not taken back"


def _after_all(connection: Connection, room: Context) -> Iterator[Waiting]:
    """Editions of the last day of which something was sent although it was taken back: to be known."""
    for key, one in after_all.lately(connection, room.clock()).items():
        yield Waiting(key, "sent after all", one.said, needs_person=False, edition=key, readers=one.readers)


def _undecided(connection: Connection, since: datetime) -> Iterator[Waiting]:
    """Editions that a restored database has half out: to be known, for whoever lets it be has decided."""
    for key, readers in holds.undecided(connection, since).items():
        who = counted(readers, "reader")
        reason = f"half out when the database was restored: whether {who} got it since, nobody knows"
        reason += "; they get nothing of it unless it is resumed"
        yield Waiting(
            key, "not decided", reason, (f"resume {key}",), needs_person=False, edition=key, readers=readers
        )


def _unseen(connection: Connection, room: Context) -> Iterator[Waiting]:
    """Editions to go out of which some editor's preview was refused."""
    for one in unseen(connection, room.settings):
        yield Waiting(
            one.edition, "preview refused", str(one), needs_person=one.is_unseen, edition=one.edition
        )


def _database(room: Context) -> Iterator[Waiting]:
    """A full disk, or a database that takes no writing: what runs cannot do then, they cannot note."""
    file = sqlite_file(room.engine)
    if file is None:
        # On a connection of its own: a look that fails ends the transaction.
        with reading(room.engine) as connection:
            refusal = postgresql.refusing(connection, LEAST_FREE)
        if refusal is not None:
            yield Waiting("database", *refusal)
        return
    free = shutil.disk_usage(file.parent).free
    if free < LEAST_FREE:
        left_over = f"{free // 1024:,} KB are left on the disk of {file.name}"
        yield Waiting("database", "full", f"{left_over}: nothing can be written; free some room")


def _witness(connection: Connection, room: Context) -> Iterator[Waiting]:
    reason = witness.standing(connection, room.settings.witness_path)
    if reason:
        yield Waiting("witness", "objects", reason, commands_in(reason))


def _sources(connection: Connection, room: Context) -> Iterator[Waiting]:
    for source in room.settings.sources:
        state = store.source_state(connection, source.key)
        for trouble, reason in (("held", state.held), ("cannot be read", state.last_error)):
            if reason:
                place = f"source {source.key}"
                yield Waiting(place, trouble, reason, commands_in(reason), since=state.last_read)
    keys = {source.key for source in room.settings.sources}
    for key, count in left(connection, keys).items():
        reason = left_line(key, count)
        yield Waiting(f"source {key}", "not in newsroom.toml", reason, commands_in(reason))


def _hub(connection: Connection, room: Context) -> Iterator[Waiting]:
    """Changed feeds of which the hub was not told yet, those together that wait for one reason."""
    address = room.settings.newsroom.hub
    by_reason: dict[str, list[Ping]] = {}
    for ping in pings.waiting(connection) if address else ():
        by_reason.setdefault(ping.reason, []).append(ping)
    for reason, some in sorted(by_reason.items()):
        feeds = "1 changed feed" if len(some) == 1 else f"{len(some):,} changed feeds"
        said = f"{shown(address)} was not told of {feeds}"
        yield Waiting(
            "hub",
            "could not be told" if reason else "to be told",
            f"{said}: {reason}; later runs try again, for a day"
            if reason
            else f"{said} yet; the next run does",
            needs_person=False,
            since=min(one.since for one in some),
            next_at=min((one.not_before for one in some if one.not_before), default=None),
        )


def _locks(connection: Connection) -> Iterator[Waiting]:
    # A lock is about processes: its times are the machine's own.
    for name, reason in locks.stuck(connection, datetime.now(UTC)).items():
        yield Waiting(f"lock {name}", "stuck", reason)


def _shared(connection: Connection, room: Context) -> Iterator[Waiting]:
    """Private feeds that may be shared: to be known, and nothing that stops anybody."""
    found = feed_uses.noticed(connection, room.clock())
    for number, shared in islice(found.items(), MOST_SHARED):
        command = f"readers feeds {number}"
        yield Waiting(f"reader {number}", "may be shared", said(shared), (command,), needs_person=False)
    if len(found) > MOST_SHARED:
        reason = f"{len(found) - MOST_SHARED} readers more whose own feeds may be shared"
        yield Waiting("private feeds", "may be shared", reason, needs_person=False)


def _noted(connection: Connection, found: Sequence[Waiting]) -> Iterator[Waiting]:
    """What the last runs met, unless it is among `found` already, where it is said with more."""
    known = [one.reason for one in found if one.reason and (one.needs_person or one.next_at is not None)]
    named = {command for one in found for command in one.commands}
    told = set()
    for one in alerts.noted(connection):
        if one.message in told or BOUND in one.message:
            # The same of several editions; or what is told of each as long as it is so.
            continue
        if any(reason in one.message or one.message in reason for reason in known):
            continue
        if is_looked_at(one.message) or is_settled(one.message, named) or _is_over(connection, one.key):
            continue
        is_notice = one.key.startswith(NOTICE)
        step = one.key.removeprefix(NOTICE).partition(":")[0]
        trouble = "to be known" if is_notice else "failed"
        told.add(one.message)
        yield Waiting(
            step, trouble, one.message, commands_in(one.message), not is_notice, since=one.first_seen
        )


def is_settled(message: str, named: AbstractSet[str]) -> bool:
    """Whether what a run noted asks to hand something over again that nobody waits for any more: `named` has
    the commands that come to something. Pure."""
    again = [command for command in commands_in(message) if command.startswith("resend ")]
    return bool(again) and named.isdisjoint(again)


def _is_over(connection: Connection, key: str) -> bool:
    """Whether it is why a run handed over no more of an edition that nothing more of is to be handed over."""
    step, _, rest = key.partition(":")
    edition, _, stopped_by = rest.partition(":")
    if step != "deliver" or stopped_by not in _STOPPED_BY:
        return False
    return edition not in {one.key for one in history.open_editions(connection)}
