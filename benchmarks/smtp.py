"""How fast messages go out by SMTP, against postfix's smtp-source into the same smtp-sink in the same run."""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from newsletter.mail.message import Prepared  # noqa: E402
from newsletter.providers import Answer, Batch, Recipient  # noqa: E402
from newsletter.providers.smtp import Smtp  # noqa: E402
from newsletter.rendering.letter import Letter, Slot  # noqa: E402 - after the path to the checkout
from newsroom.secrets import Secrets  # noqa: E402
from newsroom.settings import SmtpSettings  # noqa: E402
from tests.newsletter import mail  # noqa: E402

MESSAGES, CONNECTIONS, WINDOW, ROUNDS = 8_000, 4, 100, 5
PARAGRAPH = (
    '<p style="margin:0 0 8px;color:#222222">The bridge over the Wielde, closed for two years, reopens.</p>\n'
)


def letter() -> Letter:
    """A digest of common size: some 78 KB as it is sent."""
    return mail.letter(
        html=(PARAGRAPH * 640, '<a href="', Slot.UNSUBSCRIBE_URL, '">Unsubscribe</a>', Slot.TRIAL, "</html>"),
        text=("The bridge reopens.\n" * 250, Slot.TRIAL, "\n", Slot.UNSUBSCRIBE_URL, "\n"),
    )


def batches(size: int) -> list[Batch]:
    """MESSAGES readers, `size` a batch."""
    digest = letter()
    return [
        mail.batch(
            number=start,
            letter=digest,
            recipients=tuple(map(mail.recipient, range(start, min(start + size, MESSAGES)))),
        )
        for start in range(0, MESSAGES, size)
    ]


def tool(name: str) -> str:
    """Where postfix's tool is."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if found is None:
        sys.exit(f"{name} is missing: apt-get install postfix")
    return found


@contextmanager
def sink() -> Iterator[int]:
    """smtp-sink's port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    with subprocess.Popen([tool("smtp-sink"), *user, f"127.0.0.1:{port}", "200"]) as process:
        try:
            _await(port)
            yield port
        finally:
            process.terminate()


def _await(port: int) -> None:
    until = time.monotonic() + 5
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except ConnectionRefusedError:
            continue
        return
    sys.exit("smtp-sink does not listen")


def ours(port: int, prepared: list[Batch]) -> float:
    """Messages a second of the provider."""
    secrets = Secrets(signing_keys=(), address_key=b"")
    settings = SmtpSettings("127.0.0.1", port, "plain", connections=CONNECTIONS, window=WINDOW)
    provider = Smtp(settings, secrets)
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        began = time.perf_counter()
        outcomes = list(pool.map(provider.hand_over, prepared))
        taken = time.perf_counter() - began
    provider.close()
    assert all(outcome.answer is Answer.ACCEPTED and not outcome.own for outcome in outcomes)
    return MESSAGES / taken


def theirs(port: int, size: int) -> float:
    """Messages a second of smtp-source, its connections kept, its messages of the same size."""
    options = ["-d", "-s", str(CONNECTIONS), "-m", str(MESSAGES), "-l", str(size)]
    addresses = ["-f", "bounces@quay.example", "-t", "reader@example.org"]
    began = time.perf_counter()
    subprocess.run([tool("smtp-source"), *options, *addresses, f"127.0.0.1:{port}"], check=True)
    return MESSAGES / (time.perf_counter() - began)


def splicing(reader: list[Recipient]) -> float:
    """Microseconds for a reader's message."""
    ready = Prepared(letter(), mail.envelope())
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for recipient in reader:
            ready.message(recipient)
        best = min(best, time.perf_counter() - began)
    return best / len(reader) * 1e6


def main() -> None:
    """Print the figures."""
    size = len(Prepared(letter(), mail.envelope()).message(mail.recipient()))
    planned = batches(WINDOW)
    with sink() as port:
        pairs = [(theirs(port, size), ours(port, planned)) for _ in range(ROUNDS)]
    ratio = statistics.median(mine / peer for peer, mine in pairs)
    print(
        f"{MESSAGES} messages of {size / 1024:.0f} KB, {CONNECTIONS} connections, median of {ROUNDS} rounds:"
    )
    print(f"  smtp-source              {statistics.median(peer for peer, _ in pairs):8,.0f} messages/s")
    print(f"  smtp, window {WINDOW:4}        {statistics.median(mine for _, mine in pairs):8,.0f} messages/s")
    print(f"  ratio                    {ratio:8.2f} (goal 0.9)")
    print(f"  splicing one message     {splicing(list(planned[0].recipients)):8.1f} µs")


if __name__ == "__main__":
    main()
