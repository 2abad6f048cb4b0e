"""One batch on one connection, in SMTP (RFC 5321).

Where the server pipelines (RFC 2920), a message's text and the commands of the next one travel together: one
round trip a message. At any moment no more than one message of a connection has been sent to its end and not
been answered: that one is uncertain when the connection breaks, and no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from newsletter.mail.message import Prepared
from newsletter.providers import ENDED, Answer, Outcome, Recipient
from newsletter.providers.smtp_connection import CLOSING, PATIENCE, Connection, LostError, Reply
from newsroom.errors import ReaderError
from readership.address import mailable

_END = b".\r\n"
_GO_AHEAD = 354
_TOO_LITTLE_ROOM = 552
"""The message is bigger than this server takes (RFC 1870, 6.1): its own fault, not the sender's."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """One reader's message and the commands that announce it."""

    recipient: Recipient
    commands: tuple[bytes, bytes, bytes]
    message: bytes


class _EndedError(Exception):
    """This batch goes no further on this connection."""

    def __init__(
        self, answer: Answer, reason: str, *, is_closing: bool = False, is_general: bool = False
    ) -> None:
        super().__init__(reason)
        self.answer = answer
        self.reason = reason
        self.is_general = is_general
        """It is we who are refused, whatever the message."""
        self.is_closing = is_closing
        """The server closes the connection, and says so."""


class Dialogue:
    """One batch on one connection. What is answered is in `_own`; the rest shares the answer it ends with."""

    def __init__(
        self,
        connection: Connection,
        prepared: Prepared,
        stopping: Callable[[], bool],
        resting: Callable[[], str] = lambda: "",
    ) -> None:
        """`resting` says why no further message is to be begun, where another connection has heard so."""
        self._connection = connection
        self._prepared = prepared
        self._stopping = stopping
        self._resting = resting
        self.goes_on = False
        """The server closed a connection on which it had taken messages: the rest may go on another one."""
        self.rest = ""
        """Why the server wants nothing more from us for now, on whichever connection."""
        self._own: dict[int, tuple[Answer, str]] = {}
        self._agreed: _Ready | None = None
        """The server waits for its text, which has not been sent."""
        self._unanswered: _Ready | None = None
        """Its text was sent to the end."""
        self._is_begun = False
        """A sender was named and no text followed: the server wants a RSET first."""

    def run(self, recipients: tuple[Recipient, ...]) -> Outcome:
        """Hand the messages over one after the other; what became of each is in the outcome."""
        answer, reason, is_general = Answer.ACCEPTED, "", False
        try:
            for ready in self._ready(recipients):
                if self._stopping():
                    raise _EndedError(Answer.ENDED, ENDED)
                if reason := self._resting():
                    self._send_agreed(b"")
                    raise _EndedError(Answer.NOT_NOW, reason)
                self._offer(ready)
            self._send_agreed(b"")
            if self._is_begun:
                self._send(b"RSET\r\n")
                self._hear()
        except LostError as error:
            answer, reason = Answer.NOT_NOW, f"mail server: {error}"
            if self._stopping():
                answer, reason = Answer.ENDED, f"{ENDED}, and the mail server had not answered"
            self._connection.abandon()
        except _EndedError as error:
            answer, reason, is_general = error.answer, error.reason, error.is_general
            if answer is Answer.ENDED:
                # There is no time, and a text that the server waits for would begin with the goodbye.
                self._connection.abandon()
            # Replies may be on their way still: nobody else could tell them from their own.
            self._connection.close()
            # Some servers take so many messages a connection, and no more.
            self.goes_on = error.is_closing and self._connection.is_proven
            if answer is Answer.NOT_NOW and not self.goes_on and not self._resting():
                self.rest = reason
        if self._unanswered is not None:
            self._set(self._unanswered, Answer.UNCERTAIN, reason)
        if all(recipient.delivery in self._own for recipient in recipients):
            # Nobody is left for the connection's end to matter to.
            return Outcome(Answer.ACCEPTED, own=self._others(Answer.ACCEPTED))
        return Outcome(answer, reason, own=self._others(answer), is_general=is_general)

    def _others(self, answer: Answer) -> dict[int, tuple[Answer, str]]:
        return {delivery: own for delivery, own in self._own.items() if own != (answer, "")}

    def _ready(self, recipients: tuple[Recipient, ...]) -> Iterator[_Ready]:
        for recipient in recipients:
            try:
                address = mailable(recipient.address)
                message = self._prepared.message(recipient)
            except ReaderError as error:
                self._own[recipient.delivery] = (Answer.REFUSED, str(error))
                continue
            connection, size = self._connection, len(message)
            if not address.isascii() and not connection.takes_utf8:
                why = "the part before the @ is not ASCII, and the mail server has no SMTPUTF8"
                self._own[recipient.delivery] = (Answer.REFUSED, why)
            elif 0 < connection.max_size < size:
                why = f"the message has {size} bytes; the mail server takes {connection.max_size}"
                self._own[recipient.delivery] = (Answer.REFUSED, why)
            else:
                yield _Ready(recipient, self._commands(recipient, address, size), message)

    def _commands(self, recipient: Recipient, address: str, size: int) -> tuple[bytes, bytes, bytes]:
        parameters = f" SIZE={size}" if self._connection.has_size else ""
        if not address.isascii():
            parameters += " BODY=8BITMIME SMTPUTF8"
        if self._connection.has_dsn and recipient.trace:
            # What comes back has no text of ours then, and says whose it was (RFC 3461, 4.3 and 4.4).
            parameters += f" RET=HDRS ENVID={recipient.trace}"
        mail = f"MAIL FROM:<{self._prepared.sender_of(recipient)}>{parameters}\r\n"
        return mail.encode(), f"RCPT TO:<{address}>\r\n".encode(), b"DATA\r\n"

    def _offer(self, ready: _Ready) -> None:
        """Send the text agreed on, if there is one, and go on to where the server awaits the next."""
        reset = b"RSET\r\n" if self._is_begun else b""
        if self._connection.pipelines:
            self._send_agreed(b"".join((reset, *ready.commands)))
            if reset:
                self._hear()
            mail, to, data = (self._hear(ready) for _ in ready.commands)
            self._judge(ready, mail, to, data)
            return
        self._send_agreed(b"")
        replies: list[Reply] = []
        if reset:
            self._send(reset)
            self._hear()
        for command in ready.commands:
            self._send(command)
            replies.append(self._hear(ready))
            if not replies[-1].is_good:
                break
        # A command that was not sent counts as refused like the one before it.
        self._judge(ready, *(replies + replies[-1:] * 2)[:3])

    def _judge(self, ready: _Ready, mail: Reply, to: Reply, data: Reply) -> None:
        self._is_begun = mail.is_good and data.code != _GO_AHEAD
        if mail.is_good and to.is_good and data.code == _GO_AHEAD:
            self._agreed = ready
            return
        if data.code == _GO_AHEAD:
            # It awaits a text for nobody (RFC 2920, 3.1): an empty one, which it refuses.
            self._send(_END)
            self._hear(patience=PATIENCE)
        first = next((reply for reply in (mail, to) if not reply.is_good), data)
        self._refused(ready, first, is_senders=first is mail and mail.code != _TOO_LITTLE_ROOM)

    def _send_agreed(self, next_commands: bytes) -> None:
        """Send the text the server waits for, with `next_commands` behind it, and hear what becomes of it."""
        ready, self._agreed = self._agreed, None
        if ready is None:
            if next_commands:
                self._send(next_commands)
            return
        end = len(ready.message) + len(_END)
        sent = self._connection.send(b"".join((ready.message, _END, next_commands)))
        if sent < end:
            raise LostError("the connection failed")
        self._unanswered = ready
        reply = self._hear(ready, patience=PATIENCE)
        if not reply.is_good and not 400 <= reply.code < 600:
            raise LostError("the mail server's answer to a message is neither yes nor no")
        self._unanswered = None
        if reply.is_good:
            self._connection.is_proven = True
            self._set(ready, Answer.ACCEPTED, "")
        else:
            self._refused(ready, reply, is_senders=False)

    def _refused(self, ready: _Ready, reply: Reply, *, is_senders: bool) -> None:
        """Write a refusal down to the reader, or end the batch where it is meant for the sender."""
        said = f"mail server: {self._said(ready, reply)}"
        if reply.wants_login:
            advice = "check smtp.user and STANDFIRST_SMTP_PASSWORD"
            raise _EndedError(Answer.STOP, f"{said}; {advice}", is_general=True)
        if is_senders:
            answer = Answer.STOP if reply.refusal is Answer.REFUSED else Answer.NOT_NOW
            raise _EndedError(answer, f"{said} (to the envelope sender)")
        self._set(ready, reply.refusal, said)

    def _hear(self, ready: _Ready | None = None, *, patience: int = 1) -> Reply:
        """The next reply. The last one before the server goes away is the end, and no to what was asked."""
        reply = self._connection.reply(patience=patience)
        if reply.code == CLOSING:
            self._unanswered = None
            said = f"mail server: {self._said(ready, reply)}"
            raise _EndedError(Answer.NOT_NOW, said, is_closing=True)
        return reply

    def _said(self, ready: _Ready | None, reply: Reply) -> str:
        if ready is None:
            return reply.said()
        local, _, domain = ready.recipient.address.rpartition("@")
        return reply.said(f"{local}={domain}", local)

    def _set(self, ready: _Ready, answer: Answer, reason: str) -> None:
        self._own[ready.recipient.delivery] = (answer, reason)

    def _send(self, data: bytes) -> None:
        if self._connection.send(data) < len(data):
            raise LostError("the connection failed")
