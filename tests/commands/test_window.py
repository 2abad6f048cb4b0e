"""The window before an edition's hour, from the shell: composed ahead, previewed by mail, changed, sent."""

from __future__ import annotations

import re
import threading
from email.message import EmailMessage
from pathlib import Path

import pytest

from commands import asking
from tests.commands.house import House, built, html_of, text_of
from tests.servers.smtp import Server

KEY = "daily-2026-03-10"
NELE, ANA = "nele@quay.example", "ana@quay.example"
MORE = f'hold = "20m"\neditors = ["{NELE}", "{ANA}"]\n'


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Three stories, two readers, two editors."""
    house = built(tmp_path / "quay", more=MORE)
    house.article("bridge")
    house.article("ferry", published="2026-03-10T05:10:00+01:00")
    house.article("museum", "culture", access="free")
    house.readers("paid@example.org,paid,", "free@example.org,free,")
    return house


def previews(house: House) -> list[EmailMessage]:
    """The previews that were mailed so far."""
    return list(house.mails("letters-preview").values())


def state(house: House, now: str) -> dict[str, object]:
    found = house.run("status", KEY, now=now).steps("status")[0]
    return {name: found[name] for name in ("state", "goes", "revision")}


def test_it_is_composed_ahead_looked_at_and_goes_at_its_hour(house: House) -> None:
    assert house.run(now="2026-03-10T05:39").steps("digest") == []
    run = house.run(now="2026-03-10T05:41")
    assert (run.status, run.step("digest")["stories"]) == (0, 3)
    assert not house.mails(KEY)
    first = {str(mail["To"]): mail for mail in previews(house)}
    assert set(first) == {NELE, ANA}
    mail = first[NELE]
    assert mail["Subject"] == "Preview: The ferry story"
    text, html = text_of(mail), html_of(mail)
    for said in ("Goes out on Tuesday, 10 March 2026, 06:00", "2 (1 free and 1 paying)", "Politics"):
        assert said in html
        assert said in " ".join(text.split())
    assert "What everybody may read of museum." in html
    assert "for those who pay." not in html + text
    links = {re.search(r"/edition/[\w-]+", html_of(one))[0] for one in first.values()}  # type: ignore[index]
    assert len(links) == 2
    # Nobody is told twice.
    assert house.run(now="2026-03-10T05:50").status == 0
    assert len(list((house.root / "outbox" / "letters-preview").glob("*.eml"))) == 2
    run = house.run(now="2026-03-10T06:00")
    assert run.step("deliver")["accepted"] == 2
    assert set(house.mails(KEY)) == {"paid@example.org", "free@example.org"}
    assert "Goes out on" not in html_of(house.mails(KEY)["free@example.org"])


def test_one_composed_late_waits_its_whole_window(house: House) -> None:
    # The machine was off until now: nobody has seen it.
    house.run(now="2026-03-10T05:51")
    assert state(house, "2026-03-10T05:52")["goes"] == "2026-03-10T05:11:00+00:00"
    assert house.run(now="2026-03-10T06:05").steps("deliver") == []
    assert house.run(now="2026-03-10T06:11").step("deliver")["accepted"] == 2


def test_one_composed_at_the_last_moment_is_not_missed_for_its_window(house: House) -> None:
    house.run(now="2026-03-10T08:58")
    assert house.run(now="2026-03-10T09:10").steps("deliver") == []
    assert house.run(now="2026-03-10T09:20").step("deliver")["accepted"] == 2


def test_another_editors_changes_are_told_once_when_they_are_over(house: House) -> None:
    house.run(now="2026-03-10T05:40")
    house.run("edit", KEY, "--drop", "museum", now="2026-03-10T05:44")
    house.run("edit", KEY, "--lead", "bridge", now="2026-03-10T05:45")
    house.run(now="2026-03-10T05:46")
    folder = house.root / "outbox" / "letters-preview"
    assert len(list(folder.glob("*.eml"))) == 2
    house.run(now="2026-03-10T05:50")
    assert len(list(folder.glob("*.eml"))) == 4
    newest = max(folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
    assert b"Preview, changed: The bridge story" in newest.read_bytes()
    house.run("edit", KEY, "--lead", "ferry", now="2026-03-10T05:51")
    house.run(now="2026-03-10T05:58")
    assert len(list(folder.glob("*.eml"))) == 4


def test_send_now_from_the_shell_and_only_when_it_is_said(house: House) -> None:
    house.run(now="2026-03-10T05:40")
    assert house.run("release", KEY, now="2026-03-10T05:45").status == 2
    run = house.run("release", KEY, "--at-once", now="2026-03-10T05:45")
    assert (run.status, run.step("release")["state"]) == (0, "composed")
    assert house.run(now="2026-03-10T05:46").step("deliver")["accepted"] == 2
    # It was today's: there is no second one at its hour.
    assert house.run(now="2026-03-10T06:01").steps("digest") == []


def test_held_over_its_hour_and_then_released(house: House) -> None:
    house.run(now="2026-03-10T05:40")
    house.run("hold", KEY, "--why", "the lawyer reads it", now="2026-03-10T05:50")
    assert house.run(now="2026-03-10T06:05").status == 3
    house.run("release", KEY, now="2026-03-10T10:30")
    assert house.run(now="2026-03-10T10:31").step("deliver")["accepted"] == 2


def test_released_before_its_hour_it_goes_at_its_hour(house: House) -> None:
    house.run(now="2026-03-10T05:40")
    house.run("hold", KEY, now="2026-03-10T05:45")
    house.run("release", KEY, now="2026-03-10T05:50")
    assert house.run(now="2026-03-10T05:55").steps("deliver") == []
    assert house.run(now="2026-03-10T06:00").step("deliver")["accepted"] == 2


def test_what_is_embargoed_until_the_hour_is_seen_by_editors_and_by_readers_then(house: House) -> None:
    house.article("budget", published="2026-03-10T06:00:00+01:00")
    house.article("later", published="2026-03-10T06:01:00+01:00")
    house.run(now="2026-03-10T05:40")
    (mail, *_) = previews(house)
    assert "The budget story" in html_of(mail)
    assert "The later story" not in html_of(mail)
    house.run("edit", KEY, "--lead", "budget", now="2026-03-10T05:50")
    assert house.run(now="2026-03-10T06:00").step("deliver")["accepted"] == 2
    assert "The budget story" in html_of(house.mails(KEY)["free@example.org"])


def test_what_is_embargoed_still_is_in_no_mail_that_goes_before_its_hour(house: House) -> None:
    house.article("budget", published="2026-03-10T06:00:00+01:00")
    house.run(now="2026-03-10T05:40")
    house.run("edit", KEY, "--lead", "budget", now="2026-03-10T05:44")
    for arguments in (("--dry-run",), ()):
        run = house.run("release", KEY, "--at-once", *arguments, now="2026-03-10T05:45")
        (said,) = run.problems
        assert f"{KEY}: before its hour these are not in it" in said
        assert said.partition("have them: ")[2].startswith("budget; ")
        assert "leads instead of budget; the subject is " in said
    house.run(now="2026-03-10T05:46")
    assert "The budget story" not in html_of(house.mails(KEY)["free@example.org"])


def test_what_was_dropped_is_put_back(house: House) -> None:
    house.run(now="2026-03-10T05:40")
    house.run("edit", KEY, "--drop", "museum", now="2026-03-10T05:42")
    run = house.run("edit", KEY, "--back", "bridge", now="2026-03-10T05:43")
    assert (run.status, "allowed: museum" in run.problems[0]) == (2, True)
    assert house.run("edit", KEY, "--back", "museum", now="2026-03-10T05:43").step("edit")["stories"] == 3
    house.run(now="2026-03-10T06:00")
    assert "The museum story" in html_of(house.mails(KEY)["free@example.org"])


# The sources, asked once more


def test_what_the_source_withdrew_in_the_window_is_in_no_mail(house: House) -> None:
    house.article("tower")
    house.run(now="2026-03-10T05:40")
    (house.root / "articles" / "politics" / "ferry.md").unlink()
    house.article("bridge", headline="The bridge stays shut", access="free")
    # `deliver` alone reads no source by itself.
    assert house.run("deliver", now="2026-03-10T06:00").step("deliver")["accepted"] == 2
    html = html_of(house.mails(KEY)["free@example.org"])
    assert ("The ferry story" in html, "The bridge stays shut" in html) == (False, True)


def test_an_embargo_that_was_put_off_in_the_window_holds(house: House) -> None:
    house.article("budget", published="2026-03-10T06:00:00+01:00")
    house.run(now="2026-03-10T05:40")
    house.article("budget", published="2026-03-10T12:00:00+01:00")
    house.run("sync", now="2026-03-10T05:50")
    assert house.run("deliver", now="2026-03-10T06:00").step("deliver")["accepted"] == 2
    html = html_of(house.mails(KEY)["free@example.org"])
    assert ("The budget story" in html, "The ferry story" in html) == (False, True)


def test_a_source_that_is_away_stops_no_edition(house: House) -> None:
    house.run(now="2026-03-10T05:40")
    (house.root / "articles").rename(house.root / "elsewhere")
    run = house.run("deliver", now="2026-03-10T06:00")
    assert (run.status, run.step("deliver")["accepted"]) == (0, 2)
    (said,) = [message for message in run.problems if "once more" in message]
    assert said.endswith("it goes out with what is known, as of 2026-03-10 05:40")


def test_a_source_that_takes_too_long_stops_no_edition(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.run(now="2026-03-10T05:40")
    done = threading.Event()
    monkeypatch.setattr(asking, "LIMIT", 0.1)
    monkeypatch.setattr(asking, "sync_step", lambda *_, **__: done.wait(20))
    run = house.run("deliver", now="2026-03-10T06:00")
    done.set()
    assert (run.status, run.step("deliver")["accepted"]) == (0, 2)
    assert any("nothing complete came within 0.1 s" in message for message in run.problems)


def test_a_run_that_has_just_read_it_does_not_ask_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.run(now="2026-03-10T05:40")
    monkeypatch.setattr(asking, "sync_step", lambda *_, **__: pytest.fail("asked again"))
    assert house.run(now="2026-03-10T06:00").step("deliver")["accepted"] == 2


def test_doctor_tells_of_previews_that_reach_nobody_or_come_too_late(tmp_path: Path) -> None:
    late = f'editors = ["{NELE}"]\n[delivery]\nallow_to = ["@staging.example"]\n'
    run = built(tmp_path / "late", more=late).run("doctor", now="2026-03-10T05:00")
    said = [line["message"] for line in run.steps("editors")]
    assert any('set hold = "20m"' in message for message in said)
    assert any("1 editor gets no preview" in message for message in said)
    assert any("previews are files in" in message for message in said)


def test_what_is_next_goes_when_its_window_ends(house: House) -> None:
    run = house.run(now="2026-03-10T05:57")
    goes = "2026-03-10T06:17:00+01:00"
    assert run.step("digest")["goes"] == goes
    for now in ("2026-03-10T05:58", "2026-03-10T06:02"):
        for line in (house.run(now=now).step("next"), house.run("status", now=now).step("next")):
            assert (line["edition"], line["at"]) == (KEY, goes)
    # Held, it goes when somebody says so.
    house.run("hold", KEY, now="2026-03-10T06:03")
    assert house.run("status", now="2026-03-10T06:04").step("next")["edition"] == "daily-2026-03-11"


@pytest.mark.parametrize("how", [("stop", KEY), ("release", KEY, "--at-once")])
def test_what_was_sent_before_its_hour_or_stopped_is_not_next(house: House, how: tuple[str, ...]) -> None:
    house.run(now="2026-03-10T05:40")
    house.run(*how, now="2026-03-10T05:45")
    for line in (
        house.run(now="2026-03-10T05:46").step("next"),
        house.run("status", now="2026-03-10T05:47").step("next"),
    ):
        assert line["edition"] == "daily-2026-03-11"


def test_a_refused_preview_is_said_by_the_run_and_waits(house: House) -> None:
    with Server(plan={("RCPT", 0): "550 5.1.1 no such user"}) as smtp:
        mail = f'[alerts.smtp]\nhost = "127.0.0.1"\nport = {smtp.port}\nsecurity = "plain"\n'
        house.config.write_text(house.config.read_text(encoding="utf-8") + mail, encoding="utf-8")
        run = house.run(now="2026-03-10T05:40")
        assert run.status == 3
        assert any(
            f"{KEY}: its preview was refused: editor 1 of newsletter.daily.editors: mail server: 550" in said
            for said in run.problems
        )
        (waits,) = house.run("status", "--problems", now="2026-03-10T05:41").steps("status")
        assert (waits["trouble"], waits["needs_person"]) == ("preview refused", True)
        said = [line["message"] for line in house.run("doctor", now="2026-03-10T05:41").steps("editors")]
        assert sum("editors: the last preview was refused for editor" in message for message in said) == 2
        # It goes out all the same, and then it is over.
        assert house.run(now="2026-03-10T06:00").step("deliver")["accepted"] == 2
        assert house.run("status", "--problems", now="2026-03-10T06:01").status == 0
