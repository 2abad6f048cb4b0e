"""A sample of what ends a delivery in the middle, with real processes and each provider's own protocol.

`make crash N=500` does the same at random, for as long as you like, the whole command too.
"""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsroom.database import engine_for
from tests.crash.command import Command, newsroom
from tests.crash.scene import POSTGRES, READERS, Nursery, Postgres, Template, scene, template
from tests.servers.http import Answer
from tests.servers.postgres import running

CHAINS = {
    "outbox": [
        ("planning", 1), ("unwitnessed", 2), ("claimed", 1), ("handing", 3), ("answered", 1),
        ("recording", 1),
    ],
    "smtp": [
        ("announced", 1), ("claiming", 2), ("handing", 9), ("answered", 1), ("recording", 1), ("recorded", 1),
    ],
    "sendgrid": [
        ("planned", 1), ("witnessed", 1), ("claimed", 1), ("handing", 1), ("recorded", 1), ("concluding", 1),
    ],
}  # fmt: skip
"""For each provider: where its runs die, one after the other."""


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    """Where processes come from."""
    with Nursery() as value:
        yield value


@pytest.fixture(scope="module")
def command() -> Iterator[Command]:
    """The real command."""
    with Command() as value:
        yield value


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A PostgreSQL that is as careless as one may be, and dies with its clients looking on."""
    with running(POSTGRES) as value:
        yield value


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("crash")


@pytest.fixture(scope="module")
def edition(places: Path) -> Template:
    """A composed edition in SQLite."""
    return template(places / "sqlite")


@pytest.fixture(scope="module")
def edition_there(places: Path, server: Postgres) -> Template:
    """The same in PostgreSQL."""
    return template(places / "postgres", server)


@pytest.fixture(scope="module")
def house(places: Path) -> Template:
    """A whole newsroom the evening before."""
    return newsroom(places / "whole")


@pytest.mark.parametrize("provider", CHAINS)
def test_killed_at_each_step_nobody_gets_it_twice_and_nobody_is_missed(
    tmp_path: Path, provider: str, nursery: Nursery, edition: Template
) -> None:
    with scene(tmp_path / "quay", provider, edition, nursery) as newsroom:
        for step, time in CHAINS[provider]:
            assert newsroom.run(step, time), f"{step} was not reached"
        newsroom.settled()
        if provider == "outbox":
            assert newsroom.uncertain() == 0
        if provider == "sendgrid":
            # Some certainly not sent, some certainly sent: the provider's log knows which.
            assert 0 < newsroom.uncertain() < READERS
            newsroom.looked_up()
            newsroom.settled()
            assert newsroom.uncertain() == 0
            assert sum(newsroom.taken().values()) == READERS


def test_the_same_with_postgresql(tmp_path: Path, nursery: Nursery, edition_there: Template) -> None:
    with scene(tmp_path / "quay", "sendgrid", edition_there, nursery) as newsroom:
        for step, time in (("planned", 1), ("claimed", 1), ("handing", 2), ("recorded", 1)):
            assert newsroom.run(step, time), f"{step} was not reached"
        newsroom.settled()
        assert 0 < newsroom.uncertain() < READERS


@pytest.mark.parametrize("provider", CHAINS)
@pytest.mark.parametrize("step", ["claimed", "answered"])
def test_a_disk_that_is_full_in_the_middle_loses_nobody(
    tmp_path: Path, provider: str, step: str, nursery: Nursery, edition: Template
) -> None:
    with scene(tmp_path / "quay", provider, edition, nursery) as newsroom:
        assert newsroom.run(step, 2, act="full"), "the disk was not full enough"
        newsroom.settled()
        assert (newsroom.uncertain() > 0) is (provider != "outbox")


def test_a_database_file_that_is_gone_in_the_middle(
    tmp_path: Path, nursery: Nursery, edition: Template
) -> None:
    with scene(tmp_path / "quay", "smtp", edition, nursery) as newsroom:
        assert newsroom.run("answered", 2, act="gone")
        newsroom.settled()
        assert 0 < newsroom.uncertain() < READERS


@pytest.mark.parametrize("step", ["claimed", "recorded"])
def test_a_postgresql_that_dies_in_the_middle(
    tmp_path: Path, step: str, nursery: Nursery, edition_there: Template
) -> None:
    with scene(tmp_path / f"quay-{step}", "sendgrid", edition_there, nursery) as newsroom:
        assert newsroom.run(step, 2, act="gone")
        newsroom.settled()
        # What was committed is there: nothing that was handed over counts as planned.
        assert newsroom.uncertain() < READERS


def test_a_commit_is_there_when_a_careless_postgresql_dies(server: Postgres) -> None:
    server.call("createdb", "careless")
    engine = engine_for(server.url("careless"))
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
        connection.exec_driver_sql("CREATE TABLE noted AS SELECT 1 AS number")
    engine.dispose()
    server.stop(signal.SIGQUIT)
    server.start()
    assert sa.inspect(engine).has_table("noted")
    engine.dispose()


@pytest.mark.parametrize("between", [True, False], ids=["between two runs", "within a run"])
def test_a_clock_that_is_set_back_changes_nothing(
    tmp_path: Path, between: bool, nursery: Nursery, edition: Template
) -> None:
    with scene(tmp_path / "quay", "sendgrid", edition, nursery) as newsroom:
        if between:
            assert newsroom.run("handing", 2)
            newsroom.run(back=65)
        else:
            newsroom.run("recorded", 1, act="back")
        newsroom.settled()
        assert (newsroom.uncertain() > 0) is between


def test_the_whole_command_killed_anywhere(tmp_path: Path, command: Command, house: Template) -> None:
    with scene(tmp_path / "quay", "smtp", house, command) as newsroom:
        assert newsroom.run("composing")
        assert newsroom.run("handing", 9)
        # Then it is before the edition's hour: one that is half out goes on all the same.
        before = sum(newsroom.taken().values())
        assert not newsroom.run(back=65)
        assert sum(newsroom.taken().values()) > before
        newsroom.settled()


def test_the_whole_command_killed_anywhere_with_postgresql(
    places: Path, tmp_path: Path, command: Command, server: Postgres
) -> None:
    made = newsroom(places / "whole-postgres", server)
    with scene(tmp_path / "quay", "sendgrid", made, command) as there:
        assert there.run("published")
        assert there.run("handing", 3)
        there.settled()
        assert 0 < there.uncertain() < READERS


def test_two_commands_at_once_do_the_work_of_one(tmp_path: Path, command: Command, house: Template) -> None:
    with scene(tmp_path / "quay", "outbox", house, command) as newsroom:
        both = [command.started(newsroom.orders) for _ in range(2)]
        said = [process.communicate(timeout=120)[0] for process in both]
        assert [process.returncode for process in both] == [0, 0], said
        assert Counter(newsroom.taken().values()) == {1: READERS}
        newsroom.check()


def test_sigterm_ends_the_whole_command_after_what_is_in_flight(
    tmp_path: Path, command: Command, house: Template
) -> None:
    with scene(tmp_path / "quay", "sendgrid", house, command) as newsroom:
        assert newsroom.sendgrid is not None
        answered = threading.Event()
        newsroom.sendgrid.otherwise = Answer(headers={"X-Message-Id": "m"}, wait=answered)
        process = command.started(newsroom.orders)
        while not newsroom.sendgrid.requests:
            assert process.poll() is None
            threading.Event().wait(0.02)
        process.send_signal(signal.SIGTERM)
        threading.Timer(0.3, answered.set).start()
        said, _ = process.communicate(timeout=10)
        assert process.returncode == 1, said
        (request,) = newsroom.sendgrid.requests
        assert len(request.json["personalizations"]) == newsroom.orders.batch_size
        assert newsroom.uncertain() == 0
        newsroom.settled()
        assert newsroom.uncertain() == 0
        assert Counter(newsroom.taken().values()) == {1: READERS}
