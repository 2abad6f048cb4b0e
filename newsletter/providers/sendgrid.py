"""SendGrid: up to 1,000 readers a request, through the sendgrid library."""

from __future__ import annotations

import json
import re
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.client import HTTPException
from urllib.parse import urlsplit

from sendgrid import SendGridAPIClient

from newsletter.providers import ENDED, GRACE, Answer, Batch, Outcome
from newsletter.providers.sendgrid_answer import (
    Reply,
    TooBigError,
    complaints,
    outcome_of,
    outcome_of_failure,
    reason_of,
)
from newsletter.providers.sendgrid_client import Request, Wire, client_for, cut, is_loopback
from newsletter.providers.sendgrid_payload import MAX_PERSONALIZATIONS, Payload, payload
from newsroom.errors import ConfigurationError, ProviderError, UnansweredError
from newsroom.secrets import SENDGRID_API_KEY, Secrets
from newsroom.settings import SendGridSettings

HOST = "https://api.sendgrid.com"
EU_HOST = "https://api.eu.sendgrid.com"


class SendGrid:
    """Hands batches to SendGrid's mail/send, version 3.

    There is no key against doubles and no way to ask what became of a request: one that was cut stays
    uncertain. Raises ConfigurationError for a key or a `base_url` that cannot be used.
    """

    name = "sendgrid"
    batch_size = first_batch = MAX_PERSONALIZATIONS
    is_real = True

    def __init__(
        self, settings: SendGridSettings, secrets: Secrets, clock: Callable[[], datetime] | None = None
    ) -> None:
        self.connections = settings.connections
        self._host = host_of(settings)
        self._key = _key(secrets)
        self._timeout = settings.timeout
        self._clock = clock or _now
        self._context = _tls(self._host)
        self._clients = threading.local()
        self._wires: list[Wire] = []
        self._pause = _Pause()
        self._stopping = threading.Event()
        self._limit = threading.Timer(GRACE, self._cut)
        self._limit.daemon = True
        self.delay = settings.delay or timedelta()

    def hand_over(self, batch: Batch) -> Outcome:
        """Send one request and say what is known of it. Raises ProviderError for a batch without readers or
        a letter without words."""
        if self._stopping.is_set():
            return Outcome(Answer.ENDED, ENDED)
        remaining = self._pause.remaining()
        if remaining > 0:
            return Outcome(Answer.NOT_NOW, "SendGrid asked to wait", retry_after=remaining)
        if not batch.recipients:
            raise ProviderError(f"SendGrid: batch {batch.number} of {batch.edition} has no readers")
        if len(batch.recipients) > MAX_PERSONALIZATIONS:
            why = f"{len(batch.recipients):,} readers in a request; SendGrid takes {MAX_PERSONALIZATIONS:,}"
            return Outcome(Answer.REFUSED, why, divisible=True)
        made = payload(batch)
        refused = {delivery: (Answer.REFUSED, reason) for delivery, reason in made.refused.items()}
        if not made.recipients:
            return Outcome(Answer.REFUSED, "none of its readers can be in a request", own=refused)
        outcome = self._sent(made)
        if outcome.retry_after:
            self._pause.wait_for(outcome.retry_after)
        return replace(outcome, own={**outcome.own, **refused}) if refused else outcome

    def evidence(self, batch: Batch) -> None:
        """None: SendGrid has no way to ask for a request that was cut."""
        return

    def new_recall(self) -> str:
        """A batch id of SendGrid's, for requests that can be taken back. Raises ProviderError."""
        reply = self._asked("give an edition the name by which it can be taken back", "mail", "batch")
        name = _batch_id(reply)
        if reply.status != HTTPStatus.CREATED or not name:
            raise ProviderError(f"{reason_of(reply.status, complaints(reply.body))}: {_NO_NAME}")
        return name

    def recall(self, name: str) -> None:
        """Have SendGrid discard what it keeps of this batch id. Raises ProviderError where it certainly does
        not, UnansweredError where nobody knows."""
        reply = self._asked(_TAKE_BACK, "user", "scheduled_sends", {"batch_id": name, "status": "cancel"})
        if reply.status == HTTPStatus.BAD_REQUEST:
            # It was paused or cancelled before.
            change = {"status": "cancel"}
            reply = self._asked(_TAKE_BACK, "user", "scheduled_sends", change, name)
        if not 200 <= reply.status < 300:
            why = f"{reason_of(reply.status, complaints(reply.body))}: {_NOT_TAKEN_BACK}"
            raise _not_done(reply.status)(why)

    def _asked(
        self, what: str, first: str, second: str, body: Mapping[str, str] | None = None, name: str = ""
    ) -> Reply:
        place = getattr(getattr(self._client().client, first), second)
        request = None if body is None else Request(json.dumps(body))
        try:
            response = place._(name).patch(request_body=request) if name else place.post(request_body=request)
        except (OSError, HTTPException) as error:
            outcome = outcome_of_failure(error)
            failed = UnansweredError if outcome.answer is Answer.UNCERTAIN else ProviderError
            raise failed(f"SendGrid was asked to {what}: {outcome.reason}") from error
        return Reply(response.status_code, response.headers, response.body)

    def stop(self) -> None:
        """Begin no more requests. One in flight is waited for, for GRACE seconds: then it is uncertain."""
        if not self._stopping.is_set():
            self._stopping.set()
            self._limit.start()

    def close(self) -> None:
        """Forget the clients. Each request has a connection of its own, so none is open."""
        self._limit.cancel()
        self._clients = threading.local()

    def _cut(self) -> None:
        for wire in tuple(self._wires):
            cut(wire.sockets)

    def _sent(self, made: Payload) -> Outcome:
        try:
            response = self._client().client.mail.send.post(request_body=Request(made.text))
        except (OSError, HTTPException, TooBigError) as error:
            outcome = outcome_of_failure(error)
            is_cut = self._stopping.is_set() and outcome.answer is Answer.UNCERTAIN
            return replace(outcome, reason=f"{ENDED}, and SendGrid had not answered") if is_cut else outcome
        reply = Reply(response.status_code, response.headers, response.body)
        return outcome_of(reply, [recipient.delivery for recipient in made.recipients], self._clock())

    def _client(self) -> SendGridAPIClient:
        # The library's clients share a dict of headers between calls: one a thread.
        client = getattr(self._clients, "client", None)
        if client is None:
            client = client_for(self._key, self._host, self._timeout, self._context)
            self._clients.client = client
            self._wires.append(client.client.way.wire)
        return client


def _not_done(status: int) -> type[ProviderError]:
    """What such an answer to a cancellation is: as with a hand-over, a fault of the server's may come after
    it was done."""
    is_doubtful = status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.SERVICE_UNAVAILABLE
    return UnansweredError if is_doubtful else ProviderError


_TAKE_BACK = "take back what it keeps"
_NO_NAME = "nothing is handed over that could not be taken back; the next run asks again"
_NOT_TAKEN_BACK = "what it keeps is not said to be taken back"


def _batch_id(reply: Reply) -> str:
    try:
        said = json.loads(reply.body)
    except (ValueError, RecursionError):
        return ""
    found = said.get("batch_id") if isinstance(said, dict) else None
    return found if isinstance(found, str) and _BATCH_ID.fullmatch(found) else ""


_BATCH_ID = re.compile(r"[A-Za-z0-9._~-]{1,100}")


class _Pause:
    """How long SendGrid wants to be left alone, for all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until = 0.0

    def wait_for(self, seconds: float) -> None:
        with self._lock:
            self._until = max(self._until, time.monotonic() + seconds)

    def remaining(self) -> float:
        with self._lock:
            return max(self._until - time.monotonic(), 0.0)


def host_of(settings: SendGridSettings) -> str:
    """Where SendGrid is asked. Raises ConfigurationError for an address that would show the key."""
    if not settings.base_url:
        return EU_HOST if settings.eu else HOST
    parts = urlsplit(settings.base_url)
    if not parts.hostname or (parts.scheme != "https" and not is_loopback(parts.hostname)):
        raise ConfigurationError(
            f'sendgrid.base_url: "{settings.base_url}" would show the key to everybody on the way; '
            "allowed: an https address, or http on this machine itself"
        )
    return settings.base_url.rstrip("/")


def _tls(host: str) -> ssl.SSLContext:
    if host.lower().startswith("https:"):
        return ssl.create_default_context()
    # Never used, so the machine's certificates need not be read.
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _key(secrets: Secrets) -> str:
    key = secrets.sendgrid_api_key
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        # The library would look for another one, or show this one in its error.
        what = "is not a key: it has spaces or odd characters" if key else "is missing"
        raise ConfigurationError(f"{SENDGRID_API_KEY}: {what}; SendGrid shows it once, when it is made")
    return key


def _now() -> datetime:
    return datetime.now(UTC)
