"""A newsroom whose delivery comes to grief again and again, and what its readers' servers have seen of it."""

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
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from demo.postgres import Server as Postgres
from newsletter import ledger
from newsletter.delivery import settle
from newsletter.edition import DeliveryState, EditionState
from newsroom import installation
from newsroom.database import engine_for, metadata, reading, writing
from readership.tables import readers as readers_table
from tests.crash.child import GONE, Orders
from tests.newsletter.delivering import KEY, NOW, House, composed, many
from tests.servers.http import HttpServer
from tests.servers.smtp import Server

READERS = 40
ROOT = Path(__file__).parents[2]
KILLED = -9
BROKEN = ("full", "gone")
"""What ends a run with a failure rather than at once."""

POSTGRES = {
    "fsync": "off",
    "full_page_writes": "off",
    # As careless as an operator may have it: what is written down has to be there all the same.
    "synchronous_commit": "off",
    "wal_writer_delay": "10s",
    "jit": "off",
    "max_connections": "40",
}


@dataclass(frozen=True)
class Template:
    """A newsroom with an edition and readers, as others are made of; `server` where it is in PostgreSQL."""

    folder: Path
    server: Postgres | None = None

    def copied(self, folder: Path, name: str) -> str:
        """A newsroom of its own in `folder`; returns its database's address."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        if self.server is None:
            return f"sqlite:///{folder / 'standfirst.db'}"
        self.server.call("createdb", "--template", self.folder.name, name)
        # A copy's numbers go back to the template's in a crash, until it was written out once.
        self.server.call("psql", "--quiet", "--command", "CHECKPOINT", name)
        return self.server.url(name)


def empty_database(folder: Path, server: Postgres | None) -> str:
    """The address of a database without tables, for a template in `folder`."""
    folder.mkdir(parents=True)
    if server is None:
        return f"sqlite:///{folder / 'standfirst.db'}"
    server.call("createdb", folder.name)
    return server.url(folder.name)


def rested(engine: Engine) -> None:
    """Have all of it in SQLite's one file, and no connection open."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()


def template(folder: Path, server: Postgres | None = None) -> Template:
    """A newsroom with an edition and readers, not planned yet."""
    place = folder / "template"
    engine = engine_for(empty_database(place, server))
    metadata.create_all(engine)
    installation.ensure(engine, NOW)
    composed(engine)
    many(engine, READERS)
    rested(engine)
    return Template(place, server)


class Runner(Protocol):
    """Starts a process that delivers."""

    said: str
    """What the last one said, where that is kept."""

    def run(self, orders: Orders) -> int:
        """Have one process follow the orders; returns its exit status, negative for a signal."""
        ...


class Nursery:
    """Where the processes that deliver are forked: `with Nursery() as nursery`."""

    said = ""

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
        """As a `Runner` does."""
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
    runner: Runner
    smtp: Server | None = None
    sendgrid: HttpServer | None = None
    postgres: Postgres | None = None
    killed: int = 0
    broken: int = 0
    """Runs that came to grief otherwise."""
    steps: list[str] = field(default_factory=list)

    def run(self, step: str = "", time: int = 1, after_ms: int = 0, act: str = "kill", back: int = 0) -> bool:
        """Deliver in a process of its own; False where it came to its end all the same. `back` is by how many
        minutes the clock is set back."""
        server = self.postgres.pid if self.postgres else 0
        orders = replace(self.orders, step=step, time=time, after_ms=after_ms, act=act, server=server)
        orders = replace(orders, minutes=5 * len(self.steps) - back)
        status = self.runner.run(orders)
        self._restore(act)
        allowed = (0, 3, 1) if act in BROKEN else (0, 3, KILLED) if act == "kill" else (0, 3)
        self.steps.append(f"{act} {step or after_ms}:{time}:{status}")
        assert status in allowed, f"the run failed: {self.story}\n{self.runner.said}"
        self.killed += status == KILLED
        self.broken += status == 1
        return status in (1, KILLED)

    def _restore(self, act: str) -> None:
        if act != "gone":
            return
        for path in self.folder.glob(f"*{GONE}"):
            path.rename(str(path).removesuffix(GONE))
        if self.postgres is not None:
            self.engine.dispose()
            self.postgres.stop()
            self.postgres.start()

    @property
    def story(self) -> str:
        """What was done, for whoever has to look into it."""
        return f"{self.orders.provider} on {self.engine.dialect.name}: {', '.join(self.steps)}"

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
        names = [path.name for path in (self.folder / "outbox" / KEY).glob("*.eml")]
        doubles = self.folder / "doubles.txt"
        names += doubles.read_text().split() if doubles.exists() else []
        known = self.addresses()
        return Counter(known[int(name.removesuffix(".eml"))] for name in names)

    def addresses(self) -> dict[int, str]:
        """Each reader's address."""
        with reading(self.engine) as connection:
            found = connection.execute(sa.select(readers_table.c.id, readers_table.c.address))
            return {number: str(address) for number, address in found}

    def settled(self) -> None:
        """Run until the edition is over; then check that nobody has it twice and nobody was missed."""
        for _ in range(4):
            assert not self.run()
            if self.is_over:
                break
        self.check()

    @property
    def is_over(self) -> bool:
        """Whether nothing of the edition is left to hand over."""
        with reading(self.engine) as connection:
            query = sa.text("SELECT state FROM editions WHERE key = :key")
            state = connection.execute(query, {"key": KEY}).scalar()
        return state == EditionState.SENT.value

    @property
    def house(self) -> House:
        """The edition in the ledger."""
        return House(self.engine)

    def check(self) -> None:
        """0 doubles; 0 missed; no more uncertain than was in flight."""
        taken, states, found = self.taken(), self.house.states(), self.house.sum
        addresses = self.addresses()
        assert found.is_right, self.story
        assert max(taken.values(), default=0) <= 1, f"twice: {self.story}"
        assert self.house.edition.state is EditionState.SENT, self.story
        assert set(states.values()) <= {DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN}, self.story
        assert len(states) == READERS, self.story
        for reader, state in states.items():
            if state is DeliveryState.ACCEPTED:
                assert taken[addresses[reader]] == 1, f"missed: {self.story}"
        in_flight = self.orders.batch_size * self.orders.connections * (self.killed + self.broken)
        allowed = 0 if self.orders.provider == "outbox" else in_flight
        assert found.of(DeliveryState.UNCERTAIN) <= allowed, f"uncertain: {self.story}"

    def looked_up(self) -> None:
        """Resolve each uncertain batch as the provider's log has it; only where that has all or nothing."""
        taken, addresses = self.taken(), self.addresses()
        with writing(self.engine) as connection:
            for number, _, _ in ledger.uncertain(connection):
                readers = [row.reader_id for row in ledger.readers_of(connection, number)]
                got = {taken[addresses[reader]] for reader in readers}
                assert len(got) == 1
                settle.resolve(connection, number, got == {1}, "nele", NOW)

    def uncertain(self) -> int:
        """How many readers nobody knows of."""
        with reading(self.engine) as connection:
            return sum(readers for _, readers, _ in ledger.uncertain(connection))


@contextmanager
def scene(folder: Path, provider: str, made: Template, runner: Runner) -> Iterator[Scene]:
    """A fresh newsroom in `folder`, a copy of the template's."""
    database = made.copied(folder, f"{made.folder.name}_{folder.name}".replace("-", "_"))
    engine = engine_for(database)
    orders = Orders(str(folder), provider, database)
    try:
        if provider == "smtp":
            with Server() as smtp:
                orders = replace(orders, port=smtp.port)
                yield Scene(folder, orders, engine, runner, smtp, postgres=made.server)
        elif provider == "sendgrid":
            with HttpServer() as http:
                orders = replace(orders, port=http.port)
                yield Scene(folder, orders, engine, runner, sendgrid=http, postgres=made.server)
        else:
            yield Scene(folder, orders, engine, runner, postgres=made.server)
    finally:
        engine.dispose()
