"""The faults, for each provider: what is done to it, and what has to become of an edition of six readers.

They go in two batches of three. *first* is their state after the run in which it happens, *last* after the
runs that follow once it is over; `says` is a part of what the operator reads.
"""

from __future__ import annotations

import json
import shutil
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.faults.bench import Carrier, Fails, full_disk, outbox, sendgrid, smtp
from tests.newsletter.delivering import KEY, NOW
from tests.servers.certificate import certificate, serving
from tests.servers.http import Answer, Fault, full_url, refusing_url
from tests.servers.smtp import ALL, PASSWORD, USER, Cut
from tests.servers.smtp import Fault as Break

SENT, NOTHING = "6 accepted", "6 planned"
HALF = "3 accepted, 3 uncertain"
"""One batch is uncertain, and the other one goes out all the same."""
ONE_LOST = "5 accepted, 1 uncertain"
ONE_REFUSED = "5 accepted, 1 refused"

DONE, FAILED, HELD = 0, 1, 3
"""A run's exit status."""


@dataclass(frozen=True)
class Case:
    """One fault of one provider."""

    provider: str
    fault: str
    """In words, after *the server*, or *the disk*."""
    fails: Fails
    first: str
    last: str
    exit: int
    says: str = ""
    is_silent: bool = False
    """The provider has to be given up at some time: it is given little."""
    waits: float = 0.0
    """Seconds that the run has to wait at least, as it was asked to."""
    is_ours: bool = False
    """It lasts until a person mends it."""

    @property
    def name(self) -> str:
        """For the test."""
        return f"{self.provider}: {self.fault}"


def _errors(message: str, field: str | None) -> bytes:
    return json.dumps({"errors": [{"message": message, "field": field, "help": None}]}).encode()


def _http(fault: str, answer: Answer, first: str, last: str, exit_: int, says: str = "", **more: Any) -> Case:
    def fails(_: Path) -> AbstractContextManager[Carrier]:
        return sendgrid(answer)

    return Case("SendGrid", fault, fails, first, last, exit_, says, **more)


def _lost(fault: str, answer: Answer, *, is_silent: bool = False) -> Case:
    """SendGrid may have it: that batch is held, the other one goes out."""
    return _http(fault, answer, HALF, HALF, HELD, "no answer from SendGrid", is_silent=is_silent)


def _later(fault: str, answer: Answer, says: str) -> Case:
    """SendGrid certainly took nothing, and the run ends."""
    return _http(fault, answer, NOTHING, SENT, FAILED, says)


def _ours(fault: str, answer: Answer, says: str) -> Case:
    """SendGrid took nothing, and takes nothing until somebody mends it."""
    return _http(fault, answer, NOTHING, SENT, FAILED, says, is_ours=True)


def _waited(fault: str, answer: Answer, seconds: float) -> Case:
    """SendGrid asks for a wait that a run has the patience for."""
    return _http(fault, answer, SENT, SENT, DONE, waits=seconds)


def _date(seconds: int) -> str:
    return format_datetime((NOW + timedelta(seconds=seconds)).astimezone(), usegmt=False)


def _tls(fault: str, answer: Answer, first: str, last: str, exit_: int, says: str, **more: Any) -> Case:
    def fails(folder: Path) -> AbstractContextManager[Carrier]:
        path = certificate(folder)
        return sendgrid(answer, tls=serving(path), trusted=path)

    return Case("SendGrid", fault, fails, first, last, exit_, says, **more)


def _unsafe(fault: str, how: Fault, **more: Any) -> Case:
    return _tls(fault, Answer(fault=how), NOTHING, SENT, FAILED, "reached", **more)


def _untrusted(folder: Path) -> AbstractContextManager[Carrier]:
    path = certificate(folder)
    return sendgrid(tls=serving(path), mended=path)


def _elsewhere(url: Callable[[], Any]) -> Fails:
    return lambda _: sendgrid(url=url())


BYE = "421 4.3.2 bye"
OK = {"X-Message-Id": "m"}

SENDGRID = (
    Case("SendGrid", "refuses the connection", _elsewhere(refusing_url), NOTHING, SENT, FAILED, "reached"),
    Case(
        "SendGrid", "has no connection left", _elsewhere(full_url), NOTHING, SENT, FAILED, "reached",
        is_silent=True,
    ),
    _unsafe("resets before the TLS handshake", Fault.RESET_AT_ONCE),
    _unsafe("resets in the TLS handshake", Fault.RESET_IN_HANDSHAKE),
    _unsafe("hangs in the TLS handshake", Fault.HANG_IN_HANDSHAKE, is_silent=True),
    Case(
        "SendGrid", "has a certificate nobody trusts", _untrusted, NOTHING, SENT, FAILED, "sendgrid.base_url",
        is_ours=True,
    ),
    _tls("drops TLS in the body", Answer(fault=Fault.RESET_IN_BODY), HALF, HALF, HELD, "no answer"),
    _tls("drops TLS after the body", Answer(fault=Fault.RESET_AFTER_BODY), HALF, HALF, HELD, "no answer"),
    _lost("accepts and resets at once", Answer(fault=Fault.RESET_AT_ONCE)),
    _lost("hangs before the body", Answer(fault=Fault.HANG_BEFORE_BODY), is_silent=True),
    _lost("hangs in the body", Answer(fault=Fault.HANG_IN_BODY), is_silent=True),
    _lost("hangs after the body", Answer(fault=Fault.HANG_AFTER_BODY), is_silent=True),
    _lost("resets before the body", Answer(fault=Fault.RESET_BEFORE_BODY)),
    _lost("resets in the body", Answer(fault=Fault.RESET_IN_BODY)),
    _lost("resets after the body", Answer(fault=Fault.RESET_AFTER_BODY)),
    *(_lost(f"resets at byte {at:,}", Answer(fault=Fault.RESET_AT, at=at)) for at in (1, 150, 1_500)),
    _lost("accepts and loses the answer", Answer(fault=Fault.DISCONNECT)),
    _lost("hangs up in the status line", Answer(fault=Fault.CUT_STATUS)),
    *(
        _lost(f"resets the answer at byte {at}", Answer(headers=OK, fault=Fault.RESET_ANSWER_AT, at=at))
        for at in (0, 12, 40)
    ),
    _lost("answers for ever, byte by byte", Answer(fault=Fault.DRIP, raw=b"HTTP/1.1 "), is_silent=True),
    _http("answers byte by byte", Answer(headers=OK, fault=Fault.SLOW), SENT, SENT, DONE),
    _http(
        "hangs in the answer to 202", Answer(headers=OK, body=b"half", fault=Fault.HANG_IN_ANSWER),
        SENT, SENT, DONE, is_silent=True,
    ),
    _http(
        "resets in the answer to 202", Answer(headers=OK, body=b"half", fault=Fault.RESET_IN_ANSWER),
        SENT, SENT, DONE,
    ),
    *(
        _http(f"answers {one}", Answer(one), HALF, HALF, HELD, f"answered {one}")
        for one in (200, 500, 502, 504)
    ),
    _http("answers 502 in HTML", Answer(502, body=b"<html>Bad"), HALF, HALF, HELD, "answered 502"),
    *(_ours(f"redirects ({one})", Answer(one, {"Location": "/x"}), "redirects") for one in (302, 307)),
    _ours("answers 401", Answer(401, body=_errors("expired", None)), "check STANDFIRST_SENDGRID_API_KEY"),
    _ours("answers 401 and hangs up before the body", Answer(401, fault=Fault.EARLY), "answered 401"),
    _ours("answers 403 in HTML", Answer(403, body=b"<html>"), "check the key's right"),
    _ours("answers 404", Answer(404), "check sendgrid.base_url"),
    _later("answers 408", Answer(408), "answered 408"),
    _ours("answers 409", Answer(409), "answered 409"),
    _http(
        "answers 400 and names a reader", Answer(400, body=_errors("bad", "personalizations.1.to.0.email")),
        ONE_REFUSED, ONE_REFUSED, DONE, "bad",
    ),
    _http("answers 400 and names nobody", Answer(400, body=b"<html>Bad"), SENT, SENT, DONE),
    _ours("answers 400 to the sender", Answer(400, body=_errors("bad", "from.email")), "from.email"),
    _http("answers 413", Answer(413), SENT, SENT, DONE),
    _http("answers 413 before the body", Answer(413, fault=Fault.EARLY), SENT, SENT, DONE),
    _later("answers 429", Answer(429), "answered 429"),
    _later("answers 429 in no JSON", Answer(429, body=b"slow down"), "answered 429"),
    _later("answers 429, Retry-After an hour", Answer(429, {"Retry-After": "3600"}), "answered 429"),
    _later("answers 429, Retry-After nonsense", Answer(429, {"Retry-After": "soon"}), "answered 429"),
    _waited("answers 429, Retry-After 20", Answer(429, {"Retry-After": "20"}), 20),
    _waited(
        "answers 429, Retry-After a date", Answer(429, {"Retry-After": _date(9), "Date": _date(0)}), 9
    ),
    _waited(
        "answers 429, X-RateLimit-Reset",
        Answer(429, {"X-RateLimit-Reset": str(int(NOW.timestamp()) + 9), "Date": _date(0)}),
        9,
    ),
    _later("answers 503", Answer(503, body=b"<html>"), "answered 503"),
    _waited("answers 503, Retry-After 5", Answer(503, {"Retry-After": "5"}), 5),
)  # fmt: skip


def _mail(
    fault: str, plan: dict[Any, Any], first: str, last: str, exit_: int, says: str, **more: Any
) -> Case:
    options = {name: more.pop(name) for name in ("settings", "is_slow", "most", "thinks") if name in more}
    return Case("SMTP", fault, lambda _: smtp(plan, **options), first, last, exit_, says, **more)


def _none(fault: str, plan: dict[Any, Any], says: str, **more: Any) -> Case:
    """Nothing of it was taken, and the run ends."""
    return _mail(fault, plan, NOTHING, SENT, FAILED, says, **more)


def _cut(fault: str, plan: dict[Any, Any], says: str = "closed", **more: Any) -> Case:
    """The second message may have been taken; those after it wait for the next run."""
    return _mail(fault, plan, "4 planned, 1 accepted, 1 uncertain", ONE_LOST, HELD, says, **more)


def _again(fault: str, plan: dict[Any, Any], says: str, **more: Any) -> Case:
    """Certainly not taken from the second message on."""
    return _mail(fault, plan, "5 planned, 1 accepted", SENT, FAILED, says, **more)


def _secured(
    fault: str,
    plan: dict[Any, Any],
    says: str = "connection",
    came: tuple[str, str, int] = (NOTHING, SENT, FAILED),
    security: str = "starttls",
    **more: Any,
) -> Case:
    first, last, exit_ = came

    def fails(folder: Path) -> AbstractContextManager[Carrier]:
        path = certificate(folder)
        trusted = ssl.create_default_context(cafile=str(path))
        return smtp(
            plan,
            tls=serving(path),
            is_tls_at_once=security == "tls",
            trusted=trusted,
            settings={"security": security},
        )

    return Case("SMTP", fault, fails, first, last, exit_, says, **more)


def _wrong_host(folder: Path) -> AbstractContextManager[Carrier]:
    path = certificate(folder, "127.0.0.2")
    trusted = ssl.create_default_context(cafile=str(path))
    # Trusted, but for another address; mended by naming the host that it is for.
    settings = {"security": "starttls"}
    return smtp(tls=serving(path), trusted=trusted, settings=settings, mended={"security": "plain"})


@contextmanager
def _unreached(_: Path) -> Iterator[Carrier]:
    with refusing_url() as url, smtp(settings={"port": urlsplit(url).port}) as carrier:
        carrier.mended = {"port": carrier.server.port}  # type: ignore[attr-defined] # it is a mail server
        yield carrier


def _log_in(plan: dict[Any, Any], password: str) -> Fails:
    options = {"extensions": (*ALL, "AUTH PLAIN"), "wants_login": True, "settings": {"user": USER}}
    return lambda _: smtp(plan, password=password, **options)


SMTP = (
    Case("SMTP", "refuses the connection", _unreached, NOTHING, SENT, FAILED, "connection failed"),
    _none("hangs in the greeting", {("GREETING", 1): Break.HANG}, "in time", is_silent=True),
    _none("closes instead of a greeting", {("GREETING", 1): Break.CLOSE}, "closed the connection"),
    _none("resets instead of a greeting", {("GREETING", 1): Break.RESET}, "connection"),
    _none("greets with 421", {("GREETING", 0): "421 4.3.2 too busy"}, "4.3.2"),
    _none("greets with 554", {("GREETING", 0): "554 5.7.1 not you"}, "5.7.1", is_ours=True),
    _secured("refuses STARTTLS for now", {("STARTTLS", 1): "454 4.7.0 later"}, "4.7.0"),
    _secured("resets in the TLS handshake", {("TLS", 1): Break.RESET}),
    _secured("closes in the TLS handshake", {("TLS", 1): Break.CLOSE}),
    _secured("hangs in the TLS handshake", {("TLS", 1): Break.HANG}, "in time", is_silent=True),
    _secured("resets before the TLS handshake", {("TLS", 1): Break.RESET}, security="tls"),
    Case(
        "SMTP", "has a certificate for another host", _wrong_host, NOTHING, SENT, FAILED, "certificate",
        is_ours=True,
    ),
    _secured(
        "drops TLS between two messages", {("MAIL", 2): Break.RESET},
        came=("5 planned, 1 accepted", SENT, FAILED),
    ),
    _secured(
        "drops TLS after a final dot", {("TEXT", 2): Break.RESET},
        came=("4 planned, 1 accepted, 1 uncertain", ONE_LOST, HELD),
    ),
    Case(
        "SMTP", "does not know the password", _log_in({}, "no"), NOTHING, SENT, FAILED, "STANDFIRST_SMTP",
        is_ours=True,
    ),
    Case(
        "SMTP", "cannot look up the password now", _log_in({("AUTH", 1): "454 4.7.0 later"}, PASSWORD),
        NOTHING, SENT, FAILED, "4.7.0",
    ),
    _none("refuses the sender", {("MAIL", 0): "550 5.7.1 no"}, "envelope sender", is_ours=True),
    _again("says 451 to the sender of the second", {("MAIL", 2): "451 4.7.1 slow down"}, "4.7.1"),
    _mail(
        "refuses one recipient", {("RCPT", 2): "550 5.1.1 <reader2@example.org> unknown"},
        ONE_REFUSED, ONE_REFUSED, DONE, "5.1.1",
    ),
    _mail("refuses one text", {("TEXT", 2): "554 5.6.0 no"}, ONE_REFUSED, ONE_REFUSED, DONE, "5.6.0"),
    _mail(
        "says 451 to one recipient", {("RCPT", 2): "451 4.7.1 greylisted"}, "1 planned, 5 accepted", SENT,
        FAILED, "4.7.1",
    ),
    _mail(
        "says 452 to one text", {("TEXT", 2): "452 4.3.1 full"}, "1 planned, 5 accepted", SENT, FAILED,
        "4.3.1",
    ),
    *(
        _mail(f"says 421 at {verb}", {(verb, 2): "421 4.3.2 bye"}, SENT, SENT, DONE, "")
        for verb in ("MAIL", "RCPT", "DATA", "TEXT")
    ),
    _again("says 421, and to a new connection too", {("MAIL", 2): BYE, ("MAIL", 3): BYE}, "4.3.2"),
    _again("hangs at the second sender", {("MAIL", 2): Break.HANG}, "in time", is_silent=True),
    _again("resets at a recipient", {("RCPT", 2): Break.RESET}, "connection"),
    _cut("hangs in a text", {("DATA", 2): Cut(40, Break.HANG)}, "in time", is_silent=True),
    _cut("resets in a text", {("DATA", 2): Cut(40, Break.RESET)}, "connection"),
    _cut("hangs after a final dot", {("TEXT", 2): Break.HANG}, "in time", is_silent=True),
    _cut("accepts and loses the answer", {("TEXT", 2): Break.CLOSE}),
    _cut("resets after a final dot", {("TEXT", 2): Break.RESET}, "connection"),
    _cut("answers nonsense to a text", {("TEXT", 2): "hello"}, "no SMTP reply"),
    _again("answers nonsense to a sender", {("MAIL", 2): "hello"}, "no SMTP reply"),
    _mail("speaks byte by byte", {}, SENT, SENT, DONE, "", is_slow=True),
    _mail(
        "takes one connection where four are asked for", {}, SENT, SENT, DONE, "", most=1,
        thinks=0.02, settings={"connections": 4, "window": 1},
    ),
)  # fmt: skip


def _disk(fault: str, spoil: Any, first: str, says: str, repair: Any = lambda _: None) -> Case:
    return Case("outbox", fault, lambda folder: outbox(folder, spoil, repair), first, SENT, FAILED, says)


def _is_a_file(folder: Path) -> None:
    folder.write_text("in the way")


def _is_taken(folder: Path) -> None:
    (folder / KEY / "00000002.eml" / "in the way").mkdir(parents=True)


OUTBOX = (
    _disk("is full at the first file", full_disk(1), NOTHING, "free the disk"),
    _disk("is full at the last file of a batch", full_disk(3), NOTHING, "free the disk"),
    _disk("is full at the second batch", full_disk(5), "3 planned, 3 accepted", "free the disk"),
    _disk("has a file where the folder is to be", _is_a_file, NOTHING, "cannot be written", Path.unlink),
    _disk(
        "takes no file in the place of a message", _is_taken, "5 planned, 1 accepted", "cannot be written",
        lambda folder: shutil.rmtree(folder / KEY / "00000002.eml"),
    ),
)  # fmt: skip

CASES = (*SENDGRID, *SMTP, *OUTBOX)
