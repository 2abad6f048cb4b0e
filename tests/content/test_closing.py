"""Rules that close articles, and a source that has not what they name: nothing is opened by that."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import Engine

from content import catalogue, holdings
from content.article import Access
from content.sources.closing import closing_names, tag_slugs
from content.sync import SyncReport, Wish, sync_source
from newsroom.database import reading
from newsroom.settings import SourceSettings
from tests import samples
from tests.content import ghost_site, wordpress_site


class House:
    """A newsroom with one source, synced as runs do it."""

    def __init__(self, engine: Engine, root: Path, kind: str, url: str, **settings: Any) -> None:
        self.engine, self.root = engine, root
        self.given: dict[str, Any] = {"url": url, "section": "politics", **settings}
        self.kind = kind

    def sync(self, **wish: Any) -> SyncReport:
        settings = SourceSettings("site", self.kind, **self.given)
        now = datetime.now(UTC)
        return sync_source(self.engine, settings, samples.newsroom(), self.root, now, Wish(**wish))

    def access(self) -> dict[str, Access]:
        with reading(self.engine) as connection:
            found = [one for _, one in holdings.live_references(connection, "site")]
            whole = [catalogue.find(connection, one)[0].article for one in found]
        return {one.reference: one.access for one in whole}


@pytest.fixture
def wordpress() -> Iterator[wordpress_site.Site]:
    with wordpress_site.Site() as site:
        site.categories[3] = ("arts", "Arts", 0)
        site.put(1)
        site.put(2, categories=[3])
        yield site


def test_a_category_that_has_another_name_opens_nothing(
    engine: Engine, tmp_path: Path, wordpress: wordpress_site.Site
) -> None:
    house = House(engine, tmp_path, "wordpress", wordpress.url, access="free", paid=("category:arts", "more"))
    house.sync()
    as_it_was = {"posts/1": Access.FREE, "posts/2": Access.PAID}
    assert house.access() == as_it_was
    wordpress.categories[3] = ("kunst", "Kunst", 0)
    report = house.sync(full=True)
    assert 'the site has no "category:arts" (in `paid`)' in report.held
    assert "mend the rule" in report.held
    # A run that looks at nothing else still says so, and a new article there does not come.
    assert house.sync().held
    wordpress.edit(3, categories=[3])
    assert house.sync().held
    assert house.access() == as_it_was
    house.given["paid"] = ("category:kunst", "more")
    report = house.sync()
    assert (report.held, report.inserted) == ("", 1)
    assert house.access() == {**as_it_was, "posts/3": Access.PAID}


def test_what_was_unpublished_goes_all_the_same(
    engine: Engine, tmp_path: Path, wordpress: wordpress_site.Site
) -> None:
    house = House(engine, tmp_path, "wordpress", wordpress.url, access="free", paid=("category:arts",))
    house.sync()
    wordpress.edit(1, status="draft")
    wordpress.put(4, categories=[3])
    house.given["paid"] = ("category:atrs",)
    assert house.sync().held
    assert house.access() == {"posts/2": Access.PAID}


@pytest.mark.parametrize("rule", ["category:atrs", "tag:premium"])
def test_a_name_misspelt_from_the_first_stores_nothing(
    engine: Engine, tmp_path: Path, wordpress: wordpress_site.Site, rule: str
) -> None:
    house = House(engine, tmp_path, "wordpress", wordpress.url, access="free", paid=(rule,))
    assert rule in house.sync().held
    assert house.access() == {}
    house.given["paid"] = ("category:arts",)
    assert house.sync().inserted == 2


def test_a_ghosts_tag_that_no_post_has_opens_nothing(engine: Engine, tmp_path: Path) -> None:
    with ghost_site.Site() as site:
        site.put(1)
        site.put(2, tags=[ghost_site.tag("hash-premium")])
        secret = ghost_site.CONTENT_KEY
        house = House(
            engine, tmp_path, "ghost", site.url, access="free", paid=("tag:premium",), secret=secret
        )
        assert house.sync().inserted == 2
        site.bulk(2, tags=[ghost_site.tag("hash-plus")])
        report = house.sync(full=True)
        assert 'no published post has "tag:premium"' in report.held
        assert house.sync().held
        assert sorted(house.access().values()) == [Access.FREE, Access.PAID]
        house.given["paid"] = ("tag:plus",)
        assert not house.sync().held


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"access": "paid", "paid": ("tag:x",)}, []),
        ({"access": "free", "paid": ("tag:x", "more", "meta:y")}, [("paid", "tag", "x")]),
        ({"access": "paid", "paid": ("tag:x",), "free": ("category:y",)}, [("paid", "tag", "x")]),
        ({"access": "paid", "paid": ("tag:x",), "registered": ("category:y",)}, [("paid", "tag", "x")]),
        ({"access": "registered", "registered": ("tag:x",)}, []),
        ({"access": "free", "registered": ("category:x",)}, [("registered", "category", "x")]),
    ],
)
def test_only_a_rule_without_which_something_would_be_open_has_to_be_met(
    settings: dict[str, Any], named: list[tuple[str, str, str]]
) -> None:
    assert list(closing_names(SourceSettings("site", "wordpress", **settings))) == named
    own = closing_names(SourceSettings("site", "ghost", access="paid", paid=("tag:x",)), own=True)
    assert own == (("paid", "tag", "x"),)


def test_a_rule_means_an_internal_tag_as_well() -> None:
    assert tag_slugs("tag", "x") == ("x", "hash-x")
    assert tag_slugs("tag", "#x") == ("hash-x",)
    assert tag_slugs("", "x") == ("x",)
    assert tag_slugs("", "it's") == ()
