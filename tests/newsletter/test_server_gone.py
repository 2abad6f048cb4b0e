"""PostgreSQL goes away in the middle of a delivery: everybody is accounted for, and nobody gets it twice."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator

import pytest
from sqlalchemy.engine import Engine

from demo.postgres import Server
from newsletter.edition import DeliveryState
from newsletter.providers import Answer, Batch, Outcome
from newsroom.database import engine_for, metadata
from newsroom.errors import StoreError
from tests.newsletter.delivering import FakeProvider, House, composed, many
from tests.servers.postgres import running

READERS = 40


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server that survives a power failure: what is committed is on its disk."""
    with running() as value:
        yield value


@pytest.fixture
def engine(server: Server, request: pytest.FixtureRequest) -> Iterator[Engine]:
    name = f"news_{abs(hash(request.node.name))}"
    server.call("createdb", name)
    value = engine_for(server.url(name))
    metadata.create_all(value)
    composed(value)
    many(value, READERS)
    yield value
    value.dispose()


def _dies(server: Server, house: House) -> None:
    """Have the server die while the second batch is at the provider."""

    def dying(_: Batch) -> Outcome:
        # As in a power failure: nothing is written that was not.
        server.stop(signal.SIGQUIT)
        return Outcome(Answer.ACCEPTED)

    house.provider.answers.extend([lambda _: Outcome(Answer.ACCEPTED), dying])


def test_a_server_that_is_back_in_a_few_seconds_costs_nothing(engine: Engine, server: Server) -> None:
    house = House(engine, FakeProvider(batch_size=8))
    _dies(server, house)
    waits: list[float] = []

    def pause(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            server.start()

    report = house.run(pause=pause)
    assert waits == [1.0, 4.0]
    assert report.is_finished
    assert set(house.states().values()) == {DeliveryState.ACCEPTED}
    assert Counter(house.provider.taken) == Counter(range(1, READERS + 1))


def test_a_server_that_stays_away_leaves_what_was_in_flight_uncertain(engine: Engine, server: Server) -> None:
    house = House(engine, FakeProvider(batch_size=8))
    _dies(server, house)
    with pytest.raises(StoreError, match="see whether it runs"):
        house.run(pause=lambda _: None)
    with pytest.raises(StoreError):
        house.run()
    server.start()
    house.run()
    states = Counter(house.states().values())
    assert states == {DeliveryState.ACCEPTED: READERS - 8, DeliveryState.UNCERTAIN: 8}
    assert Counter(house.provider.taken) == Counter(range(1, READERS + 1))
