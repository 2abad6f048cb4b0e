"""What mends an article's fields, in the words of the system that it is written in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do about a field that is missing or does not fit; each ends a message."""

    headline: str = "give it headline:"
    published: str = "give it published:"
    alt: str = "say what it shows in alt:"
    sponsor: str = "give it sponsor:"
    place: str = "name that one in sections:, or take sponsor: out"
    """Of a sponsor's article that stands in no sponsored section."""
    apart: str = "take the others out of sections:"
    """Of one that stands in news as well."""


FILE = Advice()
"""Front matter's words."""

_SECTION = "by `sections` in newsroom.toml, or `section`"
_BY_KIND: Mapping[str, Advice] = {
    "wordpress": Advice(
        headline="give the post a title",
        published="publish the post with a date",
        alt="say what it shows in the featured image's alternative text",
        sponsor='give the post a tag with the slug "sponsor-NAME" and the name "Sponsor: NAME"',
        place=f"give the post a category that is one, {_SECTION}, or take its sponsor's tag or field away",
        apart="take its other categories away",
    ),
    "ghost": Advice(
        headline="give the post a title",
        published="publish the post with a date",
        alt="say what it shows in the feature image's alt text",
        sponsor='give the post a tag with the slug "sponsor-NAME" and the name "Sponsor: NAME"',
        place=f"give the post a tag that is one, {_SECTION}, or take its sponsor's tag away",
        apart="take its other tags away",
    ),
    "feed": Advice(
        headline="give its item a title",
        published="give its item a date",
        alt="say what it shows in the item's media:title, or in the text's alt",
        sponsor=f"a feed names none: have its categories stand in a section of another kind, {_SECTION}",
        place=f"have its categories stand in a sponsored one, {_SECTION}",
        apart=f"have its categories stand in one kind of section, {_SECTION}",
    ),
    "pages": Advice(
        headline="give the page one (JSON-LD's headline, og:title)",
        published="give the page one (JSON-LD's datePublished)",
        alt="say what it shows in the page's og:image:alt",
        sponsor="give its list a `sponsor` in newsroom.toml",
        place="list it for a section of the kind sponsored",
        apart="list it for sponsored sections alone",
    ),
    "sql": Advice(
        headline="its column headline is empty; mend the row, or the query",
        published="its column published is empty; mend the row, or the query",
        alt="say what it shows in the column image_alt",
        sponsor="its column sponsor is empty; mend the row, or the query",
        place="give it one in the column section, or no sponsor",
        apart="give it no other in the column section",
    ),
}


def advice_for(kind: str) -> Advice:
    """The words for a source of this kind."""
    return _BY_KIND.get(kind, FILE)
