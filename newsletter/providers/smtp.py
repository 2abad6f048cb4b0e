"""SMTP over connections that are kept, a batch at a time on each of them."""

from __future__ import annotations

import ssl
import threading

from newsletter.message import Prepared
from newsletter.providers import Answer, Batch, Outcome
from newsletter.providers.smtp_connection import Connection, UnavailableError, connect
from newsletter.providers.smtp_dialogue import ENDED, Dialogue
from newsroom.secrets import Secrets
from newsroom.settings import SmtpSettings

FIRST = 25
"""Messages of a run's first batch: so many refusals tell that the readers are not the reason."""

GRACE = 8.0
"""Seconds until what is in flight is cut once this process has to end: many are killed after ten."""


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
        self._lock = threading.Lock()
        self._connecting = threading.Lock()
        self._barred: UnavailableError | None = None
        self._stopping = threading.Event()
        self._limit = threading.Timer(GRACE, self._cut)
        self._limit.daemon = True

    def hand_over(self, batch: Batch) -> Outcome:
        """Send the batch's messages one after the other. Raises ProviderError for a wrong sender."""
        prepared = Prepared(batch.letter, batch.envelope)
        try:
            connection = self._taken()
        except UnavailableError as error:
            return Outcome(error.answer, error.reason)
        outcome = Dialogue(connection, prepared, self._stopping.is_set).run(batch.recipients)
        self._given_back(connection)
        return outcome

    def evidence(self, batch: Batch) -> Outcome | None:
        """None: a mail server cannot be asked what it took."""
        return None

    def stop(self) -> None:
        """Begin no more messages. One in flight is waited for, for GRACE seconds: then it is uncertain."""
        if not self._stopping.is_set():
            self._stopping.set()
            self._limit.start()

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
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                connection = self._connected()
            elif not connection.is_alive():
                connection.close()
                continue
            with self._lock:
                self._busy.append(connection)
            return connection

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
        with self._lock:
            self._busy.remove(connection)
            if connection.is_open:
                self._idle.append(connection)
                return
        connection.close()

    def _cut(self) -> None:
        with self._lock:
            busy = tuple(self._busy)
        for connection in busy:
            connection.cut()
