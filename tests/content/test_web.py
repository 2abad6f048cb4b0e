"""The client for other people's servers, over real connections: what it takes and refuses, and its words."""

from __future__ import annotations

import contextlib
import gzip
import logging
import socket
import ssl
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_address
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from newsroom.errors import SourceError
from newsroom.web import Web, WebError, asked_to_wait
from newsroom.web_address import is_public, shown
from tests.newsletter.providers import test_smtp
from tests.servers.http import Answer, Fault, HttpServer, refusing_url

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PAGE = Answer(200, {"Content-Type": "text/html; charset=utf-8"}, b"<!doctype html><title>Sign in</title>")
certificate = test_smtp.certificate


class Pauses(list[float]):
    """Notes each pause instead of making it."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def client(**changes: Any) -> Web:
    """A client that may ask this machine, and never really pauses."""
    return Web(**{"trusted": ["127.0.0.1"], "timeout": 10.0, "pause": Pauses(), **changes})


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer(Answer(200, body=b"otherwise")) as value:
        yield value


@pytest.fixture
def web() -> Iterator[Web]:
    with client() as value:
        yield value


def refusal(web: Web, url: str, **wishes: Any) -> WebError:
    with pytest.raises(WebError) as caught:
        web.get(url, **wishes)
    return caught.value


@contextlib.contextmanager
def speaking(say: Callable[[socket.socket], None], tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """The address of a server that has `say` speak to each connection, each time that something has come."""

    class Speaker(BaseRequestHandler):
        def handle(self) -> None:
            # A client that hangs up is what many tests are about.
            with contextlib.suppress(OSError):
                wire = tls.wrap_socket(self.request, server_side=True) if tls else self.request
                with wire:
                    while wire.recv(65_536):
                        say(wire)

    with ThreadingTCPServer(("127.0.0.1", 0), Speaker) as server:
        server.daemon_threads = True
        server.block_on_close = False
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http{'s' if tls else ''}://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def names(monkeypatch: pytest.MonkeyPatch, **found: list[str]) -> list[str]:
    """Have each `name__example` found at these addresses, and no other name; returns what is looked up."""
    real = socket.getaddrinfo
    asked: list[str] = []

    def look_up(host: str, port: int, *rest: Any, **options: Any) -> Any:
        try:
            ip_address(host)
        except ValueError:
            asked.append(host)
        else:
            return real(host, port, *rest, **options)
        if host.replace(".", "__") not in found:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [
            entry for one in found[host.replace(".", "__")] for entry in real(one, port, *rest, **options)
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


# What is asked, and what comes back


def test_an_answer_is_handed_over_as_it_came(server: HttpServer) -> None:
    server.answers.append(Answer(200, {"ETag": '"a1"', "X-Twice": "1\r\nX-Twice: 2"}, b"\x00body"))
    with client(agent="Standfirst/1.0 (+https://quay.example)") as web:
        answer = web.get(f"{server.url}/a?key=1#part", headers={"Authorization": "Basic cXVheQ=="})

    assert (answer.url, answer.status, answer.data) == (f"{server.url}/a?key=1", 200, b"\x00body")
    assert (answer.headers["etag"], answer.headers["x-twice"]) == ('"a1"', "1, 2")
    assert answer.moved == ""
    [request] = server.requests
    assert (request.method, request.path) == ("GET", "/a?key=1")
    assert dict(request.headers) == {
        "host": server.url.removeprefix("http://"),
        "user-agent": "Standfirst/1.0 (+https://quay.example)",
        "accept": "*/*",
        "accept-encoding": "gzip",
        "authorization": "Basic cXVheQ==",
    }


def test_no_cookie_is_kept(server: HttpServer, web: Web) -> None:
    server.answers.append(Answer(200, {"Set-Cookie": "session=1; Path=/"}))
    web.get(server.url)
    web.get(server.url)
    assert "cookie" not in server.requests[1].headers


def test_a_connection_is_kept_for_the_next_request() -> None:
    connections: list[socket.socket] = []

    def say(wire: socket.socket) -> None:
        connections.append(wire)
        wire.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with speaking(say) as url, client() as web:
        assert [web.get(url).data for _ in range(3)] == [b"ok"] * 3
    assert len(connections) == 3
    assert len(set(connections)) == 1


@pytest.mark.parametrize("status", [304, 404, 410])
def test_a_status_is_an_answer_to_who_accepts_it(server: HttpServer, web: Web, status: int) -> None:
    server.otherwise = Answer(status, body=b"" if status == 304 else b"gone")
    assert web.get(server.url, accepted=(304, 404, 410)).status == status
    assert web.json(server.url, accepted=(304, 404, 410))[0] is None
    assert refusal(web, server.url).status == status


def test_no_proxy_of_the_environment_is_used(
    server: HttpServer, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    with refusing_url() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy)
        monkeypatch.setenv("http_proxy", proxy)
        monkeypatch.setenv("ALL_PROXY", proxy)
        assert web.get(server.url).data == b"otherwise"


def test_each_host_is_asked_one_thing_at_a_time(server: HttpServer, web: Web) -> None:
    go = threading.Event()
    server.otherwise = Answer(200, wait=go)
    threads = [threading.Thread(target=web.get, args=(server.url,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 5
    while not server.requests and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)
    assert len(server.requests) == server.connections == 1
    go.set()
    for thread in threads:
        thread.join(5)
    assert len(server.requests) == 3


# Statuses, and asking again


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "answered with status 400"),
        (401, "refused (401); check the key or password"),
        (403, "refused (403); check the key or password"),
        (404, "not found (404); check the address"),
        (410, "gone for good (410)"),
        (500, "the server failed (500)"),
        (300, "answered with status 300"),
    ],
)
def test_a_status_that_no_repeat_mends_is_an_error_at_once(
    server: HttpServer, status: int, words: str
) -> None:
    server.otherwise = Answer(status)
    pauses = Pauses()
    with client(pause=pauses) as web:
        error = refusal(web, f"{server.url}/wp-json/posts?key=secret-1")
    assert isinstance(error, SourceError)
    assert error.status == status
    assert str(error).startswith(f"{server.url}/wp-json/posts: {words}")
    assert pauses == []
    assert len(server.requests) == 1


def test_what_an_error_says_at_length_is_not_waited_for(server: HttpServer, web: Web) -> None:
    server.otherwise = Answer(fault=Fault.DRIP, raw=b"HTTP/1.1 404 Not Found\r\n\r\n")
    assert refusal(web, server.url).status == 404


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_server_is_asked_again_after_longer_and_longer_pauses(server: HttpServer, status: int) -> None:
    server.otherwise = Answer(status)
    pauses = Pauses()
    with client(pause=pauses) as web:
        error = refusal(web, server.url)
        assert error.status == status
        assert f"({status})" in str(error)
        assert str(error).endswith("; asked 4 times")
        assert pauses == [1, 4, 16]
        assert len(server.requests) == 4

        server.answers.extend([Answer(status), Answer(status), Answer(200, body=b"at last")])
        assert web.get(server.url).data == b"at last"
    assert pauses == [1, 4, 16, 1, 4]


@pytest.mark.parametrize("fault", [Fault.RESET_BEFORE_BODY, Fault.DISCONNECT, Fault.RESET_IN_ANSWER])
def test_a_connection_that_breaks_is_made_again(server: HttpServer, web: Web, fault: Fault) -> None:
    server.answers.append(Answer(200, body=b"half of it", fault=fault))
    assert web.get(server.url).data == b"otherwise"


def test_a_retry_after_in_seconds_is_obeyed(server: HttpServer) -> None:
    pauses = Pauses()
    server.answers.extend([Answer(429, {"Retry-After": "42"}), Answer(503, {"Retry-After": "0"})])
    with client(pause=pauses) as web:
        assert web.get(server.url).data == b"otherwise"
    assert pauses == [42, 4]


def test_a_retry_after_with_a_date_is_obeyed(server: HttpServer) -> None:
    pauses = Pauses()
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
    server.answers.append(Answer(503, {"Retry-After": later}))
    with client(pause=pauses) as web:
        assert web.get(server.url).data == b"otherwise"
    assert 30 < pauses[0] <= 40


def test_a_longer_retry_after_is_left_to_a_later_run(server: HttpServer) -> None:
    pauses = Pauses()
    server.otherwise = Answer(429, {"Retry-After": "Fri, 01 Mar 2126 08:30:00 GMT"})
    with client(pause=pauses) as web:
        far = refusal(web, server.url)
        server.otherwise = Answer(503, {"Retry-After": "61"})
        near = refusal(web, server.url)
    year = datetime.now(UTC).year + 1
    assert far.status == 429
    assert f"asked to wait until {year}-" in str(far)
    assert near.status == 503
    assert " UTC (503); a run after that" in str(near)
    assert pauses == []
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", 0),
        ("30", 30),
        (" 30 ", 30),
        ("-5", 0),
        ("soon", 0),
        ("²", 0),
        ("9" * 5000, 366 * 86_400),
        ("Sun, 01 Mar 2026 12:00:20 GMT", 20),
        ("Sun, 01 Mar 2026 12:00:20 -0000", 20),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0),
        ("Sun, 01 Mar 99999999999 11:00:00 GMT", 0),
    ],
)
def test_what_a_retry_after_asks_for(text: str, seconds: float) -> None:
    assert asked_to_wait(text, NOW) == seconds


def test_a_refused_connection_is_tried_again_and_then_named(web: Web) -> None:
    with refusing_url() as url:
        error = refusal(web, f"{url}/feed")
    assert str(error) == f"{url}/feed: the connection is refused; does it run there?; asked 4 times"
    assert error.status is None


def test_a_name_that_nobody_has_is_named_at_once(monkeypatch: pytest.MonkeyPatch, web: Web) -> None:
    asked = names(monkeypatch)
    error = refusal(web, "https://nobody.example/feed?key=secret-1")
    assert str(error) == "https://nobody.example/feed: its host's name is not found; check the address"
    assert asked == ["nobody.example"]


def test_a_name_server_that_does_not_answer_is_asked_again(monkeypatch: pytest.MonkeyPatch, web: Web) -> None:
    def look_up(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    error = refusal(web, "https://quay.example/")
    assert "cannot be looked up just now; asked 4 times" in str(error)


# Time


def test_silence_is_a_time_out(server: HttpServer) -> None:
    server.otherwise = Answer(fault=Fault.HANG_AFTER_BODY)
    with client(retries=1, timeout=0.3) as web:
        error = refusal(web, server.url)
    assert str(error) == f"{server.url}: no answer within 0.3 seconds; asked 2 times"
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "raw", [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\n\r\n"], ids=["head", "body"]
)
def test_a_trickle_ends_with_the_whole_requests_time(server: HttpServer, raw: bytes) -> None:
    server.otherwise = Answer(fault=Fault.DRIP, raw=raw)
    with client(timeout=0.1) as web:
        start = time.monotonic()
        error = refusal(web, server.url)
    assert 0.4 <= time.monotonic() - start < 10
    assert str(error) == f"{server.url}: not done after 0.4 seconds"
    assert len(server.requests) == 1


# Size


def stream(piece: bytes, sent: list[int], times: int) -> Callable[[socket.socket], None]:
    def say(wire: socket.socket) -> None:
        wire.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(times):
            wire.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
            sent.append(len(piece))
        wire.sendall(b"0\r\n\r\n")

    return say


def test_an_answer_without_an_end_is_left_early() -> None:
    sent: list[int] = []
    with speaking(stream(b"x" * 100_000, sent, 3000)) as url, client(largest=1_000_000) as web:
        tracemalloc.start()
        error = refusal(web, url)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert str(error) == f"{url}: too large: 1 MB at most"
    # What no buffer on the way has swallowed was never sent.
    assert sum(sent) < 30_000_000
    assert peak < 10_000_000


def test_a_length_that_is_too_large_is_refused_before_it_is_read(server: HttpServer, web: Web) -> None:
    server.otherwise = Answer(200, {"Content-Length": "300000000"}, fault=Fault.HANG_IN_ANSWER)
    assert str(refusal(web, server.url)).endswith(": too large: 50 MB at most")
    server.otherwise = Answer(200, body=b"x" * 11)
    assert len(web.get(server.url, largest=11).data) == 11
    assert "too large" in str(refusal(web, server.url, largest=10))


def test_a_packed_answer_is_unpacked(server: HttpServer, web: Web) -> None:
    text = b"The bridge reopens. " * 10_000
    raw = zlib.compress(text)
    for packing, body in [("gzip", gzip.compress(text)), ("X-GZip", gzip.compress(text)), ("deflate", raw)]:
        server.otherwise = Answer(200, {"Content-Encoding": packing}, body)
        assert web.get(server.url, largest=len(text)).data == text
        assert "too large" in str(refusal(web, server.url, largest=len(text) - 1))


def test_a_few_packed_bytes_that_are_gigabytes_are_never_made(server: HttpServer) -> None:
    packer = zlib.compressobj(wbits=31)
    bomb = b"".join(packer.compress(bytes(1_000_000)) for _ in range(100)) + packer.flush()
    assert len(bomb) < 200_000
    server.otherwise = Answer(200, {"Content-Encoding": "gzip"}, bomb)
    with client(largest=1_000_000) as web:
        tracemalloc.start()
        error = refusal(web, server.url)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert "too large: 1 MB at most" in str(error)
    assert peak < 10_000_000


def test_packed_bytes_that_unpack_to_nothing_are_counted_too() -> None:
    packer = zlib.compressobj(wbits=31)
    head = packer.compress(b"x") + packer.flush(zlib.Z_FULL_FLUSH)
    nothing = b"\x00\x00\x00\xff\xff" * 10_000
    sent: list[int] = []

    def say(wire: socket.socket) -> None:
        wire.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + head)
        for _ in range(1000):
            wire.sendall(nothing)
            sent.append(len(nothing))

    with speaking(say) as url, client(largest=1_000_000) as web:
        assert "too large" in str(refusal(web, url))
    assert sum(sent) < 20_000_000


PACKED = gzip.compress(b"The bridge reopens.", mtime=0)


@pytest.mark.parametrize(
    ("packing", "body", "words"),
    [
        ("gzip", b"not packed at all", "its packed answer is damaged"),
        ("gzip", PACKED[:-9], "its packed answer is cut off; asked 4 times"),
        ("gzip", PACKED + PACKED, "its packed answer has something behind its end"),
        ("br", b"\x0b\x02\x80hello\x03", "packed in a way that was not asked for (br)"),
        ("gzip, gzip", gzip.compress(PACKED, mtime=0), "packed in a way that was not asked for (gzip, gzip)"),
    ],
)
def test_a_packed_answer_that_cannot_be_trusted(
    server: HttpServer, web: Web, packing: str, body: bytes, words: str
) -> None:
    server.otherwise = Answer(200, {"Content-Encoding": packing}, body)
    assert str(refusal(web, server.url)) == f"{server.url}: {words}"


@pytest.mark.parametrize(
    "raw", [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"]
)
def test_what_is_no_whole_answer(server: HttpServer, web: Web, raw: bytes) -> None:
    server.otherwise = Answer(raw=raw)
    assert "hung up in the middle, or does not speak HTTP; asked 4 times" in str(refusal(web, server.url))


# JSON


def test_json_is_read(server: HttpServer, web: Web) -> None:
    server.otherwise = Answer(200, {"X-WP-Total": "2"}, b'\xef\xbb\xbf[{"id": 1}, {"id": 2}]')
    posts, answer = web.json(server.url, headers={"Accept-Language": "en"})
    assert posts == [{"id": 1}, {"id": 2}]
    assert answer.headers["x-wp-total"] == "2"
    assert server.requests[0].headers["accept"] == "application/json"
    assert server.requests[0].headers["accept-language"] == "en"


def test_json_of_an_accepted_error_is_read(server: HttpServer, web: Web) -> None:
    server.otherwise = Answer(404, body=b'{"code": "rest_no_route"}')
    assert web.json(server.url, accepted=(404,))[0] == {"code": "rest_no_route"}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (PAGE, "a page instead of JSON (text/html); is the address right?"),
        (Answer(200, body=b"\n<br />\n<b>Warning</b>"), "a page instead of JSON (without a content type)"),
        (Answer(200, body=b" \n"), "an empty answer instead of JSON"),
        (Answer(200, body=b'[{"title": "The bridge reo'), "JSON that is cut off after 26 bytes"),
        (Answer(200, body=b'[{"title": "The bridge"},'), "JSON that is cut off after 25 bytes"),
        (Answer(200, body=b"[1,\n 2 3]"), "from line 2, column 4 on"),
        (Answer(200, body=b"[NaN]"), "not JSON"),
        (Answer(200, body=b'["\xff"]'), "not JSON"),
        (Answer(200, body=b"[" * 200_000), "JSON that is nested too deep"),
        (Answer(200, body=b"9" * 5_000), "not JSON"),
    ],
)
def test_what_is_not_json(server: HttpServer, web: Web, answer: Answer, words: str) -> None:
    server.otherwise = answer
    with pytest.raises(WebError) as caught:
        web.json(f"{server.url}/posts?key=secret-1")
    assert str(caught.value).startswith(f"{server.url}/posts: ")
    assert words in str(caught.value)
    assert caught.value.status == 200


# Redirects


@pytest.fixture
def other() -> Iterator[HttpServer]:
    with HttpServer(Answer(200, body=b"other")) as value:
        yield value


def to(location: str, status: int = 302) -> Answer:
    return Answer(status, {"Location": location})


@pytest.mark.parametrize(
    ("steps", "moved"),
    [
        ((301,), "/1"),
        ((308, 301), "/2"),
        ((301, 302), "/1"),
        ((302,), ""),
        ((303,), ""),
        ((307, 301), ""),
    ],
)
def test_redirects_are_followed_and_permanent_ones_told(
    server: HttpServer, web: Web, steps: tuple[int, ...], moved: str
) -> None:
    server.answers.extend(to(f"/{place}", status) for place, status in enumerate(steps, 1))
    answer = web.get(f"{server.url}/0", headers={"Authorization": "Basic cXVheQ=="})
    assert answer.data == b"otherwise"
    assert answer.url == f"{server.url}/{len(steps)}"
    assert answer.moved == (server.url + moved if moved else "")
    assert {request.headers["authorization"] for request in server.requests} == {"Basic cXVheQ=="}


def test_where_a_redirect_leads_may_be_written_in_utf_8(server: HttpServer, web: Web) -> None:
    server.answers.append(to("/über?q=1#part".encode().decode("latin-1")))
    assert web.get(server.url).url == f"{server.url}/%C3%BCber?q=1"


@pytest.mark.parametrize(("steps", "is_followed"), [(5, True), (6, False)])
def test_redirects_are_followed_so_far(server: HttpServer, web: Web, steps: int, is_followed: bool) -> None:
    server.answers.extend(to(f"/{step}") for step in range(steps))
    if is_followed:
        assert web.get(server.url).data == b"otherwise"
    else:
        error = refusal(web, server.url)
        assert "redirects in a circle or further than 5 steps" in str(error)
        assert len(server.requests) == 6


def test_a_circle_of_redirects_is_left_at_once(server: HttpServer, web: Web) -> None:
    server.otherwise = to("/a")
    error = refusal(web, f"{server.url}/a?")
    assert error.status == 302
    assert "redirects in a circle" in str(error)
    assert len(server.requests) <= 2


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("", "a redirect that does not say where to"),
        ("ftp://quay.example/", "not an address that begins with https:// or http://"),
        ("file:///etc/passwd", "not an address that begins with https:// or http://"),
        ("http://[::1/", "a redirect to what is not an address"),
        ("http://name:secret-1@quay.example/", "a user name or password in the address"),
        ("http://127.0.0.2:8080/x?key=secret-1", "port 8080 of a host that is not trusted"),
        ("http://127.0.0.2/x?key=secret-1", "its host is at 127.0.0.2, which is not public"),
        ("http://[::1]/", "its host is at ::1, which is not public"),
        ("http://2130706434/", "its host is at 127.0.0.2, which is not public"),
        ("http://0x7f.2/", "its host is at 127.0.0.2, which is not public"),
        ("http://169.254.169.254/latest/meta-data/", "169.254.169.254, which is not public"),
    ],
)
def test_a_redirect_may_not_lead_just_anywhere(
    server: HttpServer, web: Web, location: str, words: str
) -> None:
    server.otherwise = to(location)
    error = refusal(web, f"{server.url}/feed")
    assert str(error).startswith(f"{server.url}/feed")
    assert words in str(error)
    assert "secret-1" not in str(error)
    assert len(server.requests) == 1


def test_a_key_is_not_sent_to_another_host_nor_brought_back(
    server: HttpServer, other: HttpServer, web: Web
) -> None:
    keys = {"Authorization": "Basic cXVheQ==", "Cookie": "a=1", "X-Api-Key": "secret-1"}
    plain = {"If-None-Match": '"a1"', "Accept": "application/json"}
    server.answers.append(to(f"{other.url}/there"))
    other.answers.append(to(f"{server.url}/back"))

    assert web.get(server.url, headers=keys | plain).url == f"{server.url}/back"

    first, back = (request.headers for request in server.requests)
    [there] = (request.headers for request in other.requests)
    assert {name.lower() for name in keys} <= set(first)
    for headers in (there, back):
        assert set(headers) == {"host", "user-agent", "accept", "accept-encoding", "if-none-match"}


# Who may be asked


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "not an address that begins with"),
        ("quay.example", "not an address that begins with"),
        ("https://", "not an address that begins with"),
        ("gopher://quay.example", "not an address that begins with"),
        ("https://[::1", "not an address; check it"),
        ("https://name:secret-1@quay.example/", "a user name or password in the address"),
        ("https://name:sec?ret-1@quay.example/", "not an address; check it"),
        ("https://name:sec/ret-1@quay.example/", "not an address; check it"),
        ("https://quay.example:22/", "port 22 of a host that is not trusted"),
        ("https://quay.example:0/", "there is no port 0"),
        ("http://127.0.0.1:65536/", "there is no port 65536"),
        (f"https://{'a' * 64}.example/", "its host"),
    ],
)
def test_an_address_that_may_not_be_asked(
    monkeypatch: pytest.MonkeyPatch, web: Web, url: str, words: str
) -> None:
    names(monkeypatch)
    error = refusal(web, url)
    assert words in str(error)
    assert "ret-1" not in str(error)


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        ("93.184.216.34", True),
        ("10.0.0.1", False),
        ("100.64.0.1", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("198.18.0.1", False),
        ("192.0.2.1", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("0.0.0.1", False),
        ("2606:2800:220:1::1", True),
        ("::", False),
        ("::1", False),
        ("::127.0.0.1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:93.184.216.34", True),
        ("::ffff:0:127.0.0.1", False),
        ("64:ff9b::10.0.0.1", False),
        ("64:ff9b::93.184.216.34", True),
        ("64:ff9b:1::93.184.216.34", False),
        ("2002:7f00:1::1", False),
        ("2002:5db8:d822::1", True),
        ("2001:0:5db8:d822::1", False),
        ("2001:db8::1", False),
        ("fc00::1", False),
        ("fd00:ec2::254", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("fec0::1", False),
        ("ff02::1", False),
    ],
)
def test_which_machines_are_public(machine: str, expected: bool) -> None:
    assert is_public(ip_address(machine)) is expected


@pytest.mark.parametrize("found", [["127.0.0.1"], ["93.184.216.34", "10.0.0.7"], ["::ffff:10.0.0.7"]])
def test_a_name_that_leads_to_a_private_machine_is_not_connected_to(
    monkeypatch: pytest.MonkeyPatch, web: Web, found: list[str]
) -> None:
    def connect(address: Any, *_: Any, **__: Any) -> Any:
        raise AssertionError(f"a connection to {address}")

    names(monkeypatch, quay__example=found)
    monkeypatch.setattr(socket, "create_connection", connect)
    error = refusal(web, "https://quay.example/feed?key=secret-1")
    assert str(error) == (
        f"https://quay.example/feed: its host is at {found[-1]}, which is not public; "
        "trust the host if this is meant"
    )


def test_the_connection_goes_to_the_machine_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    connected: list[Any] = []

    def connect(address: Any, *_: Any, **__: Any) -> Any:
        connected.append(address)
        raise ConnectionRefusedError(111, "Connection refused")

    asked = names(monkeypatch, quay__example=["2606:2800:220:1::1", "93.184.216.34"])
    monkeypatch.setattr(socket, "create_connection", connect)
    with client(retries=0) as web:
        refusal(web, "https://quay.example/")
    assert asked == ["quay.example"]
    assert connected == [("2606:2800:220:1::1", 443), ("93.184.216.34", 443)]


def test_a_trusted_host_may_be_anywhere(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, cms__example=["::1", "127.0.0.1"], localhost=["127.0.0.1"])
    place = f"cms.example:{server.port}"
    with client(trusted=[place.upper()]) as web:
        assert web.get(f"http://{place}/").data == b"otherwise"
        assert "not public" in str(refusal(web, "http://cms.example/"))
        assert "not trusted" in str(refusal(web, f"http://localhost:{server.port}/"))
    assert server.requests[0].headers["host"] == place


@pytest.mark.parametrize(
    "entry", ["", "https://quay.example", "quay.example/path", "quay.example:port", ":80"]
)
def test_what_cannot_be_trusted(entry: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Web(trusted=[entry])


@pytest.mark.parametrize("entry", ["::1", "[::1]", "[::1]:{port}"])
def test_an_ipv6_host_is_trusted_and_named_with_brackets(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    real = socket.create_connection

    def connect(address: tuple[str, int], *rest: Any, **options: Any) -> socket.socket:
        assert address == ("::1", server.port)
        return real(("127.0.0.1", server.port), *rest, **options)

    monkeypatch.setattr(socket, "create_connection", connect)
    with client(trusted=[entry.format(port=server.port)]) as web:
        web.get(f"http://[::1]:{server.port}/")
    assert server.requests[0].headers["host"] == f"[::1]:{server.port}"


# Encryption


def say_where(location: str) -> Callable[[socket.socket], None]:
    head = f"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: {location}\r\n\r\n".encode()
    return lambda wire: wire.sendall(head)


def test_a_certificate_that_does_not_hold_is_an_error_at_once(certificate: Path) -> None:
    sent: list[int] = []
    with speaking(stream(b"x", sent, 1), test_smtp.server_context(certificate)) as url, client() as web:
        error = refusal(web, f"{url}/feed")
    assert str(error).startswith(f"{url}/feed: its certificate does not hold (self-signed certificate)")
    assert "asked" not in str(error)
    assert sent == []


def test_a_certificate_for_another_host_does_not_hold(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    names(monkeypatch, other__example=["127.0.0.1"])
    tls = test_smtp.server_context(certificate)
    with speaking(stream(b"x", [], 1), tls) as url, client(trusted=["other.example", "127.0.0.1"]) as web:
        assert web.get(url).data == b"x"
        error = refusal(web, url.replace("127.0.0.1", "other.example"))
    assert "its certificate does not hold (Hostname mismatch" in str(error)


def test_a_server_without_encryption_is_no_https(web: Web) -> None:
    with speaking(lambda wire: wire.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as url:
        error = refusal(web, url.replace("http:", "https:"))
    assert "no encrypted connection (WRONG_VERSION_NUMBER); is the address right?" in str(error)


def test_no_redirect_leaves_encryption(
    certificate: Path, server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    say = say_where(f"{server.url}/plain?key=secret-1")
    with speaking(say, test_smtp.server_context(certificate)) as url, client() as web:
        error = refusal(web, url)
    assert f"redirected to {server.url}/plain: without https" in str(error)
    assert "secret-1" not in str(error)
    assert server.requests == []


# Words


def test_no_key_is_in_any_log_or_error(
    server: HttpServer, web: Web, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpcore2", "httpcore2.http11", "httpcore2.connection", "httpx2"):
        caplog.set_level(logging.DEBUG, name)
    server.answers.append(Answer(302, {"Location": "/b?key=secret-2", "Set-Cookie": "secret-3"}))
    server.answers.append(Answer(404))
    headers = {"Authorization": "Basic secret-4"}
    error = refusal(web, f"{server.url}/a?key=secret-1#secret-5", headers=headers)
    assert str(error).startswith(f"{server.url}/a, redirected to {server.url}/b: not found (404)")
    assert "secret-" not in str(error)
    assert "secret-" not in caplog.text


@pytest.mark.parametrize("key", ["secret-1\r\nX-More: 1", "secret-1\x00", "secret-1…"])
def test_a_key_that_cannot_be_sent_is_not_shown(server: HttpServer, web: Web, key: str) -> None:
    error = refusal(web, server.url, headers={"Authorization": key})
    assert str(error) == f"{server.url}: a header that cannot be sent; check the key or password"
    assert server.requests == []


@given(st.text() | st.text().map("https://".__add__) | st.from_regex(r"https?://\S{0,20}\Z"))
@examples(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_text_is_asked_the_error_is_ours(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    with monkeypatch.context() as patch, client(retries=0, trusted=()) as web:
        names(patch)
        patch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("a connection"))
        assert refusal(web, url).status is None
        assert len(shown(url)) <= 203
