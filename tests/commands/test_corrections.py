"""A correction by the real command: a file is edited, the next morning's mail says so to those who had it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.house import House, built, text_of

FIRST, SECOND, THIRD = "2026-03-10T06:01", "2026-03-11T06:01", "2026-03-12T06:01"
WORDS = "The bridge is 87 metres long, not 78."
EDITIONS = ["daily-2026-03-10", "daily-2026-03-11", "daily-2026-03-12"]


@pytest.fixture
def house(tmp_path: Path) -> House:
    """An edition has gone out to one reader; then a second one came, and the article was corrected."""
    house = built(tmp_path / "quay")
    house.article("bridge")
    house.readers("first@example.org,paid,")
    assert house.run(now=FIRST).status == 0
    house.readers("first@example.org,paid,", "second@example.org,free,")
    house.article("bridge", correction=WORDS)
    house.article("ferry", published="2026-03-11T05:00:00+01:00")
    return house


def mails(house: House, edition: str) -> dict[str, str]:
    """The text of each reader's mail, on one line."""
    return {to: text_of(mail).replace("\n", " ") for to, mail in house.mails(edition).items()}


def test_it_is_in_the_next_mail_of_who_had_it_wrong_and_in_that_alone(house: House) -> None:
    assert house.run(now=SECOND).status == 0
    told = mails(house, EDITIONS[1])
    assert WORDS in told["first@example.org"]
    assert "https://quay.example/" in told["first@example.org"]
    assert "Wrong in our edition of 10 March 2026" in told["first@example.org"]
    assert WORDS not in told["second@example.org"]
    house.article("cello", published="2026-03-12T05:00:00+01:00")
    assert house.run(now=THIRD).status == 0
    assert [WORDS in text for text in mails(house, EDITIONS[2]).values()] == [False, False]


def test_a_skipped_edition_carries_it_over(house: House) -> None:
    (house.root / "articles" / "politics" / "ferry.md").unlink()
    house.run(now=SECOND)
    assert mails(house, EDITIONS[1]) == {}
    house.article("cello", published="2026-03-12T05:00:00+01:00")
    house.run(now=THIRD)
    told = mails(house, EDITIONS[2])
    assert WORDS in told["first@example.org"]
    assert WORDS not in told["second@example.org"]


def test_a_correction_that_is_withdrawn_with_its_article_is_told_to_nobody(house: House) -> None:
    (house.root / "articles" / "politics" / "bridge.md").unlink()
    house.run(now=SECOND)
    assert all("metres" not in text for text in mails(house, EDITIONS[1]).values())


def test_why_and_the_log_say_how_many_were_told(house: House) -> None:
    house.run(now=SECOND)
    answer = house.run("why", "bridge", EDITIONS[1], now=SECOND).step("why")["answer"]
    assert answer.endswith("its correction is at the top for 1 reader who had been sent it without")
    assert "correction" not in house.run("why", "ferry", EDITIONS[1], now=SECOND).step("why")["answer"]


def test_a_preview_shows_the_box_only_when_asked_to(house: House) -> None:
    def text(*arguments: str) -> str:
        run = house.run("preview", "--plan", "paid", *arguments, now=SECOND)
        assert run.status == 0, run.problems
        return (house.root / "preview" / EDITIONS[1] / "paid.txt").read_text("utf-8").replace("\n", " ")

    assert WORDS not in text()
    assert WORDS in text("--correction")
    house.article("bridge", correction=None)
    run = house.run("preview", "--correction", now=SECOND)
    assert "none is owed to anybody" in str(run.steps("preview"))


def test_an_edit_of_the_composed_edition_keeps_the_box(house: House) -> None:
    house.run("digest", "daily", now="2026-03-11T05:50")
    assert house.run("edit", EDITIONS[1], "--subject", "Ours", now="2026-03-11T05:55").status == 0
    house.run(now=SECOND)
    assert WORDS in mails(house, EDITIONS[1])["first@example.org"]
