"""`readers` as an operator gives it: wrong use is named, nothing is written over, no address is said."""

from __future__ import annotations

import csv
import json
import sqlite3
import stat
from pathlib import Path

import pytest

from commands.main import main
from tests.commands.house import House, built

NOW = "2026-03-09T12:00"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A newsroom with three readers; a spreadsheet would run the address of one."""
    house = built(tmp_path / "quay")
    assert (
        house.readers(
            "ann@example.org,paid,", "bo@example.org,trial,2026-04-01", "=cmd@example.net,free,"
        ).status
        == 0
    )
    return house


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["import", "/nonexistent"], "nonexistent: cannot be read"),
        (["import", "."], "cannot be read"),
        (["import", "--suppress", "/nonexistent"], "nonexistent: cannot be read"),
        (["show", "a@b@c"], "readers show: "),
        (["forget", "a@b@c"], "readers forget: "),
        (["show", "nobody@example.org"], "nothing is kept about this address"),
        (["export", "/nonexistent/file.csv"], "cannot be written"),
    ],
)
def test_wrong_use_is_2_and_one_line(house: House, arguments: list[str], problem: str) -> None:
    run = house.run("readers", *arguments, now=NOW)
    assert run.status == 2
    (line,) = run.problems
    assert problem in line


def test_a_list_without_addresses_says_where_to_name_their_column(house: House) -> None:
    path = house.root / "list.csv"
    path.write_text("Kunde,Abo\n1,paid\n", encoding="utf-8")
    run = house.run("readers", "import", str(path), now=NOW)
    assert run.status == 2
    assert 'under [import.columns]: address = "..."' in run.problems[0]


def test_bad_rows_fail_and_the_others_are_in(house: House) -> None:
    run = house.readers("cy@example.org,free,", "a@b@c,free,")
    assert run.status == 1
    assert run.step("readers")["new"] == 1
    assert run.problems[0].startswith("readers.csv:3: ")


def test_an_export_is_private_inert_and_can_be_imported_again(house: House, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    assert house.run("readers", "export", str(path), now=NOW).step("export")["readers"] == 3
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert [row["address"] for row in rows] == ["ann@example.org", "bo@example.org", "'=cmd@example.net"]
    again = house.run("readers", "import", str(path), now=NOW)
    assert again.status == 0
    assert (again.step("readers")["new"], again.step("readers")["unchanged"]) == (0, 3)


def test_an_export_writes_over_nothing_unless_it_is_told_to(house: House, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text("somebody's work", encoding="utf-8")
    run = house.run("readers", "export", str(path), now=NOW)
    assert run.status == 2
    assert "--force" in run.problems[0]
    assert path.read_text(encoding="utf-8") == "somebody's work"
    assert house.run("readers", "export", "--force", str(path), now=NOW).status == 0
    assert "ann@example.org" in path.read_text(encoding="utf-8")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []


def test_an_export_goes_to_the_standard_output(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["--config", str(house.config), "readers", "export"]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("ann@example.org,")


def test_everything_kept_is_shown_then_forgotten_for_good(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["--config", str(house.config), "readers"]
    capsys.readouterr()
    assert main([*call, "show", "Ann@Example.org"]) == 0
    kept = json.loads(capsys.readouterr().out)
    assert (kept["reader"]["plan"], kept["suppression"]) == ("paid", None)
    dry = house.run("readers", "forget", "ann@example.org", "--dry-run", now=NOW)
    assert dry.step("forget")["dry_run"] == "nothing was erased"
    run = house.run("readers", "forget", "ann@example.org", now=NOW)
    assert (run.status, run.step("forget")["reader"]) == (0, kept["reader"]["id"])
    assert "ann@" not in str(run.lines) + run.errors
    assert main([*call, "show", "ann@example.org"]) == 0
    assert json.loads(capsys.readouterr().out)["reader"] is None
    back = house.readers("ann@example.org,paid,")
    assert (back.step("readers")["new"], back.step("readers")["erased"]) == (0, 1)
    assert b"ann@example.org" not in (house.root / "standfirst.db").read_bytes()


def test_erased_bytes_leave_the_log_too_at_the_latest_with_the_next_run(house: House) -> None:
    file = house.root / "standfirst.db"
    house.readers("ann@example.org,paid,", "bo@example.org,free,")

    def left(address: bytes) -> bool:
        return any(address in one.read_bytes() for one in file.parent.glob("standfirst.db*"))

    # `serve` has the database open all the time: nobody's last connection empties the log.
    serving = sqlite3.connect(file, isolation_level=None)
    serving.execute("SELECT count(*) FROM readers").fetchall()
    assert house.run("readers", "forget", "ann@example.org", now=NOW).status == 0
    assert not left(b"ann@example.org")

    serving.execute("BEGIN")
    serving.execute("SELECT count(*) FROM readers").fetchall()
    run = house.run("readers", "forget", "bo@example.org", now=NOW)
    assert (run.status, "the next run" in run.step("forget")["later"]) == (0, True)
    assert left(b"bo@example.org")
    serving.execute("COMMIT")
    assert house.run(now=NOW).status == 0
    assert not left(b"bo@example.org")
    serving.close()


def test_a_stranger_is_forgotten_beforehand(house: House) -> None:
    run = house.run("readers", "forget", "dee@example.org", now=NOW)
    assert (run.status, run.step("forget")["reader"]) == (0, "not a reader")
    assert house.readers("dee@example.org,free,").step("readers")["erased"] == 1


def test_a_dry_import_writes_nobody(house: House) -> None:
    path = house.root / "more.csv"
    path.write_text("address\ncy@example.org\n", encoding="utf-8")
    dry = house.run("readers", "import", "--dry-run", str(path), now=NOW)
    assert (dry.step("readers")["new"], dry.step("readers")["dry_run"]) == (1, "nothing was written")
    assert house.run("readers", "show", "cy@example.org", now=NOW).status == 2
