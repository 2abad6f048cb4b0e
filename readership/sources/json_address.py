"""Readers from an address that gives them as JSON, in the form that docs/readers.md has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

from newsroom.settings import ReadersSettings
from readership.row import FIELDS
from readership.sources import Listed
from readership.sources.guarded import as_list, as_mapping, same_place, strange, web_for

MOST_PAGES = 100_000
_LISTS = ("products", "sections", "newsletters")
_TAGS = (("if-none-match", "etag"), ("if-modified-since", "last-modified"))


class JsonAddress:
    """Pages of `{"readers": [...], "next": "..."}`; a list of a single page is asked for conditionally."""

    is_whole = True

    def __init__(self, settings: ReadersSettings, zone: ZoneInfo) -> None:
        self._settings = settings
        self._web = web_for(settings)
        self._notes: dict[str, str] = {}
        self._unchanged = False

    @property
    def is_unchanged(self) -> bool:
        """After the pages: it answered 304."""
        return self._unchanged

    def pages(self, notes: Mapping[str, Any]) -> Iterator[Sequence[Listed]]:
        """A page at a time, until one has no `next`."""
        url, seen, number = self._settings.url, set[str](), 0
        headers = {"authorization": f"Bearer {self._settings.secret}"} if self._settings.secret else {}
        asked = {name: value for name, _ in _TAGS if isinstance(value := notes.get(name), str)}
        while url:
            if url in seen or len(seen) >= MOST_PAGES:
                raise strange(url, "its `next` leads in a circle; ask who runs it")
            first = not seen
            seen.add(url)
            accepted = (304,) if first and asked else ()
            data, answer = self._web.json(
                url, headers={**headers, **(asked if first else {})}, accepted=accepted
            )
            if answer.status == 304:
                self._unchanged, self._notes = True, asked
                return
            found = as_mapping(data).get("readers")
            if not isinstance(found, list):
                raise strange(url, "not a list of readers; allowed: docs/readers.md has the form")
            yield [_listed(one, number + place) for place, one in enumerate(found, 1)]
            number += len(found)
            following = self._next(url, as_mapping(data).get("next"))
            if first and not following:
                # An ETag of the first page says nothing of those after it.
                self._notes = {name: answer.headers[tag] for name, tag in _TAGS if tag in answer.headers}
            url = following

    def notes(self) -> Mapping[str, Any]:
        """What to ask with next time, to be told that nothing has changed."""
        return self._notes

    def close(self) -> None:
        """Hang up."""
        self._web.close()

    def _next(self, url: str, found: object) -> str:
        if found is None or found == "":
            return ""
        if not isinstance(found, str):
            raise strange(url, "its `next` is not an address")
        following = urljoin(url, found)
        if not same_place(self._settings.url, following):
            raise strange(url, "its `next` is at another host, and the key goes to no other")
        return following


def _listed(one: object, number: int) -> Listed:
    if not isinstance(one, dict):
        return Listed("", {}, number, "it is no object")
    values = as_mapping(one)
    given = values.get("id")
    identity = str(given) if isinstance(given, str | int) and not isinstance(given, bool) else ""
    cells: dict[str, str] = {}
    for name in FIELDS:
        if name not in values:
            continue
        value = values[name]
        if name in _LISTS and isinstance(value, list):
            if not all(isinstance(part, str) for part in value):
                return Listed(identity, {}, number, f"{name} has a value that is no text")
            cells[name] = ",".join(as_list(value))
        elif value is None:
            cells[name] = ""
        elif isinstance(value, str):
            cells[name] = value
        else:
            return Listed(identity, {}, number, f"{name} is no text")
    if values.get("newsletters") == [] and cells.get("status", "subscribed") == "subscribed":
        # An empty list is a word: none of them. In a file an empty cell says nothing.
        cells["status"] = "unsubscribed"
    return Listed(identity, cells, number)
