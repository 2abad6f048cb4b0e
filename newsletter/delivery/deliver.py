"""One run of an edition's delivery: brought up to date, planned, and handed over batch by batch.

*Handed* is committed before a provider is called and the outcome after; no transaction is open meanwhile.
Threads only call the provider: the ledger is written by the one that runs this.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy.engine import Connection, Engine

from newsletter import editions, holds, ledger
from newsletter.delivery import outcomes, taking_back
from newsletter.delivery.claim import Letters, Nothing, Terms, Wanted, claim
from newsletter.delivery.conclusion import concluded
from newsletter.delivery.delivery_report import (
    DeliveryReport,
    Problem,
    StoppedBy,
    everybody_refused,
    stop_problem,
)
from newsletter.delivery.doubt import took_anybody
from newsletter.delivery.outage import Heard
from newsletter.delivery.post import Post
from newsletter.delivery.ready import Planning, plan, up_to_date
from newsletter.delivery.run import Run
from newsletter.delivery.settle import leftovers
from newsletter.delivery.standing import ASKED, BOUND, Standing, asked_until, goes_out, named
from newsletter.delivery.sums import checked_sum
from newsletter.edition import BatchState, Edition, EditionState
from newsletter.providers import Answer, Batch, Outcome, Provider, Recalls
from newsroom.database import reading, writing
from newsroom.errors import ProviderError, StandfirstError, StoreError
from newsroom.garbage import seldom_collected

PATIENCE = timedelta(seconds=30)
"""A run waits this long for what a provider asked it to wait; for more it leaves the rest to the next."""

MOST_WAITING = timedelta(minutes=1)
"""So long a run waits in all before something is accepted again."""

TICK = 0.5
"""Seconds after which a run that waits for answers looks whether it was asked to end."""


_WRITING_AGAIN = (1.0, 4.0, 15.0)
"""Seconds between attempts to write outcomes down: what is not written is uncertain."""

_STOPS = {
    Nothing.HELD: StoppedBy.HELD,
    Nothing.STOPPED: StoppedBy.STOPPED,
    Nothing.PACE: StoppedBy.PACE,
}


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
    standing: Standing = field(default_factory=Standing)
    """What its provider has said to this run before; what it says now is noted there."""
    max_variants: int = 2000
    too_late: Callable[[Connection, Edition, datetime], str | None] = lambda *_: None
    """Why no run goes on by itself with an edition that has begun, or None."""
    stopping: Callable[[], bool] = lambda: False
    """True once the process was asked to end: what is in flight is finished, nothing more handed over."""
    progress: Callable[[int], None] = lambda _: None
    pause: Callable[[float], None] = time.sleep

    def run(self) -> DeliveryReport:
        """Hand over what is due of the edition; returns its sum. Raises StoreError where that is not right,
        HeldError where the witness objects, RenderError where a letter cannot be made."""
        with seldom_collected():
            return self._run()

    def _run(self) -> DeliveryReport:
        begun = time.monotonic()
        run = Run()
        left = leftovers(self.engine, self.key, self.provider, self.post, self.alive, self.clock())
        if left.busy:
            run.stopped_by = StoppedBy.BUSY
        else:
            self._gone_on(run)
        with writing(self.engine) as connection:
            report = concluded(
                connection,
                self.key,
                DeliveryReport(
                    edition=self.key,
                    batches=run.batches,
                    readers=run.readers,
                    seconds=time.monotonic() - begun,
                    widened=run.widened,
                    problems=tuple(run.problems.values()),
                    next_at=run.next_at,
                    stopped_by=run.stopped_by,
                ),
                self.clock(),
            )
        if run.batches:
            self.post.advanced(self.key)
        return report

    def _gone_on(self, run: Run) -> None:
        """Hand over what can be now, and note what that says of the provider."""
        try:
            if self._may_ask(run) and self._made_ready(run):
                self._hand_over(run)
        finally:
            # Also where something failed: the next edition's readers would be left without an answer too.
            self.standing.note(
                asked=bool(run.batches),
                most=run.outage.most,
                took=run.doubt.is_over,
                stopped_by=run.stopped_by,
            )

    def _may_ask(self, run: Run) -> bool:
        """Whether the provider lets itself be asked, as far as it has said so of other editions; a short wait
        that it wants is waited."""
        name = self.provider.name
        while True:
            with reading(self.engine) as connection:
                now, edition = self.clock(), editions.get(connection, self.key)
                if not goes_out(connection, edition) or self.too_late(connection, edition, now):
                    return True
                until = asked_until(connection, name, self.key, now)
            if self.standing.barred:
                by, said = StoppedBy.PROVIDER, self.standing.barred
                run.stop(by, stop_problem(self.key, by, said, is_general=True))
                return False
            if until is None:
                return True
            if self.stopping():
                run.stopped_by = StoppedBy.ASKED
                return False
            if not self._waited_until(run, until):
                by = StoppedBy.NOT_NOW
                run.stop(by, stop_problem(self.key, by, f"{name} takes nothing for now: {BOUND}"))
                return False

    def _made_ready(self, run: Run) -> bool:
        """Bring the edition up to date and plan it; False where there is nothing to hand over now."""
        named(self.engine, self.key, self.provider, self.standing)
        with writing(self.engine) as connection:
            edition = editions.locked(connection, self.key)
            if edition.held:
                run.stopped_by = StoppedBy.HELD
                return False
            if not edition.is_open:
                if edition.state is EditionState.STOPPED:
                    is_restored = edition.note == holds.HANDED_BEFORE
                    run.stopped_by = StoppedBy.RESTORED if is_restored else StoppedBy.STOPPED
                return False
            is_first = edition.first_handed is None
            if not run.batches and (why := self.too_late(connection, edition, self.clock())):
                holds.hold(connection, self.key, why, "run", self.clock())
                run.stopped_by = StoppedBy.HELD
                return False
            if is_first and not up_to_date(connection, edition, self.post, run, self.clock()):
                return False
            if is_first:
                edition = editions.get(connection, self.key)
                plan(connection, edition, self._planning, run, self.clock())
            checked_sum(connection, self.key)
            run.outage.recall(connection, self.key)
            if not run.batches:
                name, now = self.provider.name, self.clock()
                run.outage.suspect(self.standing.most_of(connection, name, self.key, now))
            waiting = ledger.count_by_state(connection, self.key).get(BatchState.PLANNED)
        if waiting and is_first:
            self.post.announce(self.key)
        elif waiting and not run.batches:
            # A copy that was made before this does not know of it, also where this run never ends.
            self.post.advanced(self.key)
        return True

    @property
    def _planning(self) -> Planning:
        return Planning(self.post, self.provider.batch_size, self.terms.allow_to, self.max_variants)

    def _hand_over(self, run: Run) -> None:
        letters = Letters(self.post)
        with ThreadPoolExecutor(max_workers=self.provider.connections) as threads:
            try:
                while self._goes_on(run, letters, threads):
                    pass
            finally:
                # Also where something failed: what is in flight would be uncertain for nothing.
                while run.flying:
                    self._collect(run, block=True)

    def _goes_on(self, run: Run, letters: Letters, threads: ThreadPoolExecutor) -> bool:
        """One step: a batch launched, answers collected, or a wait. False once nothing is left to do now."""
        if self.stopping() and run.stopped_by is None:
            run.stopped_by = StoppedBy.ASKED
        # The first goes alone: what is wrong with all is heard once, and a wrong password tried once.
        connections = self.provider.connections if run.doubt.is_over and not run.outage.is_suspected else 1
        is_free = run.stopped_by is None and len(run.flying) < connections
        if is_free and self._launched(run, letters, threads):
            self._collect(run, block=False)
            return True
        if run.flying:
            self._collect(run, block=True)
            return True
        return run.stopped_by is None and self._waited(run)

    def _launched(self, run: Run, letters: Letters, threads: ThreadPoolExecutor) -> bool:
        """Take a batch and give it to a thread; False where there is none to take now."""
        terms = self.terms
        if isinstance(self.provider, Recalls):
            terms = replace(terms, delay=self.provider.delay)
        if not run.doubt.is_over:
            few = 1 if self.standing.is_refusing else self.provider.first_batch - len(run.doubt.readers)
            terms = replace(terms, batch_size=min(terms.batch_size, max(few, 1)))
        if run.outage.most is not None:
            terms = replace(terms, batch_size=min(terms.batch_size, run.outage.most))
        with writing(self.engine) as connection:
            found = claim(connection, self.key, terms, letters, self.clock())
        run.tell(self.key, letters.told)
        if isinstance(found, Wanted):
            letters.render(found)
            return True
        if isinstance(found, Batch):
            run.batches += 1
            run.readers += len(found.recipients)
            run.outage.launched(found.number)
            run.flying[threads.submit(self.provider.hand_over, found)] = found
            return True
        if found is Nothing.CHANGED:
            return self._made_ready(run)
        run.stopped_by = _STOPS.get(found, run.stopped_by)
        return found is Nothing.TAKEN

    def _collect(self, run: Run, *, block: bool) -> None:
        """Write down what the threads have come back with, in one transaction."""
        done = self._landed(run, block=block)
        if not done:
            return
        answers = [(run.flying.pop(future), _outcome(future)) for future in done]
        for batch, outcome in answers:
            run.doubt.hear(batch, outcome)
        heard = run.outage.hear(answers, self.terms.batch_size, is_ending=self.stopping())
        self._doubted(run, self._record(run, answers, heard))
        for batch, outcome in answers:
            self._heed(run, batch, outcome)
        if heard.waits:
            by = StoppedBy.NOT_NOW
            said = f"{self.provider.name} gives {heard.said}; the rest waits, then one reader is tried"
            run.stop(run.stopped_by or by, stop_problem(self.key, by, said))
        self.progress(run.readers)
        unforeseen = [future.exception() for future in done if future.exception()]
        for error in unforeseen:
            if error is not None and not isinstance(error, StandfirstError):
                raise error

    def _landed(self, run: Run, *, block: bool) -> set[Future[Outcome]]:
        """The hand-overs that are over; with `block` at least one."""
        while True:
            done, _ = wait(run.flying, timeout=TICK if block else 0, return_when=FIRST_COMPLETED)
            if self.stopping():
                self.provider.stop()
            if done or not block:
                return done

    def _doubted(self, run: Run, taken_back: int) -> None:
        """End a run in which everybody is refused, unless the same were before and others were not."""
        if not run.doubt.is_grave:
            return
        if run.doubt.taken() and not taken_back:
            run.doubt.is_over = True
            return
        run.stop(StoppedBy.PROVIDER, everybody_refused(self.key, run.doubt.reason))

    def _record(self, run: Run, answers: list[tuple[Batch, Outcome]], heard: Heard) -> int:
        """Write outcomes down; a database that refuses (a full disk, perhaps) is asked again for a while.

        Returns how many refusals were taken back.
        """
        for seconds in (*_WRITING_AGAIN, None):
            try:
                with writing(self.engine) as connection:
                    now = self.clock()
                    for batch, outcome in answers:
                        outcomes.record(connection, batch.number, outcome, self.terms.owner, now)
                    heard.note(connection, self.key, now)
                    if run.doubt.is_grave:
                        return taking_back.take_back(connection, self.key, run.doubt.readers)
                return 0
            except StoreError:
                if seconds is None:
                    raise
                self.pause(seconds)
        raise AssertionError("the last attempt returns or raises")

    def _heed(self, run: Run, batch: Batch, outcome: Outcome) -> None:
        name = self.provider.name
        if took_anybody(batch, outcome):
            run.waited = timedelta()
        if outcome.answer is Answer.STOP:
            by, said = StoppedBy.PROVIDER, f"{name} takes nothing: {outcome.reason}"
            if outcome.is_general:
                self.standing.barred = said
            run.stop(by, stop_problem(self.key, by, said, is_general=outcome.is_general))
        elif outcome.answer is Answer.ENDED:
            run.stopped_by = run.stopped_by or StoppedBy.ASKED
        elif outcome.answer is Answer.NOT_NOW:
            asked = outcome.retry_after
            if asked is None or asked > PATIENCE.total_seconds():
                by = StoppedBy.NOT_NOW
                said = f"{name} takes nothing for now: {outcome.reason}"
                run.stop(run.stopped_by or by, stop_problem(self.key, by, said))
        elif outcome.answer is Answer.REFUSED and not outcome.divisible and run.stopped_by is None:
            said = f"{self.key}: batch {batch.number} was refused: {outcome.reason}"
            run.problems[said] = Problem(f"{self.key}:batch {batch.number}", said)

    def _waited(self, run: Run) -> bool:
        """Wait for a batch that may be tried again shortly; False where none is."""
        with reading(self.engine) as connection:
            next_at = ledger.next_attempt(connection, self.key)
        return next_at is not None and self._waited_until(run, next_at)

    def _waited_until(self, run: Run, next_at: datetime) -> bool:
        """Wait for a moment that is near; False where it is not."""
        remaining = max(timedelta(seconds=0.05), next_at - self.clock())
        if remaining > PATIENCE or run.waited + remaining > MOST_WAITING:
            run.next_at = next_at
            return False
        run.waited += remaining
        left = remaining.total_seconds()
        while left > 0 and not self.stopping():
            self.pause(min(left, 1.0))
            left -= 1.0
        return True


def _outcome(future: Future[Outcome]) -> Outcome:
    error = future.exception()
    if error is None:
        found = future.result()
        if found.answer is Answer.NOT_NOW and found.retry_after:
            return replace(found, reason=f"{found.reason}; {ASKED}")
        return found
    if isinstance(error, ProviderError):
        return Outcome(Answer.STOP, str(error))
    # A fault of ours: nobody knows how far it came.
    return Outcome(Answer.UNCERTAIN, f"{type(error).__name__} in the provider")
