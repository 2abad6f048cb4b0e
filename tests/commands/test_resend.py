"""`resend` and `resolve`: a second hand-over, and what a person knows of a first one."""

from __future__ import annotations

import contextlib
import io
import sqlite3
from pathlib import Path

import pytest

from commands.main import main
from commands.waits import is_looked_at
from tests.commands.house import House, Run, built

SIX = "2026-03-10T06:01"
LATER = "2026-03-10T07:00"
KEY = "daily-2026-03-10"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """An edition handed over to two readers in two batches, of which the second was refused."""
    house = built(tmp_path / "quay")
    house.article("bridge")
    house.readers("paid@example.org,paid,", "free@example.org,free,")
    house.run(now=SIX)
    batch(house, 2, "refused", "550 no such mailbox")
    for path in (house.root / "outbox" / KEY).glob("*.eml"):
        path.unlink()
    return house


def batch(house: House, number: int, state: str, reason: str = "") -> None:
    """As a provider would have left it."""
    with contextlib.closing(sqlite3.connect(house.root / "standfirst.db")) as database, database:
        database.execute("update batches set state = ?, reason = ? where id = ?", (state, reason, number))


def said(run: Run, status: int = 2) -> str:
    """The one line of a refusal."""
    assert run.status == status, run.lines
    (message,) = run.problems
    return str(message)


def resend(house: House, *arguments: str) -> Run:
    return house.run("resend", KEY, *arguments, now=LATER)


def test_those_refused_get_it_with_the_next_run(house: House) -> None:
    run = resend(house, "--only", "refused")
    assert (run.status, run.step("resend")["readers"]) == (0, 1)
    assert house.run(now="2026-03-10T07:05").step("deliver")["accepted"] == 2
    assert list(house.mails(KEY)) == ["free@example.org"]
    assert said(resend(house, "--only", "refused")) == f"{KEY}: nobody was refused"


def test_who_was_refused_and_is_planned_is_said_where_it_is_asked_for_again(house: House) -> None:
    # Whoever has it and gets another one was not refused.
    assert resend(house, "--only", "1").status == 0
    assert resend(house, "--only", "refused").status == 0
    assert said(resend(house, "--only", "refused")) == (
        f"{KEY} is planned again already for 1 reader refused: the next run hands it over"
    )
    house.run(now="2026-03-10T07:05")
    assert said(resend(house, "--only", "refused")) == f"{KEY}: nobody was refused"


def test_of_those_refused_who_is_planned_already_is_counted_beside_the_others(house: House) -> None:
    batch(house, 1, "refused", "550")
    assert resend(house, "--only", "2").status == 0
    step = resend(house, "--only", "refused").step("resend")
    assert (step["readers"], step["planned_already"]) == (1, 1)


@pytest.mark.parametrize("who", ["paid@example.org", "Paid@EXAMPLE.org", "1"])
def test_one_reader_gets_it_by_address_or_number(house: House, who: str) -> None:
    assert resend(house, "--only", who).status == 0
    house.run(now="2026-03-10T07:05")
    assert list(house.mails(KEY)) == ["paid@example.org"]


def test_a_dry_run_says_how_many_and_plans_nothing(house: House) -> None:
    run = resend(house, "--only", "refused", "--dry-run")
    assert run.status == 0
    step = run.step("resend")
    assert (step["readers"], step["dry_run"], "next" in step) == (1, "nothing was changed", False)
    assert house.run(now="2026-03-10T07:05").steps("deliver") == []


@pytest.mark.parametrize("who", ["9" * 20, "9" * 5_000, "2147483648", "nobody@example.org", "a@b@c", "²"])
def test_who_is_not_there_is_wrong_use_and_not_repeated(house: House, who: str) -> None:
    message = said(resend(house, "--only", who))
    assert message.startswith("resend: --only: no reader has this address or number")
    assert who not in message


def test_a_reader_or_an_edition_that_is_not_there_is_wrong_use(house: House) -> None:
    assert said(resend(house, "--only", "77")) == f"{KEY} was not meant for reader 77: not subscribed then"
    assert said(house.run("resend", "daily-2026-03-19", "--only", "refused", now=LATER)).startswith(
        "there is no edition"
    )


def test_several_readers_are_named_at_once(house: House) -> None:
    run = resend(house, "--only", "paid@example.org", "--only", "2")
    assert (run.status, run.step("resend")["readers"]) == (0, 2)
    house.run(now="2026-03-10T07:05")
    assert sorted(house.mails(KEY)) == ["free@example.org", "paid@example.org"]
    assert "not both" in said(resend(house, "--only", "refused", "--only", "2"))


def test_a_letter_without_its_withdrawn_story_is_made_anew_where_that_is_asked_for(tmp_path: Path) -> None:
    house = built(tmp_path / "quay")
    house.article("bridge")
    house.article("museum", "culture")
    house.readers("paid@example.org,paid,")
    house.run(now=SIX)
    for path in (house.root / "outbox" / KEY).glob("*.eml"):
        path.unlink()
    (house.root / "articles" / "politics" / "bridge.md").unlink()
    house.run("sync", "--allow-withdrawals", now=LATER)
    message = said(resend(house, "--only", "paid@example.org"), 3)
    assert "has been withdrawn since (bridge), so it is not handed over again; `--anew` hands" in message
    run = resend(house, "--only", "paid@example.org", "--anew")
    assert (run.status, run.step("resend")["readers"]) == (0, 1)
    assert house.run(now="2026-03-10T07:05").step("deliver")["accepted"] == 1
    (mail,) = house.mails(KEY).values()
    text = str(mail.get_body(("plain",)))
    assert "The museum story" in text
    assert "The bridge story" not in text
    log = [line["what"] for line in house.run("status", KEY, now=LATER).steps("log")]
    assert "to be handed over again: reader 1, as the edition is now" in log


def test_a_letter_with_a_withdrawn_story_is_held(house: House) -> None:
    house.article("ferry", published="2026-03-10T06:30:00+01:00")
    (house.root / "articles" / "politics" / "bridge.md").unlink()
    house.run("sync", "--allow-withdrawals", now=LATER)
    assert "has been withdrawn since" in said(resend(house, "--only", "refused"), 3)
    # No command is named that comes to nothing: the edition as it is now has no story left.
    (waits,) = house.run("status", "--problems", now=LATER).steps("status")
    assert (waits["trouble"], waits.get("commands")) == ("refused", None)
    assert "550 no such mailbox (1); all of them had a story in their letter" in waits["message"]


def test_where_only_the_edition_as_it_is_now_can_go_that_is_the_command(tmp_path: Path) -> None:
    house = built(tmp_path / "quay")
    house.article("bridge")
    house.article("museum", "culture")
    house.readers("paid@example.org,paid,")
    house.run(now=SIX)
    batch(house, 1, "refused", "550 no such mailbox")
    (house.root / "articles" / "politics" / "bridge.md").unlink()
    house.run("sync", "--allow-withdrawals", now=LATER)
    (waits,) = house.run("status", "--problems", now=LATER).steps("status")
    assert waits["commands"] == [f"resend {KEY} --only refused --anew"]
    assert "withdrawn since: the edition as it is now can go to them" in waits["message"]
    assert resend(house, "--only", "refused", "--anew").step("resend")["readers"] == 1
    assert house.run(now="2026-03-10T07:05").step("deliver")["accepted"] == 1


def test_who_is_planned_already_is_passed_over_and_said(house: House) -> None:
    assert resend(house, "--only", "1").status == 0
    run = resend(house, "--only", "1", "--only", "2", "--anew")
    step = run.step("resend")
    assert (run.status, step["readers"], step["planned_already"]) == (0, 1, 1)
    both = said(resend(house, "--only", "1", "--only", "2"))
    assert both == f"{KEY} is planned for reader 1: accepted before, and asked for again"
    house.run(now="2026-03-10T07:05")
    assert sorted(house.mails(KEY)) == ["free@example.org", "paid@example.org"]
    log = [line["what"] for line in house.run("status", KEY, now=LATER).steps("log")]
    assert "to be handed over again: 1 reader, as the edition is now" in log


def test_only_those_whose_letter_is_whole_get_it_and_how_many_is_said(house: House) -> None:
    with contextlib.closing(sqlite3.connect(house.root / "standfirst.db")) as database, database:
        database.execute("update batches set state = 'refused', reason = '550'")
    house.article("ferry", published="2026-03-10T06:30:00+01:00")
    house.run("sync", now=LATER)
    commands = house.run("status", "--problems", now=LATER).steps("status")[0]["commands"]
    assert commands == [f"resend {KEY} --only refused"]
    with contextlib.closing(sqlite3.connect(house.root / "standfirst.db")) as database, database:
        database.execute(
            "update batches set revision = 2 where id = 2",
        )
        database.execute(
            "insert into edition_revisions (edition, revision, selection, left_out, made, by, why) "
            "select edition, 2, replace(selection, 'bridge', 'quay'), left_out, made, by, why "
            "from edition_revisions"
        )
    (waits,) = house.run("status", "--problems", now=LATER).steps("status")
    assert "; 1 of them had a story in their letter that was withdrawn since" in waits["message"]
    assert waits["commands"] == [f"resend {KEY} --only refused"]
    run = resend(house, "--only", "refused")
    assert (run.status, run.step("resend")["readers"], run.step("resend")["withheld"]) == (0, 1, 1)
    assert "a story in the letter of 1 reader has been withdrawn since" in run.problems[0]


def test_of_a_stopped_edition_no_command_is_named_for_those_refused(house: House) -> None:
    with contextlib.closing(sqlite3.connect(house.root / "standfirst.db")) as database, database:
        database.execute("update editions set state = 'stopped'")
    (waits,) = house.run("status", "--problems", now=LATER).steps("status")
    assert waits.get("commands") is None
    assert (
        f"it is stopped, so nothing of it is handed over again; `resume {KEY}` comes first"
        in waits["message"]
    )


@pytest.fixture
def uncertain(house: House) -> House:
    """The second batch is uncertain instead."""
    batch(house, 2, "uncertain", "cut off")
    return house


def test_what_nobody_said_of_a_batch_is_asked_for(uncertain: House) -> None:
    message = said(uncertain.run("resolve", "2", now=LATER))
    assert message == "resolve: say --sent or --not-sent: whether the provider's log has the mails of batch 2"


@pytest.mark.parametrize(("choice", "accepted"), [("--sent", None), ("--not-sent", 2)])
def test_a_batch_is_settled_as_a_person_knows_it(uncertain: House, choice: str, accepted: int | None) -> None:
    dry = uncertain.run("resolve", "2", choice, "--dry-run", now=LATER)
    assert (dry.status, dry.step("resolve")["readers"]) == (0, 1)
    assert dry.step("resolve")["dry_run"] == "nothing was changed"
    assert uncertain.run(now=LATER).status == 3
    assert uncertain.run("resolve", "2", choice, now=LATER).status == 0
    after = uncertain.run(now="2026-03-10T07:05")
    assert after.status == 0
    assert [line["accepted"] for line in after.steps("deliver") if "accepted" in line] == (
        [accepted] if accepted else []
    )


@pytest.mark.parametrize(
    ("message", "is_known"),
    [
        ("x: then: `readers bounces daily-1 --stop` or `readers bounces daily-1 --ignore`", True),
        ("daily-2 is held: why; `release daily-2` lets it go", True),
        ("the witness objects; say `release`", True),
        ("batch 2 is uncertain: then: `resolve 2 --sent` or `resolve 2 --not-sent`", True),
        ("what nobody can look at: `sync`", False),
        ("what names no command", False),
    ],
)
def test_what_a_run_noted_that_is_looked_at_anew(message: str, is_known: bool) -> None:
    assert is_looked_at(message) is is_known


def test_what_a_person_settled_is_asked_for_no_more(uncertain: House) -> None:
    """Before the next run, which forgets what it noted."""
    assert uncertain.run(now=LATER).status == 3
    looked = uncertain.run("status", "--problems", now=LATER)
    (asked,) = [message for message in looked.problems if "cut off" in message]
    assert "has only some of them: FILE names the others" in asked
    assert looked.status == 3
    assert uncertain.run("resolve", "2", "--sent", now=LATER).status == 0
    looked = uncertain.run("status", "--problems", now=LATER)
    assert not any("resolve" in message for message in looked.problems), looked.problems


def test_all_that_is_uncertain_of_an_edition_is_settled_at_once(uncertain: House) -> None:
    batch(uncertain, 1, "uncertain", "cut off")
    step = uncertain.run("resolve", KEY, "--sent", now=LATER).step("resolve")
    assert (step["batches"], step["readers"]) == (2, 2)
    assert said(uncertain.run("resolve", KEY, "--sent", now=LATER)) == f"{KEY}: nothing of it is uncertain"


def test_many_batches_of_one_reason_wait_as_one(uncertain: House, capsys: pytest.CaptureFixture[str]) -> None:
    batch(uncertain, 1, "uncertain", "cut off")
    run = uncertain.run(now=LATER)
    (message,) = [message for message in run.problems if "uncertain" in message]
    assert message.startswith(f"{KEY}: 2 batches, 2 readers, are uncertain: cut off; ask the provider's log")
    assert message.endswith(f"then: `resolve {KEY} --sent` or `resolve {KEY} --not-sent`")
    (waits,) = uncertain.run("status", "--problems", now=LATER).steps("status")
    assert (waits["batches"], waits["readers"]) == ([1, 2], 2)
    ways = [f"resolve {KEY} --sent", f"resolve {KEY} --not-sent", f"resolve {KEY} --sent --but FILE"]
    assert waits["commands"] == ways
    capsys.readouterr()
    main(["--config", str(uncertain.config), "--now", LATER, "status", "--problems"])
    page = capsys.readouterr().out
    assert f"{KEY}  uncertain, 2 batches, 2 readers" in page
    assert page.count("--not-sent") == 1
    assert all(f"    python send.py {way}\n" in page for way in ways)


def but(house: House, *lines: str) -> str:
    path = house.root / "others.txt"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8-sig")
    return str(path)


@pytest.mark.parametrize(
    ("choice", "who"), [("--sent", "free@example.org"), ("--not-sent", "paid@example.org")]
)
def test_of_a_batch_that_is_half_known_some_are_said_to_have_it(
    uncertain: House, choice: str, who: str
) -> None:
    batch(uncertain, 1, "uncertain", "cut off")
    arguments = ("resolve", KEY, choice, "--but", but(uncertain, f" {who.upper()} ", ""))
    dry = uncertain.run(*arguments, "--dry-run", now=LATER).step("resolve")
    assert (dry["sent"], dry["planned_again"], dry["dry_run"]) == (1, 1, "nothing was changed")
    assert uncertain.run(*arguments, now=LATER).step("resolve")["readers"] == 2
    assert uncertain.run(now="2026-03-10T07:05").step("deliver")["accepted"] == 2
    assert list(uncertain.mails(KEY)) == ["free@example.org"]


def test_those_named_are_read_from_what_comes_in(uncertain: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("2\n"))
    step = uncertain.run("resolve", "2", "--sent", "--but", "-", now=LATER).step("resolve")
    assert (step["sent"], step["planned_again"]) == (0, 1)


def test_whom_nobody_doubts_is_wrong_use_by_line_and_not_repeated(uncertain: House) -> None:
    path = but(uncertain, "free@example.org", "paid@example.org", "a@b@c", "9" * 5_000)
    message = said(uncertain.run("resolve", "2", "--sent", "--but", path, now=LATER))
    assert message.startswith("resolve: --but: line 2, 3, 4: no reader of whom this is uncertain")
    assert "paid@" not in message
    assert "there is no batch 77" in said(uncertain.run("resolve", "77", "--sent", "--but", path, now=LATER))
    for path in (but(uncertain, "", " "), str(uncertain.root / "nowhere")):
        assert said(uncertain.run("resolve", "2", "--sent", "--but", path, now=LATER))
    (waits,) = uncertain.run("status", "--problems", now=LATER).steps("status")
    assert waits["readers"] == 1


def test_stop_says_who_has_it(uncertain: House) -> None:
    with contextlib.closing(sqlite3.connect(uncertain.root / "standfirst.db")) as database, database:
        database.execute("update editions set state = 'sending'")
        database.execute("update batches set state = 'planned' where id = 2")
    for more in (["--dry-run"], []):
        line = uncertain.run("stop", KEY, *more, now=LATER).step("stop")
        assert (line["have_it"], line["of"], "taken_back" in line) == (1, 2, False)


def cut_off(house: House) -> House:
    """The second batch is as a run left it that was killed, and the edition stopped since."""
    batch(house, 2, "handed")
    with contextlib.closing(sqlite3.connect(house.root / "standfirst.db")) as database, database:
        database.execute("update batches set owner = 'gone' where id = 2")
        database.execute("update editions set state = 'stopped', finished = null")
    return house


def test_what_was_cut_off_of_a_stopped_edition_is_settled_by_the_next_run(house: House) -> None:
    cut_off(house)
    (waits,) = house.run("status", "--problems", now=LATER).steps("status")
    assert (waits["trouble"], waits["commands"]) == ("cut off", ["resolve 2 --sent", "resolve 2 --not-sent"])
    assert "hands nothing over, for the edition is stopped" in waits["message"]
    (dry,) = house.run("deliver", "--dry-run", now=LATER).steps("deliver")
    assert dry["dry_run"] == "what its run was cut off in would be settled"
    run = house.run(now=LATER)
    # The outbox was looked into: it has nothing of it.
    assert (run.step("deliver")["accepted"], run.step("deliver")["waiting"]) == (1, 1)
    assert house.mails(KEY) == {}
    assert house.run("status", "--problems", now=LATER).step("status")["problems"] == "none"


def test_a_batch_that_was_cut_off_is_not_in_flight(house: House) -> None:
    cut_off(house)
    with contextlib.closing(sqlite3.connect(house.root / "standfirst.db")) as database, database:
        database.execute("update editions set state = 'sending'")
    line = house.run("stop", KEY, now=LATER).step("stop")
    assert (line["have_it"], line["cut_off"], "in_flight" in line) == (1, 1, False)


def test_a_batch_that_was_put_off_has_a_command_once_its_time_has_come(house: House) -> None:
    with contextlib.closing(sqlite3.connect(house.root / "standfirst.db")) as database, database:
        database.execute("update editions set state = 'sending', finished = null")
        database.execute(
            "update batches set state = 'planned', attempts = 1, not_before = '2026-03-10 06:25:00.000000'"
            " where id = 2"
        )
    for time, commands in (("07:20", None), ("07:30", ["deliver"])):
        (waits,) = house.run("status", "--problems", now=f"2026-03-10T{time}").steps("status")
        assert (waits["trouble"], waits.get("commands")) == ("put off", commands)


def test_half_an_edition_goes_on_where_the_clock_went_back(house: House) -> None:
    cut_off(house)
    with contextlib.closing(sqlite3.connect(house.root / "standfirst.db")) as database, database:
        database.execute("update editions set state = 'sending'")
    assert house.run(now="2026-03-10T05:30").step("deliver")["accepted"] == 2
    assert len(house.mails(KEY)) == 1


@pytest.mark.parametrize("whole", [False, True])
def test_a_person_may_say_what_became_of_a_batch_that_was_cut_off(house: House, whole: bool) -> None:
    cut_off(house)
    step = house.run("resolve", KEY if whole else "2", "--sent", now=LATER).step("resolve")
    assert step["readers"] == 1
    assert house.run("status", "--problems", now=LATER).step("status")["problems"] == "none"


def test_resume_says_to_how_many_it_hands_over(house: House) -> None:
    cut_off(house)
    step = house.run("resolve", "2", "--not-sent", now=LATER).step("resolve")
    assert step["next"] == f"{KEY} is stopped: they wait for `resume`"
    for more in (["--dry-run"], []):
        step = house.run("resume", KEY, *more, now=LATER).step("resume")
        assert (step["hands_over_to"], step["have_it"], "uncertain" in step) == (1, 1, False)
    assert house.run(now=LATER).step("deliver")["accepted"] == 2


@pytest.mark.parametrize("number", ["0", "-1", "9" * 20, "two"])
def test_what_is_no_batch_number_is_wrong_use(uncertain: House, number: str) -> None:
    assert uncertain.run("resolve", "--sent", "--", number, now=LATER).status == 2


def test_a_batch_that_is_settled_or_not_there_is_wrong_use(uncertain: House) -> None:
    assert "there is no batch 77" in said(uncertain.run("resolve", "77", "--sent", now=LATER))
    assert "nothing in it is uncertain" in said(uncertain.run("resolve", "1", "--sent", now=LATER))


def test_one_reader_is_said_as_one(uncertain: House) -> None:
    run = uncertain.run(now=LATER)
    assert any("batch 2, 1 reader, is uncertain: cut off;" in message for message in run.problems)
    uncertain.run("resolve", "2", "--sent", now=LATER)
    log = [line["what"] for line in uncertain.run("status", KEY, now=LATER).steps("log")]
    assert log[0] == "composed with 1 story"
    assert "planned: 2 readers in 2 batches, 2 variants" in log
    assert log[-1] == "batch 2 (1 reader): sent"
