"""What a page says of its article to machines, and where it does not, what the newsroom's selectors find."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from content.sanitise import clean_line
from content.sources import pages_json_ld as json_ld
from content.sources.feed_dates import moment
from content.sources.feed_words import line_of_either
from content.sources.pages_html import Page, line_of, value_of
from content.sources.pages_json_ld import Thing
from content.sources.pages_microdata import Microdata

_MOST_NAMES = 50
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ].*)?")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,4}")
_BY = re.compile(r"(?:by|door)\s+", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://|@|\bwww\.", re.IGNORECASE)
_TIERS = {"free": True, "locked": False}

METAS: Mapping[str, tuple[str, ...]] = {
    "headline": ("og:title", "twitter:title"),
    "teaser": ("og:description", "description", "twitter:description"),
    "published": (
        "article:published_time",
        "og:article:published_time",
        "parsely-pub-date",
        "dc.date.issued",
        "dcterms.issued",
    ),
    "updated": ("article:modified_time", "og:article:modified_time", "og:updated_time", "dcterms.modified"),
    "authors": ("author", "article:author", "og:article:author", "parsely-author", "dc.creator"),
    "tags": ("article:tag", "og:article:tag", "news_keywords", "keywords"),
}
"""The names of `meta` elements by our fields, the best first."""
_PROPERTIES: Mapping[str, tuple[str, ...]] = {
    "headline": ("headline", "name"),
    "teaser": ("description", "abstract"),
    "published": ("datePublished",),
    "updated": ("dateModified",),
    "authors": ("author",),
    "tags": ("keywords",),
}
"""schema.org's, by our fields."""
_LABELS = {
    "opinionnewsarticle": "en Opinion nl Opinie de Meinung fr Opinion es Opinión",
    "analysisnewsarticle": "en Analysis nl Analyse de Analyse fr Analyse es Análisis",
    "reviewnewsarticle": "en Review nl Recensie de Rezension fr Critique es Reseña",
}
"""What a kind of article is called, behind each language."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a page's article but for its text and picture. Lines are plain text."""

    is_article: bool = False
    """Whether it says itself that it is one."""
    headline: str = ""
    label: str = ""
    teaser: str = ""
    authors: tuple[str, ...] = ()
    published: str = ""
    """In ISO 8601, with its zone."""
    updated: str = ""
    date_given: bool = False
    """Whether there was a date at all, readable or not."""
    tags: tuple[str, ...] = ()
    language: str = ""
    is_free: bool | None = None
    """None where it does not say who may read it."""
    is_sponsored: bool = False
    sponsor: str = ""
    correction: str = ""


def facts_of(page: Page, article: Thing, select: Mapping[str, str], zone: ZoneInfo) -> Facts:
    """The facts of a page whose JSON-LD is `article`: by JSON-LD, else Open Graph, microdata, selectors.

    A moment without a zone is in `zone`. Dates in words for people are never read.
    """
    metas = _metas(page)
    items = Microdata(page)
    chosen = {name: _chosen(page, selector) for name, selector in select.items() if name != "body"}
    found = {
        name: _first(
            _names_of(article, names) if name in ("authors", "tags") else _lines_of(article, names),
            _from_metas(metas, name),
            items.values(names),
            chosen.get(name, ()),
        )
        for name, names in _PROPERTIES.items()
    }
    dates = {name: _date(article, metas, items, chosen, name, zone) for name in ("published", "updated")}
    kinds = json_ld.kinds_of(article)
    is_sponsored = json_ld.SPONSORED in kinds
    language = _language(json_ld.text(article.get("inlanguage")))
    return Facts(
        is_article=bool(article) or items.is_there or "article" in metas.get("og:type", ()),
        headline=_headline(article, page, metas) or _line(found["headline"]),
        label=_line(chosen.get("label", ())) or _label(kinds, language or page_language(page)),
        teaser=_line(found["teaser"]),
        authors=_authors(found["authors"]),
        published=dates["published"][0],
        updated=dates["updated"][0],
        date_given=dates["published"][1],
        tags=_split(found["tags"]),
        language=language,
        is_free=_is_free(article, metas, items),
        is_sponsored=is_sponsored,
        sponsor=_line(chosen.get("sponsor", ()))
        or (clean_line(json_ld.text(article.get("sponsor"))) if is_sponsored else ""),
        correction=clean_line(json_ld.text(article.get("correction"))) or _line(chosen.get("correction", ())),
    )


def descriptions_of(page: Page) -> list[str]:
    """What a page that is no article says of itself: the site's own words."""
    metas = _metas(page)
    return [value for name in METAS["teaser"] for value in metas.get(name, ())]


def page_language(page: Page) -> str:
    """The language that the page's root names; empty where it names none."""
    root = page.css_first("html")
    return _language((root.attributes.get("lang") or "") if root is not None else "")


def _metas(page: Page) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for node in page.css("meta[content]")[:2_000]:
        name = node.attributes.get("property") or node.attributes.get("name") or ""
        value = clean_line(node.attributes.get("content") or "")
        if value:
            found.setdefault(name.strip().lower(), []).append(value)
    return found


def _from_metas(metas: Mapping[str, list[str]], name: str) -> list[str]:
    found = next((metas[one] for one in METAS[name] if one in metas), [])
    if name == "headline":
        site = re.escape(next(iter(metas.get("og:site_name", ())), ""))
        return [re.sub(rf"\s+[|–—-]\s+{site}$", "", one) for one in found] if site else found
    # Facebook's article:author is the address of a page there.
    return [one for one in found if not _ADDRESS.search(one)] if name == "authors" else found


def _chosen(page: Page, selector: str) -> list[str]:
    return [value_of(one) for one in page.css(selector)[:_MOST_NAMES]]


def _lines_of(article: Thing, names: Sequence[str]) -> list[str]:
    # Many systems write into JSON what they have as HTML.
    return [line_of_either(json_ld.first(article, names))]


def _headline(article: Thing, page: Page, metas: Mapping[str, list[str]]) -> str:
    """The headline in JSON-LD: HTML, which many write there, unless the page itself shows it as text."""
    as_text = clean_line(json_ld.first(article, _PROPERTIES["headline"]))
    as_html = line_of_either(as_text)
    if as_text == as_html:
        return as_text
    shown = [line_of(one) for one in page.css("h1")[:_MOST_NAMES]]
    if as_html in shown or not (as_text in shown or as_text in metas.get("og:title", ())):
        return as_html
    return as_text


def _names_of(article: Thing, names: Sequence[str]) -> list[str]:
    values = [one for name in names for one in _as_list(article.get(name))]
    return [line_of_either(json_ld.text(one)) for one in values[:_MOST_NAMES]]


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _first(*several: Sequence[str]) -> Sequence[str]:
    return next((one for one in several if any(one)), ())


def _line(values: Sequence[str]) -> str:
    return next((clean_line(one) for one in values if one), "")


def _date(
    article: Thing,
    metas: Mapping[str, list[str]],
    items: Microdata,
    chosen: Mapping[str, list[str]],
    name: str,
    zone: ZoneInfo,
) -> tuple[str, bool]:
    """The first date that can be read for sure, and whether there was any; a selector's is in ISO 8601."""
    said = [
        json_ld.first(article, [one.lower() for one in _PROPERTIES[name]]),
        *_from_metas(metas, name),
        *items.values(_PROPERTIES[name]),
        *(one for one in chosen.get(name, ()) if _ISO.fullmatch(one)),
    ]
    found = (moment(one, zone) for one in said if one)
    return next((one.isoformat() for one in found if one), ""), any(said) or any(chosen.get(name, ()))


def _authors(values: Sequence[str]) -> tuple[str, ...]:
    names = (_BY.sub("", clean_line(one), count=1) if _BY.match(one) else clean_line(one) for one in values)
    return tuple(dict.fromkeys(one for one in names if one and not _ADDRESS.search(one)))


def _split(values: Sequence[str]) -> tuple[str, ...]:
    """Tags: one list in a text has commas between them."""
    several = values[0].split(",") if len(values) == 1 else values
    return tuple(dict.fromkeys(filter(None, map(clean_line, several))))[:_MOST_NAMES]


def _is_free(article: Thing, metas: Mapping[str, list[str]], items: Microdata) -> bool | None:
    """Whether anybody may read it: no, where one part is not free or one of the page's words says so."""
    said = [json_ld.is_yes(article.get("isaccessibleforfree"))]
    parts = json_ld.things(article.get("haspart"))
    said += [False for one in parts if json_ld.is_yes(one.get("isaccessibleforfree")) is False]
    said += [_TIERS.get(one.lower()) for one in metas.get("article:content_tier", ())]
    said += [json_ld.is_yes(one) for one in items.values(("isAccessibleForFree",))]
    return False if False in said else True if True in said else None


def _label(kinds: set[str], language: str) -> str:
    words = next((_LABELS[kind] for kind in sorted(kinds) if kind in _LABELS), "").split()
    return dict(zip(words[::2], words[1::2], strict=True)).get(language.partition("-")[0].lower(), "")


def _language(name: str) -> str:
    name = name.strip().replace("_", "-")
    return name if _LANGUAGE.fullmatch(name) else ""
