"""Processes that deliver one edition and are killed, for good, at a named step.

`python -m tests.crash.child` reads orders from its standard input, a line of JSON each (see `Orders`), forks
a process for each and says how that ended. The product has no hooks: its functions are wrapped here.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from newsletter import deliver, outcomes, planning
from newsletter.claim import Terms
from newsletter.deliver import Delivery
from newsletter.providers import Provider
from newsletter.providers.outbox import Outbox
from newsletter.providers.sendgrid import SendGrid
from newsletter.providers.smtp import Smtp
from newsletter.providers.smtp_connection import Connection
from newsroom import installation, locks, witness
from newsroom.database import engine_for
from newsroom.secrets import Secrets
from newsroom.settings import SendGridSettings, SmtpSettings
from tests.newsletter.delivering import KEY, Clock, Desk

PROVIDERS: dict[str, Any] = {"outbox": Outbox, "smtp": Smtp, "sendgrid": SendGrid}

STEPS = {
    "planning": (planning._Drafting, "finish", "before"),
    "planned": (witness, "announce", "before"),
    "counted": (installation, "announce", "after"),
    "unwitnessed": (witness, "_write", "before"),
    "witnessed": (witness, "_write", "after"),
    "announced": (witness, "announce", "after"),
    "claiming": (deliver, "claim", "after"),
    "claimed": (None, "hand_over", "before"),
    "handing": (None, "", ""),
    "answered": (None, "hand_over", "after"),
    "recording": (outcomes, "record", "after"),
    "recorded": (Delivery, "_record", "after"),
    "concluding": (deliver, "concluded", "after"),
}
"""Each with where it is. `claimed` and `answered` are the provider's; `handing` is inside of it."""

HANDING = {
    "outbox": (Path, "replace", "after"),
    "smtp": (Connection, "send", "after"),
    "sendgrid": (http.client.HTTPConnection, "getresponse", "before"),
}


@dataclass(frozen=True)
class Orders:
    """Where the newsroom is, who carries its mail, and where the process ends."""

    folder: str
    provider: str
    port: int = 0
    step: str = ""
    """Empty: it is not killed."""
    time: int = 1
    """How many times the step is passed, the last of them included."""
    after_ms: int = 0
    """Killed so long after its work began, wherever that is."""
    batch_size: int = 8
    connections: int = 2


def die() -> None:
    """The end, as by a power cut: nothing is flushed, no `finally` runs."""
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


def mortal(owner: Any, name: str, when: str, times: int) -> None:
    """Have the process end at the `times`th call of owner.name, before it or after it."""
    original: Callable[..., Any] = getattr(owner, name)
    lock, calls = threading.Lock(), 0

    def wrapped(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        with lock:
            calls += 1
            is_last = calls == times
        if is_last and when == "before":
            die()
        value = original(*arguments, **named)
        if is_last:
            die()
        return value

    setattr(owner, name, wrapped)


def provider_of(orders: Orders) -> Provider:
    secrets = Secrets((("k", b"k" * 32),), b"a" * 32, sendgrid_api_key="SG.none-of-theirs")
    made: Any
    if orders.provider == "outbox":
        made = Outbox(Path(orders.folder) / "outbox")
    elif orders.provider == "smtp":
        settings = SmtpSettings("127.0.0.1", orders.port, "plain", connections=orders.connections)
        made = Smtp(replace(settings, window=orders.batch_size), secrets)
    else:
        url = f"http://127.0.0.1:{orders.port}"
        made = SendGrid(SendGridSettings(base_url=url, connections=orders.connections), secrets)
    made.batch_size = orders.batch_size
    return made  # type: ignore[no-any-return] # one of the three


def note_doubles(folder: Path) -> None:
    """Write down each message that takes the place of one that was in the outbox already."""
    replace_file = Path.replace

    def noted(self: Path, target: Path) -> Path:
        if Path(target).suffix == ".eml" and Path(target).exists():
            with (folder / "doubles.txt").open("a") as out:
                out.write(f"{Path(target).name}\n")
        return replace_file(self, target)

    Path.replace = noted  # type: ignore[method-assign,assignment] # it does the same


def main(orders: Orders) -> None:
    folder = Path(orders.folder)
    note_doubles(folder)
    if orders.step:
        owner, name, when = STEPS[orders.step] if orders.step != "handing" else HANDING[orders.provider]
        mortal(owner or PROVIDERS[orders.provider], name, when, orders.time)
    if orders.after_ms:
        threading.Timer(orders.after_ms / 1000, die).start()
    engine, path = engine_for(f"sqlite:///{folder / 'standfirst.db'}"), folder / "standfirst.witness"
    witness.check(engine, path)
    provider = provider_of(orders)
    desk = Desk(announce=lambda edition: witness.announce(engine, path, edition))
    with locks.held(engine, "newsletter:daily") as owner:
        Delivery(
            engine=engine,
            key=KEY,
            provider=provider,
            post=desk.post,
            terms=Terms(provider.name, provider.batch_size, owner),
            alive=lambda other: other != owner and locks.is_held(engine, other),
            clock=Clock(),
        ).run()
    provider.close()
    # A timer that is late must not kill a process that is done.
    os._exit(0)


def nursery() -> None:
    """Fork one process an order, so that only the first pays for the imports."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                main(Orders(**json.loads(line)))
            except BaseException:  # noqa: BLE001 - the parent is told by the status, a person by the trace
                traceback.print_exc()
            os._exit(1)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    nursery()
