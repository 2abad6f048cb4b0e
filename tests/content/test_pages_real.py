"""Articles out of the pages that a real Ghost shows to everybody, with the theme that it brings.

How it is started says test_ghost_real.py; conftest.py says when these tests are run.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from content import catalogue, holdings
from content.article import Access, Article
from content.sources.pages import Pages
from content.sync import SyncReport, Wish, sync_source
from newsroom.database import reading
from newsroom.settings import ListSettings, SourceSettings
from tests import samples
from tests.content.test_ghost_real import Real
from tests.content.test_ghost_real import real as real


class Run:
    """Runs, one after the other, of a newsroom that has this site."""

    def __init__(self, engine: Engine, root: Path, *lists: ListSettings) -> None:
        self.engine, self.root = engine, root
        self.settings = SourceSettings("site", "pages", lists=lists)

    def sync(self, now: datetime | None = None) -> SyncReport:
        now = now or datetime.now(UTC)
        return sync_source(self.engine, self.settings, samples.newsroom(), self.root, now, Wish())

    def live(self) -> set[str]:
        with reading(self.engine) as connection:
            return {reference for _, reference in holdings.live_references(connection, "site")}

    def article(self, slug: str) -> Article:
        with reading(self.engine) as connection:
            (found,) = catalogue.find(connection, slug)
        return found.article


def test_posts_by_the_sitemap_as_anybody_sees_them(real: Real, engine: Engine, tmp_path: Path) -> None:
    run = Run(engine, tmp_path, ListSettings(f"{real.url}/sitemap-posts.xml", "politics"))
    report = run.sync()
    # The theme's own picture is on a server that cannot be reached from everywhere.
    assert [one for one in report.problems if "the image cannot be used" not in one.message] == []
    assert {"public-post", "paid-post", "members-post", "paid-with-paywall-card", "story-19"} <= run.live()
    assert "draft" not in " ".join(run.live())
    public = run.article("public-post")
    assert (public.headline, public.teaser) == ("Public post", "Hand-written excerpt")
    assert public.body.html == "<p>Public body 😀 𝒜 &amp; co</p>"
    assert (public.authors, public.tags, public.access) == (("Owner One",), ("news",), Access.PAID)
    odd = next(one for one in run.live() if one.startswith("a-b-em"))
    assert run.article(odd).headline == 'A & B <em>x</em> "q" \'s – <tag> 5 < 6 😀 𝒜 日本'
    # Behind the wall is only what the page brings along, and no card of another post instead of it.
    assert run.article("paid-post").body.html == ""
    assert run.article("paid-post").teaser == "Paid custom excerpt"
    assert run.article("paid-with-paywall-card").body.html == "<p>Free preview text.</p>"
    again = run.sync()
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, report.inserted)


def test_the_front_page_says_what_is_new_edited_and_gone(
    real: Real, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(engine, tmp_path, ListSettings(f"{real.url}/", "politics"))
    run.sync()
    before = run.live()
    slug = f"fresh-{time.time_ns()}"
    number = real.put(title="Fresh from the quay", slug=slug, html="<p>New words.</p>")
    report = run.sync()
    assert (report.inserted, run.live() - before) == (1, {slug})
    assert run.article(slug).body.html == "<p>New words.</p>"
    assert run.article(slug).image is None
    real.edit(number, title="Fresh from the river", slug=slug)
    assert run.sync().updated == 1
    assert run.article(slug).headline == "Fresh from the river"
    real.edit(number, status="draft")
    later = datetime.now(UTC) + timedelta(hours=25)
    monkeypatch.setattr(Pages, "clock", staticmethod(lambda: later))
    assert run.sync(later).withdrawn == 1
    assert run.live() == before
