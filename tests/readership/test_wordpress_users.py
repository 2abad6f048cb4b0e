"""WordPress's users and WooCommerce's subscriptions, from a server that answers as their REST API does."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from newsroom.database import engine_for, metadata
from newsroom.errors import SourceError
from newsroom.settings import ReadersSettings
from readership.reader import Plan
from tests.readership.test_sync import Desk
from tests.servers.http import Answer, HttpServer

JSON = {"Content-Type": "application/json; charset=UTF-8"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    engine = engine_for(f"sqlite:///{tmp_path / 'standfirst.db'}")
    metadata.create_all(engine)
    yield Desk(tmp_path, engine, places=("site",))
    engine.dispose()


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer(Answer(404)) as value:
        yield value


def rows(*some: dict[str, Any], total: int | None = None, pages: int = 1) -> Answer:
    count = len(some) if total is None else total
    headers = {**JSON, "X-WP-Total": str(count), "X-WP-TotalPages": str(pages)}
    return Answer(200, headers, json.dumps(some).encode())


def refusal(status: int, code: str) -> Answer:
    body = {"code": code, "message": "Sorry, m1@example.org.", "data": {"status": status}}
    return Answer(status, JSON, json.dumps(body).encode())


def user(number: int, *roles: str, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "email": f"m{number}@example.org",
        "first_name": "Reader",
        "last_name": str(number),
        "locale": "nl_BE",
        "roles": list(roles or ("subscriber",)),
        "registered_date": "2026-01-02T08:30:00+00:00",
        **more,
    }


def order(number: int, status: str, address: str = "", **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "status": status,
        "billing": {"email": address or f"m{number}@example.org", "first_name": "A", "last_name": "B"},
        "line_items": [{"product_id": 7, "name": "The Quay, monthly"}],
        "end_date_gmt": "",
        "date_created_gmt": "2026-01-02T08:30:00",
        **more,
    }


def sync(desk: Desk, server: HttpServer, *answers: Answer, of: str = "users", **more: Any) -> Any:
    server.answers += answers
    settings = ReadersSettings(
        "site", "wordpress", url=server.url, user="desk", secret="abcd efgh", of=of, timeout=10.0
    )
    return desk.sync(settings, **{"plans": {"subscriber": "free", "member": "paid"}, **more})


def test_roles_are_plans_and_who_has_none_of_them_is_no_reader(desk: Desk, server: HttpServer) -> None:
    report = sync(
        desk,
        server,
        rows(user(1), user(2, "subscriber", "member"), total=4, pages=2),
        rows(user(3, "administrator"), user(4, "customer", "Member"), total=4, pages=2),
    )
    assert (report.new, report.incomplete) == (3, False)
    found = [desk.reader(f"m{number}@example.org") for number in (1, 2, 3, 4)]
    assert [one and one.plan for one in found] == [Plan.FREE, Plan.PAID, None, Plan.PAID]
    assert found[0] is not None
    assert (found[0].name, found[0].language) == ("Reader 1", "nl-BE")
    first = server.requests[0]
    assert "context=edit" in first.path
    assert base64.b64decode(first.headers["authorization"].removeprefix("Basic ")) == b"desk:abcd efgh"
    # A role that is taken away is gone, too.
    report = sync(desk, server, rows(user(1), user(2, "administrator"), user(3), user(4, "member")))
    assert report.gone == 1
    assert desk.mailed() == {"m1@example.org", "m3@example.org", "m4@example.org"}


def test_addresses_that_are_plain_are_found(desk: Desk, server: HttpServer) -> None:
    assert sync(desk, server, Answer(404), rows(user(1))).new == 1
    assert server.requests[1].path.startswith("/?rest_route=/wp/v2/users&context=edit")


def test_subscriptions_by_their_status(desk: Desk, server: HttpServer) -> None:
    sync(
        desk,
        server,
        rows(
            order(1, "active"),
            order(2, "pending-cancel", end_date_gmt="2026-05-01T23:30:00"),
            order(3, "cancelled"),
            order(4, "on-hold"),
            # A former and a present one of the same person: the better one counts.
            order(5, "active", "m6@example.org"),
            order(6, "expired", "M6@example.org"),
            order(7, "active", line_items=[{"name": "Office"}]),
        ),
        of="subscriptions",
        plans={"office": "group"},
    )
    found = [desk.reader(f"m{number}@example.org") for number in (1, 2, 3, 4, 6, 7)]
    assert [one and one.plan for one in found] == [
        Plan.PAID,
        Plan.PAID,
        Plan.FREE,
        Plan.FREE,
        Plan.PAID,
        Plan.GROUP,
    ]
    assert found[1] is not None
    # The day there is the newsroom's: half past one in the night.
    assert str(found[1].plan_until) == "2026-05-02"
    assert len(desk.mailed()) == 6
    assert "/wc/v3/subscriptions?" in server.requests[0].path


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (refusal(401, "incorrect_password"), r"password is not taken \(401, incorrect_password\)"),
        (refusal(401, "rest_forbidden_context"), "is not taken"),
        (refusal(403, "rest_forbidden_context"), "may not list readers"),
        (refusal(404, "rest_no_route"), "no REST API here"),
        (Answer(429, {"Retry-After": "9000"}), "asked to wait until"),
        (Answer(500), r"failed \(500\)"),
        (Answer(200, {"Content-Type": "text/html"}, b"<!doctype html>"), "a page instead of JSON"),
        (Answer(200, JSON, b'[{"id": 1, "email": "m9@'), "cut off"),
        (Answer(200, {**JSON, "X-WP-Total": "1", "X-WP-TotalPages": "1"}, b"{}"), "not a list"),
        (Answer(200, JSON, b"[]"), "does not say how many"),
    ],
)
def test_what_goes_wrong_in_the_middle_ends_nobodys_mail(
    desk: Desk, server: HttpServer, bad: Answer, words: str
) -> None:
    sync(desk, server, rows(user(1), user(2), user(3)))
    with pytest.raises(SourceError, match=words) as caught:
        sync(desk, server, rows(user(1), total=9, pages=2), bad, *([bad] * 4 if bad.status == 404 else []))
    assert len(desk.mailed()) == 3
    assert "@" not in str(caught.value)
    assert "efgh" not in str(caught.value)


def test_a_shop_without_subscriptions_is_named(desk: Desk, server: HttpServer) -> None:
    with pytest.raises(SourceError, match="WooCommerce Subscriptions has to be switched on"):
        sync(desk, server, refusal(404, "rest_no_route"), of="subscriptions")
