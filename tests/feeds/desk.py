"""A newsroom whose feeds are published, for tests."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from content import store
from content.article import Article
from content.feed_rules import RuleBook
from content.relisting import relist
from content.tables import retired_feeds
from feeds.publish import publish
from feeds.report import PublishReport
from newsroom.database import reading, writing
from tests import samples
from tests.samples import NOON

HOUR = timedelta(hours=1)
ENDINGS = (".rss", ".atom", ".json")
LISTS = {"index.opml", "index.html", "feed.css", "private.css"}


def files_of(*names: str) -> set[str]:
    return {f"{name}{ending}" for name in names for ending in ENDINGS}


class Desk:
    """A newsroom with a store and a public folder, and a clock that the test moves."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.public = folder / "public"
        self.feeds = self.public / "feeds"
        self.newsroom = samples.newsroom()
        self.now = NOON

    def add(self, *articles: Article) -> None:
        with writing(self.engine) as connection:
            for one in articles:
                store.insert(connection, one, "hash", self.now, self.book)

    def edit(self, one: Article) -> None:
        with writing(self.engine) as connection:
            store.update(connection, one, "other", self.now, self.book, changed=True)

    def withdraw(self, one: Article) -> None:
        with writing(self.engine) as connection:
            store.withdraw(connection, [one.id], self.now, self.book)

    @property
    def book(self) -> RuleBook:
        return RuleBook(self.newsroom.rules)

    def relist(self) -> None:
        relist(self.engine, self.newsroom.rules, self.now)

    def publish(self, after: timedelta = timedelta(), **how: Any) -> PublishReport:
        self.now += after
        return publish(self.engine, self.newsroom, self.public, self.now, **how)

    def items(self, name: str) -> list[str]:
        return [item["id"].rpartition("/")[2] for item in self.json(name)["items"]]

    def json(self, name: str) -> dict[str, Any]:
        value = json.loads((self.feeds / f"{name}.json").read_bytes())
        assert isinstance(value, dict)
        return value

    def date(self, name: str) -> datetime:
        return datetime.fromisoformat(self.json(name)["_standfirst"]["updated"])

    def stamps(self) -> dict[str, tuple[int, int]]:
        """Inode and time of each file: both stay where a file was not touched."""
        return {path.name: ((stat := path.stat()).st_ino, stat.st_mtime_ns) for path in self.feeds.iterdir()}

    def retired(self) -> dict[str, str]:
        with reading(self.engine) as connection:
            rows = connection.execute(sa.select(retired_feeds.c.name, retired_feeds.c.moved_to))
            return {row.name: row.moved_to for row in rows}
