"""Importing lists into a real database: bad rows named, stops kept, a second import a no-op."""

from __future__ import annotations

import gc
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Connection, Engine

from newsroom.database import engine_for, metadata, reading, sqlite_file, writing
from newsroom.errors import ReaderError
from readership import erasure, import_csv, store
from readership.address import key_of, recipient_key
from readership.import_csv import ImportReport, ImportRules, import_file
from readership.reader import Plan, SubscriptionStatus, SuppressionReason
from readership.row import Rules
from readership.tables import readers, subscriptions, suppressions
from tests import samples
from tests.readership.registered import ADDRESS_KEY

NEWSLETTERS = ("daily", "weekly")
LATER = samples.NOON.replace(hour=18)


def _rules(**columns: str) -> ImportRules:
    rows = Rules(ZoneInfo("Europe/Brussels"), frozenset({"politics", "culture"}), frozenset(NEWSLETTERS))
    return ImportRules(rows, NEWSLETTERS, columns, ADDRESS_KEY)


def _import(
    engine: Engine, folder: Path, text: str | bytes, name: str = "list.csv", **more: Any
) -> ImportReport:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return import_file(engine, path, _rules(), more.pop("now", samples.NOON), **more)


def _everything(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    with engine.connect() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(sa.select(table))), key=repr)
            for table in (readers, subscriptions, suppressions)
        }


def _mailed(engine: Engine, address: str) -> set[str]:
    """The newsletters that would go to this address now."""
    key = recipient_key(ADDRESS_KEY, address)
    with reading(engine) as connection:
        found = store.find(connection, key)
        if found is None or store.suppressed(connection, [key]):
            return set()
        theirs = store.subscriptions_of(connection, [found.id]).get(found.id, {})
    return {key for key, one in theirs.items() if one.status is SubscriptionStatus.ACTIVE}


LIST = """\
address,name,plan,plan_until,sections,newsletters,status,consent_at,consent_source
ann@example.org,Ann,free,,,,subscribed,2026-01-01,form
Bob@Example.org,"Bob, the builder",trial,2026-04-01,politics,daily,subscribed,2026-01-01,form
zoë@exämple.org,Zoë,paid,,,,subscribed,2026-01-01,form
gone@example.org,,free,,,,unsubscribed,,
dead@example.org,,free,,,,bounced,,
angry@example.org,,free,,,,complained,,
"""


def test_a_list_becomes_readers(engine: Engine, tmp_path: Path) -> None:
    report = _import(engine, tmp_path, LIST)
    assert (report.rows, report.new, report.stopped, report.bad, report.without_consent) == (6, 6, 3, 0, 0)
    assert _mailed(engine, "ann@example.org") == {"daily", "weekly"}
    assert _mailed(engine, "bob@example.org") == {"daily"}
    assert _mailed(engine, "zoë@xn--exmple-cua.org") == {"daily", "weekly"}
    for address in ("gone@example.org", "dead@example.org", "angry@example.org"):
        assert _mailed(engine, address) == set()
    with reading(engine) as connection:
        bob = store.find(connection, recipient_key(ADDRESS_KEY, "bob@example.org"))
    assert bob is not None
    assert (bob.address, bob.name, bob.plan) == ("Bob@example.org", "Bob, the builder", Plan.TRIAL)


def test_importing_twice_changes_nothing(engine: Engine, tmp_path: Path) -> None:
    _import(engine, tmp_path, LIST)
    before = _everything(engine)
    report = _import(engine, tmp_path, LIST, now=LATER)
    assert (report.rows, report.same, report.new, report.changed) == (6, 6, 0, 0)
    assert _everything(engine) == before


def test_a_dry_run_writes_nothing_and_reports_what_the_real_one_does(engine: Engine, tmp_path: Path) -> None:
    before = _everything(engine)
    dry = _import(engine, tmp_path, LIST, dry_run=True)
    assert _everything(engine) == before
    real = _import(engine, tmp_path, LIST)
    assert asdict(dry) | {"dry_run": False} == asdict(real)


def test_bad_rows_are_named_with_their_lines_and_the_rest_is_imported(engine: Engine, tmp_path: Path) -> None:
    text = (
        "address,name,status\n"
        'ann@example.org,"Ann\nde Vries",subscribed\n'  # 2, 3
        "a@b@c,X,subscribed\n"  # 4
        "bob@example.org,Bob,perhaps\n"  # 5
        "eve@example.org,E\x00ve,subscribed\n"  # 6
        "too@example.org,many,subscribed,cells\n"  # 7
        'cut@example.org,"cut\n'  # 8
        ",nobody,subscribed\n"  # 9
        "cas@example.org,Cas,subscribed\n"  # 10
    )
    report = _import(engine, tmp_path, text)
    assert [row.line for row in report.bad_rows] == [4, 5, 6, 7, 8, 9]
    assert (report.rows, report.bad, report.new) == (8, 6, 2)
    assert not any("a@b" in row.problem or "example" in row.problem for row in report.bad_rows)
    assert _mailed(engine, "ann@example.org") == _mailed(engine, "cas@example.org") == {"daily", "weekly"}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_excels_files_are_read(engine: Engine, tmp_path: Path, encoding: str) -> None:
    text = "E-Mail;Vorname;Name\r\nann@example.org;Zoë;Müller\r\n"
    report = import_file(
        engine, _file(tmp_path, text.encode(encoding)), _rules(last_name="Name"), samples.NOON
    )
    assert (report.new, report.delimiter) == (1, ";")
    with reading(engine) as connection:
        found = store.find(connection, recipient_key(ADDRESS_KEY, "ann@example.org"))
    assert found is not None
    assert found.name == "Müller"


def _file(folder: Path, data: bytes) -> Path:
    path = folder / "list.csv"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "the file is empty"),
        (b"ann@example.org,Ann\n", "line 1 holds an address"),
        (b"name,plan\nAnn,free\n", "no column holds addresses; there are: name, plan"),
    ],
)
def test_a_file_that_is_no_list_is_refused_whole(
    engine: Engine, tmp_path: Path, data: bytes, problem: str
) -> None:
    with pytest.raises(ReaderError, match=problem):
        _import(engine, tmp_path, data)
    assert _everything(engine)["readers"] == []


def test_one_address_in_many_spellings_is_one_reader(engine: Engine, tmp_path: Path) -> None:
    text = "address,name\nAnn@Example.ORG,Ann\nann@example.org,Another\n"
    text += "ann+news@example.org,Tag\na.nn@example.org,Dot\n"
    report = _import(engine, tmp_path, text)
    # Dots and plus-tags are addresses of their own.
    assert (report.rows, report.new, report.twice) == (4, 3, 1)
    with reading(engine) as connection:
        found = store.find(connection, recipient_key(ADDRESS_KEY, "ann@example.org"))
    assert found is not None
    assert (found.address, found.name) == ("Ann@example.org", "Ann")


@pytest.mark.parametrize("order", [("subscribed", "unsubscribed"), ("unsubscribed", "subscribed")])
def test_a_stop_wins_whichever_row_comes_first(
    engine: Engine, tmp_path: Path, order: tuple[str, str]
) -> None:
    text = "address,status\n" + "".join(f"ann@example.org,{status}\n" for status in order)
    _import(engine, tmp_path, text)
    assert _mailed(engine, "ann@example.org") == set()


@pytest.mark.parametrize("order", [("subscribed", "unsubscribed"), ("unsubscribed", "subscribed")])
def test_a_stop_wins_across_portions_too(
    engine: Engine, tmp_path: Path, order: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_csv, "PORTION", 2)
    text = "address,status\n" + f"ann@example.org,{order[0]}\n"
    text += "".join(f"reader{number}@example.org,subscribed\n" for number in range(7))
    text += f"ANN@example.org,{order[1]}\n"
    dry = _import(engine, tmp_path, text, dry_run=True)
    real = _import(engine, tmp_path, text)
    assert asdict(dry) | {"dry_run": False} == asdict(real)
    assert _mailed(engine, "ann@example.org") == set()


def test_no_import_lifts_a_click_a_bounce_or_an_erasure(engine: Engine, tmp_path: Path) -> None:
    _import(engine, tmp_path, LIST)
    with writing(engine) as connection:
        ann = store.find(connection, recipient_key(ADDRESS_KEY, "ann@example.org"))
        bob = store.find(connection, recipient_key(ADDRESS_KEY, "bob@example.org"))
        assert ann
        assert bob
        store.unsubscribe(connection, ann.id, "daily", LATER)
        erasure.forget(connection, bob, LATER)
    everybody = "".join(
        f"{name}@example.org,subscribed\n" for name in ("ann", "bob", "gone", "dead", "angry")
    )
    report = _import(engine, tmp_path, "address,status\n" + everybody, now=LATER)
    assert report.kept_stopped == 5
    assert report.erased == 1
    assert _mailed(engine, "ann@example.org") == {"weekly"}
    for name in ("bob", "gone", "dead", "angry"):
        assert _mailed(engine, f"{name}@example.org") == set()
    with reading(engine) as connection:
        assert store.find(connection, recipient_key(ADDRESS_KEY, "bob@example.org")) is None


def test_an_import_names_where_a_suppression_comes_from(engine: Engine, tmp_path: Path) -> None:
    _import(engine, tmp_path, LIST)
    with engine.connect() as connection:
        found = connection.execute(sa.select(suppressions.c.reason, suppressions.c.origin)).all()
    assert sorted(found) == [("bounced", "import of list.csv"), ("complained", "import of list.csv")]


def test_progress_is_told(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_csv, "PORTION", 2)
    told: list[int] = []
    _import(engine, tmp_path, LIST, progress=told.append)
    assert told == [2, 4, 6]


def test_many_rows_leave_nothing_that_python_would_have_to_look_for(engine: Engine, tmp_path: Path) -> None:
    kinds = (
        "reader{}@example.org,2025-01-01",
        "a@b@c{},",
        "zoë{}@exämple.org,soon",
        '"open{}',
        "{}@example.org,",
    )
    text = "address,consent_at\n" + "\n".join(kinds[number % 5].format(number) for number in range(1_000))
    _import(engine, tmp_path, LIST)
    gc.collect()
    seen: list[bool] = []
    _import(engine, tmp_path, text, progress=lambda _: seen.append(gc.isenabled()))
    assert gc.collect() < 200
    assert seen == [False]
    assert gc.isenabled()


@pytest.mark.sqlite
def test_the_index_of_keys_has_room_in_memory(engine: Engine, tmp_path: Path) -> None:
    _import(engine, tmp_path, LIST)
    with reading(engine) as connection:
        assert connection.exec_driver_sql("PRAGMA cache_size").scalar() == -import_csv.CACHE_KB


def test_python_tidies_up_again_after_an_import_that_failed(engine: Engine, tmp_path: Path) -> None:
    def fail(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _import(engine, tmp_path, LIST, progress=fail)
    assert gc.isenabled()


def test_a_failed_portion_leaves_the_ones_before_and_may_be_run_again(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_csv, "PORTION", 2)

    def broken(done: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _import(engine, tmp_path, LIST, progress=broken)
    assert len(_everything(engine)["readers"]) == 4
    report = _import(engine, tmp_path, LIST)
    assert (report.same, report.new) == (4, 2)


def test_a_row_is_understood_before_the_database_is_locked(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = False
    read: list[bool] = []

    @contextmanager
    def watched(engine: Engine) -> Iterator[Connection]:
        nonlocal locked
        with writing(engine) as connection:
            locked = True
            yield connection
        locked = False

    def looking(*row: Any) -> str:
        read.append(locked)
        return key_of(*row)

    monkeypatch.setattr(import_csv, "PORTION", 4)
    monkeypatch.setattr(import_csv, "PIECE", 2)
    monkeypatch.setattr(import_csv, "writing", watched)
    monkeypatch.setattr(import_csv, "key_of", looking)
    assert _import(engine, tmp_path, LIST).new == 6
    assert read == [False] * 6


@pytest.mark.sqlite
def test_an_import_waits_for_a_busy_database(engine: Engine, tmp_path: Path) -> None:
    file = sqlite_file(engine)
    assert file is not None
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    letting_go = threading.Timer(0.3, lambda: other.execute("COMMIT"))
    letting_go.start()
    assert _import(engine, tmp_path, LIST).new == 6
    letting_go.join()
    other.close()


_lines = st.lists(
    st.tuples(
        st.sampled_from(
            ["ann@example.org", "ANN@example.org", "bob@example.org", "cas@example.org", "a@b@c", ""]
        ),
        st.sampled_from(["subscribed", "unsubscribed", "bounced", "complained", "cleaned", "pending", "?"]),
        st.sampled_from(["free", "paid", ""]),
        st.sampled_from(["", "daily", "weekly"]),
    ),
    max_size=10,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_lines, st.integers(1, 4), st.integers(1, 4))
def test_dry_is_as_real_and_a_second_time_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[str, ...]], portion: int, piece: int
) -> None:
    folder = tmp_path_factory.mktemp("list")
    engine = engine_for("sqlite://", poolclass=sa.StaticPool)
    metadata.create_all(engine)
    text = "address,status,plan,newsletters\n" + "".join(",".join(line) + "\n" for line in lines)
    patch = pytest.MonkeyPatch()
    patch.setattr(import_csv, "PORTION", portion)
    patch.setattr(import_csv, "PIECE", piece)
    try:
        dry = _import(engine, folder, text, dry_run=True)
        real = _import(engine, folder, text)
        before = _everything(engine)
        again = _import(engine, folder, text, now=LATER)
    finally:
        patch.undo()
    assert asdict(dry) | {"dry_run": False} == asdict(real)
    assert _everything(engine) == before
    assert (again.new, again.changed) == (0, 0)
    for report in (real, again):
        parts = (report.new, report.changed, report.same, report.twice, report.bad, report.erased)
        assert report.rows == sum(parts) == len([line for line in lines if any(line)])
    stopped = {
        address.lower() for address, status, _, _ in lines if status in ("bounced", "complained", "cleaned")
    }
    for address in stopped - {"a@b@c", ""}:
        sound = any(one[0].lower() == address for one in lines)
        assert not sound or _mailed(engine, address) == set()
    engine.dispose()


def test_the_first_reason_of_a_suppression_stays(engine: Engine, tmp_path: Path) -> None:
    _import(engine, tmp_path, "address,status\na@example.org,bounced\n")
    _import(engine, tmp_path, "address,status\na@example.org,complained\n", now=LATER)
    key = recipient_key(ADDRESS_KEY, "a@example.org")
    with reading(engine) as connection:
        assert store.suppressed(connection, [key]) == {key: SuppressionReason.BOUNCED}
