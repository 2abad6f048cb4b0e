"""Stops told to where the reader came from: once, signed, without an address, and again until it is heard."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from newsroom.database import engine_for, metadata, writing
from newsroom.settings import ReadersSettings
from readership import store
from readership.reader import SubscriptionStatus
from readership.write_back import WriteBack, write_back
from tests.readership.test_ghost_members import KEY, LETTER, WEEKLY, member, newsletters, page
from tests.readership.test_sync import Desk, row
from tests.servers.http import Answer, HttpServer


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    engine = engine_for(f"sqlite:///{tmp_path / 'standfirst.db'}")
    metadata.create_all(engine)
    yield Desk(tmp_path, engine, places=("crm", "members"))
    engine.dispose()


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer(Answer(204)) as value:
        yield value


def told(desk: Desk, server: HttpServer) -> WriteBack:
    settings = ReadersSettings(
        "crm", "sql", write_back=f"{server.url}/stops", hook_secret="open-sesame", timeout=10.0
    )
    return write_back(desk.engine, settings, desk.now)


def test_a_stop_is_told_once_signed_and_without_an_address(desk: Desk, server: HttpServer) -> None:
    desk.sql(row(1), row(2))
    assert told(desk, server) == WriteBack()
    desk.stop("r1@example.org")
    assert told(desk, server) == WriteBack(told=1)
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/stops")
    said = request.json
    assert (said["event"], said["source"], said["id"]) == ("unsubscribed", "crm", "1")
    assert (said["newsletters"], said["at"]) == (["daily"], desk.now.isoformat())
    assert b"example.org" not in request.body
    moment, _, mac = request.headers["standfirst-signature"].partition(",v1=")
    signed = f"{moment.removeprefix('t=')}.".encode() + request.body
    assert mac == hmac.digest(b"open-sesame", signed, hashlib.sha256).hex()
    assert told(desk, server) == WriteBack()
    # Neither what it says next nor the stop itself is turned round.
    desk.sql(row(1, language="nl"), row(2))
    assert told(desk, server) == WriteBack()
    assert desk.mailed() == {"r2@example.org"}


def test_what_the_source_ended_itself_is_not_told(desk: Desk, server: HttpServer) -> None:
    desk.sql(row(1, status="subscribed"), row(2), row(3))
    desk.sql(row(1, status="unsubscribed"), row(2))
    assert told(desk, server) == WriteBack()


@pytest.mark.parametrize("bad", [Answer(500), Answer(401), Answer(302, {"Location": "/elsewhere"})])
def test_what_is_not_heard_is_told_by_a_later_run(desk: Desk, server: HttpServer, bad: Answer) -> None:
    desk.sql(row(1), row(2))
    desk.stop("r1@example.org")
    server.answers.append(bad)
    report = told(desk, server)
    assert (report.told, report.waiting) == (0, 1)
    assert f"({bad.status})" in report.problem or f"status {bad.status}" in report.problem
    assert "sesame" not in report.problem
    assert told(desk, server) == WriteBack(told=1)


def test_who_starts_and_stops_again_is_told_again(desk: Desk, server: HttpServer) -> None:
    desk.sql(row(1), row(2))
    desk.stop("r1@example.org")
    told(desk, server)
    reader, found = desk.reader("r1@example.org"), desk.subscription("r1@example.org")
    assert reader is not None
    assert found is not None
    again = replace(found, status=SubscriptionStatus.ACTIVE)
    with writing(desk.engine) as connection:
        store.save_subscriptions(connection, [(reader.id, again)], desk.now)
    assert told(desk, server) == WriteBack()
    desk.now = desk.now.replace(minute=30)
    desk.stop("r1@example.org")
    assert told(desk, server) == WriteBack(told=1)


def ghost(server: HttpServer, **more: Any) -> ReadersSettings:
    return ReadersSettings(
        "members", "ghost", url=server.url, secret=KEY, write_back="source", timeout=10.0, **more
    )


def single(value: dict[str, Any]) -> Answer:
    return Answer(200, {"Content-Type": "application/json"}, json.dumps({"members": [value]}).encode())


def test_ghost_keeps_the_newsletters_that_go_on(desk: Desk, server: HttpServer) -> None:
    settings = ghost(server, names={"quay-daily": "daily", "weekend": "weekly"})
    both = member(1, newsletters=[LETTER, WEEKLY])
    server.answers += [newsletters(), page(both, member(2))]
    desk.sync(settings)
    desk.stop("m1@example.org")
    server.answers += [newsletters(), single(both), single(both)]
    assert write_back(desk.engine, settings, desk.now) == WriteBack(told=1)
    request = server.requests[-1]
    assert (request.method, request.path) == ("PUT", f"/ghost/api/admin/members/{both['id']}/")
    assert request.json == {"members": [{"newsletters": [{"id": "n2"}]}]}
    server.answers += [newsletters(), page(member(1, newsletters=[WEEKLY]), member(2))]
    desk.sync(settings)
    assert desk.status("m1@example.org", "weekly") == "active"
    found = desk.subscription("m1@example.org")
    assert found is not None
    assert (found.status, found.ended_by) == ("unsubscribed", "")


def test_a_member_who_is_gone_needs_no_word(desk: Desk, server: HttpServer) -> None:
    settings = ghost(server)
    server.answers.append(page(member(1), member(2)))
    desk.sync(settings)
    desk.stop("m1@example.org")
    server.answers.append(Answer(404))
    assert write_back(desk.engine, settings, desk.now) == WriteBack(told=1)


def test_ghost_is_not_told_of_a_part_that_it_has_no_word_for(desk: Desk, server: HttpServer) -> None:
    settings = ghost(server)
    server.answers.append(page(member(1), member(2)))
    desk.sync(settings, changes={"newsletters": ("daily", "weekly")})
    asked = len(server.requests)
    desk.stop("m1@example.org")
    assert write_back(desk.engine, settings, desk.now) == WriteBack(waiting=1)
    assert len(server.requests) == asked
