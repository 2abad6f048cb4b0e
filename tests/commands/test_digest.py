"""`digest` as a person and as cron call it: what it decides, what it says, and how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands.context import operator
from newsletter import editions
from newsroom.database import engine_for, reading
from tests.commands.house import House, built, html_of, text_of

EVE = "2026-03-09T18:00"
SIX = "2026-03-10T06:01"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A newsroom with one story and three readers, installed the evening before."""
    house = built(tmp_path / "quay")
    house.article("bridge", published="2026-03-09T12:00:00+01:00")
    house.readers("free@example.org,free,", "trial@example.org,trial,2026-03-14", "paid@example.org,paid,")
    return house


def booking(house: House, name: str, **front: str) -> None:
    """A booking's file, published long before it runs."""
    house.article(
        name, "partners", sponsor=f"Sponsor of {name}", access="free",
        published="2026-03-01T00:00:00+01:00", **front,
    )  # fmt: skip


def test_an_edition_composed_ahead_has_the_bookings_of_its_own_morning(house: House) -> None:
    booking(house, "tomorrow", run_from="2026-03-10")
    booking(house, "today", run_until="2026-03-09")
    house.run("sync", now=EVE)
    house.run("digest", "daily", now=EVE)
    story = "bridge"
    house.run("edit", "daily-2026-03-10", "--subject", f"About the {story}", now="2026-03-09T19:00")
    house.run(now=SIX)
    mail = text_of(house.mails("daily-2026-03-10")["paid@example.org"])
    assert "The tomorrow story" in mail
    assert "The today story" not in mail


def why(house: House, article: str, edition: str = "daily-2026-03-10") -> str:
    run = house.run("why", article, edition, now="2026-03-12T12:00")
    return str(run.step("why")["answer"])


def long_stories(house: House, numbers: range, **front: str) -> list[str]:
    """Stories that no mail has room for all of, every other one in either section; their names."""
    names = [f"long{number:03}" for number in numbers]
    for number, name in zip(numbers, names, strict=True):
        values = {
            "headline": f"The {name} story of a night on the quay" + ", hour by hour and boat by boat" * 24,
            "teaser": "What the council said. " + "And what it said of that later on. " * 12,
        } | front
        house.article(name, "politics" if number % 2 else "culture", rank=number + 1, **values)
    return names


@pytest.fixture
def wide(house: House) -> House:
    """The same newsroom with room for a hundred stories in each of two sections."""
    toml = house.config.read_text(encoding="utf-8")
    toml = toml.replace("stories = 3", "stories = 100").replace("stories = 2", "stories = 100")
    house.config.write_text(toml, encoding="utf-8")
    return house


def without_room(house: House, names: list[str]) -> list[str]:
    return [name for name in names if "no room in the 90 KB" in why(house, name)]


def test_what_a_mail_has_no_room_for_is_left_out_for_room_and_said(wide: House) -> None:
    names = long_stories(wide, range(80))
    run = wide.run(now=SIX)
    assert run.status == 0, run.problems
    digest = run.step("digest")
    shown, left_out = digest["stories"], digest["left_out_for_room"]
    assert (shown + left_out, left_out > 0) == (81, True)
    (said,) = (problem for problem in run.problems if "more than a mail has room for" in problem)
    assert said.startswith("daily-2026-03-10: more than a mail has room for: ")
    assert said.endswith(f"Culture: {left_out} stories left out for room")
    lost = without_room(wide, names)
    assert len(lost) == left_out
    for mail in wide.mails("daily-2026-03-10").values():
        assert len(html_of(mail).encode()) <= 90 * 1024
        for part in (html_of(mail), text_of(mail)):
            assert {name for name in names if f"The {name} story" in part} == set(names) - set(lost)
    wide.article("fresh", published="2026-03-11T05:00:00+01:00")
    wide.run(now="2026-03-11T06:01")
    next_day = text_of(wide.mails("daily-2026-03-11")["paid@example.org"])
    assert all(next_day.index("The fresh story") < next_day.index(f"The {name} story") for name in lost)


def test_a_change_that_leaves_no_room_is_said_and_gives_the_stories_back(wide: House) -> None:
    names = long_stories(wide, range(60))
    before = wide.run("digest", "daily", now="2026-03-10T05:40")
    assert "left_out_for_room" not in before.step("digest")
    long_stories(wide, range(24), headline="A headline as long as it may be " * 60)
    run = wide.run(now=SIX)
    (said,) = (problem for problem in run.problems if "left out for room" in problem)
    assert said.startswith("daily-2026-03-10: more than a mail has room for: ")
    mail = text_of(wide.mails("daily-2026-03-10")["paid@example.org"])
    lost = without_room(wide, names)
    assert lost
    assert set(lost) == {name for name in names[24:] if f"The {name} story" not in mail}


def test_an_extra_editions_name_is_a_slug(house: House) -> None:
    for name in ("a b/../x", "Election", "-x", "x-", "", "été", "x" * 41):
        run = house.run("digest", "daily", "--extra", name, now=EVE)
        assert run.status == 2, name
        assert ["lower-case letters a to z, digits, and hyphens" in line for line in run.problems] == [True]
    assert house.run("digest", "daily", "--extra", "election-2", now=EVE).status == 0
    assert house.run("digest", "--extra", "x", now=EVE).status == 2


def test_the_first_edition_of_a_new_newsroom_needs_no_sync_before_it(house: House) -> None:
    run = house.run("digest", "daily", "--extra", "first", now=EVE)
    assert run.status == 0
    assert run.step("digest")["stories"] == 1
    assert house.run("deliver", now="2026-03-09T18:05").step("deliver")["accepted"] == 3
    assert len(house.mails("daily-2026-03-09-first")) == 3


def test_the_log_has_who_composed_it_and_no_number_for_what_was_used_before(house: House) -> None:
    house.run("digest", "daily", now=EVE)
    house.run(now=SIX)
    house.article("museum", published="2026-03-11T05:00:00+01:00")
    digest = house.run(now="2026-03-11T06:01").step("digest")
    assert "left_out_for_room" not in digest and "left_out" not in digest
    engine = engine_for(f"sqlite:///{house.root / 'standfirst.db'}")
    with reading(engine) as connection:
        who = [
            next(by for _, by, what in editions.log_of(connection, key) if what.startswith("composed"))
            for key in ("daily-2026-03-10", "daily-2026-03-11")
        ]
    assert who == [operator(), "run"]


def test_many_missed_editions_are_one_line_and_the_run_has_failed(house: House) -> None:
    assert house.run(now=SIX).status == 0
    run = house.run(now="2026-10-15T12:00")
    said = [problem for problem in run.problems if "missed" in problem]
    assert said == [
        (
            "daily: 219 editions were missed, 2026-03-11 to 2026-10-15: no run within 3 h after their hours; "
            "their stories go into the next edition"
        )
    ]
    assert run.status == 1
    assert house.run(now="2026-10-15T12:05").status == 0
    alone = house.run(now="2026-10-16T12:00")
    assert [problem for problem in alone.problems if "missed" in problem] == [
        "daily-2026-10-16 was missed: no run within 3 h after its hour; its stories go into the next edition"
    ]
    assert alone.status == 1


def test_editions_that_were_missed_before_one_composed_ahead_are_said_as_well(house: House) -> None:
    house.run(now=SIX)
    house.article("late", published="2026-03-20T05:00:00+01:00")
    run = house.run("digest", "daily", now="2026-03-20T12:00")
    assert [problem for problem in run.problems if problem.startswith("daily: 10 editions were missed")]
    assert run.step("digest")["edition"] == "daily-2026-03-21"


def test_why_knows_of_a_skipped_edition_what_kept_each_story_out(house: House) -> None:
    booking(house, "ad")
    house.article("museum", published="2026-03-10T05:30:00+01:00")
    house.article("ancient", published="2026-01-05T05:00:00+01:00")
    house.run(now=SIX)
    house.run(now="2026-03-11T06:01")
    day = "daily-2026-03-11"
    assert why(house, "museum", day) == "left out: already in an edition of this newsletter"
    assert why(house, "ad", day) == "left out: a booking alone makes no edition"
    assert why(house, "ancient", day) == (
        "the edition has no stories: no new story since 2026-03-10 06:01; 1 booking alone makes no edition; "
        "it was published 2026-01-05 05:00, before the edition's window"
    )
