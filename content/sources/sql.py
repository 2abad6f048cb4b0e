"""Articles out of the newsroom's own database, by a query each for articles and bookings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from content.gallery import Gallery
from content.sources import Broken, Entry, Problem, Reading
from content.sources.item import Shelf
from content.sources.pages_address import trusted
from content.sources.remote import Part
from content.sources.sql_columns import Kind, UnusableError, read_columns
from content.sources.sql_items import Items
from newsroom.errors import SourceError
from newsroom.masthead import Newsroom
from newsroom.settings import SourceSettings
from newsroom.sql_database import Database, named
from newsroom.web import Web

_SETTINGS: Mapping[Kind, str] = {"articles": "query", "bookings": "bookings"}

MANY = 1_000
"""Rows without a date of change past which it is worth a word."""


class Sql:
    """Reads the rows of `query` and `bookings`: all, or with `changed` those that changed."""

    lists_all = True

    def __init__(self, settings: SourceSettings, newsroom: Newsroom) -> None:
        self.always_full = not settings.changed
        self._settings = settings
        self._newsroom = newsroom
        self._web = Web(trusted=trusted([settings.url]), timeout=settings.timeout)
        self._shelf = Shelf(settings, newsroom, self._web)
        self._database = Database(settings, newsroom.time_zone)
        self._notes: dict[str, Any] = {}
        self._marks: dict[str, Any] = {}
        """By reference, when each article of the last part changed."""

    def parts(self, notes: Mapping[str, Any], *, full: bool) -> Iterator[Part]:
        """500 articles at a time, all rows of each together."""
        self._notes = dict(notes)
        queries: Mapping[Kind, str] = {"articles": self._settings.query, "bookings": self._settings.bookings}
        for kind, query in queries.items():
            if query.strip():
                yield from self._parts(kind, query, full=full)

    def read(self, entry: Entry, gallery: Gallery, now: datetime) -> Reading:
        """The article of an entry of the last part."""
        reading = self._shelf.read(entry, gallery, now)
        if isinstance(reading.found, Broken):
            self._database.come_again(self._marks.get(entry.reference))
        return reading

    def notes(self) -> Mapping[str, Any]:
        """How far each query was read."""
        return self._notes

    def close(self) -> None:
        """Let the database and the pictures' servers go."""
        self._database.close()
        self._web.close()

    def _parts(self, kind: Kind, query: str, *, full: bool) -> Iterator[Part]:
        name = _SETTINGS[kind]
        found = self._database.columns(name, query)
        changed = named(found, self._settings.changed)
        try:
            columns = read_columns(found, kind, has_section=bool(self._settings.section), changed=changed)
            if self._settings.changed and not changed and kind == "articles":
                raise UnusableError(
                    f"it gives no column {self._settings.changed}, which `changed` names; there are: "
                    f"{', '.join(found)}"
                )
        except UnusableError as error:
            raise SourceError(f"source {self._settings.key}: `{name}`: {error}") from None
        since = None if full else self._notes.get(kind)
        rows = self._database.rows(name, query, changed, since, key=found[columns.names.index("id")])
        items = Items(kind, columns, self._settings, self._newsroom)
        # Once, and not with each part.
        problems = [Problem(f"{self._settings.key}: {name}", one, "warning") for one in columns.warnings]
        for some in items.gathered(rows):
            made, broken, refused = items.of(some.rows)
            self._marks = {}
            if changed:
                place = found.index(changed)
                self._marks = {f"{kind}/{id_}": rows_[0][place] for id_, rows_ in some.rows.items()}
            for one in broken:
                self._database.come_again(self._marks.get(one.reference))
            yield self._shelf.part(made, broken=broken, problems=(*problems, *some.problems, *refused))
            problems.clear()
        if changed:
            yield self._shelf.part((), problems=self._about_marks(name))
            self._notes[kind] = self._database.mark

    def _about_marks(self, name: str) -> list[Problem]:
        """What is odd in the column that tells what has changed."""
        place, column = f"{self._settings.key}: {name}", self._settings.changed
        found = []
        if (ahead := self._database.ahead) > 0:
            message = (
                f"{ahead:,} rows have a date in {column} that is still to come, which says nothing of when "
                "they changed; every run reads them until then, or until it is mended"
            )
            found.append(Problem(place, message, "warning"))
        if (unmarked := self._database.unmarked) >= MANY:
            message = (
                f"{unmarked:,} rows have nothing in {column}, so every run reads them; write "
                f"COALESCE(..., another date) AS {column}"
            )
            found.append(Problem(place, message, "warning"))
        return found
