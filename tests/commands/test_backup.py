"""`backup`, `migrate` and `move-here` as commands: a copy that can be put back, a schema, a place."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from newsroom.schema import HEAD
from tests.commands.house import House, built

SIX = "2026-03-10T06:01"
KEY = "daily-2026-03-10"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A newsroom with one story and one reader."""
    house = built(tmp_path / "quay")
    house.article("bridge")
    house.readers("free@example.org,free,")
    return house


def test_a_backup_with_its_witness_can_be_put_back_and_sends_nothing_twice(house: House) -> None:
    house.run(now=SIX)
    run = house.run("backup", now="2026-03-10T07:00")
    made = Path(run.step("backup")["file"])
    assert made == house.root / "backups" / "standfirst-20260310-060000.db"
    assert run.step("backup")["bytes"] == made.stat().st_size
    for path in house.root.glob("standfirst.*"):
        path.unlink()
    shutil.copy(made, house.root / "standfirst.db")
    shutil.copy(made.with_suffix(".witness"), house.root / "standfirst.witness")
    again = house.run(now="2026-03-10T07:05")
    assert again.status == 0
    assert again.steps("deliver") == []


@pytest.mark.parametrize("goes_on", [True, False])
def test_a_backup_from_the_middle_of_an_edition_mails_nobody_twice(tmp_path: Path, goes_on: bool) -> None:
    """Also where the machine is lost right after the backup, before the rest went out."""
    house = built(tmp_path / "quay", more="[delivery]\nmax_per_hour = 1")
    house.article("bridge")
    house.readers("one@example.org,paid,", "two@example.org,paid,", "three@example.org,paid,")
    house.run(now=SIX)
    run = house.run("backup", now="2026-03-10T06:10")
    (said,) = run.problems
    assert said.startswith(f"{KEY} is going out: this copy does not know to whom it went since. Put back, it")
    assert said.endswith(f"sends nothing until you say `release`, which stops {KEY}")
    if goes_on:
        assert house.run(now="2026-03-10T07:02").step("deliver")["accepted"] == 2
    made = Path(run.step("backup")["file"])
    for path in house.root.glob("standfirst.db*"):
        path.unlink()
    shutil.copy(made, house.root / "standfirst.db")
    if not goes_on:
        shutil.copy(made.with_suffix(".witness"), house.root / "standfirst.witness")
    held = house.run(now="2026-03-10T08:03")
    assert (held.status, [step for step in held.steps("deliver") if "accepted" in step]) == (3, [])
    assert any(f"{KEY} came further than it knows" in message for message in held.problems)
    released = house.run("release", now="2026-03-10T08:04")
    assert any(f"`resume {KEY}` hands it to" in message for message in released.problems)
    assert house.run(now="2026-03-10T08:05").steps("deliver") == []
    # Whoever knows that the others have nothing lets it go on.
    house.run("resume", KEY, "--yes", now="2026-03-10T08:06")
    assert house.run("deliver", now="2026-03-10T08:07").step("deliver")["accepted"] == 2


@pytest.mark.parametrize("stopped", ["before the copy", "in the copy"])
@pytest.mark.parametrize("lost", ["the day's", "its own"])
def test_a_stopped_edition_is_as_doubtful_as_one_that_goes_out(
    tmp_path: Path, stopped: str, lost: str
) -> None:
    """Whoever resumed it after the copy was made gave it to readers that the copy does not know of."""
    house = built(tmp_path / "quay", more="[delivery]\nmax_per_hour = 1")
    house.article("bridge")
    house.readers("one@example.org,paid,", "two@example.org,paid,", "three@example.org,paid,")
    house.run(now=SIX)
    if stopped == "before the copy":
        house.run("stop", KEY, now="2026-03-10T06:09")
    run = house.run("backup", now="2026-03-10T06:10")
    (said,) = run.problems
    is_stopped = (
        f"{KEY} is stopped, half out: where it is resumed, this copy does not know to whom it went since"
    )
    assert said.startswith(is_stopped) == (stopped == "before the copy")
    if stopped == "before the copy":
        assert house.run("resume", KEY, now="2026-03-10T06:11").status == 0
    house.run(now="2026-03-10T07:02")
    made = Path(run.step("backup")["file"])
    for path in house.root.glob("standfirst.db*"):
        path.unlink()
    shutil.copy(made, house.root / "standfirst.db")
    if lost == "its own":
        shutil.copy(made.with_suffix(".witness"), house.root / "standfirst.witness")
    if stopped == "in the copy":
        # As a person may do who has read that the copy does not know to whom it went.
        assert house.run("stop", KEY, now="2026-03-10T07:03").status == 0
    released = house.run("release", now="2026-03-10T07:04")
    assert any(f"{KEY} was half out" in one and "of 2 more nobody knows" in one for one in released.problems)
    (line,) = house.run("status", "--problems", now="2026-03-10T07:05").steps("status")
    assert (line["trouble"], line["readers"], line["commands"]) == ("not decided", 2, [f"resume {KEY}"])
    refused = house.run("resume", KEY, now="2026-03-10T07:06")
    assert (refused.status, "it goes to 2 readers" in refused.problems[0]) == (2, True)
    assert house.run(now="2026-03-10T08:07").steps("deliver") == []
    assert house.run("resume", KEY, "--yes", now="2026-03-10T08:08").status == 0


def test_a_stopped_edition_that_was_gone_on_with_is_seen_by_any_copy(tmp_path: Path) -> None:
    """Also by one that was made otherwise than by `backup`, where the run that went on never ended."""
    house = built(tmp_path / "quay", more="[delivery]\nmax_per_hour = 1")
    house.article("bridge")
    house.readers("one@example.org,paid,", "two@example.org,paid,")
    house.run(now=SIX)
    house.run("stop", KEY, now="2026-03-10T06:09")
    copy = (house.root / "standfirst.db").read_bytes()
    house.run("resume", KEY, now="2026-03-10T06:10")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("newsletter.providers.outbox.Outbox.hand_over", _killed)
        assert house.run("deliver", now="2026-03-10T07:02").status != 0
    for path in house.root.glob("standfirst.db*"):
        path.unlink()
    (house.root / "standfirst.db").write_bytes(copy)
    assert house.run(now="2026-03-10T07:10").status == 3
    released = house.run("release", now="2026-03-10T07:11")
    assert any("of 1 more nobody knows" in one for one in released.problems)


def test_of_an_edition_that_was_over_release_says_who_may_have_it_since(house: House) -> None:
    """Whoever was refused then may have been reached since, by a hand-over that the copy does not know."""
    house.readers("one@example.org,free,", "two@example.org,free,")
    house.run(now=SIX)
    with contextlib.closing(sqlite3.connect(house.root / "standfirst.db")) as database, database:
        database.execute("update deliveries set state = 'refused', reason = '550' where reader_id = 1")
    copy = (house.root / "standfirst.db").read_bytes()
    assert house.run("resend", KEY, "--only", "refused", now="2026-03-10T07:00").status == 0
    assert house.run(now="2026-03-10T07:01").step("deliver")["batches"] == 1
    for path in house.root.glob("standfirst.db*"):
        path.unlink()
    (house.root / "standfirst.db").write_bytes(copy)
    released = house.run("release", now="2026-03-10T07:10")
    (said,) = [message for message in released.problems if message.startswith(f"{KEY} was over")]
    assert "1 refused and 0 uncertain: what they got since" in said


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_backup_that_cannot_be_written_is_named(house: House) -> None:
    (house.root / "backups").write_text("in the way", encoding="utf-8")
    run = house.run("backup", now=SIX)
    assert run.status == 1
    assert f"{house.root / 'backups'}: no backup can be written" in run.problems[0]


def test_migrate_makes_the_schema_and_then_has_nothing_to_do(tmp_path: Path) -> None:
    house = built(tmp_path / "quay")
    first = house.run("migrate", now=SIX).step("migrate")
    assert (first["before"], first["after"]) == ("empty", HEAD)
    second = house.run("migrate", now=SIX).step("migrate")
    assert (second["before"], second["after"]) == (HEAD, HEAD)
    assert not (house.root / "backups").exists()


def test_migrate_leaves_a_newer_schema_alone(house: House) -> None:
    file = house.root / "standfirst.db"
    with contextlib.closing(sqlite3.connect(file)) as database, database:
        database.execute("update alembic_version set version_num = '9999'")
    run = house.run("migrate", now=SIX)
    assert run.status == 2
    assert str(file) in run.problems[0]


def test_move_here_writes_the_place_and_a_dry_run_does_not(house: House) -> None:
    house.run(now=SIX)
    clone = House(house.root.parent / "clone")
    shutil.copytree(house.root, clone.root)
    witness = clone.root / "standfirst.witness"
    before = witness.read_bytes()
    assert clone.run("move-here", "--dry-run", now=SIX).status == 0
    assert witness.read_bytes() == before
    run = clone.run("move-here", now=SIX)
    assert (run.status, run.step("move-here")["place"]) == (0, json.loads(witness.read_bytes())["place"])
    assert run.step("move-here")["place"].endswith(str(clone.root))
    assert clone.run("status", "--problems", now=SIX).status == 0


def test_a_copy_is_not_released_while_the_newsroom_lives_elsewhere(house: House) -> None:
    """Neither one of a newsroom that sends, nor one that is behind as well: both would send from then on."""
    made = Path(house.run("backup", now="2026-03-10T05:00").step("backup")["file"])
    house.run(now=SIX)
    for is_behind in (False, True):
        clone = House(house.root.parent / f"clone-{is_behind}")
        shutil.copytree(house.root, clone.root)
        if is_behind:
            for path in clone.root.glob("standfirst.db*"):
                path.unlink()
            shutil.copy(made, clone.root / "standfirst.db")
        witness = (clone.root / "standfirst.witness").read_bytes()
        for more in ((), ("--dry-run",)):
            run = clone.run("release", *more, now="2026-03-10T06:10")
            assert run.status == 3
            assert "end its timer and `serve` there for good, then say `move-here`" in run.problems[0]
        assert (clone.root / "standfirst.witness").read_bytes() == witness
        assert clone.run("status", "--problems", now="2026-03-10T06:10").steps("status")[0]["commands"] == [
            "move-here",
            "move-here --also",
        ]
        # Once it has moved, what is left is asked for.
        moved = clone.run("move-here", now="2026-03-10T06:11")
        assert (moved.status, moved.step("move-here")["place"].endswith(clone.root.name)) == (
            3 if is_behind else 0,
            True,
        )
        assert any("older than its witness" in message for message in moved.problems) == is_behind
        if is_behind:
            assert clone.run("release", now="2026-03-10T06:12").status == 0
        assert clone.run(now="2026-03-10T06:13").status == 0
        assert clone.mails(KEY).keys() == house.mails(KEY).keys()


def test_a_copy_of_a_newsroom_that_has_only_composed_sends_nothing(house: House) -> None:
    house.run("digest", "daily", "--dry-run", now="2026-03-10T05:40")
    assert not (house.root / "standfirst.witness").exists()
    house.run("digest", "daily", now="2026-03-10T05:40")
    clone = House(house.root.parent / "clone")
    shutil.copytree(house.root, clone.root)
    run = clone.run(now=SIX)
    assert (run.status, clone.mails(KEY)) == (3, {})
    assert any("lives elsewhere" in message for message in run.problems)
    assert house.run(now=SIX).step("deliver")["accepted"] == 1


def test_move_here_makes_no_witness_where_one_was_lost(house: House) -> None:
    house.run(now=SIX)
    (house.root / "standfirst.witness").unlink()
    run = house.run("move-here", now="2026-03-10T06:10")
    assert (run.status, "the witness is gone" in run.problems[0]) == (3, True)
    assert not (house.root / "standfirst.witness").exists()


def test_move_here_is_no_answer_to_a_database_that_is_too_old(house: House) -> None:
    made = Path(house.run("backup", now="2026-03-10T05:00").step("backup")["file"])
    house.run(now=SIX)
    for path in house.root.glob("standfirst.db*"):
        path.unlink()
    shutil.copy(made, house.root / "standfirst.db")
    run = house.run("move-here", now="2026-03-10T06:10")
    assert run.status == 3
    assert "older than its witness" in run.problems[0]


def test_a_run_of_a_copy_says_that_it_sends_nothing_also_where_nothing_is_due(house: House) -> None:
    house.run(now=SIX)
    house.root.rename(house.root.with_name("copied"))
    copied = House(house.root.with_name("copied"))
    run = copied.run(now="2026-03-10T12:00")
    assert run.status == 3
    assert sum("lives elsewhere" in one for one in run.problems) == 1


def test_who_was_erased_after_the_backup_gets_no_mail_from_the_restored_database(house: House) -> None:
    house.readers("free@example.org,free,", "one@example.org,free,", "two@example.org,free,")
    made = Path(house.run("backup", now="2026-03-10T05:00").step("backup")["file"])
    for address in ("one@example.org", "two@example.org"):
        assert house.run("readers", "forget", address, now="2026-03-10T05:01").status == 0
    for path in house.root.glob("standfirst.db*"):
        path.unlink()
    shutil.copy(made, house.root / "standfirst.db")
    status = house.run("status", "--problems", now="2026-03-10T05:02")
    assert "was restored" in str(status)
    run = house.run(now=SIX)
    assert run.status == 3
    assert list(house.root.rglob("*.eml")) == []
    assert house.run("release", now="2026-03-10T06:02").status == 0
    assert house.run(now="2026-03-10T06:03").status == 0
    assert len(list(house.root.rglob("*.eml"))) == 1
