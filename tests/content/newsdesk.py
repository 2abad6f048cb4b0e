"""A newsroom's own database, for tests: one table of stories and one of bookings."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from content import catalogue, holdings
from content.article import StoredArticle
from content.sync import SyncReport, Wish, sync_source
from newsroom.database import reading
from newsroom.settings import SourceSettings
from tests import samples

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
QUERY = "SELECT * FROM stories"
STORY = {
    "headline": "The bridge reopens",
    "published": "2026-03-10 06:00",
    "section": "politics",
    "body": "<p>Words behind the wall.</p>",
}


class Newsdesk:
    """The database at `url`, which is filled by `tell`, and a newsroom that reads it."""

    def __init__(self, engine: Engine, root: Path, url: str, **settings: Any) -> None:
        self.engine = engine
        self.public = root / "public"
        self.theirs = sa.create_engine(url, poolclass=sa.NullPool)
        self.settings = SourceSettings(
            "desk", "sql", path=root, **{"query": QUERY, "secret": url, **settings}
        )
        self.newsroom = samples.newsroom()
        self.now = NOW

    def tell(self, statement: str, *rows: Any) -> None:
        """Run a statement of the newsroom's own system."""
        with self.theirs.begin() as connection:
            connection.execute(sa.text(statement), list(rows) or None)

    def stories(self, *stories: dict[str, Any], columns: str = "") -> None:
        """A table `stories` in which these stand, with the columns of the first one beside STORY's."""
        whole = [{"id": number, **STORY, **story} for number, story in enumerate(stories, 1)]
        names = [self.theirs.dialect.identifier_preparer.quote_identifier(name) for name in whole[0]]
        self.tell("DROP TABLE IF EXISTS stories")
        self.tell(f"CREATE TABLE stories ({columns or ', '.join(names)})")
        places = ", ".join(f":{name}" for name in whole[0])
        self.tell(f"INSERT INTO stories ({', '.join(names)}) VALUES ({places})", *whole)  # noqa: S608 - ours

    def sync(self, after: timedelta = timedelta(minutes=5), **wish: Any) -> SyncReport:
        self.now += after
        return sync_source(self.engine, self.settings, self.newsroom, self.public, self.now, Wish(**wish))

    def set_up(self, **settings: Any) -> None:
        self.settings = replace(self.settings, **settings)

    def find(self, reference: str = "articles/1") -> StoredArticle:
        with reading(self.engine) as connection:
            (found,) = catalogue.find(connection, reference)
        return found

    def live(self) -> set[str]:
        with reading(self.engine) as connection:
            return {reference for _, reference in holdings.live_references(connection, "desk")}
