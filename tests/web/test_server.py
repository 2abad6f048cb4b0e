"""Serving for real, as its own process, and what the access log may hold."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest
from sqlalchemy.engine import Engine

from newsroom.errors import ConfigurationError
from tests.web.serving import settings
from web.server import serve, shown

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
serve(settings(root), engine, "127.0.0.1", int(sys.argv[2]))
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/unsubscribe/AmsyMQBkYWlseQu", "/unsubscribe/[token]"),
        ("/unsubscribe/a/b\nc", "/unsubscribe/[token]"),
        ("/unsubscribe/", "/unsubscribe/"),
        ("/feeds/all.rss", "/feeds/all.rss"),
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


def test_a_host_that_is_not_ours_is_named(tmp_path: Path, engine: Engine) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot listen on 203\.0\.113\.1:8080"):
        serve(settings(tmp_path), engine, "203.0.113.1", 8080)


def test_it_serves_and_ends_when_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(tmp_path), str(port)],
        cwd=HOUSE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(HOUSE)},
    )
    try:
        answer = _first_answer(f"http://127.0.0.1:{port}/", process)
    finally:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
    assert answer.status_code == 200
    # Which software answers is nobody's business.
    assert "server" not in answer.headers
    assert err == ""
    begun, asked = map(json.loads, out.splitlines())
    # Said before anybody asks for a page.
    assert begun["step"] == "serve"
    assert begun["address"] == f"http://127.0.0.1:{port}"
    assert "unsubscribe links" in begun["answers"]
    assert begun["end_with"] == "Ctrl+C"
    assert asked["path"] == "/"


def _first_answer(url: str, process: subprocess.Popen[str]) -> httpx2.Response:
    until = time.monotonic() + 20
    while True:
        try:
            return httpx2.get(url, trust_env=False)
        except httpx2.ConnectError:
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < until
            time.sleep(0.05)
