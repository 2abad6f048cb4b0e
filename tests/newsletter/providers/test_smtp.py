"""SMTP against servers that fail at every step, and against two that are not ours."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from newsletter.mail.message import Prepared
from newsletter.providers import Answer, Batch, Outcome
from newsletter.providers.smtp import Smtp
from newsletter.providers.smtp_connection import Reply
from newsroom.errors import ProviderError
from newsroom.secrets import Secrets
from newsroom.settings import SmtpSettings
from tests.newsletter import mail
from tests.servers.smtp import ALL, PASSWORD, USER, Cut, Fault, Server, Step

A, R, N, U = Answer.ACCEPTED, Answer.REFUSED, Answer.NOT_NOW, Answer.UNCERTAIN
SLOW = ALL[1:]
"""Every extension but PIPELINING."""
SIZE = len(Prepared(mail.letter(), mail.envelope()).message(mail.recipient()))

SOON, PATIENT = 0.3, 20.0
"""Seconds after which a server that never answers is given up; where none is silent, a machine that is busy
with other things must not look so."""


def secrets(password: str = PASSWORD) -> Secrets:
    return Secrets(signing_keys=(), address_key=b"", smtp_password=password)


@contextmanager
def provider(port: int, *, password: str = PASSWORD, context: Any = None, **settings: Any) -> Iterator[Smtp]:
    value = SmtpSettings(host="127.0.0.1", port=port, security="plain", timeout=PATIENT)
    made = Smtp(replace(value, **settings), secrets(password), context)
    try:
        yield made
    finally:
        made.close()


def sent(server: Server, batch: Batch | None = None, **settings: Any) -> Outcome:
    with provider(server.port, **settings) as smtp:
        return smtp.hand_over(batch or mail.batch(4))


def answers(outcome: Outcome, readers: int = 4) -> list[Answer]:
    """Each reader's answer, their own or the batch's."""
    return [outcome.own.get(number, (outcome.answer, ""))[0] for number in range(1, readers + 1)]


@pytest.mark.parametrize("extensions", [ALL, SLOW, ()], ids=["pipelining", "one by one", "bare"])
def test_messages_arrive_byte_for_byte(extensions: tuple[str, ...]) -> None:
    batch = mail.batch(4, letter=mail.letter(text=(".\n..\nFrom here\n" + "x" * 200,), html=("<p>.é</p>",)))
    with Server(extensions) as server:
        assert sent(server, batch) == Outcome(Answer.ACCEPTED)
    prepared = Prepared(batch.letter, batch.envelope)
    assert [got.text for got in server.got] == [prepared.message(reader) for reader in batch.recipients]
    assert [got.recipient for got in server.got] == [reader.address for reader in batch.recipients]
    assert {got.sender for got in server.got} == {"bounces@quay.example"}
    assert server.commands[-1].upper() == "QUIT"
    sizes = {got.parameters for got in server.got}
    assert sizes == ({f"SIZE={len(server.got[0].text)}"} if extensions else {""})


FAULTS: dict[str, tuple[dict[Step, str | Fault | Cut], list[Answer], str]] = {
    "recipient unknown": ({("RCPT", 2): "550 5.1.1 <reader2@example.org> unknown"}, [A, R, A, A], "5.1.1"),
    "recipient greylisted": ({("RCPT", 2): "451 4.7.1 later"}, [A, N, A, A], "4.7.1"),
    "every recipient": ({("RCPT", 0): "550 5.1.1 no"}, [R, R, R, R], "5.1.1"),
    "last recipient": ({("RCPT", 4): "550 5.1.1 no"}, [A, A, A, R], "5.1.1"),
    "recipient and yet go on": ({("RCPT", 2): "550 no", ("DATA", 2): "354 go on"}, [A, R, A, A], "550"),
    "DATA refused": ({("DATA", 2): "554 5.7.1 no"}, [A, R, A, A], "5.7.1"),
    "DATA not now": ({("DATA", 2): "451 4.3.0 wait"}, [A, N, A, A], "4.3.0"),
    "DATA answered oddly": ({("DATA", 2): "250 what"}, [A, N, A, A], "250 what"),
    "content refused": ({("TEXT", 2): "554 5.6.0 spam"}, [A, R, A, A], "5.6.0"),
    "content not now": ({("TEXT", 2): "452 4.3.1 full"}, [A, N, A, A], "4.3.1"),
    "too big": ({("MAIL", 2): "552 5.3.4 too big"}, [A, R, A, A], "5.3.4"),
    "sender refused": ({("MAIL", 2): "550 5.7.1 no"}, [A, *[Answer.STOP] * 3], "envelope sender"),
    "sender not now": ({("MAIL", 2): "450 4.7.1 slow down"}, [A, N, N, N], "4.7.1"),
    "login wanted at MAIL": ({("MAIL", 2): "530 5.7.0 log in"}, [A, *[Answer.STOP] * 3], "smtp.user"),
    "login wanted at RCPT": ({("RCPT", 2): "530 5.7.0 log in"}, [A, *[Answer.STOP] * 3], "smtp.user"),
    "login wanted at TEXT": ({("TEXT", 2): "535 5.7.0 log in"}, [A, *[Answer.STOP] * 3], "smtp.user"),
    "421 at MAIL": ({("MAIL", 3): "421 4.3.2 bye"}, [A, A, A, A], ""),
    "421 at RCPT": ({("RCPT", 3): "421 4.3.2 bye"}, [A, A, A, A], ""),
    "421 at DATA": ({("DATA", 3): "421 4.3.2 bye"}, [A, A, A, A], ""),
    "421 for the content": ({("TEXT", 2): "421 4.3.2 bye"}, [A, A, A, A], ""),
    "421 at RSET": ({("RCPT", 2): "550 no", ("RSET", 1): "421 4.3.2 bye"}, [A, R, A, A], "550"),
    "421 at the first MAIL": ({("MAIL", 1): "421 4.3.2 bye"}, [N, N, N, N], "4.3.2"),
    "421 twice": ({("MAIL", 3): "421 4.3.2 bye", ("MAIL", 4): "421 4.3.2 bye"}, [A, A, N, N], "4.3.2"),
    "421 and again": ({("MAIL", 2): "421 4.3.2 bye", ("MAIL", 4): "421 4.3.2 bye"}, [A, A, A, A], ""),
    "421 and no more": ({("MAIL", 3): "421 bye", ("GREETING", 2): "421 4.3.2 busy"}, [A, A, N, N], "4.3.2"),
    "closes at MAIL": ({("MAIL", 3): Fault.CLOSE}, [A, A, N, N], "connection"),
    "resets at RCPT": ({("RCPT", 3): Fault.RESET}, [A, A, N, N], "connection"),
    "closes at DATA": ({("DATA", 3): Fault.CLOSE}, [A, A, N, N], "connection"),
    "hangs at MAIL": ({("MAIL", 2): Fault.HANG}, [A, N, N, N], "in time"),
    "hangs at DATA": ({("DATA", 2): Fault.HANG}, [A, N, N, N], "in time"),
    "closes after the final dot": ({("TEXT", 2): Fault.CLOSE}, [A, U, N, N], "connection"),
    "resets after the final dot": ({("TEXT", 2): Fault.RESET}, [A, U, N, N], "connection"),
    "hangs after the final dot": ({("TEXT", 2): Fault.HANG}, [A, U, N, N], "in time"),
    "closes after the last final dot": ({("TEXT", 4): Fault.CLOSE}, [A, A, A, U], "connection"),
    "nonsense after the final dot": ({("TEXT", 2): "hello there"}, [A, U, N, N], "no SMTP reply"),
    "a question after the final dot": ({("TEXT", 2): "354 more?"}, [A, U, N, N], "neither yes nor no"),
    "nonsense at RCPT": ({("RCPT", 2): "hello there"}, [A, N, N, N], "no SMTP reply"),
    "closes after the last answer": ({("QUIT", 1): Fault.CLOSE}, [A, A, A, A], ""),
}


@pytest.mark.parametrize("extensions", [ALL, SLOW], ids=["pipelining", "one by one"])
@pytest.mark.parametrize(("plan", "expected", "reason"), FAULTS.values(), ids=FAULTS)
def test_what_becomes_of_a_batch(
    plan: dict[Step, str | Fault | Cut], expected: list[Answer], reason: str, extensions: tuple[str, ...]
) -> None:
    with Server(extensions, plan) as server:
        is_silent = any(Fault.HANG in (one, getattr(one, "fault", None)) for one in plan.values())
        outcome = sent(server, timeout=SOON if is_silent else PATIENT)
    assert answers(outcome) == expected
    reasons = [outcome.reason, *(why for _, why in outcome.own.values())]
    assert any(reason in why for why in reasons)
    assert not any("reader2" in why for why in reasons), "an address never gets into a reason"
    # Whoever was accepted was taken; nobody was taken whose answer says that they were not.
    taken = {int(got.recipient[6]) for got in server.got}
    assert {number for number, answer in enumerate(expected, 1) if answer is A} <= taken
    assert taken <= {number for number, answer in enumerate(expected, 1) if answer in (A, U)}


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("at", [0, 1, SIZE // 2, SIZE - 1])
def test_a_text_cut_short_was_not_taken_or_is_uncertain(at: int, fault: Fault) -> None:
    """From here a text that went out whole and one that the server stopped reading look alike."""
    with Server(plan={("DATA", 2): Cut(at, fault)}) as server:
        outcome = sent(server, timeout=SOON if fault is Fault.HANG else PATIENT)
    assert answers(outcome) in ([A, U, N, N], [A, N, N, N])
    assert len(server.got) == 1


def test_a_big_text_that_the_server_stops_reading_was_not_taken() -> None:
    """Its final dot never left this machine: that is certain."""
    big = mail.batch(3, letter=mail.letter(html=("<p>" + "x" * 8_000_000 + "</p>",)))
    with Server(plan={("DATA", 2): Cut(5_000)}) as server:
        outcome = sent(server, big)
    assert answers(outcome, 3) == [A, N, N]
    assert len(server.got) == 1


@pytest.mark.parametrize(
    ("plan", "answer", "reason"),
    [
        ({("GREETING", 1): "554 5.7.1 you are listed"}, Answer.STOP, "you are listed"),
        ({("GREETING", 1): "421 4.3.2 too busy"}, Answer.NOT_NOW, "too busy"),
        ({("GREETING", 1): Fault.CLOSE}, Answer.NOT_NOW, "closed the connection"),
        ({("GREETING", 1): Fault.RESET}, Answer.NOT_NOW, "connection"),
        ({("GREETING", 1): Fault.HANG}, Answer.NOT_NOW, "did not answer in time"),
        ({("EHLO", 0): "550 not you"}, Answer.STOP, "not you"),
        ({("EHLO", 0): "451 later"}, Answer.NOT_NOW, "later"),
        ({("AUTH", 1): "454 4.7.0 cannot tell just now"}, Answer.NOT_NOW, "cannot tell"),
        ({("AUTH", 1): "535 5.7.8 wrong, digest, correct horse"}, Answer.STOP, "STANDFIRST_SMTP_PASSWORD"),
        ({("AUTH", 1): Fault.CLOSE}, Answer.NOT_NOW, "closed the connection"),
    ],
)
def test_no_connection_is_no_hand_over(plan: dict[Step, Any], answer: Answer, reason: str) -> None:
    with Server((*ALL, "AUTH PLAIN"), plan) as server:
        outcome = sent(server, user=USER, timeout=SOON if Fault.HANG in plan.values() else PATIENT)
    assert (outcome.answer, outcome.own) == (answer, {})
    assert reason in outcome.reason
    assert f"127.0.0.1:{server.port}" in outcome.reason
    assert PASSWORD not in outcome.reason


def test_a_refused_connection_and_an_unknown_host_are_not_now() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with provider(port) as smtp:
        assert smtp.hand_over(mail.batch(2)) == Outcome(
            Answer.NOT_NOW, f"mail server 127.0.0.1:{port}: the connection failed: Connection refused"
        )


def test_it_logs_in() -> None:
    with Server((*ALL, "AUTH PLAIN LOGIN"), wants_login=True) as server:
        assert sent(server, user=USER) == Outcome(Answer.ACCEPTED)
        assert len(server.got) == 4


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({}, "530 5.7.0 log in first"),
        ({"user": USER, "password": "wrong"}, "535 5.7.8 who are you?"),
        ({"user": USER, "password": "größer"}, "characters that cannot be sent"),
    ],
)
def test_a_login_that_fails_stops_the_run(settings: dict[str, str], reason: str) -> None:
    with Server((*ALL, "AUTH PLAIN LOGIN"), wants_login=True) as server:
        outcome = sent(server, **settings)
    assert (outcome.answer, outcome.own) == (Answer.STOP, {})
    assert reason in outcome.reason
    assert "größer" not in outcome.reason


@pytest.mark.parametrize("extensions", [ALL, (*ALL, "AUTH X-SECRET")])
def test_a_login_that_is_not_offered_stops_the_run(extensions: tuple[str, ...]) -> None:
    with Server(extensions) as server:
        outcome = sent(server, user=USER)
    assert outcome.answer is Answer.STOP
    assert "smtp.user" in outcome.reason


def test_the_log_holds_no_secret_and_no_address(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Server((*ALL, "AUTH PLAIN"), {("RCPT", 1): "550 reader1@example.org"}) as server:
        sent(server, user=USER)
    assert PASSWORD not in caplog.text
    assert "example.org" not in caplog.text


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate of its own for 127.0.0.1, in one file."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl, which Debian's package openssl has")
    folder = tmp_path_factory.mktemp("certificate")
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=quay"
    )
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key", "-out", folder / "cert"]
    subprocess.run([*command.split(), *names], check=True, capture_output=True)
    (folder / "both").write_bytes((folder / "key").read_bytes() + (folder / "cert").read_bytes())
    return folder / "both"


def server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.mark.parametrize(("security", "at_once"), [("starttls", False), ("tls", True)])
def test_it_encrypts_and_trusts_who_it_was_told_to(certificate: Path, security: str, at_once: bool) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate))
    with Server((*ALL, "AUTH PLAIN"), tls=server_context(certificate), is_tls_at_once=at_once) as server:
        outcome = sent(server, security=security, context=trusting, user=USER)
        assert outcome == Outcome(Answer.ACCEPTED)
        assert len(server.got) == 4
    assert server.commands.count("STARTTLS") == (not at_once)


@pytest.mark.parametrize(("security", "at_once"), [("starttls", False), ("tls", True)])
def test_a_certificate_that_is_not_trusted_stops_the_run(
    certificate: Path, security: str, at_once: bool
) -> None:
    with Server((*ALL, "AUTH PLAIN"), tls=server_context(certificate), is_tls_at_once=at_once) as server:
        outcome = sent(server, security=security, user=USER)
    assert outcome.answer is Answer.STOP
    assert "its certificate is not accepted: self-signed certificate" in outcome.reason
    assert not any(command.startswith(("AUTH", "MAIL")) for command in server.commands)


def test_a_certificate_for_another_host_stops_the_run(certificate: Path) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate))
    with Server(tls=server_context(certificate)) as server:
        outcome = sent(server, security="starttls", host="localhost", context=trusting)
    assert outcome.answer is Answer.STOP
    assert "Hostname mismatch" in outcome.reason


def test_without_starttls_nothing_is_sent_in_the_clear() -> None:
    with Server((*ALL, "AUTH PLAIN")) as server:
        outcome = sent(server, security="starttls", user=USER)
    assert outcome.answer is Answer.STOP
    assert "does not offer STARTTLS" in outcome.reason
    assert not any(command.startswith(("AUTH", "MAIL")) for command in server.commands)


@pytest.mark.parametrize(
    ("reply", "answer"), [("454 4.7.0 no TLS just now", Answer.NOT_NOW), ("501 5.5.4 never", Answer.STOP)]
)
def test_starttls_refused(certificate: Path, reply: str, answer: Answer) -> None:
    with Server(plan={("STARTTLS", 1): reply}, tls=server_context(certificate)) as server:
        assert sent(server, security="starttls").answer is answer


def test_tls_where_there_is_none_stops_the_run() -> None:
    with Server() as server:
        outcome = sent(server, security="tls")
    assert outcome.answer is Answer.STOP
    assert "check smtp.security" in outcome.reason


def test_a_connection_is_kept_for_the_next_batch() -> None:
    with Server() as server:
        with provider(server.port) as smtp:
            for _ in range(3):
                assert smtp.hand_over(mail.batch(2)).answer is Answer.ACCEPTED
        assert (server.connections, len(server.got)) == (1, 6)


def test_a_refusal_leaves_a_connection_good() -> None:
    with Server(plan={("RCPT", 2): "550 no"}) as server:
        with provider(server.port) as smtp:
            assert answers(smtp.hand_over(mail.batch(2)), 2) == [A, R]
            assert answers(smtp.hand_over(mail.batch(2)), 2) == [A, A]
        assert server.connections == 1


@pytest.mark.parametrize("how", ["closed", "421"])
def test_a_connection_that_the_server_gave_up_is_replaced(how: str) -> None:
    with Server(plan={("NOOP", 1): "421 4.4.2 idle"}) as server:
        with provider(server.port) as smtp:
            smtp.hand_over(mail.batch(2))
            if how == "closed":
                server.drop_connections()
            assert smtp.hand_over(mail.batch(2)) == Outcome(Answer.ACCEPTED)
        assert (server.connections, len(server.got)) == (2, 4)


def test_a_broken_connection_is_not_used_again() -> None:
    with Server(plan={("TEXT", 2): "554 no", ("MAIL", 3): "550 no"}) as server:
        with provider(server.port) as smtp:
            assert answers(smtp.hand_over(mail.batch(4))) == [A, R, Answer.STOP, Answer.STOP]
            assert smtp.hand_over(mail.batch(2)) == Outcome(Answer.ACCEPTED)
        assert server.connections == 2


def test_threads_have_connections_of_their_own() -> None:
    with Server() as server:
        with provider(server.port, connections=4) as smtp:
            both = threading.Barrier(4)

            def work(number: int) -> Outcome:
                both.wait(20)
                readers = tuple(mail.recipient(number * 100 + reader) for reader in range(50))
                return smtp.hand_over(mail.batch(recipients=readers))

            with ThreadPoolExecutor(4) as pool:
                assert set(map(repr, pool.map(work, range(4)))) == {repr(Outcome(Answer.ACCEPTED))}
        assert len({got.recipient for got in server.got}) == 200
        assert server.connections <= 4


@pytest.mark.parametrize("extensions", [("PIPELINING", f"SIZE {SIZE - 1}"), (f"SIZE {SIZE - 1}",)])
def test_nothing_bigger_than_the_server_takes_is_sent(extensions: tuple[str, ...]) -> None:
    with Server(extensions) as server:
        outcome = sent(server)
    assert answers(outcome) == [R, R, R, R]
    assert f"the mail server takes {SIZE - 1}" in outcome.own[1][1]
    assert not any(command.startswith("MAIL") for command in server.commands)


def test_a_size_of_zero_is_no_limit() -> None:
    with Server(("SIZE 0",)) as server:
        assert sent(server) == Outcome(Answer.ACCEPTED)


def test_addresses_beyond_ascii() -> None:
    readers = (mail.recipient(1), mail.recipient(2, address="žofie@bücher.example"), mail.recipient(3))
    batch = mail.batch(recipients=readers)
    with Server() as server:
        assert sent(server, batch) == Outcome(Answer.ACCEPTED)
    assert server.got[1].recipient == "žofie@xn--bcher-kva.example"
    assert server.got[1].parameters.endswith("BODY=8BITMIME SMTPUTF8")
    with Server(("PIPELINING",)) as server:
        outcome = sent(server, batch)
    assert answers(outcome, 3) == [A, R, A]
    assert "SMTPUTF8" in outcome.own[2][1]


def test_what_is_no_address_is_refused_and_the_rest_go_out() -> None:
    readers = (mail.recipient(1), mail.recipient(2, address="a@example.org>\r\nRCPT TO:<b@example.org"))
    with Server() as server:
        outcome = sent(server, mail.batch(recipients=readers))
    assert answers(outcome, 2) == [A, R]
    assert len(server.got) == 1


def test_a_wrong_sender_is_said_before_anything_is_sent() -> None:
    with Server() as server:
        with provider(server.port) as smtp, pytest.raises(ProviderError, match="envelope sender"):
            smtp.hand_over(mail.batch(envelope=mail.envelope(envelope_sender="no address")))
        assert server.connections == 0


def test_a_mail_server_gives_no_evidence() -> None:
    with provider(1) as smtp:
        assert smtp.evidence(mail.batch(1)) is None
        assert (smtp.batch_size, smtp.connections, smtp.is_real) == (100, 4, True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("5.1.1 <anne@example.org>: unknown", "550 5.1.1 (address): unknown"),
        ("anne@example.org unknown", "550 (address) unknown"),
        ("no mailbox 'anne' here", "550 no mailbox '(address)' here"),
        ("via bounce+anne=example.org", "550 via bounce+(address)"),
        ("two\nlines", "550 two lines"),
        ("x" * 2000, "550 " + "x" * 296),
    ],
)
def test_replies_are_quoted_without_addresses(text: str, said: str) -> None:
    assert Reply(550, text).said("anne=example.org", "anne") == said


def test_aiosmtpd_takes_it() -> None:
    """Another implementation, without pipelining."""
    from aiosmtpd.controller import Controller
    from aiosmtpd.handlers import Sink

    class Keeper(Sink):
        def __init__(self) -> None:
            super().__init__()
            self.got: list[bytes] = []

        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - its name
            self.got.append(envelope.original_content)
            return "250 OK"

    keeper = Keeper()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    controller = Controller(keeper, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        batch = mail.batch(3)
        with provider(port) as smtp:
            assert smtp.hand_over(batch) == Outcome(Answer.ACCEPTED)
    finally:
        controller.stop()
    prepared = Prepared(batch.letter, batch.envelope)
    assert keeper.got == [prepared.message(reader) for reader in batch.recipients]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder in which nobody, who has few rights, may write: pytest's own are its user's alone."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


@pytest.mark.smtp_sink
def test_postfix_smtp_sink_takes_it(open_folder: Path) -> None:
    """Debian's own, with pipelining, over several connections and batches."""
    sink = shutil.which("smtp-sink") or shutil.which("smtp-sink", path="/usr/sbin")
    if sink is None:
        pytest.skip("needs smtp-sink, which Debian's package postfix has")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    dump = open_folder / "taken"
    command = [sink, *user, "-D", str(dump), f"127.0.0.1:{port}", "100"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            _await(port)
            with provider(port) as smtp:
                outcomes = [smtp.hand_over(mail.batch(20, number=number)) for number in range(3)]
        finally:
            process.terminate()
    assert outcomes == [Outcome(Answer.ACCEPTED)] * 3
    taken = dump.read_bytes().replace(b"\r\n", b"\n")
    prepared = Prepared(mail.letter(), mail.envelope())
    for number in range(1, 21):
        text = prepared.message(mail.recipient(number)).replace(b"\r\n", b"\n")
        assert taken.count(text) == 3


def _await(port: int) -> None:
    """Until somebody listens there."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except ConnectionRefusedError:
            continue
        return
    raise AssertionError("smtp-sink does not listen")


TRACED = mail.batch(
    3, recipients=tuple(mail.recipient(number, trace=f"{number:032x}") for number in (1, 2, 3))
)


@pytest.mark.parametrize("extensions", [ALL, SLOW, ()], ids=["pipelining", "one by one", "bare"])
def test_each_message_has_an_envelope_sender_of_its_own(extensions: tuple[str, ...]) -> None:
    batch = replace(TRACED, envelope=mail.envelope(verp=True))
    with Server(extensions) as server:
        assert sent(server, batch) == Outcome(Answer.ACCEPTED)
    assert [got.sender for got in server.got] == [
        f"bounces+{number:032x}@quay.example" for number in (1, 2, 3)
    ]
    with Server(extensions) as server:
        assert sent(server, TRACED) == Outcome(Answer.ACCEPTED)
    assert {got.sender for got in server.got} == {"bounces@quay.example"}


def test_a_server_that_sends_notifications_is_told_whose_each_is() -> None:
    with Server((*ALL, "DSN")) as server:
        assert sent(server, TRACED) == Outcome(Answer.ACCEPTED)
        assert sent(server, mail.batch(1)) == Outcome(Answer.ACCEPTED)
    traced = [got.parameters.split()[1:] for got in server.got]
    assert traced == [*(["RET=HDRS", f"ENVID={number:032x}"] for number in (1, 2, 3)), []]
