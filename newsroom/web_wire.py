"""The wire: connections to checked machines only, requests that end in time, and answers within bounds.

It stands on httpcore2, which httpx2 itself stands on: a client of httpx2 would log whole addresses with the
keys in their queries, keep cookies, and take proxies and passwords from the environment.
"""

from __future__ import annotations

import logging
import os
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import httpcore2

from newsroom.errors import SourceError
from newsroom.web_address import Guard, host_of, port_of

if TYPE_CHECKING:
    import httpx2

PATIENCE = 4
"""So many times the time-out may a whole request take: the time-out alone is one for each silence."""
IDLE = 30.0
"""Seconds that a connection is kept for the next request."""

_PLAIN = ("", "identity")
_PACKED = ("gzip", "x-gzip", "deflate")
# As far as the library knows them: it maps every error of a socket to one of these.
_FAILURES = (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException)


class WireError(SourceError):
    """No whole answer came. The message says why, and leaves the address to the caller."""

    def __init__(self, message: str, *, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing
        """Whether the same request may go well a little later."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What one request was answered with."""

    status: int
    headers: Mapping[str, str]
    """By lower-case name."""
    data: bytes


@cache
def _trust(_file: str) -> ssl.SSLContext:
    """Whose certificates are believed. Reading them takes longer than most requests, so it is done once."""
    return httpcore2.default_ssl_context()


class Wire:
    """Connections, kept between requests; for any number of threads."""

    def __init__(self, guard: Guard, timeout: float) -> None:
        _keep_answers_out_of_logs()
        self._timeout = timeout
        self._clock = _Clock()
        self._pool = httpcore2.ConnectionPool(
            ssl_context=_trust(os.environ.get("SSL_CERT_FILE", "")),
            keepalive_expiry=IDLE,
            network_backend=_Connector(guard, self._clock),
        )

    def fetch(
        self,
        url: httpx2.URL,
        headers: Mapping[str, str],
        largest: int,
        wanted: Callable[[int], bool],
        *,
        method: str = "GET",
        content: bytes | None = None,
    ) -> Reply:
        """The answer to a GET, or to `content` sent by another `method`.

        Its body, of `largest` bytes at most, is read only where its status is `wanted`.
        Raises WireError where no whole answer came, AddressError where the host is not public.
        """
        self._clock.start(PATIENCE * self._timeout)
        sent: dict[bytes | str, bytes | str] = {"host": url.netloc, "accept-encoding": "gzip"}
        try:
            sent |= {name: value.encode("latin-1") for name, value in headers.items()}
            with self._pool.stream(
                method,
                httpcore2.URL(scheme=url.scheme, host=host_of(url), port=port_of(url), target=url.raw_path),
                headers=sent,
                content=content,
                extensions={"timeout": dict.fromkeys(("connect", "read", "write", "pool"), self._timeout)},
            ) as response:
                names = _names(response.headers)
                data = _body(response.iter_stream(), names, largest) if wanted(response.status) else b""
                return Reply(response.status, names, data)
        except (UnicodeError, httpcore2.LocalProtocolError):
            # Their words would show the header's value.
            raise WireError("a header that cannot be sent; check the key or password") from None
        except _FAILURES as error:
            raise self._failure(error) from error

    def close(self) -> None:
        """Hang up."""
        self._pool.close()

    def _failure(self, error: Exception) -> WireError:
        if isinstance(error, httpcore2.TimeoutException):
            if self._clock.left() <= 0:
                # Whoever was this slow will be as slow again.
                return WireError(f"not done after {PATIENCE * self._timeout:g} seconds")
            return WireError(f"no answer within {self._timeout:g} seconds", passing=True)
        if isinstance(error, httpcore2.RemoteProtocolError):
            return WireError("hung up in the middle, or does not speak HTTP", passing=True)
        return _no_connection(error.args[0] if error.args else None)


def _no_connection(cause: object) -> WireError:
    """In words what went wrong; `cause` is what the socket said."""
    if isinstance(cause, ssl.SSLCertVerificationError):
        return WireError(f"its certificate does not hold ({cause.verify_message}); ask who runs it")
    if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError):
        return WireError(f"no encrypted connection ({cause.reason or 'TLS failed'}); is the address right?")
    if isinstance(cause, socket.gaierror):
        if cause.errno == socket.EAI_AGAIN:
            return WireError("its host's name cannot be looked up just now", passing=True)
        return WireError("its host's name is not found; check the address")
    if isinstance(cause, ConnectionRefusedError):
        return WireError("the connection is refused; does it run there?", passing=True)
    words = cause.strerror if isinstance(cause, OSError) else None
    return WireError(f"the connection broke off ({words or 'no reason given'})", passing=True)


class _Clock(threading.local):
    """How long the request of each thread may still take."""

    _ends = 0.0

    def start(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds

    def left(self) -> float:
        return self._ends - time.monotonic()

    def share(self, timeout: float | None) -> float:
        """What one wait may take. Raises the library's time-out where the request should be over."""
        left = self.left()
        if left <= 0:
            raise httpcore2.ReadTimeout("the whole request")
        return left if timeout is None else min(timeout, left)


class _Connector(httpcore2.NetworkBackend):
    """Connects to the very addresses that were checked: a second look-up could answer with others."""

    def __init__(self, guard: Guard, clock: _Clock) -> None:
        self._guard = guard
        self._clock = clock
        self._plain = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        try:
            machines = self._guard.machines(host, port)
        except socket.gaierror as error:
            raise httpcore2.ConnectError(error) from error
        *others, last = machines
        for machine in others:
            try:
                return self._connected(machine, port, timeout)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue  # Many a machine has a name in IPv6 and no way to it.
        return self._connected(last, port, timeout)

    def _connected(self, machine: str, port: int, timeout: float | None) -> _Stream:
        return _Stream(self._plain.connect_tcp(machine, port, self._clock.share(timeout)), self._clock)


class _Stream(httpcore2.NetworkStream):
    """A connection that waits no longer than its request may still take."""

    def __init__(self, stream: httpcore2.NetworkStream, clock: _Clock) -> None:
        self._stream = stream
        self._clock = clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._clock.share(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._clock.share(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> _Stream:
        secure = self._stream.start_tls(ssl_context, server_hostname, self._clock.share(timeout))
        return _Stream(secure, self._clock)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


def _names(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    names: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        names[name] = f"{names[name]}, {value}" if name in names else value
    return names


def _body(parts: Iterable[bytes], headers: Mapping[str, str], largest: int) -> bytes:
    """The whole body, unpacked. Raises WireError where it is too large, damaged, or oddly packed."""
    too_large = WireError(f"too large: {largest / 1_000_000:g} MB at most")
    packing = headers.get("content-encoding", "").strip().lower()
    if packing not in _PLAIN + _PACKED:
        raise WireError(f"packed in a way that was not asked for ({packing[:40]})")
    if int(headers.get("content-length", "0")) > largest:
        raise too_large
    unpacking = zlib.decompressobj(zlib.MAX_WBITS | 32) if packing in _PACKED else None
    data = bytearray()
    taken = 0
    for part in parts:
        taken += len(part)
        # One byte more than may be: a few packed bytes can be gigabytes, and these are never made.
        data += part if unpacking is None else _unpacked(unpacking, part, largest - len(data) + 1)
        if max(taken, len(data)) > largest:
            raise too_large
    if unpacking is not None and taken and not unpacking.eof:
        raise WireError("its packed answer is cut off", passing=True)
    return bytes(data)


def _unpacked(unpacking: zlib._Decompress, part: bytes, most: int) -> bytes:
    try:
        data = unpacking.decompress(part, most)
    except zlib.error:
        raise WireError("its packed answer is damaged") from None
    if unpacking.unused_data:
        raise WireError("its packed answer has something behind its end")
    return data


def _keep_answers_out_of_logs() -> None:
    # Their DEBUG lines hold cookies and where redirects lead. A level alone is undone by a later one.
    for name in ("httpcore2.connection", "httpcore2.http11"):
        logger = logging.getLogger(name)
        if _is_not_debug not in logger.filters:
            logger.addFilter(_is_not_debug)


def _is_not_debug(record: logging.LogRecord) -> bool:
    return record.levelno > logging.DEBUG
