"""An HTTP server on the loopback interface that answers as it is told, and notes what came."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from http import HTTPStatus
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any


class Fault(Enum):
    """What goes wrong with one request."""

    NONE = auto()
    RESET_AT_ONCE = auto()
    """At the first byte, of a TLS handshake too."""
    RESET_IN_HANDSHAKE = auto()
    """Reads the first bytes of a TLS handshake, then resets."""
    HANG_IN_HANDSHAKE = auto()
    HANG_BEFORE_BODY = auto()
    """Reads nothing and says nothing."""
    HANG_IN_BODY = auto()
    """Reads half of the body, then nothing."""
    HANG_AFTER_BODY = auto()
    """Takes everything and says nothing."""
    RESET_BEFORE_BODY = auto()
    RESET_IN_BODY = auto()
    RESET_AT = auto()
    """Reads so many bytes of the whole request, its head too (`Answer.at`), then resets."""
    RESET_AFTER_BODY = auto()
    DISCONNECT = auto()
    """Takes everything and hangs up politely, without a word."""
    EARLY = auto()
    """Answers before the body is read, and hangs up."""
    CUT_STATUS = auto()
    """Hangs up in the middle of the status line."""
    HANG_IN_ANSWER = auto()
    """Sends status and headers, and half of the body."""
    RESET_IN_ANSWER = auto()
    RESET_ANSWER_AT = auto()
    """Sends so many bytes of the answer (`Answer.at`), then resets."""
    SLOW = auto()
    """Sends the answer byte by byte, to its end."""
    DRIP = auto()
    """Sends `raw`, then one byte at a time, each in time, without an end."""


@dataclass(frozen=True)
class Answer:
    """What a request is answered with."""

    status: int = 202
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    fault: Fault = Fault.NONE
    raw: bytes | None = None
    """The whole answer, instead of a sound one."""
    wait: threading.Event | None = None
    """Answers only once this is set."""
    at: int = 0
    """Where a fault bites that is of a byte."""


@dataclass(frozen=True)
class Request:
    """What came."""

    method: str
    path: str
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes
    came: float = 0.0
    """When it had come as a whole, in the seconds of `time.monotonic`."""
    answered: int = 0
    """With which status, or would have been but for a fault."""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class HttpServer:
    """`answers` are used up one by one, then `otherwise` stands for all; `requests` has what came."""

    def __init__(self, otherwise: Answer | None = None, tls: ssl.SSLContext | None = None) -> None:
        self.tls = tls
        self.otherwise = otherwise or Answer(headers={"X-Message-Id": "message-1"})
        self.answers: deque[Answer] = deque()
        self.requests: list[Request] = []
        self.connections = 0
        self.over = threading.Event()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> HttpServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def next_answer(self) -> Answer:
        with self._lock:
            self.connections += 1
            return self.answers.popleft() if self.answers else self.otherwise

    def note(self, request: Request) -> None:
        with self._lock:
            self.requests.append(request)


@contextlib.contextmanager
def refusing_url() -> Iterator[str]:
    """An address where nobody listens: the port is taken, so nobody else comes to listen there."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@contextlib.contextmanager
def full_url() -> Iterator[str]:
    """An address of a server that takes no more connections: those who ask are kept waiting."""
    with socket.socket() as full, contextlib.ExitStack() as waiting:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(2):
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        yield f"http://127.0.0.1:{full.getsockname()[1]}"


class _Server(ThreadingTCPServer):
    owner: HttpServer
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what many tests are about."""


class _Handler(StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        owner = self.server.owner
        answer = owner.next_answer()
        fault = answer.fault
        if fault in (Fault.RESET_AT_ONCE, Fault.RESET_IN_HANDSHAKE):
            # Any earlier it may be that there was no connection at all.
            self.connection.recv(1 if fault is Fault.RESET_AT_ONCE else 64)
            self._reset()
            return
        if fault is Fault.HANG_IN_HANDSHAKE:
            owner.over.wait()
            return
        if owner.tls is not None and not self._secured(owner.tls):
            return
        if fault is Fault.RESET_AT:
            self.rfile.read(answer.at)
            self._reset()
            return
        if fault is Fault.HANG_BEFORE_BODY:
            owner.over.wait()
            return
        method, path, headers = self._head()
        if fault is Fault.RESET_BEFORE_BODY:
            self._reset()
            return
        if fault is Fault.EARLY:
            self.wfile.write(_whole(answer))
            return
        length = int(headers.get("content-length", "0"))
        if fault is Fault.HANG_IN_BODY:
            self.rfile.read(length // 2)
            owner.over.wait()
            return
        if fault is Fault.RESET_IN_BODY:
            self.rfile.read(length // 2)
            self._reset()
            return
        body = self.rfile.read(length)
        if len(body) < length:
            # Whoever sent it is gone in the middle: nobody takes half a request.
            return
        owner.note(Request(method, path, headers, body, time.monotonic(), answer.status))
        if answer.wait is not None:
            answer.wait.wait(30)
        self._answer(answer, owner.over)

    def finish(self) -> None:
        super().finish()
        # Encrypted, it is not the one that the server closes.
        self.connection.close()

    def _secured(self, context: ssl.SSLContext) -> bool:
        try:
            self.connection = self.request = context.wrap_socket(self.connection, server_side=True)
        except OSError:
            # It does not trust us, or is gone.
            return False
        self.rfile.close()
        self.rfile = self.connection.makefile("rb")
        # Each line at once, as the one in the clear does.
        self.wfile = self.connection.makefile("wb", buffering=0)
        return True

    def _head(self) -> tuple[str, str, dict[str, str]]:
        method, path, _ = self.rfile.readline().decode("latin-1").split(" ", 2)
        headers = {}
        while line := self.rfile.readline().decode("latin-1").strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return method, path, headers

    def _answer(self, answer: Answer, over: threading.Event) -> None:
        whole = _whole(answer)
        half = whole[: len(whole) - len(answer.body) // 2]
        match answer.fault:
            case Fault.HANG_AFTER_BODY:
                over.wait()
            case Fault.RESET_AFTER_BODY:
                self._reset()
            case Fault.DISCONNECT:
                return
            case Fault.CUT_STATUS:
                self.wfile.write(whole[:6])
            case Fault.HANG_IN_ANSWER:
                self.wfile.write(half)
                over.wait()
            case Fault.RESET_IN_ANSWER:
                self.wfile.write(half)
                self._reset()
            case Fault.RESET_ANSWER_AT:
                self.wfile.write(whole[: answer.at])
                self._reset()
            case Fault.SLOW:
                for at in range(len(whole)):
                    self.wfile.write(whole[at : at + 1])
            case Fault.DRIP:
                self.wfile.write(answer.raw or b"")
                while not over.wait(0.02):
                    self.wfile.write(b"s")
            case _:
                self.wfile.write(whole)

    def _reset(self) -> None:
        # Lingering for no time at all makes the closing a reset.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # Both files hold the socket open: only without them it really closes.
        self.rfile.close()
        self.wfile.close()
        self.connection.close()


def _whole(answer: Answer) -> bytes:
    if answer.raw is not None:
        return answer.raw
    try:
        phrase = HTTPStatus(answer.status).phrase
    except ValueError:
        phrase = "Whatever"
    headers = {"Content-Length": str(len(answer.body)), "Connection": "close", **answer.headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {answer.status} {phrase}\r\n{head}\r\n".encode("latin-1") + answer.body
