"""A site and a source that is asked again and again, as runs do it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from content.article import Article
from content.gallery import Gallery
from content.sources import Found, Problem
from content.sources.remote import RemoteSource
from newsroom.masthead import Newsroom
from newsroom.settings import SourceSettings
from newsroom.web import Web
from tests import samples


class SourceDesk:
    """`look` asks; what came besides stands in the attributes."""

    def __init__(
        self,
        kind: str,
        made: Callable[[SourceSettings, Newsroom, Web], RemoteSource],
        root: Path,
        now: datetime,
        **settings: Any,
    ) -> None:
        self.settings: dict[str, Any] = settings
        self.notes: Mapping[str, Any] = {}
        self.articles: dict[str, Article] = {}
        self.gone: list[str] = []
        self.present: list[str] = []
        self.problems: list[Problem] = []
        self.pauses: list[float] = []
        self._kind, self._made, self._now = kind, made, now
        self._gallery = Gallery(root, lambda _: None, dry_run=True)

    def look(self, *, full: bool = False) -> list[str]:
        """The references of what is read."""
        settings = SourceSettings("site", self._kind, **self.settings)
        web = Web(trusted=["127.0.0.1"], timeout=10.0, pause=self.pauses.append)
        source = self._made(settings, samples.newsroom(), web)
        self.gone, self.present, self.problems = [], [], []
        read: list[str] = []
        try:
            for part in source.parts(self.notes, full=full or not self.notes):
                self.gone += part.gone
                self.present += part.present
                self.problems += part.problems
                for entry in part.entries:
                    reading = source.read(entry, self._gallery, self._now)
                    self.problems += reading.problems
                    read.append(entry.reference)
                    if isinstance(reading.found, Found) and reading.found.article:
                        self.articles[entry.reference] = reading.found.article
            # What is remembered goes through a database.
            self.notes = json.loads(json.dumps(source.notes()))
        finally:
            source.close()
        return read
