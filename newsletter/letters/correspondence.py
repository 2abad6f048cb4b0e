"""Letters to one person, on their way: a durable queue of their own, beside the ledger of editions.

A web request puts a letter here and goes on; `serve` hands it over within seconds, and so does each run.
Unlike an edition, such a letter may come twice and do no harm, while one that never comes leaves somebody
outside the door: where a hand-over is uncertain it is tried again. Once the letter is gone, its text and its
address are forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from newsletter.delivery.planning import is_allowed
from newsletter.letters.letter_queue import is_due
from newsletter.providers import Answer, Batch, Envelope, Outcome, Provider, Recipient
from newsletter.rendering.letter import Letter
from newsletter.tables import letters
from newsroom.database import reading, writing
from newsroom.errors import ProviderError
from newsroom.log import problem, step
from newsroom.masthead import Newsletter

PAUSES = (timedelta(seconds=20), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
"""How long after each failure it is tried again; the last one for every further failure."""
TOO_LATE = "no server took it in time"
"""Why a letter is forgotten that nobody refused."""
LONGEST = timedelta(minutes=2)
"""After so long a hand-over was cut: nobody waits for a server as long as that."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One letter in the queue."""

    id: int
    kind: str
    newsletter: str
    address: str
    subject: str
    html: str
    text: str
    language: str
    message_id: str
    attempts: int

    @property
    def letter(self) -> Letter:
        """What is mailed: nothing in it is filled in any more."""
        return Letter(self.subject, (self.html,), (self.text,), self.language)


@dataclass(frozen=True, slots=True)
class Drained:
    """What one look at the queue came to."""

    accepted: int = 0
    later: int = 0
    refused: int = 0
    expired: int = 0

    def __add__(self, other: Drained) -> Drained:
        return Drained(
            self.accepted + other.accepted,
            self.later + other.later,
            self.refused + other.refused,
            self.expired + other.expired,
        )


Settled = Callable[[Connection, int, str | None, datetime], str]
"""Told, in the transaction in which a letter (its number) is forgotten, that it was taken (None), or why it
was not; returns what else is to be said of it."""


def _nothing(_connection: Connection, _letter: int, _reason: str | None, _now: datetime) -> str:
    return ""


def drain(
    engine: Engine,
    provider: Callable[[], Provider],
    envelope: Callable[[str, datetime], Envelope | None],
    allow_to: Sequence[str],
    clock: Callable[[], datetime],
    is_over: Callable[[], bool] = lambda: False,
    which: sa.ColumnElement[bool] | None = None,
    settled: Settled = _nothing,
) -> Drained:
    """Hand over every letter that is due, of those that `which` (SQL) chooses; `envelope` gives that of a
    newsletter's letters, None where it is gone. `allow_to` is as in the settings: everybody else's letters
    are forgotten. Several may drain beside each other. It ends at the first letter that the provider does
    not take now, and once `is_over`.
    """
    total = Drained(expired=_expire(engine, clock(), settled))
    with reading(engine) as connection:
        if not is_due(connection, clock(), which):
            return total
    carrier = provider()
    try:
        while not is_over() and (one := _claim(engine, clock(), which)):
            total = _handed(engine, carrier, envelope, allow_to, one, clock(), total, settled)
            if total.later:
                break
    finally:
        carrier.close()
    if total != Drained():
        step(
            "letters",
            accepted=total.accepted,
            later=total.later,
            refused=total.refused,
            expired=total.expired,
        )
    return total


def personal_envelope(newsletter: Newsletter, moment: datetime) -> Envelope:
    """The envelope of letters to one person: they come from its sender and are no list's mail."""
    return Envelope(
        sender=newsletter.sender,
        sender_name=newsletter.sender_name,
        reply_to=newsletter.reply_to,
        envelope_sender=newsletter.envelope_sender,
        list_id="",
        date=moment.replace(microsecond=0),
        one_click=False,
        category="personal",
    )


def _expire(engine: Engine, now: datetime, settled: Settled) -> int:
    query = sa.select(letters.c.id).where(letters.c.expires <= now)
    with reading(engine) as connection:
        if connection.execute(query.limit(1)).first() is None:
            return 0
    with writing(engine) as connection:
        gone = connection.execute(sa.delete(letters).where(letters.c.expires <= now).returning(letters.c.id))
        numbers = list(gone.scalars())
        for number in numbers:
            settled(connection, number, TOO_LATE, now)
        return len(numbers)


def _claim(engine: Engine, now: datetime, which: sa.ColumnElement[bool] | None) -> Waiting | None:
    """A letter that is due, put off for as long as a hand-over takes: who is killed leaves it due again."""
    names = [letters.c[name] for name in Waiting.__dataclass_fields__]
    with writing(engine) as connection:
        query = (
            sa.select(*names)
            .where(letters.c.not_before <= now, sa.true() if which is None else which)
            .order_by(letters.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        row = connection.execute(query).first()
        if row is None:
            return None
        one = Waiting(*row)
        put_off = {"not_before": now + LONGEST, "attempts": one.attempts + 1}
        connection.execute(sa.update(letters).where(letters.c.id == one.id).values(put_off))
    return one


def _handed(
    engine: Engine,
    carrier: Provider,
    envelope: Callable[[str, datetime], Envelope | None],
    allow_to: Sequence[str],
    one: Waiting,
    now: datetime,
    total: Drained,
    settled: Settled,
) -> Drained:
    own = envelope(one.newsletter, now)
    if own is None or (allow_to and not is_allowed(one.address.lower(), allow_to)):
        outcome = Outcome(
            Answer.REFUSED, "its newsletter is gone, or delivery.allow_to leaves its reader out"
        )
    else:
        recipient = Recipient(one.id, one.address, one.message_id, {})
        try:
            outcome = carrier.hand_over(Batch(f"letters-{one.kind}", one.id, one.letter, own, (recipient,)))
        except ProviderError as error:
            outcome = Outcome(Answer.REFUSED, str(error))
    answer, reason = outcome.own.get(one.id, (outcome.answer, outcome.reason))
    what = f"a letter ({one.kind})"
    with writing(engine) as connection:
        if answer in (Answer.ACCEPTED, Answer.REFUSED):
            connection.execute(sa.delete(letters).where(letters.c.id == one.id))
            what += settled(connection, one.id, None if answer is Answer.ACCEPTED else reason, now)
        else:
            pause = PAUSES[min(one.attempts, len(PAUSES) - 1)]
            pause = max(pause, timedelta(seconds=outcome.retry_after or 0))
            connection.execute(
                sa.update(letters).where(letters.c.id == one.id).values(not_before=now + pause)
            )
    match answer:
        case Answer.ACCEPTED:
            return Drained(total.accepted + 1, total.later, total.refused, total.expired)
        case Answer.REFUSED:
            problem("letters", f"{what} was refused: {reason}", level="warning")
            return Drained(total.accepted, total.later, total.refused + 1, total.expired)
        case _:
            problem("letters", f"{what} waits: {reason}", level="warning")
            return Drained(total.accepted, total.later + 1, total.refused, total.expired)
