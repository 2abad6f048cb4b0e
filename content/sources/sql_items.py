"""A query's rows as items: those of one article together, each judged by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

from content.article import Access
from content.marks import Marks
from content.sources import Broken, Problem
from content.sources.item import Item, Value
from content.sources.rules import slug_of
from content.sources.sql_columns import (
    Columns,
    Kind,
    UnusableError,
    id_of,
    is_taken_back,
    said_access,
    values_of,
)
from content.tags import tag_slug
from newsroom.masthead import Newsroom
from newsroom.settings import SourceSettings
from newsroom.sql_database import Row

AT_ONCE = 500
"""Articles of a part."""

_MOST_ROWS = 1_000
"""Rows that one article may be spread over."""
_LONGEST_WORD = 20
_SHOWN = 10
"""How many articles whose rows do not stand together are named."""
_APART = frozenset({"sections", "tags", "body", "opening"})
"""What an item has beside its fields."""
_IMAGE = {"image": "file", "image_alt": "alt", "image_caption": "caption", "image_credit": "credit"}


@dataclass(slots=True)
class Gathered:
    """Some articles' rows by id, and what is wrong with rows that belong to none of them."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


class Items:
    """Makes items of the rows of one query."""

    def __init__(self, kind: Kind, columns: Columns, settings: SourceSettings, newsroom: Newsroom) -> None:
        self._kind = kind
        self._columns = columns
        self._settings = settings
        self._newsroom = newsroom
        # Where an address without a host is.
        self._pictures = settings.url or newsroom.site_url
        self._id = columns.names.index("id")

    def gathered(self, rows: Iterable[Row]) -> Iterator[Gathered]:
        """The rows by article, some hundred articles at a time.

        The rows of one stand together, or at least not far from each other: what comes later is left out.
        """
        some = Gathered()
        before = Marks()
        scattered = 0
        for number, row in enumerate(rows, 1):
            try:
                id_ = id_of(row[self._id])
            except UnusableError as error:
                some.problems.append(Problem(f"{self._place(f'row {number}')}", str(error)))
                continue
            there = some.rows.get(id_)
            if there is not None:
                if row != there[-1] and len(there) < _MOST_ROWS:
                    there.append(row)
                continue
            if len(some.rows) == AT_ONCE:
                yield some
                some = Gathered()
            if before.add(id_):
                some.rows[id_] = [row]
                continue
            scattered += 1
            if scattered <= _SHOWN:
                message = (
                    "a row of it comes long after the others and is left out; end the query with ORDER BY id"
                )
                some.problems.append(Problem(self._place(id_), message))
        if scattered > _SHOWN:
            message = f"{scattered - _SHOWN} more rows come long after the others of their articles"
            some.problems.append(Problem(f"{self._settings.key}/{self._kind}", message))
        yield some

    def of(self, gathered: dict[str, list[Row]]) -> tuple[list[Item], list[Broken], list[Problem]]:
        """An item for each article; those that cannot be read are broken, with a problem.

        One that is taken back needs no more than its id, whatever else is wrong with its row.
        """
        items: list[Item] = []
        broken: list[Broken] = []
        problems: list[Problem] = []
        unknown: dict[str, list[str]] = {}
        for id_, rows in gathered.items():
            try:
                item = self._item(id_, values_of(self._columns, rows, self._newsroom.time_zone))
                word = str(item.fields.get("access", Access.FREE.value))
                if word in tuple(Access) or is_taken_back(self._columns, rows):
                    items.append(item)
                else:
                    unknown.setdefault(word, []).append(id_)
                    broken.append(Broken(item.reference, access=Access.PAID))
            except UnusableError as error:
                if is_taken_back(self._columns, rows):
                    items.append(self._taken_back(id_))
                    continue
                access = said_access(self._columns, rows)
                broken.append(Broken(f"{self._kind}/{id_}", access=access))
                problems.append(Problem(self._place(id_), str(error)))
        problems += (self._unknown_access(word, ids) for word, ids in unknown.items())
        return items, broken, problems

    def _unknown_access(self, word: str, ids: list[str]) -> Problem:
        """One mistake of the query is one problem. A word of access is short; what is not is not shown."""
        shown = f'"{word}"' if len(word) <= _LONGEST_WORD else "a long text"
        count = "1 row" if len(ids) == 1 else f"{len(ids):,} rows, this one first,"
        return Problem(
            self._place(ids[0]),
            f"the column access has {shown} in {count} and that is none; allowed: {', '.join(Access)}; "
            "make it one of them in the query",
        )

    def _taken_back(self, id_: str) -> Item:
        section = next(iter(self._newsroom.sections)).key
        return Item(f"{self._kind}/{id_}", self._place(id_), {"withdrawn": "true"}, sections=(section,))

    def _place(self, name: str) -> str:
        return f"{self._settings.key}/{self._kind}/{name}"

    def _item(self, id_: str, values: dict[str, Any]) -> Item:
        fields: dict[str, Value] = {
            name: value for name, value in values.items() if name not in _APART and name not in _IMAGE
        }
        if "access" in values:
            fields["access"] = values["access"].strip().lower()
        elif "sponsor" in values:
            # What a sponsor paid for is there to be read.
            fields["access"] = Access.FREE.value
        if "slug" not in values and "url" not in values:
            # Under an address of its own: the two queries may count alike.
            fields["slug"] = slug_of(id_ if self._kind == "articles" else f"sponsored-{id_}")
        if "place" in values:
            fields["place"] = self._settings.sections.get(values["place"], values["place"])
        if "image" in values:
            address = urljoin(f"{self._pictures}/", values["image"].strip())
            image = {_IMAGE[name]: values[name] for name in _IMAGE if name in values}
            fields["image"] = {**image, "file": address}
        return Item(
            reference=f"{self._kind}/{id_}",
            place=self._place(id_),
            fields=fields,
            html=values.get("body", ""),
            opening=values.get("opening", ""),
            sections=values.get("sections", ()),
            tags=tuple(filter(None, map(tag_slug, values.get("tags", ())))),
        )
