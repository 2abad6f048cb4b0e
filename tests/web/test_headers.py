"""What every answer says, and whom the application answers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.headers import HTTPS_ONLY, SAFE, SafeHeaders
from web.hosts import Hosts, hosts_of


def asked(app: ASGIApp, *headers: tuple[str, str], path: str = "/") -> tuple[int, list[tuple[str, str]]]:
    """Status and headers of the answer to a request with these headers."""
    said: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        said.append(message)

    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": path, "headers": raw}
    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]  # A coroutine, as uvicorn runs it.
    return said[0]["status"], [(name.decode(), value.decode()) for name, value in said[0]["headers"]]


@pytest.mark.parametrize("is_https", [True, False])
def test_what_an_answer_does_not_say_is_added(is_https: bool) -> None:
    status, headers = asked(SafeHeaders(PlainTextResponse("x", 500), is_https=is_https))
    assert status == 500
    for name, value in SAFE:
        assert headers.count((name.decode(), value.decode())) == 1
    # Over http it would be said to nobody; a trial on a loopback address must not lock its browser out.
    assert ((HTTPS_ONLY[0].decode(), HTTPS_ONLY[1].decode()) in headers) is is_https


def test_what_an_answer_says_itself_stays() -> None:
    own = {"Content-Security-Policy": "default-src 'self'", "Referrer-Policy": "same-origin", "X-Own": "1"}
    _, headers = asked(SafeHeaders(PlainTextResponse("x", headers=own), is_https=True))
    policies = [value for name, value in headers if name == "content-security-policy"]
    assert policies == ["default-src 'self'"]
    assert ("referrer-policy", "same-origin") in headers
    assert ("x-content-type-options", "nosniff") in headers


@pytest.mark.parametrize(
    ("hosts", "status"),
    [
        (("digest.quay.example",), 200),
        (("digest.quay.example:8443",), 200),
        (("DIGEST.quay.example",), 200),
        (("www.quay.example",), 200),
        (("localhost:8080",), 200),
        (("127.0.0.1",), 200),
        (("[::1]:8080",), 200),
        (("evil.example",), 421),
        (("digest.quay.example.evil.example",), 421),
        (("evil.example#digest.quay.example",), 421),
        (("digest.quay.example@evil.example",), 421),
        (("quay.example",), 421),
        (("10.0.0.7",), 421),
        (("",), 421),
        (("[",), 421),
        (("\xff",), 421),
        ((), 421),
        (("digest.quay.example", "evil.example"), 421),
    ],
)
def test_only_what_was_meant_for_us_is_answered(hosts: tuple[str, ...], status: int) -> None:
    app = Hosts(PlainTextResponse("x"), hosts_of("https://digest.quay.example", ("www.quay.example",)))
    named = [("host", one) for one in hosts]
    assert asked(app, *named)[0] == status
    # What another one says of us counts for nothing.
    assert asked(app, *named, ("x-forwarded-host", "digest.quay.example"))[0] == status
    # Monitors call a machine by its number.
    assert asked(app, *named, path="/healthz")[0] == 200


def test_the_names_are_looked_at_before_anything_else() -> None:
    async def never(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise AssertionError("it was asked")

    assert asked(Hosts(never, frozenset(("quay.example",))), ("host", "evil.example"))[0] == 421
