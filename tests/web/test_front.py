"""The front page, the monitors' addresses, and the pages for what is missing or went wrong."""

from __future__ import annotations

import io
import json
import re
from datetime import time
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from content.tables import retired_feeds
from newsroom.database import engine_for
from newsroom.errors import ConfigurationError, StoreError
from newsroom.masthead import Look
from readership import store
from tests import samples
from tests.web.serving import Site, served, settings
from web.app import application, reachable
from web.front import hours


def _publish(site: Site, *names: str) -> None:
    folder = site.public / "feeds"
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text("x")


def test_the_front_says_who_this_is_and_what_may_be_had(site: Site) -> None:
    _publish(site, "all.rss", "all.atom", "all.json", "culture.atom", "partners.rss", "index.html")
    answer = site.client.get("/")
    page = answer.text
    assert answer.status_code == 200
    assert "<h1>The Quay</h1>" in page
    assert "News from the river." in page
    assert 'href="https://quay.example"' in page
    assert 'href="/feeds/all.rss"' in page
    assert 'href="/feeds/culture.atom" aria-label="Culture &amp; Books, Atom"' in page
    assert 'href="/feeds/"' in page
    assert "The Morning Quay" in page
    # At its foot, what it has not shown already.
    foot = page[page.index("<footer>") :]
    assert re.findall('href="([^"]+)"', foot) == ["/privacy", "mailto:editors@quay.example"]
    assert "Every day at 6:00" in page
    # The same name as on the page of all feeds, and what is paid for says so.
    assert '<span class="title">All sections</span>' in page
    assert page.count("Paid content") == 1
    assert page.index("Paid content") < page.index("Stakeholders&#39; highlights")
    # Not published yet: not linked.
    assert "politics.rss" not in page
    assert "culture.rss" not in page


def test_the_front_of_a_newsroom_that_has_published_nothing_links_no_feed(site: Site) -> None:
    assert "/feeds/" not in site.client.get("/").text


def test_the_front_may_be_indexed_and_kept_for_a_while(site: Site) -> None:
    headers = site.client.get("/").headers
    assert "x-robots-tag" not in headers
    assert headers["cache-control"] == "public, max-age=300"
    assert "script" not in headers["content-security-policy"]


@pytest.mark.parametrize(
    ("language", "days", "expected"),
    [
        ("en", {1, 2, 3, 4, 5, 6, 7}, "Every day at 6:30 AM"),
        ("en", {6, 7}, "Saturday, Sunday at 6:30 AM"),
        ("en-GB", {1}, "Monday at 06:30"),
        ("de", {1, 5}, "Montag, Freitag um 06:30"),
        ("nl", {1, 2}, "Maandag, dinsdag om 06:30"),
        ("xx", {7}, "Sunday at 6:30 AM"),
    ],
)
def test_hours_are_said_in_words(language: str, days: set[int], expected: str) -> None:
    newsletter = samples.newsletter(at=time(6, 30), days=frozenset(days))
    assert hours(newsletter, language).replace("\u202f", " ") == expected


def test_robots_leave_links_of_readers_alone(site: Site) -> None:
    assert "Disallow: /unsubscribe/" in site.client.get("/robots.txt").text


def test_a_slash_too_many_leads_where_it_should(site: Site) -> None:
    answer = site.client.get("/subscribe/?language=de", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (301, "/subscribe?language=de")


def test_an_icon_is_asked_for_once_a_day(site: Site) -> None:
    answer = site.client.get("/favicon.ico")
    assert (answer.status_code, answer.headers["cache-control"]) == (204, "public, max-age=86400")
    site.public.mkdir(parents=True, exist_ok=True)
    (site.public / "favicon.ico").write_bytes(b"icon")
    answer = site.client.get("/favicon.ico")
    assert (answer.content, answer.headers["content-type"]) == (b"icon", "image/x-icon")


def test_healthz_and_readyz(site: Site) -> None:
    for path, text in (("/healthz", "ok\n"), ("/readyz", "ready\n")):
        answer = site.client.get(path)
        assert (answer.status_code, answer.text) == (200, text)
        assert answer.headers["cache-control"] == "no-store"
        assert site.client.head(path).status_code == 200
    # Monitors ask every few seconds: no line each.
    assert site.said() == ""


@pytest.mark.parametrize("kind", ["no table", "no database", "newer"])
def test_not_ready_is_503_and_the_reason_is_in_the_log_alone(
    tmp_path: Path, said: io.StringIO, kind: str
) -> None:
    folder = tmp_path / "absent" if kind == "no database" else tmp_path
    engine = engine_for(f"sqlite:///{folder / 'standfirst.db'}")

    def newer(_engine: Engine) -> None:
        raise StoreError("the database is of revision 9999")

    with served(settings(tmp_path), engine, ready=newer if kind == "newer" else reachable) as site:
        answer = site.client.get("/readyz")
        assert site.client.get("/healthz").status_code == 200
    engine.dispose()
    assert (answer.status_code, answer.text) == (503, "not ready: see the log\n")
    assert "not ready" in said.getvalue()


@pytest.mark.parametrize("path", ["/nope", "/articles/bridge", "/feeds/nope.rss", "/%00", "/unsubscribe"])
def test_a_missing_page_is_designed_too(site: Site, path: str) -> None:
    answer = site.client.get(path)
    assert answer.status_code == 404
    assert "<h1>There is no such page</h1>" in answer.text
    assert 'href="/"' in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_a_wrong_method_says_which_are_right(site: Site) -> None:
    answer = site.client.post("/")
    assert answer.status_code == 405
    assert set(answer.headers["allow"].replace(" ", "").split(",")) == {"GET", "HEAD"}
    assert "<h1>That cannot be done here</h1>" in answer.text


def test_a_mistake_of_ours_shows_nothing_of_itself(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret of reader1@example.org")

    monkeypatch.setattr(store, "by_id", broken)
    # The server hangs up after a failure; a client that has not seen it yet would use the connection again.
    answer = site.client.get(site.link(), headers={"Connection": "close"})
    assert answer.status_code == 500
    assert "<h1>Something went wrong on our side</h1>" in answer.text
    assert "secret" not in answer.text
    assert answer.headers["x-robots-tag"] == "noindex"
    log = site.said()
    assert "RuntimeError at test_front.py:" in log
    assert "secret" not in log
    assert "reader1" not in log
    monkeypatch.undo()
    assert site.client.get(site.link()).status_code == 200


def test_a_database_that_fails_elsewhere_is_503(tmp_path: Path, engine: Engine, said: io.StringIO) -> None:
    retired_feeds.drop(engine)
    with served(settings(tmp_path), engine) as site:
        answer = site.client.get("/feeds/nope.rss")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "60"
    assert "<h1>Please try again in a minute</h1>" in answer.text
    assert "no such table" in said.getvalue()


def test_looks_that_cannot_be_drawn_stop_the_start(tmp_path: Path, engine: Engine) -> None:
    newsroom = samples.newsroom(look=Look(accent="red"))
    with pytest.raises(ConfigurationError, match=r"look\.accent"):
        application(settings(tmp_path, newsroom), engine)


def test_the_log_has_one_line_a_request_without_the_query_or_a_clients_address(site: Site) -> None:
    site.client.get("/archive/%0a%1b[31m?email=ann@example.org")
    (line,) = site.said().splitlines()
    entry = json.loads(line)
    assert entry["path"] == "/archive/??[31m"
    assert entry["status"] == 404
    assert "127.0.0.1" not in line
    assert "ann" not in line
