"""A mail server on loopback that keeps what it got, and fails just where a test wants it to."""

from __future__ import annotations

import base64
import socket
import ssl
import struct
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import TracebackType
from typing import BinaryIO, Self

USER, PASSWORD = "digest", "correct horse"

ALL = ("PIPELINING", "SIZE 10485760", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES")


class Fault(Enum):
    """What the server does instead of answering."""

    CLOSE = "close"
    RESET = "reset"
    HANG = "hang"


@dataclass(frozen=True)
class Cut:
    """Break off (by a fault) once this many bytes of a message's text have come."""

    at: int
    fault: Fault = Fault.RESET


Step = tuple[str, int]
"""What the server is at, and for the how-manieth time, from 1; 0 for every time. GREETING, EHLO, STARTTLS,
TLS (the handshake), AUTH, MAIL, RCPT, DATA (the command), TEXT (the final dot), RSET, NOOP, QUIT."""


@dataclass(frozen=True)
class Got:
    """A message that the server took."""

    sender: str
    recipient: str
    text: bytes
    parameters: str = ""


class _GoneError(Exception):
    """The connection ends here."""


class _RefusedError(_GoneError):
    """The connection ends with a no."""


@dataclass
class Server:
    """`with Server(...) as server`: listens on `server.port` until the block ends."""

    extensions: tuple[str, ...] = ALL
    plan: Mapping[Step, str | Fault | Cut] = field(default_factory=dict)
    """A reply's text (`421 ...` closes the connection after it), a fault, or for DATA a cut."""
    tls: ssl.SSLContext | None = None
    is_tls_at_once: bool = False
    wants_login: bool = False
    most: int = 0
    """So many connections at once; whoever comes then is sent away with 421. 0: any number."""
    cut_in_at: int = -1
    """Reset the first connection once so many bytes of all that comes on it were read."""
    cut_out_at: int = -1
    """Reset the first connection once so many bytes of all that it says were sent."""
    is_slow: bool = False
    """Speaks byte by byte."""
    thinks: float = 0.0
    """Seconds before it answers to a text."""
    got: list[Got] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    times: list[tuple[float, str]] = field(default_factory=list)
    """When each command came, in the seconds of `time.monotonic`."""
    connections: int = 0
    port: int = 0

    def __enter__(self) -> Self:
        self._counts: Counter[str] = Counter()
        self.open = 0
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads.append(threading.Thread(target=self._accept, daemon=True))
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._threads[0].join(5)
        for connection in self._sockets:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # It is closed already.
        for thread in self._threads[1:]:
            thread.join(5)
        assert not any(thread.is_alive() for thread in self._threads)

    def drop_connections(self) -> None:
        """Close every connection, as a server does with idle ones."""
        for connection in self._sockets:
            connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join(5)
        self._sockets.clear()

    def count(self, verb: str) -> int:
        """How often the server was at that step."""
        return self._counts[verb]

    def planned(self, verb: str) -> str | Fault | Cut | None:
        with self._lock:
            self._counts[verb] += 1
            return self.plan.get((verb, self._counts[verb]), self.plan.get((verb, 0)))

    def hang(self) -> None:
        self._over.wait(20)

    def come(self) -> bool:
        """Whether one more connection is taken."""
        with self._lock:
            self.open += 1
            return self.most == 0 or self.open <= self.most

    def gone(self) -> None:
        """A connection ended."""
        with self._lock:
            self.open -= 1

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
            # Each reply goes out at once: waiting for the acknowledgement of the one before costs 40 ms.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets.append(connection)
            session = _Session(self, connection, is_first=self.connections == 1)
            self._threads.append(threading.Thread(target=session.run, daemon=True))
            self._threads[-1].start()


class _Session:
    def __init__(self, server: Server, connection: socket.socket, *, is_first: bool) -> None:
        self._server = server
        self._socket = connection
        self._file: BinaryIO = connection.makefile("rb")
        self._in = server.cut_in_at if is_first else -1
        self._out = server.cut_out_at if is_first else -1
        self._is_secure = self._is_known = False
        self._sender: str | None = None
        self._recipient: str | None = None
        self._parameters = ""

    def run(self) -> None:
        try:
            is_taken = self._server.come()
            if self._server.tls and self._server.is_tls_at_once:
                self._secure()
            greeting = "220 quay.example ESMTP" if is_taken else "421 4.7.0 too many connections"
            if self._answer("GREETING", greeting):
                while line := self._line():
                    self._command(line.decode("utf-8", "replace").rstrip("\r\n"))
        except (_GoneError, OSError):
            pass
        finally:
            self._server.gone()
            self._file.close()
            self._socket.close()

    def _line(self) -> bytes:
        """The next line; the end where so many bytes came as are to come."""
        line = self._file.readline() if self._in < 0 else self._file.readline(self._in)
        if self._in >= 0:
            self._in -= len(line)
            if not self._in:
                self._fail(Fault.RESET)
        return line

    def _say(self, reply: str) -> None:
        data = f"{reply}\r\n".encode()
        if 0 <= self._out <= len(data):
            self._socket.sendall(data[: self._out])
            self._fail(Fault.RESET)
        self._out -= len(data) if self._out >= 0 else 0
        if not self._server.is_slow:
            self._socket.sendall(data)
            return
        for at in range(len(data)):
            self._socket.sendall(data[at : at + 1])

    def _answer(self, verb: str, usual: str) -> bool:
        """Do what is planned, else answer as usual; True where that was a yes."""
        if verb == "TEXT" and self._server.thinks:
            time.sleep(self._server.thinks)
        planned = self._server.planned(verb)
        if isinstance(planned, Fault):
            self._fail(planned)
        reply = planned if isinstance(planned, str) else usual
        self._say(reply)
        if reply.startswith("421"):
            raise _RefusedError
        return reply[:1] in "23"

    def _fail(self, fault: Fault) -> None:
        if fault is Fault.HANG:
            self._server.hang()
        if fault is Fault.RESET:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise _GoneError

    def _command(self, line: str) -> None:
        self._server.commands.append(line)
        self._server.times.append((time.monotonic(), line))
        verb = line[:4].upper()
        if line.upper() == "STARTTLS":
            if self._answer("STARTTLS", "220 go on"):
                self._secure()
        elif verb in ("EHLO", "HELO"):
            self._answer("EHLO", "\r\n".join(self._offers()))
        elif verb == "AUTH":
            self._log_in(line)
        elif verb == "MAIL":
            self._mail(line)
        elif verb == "RCPT":
            usual = "250 2.1.5 Ok" if self._sender is not None else "503 5.5.1 MAIL first"
            if self._answer("RCPT", usual) and self._sender is not None:
                self._recipient = line[line.index("<") + 1 : line.index(">")]
        elif verb == "DATA":
            self._data()
        elif verb == "RSET":
            self._sender = self._recipient = None
            self._answer("RSET", "250 2.0.0 Ok")
        elif verb == "QUIT":
            self._answer("QUIT", "221 2.0.0 Bye")
            raise _GoneError
        else:
            self._answer(verb, "250 2.0.0 Ok" if verb == "NOOP" else "502 5.5.2 what?")

    def _offers(self) -> list[str]:
        offers = ["quay.example", *self._server.extensions]
        if self._server.tls and not self._is_secure:
            offers.append("STARTTLS")
        return [f"250-{offer}" for offer in offers[:-1]] + [f"250 {offers[-1]}"]

    def _secure(self) -> None:
        assert self._server.tls is not None
        if isinstance(planned := self._server.planned("TLS"), Fault):
            self._fail(planned)
        self._file.close()
        self._socket = self._server.tls.wrap_socket(self._socket, server_side=True)
        self._file = self._socket.makefile("rb")
        self._is_secure = True

    def _log_in(self, line: str) -> None:
        expected = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()
        self._is_known = line.split() == ["AUTH", "PLAIN", expected]
        self._answer("AUTH", "235 2.7.0 welcome" if self._is_known else "535 5.7.8 who are you?")

    def _mail(self, line: str) -> None:
        usual = "250 2.1.0 Ok"
        if self._server.wants_login and not self._is_known:
            usual = "530 5.7.0 log in first"
        elif self._sender is not None:
            usual = "503 5.5.1 nested MAIL"
        if self._answer("MAIL", usual):
            self._sender = line[line.index("<") + 1 : line.index(">")]
            self._parameters = line[line.index(">") + 1 :].strip()

    def _data(self) -> None:
        planned = self._server.planned("DATA")
        if isinstance(planned, Fault):
            self._fail(planned)
        is_ready = self._sender is not None and self._recipient is not None
        reply = planned if isinstance(planned, str) else "354 go on" if is_ready else "503 5.5.1 RCPT first"
        self._say(reply)
        if reply.startswith("421"):
            raise _GoneError
        if not reply.startswith("354"):
            return
        if isinstance(planned, Cut):
            self._file.read(planned.at)
            self._fail(planned.fault)
        text = self._text()
        got = Got(self._sender or "", self._recipient or "", text, self._parameters)
        self._sender = self._recipient = None
        # Before the answer, for whoever looks as soon as that is read; taken, too, where it fails instead.
        self._server.got.append(got)
        try:
            is_taken = self._answer("TEXT", "250 2.0.0 queued" if is_ready else "554 5.5.1 for nobody")
        except _RefusedError:
            self._server.got.remove(got)
            raise
        if not is_taken:
            self._server.got.remove(got)

    def _text(self) -> bytes:
        lines = []
        while (line := self._line()) != b".\r\n":
            if not line:
                raise _GoneError
            lines.append(line.removeprefix(b"."))
        return b"".join(lines)
