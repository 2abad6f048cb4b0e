"""Private feeds as `serve` answers them, conditional and not, against nginx on the same bytes in one run.

Also the public feeds by the application, and its memory after 100,000 requests. Without nginx its lines are
left out (Debian: nginx-light).
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)

from content import store  # noqa: E402 - after the path to the checkout
from content.article import Body  # noqa: E402
from feeds.publish import publish  # noqa: E402
from newsroom.database import engine_for, metadata, writing  # noqa: E402
from readership.reader import Plan  # noqa: E402
from readership.tokens import feed_token  # noqa: E402
from tests import samples  # noqa: E402
from tests.readership.registered import register  # noqa: E402
from tests.web.serving import KEYS, settings  # noqa: E402
from web.app import now_utc  # noqa: E402

READERS = 500
ARTICLES = 50
WORDS = 600
CONNECTIONS = 16
ROUND = 16_000
MEMORY_AFTER = 100_000
GOAL = 2_000
NGINX = """
worker_processes 1; daemon off; pid {root}/nginx.pid; error_log {root}/nginx.log crit;
events {{ worker_connections 256; }}
http {{
    access_log off; gzip on; gzip_types application/xml; default_type application/xml;
    keepalive_requests 1000000;
    client_body_temp_path {root}/t1; proxy_temp_path {root}/t2; fastcgi_temp_path {root}/t3;
    uwsgi_temp_path {root}/t4; scgi_temp_path {root}/t5;
    server {{ listen 127.0.0.1:{port}; root {root}/public; }}
}}
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A server under test."""

    port: int
    process: int

    def spent(self) -> float:
        """Seconds of the processor so far."""
        fields = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident(self) -> float:
        """Megabytes of memory now."""
        status = Path(f"/proc/{self.process}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+)", status)
        assert found
        return int(found[1]) / 1024


def serve(root: Path, port: int) -> None:
    """The real thing, its access log included, in a process of its own."""
    from web.server import serve as run_server

    with (root / "access.log").open("w") as stream:
        from newsroom import log

        log.configure("json", stream=stream)
        run_server(settings(root), engine_for(f"sqlite:///{root / 'standfirst.db'}"), "127.0.0.1", port)


def fill(root: Path) -> None:
    """A newsroom with articles, readers and published feeds."""
    engine = engine_for(f"sqlite:///{root / 'standfirst.db'}")
    metadata.create_all(engine)
    now = now_utc()
    text = "".join(f"<p>{'The river rose again and the quay was shut. ' * 7}</p>" for _ in range(WORDS // 63))
    with writing(engine) as connection:
        for number in range(ARTICLES):
            when = now - timedelta(days=1, minutes=number)
            values = {"published": when, "updated": when, "body": Body(f"<p>Story {number}.</p>{text}")}
            store.insert(connection, samples.article(f"story-{number}", **values), "hash", when)
    for number in range(1, READERS + 1):
        register(engine, samples.reader(number, Plan.PAID), now=now - timedelta(days=2))
    publish(engine, settings(root).newsroom, root / "public", now)
    engine.dispose()


@contextmanager
def started(command: list[str], port: int) -> Iterator[Server]:
    """A server that answers; ended with the block."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.1)
        # nginx answers in a process of its own below the one that was started.
        below = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        yield Server(port, int(below[0]) if below and "nginx" in command[0] else process.pid)
    finally:
        process.terminate()
        process.wait(20)


def answer_of(port: int, path: str, headers: str = "") -> tuple[dict[str, str], bytes]:
    """One answer, whole."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{headers}\r\n"
        connection.sendall(request.encode())
        data = b""
        while part := connection.recv(1 << 20):
            data += part
    head, _, body = data.partition(b"\r\n\r\n")
    lines = (line.partition(": ") for line in head.decode().split("\r\n")[1:])
    return {name.lower(): value for name, _, value in lines}, body


def asked(server: Server, request: Callable[[int], bytes], status: bytes, count: int) -> tuple[float, float]:
    """Requests a second, by the clock and by the server's processor, over kept connections."""
    connections = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(CONNECTIONS)]
    begun, began = server.spent(), time.perf_counter()
    for first in range(0, count, CONNECTIONS):
        for place, connection in enumerate(connections):
            connection.sendall(request(first + place))
        for connection in connections:
            _read(connection, status)
    taken, spent = time.perf_counter() - began, server.spent() - begun
    for connection in connections:
        connection.close()
    return count / taken, count / max(spent, 0.01)


def _read(connection: socket.socket, status: bytes) -> None:
    data = connection.recv(1 << 18)
    assert data.startswith(b"HTTP/1.1 " + status), data[:200]
    head, _, body = data.partition(b"\r\n\r\n")
    found = re.search(rb"content-length: (\d+)", head, re.I)
    if found and status == b"200":
        missing = int(found[1]) - len(body)
        while missing > 0:
            missing -= len(connection.recv(1 << 18))
    elif status == b"200":  # In chunks: nginx packs as it goes.
        while not data.endswith(b"0\r\n\r\n"):
            data = connection.recv(1 << 18)


def _request(path: str, headers: str) -> bytes:
    agent = "User-Agent: NetNewsWire (RSS Reader; https://netnewswire.com/)\r\nAccept: */*\r\n"
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{agent}{headers}\r\n".encode()


def measure(name: str, server: Server, paths: list[str], count: int = ROUND) -> float:
    """Print both kinds of requests; returns how many conditional ones a second."""
    packed = "Accept-Encoding: gzip\r\n"
    marks = answer_of(server.port, paths[0], packed)[0]
    has = f"{packed}If-None-Match: {marks['etag']}\r\n"
    conditional = [_request(path, has) for path in paths]
    whole = [_request(path, packed) for path in paths]
    asked(server, lambda number: conditional[number % len(paths)], b"304", 1_600)
    found = [
        asked(server, lambda number: conditional[number % len(paths)], b"304", count),
        asked(server, lambda number: whole[number % len(paths)], b"200", count // 4),
    ]
    for kind, (by_clock, by_processor) in zip(("304", "200, in gzip"), found, strict=True):
        print(f"{name}, {kind}: {by_clock:,.0f} a second ({by_processor:,.0f} a second of its processor)")
    return found[0][0]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        port = one.getsockname()[1]
    assert isinstance(port, int)
    return port


def main() -> None:
    """Print all lines, and the ratios."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        fill(root)
        private = [f"/private/{feed_token(KEYS, number + 1, 0)}/politics.rss" for number in range(READERS)]
        port = free_port()
        with started(
            [sys.executable, "-m", "benchmarks.private_feeds", "serve", folder, str(port)], port
        ) as ours:
            _, data = answer_of(port, private[0])
            (root / "public/private.rss").write_bytes(data)
            print(f"a private feed of {ARTICLES} articles: {len(data):,} bytes; {READERS} readers in turn")
            rate = measure("private", ours, private)
            measure("public, by the application", ours, ["/feeds/politics.rss"])
            before = ours.resident()
            has = _request(private[0], f"If-None-Match: {answer_of(port, private[0])[0]['etag']}\r\n")
            many = [
                _request(path, "").replace(b"\r\n\r\n", b"\r\nIf-None-Match: *\r\n\r\n") for path in private
            ]
            asked(ours, lambda number: many[number % READERS] if number % 3 else has, b"304", MEMORY_AFTER)
            after = ours.resident()
        print(f"memory: {before:.0f} MB, after {MEMORY_AFTER:,} requests more {after:.0f} MB")
        print(f"goal: {GOAL:,} conditional requests a second a process; reached: {rate / GOAL:.2f}")
        peer(root, rate)


def peer(root: Path, rate: float) -> None:
    """nginx on the same bytes as a file."""
    if not shutil.which("nginx"):
        print("nginx: not installed, so there is nothing to compare with (Debian: nginx-light)")
        return
    root.chmod(0o755)
    port = free_port()
    (root / "nginx.conf").write_text(NGINX.format(root=root, port=port))
    with started(["nginx", "-p", str(root), "-c", str(root / "nginx.conf")], port) as server:
        of_file = measure("nginx, the same bytes as a file", server, ["/private.rss"])
    print(f"ratio to nginx: {rate / of_file:.3f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
