"""What is kept of a reader, shown whole; the list written out and read in again."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from newsroom.database import engine_for, metadata, reading, writing
from readership import erasure
from readership.address import recipient_key
from readership.import_csv import ImportRules, import_file
from readership.reader import Plan, SubscriptionStatus, SuppressionReason
from readership.record import COLUMNS, export_csv, record
from readership.row import Rules
from readership.suppression import suppress
from readership.tables import readers, subscriptions, suppressions
from tests import samples
from tests.readership.registered import ADDRESS_KEY, register

CONSENT = datetime(2026, 1, 1, 9, tzinfo=UTC)


def _fill(engine: Engine) -> None:
    register(
        engine,
        samples.reader(1, Plan.TRIAL, plan_until=date(2026, 4, 1), name="Ann, née Łoś", language="de"),
        samples.subscription(
            1, sections=frozenset({"politics"}), consent_at=CONSENT, consent_source="form, 2 boxes"
        ),
        samples.subscription(1, newsletter="weekly", status=SubscriptionStatus.UNSUBSCRIBED, ended_by="shop"),
    )
    register(engine, samples.reader(2, Plan.GROUP, products=frozenset({"print", "archive"})))
    register(engine, samples.reader(3, name="=HYPERLINK(1)"), samples.subscription(3))
    bounced = register(engine, samples.reader(4), samples.subscription(4, status=SubscriptionStatus.PENDING))
    with writing(engine) as connection:
        suppress(connection, {bounced.key: SuppressionReason.BOUNCED}, samples.NOON, "list x.csv")


def _export(engine: Engine) -> str:
    out = io.StringIO(newline="")
    with reading(engine) as connection:
        assert export_csv(connection, out) == 4
    return out.getvalue()


def test_everything_kept_is_shown_and_is_json(engine: Engine) -> None:
    _fill(engine)
    with reading(engine) as connection:
        kept = record(connection, recipient_key(ADDRESS_KEY, "reader1@example.org"))
    assert kept is not None
    assert json.loads(json.dumps(kept)) == kept
    assert kept["reader"]["address"] == "reader1@example.org"
    assert kept["reader"]["plan_until"] == "2026-04-01"
    assert [one["newsletter"] for one in kept["subscriptions"]] == ["daily", "weekly"]
    assert kept["subscriptions"][0]["consent_at"] == "2026-01-01T09:00:00+00:00"
    assert kept["suppression"] is None
    # Every column of the tables is there: what is kept and not shown would be a secret from its owner.
    assert set(readers.c.keys()) - {"plan_order"} == set(kept["reader"])
    assert set(subscriptions.c.keys()) - {"updated"} == set(kept["subscriptions"][0])


def test_a_suppressed_stranger_has_a_record_too(engine: Engine) -> None:
    key = recipient_key(ADDRESS_KEY, "x@example.org")
    with writing(engine) as connection:
        assert record(connection, key) is None
        suppress(connection, {key: SuppressionReason.COMPLAINED}, samples.NOON, "list")
        kept = record(connection, key)
    assert kept is not None
    assert kept["reader"] is None
    assert kept["suppression"]["reason"] == "complained"


def test_an_export_has_a_row_a_newsletter_and_no_formula(engine: Engine) -> None:
    _fill(engine)
    rows = list(csv.DictReader(io.StringIO(_export(engine))))
    assert tuple(rows[0]) == COLUMNS
    assert [(row["address"][:7], row["newsletters"], row["status"]) for row in rows] == [
        ("reader1", "daily", "subscribed"),
        ("reader1", "weekly", "unsubscribed"),
        ("reader2", "", "unsubscribed"),
        ("reader3", "daily", "subscribed"),
        ("reader4", "daily", "bounced"),
    ]
    assert rows[3]["name"] == "'=HYPERLINK(1)"
    assert [row["ended_by"] for row in rows] == ["", "shop", "", "", ""]


def test_an_address_that_a_spreadsheet_would_run_is_made_inert_and_read_back(engine: Engine) -> None:
    _fill(engine)
    with writing(engine) as connection:
        connection.execute(sa.update(readers).where(readers.c.id == 3).values(address="=cmd@example.net"))
    rows = list(csv.DictReader(io.StringIO(_export(engine))))
    assert rows[3]["address"] == "'=cmd@example.net"


def test_an_export_into_an_empty_database_makes_the_same_readers(engine: Engine, tmp_path: Path) -> None:
    _fill(engine)
    path = tmp_path / "export.csv"
    path.write_text(_export(engine), encoding="utf-8", newline="")
    other = engine_for("sqlite://", poolclass=sa.StaticPool)
    metadata.create_all(other)
    rules = ImportRules(
        Rules(ZoneInfo("Europe/Brussels"), frozenset({"politics"}), frozenset({"daily", "weekly"})),
        ("daily", "weekly"),
        {},
        ADDRESS_KEY,
    )
    report = import_file(other, path, rules, samples.NOON)
    assert (report.bad, report.new) == (0, 4)
    with other.connect() as connection:
        ended = sa.select(subscriptions.c.newsletter, subscriptions.c.ended_by)
        assert connection.execute(ended.where(subscriptions.c.ended_by != "")).all() == [("weekly", "shop")]
    assert (
        _mailed(other)
        == _mailed(engine)
        == [("reader1@example.org", "daily"), ("reader3@example.org", "daily")]
    )
    # Into the database that it came from it brings nothing new.
    again = import_file(engine, path, rules, samples.NOON)
    # But for reader 2: that no newsletter goes there is written down now.
    assert (again.new, again.changed, again.bad) == (0, 1, 0)
    assert _mailed(engine) == _mailed(other)
    other.dispose()


def _mailed(engine: Engine) -> list[tuple[str, str]]:
    query = (
        sa.select(readers.c.address, subscriptions.c.newsletter)
        .join(subscriptions, subscriptions.c.reader_id == readers.c.id)
        .outerjoin(suppressions, suppressions.c.key == readers.c.key)
        .where(subscriptions.c.status == "active", suppressions.c.key.is_(None))
        .order_by(readers.c.address)
    )
    with engine.connect() as connection:
        return [(address, newsletter) for address, newsletter in connection.execute(query)]


def test_an_erased_reader_is_in_no_export(engine: Engine) -> None:
    _fill(engine)
    reader = register(engine, samples.reader(9), samples.subscription(9))
    with writing(engine) as connection:
        erasure.forget(connection, reader, samples.NOON)
    assert "reader9" not in _export(engine)
