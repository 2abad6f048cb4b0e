"""Silence is evidence only beside what is heard."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from newsletter.edition import BatchState, DeliveryState, EditionState
from newsletter.ledger import BatchRow
from newsletter.providers import Answer
from newsletter.returns import silence
from newsletter.tables import editions
from newsroom.database import writing
from tests.newsletter.delivering import KEY, NOW, House, composed, many, says
from tests.newsletter.test_event_store import event, noted

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def batch(number: int, state: BatchState, **changes: Any) -> BatchRow:
    values: dict[str, Any] = {
        "id": number,
        "edition": KEY,
        "variant": "v",
        "plan_order": 0,
        "revision": 1,
        "render": "r",
        "state": state,
        "attempts": 0,
        "not_before": None,
        "handed": NOW,
        "settled": None,
        "owner": "",
        "provider": "sendgrid",
        "reference": "",
        "reason": "",
        "size": 10,
        "resend": False,
        "heard": None,
        "handed_before": None,
        "send_at": None,
    }
    return BatchRow(**values | changes)


OURS = batch(1, BatchState.UNCERTAIN)
HEARD = batch(2, BatchState.ACCEPTED, heard=NOW + MINUTE, handed=NOW - MINUTE)


@pytest.mark.parametrize(
    ("ours", "others", "expected"),
    [
        (OURS, [HEARD], True),
        (OURS, [batch(2, BatchState.EMPTY, heard=NOW, handed=NOW + 29 * MINUTE)], True),
        (OURS, [HEARD, batch(3, BatchState.UNCERTAIN)], True),
        # Nothing came of anything: the webhook is off.
        (OURS, [], False),
        (OURS, [batch(2, BatchState.ACCEPTED)], False),
        # What was certainly taken beside it is as silent.
        (OURS, [HEARD, batch(3, BatchState.ACCEPTED)], False),
        # That one has not had its time yet.
        (OURS, [HEARD, batch(3, BatchState.ACCEPTED, handed=NOW + 20 * MINUTE)], True),
        (OURS, [batch(2, BatchState.ACCEPTED, heard=NOW, handed=NOW - 31 * MINUTE)], False),
        (OURS, [batch(2, BatchState.ACCEPTED, heard=NOW, provider="smtp")], False),
        (batch(1, BatchState.UNCERTAIN, heard=NOW), [HEARD], False),
        (batch(1, BatchState.UNCERTAIN, handed=NOW + 11 * MINUTE), [HEARD], False),
        (batch(1, BatchState.ACCEPTED), [HEARD], False),
        (batch(1, BatchState.UNCERTAIN, handed=None), [HEARD], False),
        # SendGrid keeps it for an hour still.
        (batch(1, BatchState.UNCERTAIN, send_at=NOW + HOUR), [HEARD], False),
        # A mail server tells nothing of what arrives: its silence is no evidence.
        (
            batch(1, BatchState.UNCERTAIN, provider="smtp"),
            [batch(2, BatchState.ACCEPTED, heard=NOW, provider="smtp")],
            False,
        ),
    ],
)
def test_when_silence_counts(ours: BatchRow, others: list[BatchRow], expected: bool) -> None:
    assert silence.is_silent(ours, [ours, *others], NOW + 10 * MINUTE) is expected


def silent(engine: Engine) -> House:
    """Two batches, the second uncertain; events of the first have come."""
    many(engine, 20)
    composed(engine)
    house = House(engine)
    house.provider.name = "sendgrid"
    house.provider.answers.extend([says(Answer.ACCEPTED), says(Answer.UNCERTAIN, "reset")])
    house.run()
    noted(engine, event(1, batch=house.batches(BatchState.ACCEPTED)[0].id))
    return house


def assumed(engine: Engine, after: timedelta, latest: timedelta = 3 * HOUR) -> dict[str, int]:
    with writing(engine) as connection:
        return silence.assume_not_sent(connection, "daily", HOUR, latest, "run", NOW + after)


def test_silent_readers_are_planned_again_after_the_time_that_was_set(engine: Engine) -> None:
    house = silent(engine)
    assert assumed(engine, HOUR) == {}
    assert assumed(engine, HOUR + MINUTE) == {KEY: 1}
    assert house.edition.state is EditionState.SENDING
    house.run()
    assert house.sum.of(DeliveryState.ACCEPTED) == 20


def test_one_event_of_its_own_ends_the_silence(engine: Engine) -> None:
    house = silent(engine)
    noted(engine, event(20, batch=house.batches(BatchState.UNCERTAIN)[0].id))
    assert assumed(engine, 2 * HOUR) == {}
    assert house.sum.of(DeliveryState.UNCERTAIN) == 9


def test_nobody_gets_last_weeks_news(engine: Engine) -> None:
    silent(engine)
    assert assumed(engine, 5 * HOUR) == {}


def test_only_the_editions_of_the_newsletter_that_are_not_stopped(engine: Engine) -> None:
    house = silent(engine)
    with writing(engine) as connection:
        assert silence.assume_not_sent(connection, "weekly", HOUR, 3 * HOUR, "run", NOW + 2 * HOUR) == {}
    house.provider.answers.append(says(Answer.UNCERTAIN, "reset"))
    assert assumed(engine, HOUR + MINUTE) == {KEY: 1}
    house.run()
    with writing(engine) as connection:
        connection.execute(sa.update(editions).values(state=EditionState.STOPPED.value))
    assert assumed(engine, 2 * HOUR) == {}
