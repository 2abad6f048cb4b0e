"""Which addresses may be asked: public ones on the usual ports, and whatever the operator trusts."""

from __future__ import annotations

import socket
from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from newsroom.errors import SourceError

if TYPE_CHECKING:
    import httpx2

PORTS = {"http": 80, "https": 443}
HIGHEST_PORT = 65_535

# What IPv6 has given out to anybody; everything else is for a special purpose.
_GIVEN_OUT = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")


class AddressError(SourceError):
    """It may not be asked. The message says why, and leaves the address itself to the caller."""


class Guard:
    """Says which addresses may be asked, and which machine each of them leads to."""

    def __init__(self, trusted: Collection[str]) -> None:
        """`trusted` has each `host`, with all ports, or `host:port`; raises ValueError on other text."""
        self._trusted = frozenset(map(_place, trusted))

    def address(self, text: str) -> httpx2.URL:
        """The address without its fragment. Raises AddressError where it is none that may be asked."""
        # Most runs ask nobody, and the library takes a while to import.
        import httpx2

        try:
            url = httpx2.URL(text).copy_with(fragment=None)
        except httpx2.InvalidURL:
            raise AddressError("not an address; check it") from None
        if url.scheme not in PORTS or not url.host:
            raise AddressError("not an address that begins with https:// or http://")
        if url.userinfo:
            raise AddressError("a user name or password in the address; it belongs into the environment")
        port = port_of(url)
        if not 0 < port <= HIGHEST_PORT:
            raise AddressError(f"there is no port {port}")
        if port not in PORTS.values() and not self._trusts(host_of(url), port):
            raise AddressError(f"port {port} of a host that is not trusted; 80 and 443 alone are open to all")
        return url

    def redirected(self, url: httpx2.URL, location: str) -> httpx2.URL:
        """Where `location` leads to from `url`. Raises AddressError where it may not be followed."""
        import httpx2

        # Some servers write it in UTF-8, which headers are not read as.
        location = location.strip().encode("latin-1").decode(errors="replace")
        if not location:
            raise AddressError("a redirect that does not say where to")
        try:
            target = self.address(str(url.join(location)))
        except httpx2.InvalidURL:
            raise AddressError("a redirect to what is not an address") from None
        except AddressError as error:
            raise AddressError(f"redirected to {shown(str(url.join(location)))}: {error}") from error
        if url.scheme == "https" and target.scheme != "https":
            raise AddressError(f"redirected to {shown(str(target))}: without https anybody could read along")
        return target

    def machines(self, host: str, port: int) -> list[str]:
        """The IP addresses of `host`, at least one.

        Raises AddressError where one of them is not public and the host not trusted, socket.gaierror where
        the name is not found.
        """
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except UnicodeError:
            raise AddressError("the host's name is none that could be looked up") from None
        machines = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if not self._trusts(host, port):
            # One is enough: which of them answers would be up to whoever runs the name's server.
            for machine in machines:
                if not is_public(ip_address(machine)):
                    raise AddressError(
                        f"its host is at {machine}, which is not public; trust the host if this is meant"
                    )
        return machines

    def _trusts(self, host: str, port: int) -> bool:
        return (host, None) in self._trusted or (host, port) in self._trusted


def is_public(machine: IPv4Address | IPv6Address) -> bool:
    """Whether anybody may reach it: an IPv4 address inside of an IPv6 one is looked at itself."""
    if isinstance(machine, IPv6Address):
        inside = machine.ipv4_mapped or machine.sixtofour
        if machine in _NAT64:
            inside = IPv4Address(machine.packed[-4:])
        if inside is not None:
            return is_public(inside)
        if machine not in _GIVEN_OUT:
            return False
    return machine.is_global and not (machine.is_multicast or machine.is_reserved)


def host_of(url: httpx2.URL) -> str:
    """The host as it is looked up: in ASCII, and IPv6 without brackets."""
    return url.raw_host.decode("ascii")


def port_of(url: httpx2.URL) -> int:
    """The port that is connected to."""
    return PORTS[url.scheme] if url.port is None else url.port


def is_same_host(one: httpx2.URL, other: httpx2.URL) -> bool:
    """Whether what is meant for `one` may go to `other`: http and https on their own ports are the same."""
    return one.raw_host == other.raw_host and one.port == other.port


def is_near(url: str) -> bool:
    """Whether the way to its host leads through no strangers' network, by its name or address."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".internal", ".local", ".test"))


def shown(text: str) -> str:
    """An address as a message shows it: without its query, which may hold a key, user, password, fragment."""
    import httpx2

    try:
        url = httpx2.URL(text)
    except httpx2.InvalidURL:
        # Nobody knows where a password ends in it.
        text = text.rpartition("@")[2].partition("#")[0].partition("?")[0]
    else:
        text = str(url.copy_with(userinfo=b"", query=None, fragment=None))
    return text if len(text) <= 200 else f"{text[:200]}..."


def _place(entry: str) -> tuple[str, int | None]:
    try:
        return str(ip_address(entry)), None
    except ValueError:
        parts = urlsplit(f"//{entry}")
    if not parts.hostname or parts.netloc != entry:
        raise ValueError(f"{entry!r} is neither a host nor host:port")
    host = parts.hostname
    return host if host.isascii() else host.encode("idna").decode("ascii"), parts.port
