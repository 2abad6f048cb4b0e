"""The feeds of a real WordPress: conftest.py says when these tests are run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import Engine

from content import catalogue
from content.article import Access, Article
from content.sync import SyncReport, Wish, sync_source
from newsroom.database import reading
from newsroom.settings import SourceSettings
from tests import samples
from tests.content.test_wordpress_real import Real, real

__all__ = ["real"]


class Run:
    """Runs, one a minute, of a newsroom that has this feed."""

    def __init__(self, engine: Engine, root: Path, url: str) -> None:
        self.engine, self.root = engine, root
        self.settings = SourceSettings("wire", "feed", url=url, section="culture")
        self.now = datetime.now(UTC)

    def sync(self, **wish: Any) -> SyncReport:
        self.now += timedelta(minutes=1)
        return sync_source(self.engine, self.settings, samples.newsroom(), self.root, self.now, Wish(**wish))

    def article(self, name: str) -> Article:
        with reading(self.engine) as connection:
            (found,) = catalogue.find(connection, name)
        return found.article


@pytest.mark.parametrize("kind", ["rss2", "atom", "rdf", "rss"])
def test_its_feeds_in_every_format(kind: str, real: Real, engine: Engine, tmp_path: Path) -> None:
    run = Run(engine, tmp_path, f"{real.url}/?feed={kind}&paged=3")
    report = run.sync()
    # RSS 0.92, which it has as well, has no dates.
    assert report.inserted == (0 if kind == "rss" else 7)
    if kind == "rss":
        assert {one.message[:17] for one in report.problems} == {"it has no date (p"}
        return
    entities = run.article("story-06")
    assert entities.headline == "A & B x “q” ‘s – it’s <tag> 5 < 6 😀 𝒜 日本"
    assert (entities.teaser, entities.access) == ("", Access.PAID)
    assert entities.body.html.startswith("<p>Body 😀 𝒜 with &amp; and")
    assert run.article("story-07").teaser == "Manual excerpt & more 😀"
    # Cut out of the body by a machine, with a short code that nobody knows.
    assert run.article("story-10").teaser == ""
    assert run.article("story-09").authors == ("Ana Pérez",)
    assert run.sync().found == 0


def test_what_changes_there_is_seen_once_and_what_is_deleted_stays(
    real: Real, engine: Engine, tmp_path: Path
) -> None:
    run = Run(engine, tmp_path, f"{real.url}/feed/")
    number = real.put(title="A feed &amp; its story", content="<p>First words.</p>", slug="feed-story")
    assert run.sync().inserted == 10
    assert run.article("feed-story").headline == "A feed & its story"
    # WordPress tells one state of a feed from the next by the second.
    real.edit(number, content="<p>Other words.</p>")
    assert run.sync().updated == 1
    real.remove(number, for_good=True)
    assert run.sync(full=True).withdrawn == 0
    assert run.article("feed-story").body.html == "<p>Other words.</p>"
