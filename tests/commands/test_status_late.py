"""What `status` says where runs do not come, or nothing may be sent: what is so then, and what helps."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from commands.main import main
from commands.waiting import LEAST_FREE, is_settled
from newsletter.tables import batches
from newsroom import alerts, postgresql
from newsroom.database import engine_for, writing
from tests.commands.house import House, built
from tests.servers.postgres import Postgres

KEY = "daily-2026-03-10"
REFUSED = f"{KEY}: 1 of 3 readers refused; once that is mended, `resend {KEY} --only refused` hands it over"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A newsroom with one story and three readers, of which no run has come yet."""
    house = built(tmp_path / "quay")
    house.article("bridge")
    house.readers("a@example.org,free,", "b@example.org,free,", "c@example.org,free,")
    return house


def page(house: House, capsys: pytest.CaptureFixture[str], *words: str, now: str, status: int = 0) -> str:
    """What a person reads, without its line breaks."""
    capsys.readouterr()
    assert main(["--config", str(house.config), "--now", now, "status", *words]) == status
    return " ".join(capsys.readouterr().out.split())


def test_an_edition_whose_hour_passes_without_a_run_is_told_of(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    never = page(house, capsys, "--problems", now="2026-03-10T06:16", status=3)
    assert "no run has come yet" in never
    house.run(now="2026-03-10T05:30")
    # Cron comes every few minutes.
    assert page(house, capsys, "--problems", now="2026-03-10T06:14") == "Nothing waits for you."
    late = page(house, capsys, "--problems", now="2026-03-10T06:16", status=3)
    assert late == (
        f"What waits for you {KEY} not composed, since 2026-03-10 06:00 it was due and is not composed; "
        "no run has come since 05:30: see whether cron runs, or say `python send.py`"
    )
    overview = page(house, capsys, now="2026-03-10T06:16")
    assert "it was due and is not composed" in overview
    # What goes out next is that one.
    assert f"{KEY} Tuesday 2026-03-10 06:00" in overview
    assert house.run(now="2026-03-10T06:20").step("deliver")["accepted"] == 3
    assert page(house, capsys, "--problems", now="2026-03-10T06:40") == "Nothing waits for you."


def test_editions_that_were_missed_meanwhile_are_told_of_together(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.run(now="2026-03-10T05:30")
    one = page(house, capsys, "--problems", now="2026-03-10T09:30", status=3)
    assert "it was due and not composed within 3 h of its hour: missed, and its stories go into" in one
    both = page(house, capsys, "--problems", now="2026-03-12T06:20", status=3)
    assert "daily-2026-03-11 not composed, since 2026-03-10 06:00 2 editions were due, 2026-03-10 to" in both
    assert "no run has come since 2026-03-10 05:30: see whether cron runs daily-2026-03-12 not" in both
    assert "daily-2026-03-12 not composed, since 2026-03-12 06:00 it was due and is not composed" in both
    # The next run says the same, and goes on.
    assert any("2 editions were missed" in line for line in house.run(now="2026-03-12T06:21").problems)


def test_those_composed_and_those_not_composed_are_missed_in_one_line(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    text = house.config.read_text()
    house.config.write_text(text.replace('at = "06:00"', 'at = "06:00"\nhold = "20m"'))
    house.run(now="2026-03-10T05:40")
    # One alone is told as what it is.
    one = page(house, capsys, "--problems", now="2026-03-10T09:30", status=3)
    assert "nothing of it was handed over within 3 h of its hour: the next run makes it missed" in one
    all_ = page(house, capsys, "--problems", now="2026-03-12T09:30", status=3)
    assert all_ == (
        "What waits for you daily-2026-03-12 overdue, since 2026-03-10 06:00 3 editions were due, 2026-03-10 "
        "to 2026-03-12, and nothing of them was handed over within 3 h of their hours: the next run makes "
        "them missed, and their stories go into the next edition; no run has come since 2026-03-10 05:40: "
        "see whether cron runs"
    )
    # Asked for by itself, it is told by itself.
    assert "makes it missed" in page(house, capsys, KEY, "--problems", now="2026-03-12T09:30", status=3)
    run = house.run(now="2026-03-12T09:31")
    (said,) = [line for line in run.problems if "missed" in line]
    assert said == (
        "daily: 3 editions were missed, 2026-03-10 to 2026-03-12: nothing of them was handed over within 3 h "
        "of their hours; their stories go into the next edition"
    )
    assert run.status == 1


def test_also_two_that_were_composed(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    house.run(now="2026-03-10T05:30")
    house.run("digest", "daily", now="2026-03-10T05:42")
    house.article("ferry")
    house.run("digest", "daily", "--extra", "flood", now="2026-03-10T06:10")
    both = page(house, capsys, "--problems", now="2026-03-10T09:40", status=3)
    assert "overdue, since 2026-03-10 06:00 2 editions were due, 2026-03-10, and nothing of them" in both
    assert both.count("missed") == 1
    run = house.run("deliver", now="2026-03-10T09:41")
    (said,) = [line for line in run.problems if "missed" in line]
    assert said == (
        "daily: 2 editions were missed, 2026-03-10: nothing of them was handed over within 3 h of their "
        "hours; their stories go into the next edition"
    )


def test_of_an_edition_that_a_run_did_not_come_to_its_words_are_to_be_read(
    house: House, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr("commands.run.digest_step", broken)
    house.run(now="2026-03-10T06:12")
    said = page(house, capsys, "--problems", now="2026-03-10T06:16", status=3)
    assert "it was due and is not composed; a run came at 06:12: see what it says" in said


def test_after_latest_no_command_is_named_that_cannot_help(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.run(now="2026-03-10T05:30")
    house.run("digest", "daily", now="2026-03-10T05:42")
    late = page(house, capsys, "--problems", now="2026-03-10T08:50", status=3)
    assert "the next run tries it again; no run has come since 05:42: see whether cron runs, or say" in late
    assert late.endswith("python send.py deliver")
    over = page(house, capsys, "--problems", now="2026-03-10T09:30", status=3)
    assert "within 3 h of its hour: the next run makes it missed, and its stories go into the next" in over
    assert over.endswith("no run has come since 05:42: see whether cron runs")
    assert house.run("deliver", now="2026-03-10T09:31").status == 1
    # One that a person let go is never missed.
    house.run("digest", "daily", now="2026-03-10T21:00")
    house.run("hold", "daily-2026-03-11", now="2026-03-10T21:01")
    house.run("release", "daily-2026-03-11", now="2026-03-11T10:00")
    assert page(house, capsys, "--problems", now="2026-03-11T12:00", status=3).endswith("send.py deliver")


def test_in_a_restored_copy_the_witness_comes_first_and_nothing_is_named_that_cannot_work(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    pace = "[delivery]\nmax_per_hour = 1\n"
    house.config.write_text(house.config.read_text() + pace)
    house.run(now="2026-03-10T06:00")
    database = house.root / "standfirst.db"
    copy = database.read_bytes()
    house.run(now="2026-03-10T07:05")
    for path in house.root.glob("standfirst.db*"):
        path.unlink()
    database.write_bytes(copy)
    for now in ("2026-03-10T07:30", "2026-03-12T12:00"):
        waits = page(house, capsys, "--problems", now=now, status=3)
        assert waits.startswith("What waits for you witness objects")
        for_me, _, known = waits.partition("To be known")
        assert "half out" not in for_me
        assert f"{KEY} half out, 2 readers" in known
        assert "as far as this database knows" in known
        assert "send.py deliver" not in waits
        # Other days may have had their edition where this copy comes from.
        assert "not composed" not in waits
    engine = engine_for(f"sqlite:///{database}")
    with writing(engine) as connection:
        # As a run has it that is cut off.
        connection.execute(sa.update(batches).where(batches.c.state == "accepted").values(state="handed"))
    engine.dispose()
    waits = page(house, capsys, "--problems", now="2026-03-10T07:30", status=3)
    assert "nothing is handed over before what the witness objects to is settled" in waits
    assert "send.py deliver" not in waits


def refused(house: House) -> None:
    """One of the readers was refused, and a run has said so."""
    house.run(now="2026-03-10T06:00")
    engine = engine_for(f"sqlite:///{house.root / 'standfirst.db'}")
    with writing(engine) as connection:
        connection.execute(sa.update(batches).where(batches.c.id == 1).values(state="refused", reason="550"))
        first = connection.execute(sa.select(batches.c.handed).where(batches.c.id == 1)).scalar_one()
    alerts.note(engine, {f"deliver:{KEY}:many refused": REFUSED}, lambda _: False, first)
    engine.dispose()


def test_what_a_person_has_handed_over_again_is_no_problem_any_more(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    refused(house)
    before = page(house, capsys, "--problems", now="2026-03-10T06:05", status=3)
    assert "deliver failed" in before
    assert f"python send.py resend {KEY} --only refused" in before
    assert house.run("resend", KEY, "--only", "refused", now="2026-03-10T06:06").status == 0
    assert "resend" not in page(house, capsys, "--problems", now="2026-03-10T06:07")
    assert (is_settled(REFUSED, {"stop x"}), is_settled("a word", set())) == (True, False)


def test_what_a_person_has_stopped_is_no_problem_any_more(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.run("sync", now="2026-03-10T05:40")
    house.run("digest", "daily", now="2026-03-10T05:40")
    key, said = f"deliver:{KEY}:not_now", f"{KEY}: the provider takes nothing for now: 421 (3 readers to go)"
    engine = engine_for(f"sqlite:///{house.root / 'standfirst.db'}")
    alerts.note(engine, {key: said}, lambda _: False, datetime(2026, 3, 10, 5, 1, tzinfo=UTC))
    engine.dispose()
    assert said in page(house, capsys, "--problems", now="2026-03-10T06:05", status=3)
    house.run("stop", KEY, now="2026-03-10T06:06")
    assert page(house, capsys, "--problems", now="2026-03-10T06:07") == "Nothing waits for you."


def test_a_copy_that_a_person_let_live_here_is_no_problem_any_more(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.run(now="2026-03-10T06:00")
    clone = House(house.root.parent / "clone")
    shutil.copytree(house.root, clone.root)
    assert clone.run(now="2026-03-10T06:05").status == 3
    assert clone.run("move-here", now="2026-03-10T06:06").status == 0
    assert page(clone, capsys, "--problems", now="2026-03-10T06:07") == "Nothing waits for you."


def on(url: str, root: Path) -> House:
    house = built(root)
    text = house.config.read_text()
    house.config.write_text(text.replace("[newsroom]", f'[newsroom]\ndatabase = "{url}"', 1))
    house.article("bridge")
    house.readers("a@example.org,free,")
    assert house.run(now="2026-03-10T06:00").status == 0
    return house


def test_a_postgresql_that_takes_no_writing_is_told_of(
    postgres: Postgres, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres.fresh()
    house = on(url, tmp_path / "quay")
    assert page(house, capsys, "--problems", now="2026-03-10T06:05") == "Nothing waits for you."
    engine, name = engine_for(url), url.partition("?")[0].rpartition("/")[2]
    try:
        with engine.connect() as connection:
            connection.execute(sa.text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
            connection.commit()
        said = page(house, capsys, "--problems", now="2026-03-10T06:05", status=3)
        assert said.startswith("What waits for you database read-only it takes no writing")
        # A server that gives no more room for what it sorts: what it says of a full disk is that disk's.
        with engine.connect() as connection:
            connection.execute(sa.text("SET default_transaction_read_only = off"))
            connection.execute(sa.text(f"ALTER DATABASE {name} RESET default_transaction_read_only"))
            connection.execute(sa.text(f"ALTER DATABASE {name} SET temp_file_limit = '1MB'"))
            connection.commit()
        assert page(house, capsys, "--problems", now="2026-03-10T06:05") == "Nothing waits for you."
        monkeypatch.setattr(postgresql, "DISK_FULL", "53400")
        said = page(house, capsys, "--problems", now="2026-03-10T06:05", status=3)
        assert f"database full less than {LEAST_FREE >> 20} MB are left to it" in said
    finally:
        engine.dispose()
