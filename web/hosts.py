"""Whom a request was meant for: one that names another host is not for us."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

FOR_MONITORS = ("/healthz", "/readyz", "/metrics")
"""Monitors call a machine by its number."""
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def hosts_of(public_url: str, more: Sequence[str]) -> frozenset[str]:
    """The names under which the application may be asked; a proxy on the same machine may use that one's."""
    return frozenset((urlsplit(public_url).hostname or "", *more, *_LOOPBACK))


class Hosts:
    """421 for what was meant for somebody else (RFC 9110, 15.5.20)."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        self.app = app
        self.hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is ours."""
        if scope["type"] != "http" or scope["path"] in FOR_MONITORS or self._is_ours(scope):
            await self.app(scope, receive, send)
            return
        answer = PlainTextResponse("This is another host's address.\n", 421, {"Cache-Control": "no-store"})
        await answer(scope, receive, send)

    def _is_ours(self, scope: Scope) -> bool:
        named = Headers(scope=scope).getlist("host")
        if len(named) != 1:
            return False
        try:
            return (urlsplit(f"//{named[0]}").hostname or "") in self.hosts
        except ValueError:
            return False
