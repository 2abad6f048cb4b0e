"""Serving the application, with an access log that holds neither addresses nor links' secrets."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from time import monotonic, perf_counter

import uvicorn
from sqlalchemy.engine import Engine
from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from newsletter.letters.post_office import PostOffice
from newsroom.errors import ConfigurationError
from newsroom.log import step
from newsroom.masthead import Archive
from newsroom.settings import Settings
from web import private_uses
from web.app import application, now_utc, reachable
from web.connections import BoundedConnection
from web.headers import SafeHeaders
from web.hosts import FOR_MONITORS, Hosts, hosts_of
from web.listening import listening
from web.metrics import Metrics, Monitored, folders_of
from web.watch import Watch

_ANSWERED = (
    "the front page",
    "feeds",
    "private feeds",
    "pictures",
    "sign-up",
    "sign-in",
    "preferences",
    "unsubscribe links",
)

STOPPING = 6.0
"""Seconds that open requests and the letter on its way get at the end. systemd and containers give ten."""

_OPEN = frozenset(
    ("", "account", "feeds", "media", "archive", "articles", "sections", ".well-known", "hooks")
)
"""The folders of which a log may say the whole path: in every other one it may hold a token."""
_ODD = re.compile(r"[^\x21-\x7e]")


def answered(settings: Settings) -> tuple[str, ...]:
    """What `serve` says that it answers."""
    has_archive = any(one.archive is not Archive.NOBODY for one in settings.newsletters)
    return (
        *_ANSWERED,
        *(["articles"] if settings.web.gate else []),
        *(["the archive"] if has_archive else []),
    )


def serve(
    settings: Settings,
    engine: Engine,
    host: str,
    port: int,
    *,
    metrics_port: int | None = None,
    ready: Callable[[Engine], None] = reachable,
    handed: Sequence[socket.socket] = (),
) -> list[int]:
    """Answer on `host`:`port` until the process is told to end (SIGINT, SIGTERM): open requests are finished,
    and the letter that is being handed over. Once it listens, it says so, and where.

    With `metrics_port`, /metrics is answered there without a token, on the loopback address alone. Sockets
    that were `handed` over are taken in place of these, in this order. Returns those, by number, that the
    process shall hand on to itself, for it is to start again; none where it was told to end. Raises
    ConfigurationError where an address cannot be listened on.
    """
    with ExitStack() as ends:
        sockets = _sockets(host, port, metrics_port, handed)
        for one in sockets:
            ends.enter_context(one)
        kept = _Kept(sockets)
        address = _address(*sockets[0].getsockname()[:2])
        public = settings.newsroom.public_url
        step(
            "serve",
            address=address,
            answers=answered(settings),
            readers_come_to=public if public != address else "",
            metrics=_address("127.0.0.1", metrics_port) + "/metrics" if metrics_port is not None else "",
            end_with="Ctrl+C",
        )
        hosts = hosts_of(public, settings.web.hosts)
        app = guarded(settings, engine, application(settings, engine, ready=ready), hosts, metrics_port)
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            http=BoundedConnection,
            ws="none",
            access_log=False,
            # Its tracebacks may hold anything; a failure is logged by the application, without values.
            log_level="critical",
            server_header=False,
            # Behind a proxy the path is all that is asked of it; no client's address is looked at.
            proxy_headers=False,
            timeout_graceful_shutdown=int(STOPPING),
            timeout_keep_alive=10,
            lifespan="off",
        )
        office = PostOffice(settings, engine, now_utc)
        server = _Server(config, office.end, kept.let_go)
        watch = Watch(settings, engine, server.end)
        kept.is_wanted = lambda: watch.again and not server.is_told
        with watch.watching(), office:
            server.run(sockets=sockets)
            office.wait(max(0.1, server.told + STOPPING - monotonic()))
    private_uses.write_all()
    # It may have been told to end while it did so by itself.
    kept.let_go()
    return kept.numbers


def guarded(
    settings: Settings,
    engine: Engine,
    app: Starlette,
    hosts: frozenset[str] | None,
    metrics_port: int | None = None,
    now: Callable[[], datetime] = now_utc,
) -> ASGIApp:
    """The application within what every request and every answer goes through.

    `hosts` are the names it may be asked under; None for any, behind something that has looked already.
    """
    metrics = Metrics(settings, engine, now, folders_of(app.routes), app.state.event_counts)
    inner = app if hosts is None else Hosts(app, hosts)
    monitored = Monitored(inner, metrics, settings.secrets.metrics_token, metrics_port)
    is_https = settings.newsroom.public_url.startswith("https://")
    return AccessLog(SafeHeaders(monitored, is_https=is_https), metrics.note)


class _Server(uvicorn.Server):
    """Ends as it was told to, with status 0: uvicorn's own kills itself by the same signal once it has ended,
    so that whatever should come after it never does."""

    def __init__(
        self, config: uvicorn.Config, on_end: Callable[[], None], on_shutdown: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._on_end, self._on_shutdown = on_end, on_shutdown
        self.told = monotonic()
        """When it was told to end."""
        self.is_told = False
        """Whether a signal said so."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Have both signals end the server for as long as it runs."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {one: signal.signal(one, self._told) for one in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no new connection, and end."""
        self._on_shutdown()
        await super().shutdown(sockets)

    def _told(self, *_: object) -> None:
        # The second time nobody wants to wait.
        self.force_exit = self.should_exit
        self.is_told = True
        self.end()

    def end(self) -> None:
        """End as one told to."""
        self.told = monotonic()
        self.should_exit = True
        self._on_end()


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _sockets(
    host: str, port: int, metrics_port: int | None, handed: Sequence[socket.socket]
) -> list[socket.socket]:
    found = [*handed[:2]] if metrics_port is not None else [*handed[:1]]
    if not found:
        found.append(listening(host, port))
    if metrics_port is not None and len(found) == 1:
        try:
            found.append(listening("127.0.0.1", metrics_port, "--metrics-port"))
        except ConfigurationError:
            found[0].close()
            raise
    return found


class _Kept:
    """The listening sockets once more, so that they stay open for as long as it takes to start again."""

    def __init__(self, sockets: Sequence[socket.socket]) -> None:
        self.numbers = [os.dup(one.fileno()) for one in sockets]
        self.is_wanted: Callable[[], bool] = lambda: False

    def let_go(self) -> None:
        """Where it does not start again, whoever connects from now on is refused at once."""
        if self.is_wanted():
            return
        for number in self.numbers:
            os.close(number)
        self.numbers = []


class AccessLog:
    """One line a request: method, path without secrets, status, milliseconds. No client's address.

    What the end of the process cuts is 400 where its client is waited for, else 503.

    `seen` is told the same of each, with the seconds.
    """

    def __init__(self, app: ASGIApp, seen: Callable[[str, int, float], None] | None = None) -> None:
        self.app = app
        self.seen = seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and note how it was answered."""
        if scope["type"] != "http" or scope["path"] in FOR_MONITORS:
            await self.app(scope, receive, send)
            return
        began, status, waits, answers = perf_counter(), 500, False, False

        async def heard() -> Message:
            nonlocal waits
            waits = True
            message = await receive()
            waits = False
            return message

        async def noted(message: Message) -> None:
            nonlocal status, answers
            if message["type"] == "http.response.start":
                status, answers = message["status"], True
            await send(message)

        try:
            await self.app(scope, heard, noted)
        except asyncio.CancelledError:
            # The process ends. Whoever has not even asked as a whole by now is no failure of ours.
            if not answers:
                status = 400 if waits else 503
            raise
        finally:
            took = perf_counter() - began
            path = scope["path"]
            step(
                "web",
                method=scope["method"],
                path=shown(path),
                status=status,
                milliseconds=round(took * 1000),
            )
            if self.seen is not None:
                self.seen(path, status, took)


def shown(path: str) -> str:
    """The path as a log may hold it: what may be a link's secret masked, odd characters and length cut."""
    _, _, rest = path.partition("/")
    folder, _, secret = rest.partition("/")
    if secret and folder not in _OPEN:
        path = f"/{folder}/[token]"
    return _ODD.sub("?", path)[:200]
