"""Whatever order hand-overs, stops, resumptions and late events of either mail come in: each reader ends in
one state, whoever counts as having it has it, and nobody has it twice who was promised one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast
from unittest.mock import Mock, patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import Engine

from commands.context import in_memory
from newsletter import editions, holds, ledger
from newsletter.delivery import recalls, settle
from newsletter.delivery.resending import resend
from newsletter.edition import BatchState, DeliveryState, EditionState
from newsletter.providers import Answer, Batch, Outcome
from newsletter.returns import event_store
from newsletter.returns.event import Event, EventKind, event_key
from newsroom.database import reading, writing
from newsroom.errors import MisuseError, ProviderError, UnansweredError
from newsroom.settings import BounceSettings, Settings
from tests.newsletter.delivering import KEY, House, composed, many

READERS = 5
DELAY = timedelta(minutes=30)
RULES = BounceSettings()


@dataclass
class Mail:
    """One message that the provider took."""

    batch: int
    reader: int
    name: str
    send_at: datetime
    is_cancelled: bool = False
    fate: EventKind | None = None
    """What the provider has told for good; None: nothing yet."""


@dataclass
class Keeper:
    """A provider that keeps what it is handed, with its own truth."""

    clock: Any
    answers: list[Answer] = field(default_factory=list)
    meanwhile: list[Callable[[], None]] = field(default_factory=list)
    """What happens while an answer is awaited."""
    mails: list[Mail] = field(default_factory=list)
    names: int = 0
    recalled: Answer = Answer.ACCEPTED
    really: bool = True
    name: str = "sendgrid"
    batch_size: int = 2
    first_batch: int = 1_000
    connections: int = 1
    is_real: bool = True
    delay: timedelta = DELAY

    def hand_over(self, batch: Batch) -> Outcome:
        answer = self.answers.pop(0) if self.answers else Answer.ACCEPTED
        if answer in (Answer.ACCEPTED, Answer.UNCERTAIN):
            assert batch.send_at is not None
            for one in batch.recipients:
                self.mails.append(Mail(batch.number, one.delivery, batch.recall, batch.send_at))
        if self.meanwhile:
            self.meanwhile.pop(0)()
        return Outcome(answer, "said so")

    def new_recall(self) -> str:
        self.names += 1
        return f"name-{self.names}"

    def recall(self, name: str) -> None:
        if self.recalled is Answer.REFUSED:
            raise ProviderError("no such key")
        if self.recalled is Answer.ACCEPTED or self.really:
            for mail in self.mails:
                if mail.name == name and mail.send_at > self.clock() and mail.fate is None:
                    mail.is_cancelled = True
        if self.recalled is Answer.UNCERTAIN:
            raise UnansweredError("no answer")

    def evidence(self, _: Batch) -> Outcome | None:
        return None

    def stop(self) -> None:
        """Each answer is there at once."""

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class World:
    """The newsroom, and what a person does in it."""

    engine: Engine
    house: House
    keeper: Keeper
    promised: bool = True
    """False once a mail that was taken back was sent all the same: then somebody may have two."""

    def run(self) -> None:
        self.house.run(provider=self.keeper)

    def stop(self) -> None:
        with writing(self.engine) as connection:
            try:
                holds.stop(connection, KEY, "", "nele", self.house.clock())
            except MisuseError:
                return
        self.take_back()

    def take_back(self) -> None:
        clock = self.house.clock
        # No copy of this database is ever made.
        asked = patch.multiple(recalls, provider_for=lambda _: self.keeper, witness=Mock())
        # Where it is not confirmed, the next run tries again.
        with asked, suppress(ProviderError):
            recalls.take_back(cast(Settings, Mock()), self.engine, KEY, "nele", clock)

    def step(self) -> None:
        """What a run does first: ask again for what is to be taken back, or give it up."""
        with reading(self.engine) as connection:
            kept = recalls.kept(connection, self.house.clock())
        for one in kept:
            if not one.is_over:
                self.take_back()
            else:
                with writing(self.engine) as connection:
                    recalls.give_up(connection, one, self.house.clock())

    def resume(self) -> None:
        with writing(self.engine) as connection:
            if editions.get(connection, KEY).state is EditionState.STOPPED:
                recalls.resume(connection, KEY, "sendgrid", "nele", self.house.clock())

    def stop_and_resume(self) -> None:
        self.stop()
        self.resume()

    def edit(self) -> None:
        with writing(self.engine) as connection:
            edition = editions.get(connection, KEY)
            if edition.state is EditionState.COMPOSED and edition.first_handed is None:
                chosen = editions.selection_of(connection, KEY, edition.revision)
                editions.add_revision(connection, KEY, chosen, (), "nele", "mended", self.house.clock())

    def resend(self) -> None:
        with writing(self.engine) as connection, suppress(MisuseError):
            now = self.house.clock()
            resend(connection, KEY, "refused", self.house.desk.revise, 2, "nele", now)

    def tell(self, place: int, kind: EventKind) -> None:
        """The provider tells of one of the mails what can be true of it."""
        if not self.keeper.mails:
            return
        mail = self.keeper.mails[place % len(self.keeper.mails)]
        if kind is not EventKind.PROCESSED:
            # What was tried is not thrown away.
            fate = EventKind.DROPPED if kind is EventKind.DROPPED else EventKind.DELIVERED
            if mail.fate not in (None, fate):
                return
            if fate is EventKind.DELIVERED and mail.is_cancelled:
                self.promised = False
            mail.fate = fate
        now = self.house.clock()
        key = event_key(f"m{mail.batch}", str(mail.reader), kind, now)
        one = Event("sendgrid", KEY, mail.batch, mail.reader, kind, now, key, reason="Over Quota")
        with writing(self.engine) as connection:
            event_store.note(connection, [one], RULES, now)

    def has(self, reader: int) -> list[Mail]:
        """The mails that the reader gets, or got."""
        theirs = [mail for mail in self.keeper.mails if mail.reader == reader]
        return [
            mail
            for mail in theirs
            if mail.fate is EventKind.DELIVERED or (mail.fate is None and not mail.is_cancelled)
        ]

    def look_up(self) -> None:
        """A person looks up what became of what nobody knows."""
        with writing(self.engine) as connection:
            for number, _, _ in ledger.uncertain(connection):
                readers = settle.readers_in_doubt(connection, [number], lambda _: False)
                there = {
                    mail.reader for reader in readers for mail in self.has(reader) if mail.batch == number
                }
                but = [reader for reader in readers if reader not in there]
                settle.resolve(connection, number, True, "nele", self.house.clock(), but=but)

    def look(self) -> None:
        """What is true at any time."""
        if self.house.edition.candidates is not None:
            assert self.house.sum.is_right
            assert set(self.house.states()) == set(range(1, READERS + 1))
        for row in self.house.batches(BatchState.TAKEN_BACK):
            with reading(self.engine) as connection:
                # Nobody shares the state of a record.
                assert not ledger.readers_of(connection, row.id)


_kinds = st.sampled_from(
    [EventKind.PROCESSED, EventKind.DROPPED, EventKind.DROPPED, EventKind.DELIVERED, EventKind.DEFERRED]
)
_answers = st.sampled_from([Answer.ACCEPTED] * 4 + [Answer.UNCERTAIN, Answer.NOT_NOW])
_recalled = st.sampled_from([Answer.ACCEPTED] * 3 + [Answer.UNCERTAIN, Answer.REFUSED])
_steps = st.one_of(
    st.tuples(st.just("run"), st.lists(_answers, max_size=3), st.sampled_from(["", "", "stop", "both"])),
    st.tuples(st.just("stop"), _recalled, st.booleans()),
    st.tuples(st.just("resume"), st.none(), st.none()),
    st.tuples(st.just("step"), st.none(), st.none()),
    st.tuples(st.just("edit"), st.none(), st.none()),
    st.tuples(st.just("look up"), st.none(), st.none()),
    st.tuples(st.just("resend"), st.none(), st.none()),
    st.tuples(st.just("tell"), st.integers(0, 30), _kinds),
    st.tuples(st.just("tell"), st.integers(0, 30), _kinds),
)


def _do(world: World, what: str, first: Any, second: Any) -> None:
    match what:
        case "run":
            world.keeper.answers = list(first)
            ways = {"stop": [world.stop], "both": [world.stop_and_resume]}
            world.keeper.meanwhile = list(ways.get(second, ()))
            world.run()
        case "stop":
            world.keeper.recalled, world.keeper.really = first, second
            world.stop()
        case "resume":
            world.resume()
        case "step":
            world.step()
        case "edit":
            world.edit()
        case "look up":
            world.look_up()
        case "resend":
            world.resend()
        case _:
            world.tell(first, second)


@given(st.lists(st.tuples(_steps, st.sampled_from([1, 1, 4, 12, 25])), max_size=14))
def test_each_reader_ends_in_one_state_and_has_what_it_says(
    steps: list[tuple[tuple[str, Any, Any], int]],
) -> None:
    engine = in_memory()
    many(engine, READERS)
    composed(engine)
    house = House(engine)
    world = World(engine, house, Keeper(house.clock))
    for (what, first, second), minutes in steps:
        _do(world, what, first, second)
        world.look()
        house.clock.now += timedelta(minutes=minutes)
    _ended(world)
    states = house.states()
    assert set(states.values()) <= {DeliveryState.ACCEPTED, DeliveryState.REFUSED}
    for reader, state in states.items():
        has = world.has(reader)
        assert (state is DeliveryState.ACCEPTED) == bool(has), "counts as having it and has nothing, or not"
        assert len(has) <= 1 or not world.promised, "has it twice"
    engine.dispose()


def _ended(world: World) -> None:
    """A person lets it go on, and looks up what nobody knows, until nothing is left."""
    world.keeper.recalled, world.keeper.answers, world.keeper.meanwhile = Answer.ACCEPTED, [], []
    for _ in range(12):
        world.step()
        world.resume()
        world.run()
        world.look_up()
        world.look()
        world.house.clock.now += timedelta(hours=1)
        found = world.house.sum
        if not found.of(DeliveryState.PLANNED) and not found.of(DeliveryState.UNCERTAIN):
            return


@pytest.fixture
def world() -> Iterator[World]:
    """An edition for two readers, handed over and taken back."""
    engine = in_memory()
    many(engine, 2)
    composed(engine)
    house = House(engine)
    world = World(engine, house, Keeper(house.clock))
    world.run()
    yield world
    engine.dispose()


def _handed_anew(world: World) -> None:
    world.resume()
    world.house.clock.now += timedelta(minutes=1)
    world.run()


def test_each_mail_that_is_dropped_counts_for_its_own_hand_over(world: World) -> None:
    world.stop()
    _handed_anew(world)
    assert [mail.is_cancelled for mail in world.keeper.mails] == [True, True, False, False]
    world.tell(0, EventKind.DROPPED)
    assert set(world.house.states().values()) == {DeliveryState.ACCEPTED}
    world.tell(2, EventKind.DROPPED)
    assert world.house.states() == {1: DeliveryState.REFUSED, 2: DeliveryState.ACCEPTED}


def test_what_nobody_knew_of_and_a_person_said_not_to_be_sent_is_another_hand_over(world: World) -> None:
    world.keeper.recalled = Answer.UNCERTAIN
    world.stop()
    world.resume()
    assert set(world.house.states().values()) == {DeliveryState.UNCERTAIN}
    world.look_up()
    assert set(world.house.states().values()) == {DeliveryState.PLANNED}
    world.house.clock.now += timedelta(minutes=1)
    world.run()
    world.tell(0, EventKind.DROPPED)
    assert set(world.house.states().values()) == {DeliveryState.ACCEPTED}
    world.tell(2, EventKind.DROPPED)
    assert world.house.states() == {1: DeliveryState.REFUSED, 2: DeliveryState.ACCEPTED}


def test_who_has_it_after_all_is_not_handed_the_one_that_was_planned_anew(world: World) -> None:
    world.stop()
    world.resume()
    # Nobody is planned meanwhile.
    world.edit()
    assert world.house.states() == {}
    world.tell(0, EventKind.DELIVERED)
    world.run()
    assert [mail.reader for mail in world.keeper.mails] == [1, 2, 2]
    assert set(world.house.states().values()) == {DeliveryState.ACCEPTED}
    (record,) = world.house.batches(BatchState.TAKEN_BACK)
    # It counts as handed over again, for one reader.
    assert (record.size, record.handed is not None) == (1, True)


def test_an_answer_that_comes_after_it_was_resumed_is_nobodys(world: World) -> None:
    world.stop()
    world.resume()
    world.house.clock.now += timedelta(minutes=1)
    world.keeper.meanwhile = [world.stop_and_resume]
    world.run()
    assert [mail.is_cancelled for mail in world.keeper.mails] == [True] * 4 + [False] * 2
    assert set(world.house.states().values()) == {DeliveryState.ACCEPTED}


def test_a_copy_that_was_taken_back_and_sent_is_not_handed_over_once_more(world: World) -> None:
    # Only what is told of the copy counts for the copy.
    world.tell(0, EventKind.DROPPED)
    world.resend()
    world.house.clock.now += timedelta(minutes=1)
    world.run()
    assert [mail.reader for mail in world.keeper.mails] == [1, 2, 1]
    world.stop()
    world.resume()
    assert set(world.house.states().values()) == {DeliveryState.PLANNED}
    world.tell(2, EventKind.DELIVERED)
    world.house.clock.now += timedelta(minutes=1)
    world.run()
    assert [mail.reader for mail in world.keeper.mails] == [1, 2, 1, 2]
    assert set(world.house.states().values()) == {DeliveryState.ACCEPTED}
