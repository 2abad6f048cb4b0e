"""The end of a delivery's run: the edition's sum, whether it is over, and what a person has to know."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter import editions, ledger
from newsletter.claim import HOUR
from newsletter.delivery_report import DeliveryReport, StoppedBy
from newsletter.edition import BatchState, Edition, EditionState
from newsletter.edition_row import OPEN
from newsletter.sums import checked_sum
from newsletter.tables import editions as editions_table


def concluded(connection: Connection, key: str, report: DeliveryReport, now: datetime) -> DeliveryReport:
    """The run's report with the edition's sum in it; an edition that is over is marked as sent.

    Wants a writing transaction. Raises StoreError where the sum is not right.
    """
    edition = editions.locked(connection, key)
    return replace(
        report.with_sum(checked_sum(connection, key)),
        problems=report.problems + _put_off(connection, key),
        next_at=_next_at(connection, report, key, now),
        is_finished=_is_finished(connection, edition, now),
    )


def _put_off(connection: Connection, key: str) -> tuple[str, ...]:
    waiting = ledger.batches_of(connection, key, BatchState.PLANNED)
    return tuple(
        f"{key}: batch {row.id} was put off {row.attempts} times: {row.reason}"
        for row in waiting
        if row.attempts >= ledger.MANY_ATTEMPTS
    )


def _is_finished(connection: Connection, edition: Edition, now: datetime) -> bool:
    if edition.state is EditionState.SENT:
        return True
    if edition.state.value not in OPEN or edition.candidates is None or edition.held:
        return False
    states = ledger.count_by_state(connection, edition.key)
    if states.get(BatchState.PLANNED) or states.get(BatchState.HANDED):
        return False
    ours = editions_table.c.key == edition.key
    values = {"state": EditionState.SENT.value, "finished": now}
    connection.execute(sa.update(editions_table).where(ours).values(values))
    editions.log(connection, edition.key, now, "run", "everything is handed over")
    return True


def _next_at(connection: Connection, report: DeliveryReport, key: str, now: datetime) -> datetime | None:
    if report.stopped_by is StoppedBy.PACE:
        first = ledger.first_handed_since(connection, now - HOUR)
        return None if first is None else first + HOUR
    return report.next_at or ledger.next_attempt(connection, key)
