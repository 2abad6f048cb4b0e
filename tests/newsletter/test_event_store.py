"""Events noted: they settle what is uncertain, and stop whom they should."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from newsletter.delivery import settle
from newsletter.edition import BatchState, DeliveryState, EditionState
from newsletter.providers import Answer
from newsletter.returns.event import Event, EventKind, event_key
from newsletter.returns.event_store import Noted, note
from newsletter.tables import deliveries
from newsroom.database import reading, writing
from newsroom.settings import BounceSettings
from readership import store
from readership.reader import SuppressionReason
from tests import samples
from tests.newsletter.delivering import KEY, NOW, House, composed, many, says

RULES = BounceSettings()
LATER = NOW + timedelta(minutes=5)


def event(reader: int, kind: EventKind = EventKind.PROCESSED, batch: int = 1, **more: Any) -> Event:
    at: datetime = more.pop("at", LATER)
    values: dict[str, Any] = {
        "provider": "sendgrid",
        "edition": KEY,
        "batch": batch,
        "reader_id": reader,
        "kind": kind,
        "at": at,
        "key": event_key(f"m{batch}-{reader}", f"k{reader}", kind, at),
    }
    return Event(**values | more)


def noted(engine: Engine, *some: Event, rules: BounceSettings = RULES, now: datetime = LATER) -> Noted:
    with writing(engine) as connection:
        return note(connection, some, rules, now)


def house(engine: Engine, readers: int = 10, **more: Any) -> House:
    many(engine, readers)
    composed(engine)
    return House(engine, **more)


def reasons(engine: Engine, *readers: int) -> dict[int, SuppressionReason]:
    with reading(engine) as connection:
        keys = {samples.reader(number).key: number for number in readers or range(1, 101)}
        return {keys[key]: why for key, why in store.suppressed(connection, list(keys)).items()}


def test_the_events_of_an_uncertain_batch_settle_it_reader_by_reader(engine: Engine) -> None:
    here = house(engine)
    here.provider.otherwise = says(Answer.UNCERTAIN, "reset")
    assert here.run().uncertain == 10
    done = noted(
        engine, *(event(number) for number in range(1, 5)), event(5, EventKind.DROPPED, reason="Invalid")
    )
    assert (done.new, done.settled) == (5, 5)
    states = here.states()
    assert [states[number] for number in range(1, 7)] == [DeliveryState.ACCEPTED] * 4 + [
        "refused",
        "uncertain",
    ]
    noted(engine, *(event(number) for number in range(6, 11)))
    assert here.sum.of(DeliveryState.ACCEPTED) == 9
    assert {row.state for row in here.batches()} == {BatchState.EMPTY}
    assert here.run().readers == 0
    assert here.edition.state is EditionState.SENT


@pytest.mark.parametrize("kinds", [("dropped", "delivered"), ("delivered", "dropped")])
def test_whoever_was_dropped_once_and_taken_once_has_it(engine: Engine, kinds: tuple[str, str]) -> None:
    here = house(engine)
    here.provider.otherwise = says(Answer.UNCERTAIN, "reset")
    here.run()
    for kind in kinds:
        noted(engine, event(3, EventKind(kind)))
    assert here.states()[3] is DeliveryState.ACCEPTED


def test_copies_change_nothing(engine: Engine) -> None:
    here = house(engine)
    here.run()
    one = event(3, EventKind.BOUNCE, is_permanent=True)
    assert noted(engine, one, one) == Noted(new=1, copies=1, stopped=1)
    assert noted(engine, one) == Noted(copies=1)
    assert reasons(engine) == {3: SuppressionReason.BOUNCED}


def test_late_events_keep_those_who_were_planned_again_from_a_copy(engine: Engine) -> None:
    here = house(engine)
    here.provider.otherwise = says(Answer.UNCERTAIN, "reset")
    here.run()
    with writing(engine) as connection:
        settle.resolve(connection, 1, False, "ada", NOW)
    done = noted(engine, *(event(number) for number in range(1, 8)))
    assert done.settled == 7
    here.provider.otherwise = says(Answer.ACCEPTED)
    here.run()
    assert here.provider.handed[-1] == [8, 9, 10]
    assert here.sum.of(DeliveryState.ACCEPTED) == 10
    assert here.edition.state is EditionState.SENT


def test_events_that_came_before_the_answer_settle_it_at_the_end_of_the_run(engine: Engine) -> None:
    here = house(engine)

    def cut(batch: Any) -> Any:
        noted(engine, *(event(number, batch=batch.number) for number in range(1, 11)))
        return says(Answer.UNCERTAIN, "reset")(batch)

    here.provider.otherwise = cut
    assert (here.run().accepted, here.sum.of(DeliveryState.ACCEPTED)) == (10, 10)


def test_what_is_heard_of_the_first_hand_over_while_the_second_is_in_vain_prevents_a_third(
    engine: Engine,
) -> None:
    here = house(engine)
    here.provider.otherwise = says(Answer.UNCERTAIN, "reset")
    here.run()
    with writing(engine) as connection:
        settle.resolve(connection, 1, False, "ada", NOW)

    def busy(batch: Any) -> Any:
        noted(engine, *(event(number) for number in range(1, 9)))
        return says(Answer.NOT_NOW, "503", retry_after=1.0)(batch)

    here.provider.answers.append(busy)
    here.provider.otherwise = says(Answer.ACCEPTED)
    here.run()
    assert here.provider.handed[-1] == [9, 10]
    assert here.sum.of(DeliveryState.ACCEPTED) == 10


def test_events_noted_at_once_by_several_are_there_once(engine: Engine) -> None:
    here = house(engine, 40)
    here.run()
    batches = {number: 1 + (number - 1) // 10 for number in range(1, 41)}
    some = [
        event(number, kind, batch=batches[number], is_permanent=kind is EventKind.BOUNCE)
        for number in range(1, 41)
        for kind in (EventKind.PROCESSED, EventKind.BOUNCE)
    ]

    def post(start: int) -> Noted:
        return noted(engine, *some[start:], *some[:start])

    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(post, (0, 20, 40, 60)))
    assert sum(one.new for one in done) == 80
    assert sum(len(one.held) for one in done) == 1
    assert reasons(engine) == {}


def test_events_of_others_are_passed_over(engine: Engine) -> None:
    here = house(engine)
    here.run()
    foreign = (
        event(99),
        event(1, batch=77),
        event(1, batch=2**40),
        event(2**50),
        replace(event(1), edition="daily-1999-01-01"),
        event(1, recipient_key="0" * 64),
    )
    assert noted(engine, *foreign) == Noted(foreign=6)
    with reading(engine) as connection:
        key = connection.execute(
            sa.select(deliveries.c.recipient_key).where(deliveries.c.reader_id == 1)
        ).scalar_one()
    assert noted(engine, event(1, recipient_key=key)).new == 1
