"""A newsroom that moves its articles to another source."""

from __future__ import annotations

from pathlib import Path

from tests.commands.house import House, built

NOW = "2026-03-10T06:01"


def moved(tmp_path: Path) -> House:
    """A newsroom whose three articles are in a second folder as well, otherwise named and edited."""
    house = built(tmp_path / "quay")
    for name in ("bridge", "museum", "tram"):
        house.article(name)
    house.run(now=NOW)
    text = house.config.read_text("utf-8")
    house.config.write_text(f'{text}\n[[source]]\nkey = "cms"\npath = "cms"\n', "utf-8")
    for name, new in (("bridge", "bridge"), ("museum", "the-museum"), ("tram", "tram")):
        old = house.root / "articles" / "politics" / f"{name}.md"
        path = house.root / "cms" / "politics" / f"{new}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(old.read_text("utf-8").replace("Second of", "Then, of"), "utf-8")
    return house


def test_the_proposal_is_shown_and_nothing_is_done(tmp_path: Path) -> None:
    house = moved(tmp_path)
    shown = house.run("adopt", "articles", "cms", now=NOW)
    assert shown.status == 0
    assert (shown.step("adopt")["matched"], shown.step("adopt")["adopted"]) == (3, 0)
    assert house.run("sync", "--source", "articles", now=NOW).step("sync")["unchanged"] == 3


def test_adopted_articles_keep_their_ids_and_the_old_source_may_go(tmp_path: Path) -> None:
    house = moved(tmp_path)
    before = {item["id"] for item in house.feed("politics")["items"]}
    assert house.run("adopt", "articles", "cms", "--yes", now=NOW).step("adopt")["adopted"] == 3
    text = house.config.read_text("utf-8")
    house.config.write_text(
        text.replace('key = "articles"\npath = "articles"', 'key = "cms"\npath = "cms"', 1).rpartition(
            "\n[[source]]"
        )[0],
        "utf-8",
    )
    run = house.run(now="2026-03-10T06:10")
    assert (run.status, run.step("sync")["changed"]) == (0, 3)
    assert {item["id"] for item in house.feed("politics")["items"]} == before


def test_sources_that_are_not_there_are_named(tmp_path: Path) -> None:
    house = built(tmp_path / "quay")
    house.article("bridge")
    assert house.run("adopt", "articles", "ghost", now=NOW).status == 2
    assert house.run("adopt", "articles", "articles", now=NOW).status == 2
