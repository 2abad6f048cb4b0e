"""A newsroom whose delivery is killed again and again, and what its readers' servers have seen of it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from sqlalchemy.engine import Engine

from newsletter import ledger, settle
from newsletter.edition import DeliveryState, EditionState
from newsroom import installation
from newsroom.database import engine_for, metadata, reading, writing
from tests.crash.child import Orders
from tests.newsletter.delivering import KEY, NOW, House, composed, many
from tests.servers.http import HttpServer
from tests.servers.smtp import Server

READERS = 40
ROOT = Path(__file__).parents[2]
KILLED = -9


def template(folder: Path) -> Path:
    """A newsroom with an edition and readers, not planned yet."""
    path = folder / "template.db"
    engine = engine_for(f"sqlite:///{path}")
    metadata.create_all(engine)
    installation.ensure(engine, NOW)
    composed(engine)
    many(engine, READERS)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


class Nursery:
    """Where the processes that deliver are forked: `with Nursery() as nursery`."""

    def __enter__(self) -> Nursery:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.child"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def run(self, orders: Orders) -> int:
        """Have one process follow the orders; returns its exit status, negative for a signal."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(asdict(orders)) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@dataclass
class Scene:
    """One newsroom and its provider."""

    folder: Path
    orders: Orders
    engine: Engine
    nursery: Nursery
    smtp: Server | None = None
    sendgrid: HttpServer | None = None
    killed: int = 0
    steps: list[str] = field(default_factory=list)

    def run(self, step: str = "", time: int = 1, after_ms: int = 0) -> bool:
        """Deliver in a process of its own, killed at that step; False where it came to its end instead."""
        orders = replace(self.orders, step=step, time=time, after_ms=after_ms)
        status = self.nursery.run(orders)
        assert status in (0, KILLED), f"the run failed with {status}"
        is_killed = status == KILLED
        self.killed += is_killed
        self.steps.append(f"{step or after_ms}:{time}:{'killed' if is_killed else 'done'}")
        return is_killed

    def taken(self) -> Counter[str]:
        """How many messages each address has got, as the servers saw it."""
        if self.smtp is not None:
            return Counter(got.recipient for got in self.smtp.got)
        if self.sendgrid is not None:
            return Counter(
                one["to"][0]["email"]
                for request in self.sendgrid.requests
                for one in request.json["personalizations"]
            )
        files = (self.folder / "outbox" / KEY).glob("*.eml")
        found = Counter(f"reader{int(path.stem)}@example.org" for path in files)
        doubles = self.folder / "doubles.txt"
        names = doubles.read_text().split() if doubles.exists() else []
        return found + Counter(f"reader{int(Path(name).stem)}@example.org" for name in names)

    def settled(self) -> None:
        """Run until the edition is over; then check that nobody has it twice and nobody was missed."""
        for _ in range(4):
            assert not self.run()
            if self.house.edition.state is EditionState.SENT:
                break
        self.check()

    @property
    def house(self) -> House:
        return House(self.engine)

    def check(self) -> None:
        """0 doubles; 0 missed; no more uncertain than was in flight."""
        taken, states, found = self.taken(), self.house.states(), self.house.sum
        story = f"{self.orders.provider}: {' '.join(self.steps)}"
        assert found.is_right, story
        assert max(taken.values(), default=0) <= 1, f"twice: {story}"
        assert self.house.edition.state is EditionState.SENT, story
        assert set(states.values()) <= {DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN}, story
        assert len(states) == READERS, story
        for reader, state in states.items():
            if state is DeliveryState.ACCEPTED:
                assert taken[f"reader{reader}@example.org"] == 1, f"missed: {story}"
        in_flight = self.orders.batch_size * self.orders.connections * self.killed
        allowed = 0 if self.orders.provider == "outbox" else in_flight
        assert found.of(DeliveryState.UNCERTAIN) <= allowed, f"uncertain: {story}"

    def looked_up(self) -> None:
        """Resolve each uncertain batch as the provider's log has it; only where that has all or nothing."""
        taken = self.taken()
        with writing(self.engine) as connection:
            for number, _, _ in ledger.uncertain(connection):
                readers = [row.reader_id for row in ledger.readers_of(connection, number)]
                got = {taken[f"reader{reader}@example.org"] for reader in readers}
                assert len(got) == 1
                settle.resolve(connection, number, got == {1}, "nele", NOW)

    def uncertain(self) -> int:
        with reading(self.engine) as connection:
            return sum(readers for _, readers, _ in ledger.uncertain(connection))


@contextmanager
def scene(folder: Path, provider: str, database: Path, nursery: Nursery) -> Iterator[Scene]:
    """A fresh newsroom in `folder`, a copy of the template `database`."""
    folder.mkdir(parents=True)
    shutil.copy(database, folder / "standfirst.db")
    engine = engine_for(f"sqlite:///{folder / 'standfirst.db'}")
    orders = Orders(str(folder), provider)
    try:
        if provider == "smtp":
            with Server() as smtp:
                yield Scene(folder, replace(orders, port=smtp.port), engine, nursery, smtp)
        elif provider == "sendgrid":
            with HttpServer() as http:
                yield Scene(folder, replace(orders, port=http.port), engine, nursery, sendgrid=http)
        else:
            yield Scene(folder, orders, engine, nursery)
    finally:
        engine.dispose()
