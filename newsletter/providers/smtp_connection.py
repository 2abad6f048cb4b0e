"""A connection to a mail server: opened, secured, logged in, or the reason why not; and its replies."""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
import ssl
from dataclasses import dataclass

from newsletter.providers import Answer
from newsroom.settings import SmtpSettings

PATIENCE = 4
"""How many time-outs the answer to a whole message may take: servers look at content then (RFC 5321,
4.5.3.2.6), and giving up leaves a message uncertain."""

CLOSING = 421
"""The server closes the connection, at whatever point (RFC 5321, 3.8)."""
_WANTS_LOGIN = (530, 534, 535, 538)
"""RFC 4954, 6."""

_LONGEST = 300
_ADDRESS = re.compile(r"<[^<>]*>|[^\s<>()\[\],;:\"]*@[^\s<>()\[\],;:\"]*")
_HIDDEN = "(address)"


class UnavailableError(Exception):
    """There is no connection to hand anything over. Says what that means for a batch, and why."""

    def __init__(self, answer: Answer, reason: str) -> None:
        super().__init__(reason)
        self.answer = answer
        self.reason = reason


class LostError(Exception):
    """A connection broke off, was too slow, or said what is no reply. Says how."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server said, as it said it."""

    code: int
    text: str

    @property
    def is_good(self) -> bool:
        """2xx."""
        return 200 <= self.code < 300

    @property
    def wants_login(self) -> bool:
        """True where the server takes nothing from somebody it does not know."""
        return self.code in _WANTS_LOGIN

    @property
    def refusal(self) -> Answer:
        """What a reply that is not a good one means for what was asked (RFC 5321, 4.2.1)."""
        if self.wants_login:
            return Answer.STOP
        return Answer.REFUSED if 500 <= self.code < 600 else Answer.NOT_NOW

    def said(self, *hidden: str) -> str:
        """Code, enhanced status and text for the operator, without any address and without `hidden`."""
        text = _ADDRESS.sub(_HIDDEN, " ".join(self.text.split()))
        for word in filter(None, hidden):
            text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", _HIDDEN, text, flags=re.IGNORECASE)
        return f"{self.code} {text}"[:_LONGEST].strip()


class Connection:
    """An open connection. Not for two threads at once."""

    def __init__(self, server: smtplib.SMTP, socket_: socket.socket, timeout: float) -> None:
        self._server = server
        self._socket = socket_
        self._timeout = timeout
        self.pipelines = server.has_extn("pipelining")
        """RFC 2920."""
        self.takes_utf8 = server.has_extn("smtputf8") and server.has_extn("8bitmime")
        """RFC 6531."""
        self.has_size = server.has_extn("size")
        """RFC 1870."""
        self.has_dsn = server.has_extn("dsn")
        """RFC 3461."""
        size = server.esmtp_features.get("size", "")
        self.max_size = int(size) if size.isdecimal() else 0
        """Octets; 0 where the server names none."""
        self.is_open = True
        self.is_proven = False
        """The server took a message on it."""

    def send(self, data: bytes) -> int:
        """Send `data`; returns how many of its bytes went out: fewer where the connection broke."""
        view, sent = memoryview(data), 0
        try:
            while sent < len(data):
                sent += self._socket.send(view[sent:])
        except OSError:
            self.is_open = False
        return sent

    def reply(self, *, patience: int = 1) -> Reply:
        """The next reply, awaited for `patience` time-outs. Raises LostError."""
        if patience != 1:
            self._socket.settimeout(self._timeout * patience)
        try:
            code, text = self._server.getreply()
        except (smtplib.SMTPException, OSError) as error:
            self.is_open = False
            raise LostError(_why(error)) from error
        if patience != 1:
            self._socket.settimeout(self._timeout)
        if code == CLOSING:
            self.is_open = False
        if not 200 <= code < 600:
            self.is_open = False
            raise LostError("the mail server's answer is no SMTP reply")
        return Reply(code, text.decode("utf-8", "replace"))

    def is_alive(self) -> bool:
        """Whether the server still answers: it may have closed a connection that was idle."""
        if not self.is_open or self.send(b"NOOP\r\n") != len(b"NOOP\r\n"):
            return False
        try:
            return self.reply().is_good
        except LostError:
            return False

    def cut(self) -> None:
        """End whatever another thread waits for on it: that thread finds the connection broken."""
        with contextlib.suppress(OSError):  # It may have ended by itself.
            # TLS would say goodbye first, in the midst of what the other thread reads.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def abandon(self) -> None:
        """Close without a word: nobody listens any more."""
        self._server.close()
        self.is_open = False

    def close(self) -> None:
        """Say goodbye if there is somebody to say it to."""
        with contextlib.suppress(OSError, smtplib.SMTPException):  # It ends either way.
            if self.is_open:
                self._server.quit()
        self.abandon()


def connect(settings: SmtpSettings, password: str, context: ssl.SSLContext | None = None) -> Connection:
    """A connection, encrypted and logged in as the settings say. Raises UnavailableError.

    The server's certificate is always verified, by the system's authorities or by `context`. STOP is what
    somebody has to mend (a wrong password or certificate, no STARTTLS), NOT_NOW what may pass.
    """
    where = f"mail server {settings.host}:{settings.port}"
    server = _client(settings, context)
    try:
        socket_ = _greeted(server, settings, context)
        if settings.user:
            server.login(settings.user, password)
    except (smtplib.SMTPException, OSError, UnicodeError) as error:
        server.close()
        answer, why = _meaning(error, settings, password)
        # Without its cause: that holds what was sent to log in.
        raise UnavailableError(answer, f"{where}: {why}") from None
    return Connection(server, socket_, settings.timeout)


def _client(settings: SmtpSettings, context: ssl.SSLContext | None) -> smtplib.SMTP:
    """Not connected yet. The name given here is replaced: finding the machine's own would ask a DNS."""
    if settings.security == "tls":
        trust = _trust(context)
        return smtplib.SMTP_SSL(timeout=settings.timeout, local_hostname="localhost", context=trust)
    return smtplib.SMTP(timeout=settings.timeout, local_hostname="localhost")


def _trust(context: ssl.SSLContext | None) -> ssl.SSLContext:
    # Reading the system's authorities takes thirty milliseconds. Without a context smtplib verifies nothing.
    return context or ssl.create_default_context()


def _greeted(server: smtplib.SMTP, settings: SmtpSettings, context: ssl.SSLContext | None) -> socket.socket:
    # smtplib checks the certificate for the host it was constructed with, which would connect at once.
    server._host = settings.host  # type: ignore[attr-defined] # no public way to set it before connecting
    code, text = server.connect(settings.host, settings.port)
    if code != 220:
        raise smtplib.SMTPConnectError(code, text)
    if server.sock is None:
        raise smtplib.SMTPServerDisconnected("no connection")
    server.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server.local_hostname = _own_name(server.sock)
    server.ehlo_or_helo_if_needed()
    if settings.security == "starttls":
        server.starttls(context=_trust(context))
        server.ehlo_or_helo_if_needed()
    return server.sock


def _own_name(socket_: socket.socket) -> str:
    """The machine's name, or its address in RFC 5321's form where the name is not a whole one."""
    name = socket.gethostname()
    if "." in name.strip("."):
        return name
    host = str(socket_.getsockname()[0])
    return f"[IPv6:{host}]" if ":" in host else f"[{host}]"


def _meaning(error: Exception, settings: SmtpSettings, password: str) -> tuple[Answer, str]:
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        reply = Reply(error.smtp_code, text.decode("utf-8", "replace") if isinstance(text, bytes) else text)
        said = reply.said(settings.user, password)
        answer = Answer.STOP if reply.code >= 500 else Answer.NOT_NOW
        if isinstance(error, smtplib.SMTPAuthenticationError):
            return answer, f"does not let smtp.user in: {said}; check smtp.user and STANDFIRST_SMTP_PASSWORD"
        return answer, f"does not take mail: {said}"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        what = "STARTTLS" if "STARTTLS" in str(error) else "a login"
        return Answer.STOP, f"does not offer {what}; check smtp.security, smtp.port and smtp.user"
    if isinstance(error, UnicodeError):
        return (
            Answer.STOP,
            "smtp.host, smtp.user or STANDFIRST_SMTP_PASSWORD has characters that cannot be sent",
        )
    if isinstance(error, ssl.SSLCertVerificationError):
        return Answer.STOP, f"its certificate is not accepted: {error.verify_message}; check smtp.host"
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return Answer.STOP, f"no encrypted connection: {error.reason}; check smtp.security and smtp.port"
    if isinstance(error, smtplib.SMTPException) and not isinstance(error, smtplib.SMTPServerDisconnected):
        return Answer.STOP, "offers no way to log in that is known here; check smtp.user"
    return Answer.NOT_NOW, _why(error)


def _why(error: Exception) -> str:
    cause = error.__context__ if isinstance(error, smtplib.SMTPServerDisconnected) else error
    if isinstance(cause, TimeoutError):
        return "it did not answer in time"
    if isinstance(cause, OSError) and not isinstance(cause, smtplib.SMTPException):
        return f"the connection failed: {cause.strerror or type(cause).__name__}"
    return "it closed the connection"
