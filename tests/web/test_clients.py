"""How much of a client's address is known, and whose word on it is taken."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from web.clients import UNKNOWN, network_of

PROXIES = ("127.0.0.0/8", "10.1.0.0/16")


def request(peer: str | None, *forwarded: str) -> Request:
    headers = [(b"x-forwarded-for", one.encode("latin-1")) for one in forwarded]
    return Request({"type": "http", "client": (peer, 1) if peer else None, "headers": headers})


@pytest.mark.parametrize(
    ("peer", "forwarded", "network"),
    [
        ("203.0.113.77", (), "203.0.113.0/24"),
        ("2001:db8:1:2:3::4", (), "2001:db8:1::/48"),
        ("::ffff:203.0.113.77", (), "203.0.113.0/24"),
        # Who comes straight from the street says nothing that is believed.
        ("203.0.113.77", ("198.51.100.1",), "203.0.113.0/24"),
        ("127.0.0.1", ("198.51.100.1",), "198.51.100.0/24"),
        # The last one that is none of ours: what stands before it, the client has said itself.
        ("127.0.0.1", ("192.0.2.9, 198.51.100.1, 10.1.0.3",), "198.51.100.0/24"),
        ("127.0.0.1", ("192.0.2.9", "198.51.100.1"), "198.51.100.0/24"),
        ("127.0.0.1", ("198.51.100.1:4711",), "198.51.100.0/24"),
        ("127.0.0.1", ("[2001:db8::1]:4711",), "2001:db8::/48"),
        ("127.0.0.1", (), "127.0.0.0/24"),
        ("127.0.0.1", ("nonsense",), UNKNOWN),
        ("127.0.0.1", ("", "1" * 10_000), UNKNOWN),
        (None, (), UNKNOWN),
    ],
)
def test_the_network_of_a_client(peer: str | None, forwarded: tuple[str, ...], network: str) -> None:
    assert network_of(request(peer, *forwarded), PROXIES) == network
