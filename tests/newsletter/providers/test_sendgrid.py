"""SendGrid over a real connection: each fault is what it certainly is, and no more."""

from __future__ import annotations

import json
import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from newsletter.providers import Answer as Is
from newsletter.providers import Outcome, sendgrid_client
from newsletter.providers.sendgrid import EU_HOST, HOST, SendGrid
from newsletter.providers.sendgrid_client import Request, client_for
from newsroom.errors import ConfigurationError, ProviderError
from newsroom.secrets import Secrets
from newsroom.settings import SendGridSettings
from tests.newsletter import mail
from tests.servers.http import Answer, Fault, HttpServer, refusing_url

KEY = "SG.not-a-real-key.of-nobody-at-all"
SOON = 0.3
"""Seconds after which one is given up that never answers; others have as long as a busy machine needs."""
FOR_EVER = {
    Fault.HANG_BEFORE_BODY,
    Fault.HANG_IN_BODY,
    Fault.HANG_AFTER_BODY,
    Fault.HANG_IN_ANSWER,
    Fault.DRIP,
}


def provider(url: str, **changes: object) -> SendGrid:
    secrets = Secrets((("k1", b"k" * 32),), b"a" * 32, sendgrid_api_key=KEY)
    values = {"base_url": url, "timeout": 20.0, **changes}
    return SendGrid(SendGridSettings(**values), secrets)


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer() as value:
        yield value


def errors(*pairs: tuple[str, str | None]) -> bytes:
    entries = [{"message": message, "field": field, "help": None} for message, field in pairs]
    return json.dumps({"errors": entries}).encode()


def test_what_is_accepted_has_sendgrids_own_id(server: HttpServer) -> None:
    server.answers.append(Answer(202, {"X-Message-Id": "14c5d75ce93"}))

    assert provider(server.url).hand_over(mail.batch()) == Outcome(Is.ACCEPTED, reference="14c5d75ce93")

    [request] = server.requests
    assert (request.method, request.path) == ("POST", "/v3/mail/send")
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["content-type"] == "application/json; charset=utf-8"
    assert len(request.json["personalizations"]) == 3


@pytest.mark.parametrize(
    ("answer", "expected", "divisible"),
    [
        (Answer(200, body=b"{}"), Is.UNCERTAIN, False),
        (Answer(201), Is.UNCERTAIN, False),
        (Answer(204), Is.UNCERTAIN, False),
        (Answer(301, {"Location": "/v3/elsewhere"}), Is.STOP, False),
        (Answer(302, {"Location": "/v3/elsewhere"}), Is.STOP, False),
        (Answer(303, {"Location": "/v3/elsewhere"}), Is.STOP, False),
        (Answer(307, {"Location": "/v3/elsewhere"}), Is.STOP, False),
        (Answer(308, {"Location": "/v3/elsewhere"}), Is.STOP, False),
        (Answer(302), Is.STOP, False),
        (Answer(400, body=errors(("Bad Request", None))), Is.REFUSED, True),
        (Answer(400, body=b"<html>Bad Request</html>"), Is.REFUSED, True),
        (Answer(400), Is.REFUSED, True),
        (Answer(401, body=errors(("The provided authorization grant is invalid", None))), Is.STOP, False),
        (Answer(403, body=b"<html>Forbidden</html>"), Is.STOP, False),
        (Answer(404), Is.STOP, False),
        (Answer(405), Is.STOP, False),
        (Answer(408), Is.NOT_NOW, False),
        (Answer(409), Is.STOP, False),
        (Answer(413), Is.REFUSED, True),
        (Answer(413, fault=Fault.EARLY), Is.REFUSED, True),
        (Answer(401, fault=Fault.EARLY), Is.STOP, False),
        (Answer(415), Is.STOP, False),
        (Answer(429, body=b"not json"), Is.NOT_NOW, False),
        (Answer(429, body=b"half an answer", fault=Fault.HANG_IN_ANSWER), Is.NOT_NOW, False),
        (Answer(202, body=b"half an answer", fault=Fault.HANG_IN_ANSWER), Is.ACCEPTED, False),
        (Answer(202, body=b"half an answer", fault=Fault.RESET_IN_ANSWER), Is.ACCEPTED, False),
        (Answer(500, body=errors(("Internal", None))), Is.UNCERTAIN, False),
        (Answer(500, body=b"<html>Oops</html>"), Is.UNCERTAIN, False),
        (Answer(502), Is.UNCERTAIN, False),
        (Answer(503), Is.NOT_NOW, False),
        (Answer(504), Is.UNCERTAIN, False),
        (Answer(522), Is.UNCERTAIN, False),
        (Answer(fault=Fault.HANG_BEFORE_BODY), Is.UNCERTAIN, False),
        (Answer(fault=Fault.HANG_IN_BODY), Is.UNCERTAIN, False),
        (Answer(fault=Fault.HANG_AFTER_BODY), Is.UNCERTAIN, False),
        (Answer(fault=Fault.RESET_BEFORE_BODY), Is.UNCERTAIN, False),
        (Answer(fault=Fault.RESET_AFTER_BODY), Is.UNCERTAIN, False),
        (Answer(fault=Fault.DISCONNECT), Is.UNCERTAIN, False),
        (Answer(fault=Fault.CUT_STATUS), Is.UNCERTAIN, False),
        (Answer(fault=Fault.DRIP, raw=b"HTTP/1.1"), Is.UNCERTAIN, False),
        (Answer(fault=Fault.DRIP, raw=b"HTTP/1.1 202 Accepted\r\nX-Slow: "), Is.ACCEPTED, False),
        (Answer(fault=Fault.DRIP, raw=b"HTTP/1.1 500 Oops\r\n\r\n"), Is.UNCERTAIN, False),
        (Answer(raw=b"SSH-2.0-OpenSSH_9.2\r\n"), Is.UNCERTAIN, False),
        (Answer(raw=b""), Is.UNCERTAIN, False),
    ],
    ids=lambda value: (
        f"{value.status}-{value.fault.name.lower()}-{len(value.body)}" if isinstance(value, Answer) else None
    ),
)
def test_each_fault_is_what_it_certainly_is(
    server: HttpServer, answer: Answer, expected: Is, divisible: bool
) -> None:
    server.answers.append(answer)
    batch = mail.batch()
    if answer.fault in (Fault.HANG_BEFORE_BODY, Fault.HANG_IN_BODY, Fault.RESET_BEFORE_BODY, Fault.EARLY):
        # Big enough that no buffer on the way swallows it whole.
        batch = mail.batch(letter=mail.letter(html=("<p>" + "The bridge reopens. " * 400_000 + "</p>",)))

    began = time.monotonic()
    outcome = provider(server.url, timeout=SOON if answer.fault in FOR_EVER else 20.0).hand_over(batch)

    assert (outcome.answer, outcome.divisible, outcome.own) == (expected, divisible, {})
    assert time.monotonic() - began < 20
    assert server.connections == 1, "what is not certain is never tried again"
    assert outcome.answer is Is.ACCEPTED or outcome.reason
    assert "@" not in outcome.reason


def test_a_redirect_names_the_setting_and_is_not_followed(server: HttpServer) -> None:
    server.answers.append(Answer(302, {"Location": f"{server.url}/v3/elsewhere"}))

    outcome = provider(server.url).hand_over(mail.batch())

    assert "base_url redirects" in outcome.reason
    assert [request.path for request in server.requests] == ["/v3/mail/send"]


def test_where_nobody_listens_nothing_was_taken() -> None:
    with refusing_url() as url:
        outcome = provider(url).hand_over(mail.batch())

    assert outcome.answer is Is.NOT_NOW
    assert "ConnectionRefusedError" in outcome.reason


def test_a_host_without_an_address_took_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    # Asking for a name that does not exist would leave the machine.
    monkeypatch.setattr("socket.getaddrinfo", unknown)

    outcome = provider("https://nobody.invalid").hand_over(mail.batch())

    assert outcome.answer is Is.NOT_NOW
    assert "cannot be reached: gaierror" in outcome.reason


def test_a_host_that_is_no_name_took_nothing() -> None:
    outcome = provider(f"https://{'a' * 64}.invalid").hand_over(mail.batch())

    assert outcome.answer is Is.NOT_NOW


def test_where_tls_fails_nothing_was_taken(server: HttpServer) -> None:
    outcome = provider(server.url.replace("http:", "https:"), timeout=SOON).hand_over(mail.batch())

    assert outcome.answer is Is.NOT_NOW
    # The greeting of TLS may look like the beginning of some request.
    assert [one for one in server.requests if one.body] == []


def test_a_tls_handshake_that_hangs_took_nothing(server: HttpServer) -> None:
    server.answers.append(Answer(fault=Fault.HANG_BEFORE_BODY))

    silent = provider(server.url.replace("http:", "https:"), timeout=SOON)
    assert silent.hand_over(mail.batch()).answer is Is.NOT_NOW


def test_a_connection_that_is_not_made_soon_is_given_up(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It has no socket yet that could be cut where the process has to end.
    monkeypatch.setattr(sendgrid_client, "CONNECTING", 0.2)
    server.answers.append(Answer(fault=Fault.HANG_BEFORE_BODY))
    began = time.monotonic()

    assert (
        provider(server.url.replace("http:", "https:"), timeout=30.0).hand_over(mail.batch()).answer
        is Is.NOT_NOW
    )
    assert time.monotonic() - began < 5


def test_a_slow_answer_is_waited_for(server: HttpServer) -> None:
    slow = threading.Event()
    server.answers.append(Answer(wait=slow))
    threading.Timer(0.1, slow.set).start()

    assert provider(server.url).hand_over(mail.batch()).answer is Is.ACCEPTED


def test_a_named_reader_is_refused_and_the_others_go_again(server: HttpServer) -> None:
    body = errors(
        ("Does not contain a valid address.", "personalizations.1.to.0.email"),
        ("Does not contain a valid address.", "personalizations[2].to[0].email"),
    )
    server.answers.append(Answer(400, body=body))

    outcome = provider(server.url).hand_over(mail.batch(4))

    assert (outcome.answer, outcome.retry_after) == (Is.NOT_NOW, 0.0)
    answers = {delivery: answer for delivery, (answer, _) in outcome.own.items()}
    assert answers == {1: Is.NOT_NOW, 2: Is.REFUSED, 3: Is.REFUSED, 4: Is.NOT_NOW}
    assert outcome.own[2][1] == "SendGrid answered 400 (Does not contain a valid address.)"


def test_readers_left_out_by_us_are_refused_and_shift_nobody(server: HttpServer) -> None:
    readers = (
        mail.recipient(1),
        mail.recipient(2, address="READER1@example.org"),
        mail.recipient(3),
    )
    server.answers.append(Answer(400, body=errors(("Invalid", "personalizations.1.to.0.email"))))

    outcome = provider(server.url).hand_over(mail.batch(recipients=readers))

    assert {delivery: answer for delivery, (answer, _) in outcome.own.items()} == {
        1: Is.NOT_NOW,
        2: Is.REFUSED,
        3: Is.REFUSED,
    }
    assert "twice" in outcome.own[2][1]


def test_a_batch_of_more_than_sendgrid_takes_is_divided_without_asking(server: HttpServer) -> None:
    many = provider(server.url).hand_over(mail.batch(1_001))
    big = mail.letter(html=("<p>" + "x" * 31_000_000 + "</p>",))
    heavy = provider(server.url).hand_over(mail.batch(letter=big))

    assert (many.answer, many.divisible) == (Is.REFUSED, True)
    assert (heavy.answer, heavy.divisible) == (Is.REFUSED, True)
    assert server.connections == 0


def test_a_batch_of_nobody_is_an_error(server: HttpServer) -> None:
    with pytest.raises(ProviderError, match="no readers"):
        provider(server.url).hand_over(mail.batch(recipients=()))


def test_all_threads_wait_as_long_as_sendgrid_asks_one_of_them_to(server: HttpServer) -> None:
    server.answers.append(Answer(429, {"Retry-After": "20"}))
    sendgrid = provider(server.url)

    first = sendgrid.hand_over(mail.batch())
    found: list[Outcome] = []
    threads = [
        threading.Thread(target=lambda: found.append(sendgrid.hand_over(mail.batch()))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (first.answer, first.retry_after) == (Is.NOT_NOW, 20.0)
    assert {outcome.answer for outcome in found} == {Is.NOT_NOW}
    assert all(19 < (outcome.retry_after or 0) <= 20 for outcome in found)
    assert server.connections == 1


def test_after_the_wait_requests_go_out_again(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.answers.append(Answer(503, {"Retry-After": "20"}))
    sendgrid = provider(server.url)
    sendgrid.hand_over(mail.batch())

    later = time.monotonic() + 20.1
    monkeypatch.setattr("newsletter.providers.sendgrid.time.monotonic", lambda: later)

    assert sendgrid.hand_over(mail.batch()).answer is Is.ACCEPTED


def test_a_refused_address_makes_nobody_wait(server: HttpServer) -> None:
    server.answers.append(Answer(400, body=errors(("Invalid", "personalizations.0.to"))))
    sendgrid = provider(server.url)
    sendgrid.hand_over(mail.batch())

    assert sendgrid.hand_over(mail.batch()).answer is Is.ACCEPTED


def test_threads_have_a_client_each_and_the_time_out_holds_all_the_way_down() -> None:
    sendgrid = provider("http://127.0.0.1:9")
    clients: list[object] = []
    threads = [threading.Thread(target=lambda: clients.append(sendgrid._client())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert clients[0] is not clients[1]
    client = client_for(KEY, "https://api.eu.sendgrid.com", 7.5, ssl.create_default_context())
    leaf = client.client.mail.send
    assert (client.client.timeout, leaf.timeout, type(leaf)) == (7.5, 7.5, type(client.client))
    assert leaf._build_url(None) == "https://api.eu.sendgrid.com/v3/mail/send"


def test_calls_leave_no_header_behind(server: HttpServer) -> None:
    sendgrid = provider(server.url)

    for _ in range(2):
        sendgrid.hand_over(mail.batch())

    first, second = (
        {name: value for name, value in request.headers.items() if name != "content-length"}
        for request in server.requests
    )
    assert first == second


@pytest.mark.parametrize(
    "answer", [Answer(), Answer(400, body=b'{"errors":[]}'), Answer(fault=Fault.DISCONNECT)]
)
def test_no_log_holds_the_key_or_an_address(
    server: HttpServer, answer: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    sendgrid = provider(server.url)
    # As an operator might who hunts for something else.
    for name in ("", "python_http_client", "python_http_client.client"):
        caplog.set_level(logging.DEBUG, logger=name)
    server.answers.append(answer)

    sendgrid.hand_over(mail.batch())

    assert len(server.requests) == 1
    assert KEY not in caplog.text
    assert "@" not in caplog.text


def test_no_reason_holds_what_the_answer_repeats(server: HttpServer) -> None:
    said = f"reader1@example.org, Bearer {KEY}, {KEY}, https://feeds.quay.example/unsubscribe/abc\r\nX: y"
    server.answers.append(Answer(400, body=errors((said, "personalizations.0.to.0.email"))))
    server.answers.append(Answer(403, body=errors((said, None))))
    sendgrid = provider(server.url)

    for _ in range(2):
        outcome = sendgrid.hand_over(mail.batch())
        for reason in (outcome.reason, *(reason for _, reason in outcome.own.values())):
            assert not {"@", "\n", "\r"} & set(reason)
            assert KEY not in reason
            assert "unsubscribe" not in reason


@examples(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    raw=st.one_of(
        st.binary(max_size=200),
        st.binary(max_size=200).map(lambda tail: b"HTTP/1.1 202 OK\r\n" + tail),
        st.binary(max_size=200).map(lambda tail: b"HTTP/1.1 400 Bad\r\n\r\n" + tail),
        st.binary(max_size=200).map(lambda tail: b"HTTP/1.1 429 No\r\nRetry-After: " + tail + b"\r\n\r\n"),
        st.binary(max_size=99).map(
            lambda tail: b"HTTP/1.1 429 No\r\nTransfer-Encoding: chunked\r\n\r\n" + tail
        ),
    )
)
def test_no_answer_whatever_raises(server: HttpServer, raw: bytes) -> None:
    server.answers.append(Answer(raw=raw))

    outcome = provider(server.url).hand_over(mail.batch(1))

    if not raw.startswith(b"HTTP/1.1 "):
        assert outcome.answer is not Is.ACCEPTED


def test_what_was_cut_leaves_no_evidence(server: HttpServer) -> None:
    sendgrid = provider(server.url)

    assert sendgrid.evidence(mail.batch()) is None
    sendgrid.close()
    assert sendgrid.hand_over(mail.batch()).answer is Is.ACCEPTED


@pytest.mark.parametrize(
    ("settings", "host"),
    [
        (SendGridSettings(), HOST),
        (SendGridSettings(eu=True), EU_HOST),
        (SendGridSettings(base_url="https://proxy.example/sendgrid/"), "https://proxy.example/sendgrid"),
        (SendGridSettings(base_url="http://localhost:8025"), "http://localhost:8025"),
    ],
)
def test_the_host_is_what_the_settings_say(settings: SendGridSettings, host: str) -> None:
    sendgrid = SendGrid(settings, Secrets((), b"", sendgrid_api_key=KEY))

    assert sendgrid._client().client.host == host
    assert (sendgrid.name, sendgrid.batch_size, sendgrid.connections) == ("sendgrid", 1_000, 4)


@pytest.mark.parametrize("key", ["", "SG.with a space", "SG.line\nbreak", "SG.é"])
def test_a_key_that_is_none_is_refused_without_showing_it(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENDGRID_API_KEY", "SG.another.one")

    with pytest.raises(ConfigurationError, match="STANDFIRST_SENDGRID_API_KEY") as raised:
        SendGrid(SendGridSettings(), Secrets((), b"", sendgrid_api_key=key))

    assert not key or key not in str(raised.value)


def test_the_key_goes_nowhere_in_the_clear() -> None:
    with pytest.raises(ConfigurationError, match="base_url"):
        provider("http://mail.quay.example")


def test_a_request_prints_as_its_size() -> None:
    data = Request('{"email": "reader@example.org"}').encode("utf-8")

    assert [f"{data}", "{}".format(data), repr(data), str(data)] == ["<31 bytes>"] * 4  # noqa: UP032
    assert bytes(data).startswith(b'{"email"')
