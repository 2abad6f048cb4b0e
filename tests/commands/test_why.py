"""`why`: where a story stands in an edition, or what kept it out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.house import House, built

AHEAD = "2026-03-10T05:40"
SIX = "2026-03-10T06:01"
KEY = "daily-2026-03-10"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Five stories of politics, which has room for a lead and three, and two of culture, which is full."""
    house = built(tmp_path / "quay")
    for number, name in enumerate(("bridge", "tram", "ferry", "lock", "quay"), 1):
        house.article(name, rank=number)
    house.article("museum", "culture", rank=1)
    house.article("opera", "culture", rank=2)
    house.readers("paid@example.org,paid,")
    house.run("digest", "daily", now=AHEAD)
    return house


def why(house: House, article: str, edition: str = KEY, now: str = SIX) -> str:
    run = house.run("why", article, edition, now=now)
    assert run.status == 0, run.lines
    return str(run.step("why")["answer"])


@pytest.mark.parametrize(
    "name",
    ["tram", "politics/tram.md", "articles/politics/tram.md", "tag:quay.example,2026:articles/politics/tram"],
)
def test_a_story_is_known_by_each_of_its_names(house: House, name: str) -> None:
    assert why(house, name) == "number 1 of Politics"


def test_where_it_stands_and_that_there_was_no_room(house: House) -> None:
    assert why(house, "bridge") == "it leads"
    assert why(house, "quay") == "left out: Politics is full: 3 of 3"


def test_who_dropped_it_and_when(house: House) -> None:
    house.run("edit", KEY, "--drop", "tram", now="2026-03-10T05:45")
    answer = why(house, "tram")
    assert answer.startswith("dropped by an editor (")
    assert answer.endswith("2026-03-10 05:45): taken out in revision 2")


def test_when_it_was_withdrawn(house: House) -> None:
    (house.root / "articles" / "politics" / "tram.md").unlink()
    house.run("sync", now="2026-03-10T05:50")
    assert why(house, "tram") == "number 1 of Politics; it was withdrawn 2026-03-10 05:50"
    house.run(now=SIX)
    assert why(house, "tram") == "withdrawn 2026-03-10 05:50: taken out in revision 2"


def test_what_lost_its_room_to_an_editors_choice(house: House) -> None:
    house.run("edit", KEY, "--place", "tram=culture", now="2026-03-10T05:45")
    assert why(house, "tram") == "number 1 of Culture"
    assert why(house, "opera") == "taken out in revision 2: no room beside what an editor chose"


def test_what_came_later_or_is_too_old(house: House) -> None:
    house.article("late", published="2026-03-10T05:50:00+01:00")
    house.run("sync", now="2026-03-10T05:55")
    assert "after the edition was composed (2026-03-10 05:55)" in why(house, "late")


def test_that_nobody_got_the_edition(house: House) -> None:
    house.run(now="2026-03-10T09:30")
    assert why(house, "bridge") == (
        "it leads; the edition was missed before anybody got it, so the next one may have it"
    )


def test_an_unknown_article_or_edition_is_wrong_use(house: House) -> None:
    for arguments in (("nothing", KEY), ("bridge", "daily-2026-03-19"), ("articles/politics/", KEY)):
        assert house.run("why", *arguments, now=SIX).status == 2
