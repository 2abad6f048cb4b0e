"""The end of a delivery's run: the edition's sum, whether it is over, and what a person has to know."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from newsletter import editions, ledger
from newsletter.delivery import recalls, taking_back
from newsletter.delivery.claim import HOUR
from newsletter.delivery.delivery_report import (
    DeliveryReport,
    Problem,
    StoppedBy,
    everybody_refused,
    stop_problem,
)
from newsletter.delivery.sums import checked_sum
from newsletter.edition import BatchState, Edition, EditionState
from newsletter.returns import drops, evidence
from newsletter.tables import editions as editions_table
from newsroom.counted import counted

FEW = 10
"""One in so many may be refused, or told to come back later, without that being said of the edition."""


def concluded(connection: Connection, key: str, report: DeliveryReport, now: datetime) -> DeliveryReport:
    """The run's report with the edition's sum in it; an edition that is over is marked as sent.

    Wants a writing transaction. Raises StoreError where the sum is not right.
    """
    edition = editions.locked(connection, key)
    if recalls.is_stopped(connection, key):
        # What was in flight while it was taken back.
        recalls.note(connection, key, now, "run")
    # What came of it by events while its answers were still awaited.
    evidence.settle_heard(connection, now, key)
    report = report.with_sum(checked_sum(connection, key))
    if _is_in_vain(edition, report) and not drops.still_refused(connection, key):
        problem = everybody_refused(key, taking_back.reason_of(connection, key))
        taking_back.take_back(connection, key)
        report = report.with_sum(checked_sum(connection, key)).stopped(StoppedBy.PROVIDER, problem)
    report = _waiting(connection, report, now)
    finished = _is_finished(connection, edition, report.uncertain, now)
    if finished and report.stopped_by is StoppedBy.ASKED:
        # Whoever asked it to stop came too late for that to matter.
        report = replace(report, stopped_by=None)
    if finished and edition.state is not EditionState.SENT:
        report = replace(report, problems=report.problems + _many_refused(report))
    return replace(report, next_at=_next_at(connection, report, key, now), is_finished=finished)


def _is_in_vain(edition: Edition, report: DeliveryReport) -> bool:
    """True where the edition would be over without anybody who was accepted."""
    if not edition.is_open or edition.held:
        return False
    return bool(report.refused) and not (report.accepted or report.uncertain or report.planned)


def _waiting(connection: Connection, report: DeliveryReport, now: datetime) -> DeliveryReport:
    """The report with what waits because the provider took nothing when it was asked last.

    A few readers who are put off (their own mailbox was busy) are no failure of the edition, until they were
    for long.
    """
    rows = [
        row
        for row in ledger.batches_of(connection, report.edition, BatchState.PLANNED)
        if row.not_before is not None and row.not_before > now
    ]
    if not rows or report.stopped_by is not None:
        return report
    longest = max(rows, key=lambda row: row.attempts)
    readers = sum(row.size for row in rows)
    who = counted(readers, "reader")
    if readers * FEW > report.deliveries:
        said = f"the provider takes nothing for now: {longest.reason} ({who} to go)"
        problem = stop_problem(report.edition, StoppedBy.NOT_NOW, said)
        return report.stopped(StoppedBy.NOT_NOW, problem)
    if longest.attempts < ledger.MANY_ATTEMPTS:
        return report
    said = f"{report.edition}: {who} put off, {longest.attempts} times already: {longest.reason}"
    return replace(report, problems=(*report.problems, Problem(f"{report.edition}:put off", said)))


def _many_refused(report: DeliveryReport) -> tuple[Problem, ...]:
    key, tried = report.edition, report.deliveries - report.dropped
    if report.refused * FEW <= tried:
        return ()
    said = (
        f"{key}: {report.refused:,} of {counted(tried, 'reader')} refused; `status {key} --problems` says "
        f"why, and once that is mended `resend {key} --only refused` hands it over to them"
    )
    return (Problem(f"{key}:many refused", said),)


def _is_finished(connection: Connection, edition: Edition, uncertain: int, now: datetime) -> bool:
    if edition.state is EditionState.SENT:
        return True
    if not edition.is_open or edition.candidates is None or edition.held:
        return False
    states = ledger.count_by_state(connection, edition.key)
    if states.get(BatchState.PLANNED) or states.get(BatchState.HANDED):
        return False
    ours = editions_table.c.key == edition.key
    values = {"state": EditionState.SENT.value, "finished": now}
    connection.execute(sa.update(editions_table).where(ours).values(values))
    doubt = f"; of {counted(uncertain, 'reader')} it is uncertain" if uncertain else ""
    editions.log(connection, edition.key, now, "run", f"everything is handed over{doubt}")
    return True


def _next_at(connection: Connection, report: DeliveryReport, key: str, now: datetime) -> datetime | None:
    if report.stopped_by is StoppedBy.PACE:
        first = ledger.first_handed_since(connection, now - HOUR)
        return None if first is None else first + HOUR
    return report.next_at or ledger.next_attempt(connection, key)
