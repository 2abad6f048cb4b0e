"""SendGrid's Event Webhook: real signed posts to the real application."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import Engine

from newsletter.edition import DeliveryState
from newsletter.providers import Answer
from newsletter.providers.sendgrid_events import PublicKey, events_of
from newsletter.returns.event import EventKind
from newsletter.tables import events
from newsroom.database import writing
from newsroom.secrets import SENDGRID_EVENT_KEY, Secrets, secrets_of
from readership import store
from readership.reader import SubscriptionStatus, SuppressionReason
from tests import samples
from tests.newsletter.delivering import KEY, House, composed, says
from tests.readership.registered import ADDRESS_KEY, register
from tests.web.posting import PUBLIC, body_of, post, signed, told
from tests.web.serving import KEYS, Site, served, settings
from web import hooks

READERS = 12


@pytest.fixture
def hook(engine: Engine, tmp_path: Path, said: io.StringIO) -> Iterator[Site]:
    """A newsroom that takes events, with an edition whose one batch is uncertain."""
    for number in range(1, READERS + 1):
        register(engine, samples.reader(number), samples.subscription(number))
    composed(engine)
    house = House(engine)
    house.provider.batch_size = 100
    house.provider.otherwise = says(Answer.UNCERTAIN, "reset")
    house.run()
    secrets = Secrets(KEYS, ADDRESS_KEY, sendgrid_event_key=PUBLIC, metrics_token="m" * 32)
    with served(replace(settings(tmp_path), secrets=secrets), engine) as site:
        site.log = said
        yield site


def states(site: Site) -> dict[int, Any]:
    return dict(House(site.engine).states())


def stopped(site: Site) -> dict[int, SuppressionReason]:
    with site.engine.connect() as connection:
        numbers = {one.key: one.id for one in store.after_number(connection, 0, 100)}
        return {numbers[key]: why for key, why in store.suppressed(connection, list(numbers)).items()}


def metrics(site: Site) -> dict[str, float]:
    text = site.client.get("/metrics", headers={"Authorization": f"Bearer {'m' * 32}"}).text
    lines = [line for line in text.splitlines() if line.startswith("standfirst_events_total{")]
    return {line.split('"')[1]: float(line.split()[-1]) for line in lines}


def test_a_signed_post_settles_the_uncertain(hook: Site) -> None:
    answer = post(hook.client, [told(number) for number in range(1, 6)])
    assert (answer.status_code, answer.text) == (200, "Noted.\n")
    found = states(hook)
    assert [found[number] for number in (1, 5, 6)] == ["accepted", "accepted", "uncertain"]
    assert metrics(hook) == {"new": 5, "copies": 0, "foreign": 0} | {"new": 5.0}


def test_each_kind_does_what_it_should(hook: Site) -> None:
    some = [
        told(1, "delivered", response="250 OK"),
        told(2, "bounce", type="bounce", status="5.1.1", reason="550 5.1.1 <reader2@example.org> unknown"),
        told(3, "bounce", type="blocked", reason="550 5.7.1 our IP is listed"),
        told(4, "dropped", reason="Bounced Address"),
        told(5, "dropped", reason="Spam Reporting Address"),
        told(6, "spamreport"),
        told(7, "unsubscribe"),
        told(8, "group_unsubscribe", asm_group_id=1),
        told(9, "dropped", reason="Recipient List over Package Quota"),
        told(10, "open"),
        told(12),
        told(11, "deferred", response="451 try reader11@example.org later", attempt="3"),
    ]
    assert post(hook.client, some).status_code == 200
    assert stopped(hook) == {
        2: SuppressionReason.BOUNCED,
        4: SuppressionReason.BOUNCED,
        5: SuppressionReason.COMPLAINED,
        6: SuppressionReason.COMPLAINED,
    }
    assert hook.statuses(7) == hook.statuses(8) == {"daily": SubscriptionStatus.UNSUBSCRIBED}
    found = states(hook)
    refused = {number for number, state in found.items() if state is DeliveryState.REFUSED}
    uncertain = {number for number, state in found.items() if state is DeliveryState.UNCERTAIN}
    assert (refused, uncertain) == ({4, 5, 9}, {10})
    with hook.engine.connect() as connection:
        kept = connection.execute(sa.select(events.c.kind, events.c.reason)).all()
    assert len(kept) == 11
    assert {kind for kind, _ in kept} == set(EventKind)
    assert not any("@" in reason for _, reason in kept)


def test_copies_are_harmless_whatever_their_event_id(hook: Site) -> None:
    for attempt in range(3):
        assert post(hook.client, [told(2, "bounce", sg_event_id=f"copy {attempt}")]).status_code == 200
    assert metrics(hook) == {"new": 1, "copies": 2, "foreign": 0}


def test_one_bad_event_loses_none_of_the_others(hook: Site) -> None:
    bad: list[Any] = [
        None,
        7,
        "event",
        [],
        {},
        {**told(1), "event": None},
        told(1, timestamp=None),
        told(1, timestamp="soon"),
        told(1, timestamp=10**30),
        told(1, timestamp=float("inf")),
        told(1, batch={"a": 1}),
        told(1, batch=True),
        told(1, delivery="1; DROP TABLE events"),
        told(1, edition="daily\x00"),
        told(1, edition="\ud800"),
        told(1, edition="d" * 5_000),
    ]
    foreign = [
        told(1, edition=None),
        told(1, batch=None, delivery=None),
        told(1, edition="other-2026-03-10"),
        told(1, batch="999"),
        told(1, delivery="999"),
        told(1, delivery="9999999999"),
        told(1, email="somebody.else@example.org"),
    ]
    answer = post(hook.client, [*bad, told(3), *foreign, told(4, email="not an address")])
    assert answer.status_code == 200
    assert metrics(hook) == {"malformed": 16, "foreign": 7, "new": 2, "copies": 0}
    assert [states(hook)[number] for number in (1, 3, 4)] == ["uncertain", "accepted", "accepted"]


def test_only_what_sendgrid_signed_lately_is_read(hook: Site) -> None:
    body = body_of([told(1)])
    good = signed(body, samples.NOON)
    other = signed(body, samples.NOON, ec.generate_private_key(ec.SECP256R1()))
    name = "x-twilio-email-event-webhook-signature"
    stamp = "x-twilio-email-event-webhook-timestamp"
    for headers in (
        {},
        other,
        {name: good[name]},
        {stamp: good[stamp]},
        {**good, name: ""},
        {**good, name: "%%%"},
        {**good, name: b64encode(b"short").decode()},
        {**good, stamp: "1"},
        {**good, stamp: "-5"},
        {**good, stamp: "9" * 400},
        signed(body, samples.NOON - timedelta(hours=26)),
        signed(body, samples.NOON + timedelta(minutes=6)),
        signed(body + b" ", samples.NOON),
    ):
        assert hook.client.post(hooks.PATH, content=body, headers=headers).status_code == 403
    assert states(hook)[1] is DeliveryState.UNCERTAIN
    late = hook.client.post(
        hooks.PATH, content=body, headers=signed(body, samples.NOON - timedelta(hours=23))
    )
    assert late.status_code == 200


@pytest.mark.parametrize("body", [b"", b"{}", b"[", b"\xff", b"[" * 100_000, b'{"event": "bounce"}'])
def test_a_signed_post_that_is_no_list_is_refused(hook: Site, body: bytes) -> None:
    answer = hook.client.post(hooks.PATH, content=body, headers=signed(body, samples.NOON))
    assert answer.status_code == 400


def test_too_large_a_post_is_not_read_to_its_end(hook: Site) -> None:
    body = b" " * (hooks.LONGEST_BODY + 1)
    answer = hook.client.post(hooks.PATH, content=body, headers=signed(body, samples.NOON))
    assert answer.status_code == 413


def test_a_database_that_is_away_makes_sendgrid_come_again(
    hook: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "WITHIN", 0.2)
    with writing(hook.engine):
        answer = post(hook.client, [told(1)])
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert post(hook.client, [told(1)]).status_code == 200


def test_more_than_a_thousand_events_come_in_one_post(hook: Site) -> None:
    many = [told(1 + number % READERS, timestamp=1_773_144_000 + number) for number in range(2_500)]
    assert post(hook.client, many).status_code == 200
    assert metrics(hook)["new"] == 2_500
    assert DeliveryState.UNCERTAIN not in states(hook).values()


def test_no_address_is_in_the_log(hook: Site) -> None:
    post(hook.client, [told(2, "bounce", reason="<reader2@example.org> is unknown"), told(3, email="x@y@z")])
    said = hook.said()
    assert '"stopped": 1' in said
    assert "@" not in said


def test_without_a_key_there_is_nothing(site: Site) -> None:
    assert post(site.client, [told(1)]).status_code == 404


def test_it_is_only_posted_to(hook: Site) -> None:
    assert hook.client.get(hooks.PATH).status_code == 405


@pytest.mark.parametrize("text", ["", "MFkw", "%", b64encode(b"no key at all").decode()])
def test_a_key_that_is_none_is_said_before_anything_is_served(text: str) -> None:
    problems: list[str] = []
    secrets_of({SENDGRID_EVENT_KEY: text}, {}, problems)
    assert any(SENDGRID_EVENT_KEY in line for line in problems) is bool(text)
    assert not any(text in line for line in problems if len(text) > 1)


def test_the_key_is_taken_as_sendgrid_shows_it() -> None:
    body = body_of([told(1)])
    headers = signed(body, samples.NOON)
    signature, timestamp = list(headers.values())[:2]
    assert PublicKey(PUBLIC).signed(body, signature, timestamp, samples.NOON)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.lists(st.dictionaries(st.sampled_from(sorted(told(1, reason="", type="", status=""))), _JSON) | _JSON)
)
def test_whatever_is_in_a_list_never_stops_it(some: list[Any]) -> None:
    good = told(7)
    found = events_of(body_of([*some, good]), lambda _: "")
    assert found.events[-1].reader_id == 7
    assert len(found.events) + sum(found.passed.values()) == len(some) + 1


@pytest.mark.parametrize(
    ("more", "kind", "is_permanent"),
    [
        ({"type": "bounce", "status": "5.1.1"}, EventKind.BOUNCE, True),
        ({"type": "bounce"}, EventKind.BOUNCE, True),
        ({"type": "bounce", "bounce_classification": "Invalid Address"}, EventKind.BOUNCE, True),
        ({"type": "bounce", "status": "5.2.2", "reason": "mailbox full"}, EventKind.BOUNCE, False),
        ({"type": "bounce", "reason": "452 4.2.2 over quota"}, EventKind.BOUNCE, False),
        ({"type": "bounce", "bounce_classification": "Technical Failure"}, EventKind.BOUNCE, False),
        ({"type": "bounce", "bounce_classification": "Reputation"}, EventKind.BLOCKED, False),
        ({"type": "bounce", "status": "5.7.26"}, EventKind.BLOCKED, False),
        ({"type": "bounce", "reason": "550 5.7.1 not from you"}, EventKind.BLOCKED, False),
        ({"type": "blocked"}, EventKind.BOUNCE, False),
        ({"type": "blocked", "bounce_classification": "Content"}, EventKind.BLOCKED, False),
        ({"type": ["bounce"], "status": 5, "reason": {}}, EventKind.BOUNCE, True),
    ],
)
def test_how_a_bounce_is_understood(more: dict[str, Any], kind: EventKind, is_permanent: bool) -> None:
    [event] = events_of(body_of([told(1, "bounce", **more)]), lambda _: "").events
    assert (event.kind, event.is_permanent) == (kind, is_permanent)
    assert event.edition == KEY
