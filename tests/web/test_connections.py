"""Slow and greedy clients: each has an end, and nobody else is kept waiting."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from newsroom.database import engine_for, metadata
from tests.web.serving import Site, served, settings, waited
from web import connections

SLOW = (
    b"",
    b"\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n",
    b"POST /unsubscribe/x HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\nAAAA",
    b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n\r\n",
)


@pytest.fixture
def hasty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A newsroom that waits for nobody longer than half a second, with room for twenty."""
    monkeypatch.setattr(connections, "ASKING", 0.5)
    monkeypatch.setattr(connections, "TAKING", 0.5)
    monkeypatch.setattr(connections, "MOST", 20)
    engine = engine_for(f"sqlite:///{tmp_path / 'standfirst.db'}")
    metadata.create_all(engine)
    with served(settings(tmp_path), engine) as site:
        yield site
    engine.dispose()


def connect(site: Site) -> socket.socket:
    url = site.client.base_url
    return socket.create_connection((url.host, url.port or 80), timeout=5)


def is_over(connection: socket.socket) -> bool:
    """Whether it ends, whatever is still to be read."""
    try:
        while connection.recv(65_536):
            pass
    except ConnectionError:
        pass
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize("begun", SLOW, ids=["nothing", "line-end", "head", "body", "after-an-answer"])
def test_a_request_that_does_not_come_is_not_waited_for(hasty: Site, begun: bytes) -> None:
    with connect(hasty) as slow:
        until = time.monotonic() + 4
        try:
            slow.sendall(begun)
            # A drop now and then buys no time.
            while time.monotonic() < until - 2:
                slow.sendall(b"\r\n" if begun.endswith(b"\r\n\r\n") else b"A")
                time.sleep(0.1)
        except ConnectionError:
            pass
        assert is_over(slow)
    assert time.monotonic() < until
    assert hasty.client.get("/healthz").status_code == 200


def test_an_answer_that_is_not_taken_is_not_waited_for(hasty: Site) -> None:
    large = hasty.public / "media" / "0123.jpg"
    large.parent.mkdir(parents=True)
    large.write_bytes(bytes(20_000_000))
    with connect(hasty) as slow:
        slow.sendall(b"GET /media/0123.jpg HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        time.sleep(1.5)
        got = 0
        try:
            while part := slow.recv(1 << 20):
                got += len(part)
        except ConnectionError:
            pass
    assert got < 20_000_000
    # Whoever takes it gets it.
    assert len(hasty.client.get("/media/0123.jpg").content) == 20_000_000


def test_connections_are_counted(hasty: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    # Whoever asks for nothing would soon be sent away too.
    monkeypatch.setattr(connections, "ASKING", 60.0)
    with ExitStack() as ends:
        many = [ends.enter_context(connect(hasty)) for _ in range(60)]
        for one in many:
            one.settimeout(0.01)
        waited(lambda: sum(map(is_over, many)) == 40)
    waited(lambda: not hasty.state.connections)
    assert hasty.client.get("/healthz").status_code == 200


def test_what_is_no_http_is_answered_as_safely_as_the_rest(hasty: Site) -> None:
    for sent in (b"\x16\x03\x01\x02\x00\x01\x00\x01", b"GET / HTTP/9.9\r\n\r\n", b"G\0T / HTTP/1.1\r\n\r\n"):
        with connect(hasty) as one:
            one.sendall(sent)
            answer = b""
            while part := one.recv(65_536):
                answer += part
        assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert b"content-security-policy: default-src 'none'" in answer
    with connect(hasty) as one:
        one.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nno http at all\r\n\r\n")
        assert is_over(one)


def test_somebody_who_leaves_in_the_middle_is_no_mistake_of_ours(
    hasty: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(3):
        with connect(hasty) as one:
            one.sendall(b"POST /unsubscribe/x HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\nAAAA")
            time.sleep(0.1)
    waited(lambda: not hasty.state.connections and not hasty.state.tasks)
    said = capsys.readouterr().out
    assert "failed" not in said
