"""Providers' lists of addresses that get nothing."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from newsroom.database import reading
from newsroom.errors import ReaderError
from readership import store
from readership.address import recipient_key
from readership.reader import SuppressionReason
from readership.suppression_file import SuppressionReport, suppress_file
from readership.tables import suppressions
from tests import samples
from tests.readership.registered import ADDRESS_KEY, register


def _suppress(engine: Engine, folder: Path, name: str, text: str, **more: Any) -> SuppressionReport:
    path = folder / name
    path.write_text(text)
    return suppress_file(engine, path, ADDRESS_KEY, samples.NOON, **more)


def _reason(engine: Engine, address: str) -> SuppressionReason | None:
    key = recipient_key(ADDRESS_KEY, address)
    with reading(engine) as connection:
        return store.suppressed(connection, [key]).get(key)


@pytest.mark.parametrize(
    ("name", "header", "reason"),
    [
        ("suppression_bounces.csv", "status,reason,email,created", SuppressionReason.BOUNCED),
        ("suppression_blocks.csv", "status,reason,email,created", SuppressionReason.BOUNCED),
        ("suppression_invalid_emails.csv", "reason,email,created", SuppressionReason.BOUNCED),
        ("suppression_spam_reports.csv", "ip,email,created", SuppressionReason.COMPLAINED),
        ("suppression_unsubscribes.csv", "email,created", SuppressionReason.UNSUBSCRIBED),
        ("list.csv", "status,reason,email,created", SuppressionReason.BOUNCED),
        ("list.csv", "ip,email,created", SuppressionReason.COMPLAINED),
        ("cleaned_export.csv", "Email Address,MEMBER_RATING,CLEAN_TIME", SuppressionReason.CLEANED),
        ("list.csv", "Email Address,MEMBER_RATING,UNSUB_TIME", SuppressionReason.UNSUBSCRIBED),
    ],
)
def test_a_list_tells_why(
    engine: Engine, tmp_path: Path, name: str, header: str, reason: SuppressionReason
) -> None:
    cells = {"email": "ann@example.org", "Email Address": "ann@example.org"}
    line = ",".join(cells.get(heading, "1") for heading in header.split(","))
    report = _suppress(engine, tmp_path, name, f"{header}\n{line}\n")
    assert (report.reason, report.rows, report.new, report.readers, report.bad) == (reason, 1, 1, 0, 0)
    assert _reason(engine, "ANN@example.org") is reason


def test_one_address_a_line_needs_no_header_but_a_reason(engine: Engine, tmp_path: Path) -> None:
    text = "ann@example.org\nbob@example.org\n\nno address\n"
    with pytest.raises(ReaderError, match=r"list\.txt: neither its name nor its columns tell why"):
        _suppress(engine, tmp_path, "list.txt", text)
    report = _suppress(engine, tmp_path, "list.txt", text, reason=SuppressionReason.COMPLAINED)
    assert (report.rows, report.new, report.bad) == (3, 2, 1)
    assert [row.line for row in report.bad_rows] == [4]
    assert _reason(engine, "bob@example.org") is SuppressionReason.COMPLAINED


def test_only_keyed_hashes_are_kept(engine: Engine, tmp_path: Path) -> None:
    _suppress(engine, tmp_path, "bounces.csv", "email\nann@example.org\n")
    with engine.connect() as connection:
        (row,) = connection.execute(sa.select(suppressions)).all()
    assert "ann" not in repr(row)
    assert row.origin == "list bounces.csv"


@pytest.mark.parametrize(
    ("name", "status"),
    [("unsubscribes.csv", "unsubscribed"), ("spam.csv", "unsubscribed"), ("bounces.csv", "active")],
)
def test_a_readers_own_wish_also_ends_the_subscriptions(
    engine: Engine, tmp_path: Path, name: str, status: str
) -> None:
    reader = register(
        engine, samples.reader(1), samples.subscription(1), samples.subscription(1, newsletter="weekly")
    )
    report = _suppress(engine, tmp_path, name, f"email\n{reader.address}\nsomebody@example.org\n")
    assert (report.new, report.readers) == (2, 1)
    with reading(engine) as connection:
        theirs = store.subscriptions_of(connection, [1])[1]
        (candidate,) = store.candidates(connection, "daily", None, 10)
    assert {one.status.value for one in theirs.values()} == {status}
    assert candidate.suppressed is not None


def test_dry_says_what_real_does_and_a_second_time_is_nothing(engine: Engine, tmp_path: Path) -> None:
    register(engine, samples.reader(1), samples.subscription(1))
    text = "email\nreader1@example.org\nREADER1@example.org\na@b@c\nb@example.org\n"
    dry = _suppress(engine, tmp_path, "bounces.csv", text, dry_run=True)
    assert _reason(engine, "reader1@example.org") is None
    real = _suppress(engine, tmp_path, "bounces.csv", text)
    assert asdict(dry) | {"dry_run": False} == asdict(real)
    assert (real.rows, real.new, real.readers, real.bad) == (4, 2, 1, 1)
    again = _suppress(engine, tmp_path, "bounces.csv", text)
    assert (again.new, again.readers) == (0, 1)


def test_an_erasure_is_not_replaced_and_replaces(engine: Engine, tmp_path: Path) -> None:
    _suppress(engine, tmp_path, "a.csv", "email\na@example.org\n", reason=SuppressionReason.BOUNCED)
    _suppress(engine, tmp_path, "a.csv", "email\na@example.org\n", reason=SuppressionReason.ERASED)
    _suppress(engine, tmp_path, "a.csv", "email\na@example.org\n", reason=SuppressionReason.COMPLAINED)
    assert _reason(engine, "a@example.org") is SuppressionReason.ERASED
