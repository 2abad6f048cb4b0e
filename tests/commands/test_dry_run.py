"""A dry run says what the real one will do, and leaves everything as it was."""

from __future__ import annotations

from pathlib import Path

from tests.commands.house import built

SIX = "2026-03-10T06:01"


def _files(root: Path) -> dict[str, bytes]:
    """Every file but the database's own, which is opened, and what only reading leaves beside it."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not path.name.startswith("standfirst.db")
    }


def test_it_says_what_the_real_run_does(tmp_path: Path) -> None:
    house = built(tmp_path / "quay")
    house.article("bridge")
    house.readers("free@example.org,free,", "paid@example.org,paid,")
    before = _files(house.root)
    dry = house.run("--dry-run", now=SIX)
    assert _files(house.root) == before
    real = house.run(now=SIX)
    for name, fact in (
        ("sync", "new"),
        ("feeds", "written"),
        ("digest", "subject"),
        ("digest", "stories"),
        ("deliver", "readers"),
    ):
        assert dry.step(name)[fact] == real.step(name)[fact], (name, fact)
    assert (dry.status, real.status) == (0, 0)
    assert len(house.mails("daily-2026-03-10")) == 2


def test_it_works_on_a_newsroom_that_has_no_database_yet(tmp_path: Path) -> None:
    house = built(tmp_path / "quay")
    house.article("bridge")
    dry = house.run("--dry-run", now=SIX)
    assert (dry.status, dry.step("sync")["new"]) == (0, 1)
    assert not (house.root / "standfirst.db").exists()
