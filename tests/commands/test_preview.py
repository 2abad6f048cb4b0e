"""`preview` and `test`: the edition that is next, as files and as a mail to oneself; nothing is stored."""

from __future__ import annotations

from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

import pytest

from commands.test_message import complaint
from newsletter.providers import Answer
from readership.tokens import NOBODY, read_unsubscribe
from tests.commands.house import House, Run, built, html_of, text_of

EVE = "2026-03-09T18:00"
AHEAD = "2026-03-10T05:40"
SIX = "2026-03-10T06:01"
KEY = "daily-2026-03-10"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Two stories and a reader, nothing composed yet."""
    house = built(tmp_path / "quay")
    house.article("bridge")
    house.article("museum", "culture", access="free")
    house.readers("paid@example.org,paid,")
    return house


def page(house: House, plan: str = "paid", key: str = KEY) -> str:
    return (house.root / "preview" / key / f"{plan}.html").read_text(encoding="utf-8")


def shows(run: Run, step: str = "preview") -> tuple[str, str, int]:
    """Which edition, how it stands, and how many stories it has."""
    assert run.status == 0, run.lines
    first = run.steps(step)[0]
    return first["edition"], first["shows"], first["stories"]


def withdrawn(house: House, name: str, now: str) -> None:
    (house.root / "articles" / "politics" / f"{name}.md").unlink()
    house.run("sync", now=now)


def test_one_sent_before_its_hour_is_shown_without_what_is_not_out_yet(tmp_path: Path) -> None:
    house = built(tmp_path / "quay", more='hold = "20m"\n')
    house.article("bridge")
    house.article("ferry", published="2026-03-10T05:50:00+01:00")
    house.readers("paid@example.org,paid,")
    house.run("digest", "daily", now=AHEAD)
    assert shows(house.run("preview", now="2026-03-10T05:45"))[2] == 2
    house.run("release", KEY, "--at-once", now="2026-03-10T05:46")
    assert shows(house.run("preview", now="2026-03-10T05:46"))[2] == 1
    # A hold gives it its hour back.
    house.run("hold", KEY, now="2026-03-10T05:46")
    assert shows(house.run("preview", now="2026-03-10T05:47"))[2] == 2


def test_before_it_is_composed_it_shows_what_would_be_and_stores_nothing(house: House) -> None:
    run = house.run("preview", now=AHEAD)
    assert shows(run) == (KEY, "not composed yet; as it would be, due 2026-03-10 06:00", 2)
    for plan in ("free", "trial", "paid"):
        assert "The bridge story" in page(house, plan)
        assert (house.root / "preview" / KEY / f"{plan}.txt").exists()
    assert "Start your trial" in page(house, "free")
    assert "Start your trial" not in page(house, "paid")
    assert house.run("status", now=AHEAD).steps("status") == []
    assert not (house.root / "outbox").exists()


def test_the_composed_one_is_shown_as_its_stories_are_now(house: House) -> None:
    house.run("digest", "daily", now=AHEAD)
    house.article("bridge", headline="Corrected")
    run = house.run("preview", "--plan", "free", now=AHEAD)
    assert shows(run) == (KEY, "composed, due 2026-03-10 06:00", 2)
    assert run.step("preview")["subject"] == "Corrected"
    assert not (house.root / "preview" / KEY / "paid.html").exists()


def test_a_held_edition_of_another_day_is_not_the_next_one(house: House) -> None:
    house.run("digest", "daily", now=AHEAD)
    house.run("hold", KEY, now=AHEAD)
    assert shows(house.run("preview", now=SIX)) == (KEY, "held: by hand", 2)
    withdrawn(house, "bridge", SIX)
    house.article("ferry", published="2026-03-12T20:00:00+01:00")
    for arguments, now in (((), "2026-03-13T05:00"), (("--at", "2026-03-13T05:00"), "2026-03-12T21:00")):
        run = house.run("preview", *arguments, now=now)
        key = "daily-2026-03-13"
        assert shows(run) == (key, "not composed yet; as it would be, due 2026-03-13 06:00", 1)
        assert "The ferry story" in page(house, key=key)
        assert "bridge" not in page(house, key=key)


def test_what_is_late_is_shown_as_it_would_be_sent_and_then_in_the_next_one(house: House) -> None:
    house.run("digest", "daily", now=AHEAD)
    assert shows(house.run("preview", now="2026-03-10T08:59"))[:2] == (KEY, "composed, due 2026-03-10 06:00")
    assert shows(house.run("preview", now="2026-03-10T09:01"))[0] == "daily-2026-03-11"
    # Looking made nothing missed.
    assert house.run("status", KEY, now=SIX).steps("status")[0]["state"] == "composed"


def test_of_a_composed_one_whose_stories_are_withdrawn_nothing_is_shown(house: House) -> None:
    house.run("digest", "daily", now=AHEAD)
    for name in ("politics/bridge.md", "culture/museum.md"):
        (house.root / "articles" / name).unlink()
    house.article("ferry", published="2026-03-10T05:42:00+01:00")
    house.run("sync", "--allow-withdrawals", now="2026-03-10T05:45")
    run = house.run("preview", now="2026-03-10T05:50")
    key = "daily-2026-03-11"
    assert shows(run) == (key, "not composed yet; as it would be, due 2026-03-11 06:00", 1)
    assert "bridge" not in str(run.lines) + page(house, key=key)


def test_where_there_would_be_none_it_says_why(house: House) -> None:
    house.run(now=SIX)
    run = house.run("preview", now="2026-03-10T07:00")
    assert run.status == 3
    (message,) = run.problems
    assert message.startswith("daily-2026-03-11: as things are there would be no edition: no new story")


def test_the_last_one_is_shown_without_what_was_withdrawn_since(house: House) -> None:
    house.run(now=SIX)
    assert shows(house.run("preview", "--last", now="2026-03-10T07:00")) == (
        KEY,
        "sent, due 2026-03-10 06:00",
        2,
    )
    withdrawn(house, "bridge", "2026-03-10T07:05")
    run = house.run("preview", "--last", now="2026-03-10T07:10")
    assert shows(run)[2] == 1
    assert "bridge" not in page(house)
    assert run.step("preview")["subject"] == "The museum story"


def test_a_time_that_is_none_is_named_with_its_option(house: House) -> None:
    for arguments, message in (
        (("preview", "--at", "soon"), '--at: "soon" is not a time'),
        (("preview", "--at", "9999-12-31"), '--at: "9999-12-31" is in the year 9999; allowed: 1970 to 2199'),
    ):
        run = house.run(*arguments, now=AHEAD)
        assert run.status == 2
        assert run.problems[0].startswith(message)
    for now in ("0001-01-01", "9999-12-31T23:59", "1969-12-31"):
        assert house.run("status", now=now).problems[0].startswith(f'--now: "{now}" is in the year')


def mails(house: House, key: str = KEY) -> list[EmailMessage]:
    found = []
    for path in sorted((house.root / "outbox" / f"test-{key}").glob("*.eml")):
        message = BytesParser(policy=policy.default).parsebytes(path.read_bytes())
        assert isinstance(message, EmailMessage)
        found.append(message)
    return found


def test_a_test_says_where_its_mails_lie_and_leaves_the_ledger_alone(house: House) -> None:
    run = house.run("test", "me@example.org", "--all", now=AHEAD)
    assert shows(run, "test")[:1] == (KEY,)
    assert run.step("test")["folder"] == str(house.root / "outbox" / f"test-{KEY}")
    found = mails(house)
    assert [str(mail["Subject"]) for mail in found] == [
        f"[Test, {plan}] The bridge story" for plan in ("free", "trial", "paid")
    ]
    assert {str(mail["To"]) for mail in found} == {"me@example.org"}
    assert "Start your trial" in html_of(found[0])
    assert "9 days" in text_of(found[1])
    assert house.run("status", now=AHEAD).steps("status") == []


def test_a_test_mails_link_belongs_to_nobody(house: House) -> None:
    house.run("test", "me@example.org", now=AHEAD)
    (mail,) = mails(house)
    token = str(mail["List-Unsubscribe"]).strip("<>").rpartition("/")[2]
    asked = read_unsubscribe([("k1", bytes.fromhex("ab" * 32))], token)
    assert asked is not None
    assert (asked.reader_id, asked.newsletter) == (NOBODY, "daily")


def test_what_is_no_address_is_wrong_use(house: House) -> None:
    run = house.run("test", "me at example", now=AHEAD)
    assert run.status == 2
    assert "me at example" not in str(run.lines)


def test_a_test_that_is_not_taken_says_so_in_a_sentence(house: House) -> None:
    (house.root / "outbox").write_text("in the way", encoding="utf-8")
    run = house.run("test", "me@example.org", now=AHEAD)
    assert run.status == 1
    (message,) = run.problems
    assert message.startswith("the test mail for free was not sent: outbox takes nothing for now: ")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer.REFUSED, "the test mail for free was refused by smtp: 550 no"),
        (
            Answer.UNCERTAIN,
            "nobody knows whether the test mail for free was sent: 550 no; look into your mailbox",
        ),
        (Answer.NOT_NOW, "the test mail for free was not sent: smtp takes nothing for now: 550 no"),
        (Answer.STOP, "the test mail for free was not sent: smtp takes nothing from us: 550 no"),
    ],
)
def test_every_answer_is_a_sentence(answer: Answer, words: str) -> None:
    assert complaint("smtp", "free", answer, "550 no") == words


def test_open_hands_every_page_to_the_browser(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    house.run("preview", "--open", now=AHEAD)
    assert [url.rpartition("/")[2] for url in opened] == ["free.html", "trial.html", "paid.html"]


def test_no_link_leads_to_the_archive_before_it_has_the_edition(tmp_path: Path) -> None:
    house = built(tmp_path / "quay", more='archive = "everyone"')
    house.article("bridge")
    house.readers("paid@example.org,paid,")
    house.run("preview", now=AHEAD)
    house.run("test", "me@quay.example", now=AHEAD)
    assert "/archive/" not in page(house)
    assert "/archive/" not in html_of(house.mails(f"test-{KEY}")["me@quay.example"])
    house.run(now=SIX)
    house.run("preview", "--last", now="2026-03-10T06:10")
    assert f"/archive/{KEY}" in page(house)
