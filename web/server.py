"""Serving the application, with an access log that holds neither addresses nor links' secrets."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from time import perf_counter

import uvicorn
from sqlalchemy.engine import Engine
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from newsletter.post_office import PostOffice
from newsroom.errors import ConfigurationError
from newsroom.log import step
from newsroom.settings import Settings
from web import private_uses
from web.app import application, now_utc, reachable
from web.hosts import Hosts, hosts_of

ANSWERED = ("the front page", "feeds", "private feeds", "pictures", "sign-up", "unsubscribe links")
"""What `serve` says that it answers."""

_QUIET = ("/healthz", "/readyz")
_SECRET = re.compile(r"^(/(?:unsubscribe|confirm|preferences|private|edition|sign-in)/).+", re.S)
_ODD = re.compile(r"[^\x21-\x7e]")


def serve(
    settings: Settings, engine: Engine, host: str, port: int, *, ready: Callable[[Engine], None] = reachable
) -> None:
    """Answer on `host`:`port` until the process is told to end (SIGINT, SIGTERM); open requests are finished.
    Once it listens, it says so, and where.

    Raises ConfigurationError where that address cannot be listened on.
    """
    listening = _listening(host, port)
    address = _address(host, listening.getsockname()[1])
    public = settings.newsroom.public_url
    step(
        "serve",
        address=address,
        answers=ANSWERED,
        readers_come_to=public if public != address else "",
        end_with="Ctrl+C",
    )
    hosts = hosts_of(settings.newsroom.public_url, settings.web.hosts)
    app = AccessLog(Hosts(application(settings, engine, ready=ready), hosts))
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        access_log=False,
        # Its tracebacks may hold anything; a failure is logged by the application, without values.
        log_level="critical",
        server_header=False,
        # Behind a proxy the path is all that is asked of it; no client's address is looked at.
        proxy_headers=False,
        timeout_graceful_shutdown=35,
        timeout_keep_alive=10,
        lifespan="off",
    )
    with PostOffice(settings, engine, now_utc):
        uvicorn.Server(config).run(sockets=[listening])
    private_uses.write_all()


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, backlog=256)
        # Connections inherit it, and asyncio sets it for none of these: else an answer in two parts waits 40 ms
        # for the acknowledgement of the first.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening
    except OSError as error:
        # Python says the address a second time behind the reason.
        reason = str(error.strerror or error).partition(" (while")[0]
        raise ConfigurationError(
            f"cannot listen on {host}:{port}: {reason}; end what listens there, or choose another address "
            "with --host and --port"
        ) from error


class AccessLog:
    """One line a request: method, path without secrets, status, milliseconds. No client's address."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and note how it was answered."""
        if scope["type"] != "http" or scope["path"] in _QUIET:
            await self.app(scope, receive, send)
            return
        began, status = perf_counter(), 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            took = round((perf_counter() - began) * 1000)
            step("web", method=scope["method"], path=shown(scope["path"]), status=status, milliseconds=took)


def shown(path: str) -> str:
    """The path as a log may hold it: a link's secret masked, odd characters and length cut."""
    return _ODD.sub("?", _SECRET.sub(r"\1[token]", path))[:200]
