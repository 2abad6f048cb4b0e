"""Mails that come back, in the shapes that mail servers give them. Every word of them is ours."""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime

from tests import samples

TO = "anna.peeters@example.org"


def head(to: str, message_id: str, sent: datetime) -> str:
    """What came back of our message: its head alone."""
    return (
        f"Return-Path: <{to}>\nTo: Anna <{TO}>\nMessage-ID: <{message_id}>\n"
        "From: The Quay <digest@quay.example>\nSubject: The bridge reopens\n"
        f"Date: {format_datetime(sent)}\nMIME-Version: 1.0\nContent-Type: text/html\n"
    )


def report(
    *groups: str,
    to: str = "bounces@quay.example",
    message_id: str = "x@quay.example",
    envelope_id: str = "",
    sent: datetime = samples.NOON,
    kind: str = "delivery-status",
    text: str = "Your message could not be delivered.",
    extra: str = "",
    returned: str | None = None,
    returned_kind: str = "message/rfc822",
    lines: str = "\n",
    boundary: str = "b0und/4ry",
) -> bytes:
    """A report of these groups of fields, the first of them that of the message."""
    own = f"Original-Envelope-Id: {envelope_id}\n" if envelope_id else ""
    said = "\n\n".join((f"Reporting-MTA: dns; mx.example.org\n{own}Arrival-Date: x", *groups))
    if kind == "feedback-report":
        said = groups[0]
    back = head(to, message_id, sent) + "\n<p>The bridge.</p>\n" if returned is None else returned
    whole = (
        f"Return-Path: <>\nDelivered-To: {to}\nReceived: by mx.quay.example; {format_datetime(sent)}\n"
        f"Date: {format_datetime(sent)}\nFrom: MAILER-DAEMON@mx.example.org (Mail Delivery System)\n"
        f"Subject: Undelivered Mail Returned to Sender\nTo: {to}\nAuto-Submitted: auto-replied\n"
        f"Message-Id: <back.{message_id}.mx>\n{extra}MIME-Version: 1.0\n"
        f'Content-Type: multipart/report; report-type={kind};\n\tboundary="{boundary}"\n\n'
        f"This is a MIME-encapsulated message.\n\n--{boundary}\n"
        f"Content-Description: Notification\nContent-Type: text/plain; charset=utf-8\n\n{text}\n\n"
        f"--{boundary}\nContent-Description: report\nContent-Type: message/{kind}\n\n{said}\n\n"
        f"--{boundary}\nContent-Description: Undelivered Message\nContent-Type: {returned_kind}\n\n{back}\n"
        f"--{boundary}--\n"
    )
    return whole.replace("\n", lines).encode()


def recipient(action: str, status: str, diagnostic: str = "", to: str = TO, more: str = "") -> str:
    """One recipient's group."""
    said = f"\nDiagnostic-Code: {diagnostic}" if diagnostic else ""
    return (
        f"Final-Recipient: rfc822; {to}\nOriginal-Recipient: rfc822;{to}\nAction: {action}\n"
        f"Status: {status}{said}{more}"
    )


def failed(status: str = "5.1.1", diagnostic: str = "smtp; 550 5.1.1 User unknown") -> str:
    """A recipient who is not there."""
    return recipient("failed", status, diagnostic)


def plain(text: str, to: str = "bounces@quay.example", **fields: str) -> bytes:
    """A mail of one text."""
    more = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in fields.items())
    return f"From: <somebody@example.org>\nTo: <{to}>\n{more}\n{text}\n".encode()


def complaint(
    kind: str = "abuse", to: str = "bounces@quay.example", message_id: str = "x@q", **more: str
) -> bytes:
    """A provider's word that a reader called it spam."""
    said = (
        f"Feedback-Type: {kind}\nUser-Agent: SomeFeedback/1.0\nVersion: 1\nOriginal-Mail-From: <{to}>\n"
        f"Original-Rcpt-To: <{TO}>\nSource-IP: 192.0.2.1\nReported-Domain: quay.example\n"
    )
    return report(
        said,
        to="fbl@quay.example",
        kind="feedback-report",
        returned=head(to, message_id, samples.NOON),
        **more,
    )


QMAIL = """\
Hi. This is the qmail-send program at mx.example.org.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<anna.peeters@example.org>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

"""
