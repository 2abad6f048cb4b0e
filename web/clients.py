"""Who asks: as much of a client's address as a limit or a proof needs, and no more."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from starlette.requests import Request

UNKNOWN = "unknown"

_IPV4, _IPV6 = 24, 48
"""How much of an address is kept: a town's worth of lines, or one customer of a provider."""


def network_of(request: Request, proxies: Sequence[str]) -> str:
    """The client's network: `203.0.113.0/24`, `2001:db8:1::/48`, or `unknown`.

    X-Forwarded-For is believed from one of our `proxies` alone: its last entry that is none of them.
    """
    peer = request.client.host if request.client else ""
    return truncated(_client(peer, request.headers.getlist("x-forwarded-for"), proxies))


def truncated(address: str) -> str:
    """The network of an address, without what tells one person in it from the next."""
    found = _parsed(address)
    if found is None:
        return UNKNOWN
    if isinstance(found, IPv4Address):
        # As ip_network says it, at a tenth of the cost: this is asked at each request.
        first, second, third, _ = found.packed
        return f"{first}.{second}.{third}.0/{_IPV4}"
    return str(ip_network((found, _IPV6), strict=False))


def _client(peer: str, forwarded: Sequence[str], proxies: Sequence[str]) -> str:
    chain = [part.strip() for value in forwarded for part in value.split(",")]
    nearest = peer
    while chain and _is_ours(nearest, proxies):
        nearest = chain.pop()
    return nearest


def _is_ours(address: str, proxies: Sequence[str]) -> bool:
    found = _parsed(address)
    return found is not None and any(found in _network(one) for one in proxies)


_network = lru_cache(maxsize=100)(ip_network)


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    text = address.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
