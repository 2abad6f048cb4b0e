"""SMTP over connections that are kept, a batch at a time on each of them."""

from __future__ import annotations

import ssl
import threading
from dataclasses import replace

from newsletter.mail.message import Prepared
from newsletter.providers import ENDED, GRACE, Answer, Batch, Outcome
from newsletter.providers.smtp_connection import Connection, UnavailableError, connect
from newsletter.providers.smtp_dialogue import Dialogue
from newsroom.secrets import Secrets
from newsroom.settings import SmtpSettings

FIRST = 25
"""Messages of a run's first batch: so many refusals tell that the readers are not the reason."""


class Smtp:
    """A mail server. A batch is `window` messages on one connection."""

    name = "smtp"
    is_real = True

    def __init__(
        self, settings: SmtpSettings, secrets: Secrets, context: ssl.SSLContext | None = None
    ) -> None:
        """`context` replaces the system's certificate authorities."""
        self.batch_size = settings.window
        self.first_batch = min(settings.window, FIRST)
        self.connections = settings.connections
        self._settings = settings
        self._password = secrets.smtp_password
        self._context = context
        self._idle: list[Connection] = []
        self._busy: list[Connection] = []
        self._most = 0
        """So many the server took, where it refused one more; 0 while it did not."""
        self._lock = threading.Condition()
        """Also tells those who wait for a connection that one came back."""
        self._rests: list[str] = []
        """What the server said each time that it wanted to be left alone."""
        self._connecting = threading.Lock()
        self._barred: UnavailableError | None = None
        self._stopping = threading.Event()
        self._limit = threading.Timer(GRACE, self._cut)
        self._limit.daemon = True

    def hand_over(self, batch: Batch) -> Outcome:
        """Send the batch's messages one after the other. Raises ProviderError for a wrong sender."""
        prepared, begun = Prepared(batch.letter, batch.envelope), len(self._rests)
        own: dict[int, tuple[Answer, str]] = {}
        while True:
            try:
                connection = self._taken()
            except UnavailableError as error:
                return Outcome(error.answer, error.reason, own=own, is_general=error.answer is Answer.STOP)
            dialogue = Dialogue(
                connection, prepared, self._stopping.is_set, lambda: "".join(self._rests[begun : begun + 1])
            )
            left = tuple(one for one in batch.recipients if one.delivery not in own)
            try:
                outcome = dialogue.run(left)
            except BaseException:
                # Others wait for it to come back, and nobody knows what it is in the middle of.
                connection.abandon()
                raise
            finally:
                self._given_back(connection)
            own |= outcome.own
            if not dialogue.goes_on or outcome.answer is Answer.ACCEPTED:
                break
        if dialogue.rest:
            self._rests.append(dialogue.rest)
        others = {delivery: said for delivery, said in own.items() if said != (outcome.answer, "")}
        return replace(outcome, own=others)

    def evidence(self, batch: Batch) -> Outcome | None:
        """None: a mail server cannot be asked what it took."""
        return None

    def stop(self) -> None:
        """Begin no more messages. One in flight is waited for, for GRACE seconds: then it is uncertain."""
        if not self._stopping.is_set():
            self._stopping.set()
            self._limit.start()
            with self._lock:
                self._lock.notify_all()

    def close(self) -> None:
        """Say goodbye on every idle connection, if there is time for it."""
        self._limit.cancel()
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            if self._stopping.is_set():
                connection.abandon()
            else:
                connection.close()

    def _taken(self) -> Connection:
        while True:
            with self._lock:
                while self._is_full():
                    self._lock.wait()
                connection = self._idle.pop() if self._idle else None
                if connection is not None:
                    self._busy.append(connection)
            if connection is None:
                try:
                    connection = self._connected()
                except UnavailableError as error:
                    if not self._waited_for_another(error):
                        raise
                    continue
                with self._lock:
                    self._busy.append(connection)
            elif not connection.is_alive():
                self._let_go(connection)
                connection.close()
                continue
            return connection

    def _waited_for_another(self, error: UnavailableError) -> bool:
        """Wait for one of the other connections, where a further one is too many for the server; False where
        there is none to wait for."""
        with self._lock:
            if error.answer is not Answer.NOT_NOW or not (self._busy or self._idle):
                return False
            self._most = max(self._most, len(self._busy) + len(self._idle))
            while self._busy and not self._idle and not self._stopping.is_set():
                self._lock.wait()
            return True

    def _is_full(self) -> bool:
        """Whether all that the server takes are busy: it was asked for more, and is not asked again."""
        is_free = bool(self._idle) or self._stopping.is_set()
        return not is_free and 0 < self._most <= len(self._busy)

    def _connected(self) -> Connection:
        """A new connection. One at a time: a password that is wrong once is not tried by all the others."""
        with self._connecting:
            if self._barred is not None:
                raise self._barred
            if self._stopping.is_set():
                raise UnavailableError(Answer.ENDED, ENDED)
            try:
                return connect(self._settings, self._password, self._context)
            except UnavailableError as error:
                if error.answer is Answer.STOP:
                    self._barred = error
                raise

    def _given_back(self, connection: Connection) -> None:
        self._let_go(connection, is_idle=connection.is_open)
        if not connection.is_open:
            connection.close()

    def _let_go(self, connection: Connection, *, is_idle: bool = False) -> None:
        with self._lock:
            self._busy.remove(connection)
            if is_idle:
                self._idle.append(connection)
            self._lock.notify_all()

    def _cut(self) -> None:
        with self._lock:
            busy = tuple(self._busy)
        for connection in busy:
            connection.cut()
