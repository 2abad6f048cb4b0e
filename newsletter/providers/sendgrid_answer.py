"""What an answer of SendGrid, or the want of one, says about a batch. Pure."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from newsletter.mail.header import one_line
from newsletter.providers import Answer, Outcome

MAX_REASON = 300
LONGEST_WAIT = 3_600.0
"""Seconds. Whatever SendGrid asks for, it is asked again after this."""

_NAMED = re.compile(r"personalizations(?:\.|\[)(\d+)(?![0-9])")
_PRIVATE = re.compile(
    r'https?://\S+|"[^"]*"@\S*|\S*(?:@|%40)\S*|\bSG\.[\w.-]+|\bBearer\s+\S+|\b[\w-]{40,}', re.IGNORECASE
)
"""Links, addresses, keys, and what is long enough to be a token."""
_NOT_NOW = frozenset({408, 425, 429, 503})
_BAD_REQUEST = frozenset({400, 422})


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete status line and headers came, whatever became of the body."""

    status: int
    headers: Mapping[str, str]
    """By any spelling of the name."""
    body: bytes


@dataclass(frozen=True, slots=True)
class Complaint:
    """One entry of an error's `errors`."""

    message: str
    field: str

    @property
    def place(self) -> int | None:
        """Which personalization it is about, counted from 0; None where it names none."""
        found = _NAMED.match(self.field)
        return int(found[1]) if found else None


class NotConnectedError(OSError):
    """No connection was made, so nothing of the request can have gone out."""


class TooBigError(ValueError):
    """The request is bigger than what SendGrid takes; nothing was sent."""


def outcome_of(reply: Reply, deliveries: Sequence[int], now: datetime) -> Outcome:
    """What `reply` says; `deliveries[i]` is the reader of personalization `i`, `now` the time here."""
    status = reply.status
    if status == HTTPStatus.ACCEPTED:
        reference = one_line(reply.headers.get("X-Message-Id") or "").strip()[:MAX_REASON]
        return Outcome(Answer.ACCEPTED, reference=reference)
    reason = reason_of(status, complaints(reply.body))
    if 300 <= status < 400:
        why = f"{reason}: sendgrid.base_url redirects; name the address it leads to"
        return Outcome(Answer.STOP, why, is_general=True)
    if status in _NOT_NOW:
        return Outcome(Answer.NOT_NOW, reason, retry_after=wait_of(reply.headers, now))
    if status in _BAD_REQUEST:
        return _bad_request(reply, deliveries, reason)
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return Outcome(Answer.REFUSED, reason, divisible=True)
    if 400 <= status < 500:
        # The key, its rights, the sender or the address: the next request would fare no better. Its rights
        # and its sender may be one newsletter's.
        why = f"{reason}{_ADVICE.get(status, '')}"
        return Outcome(Answer.STOP, why, is_general=status in _GENERAL)
    # Another 2xx is none of SendGrid's answers, and after a 5xx a request may have been taken all the same.
    return Outcome(Answer.UNCERTAIN, reason)


_GENERAL = frozenset({401, 404, 405, 407})

_ADVICE = {
    401: "; check STANDFIRST_SENDGRID_API_KEY",
    403: "; check the key's right to Mail Send, the verified sender and the account",
    404: "; check sendgrid.base_url",
    405: "; check sendgrid.base_url",
}


def outcome_of_failure(error: Exception) -> Outcome:
    """What it means that a request failed with `error` before an answer had come."""
    if isinstance(error, TooBigError):
        return Outcome(Answer.REFUSED, str(error), divisible=True)
    cause = getattr(error, "reason", None)
    cause = cause if isinstance(cause, Exception) else error
    if isinstance(cause.__cause__, ssl.SSLCertVerificationError):
        why = f"SendGrid's certificate is not accepted: {cause.__cause__.verify_message}"
        advice = "check sendgrid.base_url, this machine's clock, and whose certificates it trusts"
        return Outcome(Answer.STOP, f"{private_out(why)}; {advice}", is_general=True)
    if isinstance(cause, NotConnectedError):
        return Outcome(Answer.NOT_NOW, f"SendGrid cannot be reached: {private_out(str(cause))}")
    said = private_out(str(cause))
    return Outcome(
        Answer.UNCERTAIN, f"no answer from SendGrid: {type(cause).__name__}" + (f": {said}" if said else "")
    )


def complaints(body: bytes) -> tuple[Complaint, ...]:
    """The entries of `errors` in an answer; none where it is not what SendGrid writes."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        # A proxy's page, or half an answer: its status has to be enough.
        return ()
    errors = answer.get("errors") if isinstance(answer, dict) else None
    return tuple(
        Complaint(str(error.get("message") or ""), str(error.get("field") or ""))
        for error in (errors if isinstance(errors, list) else ())
        if isinstance(error, dict)
    )


def reason_of(status: int, said: Sequence[Complaint]) -> str:
    """A status and what was said with it, for the operator, without anything private."""
    words = dict.fromkeys(filter(None, (private_out(complaint.message) for complaint in said[:3])))
    return f"SendGrid answered {status}" + (f" ({' / '.join(words)})" if words else "")


def private_out(text: str) -> str:
    """`text` on one line, not endless, without addresses, keys, links and tokens."""
    return " ".join(_PRIVATE.sub("[...]", one_line(text[: 4 * MAX_REASON])).split())[:MAX_REASON]


def wait_of(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait by Retry-After (RFC 9110, 10.2.3) or X-RateLimit-Reset; None where neither says so."""
    asked = (headers.get("Retry-After") or "").strip()
    if asked.isascii() and asked.isdigit():
        return min(float(asked), LONGEST_WAIT)
    # A time of theirs is compared with their clock, where they give it.
    theirs = _date(headers.get("Date")) or now
    until = _date(asked) or _stamp(headers.get("X-RateLimit-Reset"))
    if until is None:
        return None
    return min(max((until - theirs).total_seconds(), 0.0), LONGEST_WAIT)


def _bad_request(reply: Reply, deliveries: Sequence[int], reason: str) -> Outcome:
    said = complaints(reply.body)
    shared = sorted({one_line(entry.field) for entry in said if entry.field and not _is_about_readers(entry)})
    if shared:
        # What all requests have in common is wrong: dividing would refuse one reader after the other.
        fields = private_out(", ".join(shared))
        return Outcome(Answer.STOP, f"{reason}: the fields {fields} are not a reader's; mend the newsletter")
    own = {
        deliveries[entry.place]: (Answer.REFUSED, reason_of(reply.status, [entry]))
        for entry in reversed(said)
        if entry.place is not None and entry.place < len(deliveries)
    }
    if not own:
        return Outcome(Answer.REFUSED, reason, divisible=True)
    innocent = (Answer.NOT_NOW, f"{reason}: for another reader of the batch")
    everybody = {delivery: own.get(delivery, innocent) for delivery in deliveries}
    answer = Answer.REFUSED if len(own) == len(deliveries) else Answer.NOT_NOW
    return Outcome(answer, reason, retry_after=0.0 if answer is Answer.NOT_NOW else None, own=everybody)


def _is_about_readers(entry: Complaint) -> bool:
    return entry.field.startswith("personalizations")


def _date(text: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _stamp(text: str | None) -> datetime | None:
    try:
        return datetime.fromtimestamp(int((text or "").strip()), UTC)
    except (ValueError, OverflowError, OSError):
        return None
