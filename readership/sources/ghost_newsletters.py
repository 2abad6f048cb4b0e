"""Which of Ghost's newsletters is which of ours: a member's list has their ids and names, and no slugs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from newsroom.errors import SourceError
from newsroom.settings import ReadersSettings
from newsroom.web import Web, WebError
from readership.sources.guarded import as_mapping, strange, text_of

PAGE = 100
MOST_PAGES = 100
_NAMES = ("id", "slug", "name")


def ours_by_id(settings: ReadersSettings, web: Web, headers: Mapping[str, str]) -> dict[str, str]:
    """The key in `names` by the id of Ghost's newsletter, those alone that `names` has.

    Raises SourceError where `names` has one that Ghost has not: by it everybody's mail would end.
    """
    if not settings.names:
        return {}
    theirs = list(_newsletters(settings, web, headers))
    found = {text_of(one.get("id")): key for one in theirs if (key := key_of(one, settings.names))}
    known = {text_of(one.get(name)) for one in theirs for name in _NAMES}
    unknown = [key for key in settings.names if key not in known]
    if unknown:
        shown = ", ".join(f'"{key}"' for key in unknown)
        there = ", ".join(sorted(text_of(one.get("slug")) or text_of(one.get("name")) for one in theirs))
        raise SourceError(
            f"readers {settings.key}: `names` has {shown}, and Ghost has no newsletter of that id, slug or "
            f"name, so nobody was changed; there are: {there}"
        )
    return found


def key_of(newsletter: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The key in `names` that means this newsletter, by its id, slug or name; empty where none does."""
    given = (text_of(newsletter.get(name)) for name in _NAMES)
    return next((one for one in given if one in names), "")


def _newsletters(settings: ReadersSettings, web: Web, headers: Mapping[str, str]) -> Iterable[dict[str, Any]]:
    for page in range(1, MOST_PAGES + 1):
        query = urlencode({"limit": PAGE, "page": page})
        url = f"{settings.url}/ghost/api/admin/newsletters/?{query}"
        try:
            data, _ = web.json(url, headers=headers)
        except WebError as error:
            # Not by its status: a member that is not found is gone, and needs no word of a stop.
            raise SourceError(*error.problems) from error
        found = as_mapping(data).get("newsletters")
        if not isinstance(found, list):
            raise strange(url, "not a list of newsletters; give `url` the address of Ghost itself")
        yield from (dict(as_mapping(one)) for one in found)
        paging = as_mapping(as_mapping(as_mapping(data).get("meta")).get("pagination"))
        if not paging.get("next"):
            return
