"""The hub, told by the commands: after the mail, in time, and never a run's failure."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.house import House, built
from tests.servers.http import Answer, Fault, HttpServer, refusing_url

SIX = "2026-03-10T06:01"


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer(Answer(204)) as value:
        yield value


def newsroom_of(folder: Path, url: str) -> House:
    house = built(folder / "quay")
    text = house.config.read_text().replace("[newsroom]", f'[newsroom]\nhub = "{url}/push?key=zqsecret"', 1)
    house.config.write_text(text)
    house.article("bridge")
    house.readers("free@example.org,free,")
    return house


def test_a_run_tells_the_hub_after_the_mail_and_then_has_nothing_to_tell(
    tmp_path: Path, server: HttpServer
) -> None:
    house = newsroom_of(tmp_path, server.url)
    run = house.run(now=SIX)
    assert (run.status, run.step("hub")["told"]) == (0, 12)
    steps = [line["step"] for line in run.lines]
    assert steps.index("hub") > steps.index("deliver")
    assert len(server.requests) == 1
    assert "zqsecret" not in str(run)
    again = house.run(now="2026-03-10T06:11")
    assert again.steps("hub") == []
    assert len(server.requests) == 1


def test_the_feeds_command_tells_it_too_and_a_dry_run_does_not(tmp_path: Path, server: HttpServer) -> None:
    house = newsroom_of(tmp_path, server.url)
    house.run("sync", now="2026-03-10T05:30")
    assert house.run("feeds", "--dry-run", now="2026-03-10T05:31").steps("hub") == []
    assert server.requests == []
    assert house.run("feeds", now="2026-03-10T05:31").step("hub")["told"] == 12


def test_a_hub_that_fails_is_a_warning_and_after_a_day_one_notice(tmp_path: Path, server: HttpServer) -> None:
    server.otherwise = Answer(500)
    with HttpServer(Answer(200)) as alerts:
        house = newsroom_of(tmp_path, server.url)
        house.config.write_text(f'{house.config.read_text()}\n[alerts]\nwebhook = "{alerts.url}"\n')
        run = house.run(now=SIX)
        warning = next(line for line in run.steps("hub") if line["level"] == "warning")
        assert run.status == 0
        assert warning["message"] == (
            f"{server.url}/push: it cannot now (500); 12 changed feeds wait, and later runs try again"
        )
        assert run.step("hub")["waiting"] == 12
        assert run.step("deliver")["accepted"] == 1
        assert not any(b"/push" in request.body for request in alerts.requests)
        # At once again nobody asks it; a day later it is given up, and that is told once.
        assert house.run(now=SIX).steps("hub") == []
        late = house.run(now="2026-03-11T06:02")
        assert late.status == 0
        (notice,) = [line["message"] for line in late.steps("hub") if line["level"] == "error"]
        assert notice.startswith(f"{server.url}/push: could not be told of 12 changed feeds for a day")
        assert "zqsecret" not in f"{run} {late}"
        assert house.run(now="2026-03-11T06:20").steps("hub") == []
        assert [b"/push" in request.body for request in alerts.requests].count(True) == 1


def test_a_hub_that_hangs_costs_a_run_its_bounds_and_no_more(
    tmp_path: Path, server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feeds.hub.tell.__kwdefaults__", {"altogether": 1.0, "timeout": 0.5})
    server.otherwise = Answer(fault=Fault.HANG_AFTER_BODY)
    house = newsroom_of(tmp_path, server.url)
    before = time.monotonic()
    run = house.run(now=SIX)
    assert time.monotonic() - before < 30
    assert (run.status, run.step("deliver")["accepted"]) == (0, 1)
    assert "no answer within 0.5 seconds" in " ".join(run.problems)


def told(house: House, *arguments: str, now: str) -> list[tuple[str, str, str, bool]]:
    """What `status` says of the hub."""
    run = house.run("status", *arguments, now=now)
    return [
        (line["trouble"], line["message"], line["level"], line["needs_person"])
        for line in run.steps("status")
        if line.get("place") == "hub"
    ]


def test_status_shows_what_the_hub_was_not_told(tmp_path: Path, server: HttpServer) -> None:
    server.otherwise = Answer(500)
    house = newsroom_of(tmp_path, server.url)
    house.run(now=SIX)
    ((trouble, message, level, needs_person),) = told(house, now="2026-03-10T06:05")
    assert (trouble, level, needs_person) == ("could not be told", "warning", False)
    assert f"{server.url}/push was not told of 12 changed feeds: it cannot now (500); later runs" in message
    assert "zqsecret" not in message
    # It waits for nobody, and is among the problems all the same.
    assert len(told(house, "--problems", now="2026-03-10T06:05")) == 1
    assert house.run("status", "--problems", now="2026-03-10T06:05").status == 0
    server.otherwise = Answer(204)
    house.run(now="2026-03-10T06:11")
    assert told(house, now="2026-03-10T06:12") == []


def test_status_shows_what_waits_for_the_next_run(
    tmp_path: Path, server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = newsroom_of(tmp_path, server.url)
    monkeypatch.setattr("feeds.hub.tell", lambda *_arguments, **_options: None)
    house.run(now=SIX)
    ((trouble, message, _, needs_person),) = told(house, now="2026-03-10T06:05")
    assert (trouble, needs_person) == ("to be told", False)
    assert message.endswith("was not told of 12 changed feeds yet; the next run does")


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (204, ""),
        (400, ""),
        (403, ""),
        (302, "it redirects (302); write its new address into newsroom.hub"),
        (404, "no hub answers there (404); check newsroom.hub"),
        (405, "no hub answers there (405); check newsroom.hub"),
        (503, "it cannot now (503)"),
    ],
)
def test_doctor_asks_whether_the_hub_is_there_and_tells_it_nothing(
    tmp_path: Path, server: HttpServer, status: int, fault: str
) -> None:
    server.otherwise = Answer(status)
    house = newsroom_of(tmp_path, server.url)
    run = house.run("doctor", now=SIX)
    lines = [line["message"] for line in run.steps("hub") if line["level"] == "warning"]
    assert lines == ([f"newsroom.hub: {server.url}/push: {fault}"] if fault else [])
    assert [request.body for request in server.requests] == [b"hub.mode=publish"]
    assert run.status == 0


def test_doctor_says_that_no_hub_is_there(tmp_path: Path) -> None:
    with refusing_url() as url:
        run = newsroom_of(tmp_path, url).run("doctor", now=SIX)
    (line,) = [line["message"] for line in run.steps("hub")]
    assert line == f"newsroom.hub: {url}/push: it cannot be reached (ConnectError)"
