"""A restored backup forgets no stop: what was ended since is ended again, from the file beside it."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from newsroom import installation, stop_file, witness
from newsroom.backup import back_up_database
from newsroom.database import engine_for, reading, writing
from newsroom.errors import HeldError
from newsroom.stop_file import Stop, StopFile
from newsroom.tables import installation as its_table
from readership import erasure, feed_addresses, sessions, store
from readership.address import recipient_key
from readership.bringing_back import apply, standing
from readership.reader import SuppressionReason
from readership.suppression import suppress
from readership.tables import sessions as sessions_table
from tests import samples
from tests.readership.registered import ADDRESS_KEY, register

LATER = samples.NOON + timedelta(hours=1)
KEYS = {number: recipient_key(ADDRESS_KEY, samples.reader(number).address) for number in (1, 2, 3, 4)}


def _file(tmp_path: Path) -> StopFile:
    return StopFile(tmp_path / "standfirst.stops", apply)


def _end_things(engine: Engine) -> None:
    """One unsubscribes, one is erased, one complains, one signs out everywhere and takes new feeds."""
    with writing(engine) as connection:
        store.unsubscribe(connection, 1, "daily", LATER)
    with writing(engine) as connection:
        found = store.by_id(connection, 2)
        assert found is not None
        erasure.forget(connection, found, LATER)
    with writing(engine) as connection:
        suppress(connection, {KEYS[3]: SuppressionReason.COMPLAINED}, LATER, "event")
    with writing(engine) as connection:
        sessions.end(connection, 4, LATER)
        feed_addresses.rotate(connection, 4, LATER)


def _states(connection: Connection) -> tuple[object, ...]:
    found = store.candidates(connection, "daily", None, 10)
    mailed = [one.reader.id for one in found if one.suppressed is None]
    active = store.subscriptions_of(connection, [1])[1]["daily"].status.value
    signed_in = connection.execute(sa.select(sa.func.count()).select_from(sessions_table)).scalar()
    holder = feed_addresses.holder(connection, 4)
    assert holder is not None
    return mailed, active, signed_in, holder.opens(0)


def _four_readers(engine: Engine) -> None:
    for number in (1, 2, 3, 4):
        register(engine, samples.reader(number), samples.subscription(number))
    with writing(engine) as connection:
        sessions.begin(connection, 4, "Firefox", "192.0.2.0", samples.NOON)


@pytest.mark.sqlite
def test_a_restored_backup_is_brought_up_to_date_and_held(engine: Engine, tmp_path: Path) -> None:
    file, path = _file(tmp_path), tmp_path / "standfirst.witness"
    installation.ensure(engine, samples.NOON)
    _four_readers(engine)
    backup = back_up_database(engine, tmp_path, samples.NOON)
    _end_things(file.of(engine))
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert "@" not in file.path.read_text()
    restored = engine_for(f"sqlite:///{backup}")
    with reading(restored) as connection:
        assert _states(connection) == ([1, 2, 3, 4], "active", 1, True)
    assert file.catch_up(restored, LATER) == 5
    with reading(restored) as connection:
        assert _states(connection)[1:] == ("unsubscribed", 0, False)
        assert store.by_id(connection, 2) is None
        assert set(store.suppressed(connection, [KEYS[n] for n in (2, 3)]).values()) == {
            SuppressionReason.ERASED,
            SuppressionReason.COMPLAINED,
        }
    with pytest.raises(HeldError, match=r"was restored.*`release`"):
        witness.check(restored, path)
    witness.accept(restored, path)
    witness.check(restored, path)
    # Once is enough, and what is done again is written down once.
    assert file.catch_up(restored, LATER) == 0
    assert len(file.after(0)) == 5
    restored.dispose()


def test_what_was_only_not_committed_is_done_again_and_holds_nobody(engine: Engine, tmp_path: Path) -> None:
    file, path = _file(tmp_path), tmp_path / "standfirst.witness"
    installation.ensure(engine, samples.NOON)
    _four_readers(engine)
    with pytest.raises(KeyboardInterrupt), writing(file.of(engine)) as connection:
        store.unsubscribe(connection, 1, "daily", LATER)
        file.end(connection)
        raise KeyboardInterrupt
    assert file.last() == 1
    assert file.catch_up(engine, LATER) == 1
    with reading(engine) as connection:
        assert store.subscriptions_of(connection, [1])[1]["daily"].status == "unsubscribed"
    witness.check(engine, path)


def test_one_put_back_under_a_running_process_is_seen_at_the_next_stop(
    engine: Engine, tmp_path: Path
) -> None:
    file = _file(tmp_path)
    installation.ensure(engine, samples.NOON)
    _four_readers(engine)
    _end_things(file.of(engine))
    with writing(engine) as connection:
        # As a backup has it that is copied over the open file.
        connection.execute(sa.update(its_table).values(stops=0))
        connection.execute(sa.text("UPDATE subscriptions SET status = 'active'"))
    with writing(file.of(engine)) as connection:
        store.unsubscribe(connection, 4, "daily", LATER)
    with reading(engine) as connection:
        theirs = store.subscriptions_of(connection, [1, 4])
        assert {theirs[n]["daily"].status.value for n in (1, 4)} == {"unsubscribed"}
        known = installation.find(connection)
    assert known is not None
    assert known.restored is not None
    assert file.last() == 6


def test_whom_the_backup_does_not_know_no_import_starts_again(engine: Engine, tmp_path: Path) -> None:
    file, key = _file(tmp_path), "9" * 64
    installation.ensure(engine, samples.NOON)
    file._append([Stop("stop", key, LATER, "daily", 1, 1)])
    file.catch_up(engine, LATER)
    with reading(engine) as connection:
        assert store.suppressed(connection, [key]) == {key: SuppressionReason.UNSUBSCRIBED}


def test_what_was_begun_again_stays_so() -> None:
    one, other = Stop("stop", "a", LATER, "daily"), Stop("stop", "a", LATER, "weekly")
    stopped = Stop("suppress", "a", LATER, "unsubscribed")
    start, lift = Stop("start", "a", LATER, "daily"), Stop("lift", "a", LATER)
    assert standing([one, other, start, stopped, lift]) == [other]
    assert standing([start, one]) == [one]


def test_a_line_cut_in_the_middle_takes_no_other_with_it(engine: Engine, tmp_path: Path) -> None:
    file = _file(tmp_path)
    installation.ensure(engine, samples.NOON)
    _four_readers(engine)
    _end_things(file.of(engine))
    file.path.write_bytes(file.path.read_bytes()[:-20])
    with writing(file.of(engine)) as connection:
        store.unsubscribe(connection, 4, "daily", LATER)
    assert [one.number for one in file.after(0)] == [1, 2, 3, 4, 6]


def test_a_file_that_cannot_be_written_stops_no_stop(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = StopFile(tmp_path / "standfirst.stops", apply)
    file.path.mkdir()
    installation.ensure(engine, samples.NOON)
    _four_readers(engine)
    with writing(file.of(engine)) as connection:
        assert store.unsubscribe(connection, 1, "daily", LATER)
    with reading(engine) as connection:
        assert store.subscriptions_of(connection, [1])[1]["daily"].status == "unsubscribed"


def test_a_large_file_loses_what_is_older_than_any_backup(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _file(tmp_path)
    installation.ensure(engine, samples.NOON)
    file._append([Stop("stop", "a", samples.NOON, "daily", 1, 1), Stop("stop", "b", LATER, "daily", 2, 2)])
    now = samples.NOON + stop_file.KEPT
    stop_file.trim(engine, file.path, now)
    assert len(file.after(0)) == 2
    monkeypatch.setattr(stop_file, "LARGE", 10)
    stop_file.trim(engine, file.path, now)
    assert [one.key for one in file.after(0)] == ["b"]


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone gives files away")
def test_what_root_wrote_belongs_to_whom_the_folder_belongs(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "house").mkdir()
    os.chown(tmp_path / "house", 65534, 65534)
    file = StopFile(tmp_path / "house" / "standfirst.stops", apply)
    installation.ensure(engine, samples.NOON)
    _four_readers(engine)
    with writing(file.of(engine)) as connection:
        store.unsubscribe(connection, 1, "daily", LATER)
    found = file.path.stat()
    assert (found.st_uid, found.st_mode & 0o777) == (65534, 0o600)
