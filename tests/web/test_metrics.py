"""What Prometheus is told, and whom."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families
from starlette.routing import Mount, Route

from content.tables import source_states
from feeds.tables import feed_marks
from newsletter.returns import mail_counts
from newsletter.tables import editions, letters
from newsroom.database import engine_for, metadata
from newsroom.secrets import Secrets
from newsroom.settings import SourceSettings
from newsroom.tables import alerts
from readership.tokens import feed_token, unsubscribe_token
from tests import samples
from tests.readership.registered import ADDRESS_KEY
from tests.web.serving import KEYS, Site, served, settings
from web.metrics import OTHER, Metrics, folders_of, route_of

TOKEN = "a token for the one who watches"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
NOON = samples.NOON


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Site]:
    """A newsroom whose /metrics may be read with a token."""
    engine = engine_for(f"sqlite:///{tmp_path / 'standfirst.db'}")
    metadata.create_all(engine)
    values = dataclasses.replace(
        settings(tmp_path),
        secrets=Secrets(KEYS, ADDRESS_KEY, metrics_token=TOKEN),
        sources=(SourceSettings("desk", "folder"), SourceSettings("wire", "feed")),
    )
    with served(values, engine) as site:
        yield site
    engine.dispose()


def numbers(text: str) -> dict[str, float]:
    """Every sample by its name and labels, as Prometheus's own parser reads them."""
    return {
        one.name + "".join(f" {key}={value}" for key, value in sorted(one.labels.items())): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def read(site: Site) -> dict[str, float]:
    answer = site.client.get("/metrics", headers=BEARER)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert answer.headers["cache-control"] == "no-store"
    return numbers(answer.text)


def test_without_a_token_in_the_settings_there_is_nothing(site: Site) -> None:
    for headers in ({}, BEARER, {"Authorization": "Bearer"}):
        assert site.client.get("/metrics", headers=headers).status_code == 404


def test_the_schemes_name_is_written_in_any_way(watched: Site) -> None:
    for scheme in ("bearer", "BEARER"):
        answer = watched.client.get("/metrics", headers={"Authorization": f"{scheme} {TOKEN}"})
        assert answer.status_code == 200


def test_whoever_has_another_token_reads_nothing(watched: Site) -> None:
    for said in ("", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "Bearer \xff"):
        answer = watched.client.get("/metrics", headers=[(b"Authorization", said.encode("latin-1"))])
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert "standfirst" not in answer.text


def test_it_is_only_read(watched: Site) -> None:
    assert watched.client.head("/metrics", headers=BEARER).status_code == 200
    assert watched.client.post("/metrics", headers=BEARER).status_code == 405


def test_requests_are_counted_by_route_and_kind_of_answer(watched: Site) -> None:
    for path in ("/", "/subscribe", "/feeds/none.rss", "/feeds/", "/wp-login.php", "/.env", "/%00"):
        watched.client.get(path)
    watched.client.post("/feeds/none.rss")
    found = read(watched)
    assert found["standfirst_requests_total route=/ status=2xx"] == 1
    assert found["standfirst_requests_total route=/subscribe status=2xx"] == 1
    assert found["standfirst_requests_total route=/feeds status=4xx"] == 3
    assert found["standfirst_requests_total route=other status=4xx"] == 3
    assert found["standfirst_request_seconds_count route=/feeds"] == 3
    assert 0 < found["standfirst_request_seconds_sum route=/feeds"] < 10


def test_monitors_and_metrics_themselves_are_not_counted(watched: Site) -> None:
    watched.client.get("/healthz")
    watched.client.get("/readyz")
    read(watched)
    assert not [name for name in read(watched) if name.startswith("standfirst_requests_total")]


def test_no_secret_no_path_and_no_number_of_a_reader_is_in_it(watched: Site) -> None:
    token, private = unsubscribe_token(KEYS, 1, "daily"), feed_token(KEYS, 1, 0)
    before = len(read(watched))
    for path in (
        f"/unsubscribe/{token}",
        f"/private/{private}/all.rss",
        f"/confirm/{token}",
        "/unsubscribe/ann@quay.example",
        "/ann@quay.example",
        "/articles/some-story",
    ):
        watched.client.get(path)
    text = watched.client.get("/metrics", headers=BEARER).text
    for secret in (token, private, TOKEN, "@", "some-story", "127.0.0.1", KEYS[0][0]):
        assert secret not in text
    several = len(numbers(text))
    for number in range(50):
        watched.client.get(f"/{number}/x")
    # Whoever makes up paths makes up no numbers to keep.
    assert len(read(watched)) == several > before


def test_it_tells_how_the_newsroom_stands(watched: Site) -> None:
    now = watched.clock.moment
    empty = read(watched)
    assert empty["standfirst_database_up"] == 1
    assert empty["standfirst_letters_waiting"] == 0
    assert empty["standfirst_feeds_unpublished"] == empty["standfirst_feeds"]
    assert empty["standfirst_editions state=sent"] == 0
    assert "standfirst_last_run_timestamp_seconds" not in empty
    with watched.engine.begin() as connection:
        for age in (90, 30):
            row = {
                "kind": "confirm",
                "newsletter": "daily",
                "address": "ann@quay.example",
                "subject": "x",
                "html": "x",
                "text": "x",
                "language": "en",
                "message_id": f"{age}@quay.example",
                "created": now - timedelta(seconds=age),
                "expires": now + timedelta(days=1),
                "not_before": now,
                "attempts": 0,
            }
            connection.execute(sa.insert(letters).values(row))
        for name, minutes in (("all", 5), ("politics", 65), ("dropped", 900)):
            row = {"name": name, "until": now - timedelta(minutes=minutes), "fingerprint": "x"}
            connection.execute(sa.insert(feed_marks).values(row))
        for day, state, held in ((1, "sent", ""), (2, "sent", ""), (3, "composed", "bigger than ever")):
            row = {
                "key": f"daily-{day}",
                "newsletter": "daily",
                "local_date": date(2026, 3, day),
                "slot": "",
                "state": state,
                "revision": 1,
                "due": now,
                "held": held,
            }
            connection.execute(sa.insert(editions).values(row))
        connection.execute(
            sa.insert(alerts).values(key="k", message="ann@quay.example bounced", first_seen=now)
        )
        mail_counts.add(connection, {"new": 2, "copies": 0})
        mail_counts.add(connection, {"new": 1})
        for source in ("desk", "gone"):
            connection.execute(sa.insert(source_states).values(source=source, last_read=now))
    found = read(watched)
    assert found["standfirst_letters_waiting"] == 2
    assert found["standfirst_letters_oldest_seconds"] == 90
    assert found["standfirst_last_run_timestamp_seconds"] == (now - timedelta(minutes=5)).timestamp()
    assert found["standfirst_feeds_oldest_seconds"] == 65 * 60
    assert found["standfirst_editions state=sent"] == 2
    assert found["standfirst_editions state=composed"] == 1
    assert found["standfirst_editions_held"] == 1
    assert found["standfirst_open_problems"] == 1
    assert found["standfirst_returned_mails_total outcome=new"] == 3
    assert found["standfirst_source_read_timestamp_seconds source=desk"] == now.timestamp()
    # One that is no more in newsroom.toml is nobody's concern.
    assert "standfirst_source_read_timestamp_seconds source=gone" not in found


def test_a_database_that_does_not_answer_is_told(tmp_path: Path) -> None:
    engine = engine_for(f"sqlite:///{tmp_path / 'none' / 'standfirst.db'}")
    metrics = Metrics(settings(tmp_path), engine, lambda: NOON, ("feeds",))
    metrics.note("/feeds/all.rss", 200, 0.001)
    found = numbers(metrics.text().decode())
    assert found["standfirst_database_up"] == 0
    assert found["standfirst_requests_total route=/feeds status=2xx"] == 1
    assert "standfirst_letters_waiting" not in found
    engine.dispose()


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/", "/"),
        ("", OTHER),
        ("//", OTHER),
        ("//feeds", OTHER),
        ("/feeds", "/feeds"),
        ("/feeds/all.rss", "/feeds"),
        ("/private/x/y", "/private"),
        ("/feedsx", OTHER),
        ("/\u0001", OTHER),
    ],
)
def test_a_route_is_the_first_folder_of_a_path_of_ours(path: str, route: str) -> None:
    routes = [Route("/", _none), Route("/private/{x:path}", _none), Mount("/feeds", _none)]
    assert route_of(path, folders_of(routes)) == route


async def _none(*_: object) -> None: ...
