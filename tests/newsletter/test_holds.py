"""What a person does to an edition of a database that was restored: nobody gets it twice unasked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import permutations

import pytest
from sqlalchemy.engine import Connection, Engine

from newsletter import holds
from newsletter.edition import BatchState, DeliveryState, EditionState
from newsletter.tables import batches, editions
from newsroom.database import reading, writing
from newsroom.errors import StandfirstError
from tests.newsletter.delivering import KEY, NOW, House, composed, many

LONG_AGO = NOW - timedelta(days=7)


def _stop(connection: Connection) -> None:
    holds.stop(connection, KEY, "the wrong photograph", "nele", NOW)


def _resume(connection: Connection) -> None:
    holds.resume(connection, KEY, "fake", "nele", NOW)


def _hold(connection: Connection) -> None:
    holds.hold(connection, KEY, "", "nele", NOW)


def _let_go(connection: Connection) -> None:
    holds.release(connection, KEY, "nele", NOW)


def _accept(connection: Connection) -> None:
    assert holds.count_as_sent(connection, KEY, "fake", "nele", NOW)


def _cut_off(connection: Connection) -> None:
    """A run that never came back."""
    handed = batches.update().where(batches.c.state == BatchState.ACCEPTED.value)
    connection.execute(handed.values(state=BatchState.HANDED.value, settled=None, owner="no more"))


Deed = Callable[[Connection], None]

COPIES: dict[str, tuple[Deed, ...]] = {
    "going out": (),
    "cut off": (_cut_off,),
    "held": (_hold,),
    "stopped": (_stop,),
    "stopped, cut off": (_cut_off, _stop),
    "stopped, held": (_hold, _stop),
    "stopped and resumed": (_stop, _resume),
    "restored before": (_accept,),
    "restored before and resumed": (_accept, _resume),
}
"""What was done before the copy was made, of an edition that one reader of three has."""


@pytest.mark.parametrize("copy", COPIES)
@pytest.mark.parametrize("before", [*permutations((_stop, _hold, _resume), 2), (_let_go,), (_stop,), ()])
def test_whatever_is_said_before_the_release_it_is_as_doubtful(
    engine: Engine, copy: str, before: tuple[Deed, ...]
) -> None:
    composed(engine)
    many(engine, 3)
    house = House(engine)
    house.run(max_per_hour=1)
    for deed in (*COPIES[copy], *before):
        try:
            with writing(engine) as connection:
                deed(connection)
        except StandfirstError:
            # What does not fit is refused: nothing changes.
            continue
    with writing(engine) as connection:
        _accept(connection)
    edition = house.edition
    assert (edition.state, edition.note, edition.held) == (EditionState.STOPPED, holds.HANDED_BEFORE, "")
    with reading(engine) as connection:
        assert holds.undecided(connection, LONG_AGO) == {KEY: 2}
    # Nothing that is not asked about hands it over.
    house.clock.pause(3_600)
    house.run()
    for deed in (_stop, _hold, _let_go):
        with pytest.raises(StandfirstError), writing(engine) as connection:
            deed(connection)
    house.run()
    assert house.provider.taken == [1]
    # Whoever has agreed lets it go on.
    with writing(engine) as connection:
        _resume(connection)
    house.run()
    assert sorted(set(house.provider.taken)) == [1, 2, 3]
    assert len(house.provider.taken) == 3


def test_what_is_over_for_good_counts_as_sent_without_a_question(engine: Engine) -> None:
    composed(engine)
    many(engine, 3)
    house = House(engine)
    house.run()
    with writing(engine) as connection:
        assert not holds.count_as_sent(connection, KEY, "fake", "nele", NOW)
    assert (house.edition.state, house.edition.note) == (EditionState.SENT, "")


def test_one_that_was_stopped_when_everybody_had_it_has_nobody_to_ask_about(engine: Engine) -> None:
    composed(engine)
    many(engine, 3)
    house = House(engine)
    house.run()
    with writing(engine) as connection:
        stopped = editions.update().values(state=EditionState.STOPPED.value, note="too late")
        connection.execute(stopped)
        assert not holds.count_as_sent(connection, KEY, "fake", "nele", NOW)
        assert holds.resumable(connection, LONG_AGO) == ()
    assert house.edition.note == "too late"


def test_what_may_be_resumed_is_known(engine: Engine) -> None:
    composed(engine)
    many(engine, 3)
    house = House(engine)
    with writing(engine) as connection:
        _stop(connection)
        # Nobody has it: a copy knows as much as there is to know.
        assert holds.resumable(connection, LONG_AGO) == ()
        _resume(connection)
    house.run(max_per_hour=1)
    with writing(engine) as connection:
        assert holds.resumable(connection, LONG_AGO) == ()
        _stop(connection)
        assert holds.resumable(connection, LONG_AGO) == (KEY,)
        assert holds.resumable(connection, NOW + timedelta(seconds=1)) == ()
        _accept(connection)
        assert holds.resumable(connection, LONG_AGO) == ()
    assert house.states()[1] is DeliveryState.ACCEPTED
