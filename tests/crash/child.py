"""Processes that deliver one edition and come to grief, for good, at a named step.

`python -m tests.crash.child` reads orders from its standard input, a line of JSON each (see `Orders`), forks
a process for each and says how that ended. The product has no hooks: its functions are wrapped here. The real
command is given the same orders by its environment (see `site/sitecustomize.py`).
"""

from __future__ import annotations

import http.client
import importlib
import json
import os
import resource
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from newsletter.delivery import deliver, outcomes, planning
from newsletter.delivery.claim import Terms
from newsletter.delivery.deliver import Delivery
from newsletter.providers import Provider
from newsletter.providers.outbox import Outbox
from newsletter.providers.sendgrid import SendGrid
from newsletter.providers.smtp import Smtp
from newsletter.providers.smtp_connection import Connection
from newsroom import installation, locks, witness
from newsroom.database import engine_for
from newsroom.secrets import Secrets
from newsroom.settings import SendGridSettings, SmtpSettings
from tests.newsletter.delivering import KEY, NOW, Clock, Desk

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

RUN_STEPS = {
    "opened": ("commands.run", "sync_step", "before"),
    "synced": ("commands.run", "sync_step", "after"),
    "published": ("commands.run", "feeds_step", "after"),
    "composing": ("newsletter.editions", "create", "after"),
    "composed": ("commands.run", "digest_step", "after"),
    "delivered": ("commands.deliver", "deliver_step", "after"),
    "telling": ("commands.run", "_tell", "before"),
}
"""The steps of the real command around these, by module and name."""

GONE = ".away"


@dataclass(frozen=True)
class Orders:
    """Where the newsroom is, who carries its mail, and where the process comes to grief."""

    folder: str
    provider: str
    database: str = ""
    """Its address; empty for the file in the folder."""
    port: int = 0
    step: str = ""
    """Empty: nothing happens to it."""
    time: int = 1
    """How many times the step is passed, the last of them included."""
    act: str = "kill"
    """What happens there: `kill`; `full`, the disk; `gone`, the database; `back`, the clock, an hour."""
    after_ms: int = 0
    """Killed so long after its work began, wherever that is."""
    minutes: int = 0
    """So many after noon it is."""
    server: int = 0
    """The process of PostgreSQL."""
    batch_size: int = 8
    connections: int = 2


def die() -> None:
    """The end, as by a power cut: nothing is flushed, no `finally` runs."""
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


def fill_disk() -> None:
    """Let no file have more than its beginning from now on: whoever writes behind it is told that it is too
    large, as a full disk tells that there is no room."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_024, resource.RLIM_INFINITY))


def take_away(orders: Orders) -> None:
    """End PostgreSQL as in a power failure, or take SQLite's files from their folder."""
    if orders.server:
        os.kill(orders.server, signal.SIGQUIT)
        return
    for path in Path(orders.folder).glob("standfirst.db*"):
        path.rename(f"{path}{GONE}")


def acting(orders: Orders, clock: Clock) -> Callable[[], None]:
    """What happens at the step."""
    acts: dict[str, Callable[[], None]] = {
        "kill": die,
        "full": fill_disk,
        "gone": lambda: take_away(orders),
        "back": lambda: clock.pause(-3_600),
    }
    return acts[orders.act]


def mortal(owner: Any, name: str, when: str, times: int, act: Callable[[], None]) -> None:
    """Have something happen at the `times`th call of owner.name, before it or after it."""
    original: Callable[..., Any] = getattr(owner, name)
    lock, calls = threading.Lock(), 0

    def wrapped(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        with lock:
            calls += 1
            is_last = calls == times
        if is_last and when == "before":
            act()
        value = original(*arguments, **named)
        if is_last and when == "after":
            act()
        return value

    setattr(owner, name, wrapped)


def arm(orders: Orders, clock: Clock) -> None:
    """Have it happen, once the process comes to where the orders say."""
    act = acting(orders, clock)
    if orders.step in RUN_STEPS:
        module, name, when = RUN_STEPS[orders.step]
        mortal(importlib.import_module(module), name, when, orders.time, act)
    elif orders.step:
        owner, name, when = STEPS[orders.step] if orders.step != "handing" else HANDING[orders.provider]
        mortal(owner or PROVIDERS[orders.provider], name, when, orders.time, act)
    if orders.after_ms:
        limit = threading.Timer(orders.after_ms / 1000, die)
        limit.daemon = True
        limit.start()


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
    clock = Clock(NOW + timedelta(minutes=orders.minutes))
    arm(orders, clock)
    # Whoever has no room now will have none in twenty seconds either.
    deliver._WRITING_AGAIN = (0.01, 0.02)  # type: ignore[assignment] # fewer
    engine = engine_for(orders.database or f"sqlite:///{folder / 'standfirst.db'}")
    path = folder / "standfirst.witness"
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
            clock=clock,
        ).run()
    provider.close()
    # A timer that is late must not kill a process that is done.
    os._exit(0)


def nursery() -> None:
    """Fork one process an order, so that only the first pays for the imports."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            orders = Orders(**json.loads(line))
            # The parent reads there how processes end, and not what they say.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            try:
                main(orders)
            except BaseException:  # noqa: BLE001 - the parent is told by the status, a person by the trace
                if orders.act not in ("full", "gone"):
                    traceback.print_exc()
            os._exit(1)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    nursery()
