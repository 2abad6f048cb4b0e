"""Whatever order hand-overs, stops, resumptions, changes and bad news come in: the same readers are stopped,
and they get nothing more. An edition may be taken back, planned anew, or not planned at all meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import Engine

from commands.context import in_memory
from newsletter.providers import Answer
from newsletter.returns import bounce_hold, stops
from newsletter.returns.event import Event, EventKind, event_key
from newsletter.returns.event_store import Noted, note
from newsroom.database import reading, writing
from readership import store
from readership.reader import SubscriptionStatus, SuppressionReason
from readership.tables import subscriptions
from tests import samples
from tests.newsletter.delivering import KEY, NOW, House, composed, many, other_day, selection
from tests.newsletter.test_recalls_any_order import READERS, RULES, Keeper, World, _do, _steps

BOUNCED, COMPLAINED, UNSUBSCRIBED = (
    SuppressionReason.BOUNCED,
    SuppressionReason.COMPLAINED,
    SuppressionReason.UNSUBSCRIBED,
)
ILL = {
    "bounce": (EventKind.BOUNCE, "5.1.1", BOUNCED),
    "bounced": (EventKind.DROPPED, "Bounced Address", BOUNCED),
    "unsubscribed": (EventKind.DROPPED, "Unsubscribed Address", UNSUBSCRIBED),
    "spam": (EventKind.DROPPED, "Spam Reporting Address", COMPLAINED),
    "complaint": (EventKind.SPAM_REPORT, "", COMPLAINED),
    "ended": (EventKind.UNSUBSCRIBE, "", None),
}
"""By name: an event, the reason it says, and the reader's suppression that follows."""
_GRAVEST = (COMPLAINED, UNSUBSCRIBED, BOUNCED)


@dataclass
class Morning(World):
    """A world in which mails come back."""

    told: dict[int, set[str]] = field(default_factory=dict)

    def hear(self, place: int, name: str) -> Noted:
        """The provider tells this of one of the mails that it was handed."""
        if not self.keeper.mails:
            return Noted()
        mail, now = self.keeper.mails[place % len(self.keeper.mails)], self.house.clock()
        self.told.setdefault(mail.reader, set()).add(name)
        one = ill(mail.reader, mail.batch, name, self.house)
        with writing(self.engine) as connection:
            return note(connection, [one], RULES, now)

    def run(self) -> None:
        ill, before = self.told.keys() & set(range(1, READERS + 1)), len(self.keeper.mails)
        super().run()
        handed = {mail.reader for mail in self.keeper.mails[before:]}
        assert not handed & ill, "somebody who is stopped was handed it"

    def expected(self) -> dict[int, SuppressionReason]:
        """By reader, what the events say in whichever order they came."""
        reasons = {reader: {ILL[name][2] for name in names} for reader, names in self.told.items()}
        return {
            reader: next(why for why in _GRAVEST if why in some)
            for reader, some in reasons.items()
            if some != {None}
        }

    def check(self) -> None:
        assert stopped(self.engine) == self.expected()
        assert ended(self.engine) == {reader for reader, names in self.told.items() if "ended" in names}


def ill(reader: int, batch: int, name: str, house: House) -> Event:
    kind, reason, _ = ILL[name]
    now, is_permanent = house.clock(), kind in (EventKind.BOUNCE, EventKind.DROPPED)
    key = event_key(f"m{batch}", str(reader), f"{kind}{reason}", now)
    return Event("sendgrid", house.key, batch, reader, kind, now, key, is_permanent, reason)


def stopped(engine: Engine) -> dict[int, SuppressionReason]:
    keys = {samples.reader(number).key: number for number in range(1, READERS + 1)}
    with reading(engine) as connection:
        return {keys[key]: why for key, why in store.suppressed(connection, list(keys)).items()}


def ended(engine: Engine) -> set[int]:
    gone = subscriptions.c.status == SubscriptionStatus.UNSUBSCRIBED.value
    with reading(engine) as connection:
        return set(connection.execute(sa.select(subscriptions.c.reader_id).where(gone)).scalars())


def morning(engine: Engine) -> Morning:
    many(engine, READERS)
    composed(engine)
    house = House(engine)
    return Morning(engine, house, Keeper(house.clock))


_news = st.tuples(st.just("ill"), st.integers(0, 30), st.sampled_from(list(ILL)))
_turns = st.sampled_from([("stop", Answer.ACCEPTED, True), ("resume", None, None), ("edit", None, None)])
_any = st.one_of(_news, _news, _turns, _turns, _steps)


@given(st.lists(st.tuples(_any, st.sampled_from([1, 1, 1, 4, 25])), min_size=3, max_size=10))
def test_the_same_readers_are_stopped_whatever_comes_first(
    steps: list[tuple[tuple[str, Any, Any], int]],
) -> None:
    engine = in_memory()
    world = morning(engine)
    world.run()
    for (what, first, second), minutes in steps:
        if what == "ill":
            world.hear(first, second)
        else:
            _do(world, what, first, second)
        world.look()
        world.check()
        world.house.clock.now += timedelta(minutes=minutes)
    for do in (world.step, world.resume, world.run, world.look_up, world.run, world.look, world.check):
        do()
    engine.dispose()


def _pass(world: Morning, *, runs: int = 1) -> None:
    for _ in range(runs):
        world.house.clock.now += timedelta(minutes=1)
        world.run()


STEPS: tuple[tuple[str, Callable[[Morning], None]], ...] = (
    ("handed over", lambda world: _pass(world)),
    ("taken back", lambda world: world.stop()),
    ("planned anew", lambda world: world.resume()),
    ("not planned", lambda world: world.edit()),
    ("handed over again", lambda world: _pass(world)),
)


@pytest.mark.parametrize("when", range(len(STEPS)), ids=[name for name, _ in STEPS])
def test_bad_news_stops_whenever_it_comes(engine: Engine, when: int) -> None:
    world = morning(engine)
    names = ["bounce", "bounced", "unsubscribed", "spam"]
    for number, (_, do) in enumerate(STEPS):
        do(world)
        if number == when:
            # Of the first hand-over, whatever came since.
            heard = [world.hear(place, name) for place, name in enumerate(names)]
            assert [(one.new, one.stopped) for one in heard] == [(1, 1)] * 4
            world.check()
    assert stopped(engine) == {1: BOUNCED, 2: BOUNCED, 3: UNSUBSCRIBED, 4: COMPLAINED}
    second = {mail.reader for mail in world.keeper.mails[READERS:]}
    assert second == ({5} if when < len(STEPS) - 1 else set(range(1, READERS + 1)))
    # More news of theirs takes no stop away, though nothing is planned for them any more.
    world.house.clock.now += timedelta(minutes=1)
    for place in range(4):
        world.hear(place, "bounced")
    world.check()
    world.look()


def test_who_is_stopped_stays_so_where_nothing_is_planned_for_them_any_more(engine: Engine) -> None:
    world = morning(engine)
    for _, do in STEPS[:4]:
        do(world)
    world.hear(0, "bounce")
    _pass(world)
    assert world.house.states()[1] == "bounced"
    # Another edition's news has all that is known of the address looked at again.
    day, key = other_day(1)
    composed(engine, selection(day=day))
    house = House(engine, key=key)
    house.run()
    assert house.states()[1] == "bounced"
    with writing(engine) as connection:
        stops.derive(connection, {samples.reader(1).key}, RULES, NOW + timedelta(days=1))
    assert stopped(engine) == {1: BOUNCED}


def test_the_address_that_was_mailed_is_stopped_and_not_that_of_the_new_plan(
    engine: Engine,
) -> None:
    world = morning(engine)
    for _, do in STEPS[:3]:
        do(world)
    world.hear(0, "bounce")
    with writing(engine) as connection:
        reader = store.by_id(connection, 1)
        assert reader is not None
        moved = [replace(reader, address="new@example.org", key="n" * 64)]
        store.save_readers(connection, moved, NOW)
    world.edit()
    _pass(world)
    with writing(engine) as connection:
        stops.derive(connection, {"n" * 64, samples.reader(1).key}, RULES, world.house.clock())
        assert store.suppressed(connection, ["n" * 64]) == {}
    assert stopped(engine) == {1: BOUNCED}


@pytest.mark.parametrize("when", range(len(STEPS)), ids=[name for name, _ in STEPS])
def test_a_few_of_many_are_no_tenth_of_what_is_planned_anew(
    engine: Engine, when: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stops, "FEW", 0)
    many(engine, 30)
    composed(engine)
    house = House(engine)
    world = Morning(engine, house, Keeper(house.clock, batch_size=30))
    for number, (_, do) in enumerate(STEPS):
        do(world)
        if number == when:
            heard = [world.hear(place, "bounce") for place in range(3)]
            assert [one.held for one in heard] == [()] * 3
    assert stopped(engine) == {1: BOUNCED, 2: BOUNCED, 3: BOUNCED}
    world.house.clock.now += timedelta(minutes=1)
    assert world.hear(3, "bounce").held == (KEY,)
    with writing(engine) as connection:
        assert stopped(engine) == {}
        assert bounce_hold.decide(connection, KEY, True, RULES, "ada", house.clock()) == 4
