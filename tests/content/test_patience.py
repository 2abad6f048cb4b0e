"""A source that asks for a long wait is not asked again before it is over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from content import store
from content.sync import SyncReport, Wish, sync_source
from newsroom.database import reading
from newsroom.errors import SourceError
from newsroom.settings import SourceSettings
from tests import samples
from tests.servers.http import Answer, HttpServer

RSS = b"""<rss version="2.0"><channel><title>Quay</title><item><title>One</title>
<link>https://quay.example/one</link><pubDate>Tue, 10 Mar 2026 05:00:00 GMT</pubDate></item>
</channel></rss>"""
MINUTE = timedelta(minutes=1)


@dataclass
class Desk:
    engine: Engine
    root: Path
    server: HttpServer

    def sync(self, after: timedelta, path: str = "/feed", **wish: bool) -> SyncReport:
        url = f"{self.server.url}{path}"
        settings = SourceSettings("wire", "feed", url=url, section="politics")
        now = datetime.now(UTC) + after
        return sync_source(self.engine, settings, samples.newsroom(), self.root, now, Wish(**wish))


@pytest.fixture
def desk(engine: Engine, tmp_path: Path) -> Iterator[Desk]:
    with HttpServer() as server:
        server.otherwise = Answer(200, {"Content-Type": "application/rss+xml"}, RSS)
        yield Desk(engine, tmp_path, server)


@pytest.mark.parametrize("asks_for", [timedelta(hours=1), timedelta(days=300)])
def test_who_asks_for_a_wait_is_left_alone_by_later_runs_too(desk: Desk, asks_for: timedelta) -> None:
    desk.server.answers.append(Answer(429, {"Retry-After": str(int(asks_for.total_seconds()))}))
    with pytest.raises(SourceError, match="asked to wait until"):
        desk.sync(0 * MINUTE)
    asked = len(desk.server.requests)
    for after in (5 * MINUTE, 50 * MINUTE):
        with pytest.raises(SourceError, match=r"asked to wait until .* UTC, and is not asked before that"):
            desk.sync(after)
    assert len(desk.server.requests) == asked
    # Nobody is left alone for longer than a day.
    assert desk.sync(min(asks_for, timedelta(days=1)) + MINUTE).inserted == 1
    with reading(desk.engine) as connection:
        known = store.source_state(connection, "wire")
    assert "wait" not in known.state
    assert known.last_error == ""


def test_a_person_who_asks_for_everything_is_obeyed_and_another_address_did_not_ask(desk: Desk) -> None:
    desk.server.answers.append(Answer(503, {"Retry-After": "7200"}))
    with pytest.raises(SourceError):
        desk.sync(0 * MINUTE)
    assert desk.sync(MINUTE, full=True).inserted == 1
    desk.server.answers.append(Answer(503, {"Retry-After": "7200"}))
    with pytest.raises(SourceError):
        desk.sync(0 * MINUTE)
    assert desk.sync(MINUTE, "/other").unchanged == 1
