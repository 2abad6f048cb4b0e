"""Events noted: they settle what is uncertain, and stop whom they should."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from newsletter import before
from newsletter.delivery import resending, settle
from newsletter.edition import BatchState, DeliveryState, EditionState
from newsletter.providers import Answer
from newsletter.reader_moments import moments
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


QUOTA = {"reason": "Account over quota"}


def dropped(*readers: int, **more: Any) -> list[Event]:
    return [event(number, EventKind.DROPPED, **QUOTA | more) for number in readers]


def test_whoever_was_accepted_and_then_dropped_has_nothing_and_may_be_given_it_again(engine: Engine) -> None:
    here = house(engine)
    here.run()
    assert here.edition.state is EditionState.SENT
    some = dropped(3, 4)
    assert [noted(engine, *some).settled, noted(engine, *some).settled] == [2, 0]
    assert [here.states()[number] for number in (2, 3, 4)] == ["accepted", "refused", "refused"]
    with reading(engine) as connection:
        (was,) = before.before(connection, KEY, 3, 3)
        told = moments(connection, KEY, 3)
    assert (was.state, was.then, was.by) == (DeliveryState.ACCEPTED, "dropped", before.EVENTS)
    assert {one.what for one in told} >= {
        "accepted by fake",
        "dropped by the provider",
        f"dropped by {before.EVENTS}",
    }
    assert "refused by fake" not in {one.what for one in told}
    resend_refused(here)
    here.run()
    assert here.provider.handed[-1] == [3, 4]
    # What was told of the first hand-over says nothing of the second.
    assert noted(engine, *some, *dropped(3, key="late")).settled == 0
    assert here.sum.of(DeliveryState.ACCEPTED) == 10


def resend_refused(here: House) -> None:
    with writing(here.engine) as connection:
        resending.resend(connection, KEY, "refused", here.desk.revise, 10, "ada", LATER)


@pytest.mark.parametrize(
    ("more", "state"),
    [
        # The provider's own list has the address: that stops the reader.
        ([event(3, EventKind.DROPPED, is_permanent=True, reason="Bounced Address")], "accepted"),
        ([*dropped(3), event(3, EventKind.DELIVERED)], "accepted"),
        ([*dropped(3), event(3)], "refused"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_a_drop_of_what_was_accepted_counts_where_nothing_says_otherwise(
    engine: Engine, more: list[Event], state: str, turned: bool
) -> None:
    here = house(engine)
    here.run()
    for one in reversed(more) if turned else more:
        noted(engine, one)
    assert here.states()[3] == DeliveryState(state)


def test_a_drop_that_is_told_before_the_answer_counts_once_that_has_come(engine: Engine) -> None:
    here = house(engine)

    def accepts(batch: Any) -> Any:
        noted(engine, *dropped(3, batch=batch.number))
        return says(Answer.ACCEPTED)(batch)

    here.provider.otherwise = accepts
    assert (here.run().refused, here.states()[3]) == (1, DeliveryState.REFUSED)


def test_where_all_were_taken_and_dropped_nobody_gets_it_by_itself(engine: Engine) -> None:
    here = house(engine)

    def accepts(batch: Any) -> Any:
        noted(engine, *dropped(*range(1, 11), batch=batch.number))
        return says(Answer.ACCEPTED)(batch)

    here.provider.otherwise = accepts
    report = here.run()
    assert (report.refused, report.is_finished) == (10, True)
    assert any("--only refused" in one.message for one in report.problems)


def test_a_copy_that_is_dropped_takes_nothing_away(engine: Engine) -> None:
    here = house(engine)
    here.run()
    with writing(engine) as connection:
        resending.resend(connection, KEY, [3], here.desk.revise, 10, "ada", LATER)
    here.run()
    assert here.provider.handed[-1] == [3]
    assert noted(engine, *dropped(3, batch=2)).settled == 0
    assert here.states()[3] is DeliveryState.ACCEPTED


def test_nor_of_one_in_another_batch(engine: Engine) -> None:
    here = house(engine)
    here.provider.answers.append(says(Answer.ACCEPTED, own={3: (Answer.UNCERTAIN, "cut")}))
    here.run()
    with writing(engine) as connection:
        settle.resolve(connection, 1, False, "ada", NOW)
    here.run()
    assert here.provider.handed[-1] == [3]
    assert noted(engine, *dropped(3)).settled == 0
    assert noted(engine, *dropped(3, batch=2)).settled == 1


def test_a_drop_of_the_first_hand_over_says_nothing_of_the_second(engine: Engine) -> None:
    here = house(engine)
    here.provider.answers.append(says(Answer.UNCERTAIN, "reset"))
    here.run()
    with writing(engine) as connection:
        settle.resolve(connection, 1, False, "ada", NOW)
    here.clock.pause(3600)
    here.run()
    assert noted(engine, *dropped(3)).settled == 0
    assert noted(engine, *dropped(4, at=NOW + timedelta(minutes=61))).settled == 1
    assert here.sum.of(DeliveryState.ACCEPTED) == 9
