"""The hub, told: against a real server on the loopback interface that answers as hubs do, or does not."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
from sqlalchemy.engine import Engine

from feeds import files, hub, pings
from feeds.hub import HubReport, tell
from feeds.websub import GIVEN_UP_AFTER, Ping
from newsroom.database import reading, writing
from tests.feeds.desk import HOUR, Desk, files_of
from tests.samples import NOON, article
from tests.servers.http import Answer, Fault, HttpServer, Request, refusing_url

MINUTE = timedelta(minutes=1)
URL = "https://feeds.quay.example/feeds/"


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer(Answer(204)) as value:
        yield value


def form(request: Request) -> list[tuple[str, str]]:
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    return parse_qsl(request.body.decode())


def urls(request: Request) -> list[str]:
    return [value.removeprefix(URL) for name, value in form(request) if name == "hub.url"]


def note(engine: Engine, *names: str) -> None:
    with writing(engine) as connection:
        pings.note(connection, [f"{URL}{name}" for name in names], NOON)


def waiting(engine: Engine) -> dict[str, Ping]:
    with reading(engine) as connection:
        return {one.feed.removeprefix(URL): one for one in pings.waiting(connection)}


def told(engine: Engine, url: str, after: timedelta = timedelta(), **how: Any) -> HubReport:
    report = tell(engine, url, NOON + after, **how)
    assert report is not None
    return report


def test_what_was_written_is_told_and_nothing_else(desk: Desk, server: HttpServer) -> None:
    desk.newsroom = replace(desk.newsroom, hub=f"{server.url}/push?key=zqsecret")
    one = article()
    desk.add(one)
    desk.publish()
    report = told(desk.engine, desk.newsroom.hub)
    assert (report.told, report.waiting, report.reason) == (15, 0, "")
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/push?key=zqsecret")
    assert form(request)[0] == ("hub.mode", "publish")
    assert set(urls(request)) == files_of("all", "politics", "culture", "briefs", "partners")
    assert tell(desk.engine, desk.newsroom.hub, NOON) is None
    desk.publish(HOUR, everything=True)
    assert tell(desk.engine, desk.newsroom.hub, NOON) is None
    desk.edit(replace(one, headline="Another"))
    desk.publish(HOUR)
    assert told(desk.engine, desk.newsroom.hub).told == 6
    assert set(urls(server.requests[-1])) == files_of("all", "politics")
    assert len(server.requests) == 2


def test_without_a_hub_nothing_is_noted_and_what_was_is_forgotten(desk: Desk) -> None:
    desk.publish()
    assert waiting(desk.engine) == {}
    note(desk.engine, "a.rss")
    assert tell(desk.engine, "", NOON) is None
    assert waiting(desk.engine) == {}


def test_a_dry_run_notes_nothing(desk: Desk) -> None:
    desk.newsroom = replace(desk.newsroom, hub="https://hub.example/")
    desk.publish(dry_run=True)
    assert waiting(desk.engine) == {}


def test_a_run_that_is_killed_loses_no_ping(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.newsroom = replace(desk.newsroom, hub="https://hub.example/")
    real, seen = files.write_whole, []

    def killed(path: Any, data: bytes) -> None:
        seen.append(path.name)
        if len(seen) == 5:
            raise KeyboardInterrupt
        real(path, data)

    monkeypatch.setattr(files, "write_whole", killed)
    with pytest.raises(KeyboardInterrupt):
        desk.publish()
    monkeypatch.setattr(files, "write_whole", real)
    assert set(seen[:4]) <= set(waiting(desk.engine))
    desk.publish(HOUR)
    assert set(waiting(desk.engine)) == files_of("all", "politics", "culture", "briefs", "partners")


def test_a_file_that_could_not_be_written_is_not_told(desk: Desk) -> None:
    desk.newsroom = replace(desk.newsroom, hub="https://hub.example/")
    (desk.feeds / "politics.atom" / "x").mkdir(parents=True)
    desk.publish()
    found = set(waiting(desk.engine))
    assert "politics.atom" not in found
    assert {"politics.rss", "politics.json"} <= found


def test_fifty_feeds_a_request(engine: Engine, server: HttpServer) -> None:
    names = [f"s{number:03}.rss" for number in range(120)]
    note(engine, *names)
    assert told(engine, server.url).told == 120
    assert [len(urls(request)) for request in server.requests] == [50, 50, 20]
    assert sorted(name for request in server.requests for name in urls(request)) == names


def test_a_hub_that_takes_one_at_a_time(engine: Engine, server: HttpServer) -> None:
    note(engine, *(f"s{number:02}.rss" for number in range(60)))
    server.answers.append(Answer(400))
    report = told(engine, server.url)
    assert (report.told, report.waiting, report.reason) == (60, 0, "")
    assert len(server.requests) == 61
    assert form(server.requests[-1])[1:] == [("hub.url", f"{URL}s59.rss"), ("hub.topic", f"{URL}s59.rss")]


def test_one_refused_feed_keeps_no_other_waiting(engine: Engine, server: HttpServer) -> None:
    note(engine, "a.rss", "b.rss")
    server.answers.extend([Answer(400), Answer(404)])
    report = told(engine, server.url)
    assert (report.told, report.waiting) == (1, 1)
    assert report.reason.startswith("it refuses (404)")
    assert waiting(engine)["a.rss"].refused
    note(engine, "c.rss")
    assert told(engine, server.url).told == 1
    assert told(engine, server.url, MINUTE).told == 1


def test_a_hub_that_refuses_all_is_left_alone(engine: Engine, server: HttpServer) -> None:
    note(engine, *(f"s{number:03}.rss" for number in range(200)))
    server.otherwise = Answer(403)
    report = told(engine, server.url)
    assert (report.told, report.waiting) == (0, 200)
    assert len(server.requests) == 1 + 5 + 1
    note(engine, "new.rss")
    assert tell(engine, server.url, NOON) is None


@pytest.mark.parametrize("status", [301, 307, 429, 500, 502, 503])
def test_a_hub_that_cannot_is_asked_again_ever_later(engine: Engine, server: HttpServer, status: int) -> None:
    note(engine, *(f"s{number:03}.rss" for number in range(120)))
    server.otherwise = Answer(status, {"Location": f"{server.url}/elsewhere"})
    report = told(engine, server.url)
    assert (report.told, report.waiting, report.given_up) == (0, 120, 0)
    assert str(status) in report.reason
    # One request, not one for each fifty; and none to where it redirects.
    assert len(server.requests) == 1
    note(engine, "new.rss")
    assert tell(engine, server.url, NOON + MINUTE / 2) is None
    told(engine, server.url, MINUTE)
    assert tell(engine, server.url, NOON + 2 * MINUTE) is None
    server.otherwise = Answer(202)
    assert told(engine, server.url, 3 * MINUTE).told == 121
    assert waiting(engine) == {}


def test_retry_after_is_obeyed(engine: Engine, server: HttpServer) -> None:
    note(engine, "a.rss")
    server.answers.append(Answer(503, {"Retry-After": "1800"}))
    told(engine, server.url)
    assert tell(engine, server.url, NOON + 29 * MINUTE) is None
    assert told(engine, server.url, 30 * MINUTE).told == 1


def test_it_is_given_up_after_a_day_and_the_next_change_is_told_again(
    engine: Engine, server: HttpServer
) -> None:
    note(engine, "a.rss", "b.rss")
    server.otherwise = Answer(500)
    assert told(engine, server.url, GIVEN_UP_AFTER - MINUTE).given_up == 0
    report = told(engine, server.url, GIVEN_UP_AFTER)
    assert (report.given_up, report.waiting) == (2, 0)
    assert waiting(engine) == {}
    note(engine, "a.rss")
    server.otherwise = Answer(204)
    assert told(engine, server.url, GIVEN_UP_AFTER).told == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault.HANG_BEFORE_BODY,
        Fault.HANG_AFTER_BODY,
        Fault.RESET_BEFORE_BODY,
        Fault.RESET_AFTER_BODY,
        Fault.DISCONNECT,
        Fault.CUT_STATUS,
        Fault.DRIP,
    ],
)
def test_whatever_goes_wrong_it_is_over_in_time_and_nothing_is_raised(
    engine: Engine, server: HttpServer, fault: Fault, capfd: pytest.CaptureFixture[str]
) -> None:
    note(engine, *(f"s{number:03}.rss" for number in range(120)))
    server.otherwise = Answer(fault=fault, raw=b"HTTP/1.1 20" if fault is Fault.DRIP else None)
    before = time.monotonic()
    report = told(engine, f"{server.url}/push?key=zqsecret", timeout=0.4, altogether=1.0)
    assert time.monotonic() - before < 5
    assert (report.told, report.waiting) == (0, 120)
    assert report.reason
    shown = f"{report} {waiting(engine)} {capfd.readouterr()}"
    assert "zqsecret" not in shown


def test_a_hub_that_is_not_there(engine: Engine) -> None:
    note(engine, "a.rss")
    with refusing_url() as url:
        report = told(engine, f"{url}/?key=zqsecret")
    assert report.reason == "it cannot be reached (ConnectError)"
    assert report.hub == f"{url}/"


def test_what_there_is_no_time_for_is_told_by_the_next_run(engine: Engine, server: HttpServer) -> None:
    note(engine, *(f"s{number:03}.rss" for number in range(120)))
    report = told(engine, server.url, timeout=1.0, altogether=0.5)
    assert (report.told, report.waiting, report.reason) == (0, 120, "")
    assert server.requests == []
    # It was no failure: nobody has to wait.
    assert told(engine, server.url).told == 120


def test_a_feed_that_changes_while_it_is_told_is_told_again(engine: Engine, server: HttpServer) -> None:
    gate = threading.Event()
    server.answers.append(Answer(204, wait=gate))
    note(engine, "a.rss", "b.rss")

    def change() -> None:
        while not server.requests:
            time.sleep(0.01)
        note(engine, "b.rss")
        gate.set()

    thread = threading.Thread(target=change)
    thread.start()
    assert told(engine, server.url).told == 2
    thread.join()
    assert list(waiting(engine)) == ["b.rss"]


def test_the_bounds_of_time() -> None:
    assert (hub.TIMEOUT, hub.ALTOGETHER) == (5.0, 10.0)
