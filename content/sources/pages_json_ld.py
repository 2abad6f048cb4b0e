"""What a page says of its article in JSON-LD, by schema.org's words."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from html import unescape
from typing import Any

from content.sources.pages_html import Page

Thing = Mapping[str, Any]

LARGEST_SCRIPT = 3_000_000
"""Characters: a text of ten novels."""

SPONSORED = "advertisercontentarticle"
KINDS = frozenset(
    {
        *("article", "newsarticle", "reportagenewsarticle", "opinionnewsarticle", "analysisnewsarticle"),
        *("backgroundnewsarticle", "askpublicnewsarticle", "reviewnewsarticle", "satiricalarticle"),
        *("blogposting", "liveblogposting", "techarticle", "scholarlyarticle", "report", SPONSORED),
    }
)
"""NewsArticle and its kin, in small letters."""

_HOLDERS = ("@graph", "mainentity", "mainentityofpage")
_MOST_THINGS = 2_000
_DEEPEST = 12
_WRAPPING = re.compile(r"^\s*(?:<!--|//\s*<!\[CDATA\[|/\*\s*<!\[CDATA\[\s*\*/|<!\[CDATA\[)")
_WRAPPED = re.compile(r"(?:-->|\]\]>(?:\*/)?)[\s;]*+$")
# What has no end goes on to the end of all, or each of a million beginnings would be looked at up to there.
_STRING_OR_SLIP = re.compile(
    r""""(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|/\*.*?(?:\*/|\Z)|//[^\n]*+|,(?=\s*+[}\]])""", re.DOTALL
)
_YES = frozenset({"true", "yes", "1"})
_NO = frozenset({"false", "no", "0"})


def article_in(page: Page, address: str) -> Thing:
    """The page's own article; empty where it speaks of none.

    Of several it is the one that names the page's address, else the first that is a thing of its own and not
    part of a list. Keys are in small letters, and references to other things (`@id`) resolved.
    """
    things = [one for script in page.css("script[type]") for one in _things(_script(script))]
    by_id = {one["@id"]: one for one in things if isinstance(one.get("@id"), str) and len(one) > 1}
    found = [one for one in things if kinds_of(one) & KINDS]
    own = next((one for one in found if _names(one, address)), found[0] if found else {})
    references = _References(by_id)
    return {name: references.resolved(value) for name, value in own.items()}


def kinds_of(thing: Thing) -> set[str]:
    """Its types, in small letters and without their vocabulary."""
    return {re.split("[/#:]", one)[-1].lower() for one in texts(thing.get("@type"))}


def texts(value: object) -> list[str]:
    """The texts of one, or of a list of them."""
    several = value if isinstance(value, list) else [value]
    return [one.strip() for one in several if isinstance(one, str) and one.strip()]


def text(value: object) -> str:
    """A text, or a language's text; empty where it is none."""
    if isinstance(value, list):
        return next(filter(None, map(text, value)), "")
    if isinstance(value, Mapping):
        return text(value.get("@value") or value.get("text") or value.get("name"))
    return value.strip() if isinstance(value, str) else ""


def things(value: object) -> list[Thing]:
    """The things of one, or of a list of them."""
    several = value if isinstance(value, list) else [value]
    return [one for one in several if isinstance(one, Mapping)]


def is_yes(value: object) -> bool | None:
    """What a value says that should be true or false: as JSON, as a word, or as schema.org's own thing."""
    if isinstance(value, bool):
        return value
    if isinstance(value, Mapping):
        value = value.get("@id") or value.get("@value")
        return value if isinstance(value, bool) else is_yes(value) if isinstance(value, str) else None
    if isinstance(value, list):
        said = {is_yes(one) for one in value[:9]} - {None}
        return False if False in said else True if said else None
    word = str(value).strip().lower().rpartition("/")[2] if isinstance(value, (str, int)) else ""
    return True if word in _YES else False if word in _NO else None


def paid_parts(article: Thing) -> list[str]:
    """The CSS selectors of the parts that the article says are not free."""
    parts = [one for one in things(article.get("haspart")) if is_yes(one.get("isaccessibleforfree")) is False]
    return [selector for one in parts for selector in texts(one.get("cssselector"))]


def _script(node: Any) -> object:
    """The JSON of a script; None where it has none that can be read."""
    kind = (node.attributes.get("type") or "").partition(";")[0].strip().lower()
    given = (node.text(deep=True) or "") if kind == "application/ld+json" else ""
    if not given.strip() or len(given) > LARGEST_SCRIPT:
        return None
    for mend in (str, _mended):
        try:
            # Line ends in a text are against the rules, and common.
            return json.loads(mend(given), strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def _mended(given: str) -> str:
    """JSON without the usual slips: around it a comment of HTML, in it others, commas at an end."""
    given = _WRAPPED.sub("", _WRAPPING.sub("", given.strip().lstrip("\ufeff"))).rstrip("; \n\t\r")
    if "&quot;" in given and '"' not in given:
        given = unescape(given)
    return _STRING_OR_SLIP.sub(lambda one: one[0] if one[0].startswith('"') else "", given)


def _things(value: object) -> list[Thing]:
    """The things that stand for themselves: at the top, in a graph, or what the page is about."""
    found: list[Thing] = []
    waiting: deque[tuple[object, int]] = deque([(value, 0)])
    while waiting and len(found) < _MOST_THINGS:
        one, depth = waiting.popleft()
        if depth > _DEEPEST:
            continue
        if isinstance(one, list):
            waiting += [(other, depth + 1) for other in one[:_MOST_THINGS]]
        elif isinstance(one, Mapping):
            thing = {str(name).lower(): inner for name, inner in one.items()}
            found.append(thing)
            waiting += [(thing[name], depth + 1) for name in _HOLDERS if name in thing]
    return found


class _References:
    """What a page's things refer to, each read once however often it is named."""

    def __init__(self, by_id: Mapping[str, Thing]) -> None:
        self._by_id = by_id
        self._done: dict[str, object] = {}

    def resolved(self, value: object, depth: int = 0) -> object:
        """A value with small keys, and with things in the place of references to them."""
        if depth > _DEEPEST:
            return None
        if isinstance(value, list):
            return [self.resolved(one, depth + 1) for one in value[:_MOST_THINGS]]
        if not isinstance(value, Mapping):
            return value
        small = {str(name).lower(): inner for name, inner in value.items()}
        id_ = small.get("@id")
        if small.keys() <= {"@id", "@type"} and isinstance(id_, str) and id_ in self._by_id:
            if id_ not in self._done:
                # Two may refer to each other.
                self._done[id_] = {"@id": id_}
                self._done[id_] = self._inner(self._by_id[id_], depth)
            return self._done[id_]
        return self._inner(small, depth)

    def _inner(self, thing: Thing, depth: int) -> Thing:
        return {
            name: inner if name.startswith("@") else self.resolved(inner, depth + 1)
            for name, inner in thing.items()
        }


def _names(article: Thing, address: str) -> bool:
    named = [article.get(name) for name in ("url", "@id", "mainentityofpage")]
    return any(_bare(one) == _bare(address) for value in named for one in _addresses(value))


def _addresses(value: object) -> Iterator[str]:
    yield from texts(value)
    for thing in things(value):
        yield from texts([thing.get(name) for name in ("@id", "url")])


def _bare(address: str) -> str:
    return re.sub(r"^https?://(?:www\.)?", "", re.split("[?#]", address)[0]).rstrip("/").lower()


def first(article: Thing, names: Sequence[str]) -> str:
    """The first text that one of these properties has."""
    return next(filter(None, (text(article.get(name)) for name in names)), "")
