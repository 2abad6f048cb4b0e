"""One post as Ghost's APIs give it, and the item that it is. Decides by what it is given alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from content.article import Access
from content.sanitise import clean_line
from content.sources.feed_words import line_of_html
from content.sources.ghost_api import Post
from content.sources.ghost_cards import WALL, for_readers, readable
from content.sources.item import Item
from content.sources.json_values import as_mappings, as_text
from content.sources.pages_caption import caption_and_credit
from content.sources.tag_words import authors_by, label_named, sponsor_named
from newsroom.settings import SourceSettings

_SLUG = re.compile(r"[\w~][\w.~-]{0,199}")
_INTERNAL = "hash-"
# What Ghost writes below a picture that an editor has taken from there.
_UNSPLASH = re.compile(r"Photo by (?P<name>[^./]{1,80} / Unsplash)")
_ACCESS = {
    "public": Access.FREE,
    "members": Access.REGISTERED,
    "paid": Access.PAID,
    "tiers": Access.PAID,
}


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of a post; `slug` without what Ghost puts before an internal one's."""

    slug: str
    name: str
    is_internal: bool


def reference_of(number: str) -> str:
    """A post's reference, by its id."""
    return f"posts/{number}"


def item_of(post: Post, settings: SourceSettings, site_url: str) -> Item:
    """The item of a post that has an id. Raises ValueError, and what is wrong."""
    if not isinstance(post.get("html"), str | None) or "html" not in post:
        raise ValueError("it came without its text; what stands between may change Ghost's answers")
    visibility = as_text(post.get("visibility"))
    if not visibility:
        raise ValueError("it does not say who may read it; what stands between may change Ghost's answers")
    tags = tuple(_tags(post))
    # Who is not known to Ghost here may read nothing.
    access = _ACCESS.get(visibility, Access.PAID)
    tiers = tiers_of(post) if visibility == "tiers" else ()
    html, opening = walled(as_text(post.get("html")), access, is_cut=post.get("access") is False)
    if visibility not in _ACCESS or (visibility == "tiers" and not tiers):
        html = opening
    named = [(tag.slug, tag.name) for tag in tags]
    fields = {
        "label": label_named(named),
        "headline": clean_line(as_text(post.get("title"))),
        "teaser": clean_line(as_text(post.get("custom_excerpt"))),
        "authors": authors_by(named, staff_of(post)),
        "published": as_text(post.get("published_at")),
        "slug": _slug(post),
        "url": url_of(post, site_url),
        "image": image_of(post),
        "products": tiers,
        "sponsor": sponsor_named(named),
    }
    reference = reference_of(post["id"])
    return Item(
        reference,
        reference,
        fields,
        html,
        opening,
        sections_of(tags, settings),
        tuple(dict.fromkeys(tag.slug for tag in tags)),
        frozenset({f"visibility:{visibility}", *(f"tier:{slug}" for slug in tiers)}),
        access,
    )


def walled(html: str, access: Access, *, is_cut: bool) -> tuple[str, str]:
    """The whole text, and what stands before the editor's wall; empty where there is none.

    Where it `is_cut`, all there is stands before the wall.
    """
    before, wall, _ = html.partition(WALL)
    opening = for_readers(before, Access.FREE) if wall or is_cut else ""
    whole = opening if is_cut else for_readers(html.replace(WALL, ""), access)
    return readable(whole), readable(opening) if line_of_html(opening) else ""


def staff_of(post: Post) -> tuple[str, ...]:
    """The names of Ghost's own authors of it, in their order."""
    return tuple(clean_line(as_text(one.get("name"))) for one in as_mappings(post.get("authors")))


def tiers_of(post: Post) -> tuple[str, ...]:
    """The slugs of the tiers that a post is for, in an order that does not change."""
    return tuple(
        sorted({slug for one in as_mappings(post.get("tiers")) if (slug := as_text(one.get("slug")))})
    )


def url_of(post: Post, site_url: str) -> str:
    """Its own address; the canonical one where that is on the newsroom's site."""
    canonical = as_text(post.get("canonical_url"))
    if canonical and _host(canonical) == _host(site_url):
        return canonical
    return as_text(post.get("url"))


def image_of(post: Post) -> Mapping[str, str]:
    """The feature picture with what is said of it; empty where there is none."""
    address = as_text(post.get("feature_image"))
    if not address:
        return {}
    caption = line_of_html(as_text(post.get("feature_image_caption")))
    named = _UNSPLASH.fullmatch(caption)
    caption, credit = ("", named["name"]) if named else caption_and_credit(caption)
    alt = clean_line(as_text(post.get("feature_image_alt")))
    image = {"file": address, "alt": alt, "caption": caption, "credit": credit}
    return {name: value for name, value in image.items() if value}


def sections_of(tags: Sequence[Tag], settings: SourceSettings) -> tuple[str, ...]:
    """The names of where it stands: its public tags by their slugs, then what else `sections` names."""
    public = [tag.slug for tag in tags if not tag.is_internal]
    named = [
        name
        for tag in tags
        for name in (f"{_INTERNAL}{tag.slug}" if tag.is_internal else f"tag:{tag.slug}",)
        if name in settings.sections
    ]
    return tuple(dict.fromkeys([*public, *named]))


def _tags(post: Post) -> Iterator[Tag]:
    if not isinstance(post.get("tags"), list):
        # One of them may be what makes it paid.
        raise ValueError("it came without its tags; what stands between may change Ghost's answers")
    for one in as_mappings(post["tags"]):
        slug = as_text(one.get("slug"))
        is_internal = one.get("visibility") == "internal"
        slug = slug.removeprefix(_INTERNAL) if is_internal else slug
        if slug:
            yield Tag(slug, clean_line(as_text(one.get("name"))), is_internal)


def _slug(post: Post) -> str:
    slug = as_text(post.get("slug"))
    return slug if _SLUG.fullmatch(slug) else ""


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""
