"""Whom events stop, by which rule; what is no fault of theirs stops nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.engine import Engine

from newsletter.returns import bounce_hold
from newsletter.returns.event import Event, EventKind
from newsletter.returns.stops import _Return, wanted
from newsroom.database import reading, writing
from newsroom.errors import MisuseError
from newsroom.settings import BounceSettings
from readership import erasure, store
from readership.lifting import lift_for
from readership.reader import SubscriptionStatus, SuppressionReason
from readership.suppression import suppress
from tests import samples
from tests.newsletter.delivering import KEY, NOW, House, composed, many, other_day, selection
from tests.newsletter.test_event_store import LATER, event, house, noted, reasons

BOUNCED, COMPLAINED = SuppressionReason.BOUNCED, SuppressionReason.COMPLAINED
DAY = timedelta(days=1)


def back(day: int, kind: EventKind = EventKind.BOUNCE, **more: Any) -> _Return:
    values: dict[str, Any] = {"is_permanent": False, "reason": ""} | more
    return _Return(f"daily-{day}", "k", kind, at=NOW + day * DAY, **values)


def dropped(reason: str) -> _Return:
    return back(0, EventKind.DROPPED, is_permanent=True, reason=reason)


@pytest.mark.parametrize(
    ("returns", "rules", "expected"),
    [
        ([back(0, is_permanent=True)], BounceSettings(), BOUNCED),
        ([back(day) for day in range(4)], BounceSettings(), None),
        ([back(day) for day in range(5)], BounceSettings(), BOUNCED),
        ([back(0)] * 9, BounceSettings(), None),
        ([back(10 * day) for day in range(5)], BounceSettings(), None),
        ([back(10 * day) for day in range(5)], BounceSettings(within=40 * DAY), BOUNCED),
        ([back(day) for day in (0, 90, 91, 92)], BounceSettings(soft=3, within=2 * DAY), BOUNCED),
        ([back(day) for day in range(99)], BounceSettings(soft=0), None),
        ([back(0)], BounceSettings(soft=1), BOUNCED),
        ([dropped("Bounced Address")], BounceSettings(), BOUNCED),
        ([dropped("Invalid")], BounceSettings(), BOUNCED),
        ([dropped("Spam Reporting Address")], BounceSettings(), COMPLAINED),
        ([dropped("Unsubscribed Address")], BounceSettings(), SuppressionReason.UNSUBSCRIBED),
        (
            [dropped("Unsubscribed Address"), dropped("Spam Reporting Address"), back(1, is_permanent=True)],
            BounceSettings(),
            COMPLAINED,
        ),
    ],
)
def test_what_stops_a_reader(
    returns: list[_Return], rules: BounceSettings, expected: SuppressionReason | None
) -> None:
    for some in (returns, returns[::-1]):
        assert wanted(some, rules).get("k", (None,))[0] is expected


def test_what_is_no_fault_of_the_address_stops_nobody(engine: Engine) -> None:
    house(engine).run()
    done = noted(
        engine,
        event(1, EventKind.BLOCKED),
        event(2, EventKind.DEFERRED),
        event(3, EventKind.DROPPED),
        event(4, EventKind.BOUNCE),
        event(5, EventKind.DELIVERED),
    )
    assert (done.new, done.stopped) == (5, 0)
    assert reasons(engine) == {}


def test_soft_bounces_of_several_editions_stop_in_the_end(engine: Engine) -> None:
    many(engine, 3)
    for days in range(5):
        day, key = other_day(days)
        composed(engine, selection(day=day))
        here = House(engine, key=key)
        here.run()
        soft = replace(
            event(2, EventKind.BOUNCE, batch=here.batches()[0].id, at=NOW + days * DAY), edition=key
        )
        assert noted(engine, soft, now=NOW + days * DAY).stopped == (days == 4)
    assert reasons(engine) == {2: BOUNCED}


def test_a_complaint_outweighs_a_bounce_and_an_erasure_all(engine: Engine) -> None:
    house(engine).run()
    hard = event(1, EventKind.BOUNCE, is_permanent=True)
    noted(engine, hard, event(2, EventKind.SPAM_REPORT))
    noted(engine, event(1, EventKind.SPAM_REPORT), replace(hard, reader_id=2))
    assert reasons(engine) == {1: COMPLAINED, 2: COMPLAINED}
    key = samples.reader(1).key
    with writing(engine) as connection:
        suppress(connection, {key: SuppressionReason.ERASED}, NOW, "erased on request")
        suppress(connection, {key: COMPLAINED}, NOW, "list")
    assert reasons(engine, 1) == {1: SuppressionReason.ERASED}


def test_of_an_erased_reader_nothing_comes(engine: Engine) -> None:
    house(engine).run()
    with writing(engine) as connection:
        reader = store.by_id(connection, 3)
        assert reader is not None
        erasure.forget(connection, reader, NOW)
    done = noted(engine, event(3, EventKind.BOUNCE, is_permanent=True), event(3, EventKind.UNSUBSCRIBE))
    assert (done.new, done.stopped, done.unsubscribed) == (2, 0, 0)
    assert reasons(engine) == {3: SuppressionReason.ERASED}


def test_it_is_the_address_that_is_stopped_and_not_the_one_that_came_since(engine: Engine) -> None:
    house(engine).run()
    with writing(engine) as connection:
        reader = store.by_id(connection, 3)
        assert reader is not None
        store.save_readers(connection, [replace(reader, address="new@example.org", key="n" * 64)], NOW)
    noted(engine, event(3, EventKind.BOUNCE, is_permanent=True))
    with reading(engine) as connection:
        assert store.suppressed(connection, ["n" * 64, samples.reader(3).key]) == {
            samples.reader(3).key: BOUNCED
        }


@pytest.mark.parametrize(("after", "expected"), [(-1, "unsubscribed"), (1, "active")])
def test_an_unsubscribe_that_comes_late_does_not_undo_a_later_consent(
    engine: Engine, after: int, expected: str
) -> None:
    house(engine).run()
    with writing(engine) as connection:
        there = store.subscriptions_of(connection, [4])[4]["daily"]
        consented = replace(there, consent_at=LATER + timedelta(hours=after))
        store.save_subscriptions(connection, [(4, consented)], NOW)
    noted(engine, event(4, EventKind.UNSUBSCRIBE), now=LATER + DAY)
    with reading(engine) as connection:
        found = store.subscriptions_of(connection, [4])[4]["daily"]
    assert found.status is SubscriptionStatus(expected)


def test_a_copy_of_an_unsubscribe_does_not_undo_what_came_since(engine: Engine) -> None:
    house(engine).run()
    gone = event(4, EventKind.UNSUBSCRIBE)
    assert noted(engine, gone).unsubscribed == 1
    with writing(engine) as connection:
        there = store.subscriptions_of(connection, [4])[4]["daily"]
        store.save_subscriptions(connection, [(4, replace(there, status=SubscriptionStatus.ACTIVE))], NOW)
    assert noted(engine, gone).unsubscribed == 0


def lifted(engine: Engine, reader: int, hours: int) -> None:
    with writing(engine) as connection:
        lift_for(connection, samples.reader(reader).key, "ada", NOW + timedelta(hours=hours))


def test_what_was_before_a_lift_stops_nobody_again_and_what_comes_after_it_does(engine: Engine) -> None:
    house(engine).run()
    hard = event(1, EventKind.BOUNCE, is_permanent=True)
    noted(engine, hard, event(2, EventKind.SPAM_REPORT))
    lifted(engine, 1, 1)
    lifted(engine, 2, 1)
    early = LATER + timedelta(minutes=20)
    noted(
        engine,
        hard,
        event(1, EventKind.BOUNCE, is_permanent=True, at=early),
        event(2, EventKind.SPAM_REPORT, at=early),
    )
    assert reasons(engine) == {}
    late = NOW + timedelta(hours=2)
    noted(
        engine,
        event(1, EventKind.BOUNCE, is_permanent=True, at=late),
        event(2, EventKind.SPAM_REPORT, at=late),
    )
    assert reasons(engine) == {1: BOUNCED, 2: COMPLAINED}


def hard_of(*numbers: int) -> list[Event]:
    return [event(number, EventKind.BOUNCE, is_permanent=True) for number in numbers]


@pytest.fixture
def blocked(engine: Engine) -> Engine:
    """40 readers, 26 of whom came back; one complained too, and another had bounced the day before."""
    many(engine, 40)
    before = other_day(-1)
    for day, key in (before, other_day(0)):
        composed(engine, selection(day=day))
        here = House(engine, key=key)
        here.provider.batch_size = 100
        here.run()
    noted(engine, replace(event(2, EventKind.BOUNCE, is_permanent=True, at=NOW - DAY), edition=before[1]))
    here_now = [replace(one, batch=2) for one in hard_of(*range(1, 27))]
    done = noted(engine, *here_now, replace(event(1, EventKind.SPAM_REPORT), batch=2))
    assert done.held == (KEY,)
    return engine


def test_a_tenth_of_an_edition_stops_nobody_before_a_person_has_looked(blocked: Engine) -> None:
    # Complaints hold, whatever else is held, and so does what another edition says.
    assert reasons(blocked) == {1: COMPLAINED, 2: BOUNCED}
    with reading(blocked) as connection:
        [held] = bounce_hold.waiting(connection)
        assert bounce_hold.waiting(connection, "daily-2026-01-01") == ()
    assert (held.edition, held.readers) == (KEY, 26)
    assert noted(blocked, replace(hard_of(30)[0], batch=2)).stopped == 0


def test_a_person_decides_and_may_think_again(blocked: Engine) -> None:
    def decided(stop: bool) -> int:
        with writing(blocked) as connection:
            return bounce_hold.decide(connection, KEY, stop, BounceSettings(), "ada", LATER)

    assert decided(True) == 24
    assert len(reasons(blocked)) == 26
    assert decided(False) == 0
    assert reasons(blocked) == {1: COMPLAINED, 2: BOUNCED}
    with pytest.raises(MisuseError, match="are not held"), writing(blocked) as connection:
        bounce_hold.decide(connection, "daily-2026-03-09", True, BounceSettings(), "ada", LATER)


def test_a_complaint_holds_also_where_the_providers_list_had_told_of_it_before(engine: Engine) -> None:
    many(engine, 40)
    composed(engine)
    here = House(engine)
    here.provider.batch_size = 100
    here.run()
    noted(engine, event(1, EventKind.DROPPED, is_permanent=True, reason="Spam Reporting Address"))
    noted(engine, event(1, EventKind.SPAM_REPORT))
    assert noted(engine, *hard_of(*range(2, 28))).held == (KEY,)
    assert reasons(engine) == {1: COMPLAINED}


def test_a_few_are_never_too_many(engine: Engine) -> None:
    house(engine, 30).run()
    batches = {number: 1 + (number - 1) // 10 for number in range(1, 26)}
    some = [replace(one, batch=batches[one.reader_id]) for one in hard_of(*range(1, 26))]
    assert noted(engine, *some).stopped == 25
