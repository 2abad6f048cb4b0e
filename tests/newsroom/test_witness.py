"""The witness: when a database may send, and when it was restored, copied or moved."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from newsroom import installation, witness
from newsroom.backup import back_up
from newsroom.database import engine_for, reading, writing
from newsroom.errors import ExitStatus, HeldError
from newsroom.installation import Installation
from newsroom.witness import Witness, objection
from tests import samples

PATH = Path("/srv/quay/standfirst.witness")
KNOWN = Installation("a", samples.NOON, 3, "daily-2026-03-10")
FOUND = Witness("a", 3, "daily-2026-03-10", "here:/srv/quay")


@pytest.mark.parametrize(
    ("found", "known", "said"),
    [
        (FOUND, KNOWN, None),
        (None, replace(KNOWN, hand_overs=0, last_edition=""), None),
        (None, KNOWN, "the witness is gone, and the database says that daily-2026-03-10"),
        (replace(FOUND, installation="b"), KNOWN, "belongs to another installation"),
        (
            replace(FOUND, installation="b"),
            replace(KNOWN, hand_overs=0, last_edition=""),
            "the database is gone.*new and empty.*daily-2026-03-10 handed over.*Restore the backup",
        ),
        (
            replace(FOUND, installation="b", hand_overs=0, last_edition=""),
            replace(KNOWN, hand_overs=0, last_edition=""),
            "the database is gone",
        ),
        (FOUND, replace(KNOWN, hand_overs=2, last_edition="daily-2026-03-09"), "older than its witness"),
        (FOUND, replace(KNOWN, hand_overs=0, last_edition=""), "knows only of none"),
        # The machine stopped between the two writes of a hand-over: the database is ahead by one.
        (replace(FOUND, hand_overs=2, last_edition="daily-2026-03-09"), KNOWN, None),
        (
            replace(FOUND, hand_overs=KNOWN.hand_overs + 1),
            KNOWN,
            "daily-2026-03-10 came further than it knows.*is stopped where it is",
        ),
        (replace(FOUND, last_edition="weekly-2026-03-10"), KNOWN, "have gone different ways"),
        (replace(FOUND, place="there:/srv/quay"), KNOWN, "lives elsewhere"),
        (replace(FOUND, place="here:/home/copy"), KNOWN, r"lives elsewhere \(/home/copy"),
        # Where it lives comes before what its database knows: `release` there would be for both.
        (replace(FOUND, place="here:/home/copy", hand_overs=9), KNOWN, "lives elsewhere"),
        (replace(FOUND, place="here:/home/copy", installation="b"), KNOWN, "lives elsewhere"),
    ],
)
def test_verdicts(found: Witness | None, known: Installation, said: str | None) -> None:
    reason = objection(found, known, "here:/srv/quay", PATH)
    if said is None:
        assert reason is None
    else:
        assert reason is not None
        assert re.search(said, reason), reason
        assert reason.startswith(f"{PATH}: ")
        # Each says what to do.
        assert "`release`" in reason or "`move-here`" in reason


def test_a_fresh_newsroom_may_send_and_goes_on(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "standfirst.witness"
    installation.ensure(engine, samples.NOON)
    witness.check(engine, path)
    for edition in ("daily-1", "daily-1", "daily-2"):
        witness.announce(engine, path, edition)
        witness.check(engine, path)
    found = witness.read(path)
    assert found is not None
    assert (found.hand_overs, found.last_edition) == (2, "daily-2")


@pytest.mark.sqlite
def test_a_restored_backup_is_held_until_it_is_released(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "standfirst.witness"
    installation.ensure(engine, samples.NOON)
    witness.announce(engine, path, "daily-1")
    copy = back_up(engine, tmp_path / "backups", path, samples.NOON)
    witness.announce(engine, path, "daily-2")
    restored = engine_for(f"sqlite:///{copy}")
    with pytest.raises(
        HeldError, match="daily-2 was handed over, and the database knows only of daily-1"
    ) as caught:
        witness.check(restored, path)
    assert caught.value.exit_status is ExitStatus.HELD
    witness.accept(restored, path)
    witness.check(restored, path)
    restored.dispose()


@pytest.mark.sqlite
def test_a_copy_from_the_middle_of_an_edition_is_held(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "standfirst.witness"
    installation.ensure(engine, samples.NOON)
    witness.announce(engine, path, "daily-1")
    copy = back_up(engine, tmp_path / "backups", path, samples.NOON)
    restored = engine_for(f"sqlite:///{copy}")
    assert not witness.objects(restored, path)
    witness.advance(engine, path, "daily-1")
    assert not witness.objects(engine, path)
    assert witness.objects(restored, path)
    # Nor does it count itself level with the one that it is behind.
    witness.advance(restored, path, "daily-1")
    assert witness.objects(restored, path)
    assert witness.unknown(witness.read(path), installation.ensure(restored, samples.NOON)) == ("daily-1",)
    restored.dispose()


@pytest.mark.sqlite
def test_what_a_restored_database_does_not_know_is_named(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "standfirst.witness"
    installation.ensure(engine, samples.NOON)
    witness.announce(engine, path, "daily-1")
    copy = back_up(engine, tmp_path / "backups", path, samples.NOON)
    for edition in ("daily-2", "weekly-2", "daily-2"):
        witness.announce(engine, path, edition)
    found = witness.read(path)
    assert witness.unknown(found, installation.ensure(engine, samples.NOON)) == ()
    for _ in range(2):
        # The same backup, put back twice, is seen twice.
        restored = engine_for(f"sqlite:///{copy}")
        known = installation.ensure(restored, samples.NOON)
        assert set(witness.unknown(witness.read(path), known)) == {"daily-1", "daily-2", "weekly-2"}
        assert witness.objects(restored, path)
        kept = copy.read_bytes()
        witness.accept(restored, path)
        assert not witness.objects(restored, path)
        restored.dispose()
        for file in copy.parent.glob(f"{copy.name}*"):
            file.unlink()
        copy.write_bytes(kept)


def test_a_newsroom_that_lives_on_two_machines_is_at_home_on_both(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "standfirst.witness"
    installation.ensure(engine, samples.NOON)
    # A container has a folder and no machine.
    monkeypatch.setattr(witness, "place", lambda root: f"{witness._machine()}:{root}")
    witness.announce(engine, path, "daily-1")
    one = witness._machine()
    monkeypatch.setattr(witness, "_machine", lambda: "two")
    with pytest.raises(HeldError, match="`move-here --also`"):
        witness.check(engine, path)
    witness.accept(engine, path, also=True)
    for machine in ("two", one, "two"):
        monkeypatch.setattr(witness, "_machine", lambda machine=machine: machine)
        witness.check(engine, path)
        witness.announce(engine, path, f"daily-{machine}")
    monkeypatch.setattr(witness, "_machine", lambda: "three")
    with pytest.raises(HeldError, match="lives elsewhere"):
        witness.check(engine, path)
    # Moving is something else: it lives nowhere else from then on.
    witness.accept(engine, path)
    monkeypatch.setattr(witness, "_machine", lambda: one)
    with pytest.raises(HeldError, match="lives elsewhere"):
        witness.check(engine, path)


def test_a_copy_that_was_made_before_anything_was_handed_over_is_known_as_one(
    engine: Engine, tmp_path: Path
) -> None:
    path, copy = tmp_path / "standfirst.witness", tmp_path / "copy" / "standfirst.witness"
    installation.ensure(engine, samples.NOON)
    witness.settle(engine, path)
    witness.settle(engine, path)
    witness.check(engine, path)
    copy.parent.mkdir()
    copy.write_bytes(path.read_bytes())
    with pytest.raises(HeldError, match="lives elsewhere"):
        witness.check(engine, copy)
    witness.announce(engine, path, "daily-1")
    # One that is lost is no new one.
    path.unlink()
    witness.settle(engine, path)
    assert not path.exists()


def test_to_move_says_nothing_of_the_database(engine: Engine, tmp_path: Path) -> None:
    path, there = tmp_path / "standfirst.witness", tmp_path / "there" / "standfirst.witness"
    there.parent.mkdir()
    witness.move(there)
    assert not there.exists()
    installation.ensure(engine, samples.NOON)
    witness.announce(engine, path, "daily-1")
    before = witness.read(path)
    assert before is not None
    there.write_bytes(path.read_bytes().replace(b'"hand_overs": 1', b'"hand_overs": 7'))
    with pytest.raises(HeldError, match="lives elsewhere"):
        witness.check(engine, there)
    witness.move(there, also=True)
    moved = witness.read(there)
    assert moved is not None
    assert (moved.hand_overs, moved.places) == (7, (before.place, witness.place(there.parent)))
    with pytest.raises(HeldError, match="came further than it knows"):
        witness.check(engine, there)
    witness.move(there)
    assert witness.read(there) == moved


def test_of_two_machines_that_announce_at_once_the_later_count_stays(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "standfirst.witness"
    installation.ensure(engine, samples.NOON)
    with writing(engine) as connection:
        slow = installation.announce(connection, "daily-1")
    witness.announce(engine, path, "weekly-1")
    witness._write(path, slow)
    found = witness.read(path)
    assert found is not None
    assert (found.hand_overs, found.last_edition) == (2, "weekly-1")
    assert set(found.recent) == {"daily-1", "weekly-1"}
    witness.check(engine, path)


@pytest.mark.parametrize(
    ("found", "known", "unknown"),
    [
        (None, KNOWN, ()),
        (FOUND, KNOWN, ()),
        # Ahead by one: the machine stopped between the two writes.
        (replace(FOUND, hand_overs=2), KNOWN, ()),
        (FOUND, replace(KNOWN, hand_overs=2, last_edition="daily-2026-03-09"), ("daily-2026-03-10",)),
        (replace(FOUND, installation="b", recent=("x-1",)), KNOWN, ("x-1", "daily-2026-03-10")),
        (replace(FOUND, last_edition="weekly-1"), KNOWN, ("weekly-1",)),
        (replace(FOUND, installation="b", hand_overs=0, last_edition=""), KNOWN, ()),
    ],
)
def test_what_it_may_not_know(found: Witness | None, known: Installation, unknown: tuple[str, ...]) -> None:
    assert witness.unknown(found, known) == unknown


def test_the_witness_names_the_last_editions_and_not_all_of_them(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "standfirst.witness"
    installation.ensure(engine, samples.NOON)
    for number in range(witness.RECENT + 5):
        witness.announce(engine, path, f"daily-{number}")
    found = witness.read(path)
    assert found is not None
    assert found.recent == tuple(f"daily-{number}" for number in range(5, witness.RECENT + 5))


def test_a_copied_folder_is_held(engine: Engine, tmp_path: Path) -> None:
    installation.ensure(engine, samples.NOON)
    witness.announce(engine, tmp_path / "standfirst.witness", "daily-1")
    (tmp_path / "copy").mkdir()
    copied = tmp_path / "copy" / "standfirst.witness"
    copied.write_bytes((tmp_path / "standfirst.witness").read_bytes())
    with pytest.raises(HeldError, match="lives elsewhere"):
        witness.check(engine, copied)


def test_a_lost_witness_is_held(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "standfirst.witness"
    installation.ensure(engine, samples.NOON)
    witness.announce(engine, path, "daily-1")
    path.unlink()
    with pytest.raises(HeldError, match="the witness is gone"):
        witness.check(engine, path)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"{",
        b"[]",
        b"3",
        b'{"installation": "a"}',
        b'{"installation": "a", "hand_overs": "3", "last_edition": "", "place": ""}',
        b'{"installation": "a", "hand_overs": 3, "last_edition": "", "place": 7}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_witness_holds(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "standfirst.witness"
    path.write_bytes(data)
    with pytest.raises(HeldError, match="the witness cannot be read"):
        witness.read(path)


def test_without_its_witness_nothing_is_announced(engine: Engine, tmp_path: Path) -> None:
    installation.ensure(engine, samples.NOON)
    (tmp_path / "file").write_text("")
    with pytest.raises(HeldError, match="nothing is handed over without the witness"):
        witness.announce(engine, tmp_path / "file" / "standfirst.witness", "daily-1")


def test_the_witness_is_written_after_the_database(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = installation.ensure(engine, samples.NOON)
    path = tmp_path / "standfirst.witness"
    witness.accept(engine, path)
    seen: list[int] = []

    def killed(_path: Path, _data: bytes) -> None:
        with reading(engine) as connection:
            found = installation.find(connection)
        assert found is not None
        seen.append(found.hand_overs)
        raise KeyboardInterrupt

    monkeypatch.setattr(witness, "write_whole", killed)
    with pytest.raises(KeyboardInterrupt):
        witness.announce(engine, path, "daily-1")
    assert seen == [1]
    # The run that comes next is not held for it.
    assert (
        witness.objection(witness.read(path), replace(known, hand_overs=1), witness.place(tmp_path), path)
        is None
    )


def test_even_the_first_run_of_all_leaves_a_witness_where_it_dies_before_writing(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation.ensure(engine, samples.NOON)
    path = tmp_path / "standfirst.witness"

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(installation, "announce", killed)
        witness.announce(engine, path, "daily-1")
    found = witness.read(path)
    assert found is not None and found.hand_overs == 0


def test_the_file_is_for_people_too(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "standfirst.witness"
    known = installation.ensure(engine, samples.NOON)
    witness.announce(engine, path, "daily-1")
    said = json.loads(path.read_text())
    assert said["installation"] == known.id
    assert said["place"].endswith(f":{tmp_path.resolve()}")


def test_an_installation_is_made_once(engine: Engine) -> None:
    first = installation.ensure(engine, samples.NOON)
    again = installation.ensure(engine, samples.NOON.replace(year=2030))
    assert first == again
    with writing(engine) as connection:
        assert installation.announce(connection, "x").hand_overs == 1
        assert installation.announce(connection, "x").hand_overs == 1


def test_an_announcement_without_an_installation_is_a_mistake(engine: Engine) -> None:
    with writing(engine) as connection, pytest.raises(LookupError):
        installation.announce(connection, "x")
