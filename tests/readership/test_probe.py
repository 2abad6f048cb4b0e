"""Whether `public_url` reaches this installation, asked of real servers on the loopback interface."""

from __future__ import annotations

import pytest

from newsroom.errors import ConfigurationError
from readership.probe import answers, is_loopback
from tests.servers.http import Answer, Fault, HttpServer, refusing_url

KEYS = (("k1", b"a key of thirty-two octets, yes!"),)


def test_what_else_answers_is_told() -> None:
    for answer, said in (
        (Answer(200, body=b"<h1>Welcome to nginx!</h1>"), "answers with something else: another site"),
        (Answer(200, body=b"x" * 100_000), "answers with something else"),
        (Answer(301, {"Location": "https://elsewhere.example/"}), r"redirects \(status 301\)"),
        (Answer(404), "answers with status 404"),
        (Answer(500), "answers with status 500"),
        (Answer(503), "answers with status 503"),
        (Answer(fault=Fault.DISCONNECT), "does not answer: it hung up .RemoteProtocolError."),
        (Answer(fault=Fault.RESET_AFTER_BODY), "does not answer: "),
        (Answer(raw=b"SSH-2.0-OpenSSH\r\n"), "does not answer: "),
    ):
        with HttpServer(answer) as server, pytest.raises(ConfigurationError, match=said) as caught:
            answers(server.url, KEYS, 5)
        (problem,) = caught.value.problems
        assert problem.startswith(f"newsroom.public_url: {server.url}")
        # The link itself would let whoever reads the log make an answer of it.
        assert server.requests[0].path.removeprefix("/unsubscribe/") not in problem


def test_silence_ends_in_time() -> None:
    with HttpServer(Answer(fault=Fault.HANG_AFTER_BODY)) as server:
        with pytest.raises(ConfigurationError, match="does not answer: nothing comes in time"):
            answers(server.url, KEYS, 0.3)
        server.over.set()


def test_nobody_there() -> None:
    with (
        refusing_url() as url,
        pytest.raises(ConfigurationError, match="the connection is refused; start nginx"),
    ):
        answers(url, KEYS, 2)


@pytest.mark.parametrize(
    "url", ["http://feeds.quay.example", "ftp://127.0.0.1", "http://127.0.0.1.example.org"]
)
def test_only_https_counts_but_on_this_very_machine(url: str) -> None:
    with pytest.raises(ConfigurationError, match="is not https"):
        answers(url, KEYS, 0.3)


@pytest.mark.parametrize(
    ("url", "near"),
    [
        ("http://localhost:8080", True),
        ("http://127.0.0.1", True),
        ("http://127.8.8.8", True),
        ("http://[::1]:8080", True),
        ("https://localhost.example.org", False),
        ("http://10.0.0.1", False),
        ("http://", False),
    ],
)
def test_loopback(url: str, near: bool) -> None:
    assert is_loopback(url) is near


def test_digits_of_the_right_length_are_no_proof() -> None:
    with (
        HttpServer(Answer(200, body=b"0" * 64)) as server,
        pytest.raises(ConfigurationError, match="an installation with other keys"),
    ):
        answers(server.url, KEYS, 5)
