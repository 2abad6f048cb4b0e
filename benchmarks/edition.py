"""A whole edition of real letters, handed to SendGrid on the loopback interface, every row of it durable.

`python -m benchmarks.edition [READERS ...]`, in a folder on the disk that is measured (TMPDIR). Each size
runs in a process of its own, so that its memory is its own. Beside it stands what the provider does alone,
without a ledger, in the same run (`benchmarks.sendgrid_requests`).
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from benchmarks import ledger, sendgrid_requests
from newsletter.delivery.claim import Terms
from newsletter.delivery.deliver import Delivery
from newsletter.delivery.post import Post
from newsletter.edition import Selection
from newsletter.mail.traces import message_id
from newsletter.providers.sendgrid import SendGrid
from newsletter.rendering.letter import Letter
from newsletter.rendering.phrases import trial_phrase
from newsletter.rendering.render import render
from newsletter.variant import Variant
from newsroom.database import engine_for
from newsroom.secrets import Secrets
from newsroom.settings import SendGridSettings
from readership.tokens import preferences_token, unsubscribe_token
from tests import samples
from tests.newsletter import editions
from tests.newsletter.delivering import KEY, Clock, Desk

SIZES = (100_000, 1_000_000)
CONNECTIONS = 4
GOAL, MEMORY_GOAL = 50_000, 1.1
SIGNING, ADDRESS = (("k1", b"k" * 32),), b"a" * 32
DOMAIN = "https://feeds.quay.example"


def post() -> Post:
    """What a run has: a letter of full length, and every reader's own signed addresses."""

    def letter(_: Selection, variant: Variant) -> Letter:
        return render(editions.selection(), variant, samples.newsroom(), samples.newsletter()).letter

    return replace(
        Desk().post,
        letter=letter,
        unsubscribe_url=lambda reader: f"{DOMAIN}/unsubscribe/{unsubscribe_token(SIGNING, reader, 'daily')}",
        preferences_url=lambda reader: f"{DOMAIN}/preferences/{preferences_token(SIGNING, reader)}",
        trial_phrase=lru_cache(maxsize=None)(trial_phrase),
        message_id=lambda edition, reader: message_id(ADDRESS, edition, reader, "quay.example"),
    )


def measure(readers: int, port: int) -> dict[str, float]:
    """Plan an edition for that many readers and hand it over; seconds, of them the processor's, and MB."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "standfirst.db"
        # In a process of its own: what that needs of memory is not what is measured.
        filling = multiprocessing.get_context("spawn").Process(target=ledger.fill, args=(database, readers))
        filling.start()
        filling.join()
        engine = engine_for(f"sqlite:///{database}")
        settings = SendGridSettings(base_url=f"http://127.0.0.1:{port}", connections=CONNECTIONS)
        provider = SendGrid(settings, Secrets((), b"", sendgrid_requests.KEY))
        began = time.perf_counter()
        ledger.plan(engine)
        planned = time.perf_counter()
        at_planning, worked = ledger.peak(), time.process_time()
        report = Delivery(
            engine=engine,
            key=KEY,
            provider=provider,
            post=post(),
            terms=Terms(provider.name, provider.batch_size, "bench"),
            alive=lambda _: False,
            clock=Clock(),
        ).run()
        ended, worked = time.perf_counter(), time.process_time() - worked
        provider.close()
        engine.dispose()
    if report.accepted != readers:
        raise SystemExit(f"{report.accepted:,} accepted, {readers:,} were to be: {report.problems}")
    return {
        "planning": planned - began,
        "handing": ended - planned,
        "processor": worked,
        "planning_mb": at_planning,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


@contextmanager
def sink() -> Iterator[int]:
    """A server that takes every request and says 202, as a process of its own; its port."""
    command = [sys.executable, "-m", "benchmarks.sendgrid_requests", "--sink"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield int(server.stdout.readline())
        finally:
            server.terminate()


def said(readers: int, got: dict[str, float], alone: float) -> None:
    """Print what one size came to."""
    handed = readers / got["handing"]
    print(f"{readers:,} readers")
    print(f"  planned in {got['planning']:.1f} s: {readers / got['planning']:,.0f} readers/s")
    print(f"  handed over in {got['handing']:.1f} s: {handed:,.0f} readers/s (goal {GOAL:,})")
    print(f"  that is {handed / alone:.2f} of the requests alone")
    print(f"  of processor time: {readers / got['processor']:,.0f} readers/s")
    print(f"  memory: {got['planning_mb']:.0f} MB at most while planning, {got['peak_mb']:.0f} MB in all")


def main(sizes: tuple[int, ...]) -> None:
    """Measure each size and print it."""
    found = []
    with sink() as port:
        alone, *_ = sendgrid_requests.hand_over(f"http://127.0.0.1:{port}")
        print(f"SendGrid's requests alone, no ledger      {alone:>9,.0f} readers/s")
        for readers in sizes:
            command = [sys.executable, "-m", "benchmarks.edition", "--measure", str(readers), str(port)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            got = json.loads(done.stdout)
            found.append(got)
            said(readers, got, alone)
    if len(found) > 1:
        ratio = found[-1]["peak_mb"] / found[0]["peak_mb"]
        print(f"memory of {sizes[-1]:,} is {ratio:.2f} of that of {sizes[0]:,} (goal {MEMORY_GOAL})")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(int(sys.argv[2]), int(sys.argv[3]))))
    else:
        main(tuple(int(number.replace(",", "")) for number in sys.argv[1:]) or SIZES)
