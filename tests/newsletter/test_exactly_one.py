"""Whatever a provider answers and wherever a run is cut off: each due reader has exactly one delivery or one
reasoned exclusion, nobody who was accepted is handed over again, and the sum holds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum, auto
from typing import Any
from unittest.mock import patch

from hypothesis import event, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Engine

from commands.context import in_memory
from newsletter import ledger
from newsletter.delivery import settle
from newsletter.delivery.deliver import Delivery
from newsletter.delivery.outage import Heard
from newsletter.edition import DeliveryState
from newsletter.providers import Answer, Batch, Outcome
from newsroom.database import reading, writing
from readership import store
from readership.reader import Plan, SubscriptionStatus
from tests import samples
from tests.newsletter.delivering import NOW, FakeProvider, House, composed, enrolled, many

READERS = 7
PAUSED = 8


class Cut(Enum):
    """Where the process ends."""

    NOWHERE = auto()
    BEFORE = auto()
    """The batch is marked as handed over, the provider was not called yet."""
    AFTER = auto()
    """The provider has answered, and nobody wrote it down."""


@dataclass(frozen=True)
class Move:
    """What one hand-over comes to."""

    answer: Answer = Answer.ACCEPTED
    divisible: bool = False
    really: bool = True
    """Whether what is uncertain was taken."""
    own: tuple[tuple[int, Answer], ...] = ()
    """By place in the batch."""
    cut: Cut = Cut.NOWHERE
    unsubscribes: int = 0
    """This reader leaves meanwhile; 0: nobody."""

    @property
    def can_be_told(self) -> bool:
        """An operator answers for a batch as a whole: no cut may leave a part of it taken."""
        return self.cut is not Cut.AFTER or not self.own


_answers = st.sampled_from(Answer)
_moves = st.builds(
    Move,
    answer=_answers,
    divisible=st.booleans(),
    really=st.booleans(),
    own=st.lists(st.tuples(st.integers(0, 2), _answers), max_size=2, unique_by=lambda pair: pair[0]).map(
        tuple
    ),
    cut=st.sampled_from([Cut.NOWHERE, Cut.NOWHERE, Cut.NOWHERE, Cut.BEFORE, Cut.AFTER]),
    unsubscribes=st.sampled_from([0, 0, 0, 0, 2, 5]),
).filter(lambda move: move.can_be_told)


class Killed(BaseException):
    """The end of the process."""


@dataclass
class World:
    """The newsroom, the provider's own truth, and the operator who can look it up."""

    engine: Engine
    moves: list[Move]
    knows: bool
    """Whether the provider can be asked for evidence."""
    taken: Counter[int] = field(default_factory=Counter)
    batches: dict[int, bool] = field(default_factory=dict)
    """Whether what is uncertain in a batch was taken."""
    is_dead: bool = False

    def hand_over(self, batch: Batch) -> Outcome:
        move = self.moves.pop(0) if self.moves else Move()
        self.is_dead = move.cut is not Cut.NOWHERE
        readers = [recipient.delivery for recipient in batch.recipients]
        if move.cut is Cut.BEFORE:
            self.batches[batch.number] = False
            return Outcome(Answer.STOP)
        own = {readers[place]: (answer, "its own") for place, answer in move.own if place < len(readers)}
        for reader in readers:
            answer = own.get(reader, (move.answer, ""))[0]
            if answer is Answer.ACCEPTED or (answer is Answer.UNCERTAIN and move.really):
                self.taken[reader] += 1
        # Cut off, the batch is uncertain as a whole, and nothing is known but what the provider took.
        self.batches[batch.number] = (
            any(self.taken[reader] for reader in readers) if move.cut is Cut.AFTER else move.really
        )
        if move.unsubscribes:
            with writing(self.engine) as connection:
                store.unsubscribe(connection, move.unsubscribes, "daily", NOW)
        return Outcome(move.answer, "said so", divisible=move.divisible, own=own)

    def evidence(self, batch: Batch) -> Outcome | None:
        if not self.knows:
            return None
        readers = [recipient.delivery for recipient in batch.recipients]
        own = {reader: (Answer.ACCEPTED, "") for reader in readers if self.taken[reader]}
        return Outcome(Answer.NOT_NOW, "not there", own=own)


def looked_up(world: World) -> None:
    """The operator looks every uncertain batch up in the provider's log, and says what is there."""
    with writing(world.engine) as connection:
        for number, _, _ in ledger.uncertain(connection):
            settle.resolve(connection, number, world.batches[number], "nele", NOW)


@settings(max_examples=40, deadline=None)
@given(
    moves=st.lists(_moves, max_size=12),
    knows=st.booleans(),
    resolves=st.lists(st.booleans(), min_size=40, max_size=40),
    per_hour=st.sampled_from([None, None, 2, 5]),
)
def test_each_due_reader_has_exactly_one_and_the_sum_holds(
    moves: list[Move], knows: bool, resolves: list[bool], per_hour: int | None
) -> None:
    engine = in_memory()
    composed(engine)
    many(engine, 4)
    many(engine, READERS - 4, Plan.PAID, first=5)
    enrolled(engine, samples.reader(PAUSED), status=SubscriptionStatus.PAUSED)
    world = World(engine, list(moves), knows)
    house = House(engine, FakeProvider(batch_size=3, found=world.evidence))
    record = Delivery._record
    seen: set[int] = set()

    def mortal(self: Delivery, run: Any, answers: list[tuple[Batch, Outcome]], heard: Heard) -> int:
        if world.is_dead:
            raise Killed
        return record(self, run, answers, heard)

    def look() -> None:
        nonlocal seen
        found = house.sum
        assert found.is_right
        states = house.states()
        assert max(world.taken.values(), default=0) <= 1, "somebody got it twice"
        accepted = {reader for reader, state in states.items() if state is DeliveryState.ACCEPTED}
        assert seen <= accepted, "accepted, and then not any more"
        assert all(world.taken[reader] for reader in accepted), "accepted, and nobody took it"
        seen = accepted

    provider = replace(house.provider)
    provider.hand_over = world.hand_over  # type: ignore[method-assign] # the world answers
    house.provider = provider
    with patch.object(Delivery, "_record", mortal):
        for turn in range(40):
            world.is_dead = False
            try:
                report = house.run(max_per_hour=per_hour)
            except Killed:
                event("killed")
            else:
                if report.is_finished and not report.uncertain:
                    break
            if house.edition.candidates is not None:
                look()
            if resolves[turn] or not world.moves:
                looked_up(world)
            house.clock.now += timedelta(hours=1)
    look()
    states = house.states()
    assert set(states) == set(range(1, PAUSED + 1))
    assert states[PAUSED] == "paused"
    over = {DeliveryState.ACCEPTED, DeliveryState.REFUSED, DeliveryState.DROPPED}
    gone = {"unsubscribed"}
    assert {state for reader, state in states.items() if reader != PAUSED} <= over | gone
    for reader, state in states.items():
        assert world.taken[reader] == (state is DeliveryState.ACCEPTED)
    with reading(engine) as connection:
        assert ledger.uncertain(connection) == ()
    engine.dispose()
