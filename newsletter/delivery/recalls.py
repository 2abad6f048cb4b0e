"""What a provider keeps for a while before it sends it, taken back when its edition is stopped.

Until ten minutes before a message is sent SendGrid promises to forget it; so what was to be sent later than
that counts as not handed over: its readers are planned as if nothing had been. What was to be sent sooner is
uncertain. Each request names the moment at which it is sent, and the edition's own name for all of this.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from newsletter import editions, holds, ledger
from newsletter.delivery import outcomes
from newsletter.delivery.recall_doubt import (
    UNKNOWN,
    asked_at,
    doubt,
    doubted,
    no_doubt,
    note_doubt,
    noted,
)
from newsletter.delivery.recall_record import HANDED, count_taken, planned_anew
from newsletter.edition import BatchState, Edition, EditionState
from newsletter.providers import Recalls
from newsletter.providers.chosen import provider_for
from newsletter.returns import evidence
from newsletter.tables import batches
from newsletter.tables import editions as editions_table
from newsroom import witness
from newsroom.counted import counted
from newsroom.database import reading, writing
from newsroom.errors import ProviderError, StandfirstError, UnansweredError
from newsroom.settings import Settings

SURE = timedelta(minutes=10)
"""How long before a message is sent SendGrid still promises to forget it."""

DOUBT = "taken back less than ten minutes before it was to be sent"


@dataclass(frozen=True, slots=True)
class Recalled:
    """How many readers' mails were taken back for certain, perhaps, and too late."""

    certain: int = 0
    doubtful: int = 0
    late: int = 0


def named(engine: Engine, key: str, provider: object) -> None:
    """Give the edition the name by which it can be taken back, where its provider keeps things. Raises
    ProviderError: then nothing is handed over, for it could not be taken back."""
    if not isinstance(provider, Recalls) or not provider.delay:
        return
    with reading(engine) as connection:
        edition = editions.get(connection, key)
        if edition.recall or edition.held or not edition.is_open:
            return
    name = provider.new_recall()
    with writing(engine) as connection:
        unnamed = sa.and_(editions_table.c.key == key, editions_table.c.recall == "")
        connection.execute(sa.update(editions_table).where(unnamed).values(recall=name))


def take_back(
    settings: Settings, engine: Engine, key: str, by: str, clock: Callable[[], datetime]
) -> Recalled | None:
    """Have the provider forget what it keeps of a stopped edition; None where there is nothing of that.

    Raises HeldError where the witness objects, ProviderError where the provider does not say that it will:
    then all is as it was, why is noted, and `stop` or the next run tries again. Where it may have done it
    (UnansweredError), since when is noted too.
    """
    with reading(engine) as connection:
        edition = editions.get(connection, key)
        asked = clock()
        if not holds.is_kept(connection, edition, asked):
            return None
    # A copy would take back what the newsroom itself sends; and none that was made before this knows of it.
    witness.check(engine, settings.witness_path)
    witness.advance(engine, settings.witness_path, key)
    # Before it is asked: whoever is killed before the answer has come leaves it in doubt.
    with writing(engine) as connection:
        before = noted(connection, key)
        is_new = note_doubt(connection, key, asked)
    try:
        _recall(settings, edition)
    except StandfirstError as error:
        with writing(engine) as connection:
            if is_new and not isinstance(error, UnansweredError):
                no_doubt(connection, key, before)
            if isinstance(error, ProviderError):
                _note_failure(connection, key, str(error), by, clock())
        raise
    with writing(engine) as connection:
        now = clock()
        first = asked_at(connection, key)
        values = {"recalled": now, "recall": "", "not_recalled": ""}
        ours = editions_table.c.key == key
        connection.execute(sa.update(editions_table).where(ours).values(values))
        return note(connection, key, now, by, first)


def _recall(settings: Settings, edition: Edition) -> None:
    provider = provider_for(settings)
    try:
        if not isinstance(provider, Recalls):
            raise ProviderError(
                f"{edition.key}: what was handed over is kept by another provider than {provider.name}: take "
                "it back there, or set delivery.provider as it was"
            )
        provider.recall(edition.recall)
    finally:
        provider.close()


def _note_failure(connection: Connection, key: str, why: str, by: str, now: datetime) -> None:
    """Note why nothing was taken back; in the edition's log once for as long as it is the same."""
    if asked_at(connection, key) is not None:
        why = f"{UNKNOWN}: {why}"
    waits = sa.and_(
        editions_table.c.key == key,
        editions_table.c.state == EditionState.STOPPED.value,
        editions_table.c.not_recalled != why,
    )
    if connection.execute(sa.update(editions_table).where(waits).values(not_recalled=why)).rowcount:
        editions.log(connection, key, now, by, f"not taken back: {why}")


@dataclass(frozen=True, slots=True)
class Kept:
    """A stopped edition of which its provider still has what it was to forget, or has sent it meanwhile."""

    edition: str
    newsletter: str
    why: str
    """Why it was not taken back."""
    readers: int
    """Whose mails are kept still; where none are, whose were sent."""
    until: datetime
    """When the last of them is sent, or was."""
    is_over: bool
    """Whether all of it was sent."""
    since: datetime | None
    """When it was handed over last."""
    is_doubtful: bool = False
    """Whether it may be taken back all the same."""


def kept(connection: Connection, now: datetime) -> tuple[Kept, ...]:
    """The stopped editions whose provider did not say yet that it forgets what it keeps of them."""
    is_still = batches.c.send_at > now
    query = (
        sa.select(
            editions_table.c.key,
            editions_table.c.newsletter,
            editions_table.c.not_recalled,
            sa.func.sum(batches.c.size),
            sa.func.sum(sa.case((is_still, batches.c.size), else_=0)),
            sa.func.max(batches.c.send_at),
            sa.func.max(batches.c.handed),
        )
        .join(batches, batches.c.edition == editions_table.c.key)
        .where(
            editions_table.c.not_recalled != "",
            editions_table.c.state == EditionState.STOPPED.value,
            batches.c.send_at.is_not(None),
            # What was sent before its provider was asked is in no doubt.
            sa.or_(
                ~editions_table.c.not_recalled.startswith(UNKNOWN),
                batches.c.send_at > editions_table.c.recalled,
            ),
            batches.c.state.in_([state.value for state in (*HANDED, BatchState.HANDED)]),
        )
        .group_by(editions_table.c.key, editions_table.c.newsletter, editions_table.c.not_recalled)
        .order_by(editions_table.c.key)
    )
    return tuple(
        Kept(key, newsletter, why, int(still or all_), until, until <= now, since, why.startswith(UNKNOWN))
        for key, newsletter, why, all_, still, until, since in connection.execute(query)
    )


def give_up(connection: Connection, one: Kept, now: datetime) -> bool:
    """Write down that what was to be taken back was sent, or that nobody knows; False where it was taken back
    meanwhile."""
    ours = sa.and_(
        editions_table.c.key == one.edition,
        editions_table.c.state == EditionState.STOPPED.value,
        editions_table.c.not_recalled != "",
    )
    editions.locked(connection, one.edition)
    doubt(connection, one.edition, "run", now)
    if not connection.execute(sa.update(editions_table).where(ours).values(not_recalled="")).rowcount:
        return False
    editions.log(connection, one.edition, now, "run", f"its time is over: {gone(one)}")
    return True


def gone(one: Kept) -> str:
    """What is said of an edition whose time is over before it was taken back."""
    if one.is_doubtful:
        return f"of {counted(one.readers, 'reader')} nobody knows whether it was taken back: {one.why}"
    return f"what was to be taken back of it was not, and went to {counted(one.readers, 'reader')}: {one.why}"


def foreseen(connection: Connection, key: str, now: datetime) -> Recalled:
    """What would become of what the provider keeps, were the edition stopped at `now`; only reads."""
    found = Recalled()
    if not holds.is_kept(connection, editions.get(connection, key), now):
        return found
    for row in ledger.batches_of(connection, key, *HANDED):
        if row.send_at is None:
            continue
        readers = count_taken(connection, row)
        if row.send_at - now >= SURE:
            found = replace(found, certain=found.certain + readers)
        elif row.send_at > now:
            found = replace(found, doubtful=found.doubtful + readers)
        else:
            found = replace(found, late=found.late + readers)
    return found


def note(
    connection: Connection,
    key: str,
    now: datetime,
    by: str,
    first: datetime | None = None,
    *,
    in_flight: bool = False,
) -> Recalled:
    """Write down what became of each batch that the provider was told to forget, at its `recalled`; `first`
    is when it was asked before, and may have done it. `in_flight`: also of those whose answer is awaited."""
    recalled = connection.execute(
        sa.select(editions_table.c.recalled).where(editions_table.c.key == key)
    ).scalar()
    if recalled is None:
        return Recalled()
    certain = doubtful = late = 0
    states = (*HANDED, BatchState.HANDED) if in_flight else HANDED
    for row in ledger.batches_of(connection, key, *states):
        if row.send_at is None:
            continue
        if row.send_at - recalled >= SURE:
            certain += planned_anew(connection, row, by, now)
        elif row.send_at > (first or recalled):
            doubtful += doubted(connection, row, DOUBT, by, now)
        else:
            late += row.size
    if certain or doubtful:
        said = f"taken back before it was sent: {counted(certain, 'reader')}"
        if doubtful:
            said += f"; {counted(doubtful, 'reader')} of whom nobody knows"
        if late:
            said += f"; {counted(late, 'reader')} had it already"
        editions.log(connection, key, now, by, said)
        outcomes.reopen(connection, key)
    if doubtful and first:
        evidence.settle_heard(connection, now, key)
    return Recalled(certain, doubtful, late)


def is_stopped(connection: Connection, key: str) -> bool:
    """Whether the edition was stopped and what was kept of it taken back. Where it has a name still, nobody
    has said that of what goes by it."""
    ours = sa.and_(
        editions_table.c.key == key,
        editions_table.c.state == EditionState.STOPPED.value,
        editions_table.c.recalled.is_not(None),
        editions_table.c.recall == "",
    )
    return connection.execute(sa.select(editions_table.c.key).where(ours)).first() is not None


def resume(connection: Connection, key: str, provider: str, by: str, now: datetime) -> tuple[Edition, int]:
    """Let a stopped edition go on, as `holds.resume` does; with it, of how many readers nobody knows whether
    what they were handed was taken back."""
    count = 0
    if editions.locked(connection, key).state is EditionState.STOPPED:
        if is_stopped(connection, key):
            # Whatever is answered to what is in flight: it goes by the name that is cancelled.
            count = note(connection, key, now, by, in_flight=True).doubtful
        count += doubt(connection, key, by, now)
    return holds.resume(connection, key, provider, by, now), count
