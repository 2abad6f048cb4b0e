"""Requests read from the wire: in pieces, one behind another, and none without an end."""

from __future__ import annotations

import socket

import pytest

from tests.web.serving import Site
from web.wire import LONGEST_HEAD


def talk(site: Site, *parts: bytes) -> bytes:
    url = site.client.base_url
    found = b""
    with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
        try:
            for part in parts:
                connection.sendall(part)
            while data := connection.recv(65_536):
                found += data
        except (ConnectionError, TimeoutError):
            pass
    return found


def pour(site: Site, start: bytes) -> int:
    """Bytes that were taken of a head that does not end."""
    url, sent = site.client.base_url, 0
    with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
        try:
            connection.sendall(start)
            while sent < 200 * LONGEST_HEAD:
                sent += connection.send(b"a" * 10_000)
        except ConnectionError:
            pass
    return sent


@pytest.mark.parametrize(
    "start", [b"GET /", b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: "], ids=["line", "header"]
)
def test_a_head_without_an_end_is_hung_up_on(site: Site, start: bytes) -> None:
    assert pour(site, start) < 200 * LONGEST_HEAD
    assert site.client.get("/healthz").status_code == 200


def test_a_head_that_is_too_long_is_refused_also_where_it_comes_at_a_stroke(site: Site) -> None:
    for long in (
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"a" * LONGEST_HEAD,
        b"GET /" + b"a" * LONGEST_HEAD,
    ):
        end = b"" if long.startswith(b"GET /healthz") else b" HTTP/1.1\r\nHost: x"
        assert talk(site, long + end + b"\r\n\r\n").startswith(b"HTTP/1.1 400")


def test_a_long_head_that_ends_is_read(site: Site) -> None:
    head = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: " + b"a" * (LONGEST_HEAD // 2)
    assert talk(site, head, b"\r\n\r\n").startswith(b"HTTP/1.1 200")


def test_each_request_of_a_connection_has_its_own_bound(site: Site) -> None:
    one = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20_000 + b"\r\n\r\n"
    last = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    pieces = [one[at : at + 7_000] for at in range(0, len(one), 7_000)]
    assert talk(site, *(pieces * 6), last).count(b"HTTP/1.1 200") == 7


def test_a_long_body_is_no_head(site: Site) -> None:
    body = b"a" * (3 * LONGEST_HEAD)
    head = f"POST /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    assert talk(site, head.encode(), body).startswith(b"HTTP/1.1 405")


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"GET / HTTP/1.1\r\nHost: x\r\nX\x00: y\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        b"nonsense\r\n\r\n",
    ],
    ids=["both lengths", "two lengths", "null byte", "TLS", "no HTTP"],
)
def test_what_two_servers_would_read_in_two_ways_is_refused(site: Site, request_: bytes) -> None:
    assert talk(site, request_).startswith(b"HTTP/1.1 400")
