"""Ghost's members, from a server that answers as its Admin API does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from newsroom.database import engine_for, metadata
from newsroom.errors import SourceError
from newsroom.ghost_key import token
from newsroom.settings import ReadersSettings
from readership.reader import Plan
from tests.readership.test_sync import Desk
from tests.servers.http import Answer, HttpServer

SECRET = "0123456789abcdef" * 4
KEY = f"6601f0c3a1:{SECRET}"
# As a member has them: without their slugs.
LETTER = {"id": "n1", "name": "Quay, daily", "description": None, "status": "active"}
WEEKLY = {"id": "n2", "name": "Weekend", "description": None, "status": "active"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    engine = engine_for(f"sqlite:///{tmp_path / 'standfirst.db'}")
    metadata.create_all(engine)
    yield Desk(tmp_path, engine)
    engine.dispose()


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer(Answer(404)) as value:
        yield value


def member(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"66{number:022x}",
        "email": f"m{number}@example.org",
        "name": f"Reader {number}",
        "status": "free",
        "created_at": "2026-01-02T08:30:00.000Z",
        "subscribed": True,
        "newsletters": [LETTER],
        "tiers": [],
        "subscriptions": [],
        "email_suppression": {"suppressed": False, "info": None},
        **more,
    }


def page(*members: dict[str, Any], total: int | None = None, following: int | None = None) -> Answer:
    paging = {"total": len(members) if total is None else total, "next": following}
    body = json.dumps({"members": members, "meta": {"pagination": paging}}).encode()
    return Answer(200, {"Content-Type": "application/json"}, body)


def newsletters(*some: dict[str, Any]) -> Answer:
    theirs = some or ({**LETTER, "slug": "quay-daily"}, {**WEEKLY, "slug": "weekend"})
    return Answer(200, {"Content-Type": "application/json"}, json.dumps({"newsletters": theirs}).encode())


def place(server: HttpServer, **more: Any) -> ReadersSettings:
    return ReadersSettings("members", "ghost", url=server.url, secret=KEY, timeout=10.0, **more)


def sync(desk: Desk, server: HttpServer, *answers: Answer, **more: Any) -> Any:
    server.answers += answers
    desk.places = ("members",)
    return desk.sync(place(server), **more)


def test_tiers_are_plans_and_newsletters_are_respected(desk: Desk, server: HttpServer) -> None:
    tier = {"name": "Supporter", "slug": "supporter", "active": True}
    report = sync(
        desk,
        server,
        page(
            member(1, status="paid", tiers=[tier], subscriptions=[{"status": "active"}]),
            member(2, status="comped", tiers=[{"name": "Desk", "expiry_at": "2026-06-30T00:00:00.000Z"}]),
            member(3, newsletters=[], subscribed=False),
            member(4, email_suppression={"suppressed": True, "info": {"reason": "fail"}}),
            member(5, email_suppression={"suppressed": True, "info": {"reason": "spam"}}),
            member(6, newsletters=[{**LETTER, "status": "archived"}]),
            member(
                7,
                status="paid",
                subscriptions=[
                    {
                        "status": "active",
                        "cancel_at_period_end": True,
                        "current_period_end": "2026-05-01T00:00:00.000Z",
                    },
                    {"status": "canceled", "current_period_end": "2027-05-01T00:00:00.000Z"},
                ],
            ),
        ),
        plans={"supporter": "group"},
    )
    assert (report.new, report.bad, report.incomplete) == (7, 0, False)
    assert desk.mailed() == {f"m{number}@example.org" for number in (1, 2, 7)}
    plans = {number: desk.reader(f"m{number}@example.org") for number in (1, 2, 3, 7)}
    assert [one and (one.plan, str(one.plan_until)) for one in plans.values()] == [
        (Plan.GROUP, "None"),
        (Plan.PAID, "2026-06-30"),
        (Plan.FREE, "None"),
        (Plan.PAID, "2026-05-01"),
    ]
    # As articles name those that they are for.
    assert [one and one.products for one in plans.values()] == [{"supporter"}, set(), set(), set()]
    found = desk.subscription("m1@example.org")
    assert found is not None
    assert found.consent_at == datetime(2026, 1, 2, 8, 30, tzinfo=UTC)
    assert found.consent_source == "agreed at members, as it says"


def test_its_newsletters_may_be_ours_by_name(desk: Desk, server: HttpServer) -> None:
    names = {"Quay, daily": "daily", "weekend": "weekly"}
    sync(
        desk,
        server,
        newsletters(),
        page(member(1), member(2, newsletters=[LETTER, WEEKLY]), member(3, newsletters=[])),
        changes={"names": names},
    )
    active = [
        (number, newsletter)
        for number in (1, 2, 3)
        for newsletter in ("daily", "weekly")
        if desk.status(f"m{number}@example.org", newsletter) == "active"
    ]
    assert active == [(1, "daily"), (2, "daily"), (2, "weekly")]


def test_a_newsletter_that_ghost_has_not_changes_nobody(desk: Desk, server: HttpServer) -> None:
    sync(desk, server, page(*map(member, range(1, 4))))
    names = {"quay-daily": "daily", "week-end": "weekly"}
    with pytest.raises(SourceError, match=r'"week-end", and Ghost has no .* there are: quay-daily, weekend'):
        sync(desk, server, newsletters(), page(*map(member, range(1, 4))), changes={"names": names})
    assert len(desk.mailed()) == 3


def test_most_of_the_mail_stopped_at_once_is_held(desk: Desk, server: HttpServer) -> None:
    sync(desk, server, page(*map(member, range(1, 7))))
    off = [member(number, newsletters=[]) for number in range(2, 7)]
    report = sync(desk, server, page(member(1), *off), stores=False)
    assert report.held.startswith("it takes a newsletter from 5 of its 6 readers at once")
    for _ in range(2):
        report = sync(desk, server, page(member(1), *off))
        assert "`readers sync members --allow-gone`" in report.held
        assert (report.changed, report.ended, len(desk.mailed())) == (0, 0, 6)
    report = sync(desk, server, page(member(1), *off), allow_gone=True)
    assert (report.held, report.changed, report.ended, desk.mailed()) == ("", 5, 5, {"m1@example.org"})


def test_a_few_stops_are_never_held_and_a_complaint_is_one_at_once(desk: Desk, server: HttpServer) -> None:
    sync(desk, server, page(*map(member, range(1, 7))))
    off = [member(number, newsletters=[]) for number in range(2, 5)]
    spam = {"suppressed": True, "info": {"reason": "spam"}}
    cried = [member(number, email_suppression=spam) for number in (5, 6)]
    report = sync(desk, server, page(member(1), *off, *cried))
    assert (report.held, report.ended, desk.mailed()) == ("", 3, {"m1@example.org"})


def test_a_list_named_first_that_would_stop_everybody_is_held(desk: Desk, server: HttpServer) -> None:
    desk.csv("address\n" + "".join(f"m{number}@example.org\n" for number in range(1, 6)))
    off = [member(number, newsletters=[]) for number in range(1, 6)]
    assert sync(desk, server, page(*off)).held
    assert len(desk.mailed()) == 5


def test_stops_that_were_read_hold_though_the_rest_cannot_be_read(desk: Desk, server: HttpServer) -> None:
    sync(desk, server, page(*map(member, range(1, 4))))
    with pytest.raises(SourceError):
        sync(desk, server, page(member(1, newsletters=[]), total=3, following=2), Answer(500))
    assert len(desk.mailed()) == 2


def test_each_page_is_asked_for_with_a_token_of_its_own(desk: Desk, server: HttpServer) -> None:
    first, second = (page(member(1), total=2, following=2), page(member(2), total=2))
    assert sync(desk, server, first, second).new == 2
    assert [one.path.partition("&page=")[2].partition("&")[0] for one in server.requests] == ["1", "2"]
    scheme, _, given = server.requests[0].headers["authorization"].partition(" ")
    head, said, signature = given.split(".")
    assert scheme == "Ghost"
    assert _unpacked(head) == {"alg": "HS256", "typ": "JWT", "kid": "6601f0c3a1"}
    values = _unpacked(said)
    assert values["aud"] == "/admin/"
    assert values["exp"] - values["iat"] == 300
    mac = hmac.digest(bytes.fromhex(SECRET), f"{head}.{said}".encode(), hashlib.sha256)
    assert base64.urlsafe_b64decode(signature + "=") == mac


def test_a_token_is_a_json_web_token() -> None:
    # RFC 7515, section 3.3 has the form; the values are this test's own.
    head, said, signature = token("k", b"secret", 1_000.9).split(".")
    assert _unpacked(said) == {"iat": 1000, "exp": 1300, "aud": "/admin/"}
    assert not set(head + said + signature) & set("=+/")


def _unpacked(text: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def test_a_list_that_moves_while_it_is_read_ends_nobodys_mail(desk: Desk, server: HttpServer) -> None:
    sync(desk, server, page(*map(member, range(1, 6))))
    # Somebody of the first page left before the second: one more slipped over the edge.
    report = sync(
        desk, server, page(member(1), member(2), total=5, following=2), page(member(4), member(5), total=4)
    )
    assert report.incomplete
    assert len(desk.mailed()) == 5
    assert sync(desk, server, page(*map(member, range(2, 6)))).gone == 1
    assert len(desk.mailed()) == 4


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (Answer(401), r"refused \(401\); check the key"),
        (Answer(403), r"refused \(403\)"),
        (Answer(404), r"not found \(404\)"),
        (Answer(500), r"failed \(500\)"),
        (Answer(429, {"Retry-After": "9000"}), "asked to wait until"),
        (Answer(200, {"Content-Type": "text/html"}, b"<!doctype html>"), "a page instead of JSON"),
        (Answer(200, {"Content-Type": "application/json"}, b'{"members": [{"email": "m9@'), "cut off"),
        (Answer(200, body=b"{}"), "not a list of members"),
        (page(member(9), total=9, following=2), "do not follow each other"),
    ],
)
def test_what_goes_wrong_in_the_middle_ends_nobodys_mail(
    desk: Desk, server: HttpServer, bad: Answer, words: str
) -> None:
    sync(desk, server, page(*map(member, range(1, 4))))
    with pytest.raises(SourceError, match=words) as caught:
        sync(desk, server, page(member(1), total=9, following=2), bad)
    assert len(desk.mailed()) >= 3
    assert "@" not in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("secret", ["", "6601f0c3a1", "6601f0c3a1:xyz", f":{SECRET}"])
def test_a_key_that_is_none_says_where_to_find_one(desk: Desk, server: HttpServer, secret: str) -> None:
    settings = ReadersSettings("members", "ghost", url=server.url, secret=secret)
    with pytest.raises(SourceError, match="STANDFIRST_READERS_MEMBERS is no Admin API key"):
        desk.sync(settings)
    assert server.requests == []
