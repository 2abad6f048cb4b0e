"""Mails that came back, read: each server's own shape, and any bytes at all."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.mail.traces import message_id, return_address, trace
from newsletter.returns.event import EventKind
from newsletter.returns.refusal import meaning
from newsletter.returns.status_notification import LARGEST_READ, Notification, Sort, read
from tests import samples
from tests.newsletter import notifications as mails

KEY = b"k" * 32
EDITION = "daily-2026-03-10"
ID = message_id(KEY, EDITION, 7, "quay.example")
TRACE = trace(KEY, EDITION, 3, 7)
VERP = return_address("bounces@quay.example", TRACE)
B, H = (EventKind.BOUNCE, False), (EventKind.BOUNCE, True)
BLOCKED, DEFERRED = (EventKind.BLOCKED, False), (EventKind.DEFERRED, False)

SAID = {
    # action, status, diagnostic: what it means
    "Postfix, nobody there": (
        "failed",
        "5.1.1",
        "smtp; 550 5.1.1 <a@b>: Recipient address rejected: User unknown in virtual mailbox table",
        H,
    ),
    "Postfix, five days later": (
        "failed",
        "4.4.1",
        "X-Postfix; connect to mx.example.org[192.0.2.9]:25: Connection timed out",
        B,
    ),
    "Postfix, no such domain": (
        "failed",
        "5.4.4",
        "X-Postfix; Host or domain name not found. Host not found",
        B,
    ),
    "Postfix, takes no mail": (
        "failed",
        "5.1.0",
        "X-Postfix; Domain example.org does not accept mail (nullMX)",
        B,
    ),
    "Postfix, null MX": ("failed", "5.1.10", "smtp; 556 5.1.10 takes no mail", H),
    "Postfix waits": (
        "delayed",
        "4.4.1",
        "X-Postfix; connect to mx[192.0.2.9]:25: Connection refused",
        DEFERRED,
    ),
    "Postfix, greylisted to the end": (
        "failed",
        "4.7.1",
        "smtp; 450 4.7.1 <a@b>: Recipient address rejected: Greylisted",
        B,
    ),
    "Exim, nobody there": ("failed", "5.0.0", "smtp; 550 5.1.1 No such user here", H),
    "Exim, by the other's code": ("failed", "5.0.0", "smtp; 550 5.1.1 no", H),
    "Exim, in its own words": ("failed", "5.0.0", "smtp; 550 Unrouteable address", B),
    "Exim, unknown in words": ("failed", "5.0.0", "smtp; 550 unknown user", H),
    "Exim gave up": ("failed", "5.0.0", "smtp; 451 4.7.0 greylisted; retry timeout exceeded", B),
    "Exim, blocked": ("failed", "5.0.0", "smtp; 554 Message rejected as spam by content filtering", BLOCKED),
    "Gmail, nobody there": (
        "failed",
        "5.1.1",
        "smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please try 550 5.1.1 https://support.example/?p=NoSuchUser",
        H,
    ),
    "Gmail, over quota": (
        "failed",
        "5.2.2",
        "smtp; 552-5.2.2 The email account that you tried to reach is over quota.",
        B,
    ),
    "Gmail, not used any more": (
        "failed",
        "5.2.1",
        "smtp; 550 5.2.1 The email account that you tried to reach is inactive.",
        H,
    ),
    "Gmail, too much at once": (
        "failed",
        "5.2.1",
        "smtp; 550 5.2.1 The user you are trying to contact is receiving mail too quickly",
        B,
    ),
    "Gmail, unauthenticated": (
        "failed",
        "5.7.26",
        "smtp; 550 5.7.26 This mail has been blocked because the sender is unauthenticated",
        BLOCKED,
    ),
    "Gmail, likely unsolicited": (
        "failed",
        "5.7.1",
        "smtp; 550-5.7.1 Our system has detected that this message is likely unsolicited mail",
        BLOCKED,
    ),
    "Exchange, nobody there": (
        "failed",
        "5.1.10",
        "smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
        H,
    ),
    "Outlook's edge": (
        "failed",
        "5.4.1",
        "smtp;550 5.4.1 Recipient address rejected: Access denied. AS(201806281)",
        H,
    ),
    "Exchange, senders wanted": (
        "failed",
        "5.7.133",
        "smtp;550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup",
        BLOCKED,
    ),
    "Exchange, full": (
        "failed",
        "5.2.2",
        "smtp;554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException",
        B,
    ),
    "Outlook, our network is blocked": (
        "failed",
        "5.7.1",
        "smtp;550 5.7.1 Unfortunately, messages from [192.0.2.1] were not sent: it is on our block list.",
        BLOCKED,
    ),
    "Outlook, unavailable": (
        "failed",
        "5.5.0",
        "smtp;550 5.5.0 Requested action not taken: mailbox unavailable",
        B,
    ),
    "Yahoo, nobody there": (
        "failed",
        "5.0.0",
        "smtp; 554 delivery error: dd This user doesn't have a yahoo.example account - not a valid user",
        H,
    ),
    "Yahoo, waits": ("delayed", "4.7.0", "smtp; 421 4.7.0 [TSS04] Messages temporarily deferred", DEFERRED),
    "a wrong code for a full mailbox": ("failed", "5.1.1", "smtp; 550 5.1.1 mailbox is full", B),
    "a wrong code for a block": ("failed", "5.1.1", "smtp; 550 5.1.1 rejected: on a dnsbl", BLOCKED),
    "a spam filter's host says unknown": (
        "failed",
        "5.1.1",
        "smtp; 550 5.1.1 antispam.example: user unknown",
        H,
    ),
    "too big": ("failed", "5.3.4", "smtp; 552 5.3.4 message size exceeds fixed limit", BLOCKED),
    "content": ("failed", "5.6.0", "smtp; 554 5.6.0 lone line feeds", BLOCKED),
    "our own sender": ("failed", "5.1.8", "smtp; 553 5.1.8 sender's domain does not exist", BLOCKED),
    "a loop": ("failed", "5.4.6", "smtp; 554 5.4.6 too many hops", B),
    "nothing but a code": ("failed", "5.1.1", "", H),
    "nothing but 5.0.0": ("failed", "5.0.0", "", B),
    "no code at all": ("failed", "", "", B),
    "an address that looks like a code": (
        "failed",
        "5.0.0",
        "smtp; 550 blocked, 5.1.1.20 is listed",
        BLOCKED,
    ),
    "a comment behind it": ("failed (never mind)", "5.1.1 (bad mailbox)", "", H),
    "delivered": ("delivered", "2.1.5", "smtp; 250 2.1.5 Ok", (EventKind.DELIVERED, False)),
    "to a list": ("expanded", "2.0.0", "", (EventKind.DELIVERED, False)),
    "handed on": ("relayed", "2.0.0", "", (EventKind.PROCESSED, False)),
    "no action": ("", "5.1.1", "", None),
    "another action": ("exploded", "5.1.1", "", None),
}


@pytest.mark.parametrize(("action", "status", "diagnostic", "expected"), SAID.values(), ids=SAID)
def test_what_a_server_says_of_an_address(
    action: str, status: str, diagnostic: str, expected: tuple[EventKind, bool] | None
) -> None:
    found = read(mails.report(mails.recipient(action, status, diagnostic), to=VERP, message_id=ID))
    assert found.sort is Sort.STATUS
    assert [(one.kind, one.is_permanent) for one in found.reports] == ([expected] if expected else [])


def is_ours(found: Notification) -> bool:
    """Whether it was recognised by the trace and by the id."""
    (one,) = found.traces
    return (
        (one.batch, one.reader_id) == (3, 7) and one.is_of(KEY, EDITION) and found.ids == (ID.split("@")[0],)
    )


EXIM = mails.report(
    mails.recipient(
        "failed", "5.0.0", "smtp; 550 5.1.1 No such user", more="\nRemote-MTA: dns; mx.example.org"
    ),
    to=VERP,
    message_id=ID,
    extra=f"X-Failed-Recipients: {mails.TO}\n",
    returned_kind="text/rfc822-headers",
)
EXCHANGE = (
    f"To: {VERP}\nSubject: Undeliverable: The bridge\nDate: Tue, 10 Mar 2026 12:00:00 +0000\n"
    'Content-Type: multipart/mixed; boundary="outer"\n\n--outer\n'
    'Content-Type: multipart/report; report-type=delivery-status; boundary="outer-1"\n\n'
    '--outer-1\nContent-Type: multipart/alternative; boundary="outer-1-1"\n\n'
    "--outer-1-1\nContent-Type: text/plain\n\nIt could not be delivered.\n--outer-1-1\n"
    "Content-Type: text/html\n\n<p>It could not be delivered.</p>\n--outer-1-1--\n\n"
    "--outer-1\nContent-Type: message/delivery-status\n\nReporting-MTA: dns;mail.example.org\n\n"
    f"Final-Recipient: rfc822;{mails.TO}\nAction: failed\nStatus: 5.1.10\n"
    "Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound;\n Recipient not found\n\n"
    f"--outer-1\nContent-Type: message/rfc822\n\n{mails.head(VERP, ID, samples.NOON)}\n--outer-1--\n"
    "--outer\nContent-Type: text/plain\n\nThis mail was scanned.\n--outer--\n"
).encode()
CODED = (
    b"To: <" + VERP.encode() + b">\nDate: Tue, 10 Mar 2026 12:00:00 +0000\n"
    b"Content-Type: multipart/report; report-type=delivery-status; boundary=xyz\n\n"
    b"--xyz\nContent-Type: text/plain; charset=shift_jis\n\n\x83\x81\x81[\x83\x8b\n"
    b"--xyz\nContent-Type: message/global-delivery-status\nContent-Transfer-Encoding: base64\n\n"
    b"UmVwb3J0aW5nLU1UQTogZG5zOyBteAoKRmluYWwtUmVjaXBpZW50OiByZmM4MjI7IGFAYi5leGFt\n"
    b"cGxlCkFjdGlvbjogZmFpbGVkClN0YXR1czogNS4xLjEKRGlhZ25vc3RpYy1Db2RlOiBzbXRwOyA1\n"
    b"NTAgNS4xLjEgbm8K\n"
    b"--xyz\nContent-Type: message/rfc822\nContent-Transfer-Encoding: quoted-printable\n\n"
    b"Message-ID=3A <" + ID.encode() + b">\n\n--xyz--\n"
)
FAILED = mails.failed()
SHAPES = {
    "Postfix": mails.report(FAILED, to=VERP, message_id=ID),
    "with CRLF": mails.report(FAILED, to=VERP, message_id=ID, lines="\r\n"),
    "Exim": EXIM,
    "Exchange, wrapped": EXCHANGE,
    "coded, in another charset": CODED,
    "cut off in the text that came back": mails.report(FAILED, to=VERP, message_id=ID)[:-40],
    "of 10 MB": mails.report(
        FAILED, to=VERP, message_id=ID, returned=mails.head(VERP, ID, samples.NOON) + "\n" + "x" * 10_000_000
    ),
    "out of an mbox": b"From MAILER-DAEMON Tue Mar 10 12:00:00 2026\n"
    + mails.report(FAILED, to=VERP, message_id=ID),
    "a boundary that another begins with": mails.report(
        FAILED, to=VERP, message_id=ID, boundary="b", text="--bb\nno part\n--b0--\n"
    ),
    "the address in capitals": mails.report(FAILED, to=VERP.upper(), message_id=ID),
    "rewritten on its way": mails.report(
        FAILED, to=f"SRS0=a1=b2=quay.example={VERP.split('@')[0]}@relay.example", message_id=ID
    ),
    "known by its envelope's id": mails.report(FAILED, message_id=ID, envelope_id=TRACE),
}


@pytest.mark.parametrize("raw", SHAPES.values(), ids=SHAPES)
def test_the_shapes_that_notifications_have(raw: bytes) -> None:
    found = read(raw)
    assert is_ours(found)
    assert found.sort is Sort.STATUS
    assert [(one.kind, one.is_permanent) for one in found.reports] == [H]
    assert found.sent == samples.NOON


def test_several_recipients_are_told_apart() -> None:
    found = read(
        mails.report(
            mails.recipient("relayed", "2.0.0", to="one@example.org"),
            mails.recipient("failed", "5.1.1", to="two@example.org"),
            mails.recipient("delayed", "4.4.1", to="three@example.org"),
        )
    )
    kinds = [EventKind.PROCESSED, EventKind.BOUNCE, EventKind.DEFERRED]
    assert [one.kind for one in found.reports] == kinds
    assert [one.addresses[0] for one in found.reports] == [
        f"{name}@example.org" for name in ("one", "two", "three")
    ]


def test_what_is_attached_is_not_what_is_said() -> None:
    inside = mails.report(FAILED, to=VERP, message_id=ID).decode()
    delayed = mails.recipient("delayed", "4.4.1", to="a@b.example")
    found = read(mails.report(delayed, returned=inside))
    assert [one.kind for one in found.reports] == [EventKind.DEFERRED]
    assert (found.traces, found.ids) == ((), ())
    forwarded = f"To: us@quay.example\nContent-Type: message/rfc822\n\n{inside}"
    assert read(forwarded.encode()) == Notification(Sort.UNKNOWN, ids=(ID.split("@")[0],))


def test_an_answer_to_our_mail_that_came_back_is_not_our_mail() -> None:
    answer = f"Message-ID: <else@example.org>\nIn-Reply-To: <{ID}>\nReferences: <{ID}>\n\nThank you.\n"
    assert read(mails.report(FAILED, returned=answer)).ids == ()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("abuse", EventKind.SPAM_REPORT),
        ("Fraud", EventKind.SPAM_REPORT),
        ("opt-out", EventKind.UNSUBSCRIBE),
        ("not-spam", None),
        ("auth-failure", None),
        ("virus", None),
        ("other", None),
    ],
)
def test_complaints(kind: str, expected: EventKind | None) -> None:
    found = read(mails.complaint(kind, to=VERP, message_id=ID))
    assert found.sort is Sort.COMPLAINT
    assert [one.kind for one in found.reports] == ([expected] if expected else [])
    assert is_ours(found)


OTHERS = {
    "qmail": (mails.plain(mails.QMAIL + mails.head(VERP, ID, samples.NOON), to=VERP), Sort.UNKNOWN),
    "old Exim": (
        mails.plain("A message that you sent could not be delivered.", to=VERP, X_Failed_Recipients=mails.TO),
        Sort.UNKNOWN,
    ),
    "somebody writes": (mails.plain("Please stop.", to=VERP), Sort.UNKNOWN),
    "out of office": (
        mails.plain("I am away.", to=VERP, Auto_Submitted="auto-replied", Subject="Out of office"),
        Sort.AUTOMATIC,
    ),
    "a machine": (mails.plain("Thank you!", to=VERP, Auto_Submitted="auto-generated; x=y"), Sort.AUTOMATIC),
    "an old machine": (mails.plain("Thank you!", to=VERP, Precedence="auto_reply"), Sort.AUTOMATIC),
    "an older one": (mails.plain("Thank you!", to=VERP, X_Autoreply="yes"), Sort.AUTOMATIC),
    "no machine": (mails.plain("Thank you!", to=VERP, Auto_Submitted="no"), Sort.UNKNOWN),
    "a read receipt": (
        mails.report(
            "Disposition: automatic-action/MDN-sent-automatically; deleted",
            to=VERP,
            message_id=ID,
            kind="disposition-notification",
        ),
        Sort.AUTOMATIC,
    ),
}


@pytest.mark.parametrize(("raw", "sort"), OTHERS.values(), ids=OTHERS)
def test_whatever_else_says_nothing_of_an_address(raw: bytes, sort: Sort) -> None:
    found = read(raw)
    assert (found.sort, found.reports) == (sort, ())
    assert [one.reader_id for one in found.traces] == [7]


def test_no_address_and_nothing_that_breaks_a_line_is_left_in_a_reason() -> None:
    said = (
        (
            "smtp; 550 5.1.1 <anna.peeters@example.org>: anna.peeters unknown (Anna.Peeters)\x00\x1b[31m\r\n"
            " Subject: no\u2028header\ud83d"
        )
        .encode("utf-8", "surrogatepass")
        .decode("utf-8", "replace")
    )
    (one,) = read(mails.report(mails.recipient("failed", "5.1.1", said), to=VERP, message_id=ID)).reports
    assert "peeters" not in one.reason.lower()
    assert one.reason.startswith(
        "5.1.1 550 5.1.1 (address): (address) unknown ((address)) [31m Subject: no header"
    )
    assert one.reason.isprintable()
    assert len(one.reason) <= 300


def test_the_date_may_be_anything() -> None:
    for date in ("", "yesterday", "Tue, 10 Mar 99999 12:00:00 +0000", "\x00", "Tue, 10 Mar 2026"):
        assert read(mails.plain("x", Date=date)).sent is None


def hostile(depth: int) -> bytes:
    """Parts in parts, as deep as that."""
    lines = [
        f"Content-Type: multipart/mixed; boundary=b{number:05}\n\n--b{number:05}\n" for number in range(depth)
    ]
    return "".join(lines).encode()


HOSTILE = {
    "deep": hostile(20_000),
    "deep reports": hostile(20_000).replace(b"multipart/mixed", b"multipart/report"),
    "one boundary a thousand times": b"Content-Type: multipart/report; boundary=b\n\n" + b"--b\n" * 300_000,
    "half a boundary": b"Content-Type: multipart/report; boundary=b\n\n" + b"--bb\n" * 200_000,
    "fields without end": b"A: b\n" * 200_000,
    "one field without end": b"A:" + b" b\n" * 300_000,
    "a boundary without end": b'Content-Type: multipart/report; boundary="' + b"\\" * 900_000,
    "groups without end": mails.report(*["Action: failed"] * 50_000, to=VERP),
    "a type without end": b"Content-Type: " + b"a" * 120_000 + b"/",
    "a diagnosis without end": mails.report(mails.recipient("failed", "5.0.0", "user " * 150_000)),
    "an address without end": mails.report(f"Final-Recipient: rfc822; {'a@' * 100_000}b\nAction: failed"),
    "recipients without end": mails.report("Final-Recipient: rfc822; a@b.c\n" * 30_000 + "Action: failed"),
    "digits without end": mails.plain("0" * 1_000_000, to="0" * 100_000),
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_mail_takes_no_time(raw: bytes) -> None:
    begun = time.process_time()
    read(raw)
    assert time.process_time() - begun < 0.5


PIECES = st.sampled_from(
    [
        *(line + b"\n" for line in SHAPES["Postfix"].split(b"\n")),
        *(line + b"\n" for line in mails.complaint(to=VERP).split(b"\n")),
        b"\n",
        b"--b0und/4ry\n",
        b"--b0und/4ry--\n",
        b"\x00",
        b"\xff\xfe",
        b"Content-Transfer-Encoding: base64\n",
        b"Content-Type: multipart/report; boundary=b0und/4ry\n",
        b"=\n",
        b"Status: 5.1.1\n",
        b": x\n",
        b" folded\n",
    ]
)


@given(st.binary() | st.lists(PIECES | st.binary(max_size=20), max_size=60).map(b"".join))
@example(b"")
@example(b"\n")
@example(b"\n\n\n")
def test_any_bytes_are_read(raw: bytes) -> None:
    for one in read(raw).reports:
        assert one.reason.isprintable()
        assert "@" not in one.reason


@given(st.integers(0, 3_000), st.binary(max_size=8))
def test_a_notification_with_a_hole_is_read(place: int, hole: bytes) -> None:
    whole = SHAPES["Postfix"]
    read(whole[:place] + hole + whole[place + 8 :])


@given(st.text(), st.text(), st.text())
def test_any_words_mean_something(action: str, status: str, diagnostic: str) -> None:
    meaning(action, status, diagnostic)
    kind, is_permanent = meaning("failed", status, diagnostic) or (None, False)
    assert kind in (EventKind.BOUNCE, EventKind.BLOCKED)
    assert kind is EventKind.BOUNCE or not is_permanent


def test_no_more_than_the_beginning_is_looked_at() -> None:
    whole = mails.report(FAILED, to=VERP, message_id=ID, text="x" * LARGEST_READ)
    assert read(whole).reports == ()
