"""What Prometheus is told: requests, and how the newsroom stands. No address, no token, no path but the first
folder of one that is ours, so there are no more time series than there are pages."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.engine import Connection, Engine
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from content.tables import source_states
from feeds.tables import feed_marks
from newsletter.edition import EditionState
from newsletter.edition_row import OPEN
from newsletter.letters import letter_queue
from newsletter.returns import mail_counts
from newsletter.tables import editions
from newsroom.database import reading
from newsroom.errors import StoreError
from newsroom.settings import Settings
from newsroom.tables import alerts
from web.hooks import Counts

PATH = "/metrics"
OTHER = "other"
"""Every path that is none of ours: whoever makes up paths makes up no time series."""
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""Seconds. A feed takes one millisecond, a form ten, and the database lets nobody wait for ever."""


class Metrics:
    """Counts requests, and asks the database how things are when it is asked itself."""

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        now: Callable[[], datetime],
        folders: Collection[str],
        events: Counts | None = None,
    ) -> None:
        self._folders = frozenset(folders)
        # One of its own: two applications in one process do not count together.
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "standfirst_requests", "Requests answered.", ("route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "standfirst_request_seconds",
            "How long answers took.",
            ("route",),
            registry=self._registry,
            buckets=BUCKETS,
        )
        self._known: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        self._registry.register(_Newsroom(settings, engine, now))
        self._registry.register(_Events(events or Counts()))

    def note(self, path: str, status: int, seconds: float) -> None:
        """One more request was answered."""
        key = (route_of(path, self._folders), status // 100)
        both = self._known.get(key)
        if both is None:
            both = self._requests.labels(key[0], f"{key[1]}xx"), self._seconds.labels(key[0])
            self._known[key] = both
        both[0].inc()
        both[1].observe(seconds)

    def text(self) -> bytes:
        """All of it in Prometheus's text format. It reads from the database: call it in the thread pool."""
        return generate_latest(self._registry)


def folders_of(routes: Sequence[BaseRoute]) -> frozenset[str]:
    """The first folders of the paths that these routes answer."""
    paths = (route.path for route in routes if isinstance(route, (Route, Mount)))
    return frozenset(path[1:].partition("/")[0] for path in paths)


def route_of(path: str, folders: Collection[str]) -> str:
    """The first folder of a path of ours, "/" for the front page."""
    first = path[1:].partition("/")[0]
    return f"/{first}" if first in folders and (first or path == "/") else OTHER


class _Events(Collector):
    """What became of the provider's events."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts

    def describe(self) -> Iterator[Metric]:
        """Nothing beforehand."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """The counts."""
        family = CounterMetricFamily(
            "standfirst_events", "Events of the provider, by what became of them.", labels=("outcome",)
        )
        for outcome, count in sorted(self._counts.found.items()):
            family.add_metric((outcome,), count)
        yield family


class _Newsroom(Collector):
    """How the newsroom stands at the moment when it is asked."""

    def __init__(self, settings: Settings, engine: Engine, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._engine = engine
        self._now = now

    def describe(self) -> Iterator[Metric]:
        """Nothing beforehand: the registry would ask the database as soon as it knows us."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Everything there is to say; of a database that does not answer, that alone."""
        try:
            with reading(self._engine) as connection:
                found = [*self._letters(connection), *self._runs(connection), *_counts(connection)]
                found.append(_mails(connection))
        except (StoreError, sa.exc.SQLAlchemyError):
            yield _gauge("database_up", "Whether the database answers.", 0)
            return
        yield _gauge("database_up", "Whether the database answers.", 1)
        yield from found

    def _letters(self, connection: Connection) -> Iterator[Metric]:
        waiting, since = letter_queue.waiting_since(connection)
        age = 0.0 if since is None else (self._now() - since).total_seconds()
        yield _gauge("letters_waiting", "Letters to one person that wait to be handed over.", waiting)
        yield _gauge("letters_oldest_seconds", "How long the oldest of them has waited.", age)

    def _runs(self, connection: Connection) -> Iterator[Metric]:
        names = self._settings.newsroom.feeds
        rows = connection.execute(sa.select(feed_marks.c.name, feed_marks.c.until)).all()
        looked = {row.name: row.until for row in rows}
        ours = [looked[name] for name in names if name in looked]
        yield _gauge("feeds", "Feeds there are.", len(names))
        yield _gauge("feeds_unpublished", "Feeds that were never published.", len(names) - len(ours))
        if ours:
            # Every run looks at every feed, so that the newest look is the last run's.
            help_text = "When a run last got as far as the feeds."
            yield _gauge("last_run_timestamp_seconds", help_text, max(looked.values()).timestamp())
            oldest = (self._now() - min(ours)).total_seconds()
            yield _gauge(
                "feeds_oldest_seconds", "Since when the feed furthest behind was not looked at.", oldest
            )
        read = GaugeMetricFamily(
            "standfirst_source_read_timestamp_seconds", "When a source was last read.", labels=("source",)
        )
        keys = [one.key for one in self._settings.sources]
        table = source_states.c
        query = sa.select(table.source, table.last_read).where(table.source.in_(keys))
        for row in connection.execute(query):
            if row.last_read is not None:
                read.add_metric((row.source,), row.last_read.timestamp())
        yield read


def _counts(connection: Connection) -> Iterator[Metric]:
    by_state = sa.select(editions.c.state, sa.func.count()).group_by(editions.c.state)
    counts = {row[0]: row[1] for row in connection.execute(by_state)}
    family = GaugeMetricFamily("standfirst_editions", "Editions by their state.", labels=("state",))
    for state in EditionState:
        family.add_metric((state.value,), counts.get(state.value, 0))
    yield family
    waits = sa.and_(editions.c.held != "", editions.c.state.in_(OPEN))
    held = connection.execute(sa.select(sa.func.count()).where(waits)).scalar_one()
    yield _gauge("editions_held", "Editions that wait for a person.", held)
    told = connection.execute(sa.select(sa.func.count()).select_from(alerts)).scalar_one()
    yield _gauge("open_problems", "Problems that the operator was told of.", told)


def _mails(connection: Connection) -> Metric:
    """What runs have read from a Maildir or a mailbox: no process but the database knows of all of it."""
    family = CounterMetricFamily(
        "standfirst_returned_mails", "Mails that came back, by what became of them.", labels=("outcome",)
    )
    for outcome, count in mail_counts.counted(connection).items():
        family.add_metric((outcome,), count)
    return family


def _gauge(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"standfirst_{name}", help_text, value=value)


class Monitored:
    """Answers /metrics: to whoever has the token, and on the port of its own to everybody there."""

    def __init__(self, app: ASGIApp, metrics: Metrics, token: str, port: int | None = None) -> None:
        self.app = app
        self.metrics = metrics
        self.token = token
        self.port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The numbers, or everything else as it is; on the port of its own there is nothing else."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        server = scope.get("server")
        is_own = self.port is not None and server is not None and server[1] == self.port
        if scope["path"] == PATH:
            answer = await self._answer(scope, is_own=is_own)
        elif is_own and scope["path"] not in ("/healthz", "/readyz"):
            answer = PlainTextResponse("Here is /metrics alone.\n", 404, _UNKEPT)
        else:
            await self.app(scope, receive, send)
            return
        await answer(scope, receive, send)

    async def _answer(self, scope: Scope, *, is_own: bool) -> Response:
        if not is_own:
            if not self.token:
                return PlainTextResponse("There is nothing here.\n", 404, _UNKEPT)
            # The scheme's name is in capitals or not (RFC 9110, 11.1).
            scheme, _, said = Headers(scope=scope).get("authorization", "").partition(" ")
            is_known = hmac.compare_digest(said.strip().encode(), self.token.encode())
            if not is_known or scheme.lower() != "bearer":
                return PlainTextResponse("Who asks?\n", 401, {**_UNKEPT, "WWW-Authenticate": "Bearer"})
        if scope["method"] not in ("GET", "HEAD"):
            return PlainTextResponse("It is only read.\n", 405, {**_UNKEPT, "Allow": "GET, HEAD"})
        text = await run_in_threadpool(self.metrics.text)
        return Response(text, 200, {**_UNKEPT, "Content-Type": CONTENT_TYPE_PLAIN_0_0_4})


_UNKEPT = {"Cache-Control": "no-store"}
