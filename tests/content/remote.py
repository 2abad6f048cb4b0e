"""A source over there, for tests: what it has is a dictionary of items."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from content.gallery import Gallery
from content.sources import Entry, Reading
from content.sources.closing import kept_back
from content.sources.item import Item, Shelf
from content.sources.remote import GoneError, Part
from newsroom.errors import SourceError
from newsroom.masthead import Newsroom
from newsroom.settings import SourceSettings
from newsroom.web import Web


class Far:
    """Lists its items two at a time; a pass that is not full lists those in `changed` alone."""

    lists_all = True
    always_full = False

    def __init__(self, settings: SourceSettings, newsroom: Newsroom) -> None:
        self.items: dict[str, Item] = {}
        self.changed: set[str] = set()
        self.same: set[str] = set()
        self.fails_after: int | None = None
        self.is_gone = False
        self.doubted = ""
        self.passes: list[bool] = []
        self.noted: Mapping[str, Any] = {}
        self.reads: list[str] = []
        self._web = Web(trusted=["127.0.0.1"])
        self._shelf = Shelf(settings, newsroom, self._web)

    def put(self, name: str, **changes: Any) -> None:
        fields = {
            "headline": f"The {name} story",
            "published": "2026-03-10T05:00:00+00:00",
            "slug": name,
            "url": f"https://quay.example/{name}",
        }
        item = Item(
            f"posts/{name}", f"post {name}", fields, f"<p>The text of {name}.</p>", sections=("politics",)
        )
        own = changes.pop("fields", {})
        self.items[name] = replace(item, fields={**fields, **own}, **changes)
        self.changed.add(name)

    def parts(self, notes: Mapping[str, Any], *, full: bool) -> Iterator[Part]:
        self.passes.append(full)
        self.noted = notes
        if self.is_gone:
            raise GoneError("https://quay.example/wp-json: gone for good (410)")
        names = sorted(self.items) if full else sorted(self.changed)
        for number, start in enumerate(range(0, len(names), 2)):
            if number == self.fails_after:
                raise SourceError("https://quay.example/wp-json: 500; look at its log")
            some = names[start : start + 2]
            here = [self.items[name] for name in some if name in self.items and name not in self.same]
            gone = [f"posts/{name}" for name in some if name not in self.items]
            same = tuple(f"posts/{name}" for name in some if name in self.items and name in self.same)
            part = replace(self._shelf.part(here, gone=gone), present=same)
            yield kept_back(part, self.doubted)
        self.changed.clear()

    def read(self, entry: Entry, gallery: Gallery, now: datetime) -> Reading:
        self.reads.append(entry.reference)
        return self._shelf.read(entry, gallery, now)

    def notes(self) -> Mapping[str, Any]:
        return {"passes": len(self.passes)}

    def close(self) -> None:
        self._web.close()
