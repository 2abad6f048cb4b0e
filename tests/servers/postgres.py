"""The tests' own PostgreSQL: one server for each process of the tests, started when it is first asked for.

Which modules run on both databases is said here, for each costs twice: those in which the databases differ.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from demo.postgres import NO_SETTINGS, PACKAGE, Server, programs
from newsroom.database import engine_for, metadata

_OF = {
    "tests.newsroom": "alerts database locks rows witness",
    "tests.content": "catalogue closing corrected opening relisting store sync",
    "tests.readership": "bringing_back bulk change erasure feed_addresses feed_uses import_csv preferences "
    "record sign_ins sign_up store suppression_file",
    "tests.feeds": "publish retire rule_feeds tombstones",
    "tests.newsletter": "asked_to_end breaker corrections correspondence deliver editions event_store "
    "half_out heard holds imap_mailbox lateness ledger outage outcomes planning previews ramp recalls "
    "returned_mail settle silence status stops stops_any_order sums used_stories",
    "tests.faults": "faults together",
    "tests.web": "hooks preferences sign_in unsubscribe",
}
BOTH = frozenset(f"{folder}.test_{name}" for folder, names in _OF.items() for name in names.split())
"""The modules whose `engine` (of the web, `site`) is of either kind, a test after the other."""

KINDS = ("sqlite", "postgresql")

QUICK = {
    # Nobody pulls a plug: what survives a crash is asked of a server that has none of these.
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "jit": "off",
    "shared_buffers": "32MB",
    "max_connections": "80",
}


class Postgres:
    """A server with an empty database of every table, and more of them for those who spoil theirs."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._numbers = count(1)
        # One for all: a new connection costs more than most tests do.
        self._engine = engine_for(server.url())
        metadata.create_all(self._engine)
        with self._engine.connect() as connection:
            sequences = sa.inspect(connection).get_sequence_names()
        # Three times as fast as TRUNCATE, and ten times as a copy of a template: nearly all are empty.
        rows = (f"DELETE FROM {one.name}" for one in reversed(metadata.sorted_tables))  # noqa: S608
        numbers = (f"SELECT setval('{name}', 1, false)" for name in sequences)
        self._emptying = "; ".join((*rows, *numbers))

    def emptied(self) -> Engine:
        """The database that tests share one after the other, every table there and empty."""
        with self._engine.begin() as connection:
            # Whoever left a transaction open fails the next test rather than having it wait.
            connection.exec_driver_sql("SET LOCAL lock_timeout = '10s'; " + self._emptying)
        return self._engine

    def close(self) -> None:
        """Let the connections go."""
        self._engine.dispose()

    def fresh(self) -> str:
        """The address of a database of this test's own, without tables."""
        name = f"fresh_{next(self._numbers)}"
        self.server.call("createdb", name)
        return self.server.url(name)


@contextmanager
def running(settings: dict[str, str] | None = None) -> Iterator[Server]:
    """A server for as long as the block lasts; the test is skipped where PostgreSQL is not installed."""
    if programs() is None:
        pytest.skip(f"PostgreSQL is not installed ({PACKAGE})")
    # pytest's own folders are root's alone, and their paths too long for a socket.
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        Path(folder).chmod(0o711)
        with Server(Path(folder) / "s", settings or NO_SETTINGS) as server:
            yield server
