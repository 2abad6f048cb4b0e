"""What was heard: an edition's sum, its CSV, one reader's story; events that are old are kept as sums."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from newsletter import edition_csv
from newsletter.before import keep
from newsletter.reader_moments import moments
from newsletter.reader_record import ledger_record
from newsletter.returns.event import EventKind
from newsletter.returns.heard import Fate, heard_lately, heard_of, last_heard, summarise
from newsletter.tables import batches, editions, event_sums, events
from newsroom.database import reading, writing
from tests import samples
from tests.newsletter.delivering import KEY, NOW, House
from tests.newsletter.test_event_store import LATER, event, house, noted

HARD: dict[str, Any] = {"is_permanent": True, "reason": "550 unknown"}


@pytest.fixture
def told(engine: Engine) -> House:
    """Ten readers, of whom most was heard."""
    here = house(engine)
    here.run()
    noted(
        engine,
        event(1),
        event(1, EventKind.DELIVERED),
        event(2, EventKind.DELIVERED),
        event(2, EventKind.BOUNCE, at=LATER + timedelta(hours=1), **HARD),
        event(3, EventKind.DEFERRED, reason="451 later"),
        event(3, EventKind.DELIVERED, at=LATER + timedelta(hours=2)),
        event(4, EventKind.DEFERRED),
        event(5),
        event(6, EventKind.DELIVERED),
        event(6, EventKind.SPAM_REPORT),
        event(6, EventKind.UNSUBSCRIBE),
        event(7, EventKind.DROPPED, reason="Over Quota"),
        event(8, EventKind.BLOCKED),
    )
    return here


SUM = {
    Fate.BOUNCED: 1,
    Fate.BLOCKED: 1,
    Fate.DROPPED: 1,
    Fate.DELIVERED: 3,
    Fate.DEFERRED: 1,
    Fate.ON_ITS_WAY: 1,
    Fate.COMPLAINED: 1,
    Fate.UNSUBSCRIBED: 1,
}


def test_each_reader_is_counted_once(told: House) -> None:
    with reading(told.engine) as connection:
        found = heard_of(connection, KEY)
        assert (found.readers, found.total) == (SUM, 8)
        assert heard_of(connection, "daily-1999-01-01").readers == {}
        assert last_heard(connection) == LATER


def test_old_events_are_kept_as_sums(told: House) -> None:
    with writing(told.engine) as connection:
        assert summarise(connection, NOW) == 0
        assert summarise(connection, NOW + timedelta(days=91)) == 13
        assert summarise(connection, NOW + timedelta(days=91)) == 0
        assert connection.execute(sa.select(sa.func.count()).select_from(events)).scalar_one() == 0
        assert heard_of(connection, KEY).readers == SUM


def test_what_comes_after_the_sum_was_made_adds_to_it(told: House) -> None:
    with writing(told.engine) as connection:
        summarise(connection, NOW + timedelta(days=91))
    noted(told.engine, event(9))
    with writing(told.engine) as connection:
        assert summarise(connection, NOW + timedelta(days=91)) == 1
        assert heard_of(connection, KEY).readers == SUM | {Fate.ON_ITS_WAY: 2}


def test_the_csv_is_whole_whatever_the_page(told: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def written() -> str:
        out = io.StringIO()
        with reading(told.engine) as connection:
            assert edition_csv.write(connection, KEY, out) == 10
        return out.getvalue()

    whole = written()
    monkeypatch.setattr(edition_csv, "PAGE", 3)
    assert written() == whole
    rows = {int(row["reader"]): row for row in csv.DictReader(io.StringIO(whole))}
    assert list(rows) == list(range(1, 11))
    assert rows[2]["bounced"] == "2026-03-10T13:05:00Z"
    assert (rows[3]["deferred"], rows[3]["said"]) == ("2026-03-10T12:05:00Z", "451 later")
    assert {row["provider"] for row in rows.values()} == {"fake"}


def test_a_reader_sees_what_was_told_of_them(told: House) -> None:
    with reading(told.engine) as connection:
        found = ledger_record(connection, 2, samples.reader(2).address)
        story = moments(connection, KEY, 2)
        assert moments(connection, KEY, 99) == ()
    assert [one["kind"] for one in found["events"]] == ["delivered", "bounce"]
    assert [one.what for one in story] == [
        "planned",
        "handed over",
        "accepted by fake",
        "delivered",
        "stopped: bounced",
        "came back for good",
    ]


def test_what_is_told_of_one_second_stands_in_the_order_in_which_it_happened(engine: Engine) -> None:
    here = house(engine)
    here.run()
    at = NOW.replace(microsecond=0)
    kinds = (EventKind.BOUNCE, EventKind.DELIVERED, EventKind.DEFERRED, EventKind.PROCESSED)
    noted(engine, *(event(2, kind, at=at, is_permanent=kind is EventKind.BOUNCE) for kind in kinds))
    with writing(engine) as connection:
        # Handed over half a second later than its provider's clock says that it has it.
        later = at + timedelta(seconds=0.5)
        connection.execute(sa.update(batches).values(handed=later, settled=later))
        story = moments(connection, KEY, 2)
    assert [one.what for one in story if not one.what.startswith(("planned", "stopped"))] == [
        "handed over",
        "accepted by fake",
        "the provider has it",
        "deferred",
        "delivered",
        "came back for good",
    ]


def test_a_reader_sees_what_was_written_over(told: House) -> None:
    with writing(told.engine) as connection:
        keep(connection, KEY, [2], "to be handed over again", "nele", NOW)
        found = ledger_record(connection, 2, samples.reader(2).address)
    assert [(one["edition"], one["state"], one["until"]) for one in found["before"]] == [
        (KEY, "accepted", NOW.isoformat())
    ]


def test_lately_the_newest_that_was_heard_of_and_what_is_summed_already(told: House) -> None:
    silent, older = "daily-2026-03-11", "daily-2026-03-09"
    with writing(told.engine) as connection:
        for table, name in ((editions, "key"), (events, "edition")):
            row = connection.execute(sa.select(table).where(table.c[name] == KEY).limit(1)).mappings().one()
            other = {name: older, **({"local_date": date(2026, 3, 9)} if table is editions else {})}
            connection.execute(sa.insert(table).values({**row, **other}))
        newest = heard_of(connection, KEY)
        assert heard_lately(connection, (silent, KEY, older)) == {KEY: newest}
        assert list(heard_lately(connection, (silent, older))) == [older]
        # The sum alone costs nothing, so the next one is counted.
        values = {"edition": KEY, "fate": Fate.DELIVERED.value, "readers": 3}
        connection.execute(sa.delete(events).where(events.c.edition == KEY))
        connection.execute(sa.insert(event_sums).values(values))
        assert list(heard_lately(connection, (silent, KEY, older))) == [KEY, older]
