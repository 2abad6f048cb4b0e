"""The hub, told: requests within bounds of time, and nothing raised where it cannot be reached."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy.engine import Engine

from feeds import pings, websub
from feeds.websub import Answer, Ping, Verdict
from newsroom.database import reading, writing
from newsroom.web_address import shown

if TYPE_CHECKING:
    import httpx2

USER_AGENT = "Standfirst"
TIMEOUT = 5.0
"""Seconds that one request may take."""
ALTOGETHER = 10.0
"""Seconds that all of them may take: what is left is for the next run."""


@dataclass(slots=True)
class HubReport:
    """What came of it."""

    hub: str
    """Its address as a message shows it."""
    told: int = 0
    """Feeds, each format for itself."""
    waiting: int = 0
    """Those that a later run tells."""
    given_up: int = 0
    reason: str = ""
    """Why the last request that went wrong did; empty where all went well."""


def tell(
    engine: Engine, hub: str, now: datetime, *, altogether: float = ALTOGETHER, timeout: float = TIMEOUT
) -> HubReport | None:
    """Tell `hub` of the feeds that changed; None where nothing is due. Whoever calls it holds the hub's lock.

    Takes `altogether` seconds at most, `timeout` a request. What fails is tried again by later calls, less
    and less, and given up after a day. Raises StoreError where the database fails.
    """
    with reading(engine) as connection:
        waiting = pings.waiting(connection)
    if waiting and not hub:
        with writing(engine) as connection:
            pings.forget_all(connection)
    due = websub.due(waiting, now) if hub else ()
    if not due:
        return None
    # The library takes a while to import, and most runs have nothing to tell.
    import httpx2

    report = HubReport(shown(hub))
    with httpx2.Client(timeout=timeout, follow_redirects=False) as client:
        _tell_all(engine, _Post(client, hub, time.monotonic() + altogether, timeout), due, now, report)
    report.waiting = len(waiting) - report.told - report.given_up
    return report


def fault_of(hub: str, *, timeout: float = TIMEOUT) -> str:
    """What is wrong with the hub; empty for nothing. It is asked to publish no feed, so nothing is told."""
    import httpx2

    with httpx2.Client(timeout=timeout, follow_redirects=False) as client:
        return websub.fault(_Post(client, hub, time.monotonic() + timeout, timeout).ask([]))


class _Post:
    """Requests to the hub, until the time is over."""

    def __init__(self, client: httpx2.Client, hub: str, ends: float, timeout: float) -> None:
        self._client = client
        self._hub = hub
        self._ends = ends
        self._timeout = timeout

    @property
    def has_time(self) -> bool:
        """Whether there is time for one more request, however slow its answer."""
        return self._ends - time.monotonic() >= self._timeout

    def ask(self, feeds: list[str]) -> Answer:
        """The hub's answer, or why none came."""
        answers: list[Answer] = []
        # The library's time-out is one for each silence, and looking up a name has none at all. A thread that
        # is late is left alone, and ends with the process.
        thread = threading.Thread(target=lambda: answers.append(self._answer(feeds)), daemon=True)
        thread.start()
        thread.join(self._timeout)
        return answers[0] if answers else Answer(None, self._late)

    @property
    def _late(self) -> str:
        return f"no answer within {self._timeout:g} seconds"

    def _answer(self, feeds: list[str]) -> Answer:
        import httpx2

        headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": USER_AGENT}
        try:
            with self._client.stream(
                "POST", self._hub, content=websub.form(feeds), headers=headers
            ) as response:
                return Answer(response.status_code, retry_after=response.headers.get("retry-after", ""))
        except httpx2.TimeoutException:
            return Answer(None, self._late)
        except Exception as error:  # noqa: BLE001 (whatever it is: no hub keeps a run from its work)
            # The error's own text may hold the whole address.
            return Answer(None, f"it cannot be reached ({type(error).__name__})")


def _tell_all(engine: Engine, post: _Post, due: tuple[Ping, ...], now: datetime, report: HubReport) -> None:
    queue = deque(websub.batches(due))
    refusals = 0
    while queue and post.has_time:
        batch = queue.popleft()
        answer = post.ask([one.feed for one in batch])
        verdict = websub.verdict(answer, len(batch))
        if verdict is Verdict.REFUSED and refusals >= websub.REFUSALS:
            verdict = Verdict.DOWN
        match verdict:
            case Verdict.TOLD:
                refusals = 0
                report.told += len(batch)
                with writing(engine) as connection:
                    pings.cross_out(connection, batch)
            case Verdict.SPLIT:
                # A hub that does not take several takes none of the others together either.
                queue = deque(websub.batches(_all(batch, queue), 1))
            case Verdict.REFUSED:
                refusals += 1
                _failed(engine, batch, answer, now, report, refused=True)
            case Verdict.DOWN:
                _failed(engine, _all(batch, queue), answer, now, report, refused=False)
                return


def _all(batch: Sequence[Ping], queue: Iterable[Sequence[Ping]]) -> tuple[Ping, ...]:
    return (*batch, *(one for more in queue for one in more))


def _failed(
    engine: Engine, batch: Sequence[Ping], answer: Answer, now: datetime, report: HubReport, *, refused: bool
) -> None:
    after = [websub.failed(one, answer, now, refused=refused) for one in batch]
    given_up = [one for one in after if websub.is_given_up(one, now)]
    report.reason = websub.complaint(answer)
    report.given_up += len(given_up)
    with writing(engine) as connection:
        pings.remember(connection, after)
        pings.forget(connection, [one.feed for one in given_up])
