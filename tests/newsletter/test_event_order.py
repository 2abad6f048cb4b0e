"""Whatever order events come in, however often, and in however many posts: the same is true in the end."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import Engine

from newsletter.delivery import settle
from newsletter.delivery.sums import checked_sum
from newsletter.edition import BatchState
from newsletter.providers import Answer
from newsletter.returns import stops
from newsletter.returns.event import Event, EventKind, event_key
from newsletter.returns.event_store import note
from newsletter.tables import batches, bounce_holds, deliveries, events
from newsroom.database import engine_for, metadata, reading, writing
from newsroom.settings import BounceSettings
from readership.tables import subscriptions, suppressions
from tests.newsletter.delivering import NOW, House, composed, many, other_day, says, selection

READERS = 8
KEYS = [other_day(days)[1] for days in range(2)]
RULES = BounceSettings(soft=2, within=timedelta(days=10), most=0.3)


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """Editions that are accepted, uncertain, refused and planned again; and where to copy their database."""
    folder = tmp_path_factory.mktemp("order")
    made = folder / "made.db"
    engine = engine_for(f"sqlite:///{made}")
    sa.event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    metadata.create_all(engine)
    many(engine, READERS)
    for days, key in enumerate(KEYS):
        composed(engine, selection(day=other_day(days)[0]))
        house = House(engine, key=key)
        house.provider.batch_size = 2
        house.provider.answers.extend(
            [
                *[says(Answer.ACCEPTED)] * 3,
                says(Answer.ACCEPTED, own={READERS: (Answer.REFUSED, "no such mailbox")}),
            ]
        )
        house.run()
        again, other = (one.id for one in house.batches()[1:3])
        with writing(engine) as connection:
            # After one without an answer a run would go on with single readers.
            cut = {"state": BatchState.UNCERTAIN.value, "settled": None, "reason": "reset"}
            connection.execute(sa.update(batches).where(batches.c.id.in_((again, other))).values(cut))
            settle.resolve(connection, again, False, "ada", NOW)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    yield made, folder / "copy.db"


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small newsroom's many are few."""
    monkeypatch.setattr(stops, "FEW", 3)


REASONS = ("Bounced Address", "Spam Reporting Address", "Unsubscribed Address", "Over Quota")


@st.composite
def one_event(draw: st.DrawFn) -> Event:
    kind = draw(st.sampled_from([*EventKind, EventKind.BOUNCE, EventKind.BOUNCE, EventKind.DROPPED]))
    place, reader = draw(st.integers(0, 1)), draw(st.integers(1, READERS))
    at = NOW + timedelta(minutes=draw(st.integers(0, 5)), days=place)
    reason = draw(st.sampled_from(REASONS)) if kind is EventKind.DROPPED else ""
    is_permanent = reason not in ("", REASONS[-1]) or (kind is EventKind.BOUNCE and draw(st.booleans()))
    # The readers of each edition stand two to a batch, in their order.
    batch = 1 + 4 * place + (reader - 1) // 2
    key = event_key(f"m{reader}", "", f"{kind}{is_permanent}{reason}", at)
    return Event("sendgrid", KEYS[place], batch, reader, kind, at, key, is_permanent, reason)


def after(morning: tuple[Path, Path], posts: Sequence[Sequence[Event]]) -> dict[str, Any]:
    """What is true once these posts have come."""
    made, copy = morning
    shutil.copyfile(made, copy)
    engine = engine_for(f"sqlite:///{copy}")
    sa.event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    for post in posts:
        with writing(engine) as connection:
            note(connection, post, RULES, NOW + timedelta(days=3))
    found = state_of(engine)
    engine.dispose()
    for suffix in ("-wal", "-shm"):
        Path(f"{copy}{suffix}").unlink(missing_ok=True)
    return found


def state_of(engine: Engine) -> dict[str, Any]:
    state = sa.func.coalesce(deliveries.c.state, batches.c.state)
    queries = {
        "deliveries": sa.select(deliveries.c.edition, deliveries.c.reader_id, state).join(
            batches, batches.c.id == deliveries.c.batch
        ),
        "events": sa.select(events.c.edition, events.c.reader_id, events.c.kind, events.c.key),
        "suppressions": sa.select(suppressions.c.key, suppressions.c.reason),
        "subscriptions": sa.select(subscriptions.c.reader_id, subscriptions.c.status),
        "held": sa.select(bounce_holds.c.edition),
    }
    with reading(engine) as connection:
        for key in KEYS:
            assert checked_sum(connection, key).is_right
        uncertain = sa.select(batches.c.id).where(batches.c.state == BatchState.UNCERTAIN.value)
        for number in connection.execute(uncertain).scalars().all():
            # Nobody is left in a batch that is over.
            inside = sa.select(deliveries.c.reader_id).where(
                deliveries.c.batch == number, deliveries.c.state.is_(None)
            )
            assert connection.execute(inside).first() is not None
        return {name: {tuple(row) for row in connection.execute(query)} for name, query in queries.items()}


@given(st.lists(one_event(), min_size=5, max_size=40), st.randoms(use_true_random=False))
def test_order_copies_and_posts_make_no_difference(
    morning: tuple[Path, Path], some: list[Event], chance: random.Random
) -> None:
    expected = after(morning, [some])
    assert len(expected["events"]) == len({(one.edition, one.reader_id, one.kind, one.key) for one in some})
    shuffled = [*some, *chance.sample(some, len(some) // 2)]
    chance.shuffle(shuffled)
    posts = []
    while shuffled:
        size = chance.randint(1, len(shuffled))
        posts.append(shuffled[:size])
        shuffled = shuffled[size:]
    assert after(morning, posts) == expected
