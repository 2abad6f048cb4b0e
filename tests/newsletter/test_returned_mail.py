"""Mail that came back, noted: whose it is, what it stops, and what it never does."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from newsletter.delivery import resending, settle
from newsletter.edition import DeliveryState
from newsletter.mail.traces import message_id, return_address, trace
from newsletter.providers import Answer
from newsletter.returns import mail_counts
from newsletter.returns.event import EventKind
from newsletter.returns.event_store import Noted
from newsletter.returns.returned_mail import LATEST, Tally, note_mails
from newsletter.returns.status_notification import read
from newsletter.tables import batches, events
from newsroom.database import reading, writing
from newsroom.settings import BounceSettings
from readership import store
from readership.address import recipient_key
from readership.lifting import lift_for
from readership.reader import SuppressionReason
from tests import samples
from tests.newsletter import notifications as mails
from tests.newsletter.delivering import KEY, NOW, House, composed, enrolled, many, says

ADDRESS_KEY = b"k" * 32
LATER = NOW + timedelta(minutes=5)
FULL = mails.recipient("failed", "5.2.2", "smtp; 552 5.2.2 mailbox full")
BOUNCED = SuppressionReason.BOUNCED


def noted(engine: Engine, *some: bytes, now: datetime = LATER, verp: bool = False, **rules: int) -> Tally:
    with writing(engine) as connection:
        told = [read(raw) for raw in some]
        return note_mails(connection, told, BounceSettings(verp=verp, **rules), ADDRESS_KEY, now)


def verp(reader: int, batch: int = 1, edition: str = KEY, key: bytes = ADDRESS_KEY) -> str:
    return return_address("bounces@quay.example", trace(key, edition, batch, reader))


def named(reader: int, edition: str = KEY, key: bytes = ADDRESS_KEY) -> str:
    return message_id(key, edition, reader, "quay.example")


def by_trace(reader: int, *groups: str, batch: int = 1, sent: datetime = LATER) -> bytes:
    return mails.report(*(groups or (mails.failed(),)), to=verp(reader, batch), sent=sent)


def by_id(reader: int, *groups: str, sent: datetime = LATER) -> bytes:
    return mails.report(*(groups or (mails.failed(),)), message_id=named(reader), sent=sent)


def sent_house(engine: Engine, readers: int = 10) -> House:
    many(engine, readers)
    composed(engine)
    here = House(engine)
    here.run()
    return here


def stopped(engine: Engine) -> dict[int, SuppressionReason]:
    with reading(engine) as connection:
        numbers = {samples.reader(number).key: number for number in range(1, 101)}
        return {numbers[key]: why for key, why in store.suppressed(connection, list(numbers)).items()}


def test_a_bounce_stops_its_reader_by_the_trace_and_by_the_message_id(engine: Engine) -> None:
    sent_house(engine)
    done = noted(engine, by_trace(3), by_id(4))
    assert done == Tally(mails=2, kinds={"bounce": 2}, noted=Noted(new=2, stopped=2))
    assert stopped(engine) == {3: BOUNCED, 4: BOUNCED}
    with reading(engine) as connection:
        rows = connection.execute(sa.select(events).order_by(events.c.reader_id)).all()
    assert [(row.provider, row.batch, row.at, row.is_permanent) for row in rows] == [
        ("smtp", 1, LATER, True)
    ] * 2
    assert rows[0].reason == "5.1.1 550 5.1.1 User unknown"


def test_the_same_mail_again_changes_nothing(engine: Engine) -> None:
    sent_house(engine)
    noted(engine, by_trace(3))
    again = noted(engine, by_trace(3), by_trace(3), now=LATER + timedelta(hours=2))
    assert (again.noted.new, again.noted.copies, again.noted.stopped) == (0, 2, 0)


def test_what_is_full_delayed_or_blocked_stops_nobody(engine: Engine) -> None:
    sent_house(engine)
    delayed = mails.recipient("delayed", "4.4.1", "smtp; 421 wait")
    blocked = mails.recipient("failed", "5.7.1", "smtp; 554 5.7.1 blocked")
    done = noted(engine, by_trace(1, FULL), by_trace(2, delayed), by_trace(3, blocked))
    assert dict(done.kinds) == {"soft": 1, "deferred": 1, "blocked": 1}
    assert stopped(engine) == {}


def test_a_complaint_stops_by_trace_and_by_message_id(engine: Engine) -> None:
    sent_house(engine)
    done = noted(engine, mails.complaint(to=verp(3)), mails.complaint(message_id=named(4)), verp=True)
    assert done.noted.stopped == 2
    assert set(stopped(engine).values()) == {SuppressionReason.COMPLAINED}


FORGED = {
    "a trace of another key": mails.report(mails.failed(), to=verp(3, key=b"x" * 32), sent=LATER),
    "of another reader's batch": mails.report(mails.failed(), to=verp(3, batch=2), sent=LATER),
    "of another edition": mails.report(mails.failed(), to=verp(3, edition="daily-2020-01-01"), sent=LATER),
    "an id of another key": mails.report(mails.failed(), message_id=named(3, key=b"x" * 32), sent=LATER),
    "an id of no edition": mails.report(mails.failed(), message_id=named(3, "daily-2020-01-01"), sent=LATER),
    "of nobody who was mailed": mails.report(mails.failed(), to=verp(77), sent=LATER),
    "the address alone": mails.report(mails.failed(), sent=LATER),
    "nothing": b"",
}


@pytest.mark.parametrize("raw", FORGED.values(), ids=FORGED)
def test_nobody_is_stopped_by_what_is_made_up(engine: Engine, raw: bytes) -> None:
    sent_house(engine)
    assert noted(engine, raw) == Tally(mails=1, foreign=1)
    assert stopped(engine) == {}


def test_where_every_message_has_a_sender_of_its_own_an_id_proves_no_bounce(engine: Engine) -> None:
    sent_house(engine)
    done = noted(
        engine,
        by_id(3),
        by_trace(4),
        mails.report(mails.failed(), envelope_id=trace(ADDRESS_KEY, KEY, 1, 5)),
        verp=True,
    )
    assert (done.unknown, done.noted.stopped) == (1, 2)
    assert set(stopped(engine)) == {4, 5}


def test_forms_of_their_own_and_holiday_notices_stop_nobody(engine: Engine) -> None:
    sent_house(engine)
    qmail = mails.plain(mails.QMAIL, to=verp(1))
    old = mails.plain(f"It failed.\nMessage-ID: <{named(2)}>", X_Failed_Recipients=mails.TO)
    away = mails.plain("I am away.", to=verp(3), Auto_Submitted="auto-replied")
    letter = mails.plain("Who are you?")
    odd = by_trace(4, "Final-Recipient: rfc822; a@b.example\nStatus: 5.1.1")
    assert noted(engine, qmail, old, away, letter, odd) == Tally(5, {}, automatic=1, unknown=3, foreign=1)
    noted(engine, away)
    with reading(engine) as connection:
        assert mail_counts.counted(connection) == {"automatic": 2, "foreign": 1, "unclear": 3}
    assert stopped(engine) == {}


def test_of_an_alias_with_several_members_the_address_is_good_while_one_gets_it(engine: Engine) -> None:
    sent_house(engine)
    gone = mails.recipient("failed", "5.1.1", to="gone@b.example")
    noted(engine, by_trace(1, gone, mails.recipient("relayed", "2.0.0", to="there@b.example")))
    noted(engine, by_trace(2, gone, mails.recipient("failed", "5.1.1", to="too@b.example")))
    assert set(stopped(engine)) == {2}


def test_of_several_recipients_the_one_that_was_mailed_counts(engine: Engine) -> None:
    address = "Anna@Example.org"
    reader = replace(samples.reader(1), address=address, key=recipient_key(ADDRESS_KEY, address))
    enrolled(engine, reader)
    composed(engine)
    House(engine).run()
    other = mails.recipient("relayed", "2.0.0", to="there@b.example")
    noted(engine, by_trace(1, other, mails.recipient("failed", "5.1.1", to="anna@example.org")))
    with reading(engine) as connection:
        assert store.suppressed(connection, [reader.key]) == {reader.key: BOUNCED}


def test_what_comes_back_settles_what_was_uncertain(engine: Engine) -> None:
    many(engine, 4)
    composed(engine)
    here = House(engine)
    here.provider.otherwise = says(Answer.UNCERTAIN, "reset")
    here.run()
    delivered = mails.recipient("delivered", "2.0.0")
    done = noted(engine, by_trace(1), by_id(2, delivered), by_trace(3, mails.recipient("delayed", "4.4.1")))
    assert (done.noted.settled, done.noted.stopped) == (3, 1)
    states = here.states()
    assert [states[number] for number in range(1, 5)] == [
        *[DeliveryState.ACCEPTED] * 3,
        DeliveryState.UNCERTAIN,
    ]
    with writing(engine) as connection:
        settle.resolve(connection, 1, False, "ada", LATER)
    assert noted(engine, by_id(4)).noted.settled == 1
    here.provider.otherwise = says(Answer.ACCEPTED)
    here.run()
    assert here.provider.handed[1:] == []


def test_a_bounce_of_the_first_hand_over_is_none_of_the_second(engine: Engine) -> None:
    here = sent_house(engine, 3)
    with writing(engine) as connection:
        resending.resend(connection, KEY, [2], lambda _, value, __: value, 10, "ada", LATER)
    noted(engine, by_id(2, FULL))
    here.run()
    assert here.provider.handed == [[1, 2, 3], [2]]
    with reading(engine) as connection:
        assert connection.execute(sa.select(events.c.batch)).scalars().all() == [1]


def test_dates_that_cannot_be_are_mended_and_the_key_is_not(engine: Engine) -> None:
    sent_house(engine)
    ancient, future = datetime(1971, 1, 1, tzinfo=NOW.tzinfo), datetime(2040, 1, 1, tzinfo=NOW.tzinfo)
    early = by_trace(1, FULL, sent=ancient)
    assert noted(engine, early, by_trace(2, FULL, sent=future)).noted.new == 2
    assert noted(engine, early, now=LATER + timedelta(days=1)).noted.copies == 1
    undated = by_trace(3, FULL).replace(b"Date:", b"X-Date:").replace(b"Received:", b"X-Received:")
    assert noted(engine, undated).noted.new == 1
    assert noted(engine, undated, now=LATER + timedelta(days=1)).noted.copies == 1
    with reading(engine) as connection:
        moments = connection.execute(sa.select(events.c.at).order_by(events.c.reader_id)).scalars().all()
        handed = connection.execute(sa.select(batches.c.handed)).scalar_one()
    assert moments == [handed, LATER, LATER]


@pytest.mark.parametrize("has_trace", [True, False])
def test_what_says_no_date_is_told_of_its_own_hand_over(engine: Engine, has_trace: bool) -> None:
    here = sent_house(engine, 3)

    def undated(batch: int, sent: datetime) -> bytes:
        raw = by_trace(2, batch=batch, sent=sent) if has_trace else by_id(2, sent=sent)
        raw = raw.replace(b"\nDate:", b"\nX-Date:")
        # A server that says when it took a mail leaves no doubt either.
        return raw.replace(b"Received:", b"X-Received:") if has_trace else raw

    assert noted(engine, undated(1, LATER)).noted.stopped == 1
    with writing(engine) as connection:
        lift_for(connection, samples.reader(2).key, "ada", LATER)
        resending.resend(connection, KEY, [2], lambda _, value, __: value, 10, "ada", LATER)
    here.clock.now = LATER + timedelta(minutes=1)
    here.run()
    assert here.provider.handed[1:] == [[2]]
    later = LATER + timedelta(minutes=5)
    assert noted(engine, undated(1, LATER), now=later).noted.copies == 1
    assert stopped(engine) == {}
    done = noted(engine, undated(here.batches()[1].id, later), now=later).noted
    assert (done.new, done.stopped, stopped(engine)) == (1, 1, {2: BOUNCED})


def test_what_is_told_a_month_later_is_passed_over(engine: Engine) -> None:
    sent_house(engine)
    late = NOW + LATEST + timedelta(hours=1)
    assert noted(engine, by_trace(1), by_id(2), now=late).foreign == 2
    assert noted(engine, by_trace(1), by_id(2), now=late - timedelta(hours=2)).noted.stopped == 2


def test_an_address_that_a_reader_has_no_longer_is_the_one_that_is_stopped(engine: Engine) -> None:
    here = sent_house(engine, 3)
    with reading(engine) as connection:
        (reader,) = store.by_numbers(connection, [2])
    moved = replace(reader, address="new@example.org", key=samples.reader(50).key)
    with writing(engine) as connection:
        store.save_readers(connection, [moved], LATER)
    noted(engine, by_trace(2))
    with reading(engine) as connection:
        assert set(store.suppressed(connection, [samples.reader(2).key, moved.key])) == {
            samples.reader(2).key
        }
    assert here.states()[2] is DeliveryState.ACCEPTED


@pytest.mark.parametrize("seed", range(4))
def test_order_and_copies_are_harmless(engine: Engine, seed: int) -> None:
    sent_house(engine)
    chance = random.Random(seed)  # noqa: S311 (an order)
    some: list[bytes] = [
        raw
        for reader in range(1, 6)
        for raw in (
            by_trace(reader, mails.recipient("delayed", "4.4.1"), sent=LATER),
            by_trace(reader, FULL if reader % 2 else mails.failed(), sent=LATER + timedelta(hours=1)),
            by_id(reader, FULL if reader % 2 else mails.failed(), sent=LATER + timedelta(hours=1)),
        )
    ]
    some += some
    chance.shuffle(some)
    days = LATER + timedelta(days=5)
    for start in range(0, len(some), 7):
        noted(engine, *some[start : start + 7], now=days)
    assert stopped(engine) == {2: BOUNCED, 4: BOUNCED}
    with reading(engine) as connection:
        kinds: Sequence[str] = connection.execute(sa.select(events.c.kind)).scalars().all()
    assert sorted(kinds) == [EventKind.BOUNCE] * 5 + [EventKind.DEFERRED] * 5
