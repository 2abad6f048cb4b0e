"""Evidence of silence: an uncertain batch that a provider tells nothing of while it tells of those beside it.

Time that passes proves nothing by itself. So silence counts only with a provider that tells of every message,
and only where its events of the batches handed over around that time have come, of every one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.engine import Connection

from newsletter import ledger
from newsletter.delivery import settle
from newsletter.edition import BatchState, EditionState
from newsletter.editions import get
from newsletter.ledger import BatchRow

TELLING = frozenset({"sendgrid"})
"""Providers that tell of each message that they took. A mail server tells of what came back, if at all."""

AROUND = timedelta(minutes=30)
"""How far apart hand-overs may be for the one's events to say something of the other's silence."""


def is_silent(row: BatchRow, others: Sequence[BatchRow], before: datetime) -> bool:
    """Whether the batch counts as not sent: handed over before that moment and silent since, and beside it
    others that are not. Pure."""
    if row.state is not BatchState.UNCERTAIN or row.provider not in TELLING or row.heard is not None:
        return False
    ours = _goes(row)
    if ours is None or ours >= before:
        return False
    beside = [
        other
        for other in others
        if other.id != row.id
        and other.provider == row.provider
        and (theirs := _goes(other)) is not None
        and abs(theirs - ours) <= AROUND
    ]
    heard = [other for other in beside if other.heard is not None]
    # Where one that was taken for certain is silent too, it is the events that are missing.
    unheard = [
        other
        for other in beside
        if other.state is BatchState.ACCEPTED
        and other.heard is None
        and (theirs := _goes(other)) is not None
        and theirs < before
    ]
    return bool(heard) and not unheard


def _goes(row: BatchRow) -> datetime | None:
    """When the provider sends it: nothing need be heard of what it still keeps."""
    return row.send_at or row.handed


def assume_not_sent(
    connection: Connection, newsletter: str, silence: timedelta, latest: timedelta, by: str, now: datetime
) -> dict[str, int]:
    """Plan again the newsletter's uncertain batches that have been silent for so long; returns by edition how
    many they were.

    Only for newsrooms whose settings say so: where it is wrong, those readers get the edition twice. What was
    to go longer ago than `latest` besides is left to a person: nobody wants last week's news.
    """
    found: dict[str, int] = {}
    for number, _, _ in ledger.uncertain(connection):
        row = ledger.batch(connection, number)
        goes = None if row is None else _goes(row)
        if row is None or row.handed is None or goes is None or goes < now - silence - latest:
            continue
        edition = get(connection, row.edition)
        is_open = edition.state in (EditionState.SENDING, EditionState.SENT) and not edition.held
        if edition.newsletter != newsletter or not is_open:
            continue
        beside = ledger.handed_between(connection, row.handed - AROUND, row.handed + AROUND)
        if is_silent(row, beside, now - silence):
            settle.resolve(connection, number, False, by, now)
            found[row.edition] = found.get(row.edition, 0) + 1
    return found
