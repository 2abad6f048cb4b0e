"""One post as WordPress's REST API gives it, and the item that it is. Decides by what it is given alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

from content.sanitise import clean_line
from content.sources.choices import LEAD
from content.sources.item import Item
from content.sources.json_values import as_list, as_mapping, as_mappings, as_text
from content.sources.tag_words import authors_by, label_named, sponsor_named
from content.sources.wordpress_picture import image_of
from content.sources.wordpress_values import embedded, metas, name_of, text_of
from newsroom.settings import SourceSettings

STICKY_FOR = timedelta(days=2)
"""How long after its publication a sticky post is meant as the lead: many stay sticky for years."""

Post = Mapping[str, Any]

_NAIVE = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}")
_SLUG = re.compile(r"[\w~][\w.~-]{0,199}")
_NEXT_PAGE = re.compile(r"<p>\s*<!--nextpage-->\s*</p>|<!--nextpage-->|<!--noteaser-->")
_MORE = re.compile(r"""<!--more(?:\s.*?)?-->|<span id="more-\d+"></span>""", re.DOTALL)
# Where two blocks of its editor meet: the comments that they stood in leave their line ends behind.
_BETWEEN = re.compile(
    r"(?P<ended></(?:p|h[1-6]|[uo]l|blockquote|figure|div|table)>|<hr[^<>]*>)\s+"
    r"(?=<(?:p|h[1-6]|[uo]l|blockquote|figure|div|table|pre|hr)[\s>/])"
)
_CLASS = re.compile(r"""\sclass\s*=\s*(?:"([^"]*)"|'([^']*)')""")


@dataclass(frozen=True, slots=True)
class Term:
    """A category or tag that a post has."""

    kind: str
    """`category`, `tag`, or the taxonomy's own name."""
    number: int
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class Category:
    """One of the newsroom's categories."""

    slug: str
    parent: int
    """The number of the one that it stands in; 0 where it stands in none."""


Tree = Mapping[int, Category]


def reference_of(kind: str, number: int) -> str:
    """A post's reference: its type's REST base and its number."""
    return f"{kind}/{number}"


def is_public(post: Post) -> bool:
    """Whether whoever comes to the site sees it: published, and without a password."""
    protected = any(as_mapping(post.get(name)).get("protected") is True for name in ("content", "excerpt"))
    # Who may edit a post is given its text all the same, and the password itself.
    return post.get("status") == "publish" and not protected and not post.get("password")


def item_of(post: Post, kind: str, settings: SourceSettings, tree: Tree, now: datetime) -> Item:
    """The item of a post that has a number and `is_public`. Raises ValueError, and what is wrong."""
    content = as_mapping(post.get("content")).get("rendered")
    if not isinstance(content, str):
        raise ValueError("it has no content; a plugin may have taken it out of the REST API")
    terms = tuple(terms_of(post))
    # One of those that are missing may be what makes it paid.
    if {*as_list(post.get("categories")), *as_list(post.get("tags"))} - {term.number for term in terms}:
        raise ValueError("its categories and tags cannot be read; the REST API has to show them")
    html, opening, has_wall = walled(content)
    tags = [(term.slug, term.name) for term in terms if term.kind == "tag"]
    leads = _leads(post, now)
    fields = {
        "headline": text_of(as_mapping(post.get("title")).get("rendered")),
        "label": label_named(tags),
        "teaser": teaser_of(as_mapping(post.get("excerpt")), html),
        "authors": authors_by(tags, authors_of(post)),
        "published": published_of(post),
        "slug": slug_of(post.get("slug")),
        "url": as_text(post.get("link")),
        "image": image_of(post),
        "sponsor": sponsor_named(tags) or clean_line(as_text(metas(post).get("sponsor"))),
        "lead": "true" if leads else "",
    }
    chain = chain_of([term.number for term in terms if term.kind == "category"], tree)
    reference = reference_of(kind, post["id"])
    return Item(
        reference,
        reference,
        fields,
        html,
        opening,
        sections_of(chain, terms, kind, settings),
        tuple(slug for slug, _ in tags),
        frozenset(_marks(post, kind, chain, terms, settings, has_wall=has_wall)),
        sticky=leads and not any(slug == LEAD for slug, _ in tags),
    )


def walled(content: str) -> tuple[str, str, bool]:
    """The text without page breaks, what stands before the "more" mark, and whether there is a mark."""
    html = _NEXT_PAGE.sub("", content)
    mark = _MORE.search(html)
    if mark is None:
        return _joined(html), "", False
    opening = _joined(html[: mark.start()]).rstrip()
    whole = _joined(html[: mark.start()] + html[mark.end() :])
    return whole, opening if text_of(opening) else "", True


def _joined(html: str) -> str:
    """The text without what stands between its blocks."""
    return _BETWEEN.sub(r"\g<ended>", html).strip()


def teaser_of(excerpt: Mapping[str, Any], html: str) -> str:
    """The editor's own excerpt; empty where WordPress has cut one from the text.

    Who may edit is told which it is. Others have to compare: one that ends in dots, that has the length which
    WordPress cuts at or that stands in the text is taken for an automatic one.
    """
    rendered = excerpt.get("rendered")
    raw = excerpt.get("raw")
    text = text_of(rendered)
    if isinstance(raw, str):
        return text if raw.strip() else ""
    if not isinstance(rendered, str) or "more-link" in rendered or _is_cut(text, text_of(html)):
        return ""
    return text


_CUT_AT = 55
_ENDS_CUT = re.compile(r"(?:…|\.\.\.)\s*[\])]?\s*$")
_WINDOW, _STEP = 20, 10


def _is_cut(text: str, body: str) -> bool:
    folded, whole = _folded(text), _folded(body)
    if _ENDS_CUT.search(text) or len(text.split()) == _CUT_AT or len(whole) < len(folded):
        return True
    # An automatic one leaves captions and the like out, so it need not be one piece of the text.
    windows = [folded[start : start + _WINDOW] for start in range(0, max(1, len(folded) - _WINDOW), _STEP)]
    return 2 * sum(window in whole for window in windows) >= len(windows)


def _folded(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.casefold())


def authors_of(post: Post) -> tuple[str, ...]:
    """The names of who wrote it: as a plugin for several authors lists them, else the post's author."""
    for key in ("authors", "newspack_author_info"):
        listed = post.get(key)
        names = [name_of(one.get("display_name")) for one in as_mappings(listed)]
        if any(names):
            return tuple(filter(None, names))
    # Where strangers may not see who writes there, an error stands in the author's place, without a name.
    return tuple(filter(None, (name_of(one.get("name")) for one in embedded(post, "author"))))


def published_of(post: Post) -> str:
    """The moment of its publication, with its zone; empty where there is none."""
    text = as_text(post.get("date_gmt"))
    return f"{text}Z" if _NAIVE.fullmatch(text) else text


def slug_of(slug: object) -> str:
    """The slug in its own letters; empty where it is none that an article may have."""
    text = unquote(as_text(slug))
    return text if _SLUG.fullmatch(text) else ""


def terms_of(post: Post) -> Iterator[Term]:
    """Its categories, tags and terms of other taxonomies."""
    for group in as_list(as_mapping(post.get("_embedded")).get("wp:term")):
        for one in as_mappings(group):
            number, taxonomy, slug = one.get("id"), as_text(one.get("taxonomy")), as_text(one.get("slug"))
            if isinstance(number, int) and taxonomy and slug:
                kind = "tag" if taxonomy == "post_tag" else taxonomy
                yield Term(kind, number, unquote(slug), name_of(one.get("name")))


def chain_of(numbers: Iterable[int], tree: Tree) -> tuple[str, ...]:
    """The slugs of categories, the deepest first, and then of those that they stand in."""
    lines = [list(_line(number, tree)) for number in numbers]
    lines.sort(key=len, reverse=True)
    own = [line[0] for line in lines if line]
    return tuple(dict.fromkeys([*own, *(slug for line in lines for slug in line[1:])]))


def sections_of(
    chain: Sequence[str], terms: Sequence[Term], kind: str, settings: SourceSettings
) -> tuple[str, ...]:
    """The names of where it stands: its categories, then what else the source's `sections` names."""
    others = [
        name
        for term in terms
        if term.kind != "category"
        for name in (f"{term.kind}:{term.slug}", term.slug)
        if name in settings.sections
    ]
    also = [name for name in (f"type:{kind}",) if name in settings.sections]
    return tuple(dict.fromkeys([*chain, *others, *also]))


def _leads(post: Post, now: datetime) -> bool:
    try:
        published = datetime.fromisoformat(published_of(post))
    except ValueError:
        return False
    return post.get("sticky") is True and published.tzinfo is not None and now - published <= STICKY_FOR


def _marks(
    post: Post,
    kind: str,
    chain: Sequence[str],
    terms: Sequence[Term],
    settings: SourceSettings,
    *,
    has_wall: bool,
) -> Iterator[str]:
    """The marks that a rule of the source asks for. No others: a meta field may change with each visitor."""
    wanted = {*settings.free, *settings.registered, *settings.paid}
    found = {f"type:{kind}", *(f"category:{slug}" for slug in chain)}
    found |= {f"{term.kind}:{term.slug}" for term in terms}
    if has_wall:
        found.add("more")
    if any(rule.startswith("meta:") for rule in wanted):
        found |= {f"meta:{mark}" for mark in _meta_marks(post)}
    if any(rule.startswith("class:") for rule in wanted):
        found |= {f"class:{name}" for name in _classes(post)}
    yield from found & wanted


def _meta_marks(post: Post) -> Iterator[str]:
    for name, value in metas(post).items():
        if value not in (None, False, "", "0", 0, [], {}):
            yield name
        for one in as_list(value) or (value,):
            if isinstance(one, bool):
                yield from (f"{name}={text}" for text in (("true", "1") if one else ("false", "0")))
            elif isinstance(one, str | int | float):
                yield f"{name}={str(one).strip()}"


def _classes(post: Post) -> Iterator[str]:
    """The CSS classes of the post and of what stands in its text: how membership plugins mark it."""
    # Before WordPress 6.7 the list is not there; with plugins it may be a mapping of numbers.
    listed = post.get("class_list")
    for name in as_list(listed) or as_mapping(listed).values():
        yield as_text(name)
    for one in _CLASS.finditer(as_text(as_mapping(post.get("content")).get("rendered"))):
        yield from (one[1] or one[2] or "").split()


def _line(number: int, tree: Tree) -> Iterator[str]:
    """The slugs from a category up to its root."""
    seen: set[int] = set()
    while number in tree and number not in seen:
        seen.add(number)
        yield tree[number].slug
        number = tree[number].parent
