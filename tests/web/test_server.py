"""Serving for real, as its own process, and what the access log may hold."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from sqlalchemy.engine import Engine
from starlette.types import Receive, Scope, Send

from newsroom.errors import ConfigurationError
from newsroom.masthead import Archive
from tests.web.serving import settings
from web.server import AccessLog, answered, serve, shown

HOUSE = Path(__file__).resolve().parent.parent.parent

SERVE = """
import sys
from pathlib import Path
import content.tables
from newsroom import log
from newsroom.database import engine_for, metadata
from tests.web.serving import settings
from web.server import serve
log.configure("json")
root = Path(sys.argv[1])
engine = engine_for(f"sqlite:///{root / 'standfirst.db'}")
metadata.create_all(engine)
own = int(sys.argv[3]) if sys.argv[3:] else None
serve(settings(root), engine, "127.0.0.1", int(sys.argv[2]), metrics_port=own)
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/unsubscribe/AmsyMQBkYWlseQu", "/unsubscribe/[token]"),
        ("/unsubscribe/a/b\nc", "/unsubscribe/[token]"),
        ("/unsubscribe/", "/unsubscribe/"),
        ("/private/AmsyMQBkYWlseQu/all.rss", "/private/[token]"),
        ("/anything/new/there/is", "/anything/[token]"),
        ("/feeds/all.rss", "/feeds/all.rss"),
        ("/archive/daily-2026-03-10", "/archive/daily-2026-03-10"),
        ("/a\r\nstatus 200 \x1b[31m", "/a??status?200??[31m"),
        ("/\u202eabc", "/?abc"),
        ("/" + "a" * 900, "/" + "a" * 199),
    ],
)
def test_a_path_is_shown_without_secrets_or_tricks(path: str, expected: str) -> None:
    assert shown(path) == expected


def test_a_taken_port_is_named(tmp_path: Path, engine: Engine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        named = rf"cannot listen on 127\.0\.0\.1:{port}: Address already in use; end .* --port$"
        with pytest.raises(ConfigurationError, match=named):
            serve(settings(tmp_path), engine, "127.0.0.1", port)


def test_a_taken_port_for_metrics_is_named(tmp_path: Path, engine: Engine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=rf"127\.0\.0\.1:{port}: .* with --metrics-port$"):
            serve(settings(tmp_path), engine, "127.0.0.1", free(), metrics_port=port)


def test_a_host_that_is_not_ours_is_named(tmp_path: Path, engine: Engine) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot listen on 203\.0\.113\.1:8080"):
        serve(settings(tmp_path), engine, "203.0.113.1", 8080)


@contextmanager
def serving(root: Path, *ports: int) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`serve` as a process of its own, once it answers, with its address."""
    port, *more = ports or (free(),)
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(root), str(port), *map(str, more)],
        cwd=HOUSE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(HOUSE)},
    )
    try:
        _first_answer(f"http://127.0.0.1:{port}/healthz", process)
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate()


def ended(process: subprocess.Popen[str], by: signal.Signals) -> tuple[int, float, str, str]:
    """Status, seconds, what was said, and what was complained of."""
    begun = time.monotonic()
    process.send_signal(by)
    out, err = process.communicate(timeout=30)
    return process.returncode, time.monotonic() - begun, out, err


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_it_serves_and_ends_when_told(tmp_path: Path, by: signal.Signals) -> None:
    with serving(tmp_path) as (process, address):
        answer = httpx2.get(address, trust_env=False)
        status, seconds, out, err = ended(process, by)
    assert answer.status_code == 200
    # Which software answers is nobody's business.
    assert "server" not in answer.headers
    assert (status, err) == (0, "")
    assert seconds < 10
    begun, asked = map(json.loads, out.splitlines())
    # Said before anybody asks for a page.
    assert begun["step"] == "serve"
    assert begun["address"] == address
    assert "unsubscribe links" in begun["answers"]
    assert begun["end_with"] == "Ctrl+C"
    assert asked["path"] == "/"


def test_it_says_what_it_answers(tmp_path: Path) -> None:
    values = settings(tmp_path)
    for gate in (True, False):
        for archive in Archive:
            newsletters = tuple(replace(one, archive=archive) for one in values.newsletters)
            said = answered(replace(values, web=replace(values.web, gate=gate), newsletters=newsletters))
            assert ("articles" in said) is gate
            assert ("the archive" in said) is (archive is not Archive.NOBODY)


def test_an_open_request_is_finished_and_idle_connections_are_not_waited_for(tmp_path: Path) -> None:
    with serving(tmp_path) as (process, address):
        port = int(address.rpartition(":")[2])
        idle, quiet, open_one = (socket.create_connection(("127.0.0.1", port)) for _ in range(3))
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert idle.recv(4096).startswith(b"HTTP/1.1 200")
        body = b"List-Unsubscribe=One-Click"
        head = f"POST /unsubscribe/x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
        open_one.sendall(head.encode() + body[:5])
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert process.poll() is None
        open_one.sendall(body[5:])
        assert open_one.recv(4096).startswith(b"HTTP/1.1 200")
        status, seconds, _, err = ended(process, signal.SIGTERM)
        for connection in (idle, quiet, open_one):
            connection.close()
    assert (status, err) == (0, "")
    assert seconds < 9


def test_a_client_that_never_ends_keeps_nobody_up(tmp_path: Path) -> None:
    port = free()
    with serving(tmp_path, port) as (process, _), socket.create_connection(("127.0.0.1", port)) as slow:
        slow.sendall(b"POST /unsubscribe/x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99\r\n\r\nx")
        time.sleep(0.3)
        status, seconds, out, err = ended(process, signal.SIGTERM)
    assert (status, err) == (0, "")
    # Its client would keep it up for ASKING, twenty seconds; a busy machine takes longer than an idle one.
    assert seconds < 16
    # Its client has not asked as a whole: a restart is no failure that anybody has to be woken for.
    (asked,) = [line for line in map(json.loads, out.splitlines()) if line["step"] == "web"]
    assert (asked["path"], asked["status"]) == ("/unsubscribe/[token]", 400)


def test_what_the_end_cuts_while_we_are_at_it_is_ours(said: io.StringIO) -> None:
    """The client has asked, and gets no answer."""

    async def slow(_scope: Scope, _receive: Receive, _send: Send) -> None:
        await asyncio.sleep(60)

    async def cut() -> None:
        scope = {"type": "http", "method": "GET", "path": "/feeds/all.rss"}
        task = asyncio.create_task(AccessLog(slow)(scope, None, None))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cut())
    assert json.loads(said.getvalue())["status"] == 503


def test_metrics_have_a_port_of_their_own(tmp_path: Path) -> None:
    own = free()
    with serving(tmp_path, free(), own) as (_, address):
        metrics = f"http://127.0.0.1:{own}"
        assert "standfirst_database_up 1.0" in httpx2.get(f"{metrics}/metrics", trust_env=False).text
        assert httpx2.get(f"{metrics}/healthz", trust_env=False).text == "ok\n"
        # There is nothing else there, and no metrics where everybody comes.
        assert httpx2.get(f"{metrics}/", trust_env=False).status_code == 404
        assert httpx2.get(f"{address}/metrics", trust_env=False).status_code == 404
        # Whatever name a monitor calls the machine by; a page is for our own names alone.
        for path, status in (("/healthz", 200), ("/readyz", 200), ("/", 421), ("/feeds/", 421)):
            answer = httpx2.get(f"{address}{path}", headers={"Host": "10.0.0.7"}, trust_env=False)
            assert answer.status_code == status
            assert answer.headers["x-content-type-options"] == "nosniff"


def free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


def _first_answer(url: str, process: subprocess.Popen[str]) -> httpx2.Response:
    until = time.monotonic() + 20
    # One client for all tries: it reads every certificate of the system's.
    with httpx2.Client(trust_env=False) as client:
        while True:
            try:
                return client.get(url)
            except httpx2.ConnectError:
                assert process.poll() is None, process.communicate()[1]
                assert time.monotonic() < until
                time.sleep(0.05)
