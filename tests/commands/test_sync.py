"""`sync` as an operator meets it: what it names, what it says of sources that are gone, what it settles."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands.main import main
from tests.commands.house import TOML, House, Run, built

NOW = "2026-03-10T06:01"
LATER = "2026-03-10T06:30"
CMS = '\n[[source]]\nkey = "cms"\npath = "cms"\n'


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A newsroom with two stories that were read."""
    house = built(tmp_path / "quay", more=CMS)
    (house.root / "cms").mkdir()
    house.article("bridge")
    house.article("tram")
    house.run("sync", now=NOW)
    return house


def without_articles(house: House) -> None:
    text = TOML.format(more=CMS, public_url="http://127.0.0.1:8080")
    house.config.write_text(text.replace('[[source]]\nkey = "articles"\npath = "articles"\n', ""), "utf-8")


def changes(run: Run) -> dict[str, list[str]]:
    return {line["change"]: line["names"] for line in run.steps("sync") if "change" in line}


def test_what_came_changed_and_went_is_named_and_in_a_dry_run_too(house: House) -> None:
    house.article("bridge", headline="Another bridge")
    (house.root / "articles" / "politics" / "tram.md").unlink()
    house.article("museum")
    house.article("secret", published="2026-03-11T05:00:00+01:00")
    named = {
        "new": ["politics/museum.md “The museum story”"],
        "changed": ["politics/bridge.md “Another bridge”"],
        "withdrawn": ["politics/tram.md “The tram story”"],
    }
    dry = house.run("sync", "--dry-run", now=LATER)
    assert changes(dry) == named
    run = house.run("sync", now=LATER)
    assert changes(run) == named
    # The embargoed one is a number.
    assert [line["new"] for line in run.steps("sync") if "new" in line] == [2]
    assert changes(house.run("sync", now=LATER)) == {}


def test_a_person_is_shown_the_first_twenty_by_name(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(25):
        house.article(f"more-{number:02}")
    main(["--config", str(house.config), "--now", LATER, "sync", "--dry-run"])
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("sync       new ")]
    assert len(lines) == 21
    assert lines[0].endswith("new politics/more-00.md “The more-00 story”")
    assert lines[-1].endswith("new and 5 more")


def test_what_a_source_leaves_behind_is_said_until_it_is_withdrawn(house: House) -> None:
    without_articles(house)
    said = "articles: newsroom.toml has no source of this name any more, and 2 articles of it are public"
    for command in (("sync",), ("doctor",), ()):
        assert any(line.startswith(said) for line in house.run(*command, now=LATER).problems), command
    waiting = house.run("status", "--problems", now=LATER)
    assert "sync --source articles --allow-withdrawals" in str(waiting.lines)
    asked = house.run("sync", "--source", "articles", now=LATER)
    assert asked.status == 2
    assert said in asked.errors + str(asked.lines)
    dry = house.run("sync", "--source", "articles", "--allow-withdrawals", "--dry-run", now=LATER)
    assert dry.step("sync")["withdrawn"] == 2
    done = house.run("sync", "--source", "articles", "--allow-withdrawals", now=LATER)
    assert (done.status, done.step("sync")["withdrawn"]) == (0, 2)
    assert not any("any more" in line for line in house.run("sync", now=LATER).problems)
    house.run("feeds", now=LATER)
    assert house.titles("politics") == []


def test_what_a_source_leaves_behind_may_be_adopted(house: House) -> None:
    (house.root / "cms" / "politics").mkdir()
    for name in ("bridge", "tram"):
        old = house.root / "articles" / "politics" / f"{name}.md"
        (house.root / "cms" / "politics" / f"{name}.md").write_text(old.read_text("utf-8"), "utf-8")
    without_articles(house)
    assert house.run("adopt", "articles", "cms", "--yes", now=LATER).step("adopt")["adopted"] == 2
    run = house.run("sync", now=LATER)
    assert not any("any more" in line for line in run.problems)


def test_a_sync_that_goes_well_settles_what_a_run_noted(house: House) -> None:
    path = house.root / "articles"
    path.rename(house.root / "away")
    assert house.run(now=LATER).status != 0
    assert "articles" in str(house.run("status", "--problems", now=LATER).lines)
    (house.root / "away").rename(path)
    house.run("sync", "--source", "cms", now=LATER)
    assert "articles" in str(house.run("status", "--problems", now=LATER).lines)
    house.run("sync", "--source", "articles", now=LATER)
    assert "sync" not in str(house.run("status", "--problems", now=LATER).lines)
