"""A mail that came back, read: a status notification (RFC 3464), a complaint (RFC 5965), or neither. Pure.

Whatever the bytes are, reading them raises nothing. Nothing here knows yet whose mail it was about: it says
which traces and ids are in it, and newsletter/returns/returned_mail.py looks whether they were made here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from itertools import islice
from typing import TypeVar

from newsletter.mail.traces import Trace, ids_in, traces_in
from newsletter.returns.event import LONGEST_REASON, EventKind, told
from newsletter.returns.mail_reading import Fields, Part, fields_of, mail_of, part_of, within
from newsletter.returns.refusal import meaning

LARGEST_READ = 1024 * 1024
"""Octets of a mail that are looked at: what matters stands before the text that came back."""
MOST_RECIPIENTS = 50
"""Recipients of one notification that are looked at. Each message of ours has one; an alias may have more."""

_STATUS = ("message/delivery-status", "message/global-delivery-status")
_FEEDBACK = "message/feedback-report"
_RETURNED = (
    "message/rfc822",
    "message/global",
    "text/rfc822-headers",
    "text/rfc822",
    "message/rfc822-headers",
    "message/global-headers",
)
_MAILED_TO = (
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "x-envelope-to",
    "x-delivered-to",
    "original-recipient",
    "to",
)
"""Where a mail says which address it came to."""
_COMPLAINTS = {
    "abuse": EventKind.SPAM_REPORT,
    "fraud": EventKind.SPAM_REPORT,
    "opt-out": EventKind.UNSUBSCRIBE,
    "opt-out-list": EventKind.UNSUBSCRIBE,
}
"""By Feedback-Type. Of `not-spam`, `virus`, `auth-failure` (RFC 6591) and others no reader is to blame."""
_AUTOMATIC = ("x-autoreply", "x-autorespond", "x-autoresponse")
_T = TypeVar("_T")
_BLANK = re.compile(rb"\n[ \t]*\n+")


class Sort(StrEnum):
    """What a mail is."""

    STATUS = "status"
    COMPLAINT = "complaint"
    AUTOMATIC = "automatic"
    """Somebody is away, or a machine says that it got the mail."""
    UNKNOWN = "unknown"
    """Perhaps a notification in a form of its own, perhaps somebody's letter: it stops nobody."""


@dataclass(frozen=True, slots=True)
class Report:
    """What is said of one recipient."""

    kind: EventKind
    is_permanent: bool
    reason: str
    """Holds no address."""
    addresses: tuple[str, ...] = ()
    """The recipient's, as it was given to the server and as it became there."""


@dataclass(frozen=True, slots=True)
class Notification:
    """What a mail says, of whomever."""

    sort: Sort
    reports: tuple[Report, ...] = ()
    traces: tuple[Trace, ...] = ()
    ids: tuple[str, ...] = ()
    """Message-IDs of the message that it is about, as far as they have the shape of ours."""
    sent: datetime | None = None
    """Aware: when, by the word of whoever sent it, or of the server that took it; None where nobody says."""


def read(raw: bytes) -> Notification:
    """What the mail says."""
    mail = mail_of(raw[:LARGEST_READ])
    addressed = [value for name in _MAILED_TO for value in mail.fields.get(name, ())]
    report = within(mail, "multipart/report")
    inner = report.parts if report is not None else ()
    returned = _head_of(next((one for one in inner if one.kind in _RETURNED), None))
    sent = _moment(mail.first("date")) or _received(mail)
    ids = tuple(ids_in(" ".join(returned.get("message-id", ()))[:1_000]))
    status = next((one for one in inner if one.kind in _STATUS), None)
    if status is not None:
        groups = _groups(status.content)
        named = [value for one in groups for value in one.get("original-envelope-id", ())]
        traces = _traces(addressed, named, returned.get("return-path", ()))
        return Notification(Sort.STATUS, tuple(_reports(groups)), traces, ids, sent)
    feedback = next((one for one in inner if one.kind == _FEEDBACK), None)
    if feedback is not None:
        said = fields_of(feedback.content)
        named = [*said.get("original-mail-from", ()), *said.get("original-envelope-id", ())]
        traces = _traces(addressed, named, returned.get("return-path", ()))
        return Notification(Sort.COMPLAINT, tuple(_complaints(said)), traces, ids, sent)
    sort = Sort.AUTOMATIC if _is_automatic(mail) else Sort.UNKNOWN
    answered = " ".join((mail.first("in-reply-to"), mail.first("references")))
    text = f"{answered} {mail.body.decode('ascii', 'replace')}"
    return Notification(sort, (), _traces(addressed), tuple(_few(ids_in(text))), sent)


def _head_of(part: Part | None) -> Fields:
    """The fields of the message that came back. It may be cut off, and may be coded."""
    return {} if part is None else part_of(part.content.lstrip(b"\n")).fields


def _groups(content: bytes) -> list[Fields]:
    blocks = _BLANK.split(content.strip(b"\n"), MOST_RECIPIENTS + 1)[: MOST_RECIPIENTS + 1]
    return [fields_of(block) for block in blocks]


def _reports(groups: Iterable[Fields]) -> Iterator[Report]:
    for group in groups:
        action, status, diagnostic = (
            next(iter(group.get(name, ())), "") for name in ("action", "status", "diagnostic-code")
        )
        # "smtp; 550 5.1.1 ...": what stands before the semicolon says whose words they are.
        said = diagnostic.partition(";")[2].strip() or diagnostic
        found = meaning(action, status, said)
        if found is not None:
            addresses = tuple(_addresses(group, "final-recipient", "original-recipient"))
            kind, is_permanent = found
            yield Report(kind, is_permanent, _hidden(f"{status} {said}", addresses), addresses)


def _complaints(said: Fields) -> Iterator[Report]:
    kind = _COMPLAINTS.get(next(iter(said.get("feedback-type", ())), "").strip().lower())
    if kind is not None:
        addresses = tuple(_addresses(said, "original-rcpt-to"))
        source = next(iter(said.get("source-ip", ())), "")
        yield Report(kind, False, _hidden(f"told by a mail provider {source}", addresses), addresses)


def _addresses(group: Fields, *names: str) -> Iterator[str]:
    for name in names:
        for value in group.get(name, ())[:3]:
            found = value.rpartition(";")[2].strip().strip("<>").strip()
            if "@" in found and len(found) <= 320:
                yield found


def _hidden(text: str, addresses: Iterable[str]) -> str:
    """The words without the address, nor what stands before its @: servers tell it alone, too."""
    text = told(text)
    for address in addresses:
        local = address.rpartition("@")[0]
        text = re.sub(rf"(?<!\w){re.escape(local)}(?!\w)", "(address)", text, flags=re.IGNORECASE)
    return text[:LONGEST_REASON].rstrip()


def _traces(*texts: Iterable[str]) -> tuple[Trace, ...]:
    return tuple(_few(one for some in texts for text in some for one in traces_in(text[:2_000])))


def _few(some: Iterable[_T]) -> list[_T]:
    """The first ones, each once."""
    return list(dict.fromkeys(islice(some, 1_000)))[:MOST_RECIPIENTS]


def _is_automatic(mail: Part) -> bool:
    said = mail.first("auto-submitted").partition(";")[0].strip().lower()
    precedence = mail.first("precedence").strip().lower()
    is_said = said not in ("", "no") or precedence in ("auto_reply", "auto-reply")
    return is_said or any(name in mail.fields for name in _AUTOMATIC)


def _received(mail: Part) -> datetime | None:
    """When the last server on its way took a mail (RFC 5321, 4.4) that does not say when it was sent."""
    return _moment(mail.first("received")[:1_000].rpartition(";")[2].strip())


def _moment(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text[:100])
        aware = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
        return aware.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
