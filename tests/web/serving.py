"""The real application behind a real server on the loopback interface, for tests."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic, sleep

import httpx2
import uvicorn
from sqlalchemy.engine import Engine
from uvicorn.server import ServerState

from newsroom.database import metadata
from newsroom.masthead import Newsletter, Newsroom
from newsroom.secrets import Secrets
from newsroom.settings import Settings
from readership import store
from readership.reader import Subscription
from readership.tokens import unsubscribe_token
from tests import samples
from tests.readership.registered import ADDRESS_KEY
from web.app import application, reachable
from web.connections import BoundedConnection
from web.server import guarded

KEYS = (("k2", b"second key, which signs now 1234"), ("k1", b"first key, which only verifies 1"))
WEEKLY = samples.newsletter(key="weekly", title="The Quay on Sunday", reply_to="sunday@quay.example")


@dataclass
class Clock:
    """A clock that a test sets."""

    moment: datetime = samples.NOON

    def __call__(self) -> datetime:
        return self.moment

    def on(self, **period: float) -> None:
        self.moment += timedelta(**period)


@dataclass
class Site:
    """A served newsroom: ask it with `client`."""

    client: httpx2.Client
    engine: Engine
    public: Path
    clock: Clock
    state: ServerState
    log: io.StringIO = field(default_factory=io.StringIO)

    def said(self) -> str:
        """The log so far: a line is written behind its answer, and when a file that was sent is closed."""
        waited(lambda: not self.state.tasks)
        return self.log.getvalue()

    def left(self) -> None:
        """Have nobody be connected: the log is the process's, and what a browser asks for behind a page would
        else be in the next test's."""
        self.client.close()
        waited(lambda: not self.state.connections and not self.state.tasks)
        self.client = _client(self.client.base_url)

    def token(self, reader_id: int = 1, newsletter: str = "daily") -> str:
        return unsubscribe_token(KEYS, reader_id, newsletter)

    def link(self, reader_id: int = 1, newsletter: str = "daily") -> str:
        return f"/unsubscribe/{self.token(reader_id, newsletter)}"

    def subscriptions(self, reader_id: int = 1) -> dict[str, Subscription]:
        with self.engine.connect() as connection:
            return store.subscriptions_of(connection, [reader_id]).get(reader_id, {})

    def emptied(self) -> None:
        """Have every table be empty again."""
        with self.engine.begin() as connection:
            # Every test begins so, with fifty tables; what SQLAlchemy does for each takes longer than that.
            cursor = connection.connection.cursor()
            for table in reversed(metadata.sorted_tables):
                cursor.execute(f"DELETE FROM {table.name}")  # noqa: S608
            cursor.close()

    def statuses(self, reader_id: int = 1) -> dict[str, str]:
        return {key: one.status.value for key, one in self.subscriptions(reader_id).items()}


def settings(
    root: Path,
    newsroom: Newsroom | None = None,
    newsletters: tuple[Newsletter, ...] = (samples.newsletter(), WEEKLY),
) -> Settings:
    """Settings of a newsroom whose public files are in `root`."""
    return Settings(
        path=root / "newsroom.toml",
        root=root,
        newsroom=newsroom or samples.newsroom(),
        newsletters=newsletters,
        sources=(),
        secrets=Secrets(KEYS, ADDRESS_KEY),
        database_url="sqlite://",
        public_dir=root / "public",
        outbox_dir=root / "outbox",
    )


@contextmanager
def served(
    values: Settings,
    engine: Engine,
    *,
    ready: Callable[[Engine], None] = reachable,
) -> Iterator[Site]:
    """Serve on a free port until the block ends."""
    clock = Clock()
    app = guarded(values, engine, application(values, engine, now=clock, ready=ready), None, now=clock)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        config = uvicorn.Config(
            app, http=BoundedConnection, access_log=False, log_level="critical", lifespan="off"
        )
        server = _Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        server.up.wait(10)
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        site = Site(_client(address), engine, values.public_dir, clock, server.server_state)
        try:
            yield site
        finally:
            site.client.close()
            server.should_exit = True
            thread.join(30)
            assert not thread.is_alive(), "the server did not end"


def _client(address: httpx2.URL | str) -> httpx2.Client:
    return httpx2.Client(base_url=address, timeout=40, trust_env=False)


def waited(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until it is so."""
    end = monotonic() + seconds
    while not condition():
        assert monotonic() < end, "it did not come to be so"
        sleep(0.002)


class _Server(uvicorn.Server):
    """Says when it is up; a server in a thread leaves the process's signals alone."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()
