"""One run of an edition's delivery: brought up to date, planned, and handed over batch by batch.

*Handed* is committed before a provider is called and the outcome after; no transaction is open meanwhile.
Threads only call the provider: the ledger is written by the one that runs this.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from newsletter import editions, holds, ledger, outcomes, planning
from newsletter.claim import HOUR, Letters, Nothing, Terms, Wanted, claim
from newsletter.delivery_report import DeliveryReport, StoppedBy, counts
from newsletter.edition import BatchState, Edition, EditionState
from newsletter.post import Post
from newsletter.providers import Answer, Batch, Outcome, Provider
from newsletter.settle import leftovers
from newsletter.sums import checked_sum
from newsletter.tables import editions as editions_table
from newsroom.database import reading, writing
from newsroom.errors import ProviderError, StandfirstError

PATIENCE = timedelta(seconds=30)
"""A run waits this long for what a provider asked it to wait; for more it leaves the rest to the next."""

_STOPS = {
    Nothing.HELD: StoppedBy.HELD,
    Nothing.STOPPED: StoppedBy.STOPPED,
    Nothing.PACE: StoppedBy.PACE,
}

ALL_WITHDRAWN = "every story of it was withdrawn"


@dataclass(slots=True)
class _Run:
    """What happened so far."""

    batches: int = 0
    readers: int = 0
    widened: int = 0
    stopped_by: StoppedBy | None = None
    next_at: datetime | None = None
    problems: list[str] = field(default_factory=list)
    flying: dict[Future[Outcome], Batch] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delivery:
    """The delivery of one edition: `run` does what can be done now."""

    engine: Engine
    key: str
    provider: Provider
    post: Post
    terms: Terms
    alive: Callable[[str], bool]
    """Whether the run of this owner lives: its batches are not settled by anybody else."""
    clock: Callable[[], datetime]
    max_variants: int = 2000
    stopping: Callable[[], bool] = lambda: False
    """True once the process was asked to end: what is in flight is finished, nothing more handed over."""
    progress: Callable[[int], None] = lambda _: None
    pause: Callable[[float], None] = time.sleep

    def run(self) -> DeliveryReport:
        """Hand over what is due of the edition; returns its sum. Raises StoreError where that is not right,
        HeldError where the witness objects, RenderError where a letter cannot be made."""
        begun = time.monotonic()
        run = _Run()
        left = leftovers(self.engine, self.key, self.provider, self.post, self.alive, self.clock())
        if left.busy:
            run.stopped_by = StoppedBy.BUSY
        elif self._made_ready(run):
            self._hand_over(run)
        return self._report(run, time.monotonic() - begun)

    def _made_ready(self, run: _Run) -> bool:
        """Bring the edition up to date and plan it; False where there is nothing to hand over now."""
        with writing(self.engine) as connection:
            edition = editions.locked(connection, self.key)
            if edition.held:
                run.stopped_by = StoppedBy.HELD
                return False
            if edition.state.value not in editions.OPEN:
                run.stopped_by = StoppedBy.STOPPED if edition.state is EditionState.STOPPED else None
                return False
            if edition.first_handed is None and not self._up_to_date(connection, edition, run):
                return False
            if edition.first_handed is None:
                self._planned(connection, editions.get(connection, self.key), run)
            is_first = edition.first_handed is None
            is_due = ledger.next_batch(connection, self.key, self.clock()) is not None
        if is_first and is_due:
            self.post.announce(self.key)
        return True

    def _up_to_date(self, connection: Connection, edition: Edition, run: _Run) -> bool:
        selection = editions.selection_of(connection, self.key, edition.revision)
        after = self.post.revise(connection, selection, False)
        if after == selection:
            return True
        if not after.has_news:
            holds.hold(connection, self.key, ALL_WITHDRAWN, "run", self.clock())
            run.stopped_by = StoppedBy.HELD
            return False
        left_out = editions.left_out_of(connection, self.key, edition.revision)
        why = "brought up to date before it goes out"
        editions.add_revision(connection, self.key, after, left_out, "run", why, self.clock())
        return True

    def _planned(self, connection: Connection, edition: Edition, run: _Run) -> None:
        """Plan it anew in each run until somebody has got it: readers and stories are those of now."""
        selection = editions.selection_of(connection, self.key, edition.revision)
        made = planning.plan(
            connection,
            edition,
            planning.pages(connection, edition.newsletter),
            self.post.variant_of(selection),
            batch_size=self.provider.batch_size,
            allow_to=self.terms.allow_to,
            max_variants=self.max_variants,
        )
        run.widened = made.widened
        what = f"planned: {made.deliveries} readers in {made.batches} batches, {made.variants} variants"
        editions.log(connection, self.key, self.clock(), "run", what)

    def _hand_over(self, run: _Run) -> None:
        letters = Letters(self.post)
        with ThreadPoolExecutor(max_workers=self.provider.connections) as threads:
            while True:
                if self.stopping() and run.stopped_by is None:
                    run.stopped_by = StoppedBy.ASKED
                can_more = run.stopped_by is None and len(run.flying) < self.provider.connections
                if can_more and self._launched(run, letters, threads):
                    self._collect(run, block=False)
                    continue
                if not run.flying:
                    if run.stopped_by is None and self._waited(run):
                        continue
                    return
                self._collect(run, block=True)

    def _launched(self, run: _Run, letters: Letters, threads: ThreadPoolExecutor) -> bool:
        """Take a batch and give it to a thread; False where there is none to take now."""
        with writing(self.engine) as connection:
            found = claim(connection, self.key, self.terms, letters, self.clock())
        if isinstance(found, Wanted):
            letters.render(found)
            return True
        if isinstance(found, Batch):
            run.batches += 1
            run.readers += len(found.recipients)
            run.flying[threads.submit(self.provider.hand_over, found)] = found
            return True
        run.stopped_by = _STOPS.get(found, run.stopped_by)
        return found is Nothing.TAKEN

    def _collect(self, run: _Run, *, block: bool) -> None:
        """Write down what the threads have come back with, in one transaction."""
        done, _ = wait(run.flying, timeout=None if block else 0, return_when=FIRST_COMPLETED)
        if not done:
            return
        answers = [(run.flying.pop(future), _outcome(future)) for future in done]
        now = self.clock()
        with writing(self.engine) as connection:
            for batch, outcome in answers:
                outcomes.record(connection, batch.number, outcome, self.terms.owner, now)
        for batch, outcome in answers:
            self._heed(run, batch, outcome)
        self.progress(run.readers)
        unforeseen = [future.exception() for future in done if future.exception()]
        for error in unforeseen:
            if error is not None and not isinstance(error, StandfirstError):
                raise error

    def _heed(self, run: _Run, batch: Batch, outcome: Outcome) -> None:
        if outcome.answer is Answer.STOP:
            run.stopped_by = StoppedBy.PROVIDER
            run.problems.append(f"{self.key}: {self.provider.name} takes nothing: {outcome.reason}")
        elif outcome.answer is Answer.NOT_NOW and not self._is_soon(outcome.retry_after):
            run.stopped_by = run.stopped_by or StoppedBy.NOT_NOW
            run.problems.append(f"{self.key}: {self.provider.name} takes nothing for now: {outcome.reason}")
        elif outcome.answer is Answer.REFUSED and not outcome.divisible:
            run.problems.append(f"{self.key}: batch {batch.number} was refused: {outcome.reason}")

    def _is_soon(self, retry_after: float | None) -> bool:
        return retry_after is not None and retry_after <= PATIENCE.total_seconds()

    def _waited(self, run: _Run) -> bool:
        """Wait for a batch that may be tried again shortly; False where none is."""
        with reading(self.engine) as connection:
            next_at = ledger.next_attempt(connection, self.key)
        if next_at is None:
            return False
        remaining = next_at - self.clock()
        if remaining > PATIENCE:
            run.next_at = next_at
            return False
        self.pause(max(0.05, remaining.total_seconds()))
        return True

    def _report(self, run: _Run, seconds: float) -> DeliveryReport:
        now = self.clock()
        with writing(self.engine) as connection:
            edition = editions.locked(connection, self.key)
            found = checked_sum(connection, self.key)
            finished = self._finished(connection, edition, now)
            uncertain = ledger.batches_of(connection, self.key, BatchState.UNCERTAIN)
            waiting = ledger.batches_of(connection, self.key, BatchState.PLANNED)
            next_at = self._next_at(connection, run, now)
        problems = run.problems + [
            f"{self.key}: batch {row.id}, {row.size} readers, is uncertain: {row.reason}; ask the provider's "
            f"log, then: resolve {row.id} --sent or --not-sent"
            for row in uncertain
        ]
        problems += [
            f"{self.key}: batch {row.id} was put off {row.attempts} times: {row.reason}"
            for row in waiting
            if row.attempts >= ledger.MANY_ATTEMPTS
        ]
        return DeliveryReport(
            edition=self.key,
            **counts(found),
            exclusions=found.exclusions,
            drops=found.dropped,
            batches=run.batches,
            readers=run.readers,
            seconds=seconds,
            widened=run.widened,
            problems=tuple(problems),
            next_at=next_at,
            stopped_by=run.stopped_by,
            is_finished=finished,
        )

    def _finished(self, connection: Connection, edition: Edition, now: datetime) -> bool:
        if edition.state is EditionState.SENT:
            return True
        if edition.state.value not in editions.OPEN or edition.candidates is None or edition.held:
            return False
        states = ledger.count_by_state(connection, self.key)
        if states.get(BatchState.PLANNED) or states.get(BatchState.HANDED):
            return False
        values = {"state": EditionState.SENT.value, "finished": now}
        connection.execute(sa.update(editions_table).where(editions_table.c.key == self.key).values(values))
        editions.log(connection, self.key, now, "run", "everything is handed over")
        return True

    def _next_at(self, connection: Connection, run: _Run, now: datetime) -> datetime | None:
        if run.stopped_by is StoppedBy.PACE:
            first = ledger.first_handed_since(connection, now - HOUR)
            return None if first is None else first + HOUR
        return run.next_at or ledger.next_attempt(connection, self.key)


def _outcome(future: Future[Outcome]) -> Outcome:
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, ProviderError):
        return Outcome(Answer.STOP, str(error))
    # A fault of ours: nobody knows how far it came.
    return Outcome(Answer.UNCERTAIN, f"{type(error).__name__} in the provider")
