"""Handing 100,000 readers to SendGrid in full batches, against prebuilt bodies posted raw to the same server.

The server is a process of its own on the loopback interface: it reads a request and answers 202.
"""

from __future__ import annotations

import json
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)

from newsletter.providers import Answer, Batch  # noqa: E402 - after the path to the checkout
from newsletter.providers.sendgrid import SendGrid  # noqa: E402
from newsletter.providers.sendgrid_payload import payload  # noqa: E402
from newsletter.rendering.render import render  # noqa: E402
from newsletter.variant import Audience, Variant  # noqa: E402
from newsroom.secrets import Secrets  # noqa: E402
from newsroom.settings import SendGridSettings  # noqa: E402
from tests import samples  # noqa: E402
from tests.newsletter import editions, mail  # noqa: E402

READERS = 100_000
SIZE = 1_000
ROUND = 8
CONNECTIONS = 4
GOAL = 50_000
KEY = "SG.nobody.nothing"


def sink() -> None:
    """The server: prints its port, then takes requests until it is ended."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        print(server.getsockname()[1], flush=True)
        while True:
            connection, _ = server.accept()
            threading.Thread(target=_swallow, args=(connection,), daemon=True).start()


def _swallow(connection: socket.socket) -> None:
    room = bytearray(1 << 20)
    answer = b"HTTP/1.1 202 Accepted\r\nX-Message-Id: m\r\nContent-Length: 0\r\n\r\n"
    with connection:
        while True:
            head = b""
            while b"\r\n\r\n" not in head:
                piece = connection.recv(65_536)
                if not piece:
                    return
                head += piece
            top, _, rest = head.partition(b"\r\n\r\n")
            fields = dict(line.lower().split(b": ", 1) for line in top.split(b"\r\n")[1:])
            missing = int(fields[b"content-length"]) - len(rest)
            while missing > 0:
                missing -= connection.recv_into(room, min(missing, len(room)))
            connection.sendall(answer)


def batches() -> Iterator[Batch]:
    """Full batches of one variant, made when they are asked for."""
    variant = Variant(Audience.TRIAL, "en", frozenset())
    letter = render(editions.selection(), variant, samples.newsroom(), samples.newsletter()).letter
    for number in range(READERS // SIZE):
        first = number * SIZE + 1
        readers = tuple(mail.recipient(first + place) for place in range(SIZE))
        yield mail.batch(0, number=number, letter=letter, recipients=readers)


def resident() -> float:
    """Megabytes of memory this process has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def hand_over(url: str) -> tuple[float, float, list[float]]:
    """Readers a second through the provider, readers a second of processor time, memory after each round.

    The clock stands while the batches of a round are made: the ledger's work is measured elsewhere.
    """
    sendgrid = SendGrid(SendGridSettings(base_url=url, connections=CONNECTIONS), Secrets((), b"", KEY))
    memory: list[float] = []
    taken = worked = 0.0
    every = batches()
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        while some := list(islice(every, ROUND)):
            began, begun = time.perf_counter(), time.process_time()
            for outcome in threads.map(sendgrid.hand_over, some):
                assert outcome.answer is Answer.ACCEPTED, outcome
            taken += time.perf_counter() - began
            worked += time.process_time() - begun
            memory.append(resident())
    return READERS / taken, READERS / worked, memory


def post_raw(port: int, bodies: list[bytes]) -> float:
    """Readers a second where every byte is made beforehand and connections are kept."""
    head = f"POST /v3/mail/send HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {KEY}\r\n"
    requests = [f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body for body in bodies]

    def post(count: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            for number in range(count):
                connection.sendall(requests[number % len(requests)])
                assert connection.recv(4_096).startswith(b"HTTP/1.1 202")

    count = READERS // SIZE // CONNECTIONS
    threads = [threading.Thread(target=post, args=(count,)) for _ in range(CONNECTIONS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return count * CONNECTIONS * SIZE / (time.perf_counter() - began)


def milliseconds(work: Callable[[], object]) -> float:
    """The best of twenty calls."""
    taken = []
    for _ in range(20):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1_000)
    return min(taken)


def report(port: int) -> None:
    """Measure all of it in one run and print it."""
    some = list(islice(batches(), 4))
    bodies = [payload(batch).text.encode() for batch in some]
    runs = [hand_over(f"http://127.0.0.1:{port}") for _ in range(3)]
    ours, per_processor, memory = max(runs, key=lambda run: run[0])
    raw = max(post_raw(port, bodies) for _ in range(3))
    body = json.loads(payload(some[0]).text)
    steps = {
        "its JSON": milliseconds(lambda: payload(some[0]).text.encode()),
        "the same from dicts by json.dumps, once they are made": milliseconds(
            lambda: json.dumps(body).encode()
        ),
    }
    print(f"SendGrid: {READERS:,} readers, {SIZE:,} a request of {len(bodies[0]) / 1e6:.2f} MB")
    print(f"  through the provider   {ours:>9,.0f} readers/s a process (goal {GOAL:,})")
    print(f"  of processor time      {per_processor:>9,.0f} readers/s (the rest was waiting)")
    print(f"  prebuilt, posted raw   {raw:>9,.0f} readers/s: {ours / raw:.2f} of it")
    print(f"  memory: {memory[0]:.0f} MB after {ROUND} requests, {memory[-1]:.0f} MB after {READERS // SIZE}")
    for name, took in steps.items():
        print(f"  {took:6.2f} ms a request for {name}")


def main() -> None:
    """Start the server, measure, end it."""
    with subprocess.Popen([sys.executable, __file__, "--sink"], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            report(int(server.stdout.readline()))
        finally:
            server.terminate()


if __name__ == "__main__":
    if sys.argv[1:] == ["--sink"]:
        sink()
    else:
        main()
