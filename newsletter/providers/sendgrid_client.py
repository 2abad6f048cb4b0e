"""The sendgrid library's client, kept from what would make an answer uncertain: it follows no redirect,
knows whether a connection was made at all, and ends in time."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable
from email.message import Message
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from ipaddress import ip_address
from socket import SHUT_RDWR, socket
from threading import Timer
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPHandler, HTTPRedirectHandler, HTTPSHandler, ProxyHandler, build_opener
from urllib.request import Request as HttpRequest

from python_http_client import Client
from sendgrid import SendGridAPIClient

from newsletter.providers import GRACE
from newsletter.providers.sendgrid_answer import NotConnectedError, TooBigError
from newsletter.providers.sendgrid_payload import MAX_BYTES

PATIENCE = 4
"""So many times the time-out may a whole request take: the time-out alone is one for each silence."""
CONNECTING = GRACE
"""Seconds that a connection may take to be made: it cannot be cut, and who has to end waits no longer."""
MAX_ANSWER = 65_536
"""Bytes of an answer that are read; what matters stands at its beginning."""


class Request:
    """A request's body as the library takes it: asked for its bytes, which go into DEBUG lines as well."""

    def __init__(self, text: str) -> None:
        self._text = text

    def encode(self, encoding: str) -> bytes:
        """The body's bytes, which print as their number."""
        return _Sealed(self._text.encode(encoding))


class _Sealed(bytes):
    """Bytes with readers' addresses in them: no log line can show them, and none takes its time."""

    def __repr__(self) -> str:
        return f"<{len(self):,} bytes>"

    __str__ = __repr__


def client_for(key: str, host: str, timeout: float, context: ssl.SSLContext) -> SendGridAPIClient:
    """A client for one thread. `timeout` is in seconds, for connecting and for each silence."""
    _keep_requests_out_of_logs()
    client = SendGridAPIClient(api_key=key, host=host)
    # Beside the plain type the library takes JSON that is made already.
    headers = {**client.client.request_headers, "Content-Type": "application/json; charset=utf-8"}
    client.client = _Client(host, headers, version=3, timeout=timeout, way=_Way(context, host))
    return client


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address, is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _keep_requests_out_of_logs() -> None:
    # Their DEBUG lines hold the key and every reader. A level alone is undone by a later one.
    logger = logging.getLogger("python_http_client.client")
    if _is_not_debug not in logger.filters:
        logger.addFilter(_is_not_debug)


def _is_not_debug(record: logging.LogRecord) -> bool:
    return record.levelno > logging.DEBUG


class _Answered:
    """A complete answer, as the library reads it."""

    def __init__(self, response: HTTPResponse | HTTPError) -> None:
        self._status = response.code if isinstance(response, HTTPError) else response.status
        self._headers = response.headers
        try:
            self._body = response.read(MAX_ANSWER)
        except (OSError, HTTPException):
            # The status has come and decides; the body would only have said it in words.
            self._body = b""

    def getcode(self) -> int:
        return self._status

    def read(self) -> bytes:
        return self._body

    def info(self) -> Message:
        return self._headers


class _Client(Client):  # type: ignore[misc]  # the library has no types
    """The library's client with a way of its own to the server: every status is an answer, none an error."""

    def __init__(
        self,
        host: str,
        request_headers: dict[str, str] | None = None,
        *,
        way: _Way,
        timeout: float,
        version: int | None = None,
        url_path: list[str] | None = None,
    ) -> None:
        super().__init__(host, request_headers, version, url_path, timeout=timeout)
        self.way = way

    def _build_client(self, name: str | None = None) -> _Client:
        path = [*self._url_path, name] if name else self._url_path
        return _Client(
            self.host,
            self.request_headers,
            way=self.way,
            timeout=self.timeout,
            version=self._version,
            url_path=path,
        )

    def _make_request(self, opener: Any, request: HttpRequest, timeout: float | None = None) -> _Answered:
        """Send `request`; the `opener` of the library's own would follow redirects.

        Raises OSError or HTTPException where no answer came, TooBigError where nothing was sent.
        """
        size = len(request.data) if isinstance(request.data, bytes) else 0
        if size > MAX_BYTES:
            raise TooBigError(f"a request of {size:,} bytes; SendGrid takes {MAX_BYTES:,}")
        limit = Timer(self.timeout * PATIENCE, cut, [self.way.wire.renewed()])
        limit.daemon = True
        limit.start()
        try:
            with self.way.opened(request, self.timeout) as response:
                return _Answered(response)
        finally:
            limit.cancel()


class Wire:
    """The sockets of the request that is under way."""

    def __init__(self) -> None:
        self.sockets: list[socket] = []

    def renewed(self) -> list[socket]:
        """A list for the next request alone: who cuts the last one too late touches no other."""
        self.sockets = []
        return self.sockets


def cut(sockets: list[socket]) -> None:
    """End whatever another thread waits for on these."""
    for taken in sockets:
        try:
            taken.shutdown(SHUT_RDWR)
        except OSError:
            # It has ended by itself in this very moment.
            continue


class _Way:
    """The way to the server, for the requests of one thread, one after the other."""

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self.wire = Wire()
        handlers: list[Any] = [_Plain(self.wire), _Tls(self.wire, context), _NoRedirect()]
        if is_loopback(urlsplit(host).hostname or ""):
            # No proxy can reach what is meant by this machine's own address.
            handlers.append(ProxyHandler({}))
        self._opener = build_opener(*handlers)

    def opened(self, request: HttpRequest, timeout: float) -> Any:
        """The answer to `request`, whatever its status."""
        try:
            return self._opener.open(request, timeout=timeout)
        except HTTPError as error:
            return error


class _NoRedirect(HTTPRedirectHandler):
    """A redirected POST would come as a GET, and its 200 would look like an answer."""

    def redirect_request(self, *_: Any) -> None:
        return None


class _Connection(HTTPConnection):
    wire: Wire

    def connect(self) -> None:
        _connect(super().connect, self)

    def send(self, data: Any) -> None:
        _send(super().send, data)


class _TlsConnection(HTTPSConnection):
    wire: Wire

    def connect(self) -> None:
        _connect(super().connect, self)

    def send(self, data: Any) -> None:
        _send(super().send, data)


def _connect(connect: Callable[[], None], connection: _Connection | _TlsConnection) -> None:
    timeout = connection.timeout
    connection.timeout = min(timeout or CONNECTING, CONNECTING)
    try:
        connect()
    except (OSError, HTTPException, UnicodeError) as error:
        words = getattr(error, "strerror", None) or str(error) or "no answer"
        raise NotConnectedError(f"{type(error).__name__}: {words}") from error
    connection.sock.settimeout(timeout)
    connection.wire.sockets.append(connection.sock)


def _send(send: Callable[[Any], None], data: Any) -> None:
    try:
        send(data)
    except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
        # A server may refuse (401, 413) and hang up before it has everything. Its answer is read next;
        # where there is none, that fails and says so.
        return


class _Plain(HTTPHandler):
    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self.wire = wire

    def http_open(self, request: HttpRequest) -> HTTPResponse:
        def made(*arguments: Any, **options: Any) -> _Connection:
            connection = _Connection(*arguments, **options)
            connection.wire = self.wire
            return connection

        return self.do_open(made, request)


class _Tls(HTTPSHandler):
    def __init__(self, wire: Wire, context: ssl.SSLContext) -> None:
        super().__init__(context=context)
        self.wire = wire
        self.context = context

    def https_open(self, request: HttpRequest) -> HTTPResponse:
        def made(*arguments: Any, **options: Any) -> _TlsConnection:
            connection = _TlsConnection(*arguments, **options)
            connection.wire = self.wire
            return connection

        return self.do_open(made, request, context=self.context)
