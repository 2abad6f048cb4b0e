"""Bare runs while the mail server fails: each of them fails, no heartbeat, and the operator hears it once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from newsroom.errors import StoreError
from tests.commands.house import House, Run, built
from tests.servers.http import Answer, HttpServer
from tests.servers.smtp import Server, Step

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
