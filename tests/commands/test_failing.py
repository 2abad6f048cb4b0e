"""Bare runs while the mail server fails: each of them fails, no heartbeat, and the operator hears it once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from commands.main import main
from newsletter.delivery.standing import BOUND
from newsroom.errors import StoreError
from tests.commands.house import House, Run, built
from tests.servers.http import Answer, HttpServer
from tests.servers.smtp import ALL, USER, Server, Step

KEY = "daily-2026-03-10"


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpServer]:
    """Where the operator is told, and where the heartbeat goes."""
    monkeypatch.setattr("commands.deliver.answers", lambda *_: None)
    with HttpServer(Answer(200)) as server:
        yield server


def newsroom(root: Path, hooks: HttpServer, port: int, readers: int) -> House:
    more = (
        f'[alerts]\nwebhook = "{hooks.url}/told"\nheartbeat = "{hooks.url}/beat"\n'
        f'[delivery]\nprovider = "smtp"\n[smtp]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "plain"\n'
    )
    house = built(root / "quay", more=more)
    house.article("bridge")
    house.readers(*(f"reader{number}@example.org,paid," for number in range(readers)))
    return house


def moved(house: House, port: int) -> None:
    """The mail server listens elsewhere from now on."""
    text = house.config.read_text(encoding="utf-8")
    before = next(line for line in text.splitlines() if line.startswith("port = "))
    house.config.write_text(text.replace(before, f"port = {port}"), encoding="utf-8")


def told(hooks: HttpServer) -> list[str]:
    return [request.json["text"] for request in hooks.requests if request.path == "/told"]


def beats(hooks: HttpServer) -> int:
    return sum(request.path == "/beat" for request in hooks.requests)


def failed(run: Run, said: str) -> None:
    assert run.status == 1
    errors = [line["message"] for line in run.lines if line["level"] == "error"]
    assert len(errors) == 1
    assert said in errors[0]


@pytest.mark.parametrize(
    "plan", [{("RCPT", 0): "550 5.7.1 not from you"}, {("TEXT", 0): "554 5.7.1 listed"}], ids=["RCPT", "TEXT"]
)
def test_a_server_that_refuses_everybody_fails_every_run_and_uses_no_story(
    tmp_path: Path, hooks: HttpServer, plan: Mapping[Step, str]
) -> None:
    with Server(plan=dict(plan)) as server:
        house = newsroom(tmp_path, hooks, server.port, 60)
        for now in ("2026-03-10T06:01", "2026-03-10T06:06", "2026-03-10T06:11"):
            failed(house.run(now=now), "whoever was tried was refused, and nobody accepted")
        assert server.count("RCPT") <= 3 * 25
    assert beats(hooks) == 0
    (text,) = told(hooks)
    assert "5.7.1" in text
    # It was never handed over, so its stories go into the next one.
    assert any("missed" in message for message in house.run(now="2026-03-10T09:06").problems)
    with Server() as mended:
        moved(house, mended.port)
        assert house.run(now="2026-03-11T06:01").step("deliver")["accepted"] == 60
        assert b"The bridge story" in mended.got[0].text


def test_a_server_that_is_down_for_hours_fails_every_run_and_is_told_once(
    tmp_path: Path, hooks: HttpServer
) -> None:
    with Server() as server:
        port = server.port
    house = newsroom(tmp_path, hooks, port, 5)
    waited = 0
    for minute in range(1, 140, 8):
        run = house.run(now=f"2026-03-10T{6 + minute // 60:02}:{minute % 60:02}")
        failed(run, "Connection refused")
        waited += run.step("deliver")["batches"] == 0
    assert waited > 5
    assert beats(hooks) == 0
    assert len(told(hooks)) == 1
    with Server() as up:
        moved(house, up.port)
        run = house.run(now="2026-03-10T08:40")
        assert (run.status, run.step("deliver")["accepted"]) == (0, 5)
    assert beats(hooks) == 1
    assert f"{KEY} is handed over: 5 accepted" in told(hooks)[-1]


def of_two(house: House) -> None:
    """The newsroom has a second newsletter, of the same hour and for the same readers."""
    text = house.config.read_text(encoding="utf-8")
    first, rest = text[: text.index("[[newsletter]]")], text[text.index("[[newsletter]]") :]
    one = rest[: rest.index("[alerts]")]
    other = one.replace('"daily"', '"evening"').replace("The Morning Quay", "The Evening Quay")
    house.config.write_text(f"{first}{one}{other}{rest[len(one) :]}", encoding="utf-8")


def test_a_wrong_password_is_tried_once_a_run_for_two_newsletters_and_told_once(
    tmp_path: Path, hooks: HttpServer, capsys: pytest.CaptureFixture[str]
) -> None:
    with Server((*ALL, "AUTH PLAIN"), wants_login=True) as server:
        house = newsroom(tmp_path, hooks, server.port, 3)
        text = house.config.read_text(encoding="utf-8")
        house.config.write_text(text.replace("[smtp]", f'[smtp]\nuser = "{USER}"'), encoding="utf-8")
        with (house.root / "secrets.env").open("a", encoding="utf-8") as secrets:
            secrets.write("STANDFIRST_SMTP_PASSWORD=wrong\n")
        of_two(house)
        house.readers(*(f"reader{number}@example.org,paid," for number in range(3)))
        for turn in range(1, 3):
            run = house.run(now=f"2026-03-10T06:0{turn}")
            assert server.count("AUTH") == turn
            errors = [line["message"] for line in run.lines if line["level"] == "error"]
            assert (run.status, len(errors)) == (1, 2)
            assert "check smtp.user and STANDFIRST_SMTP_PASSWORD" in errors[0]
            assert errors[1] == "not done, for the same reason"
            stopped = [line["stopped_by"] for line in run.steps("deliver") if line["level"] == "info"]
            assert stopped == ["the provider, which takes nothing"] * 2
    (text,) = told(hooks)
    assert text.count("STANDFIRST_SMTP_PASSWORD") == 1
    capsys.readouterr()
    main(["--config", str(house.config), "--now", "2026-03-10T06:05", "status", "--problems"])
    assert capsys.readouterr().out.count("STANDFIRST_SMTP_PASSWORD") == 1


def test_a_wait_that_was_asked_for_is_said_of_each_newsletter_until_it_is_over(
    tmp_path: Path, hooks: HttpServer, capsys: pytest.CaptureFixture[str]
) -> None:
    def page(now: str, status: int) -> str:
        capsys.readouterr()
        assert main(["--config", str(house.config), "--now", now, "status", "--problems"]) == status
        return " ".join(capsys.readouterr().out.split())

    with HttpServer() as sendgrid:
        house = newsroom(tmp_path, hooks, 1, 0)
        text = house.config.read_text(encoding="utf-8")
        text = text[: text.index("[delivery]")] + '[delivery]\nprovider = "sendgrid"\n[sendgrid]\n'
        house.config.write_text(f'{text}base_url = "{sendgrid.url}"\n', encoding="utf-8")
        with (house.root / "secrets.env").open("a", encoding="utf-8") as secrets:
            secrets.write("STANDFIRST_SENDGRID_API_KEY=SG.key\n")
        of_two(house)
        house.readers(*(f"reader{number}@example.org,paid," for number in range(3)))
        sendgrid.answers.append(Answer(429, {"Retry-After": "1800"}))
        assert house.run(now="2026-03-10T06:00").status == 1
        assert len(sendgrid.requests) == 1
        # Neither is for a person, and no command is named that would come to nothing.
        early = page("2026-03-10T06:10", 0)
        assert "To be known" in early
        assert early.count("tried again 2026-03-10 06:30") == 2
        assert f"evening-2026-03-10 put off, tried again 2026-03-10 06:30 {BOUND}" in early
        late = page("2026-03-10T06:20", 3)
        assert "deliver" not in late
        assert "nothing of it was handed over; a later run tries it again" in late
        house.run(now="2026-03-10T06:25")
        assert len(sendgrid.requests) == 1
        over = page("2026-03-10T06:31", 3)
        assert BOUND not in over
        assert house.run(now="2026-03-10T06:31").status == 0
        assert [len(one.json["personalizations"]) for one in sendgrid.requests[1:]] == [3, 3]
    assert page("2026-03-10T06:32", 0) == "Nothing waits for you."


def test_what_nothing_can_note_is_told_and_not_said_to_be_left(
    tmp_path: Path, hooks: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise StoreError("the disk is full")

    house = newsroom(tmp_path, hooks, 1, 1)
    monkeypatch.setattr("commands.run.digest_step", full)
    monkeypatch.setattr("commands.run.alerts.settle", full)
    run = house.run(now="2026-03-10T06:01")
    said = [line.get("message") or line.get("told") for line in run.steps("alert")]
    assert said == ["not noted, for the same reason", 1]
    assert [text.partition("\n")[0] for text in told(hooks)] == ["The Quay: the disk is full"]
