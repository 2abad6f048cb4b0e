"""The text of an article's page: where it stands, and what of it stands before the paywall."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from selectolax.lexbor import SelectolaxError

from content.sources.pages_html import Node, Page, is_within, line_of, remove, source_of

_PLACES = ("[itemprop='articleBody']", "article", "main", "[role='main']")
"""Where a text may stand, the likeliest first; of several it is the one with the page's `h1`, else the one
with the most text of those that stand alone."""

_NEVER = ("script", "style", "template", "noscript", "form", "button", "iframe", "dialog", "svg", "object")
_BESIDE = ("nav", "header", "footer", "aside", "article article", "h1", "[hidden]", "[aria-hidden='true']")
_KEPT = "p, h2, h3, h4, ul, ol, dl, blockquote, figure, pre, table, hr"
# What pages set beside a text, by the beginning of a word in its class or id.
_OTHER = re.compile(
    r"(?:^|[\s_-])(?:byline|authors?|date|time|timestamp|published|meta|share|sharing|social|related|recommend\w*"
    r"|newsletter|promo|advert\w*|ads?|sponsor\w*|comments?|breadcrumbs?|tags?|toolbar|signup|kicker)(?:$|[\s_-])",
    re.IGNORECASE,
)
# No text has one of its own by the time that it is looked at: `content.sanitise` takes them away.
_SIGN = "\ufdd0"
_WALL = f'<hr class="{_SIGN}">'
# A page may say anything here; more than these would take time.
_SIMPLE = re.compile(r"[\w.#\-\[\]='\"*^$~|]{1,200}")
_MOST_SELECTORS = 20
_MOST = 200


@dataclass(frozen=True, slots=True, repr=False)
class PageText:
    """An article's text as HTML, and the part of it before the wall. Its repr shows nothing of it."""

    html: str = ""
    opening: str = ""

    def __repr__(self) -> str:
        return f"<PageText of {len(self.html)} characters>"


def text_of(page: Page, selector: str, paid: Sequence[str]) -> PageText:
    """The text of a page: what `selector` (the newsroom's own) finds, else what stands around the parts that
    the page calls paid, else the paragraphs of its article. It takes elements out of the page.
    """
    walls = walls_of(page, paid)
    if selector:
        chosen = page.css(selector)
        ids = {one.mem_id for one in chosen}
        places = [one for one in chosen if not is_within(one, ids)]
    else:
        places = [place] if (place := _place(page, walls)) else []
    for wall in walls:
        sign = page.create_node("hr")
        sign.attrs["class"] = _SIGN
        wall.insert_before(sign)
    for place in places:
        remove(place, _NEVER)
        for image in place.css("img"):
            image.attrs["src"] = source_of(image)
    html = "".join((one.html or "") if selector else _paragraphs(one) for one in places)
    before, wall_, after = html.partition(_WALL)
    return PageText(before + after.replace(_WALL, ""), before if wall_ else "")


def walls_of(page: Page, paid: Sequence[str]) -> list[Node]:
    """The elements that a page calls paid by these selectors."""
    found: list[Node] = []
    for selector in paid[:_MOST_SELECTORS]:
        # Where it names the way to an element, the element is enough: the wall comes no later for that.
        last = (re.split(r"[\s>+~]+", selector.strip()) or [""])[-1]
        if _SIMPLE.fullmatch(last):
            try:
                found += page.css(last)[:_MOST]
            except SelectolaxError:
                continue
    return found[:_MOST]


def _place(page: Page, walls: Sequence[Node]) -> Node | None:
    """The element that a text stands in: one that has a wall in it, or is it, where there is a wall."""
    for selector in _PLACES:
        found = page.css(selector)[:_MOST]
        if walls:
            found = [one for one in found if any(_has(one, wall) for wall in walls)]
        titled = [one for one in found if one.css_first("h1") is not None]
        best = max(titled or _alone(found), key=_amount, default=None)
        # Under the headline of the page stands its text, and be it none: what is elsewhere is of others.
        if best is not None and (_amount(best) or (titled and selector == "article")):
            return best
    return walls[0].parent if walls else None


def _alone(places: Sequence[Node]) -> Sequence[Node]:
    """Those that have none of their kind beside them, if any: the others show what else there is."""
    beside = Counter(one.parent.mem_id for one in places if one.parent is not None)
    return [one for one in places if one.parent is not None and beside[one.parent.mem_id] == 1] or places


def _has(place: Node, wall: Node) -> bool:
    return wall.mem_id == place.mem_id or is_within(wall, {place.mem_id})


def _amount(place: Node) -> int:
    """How much text its paragraphs have."""
    return sum(len(one.text(deep=True)) for one in place.css("p"))


def _paragraphs(place: Node) -> str:
    """The running text of a place, without what pages put around it."""
    remove(place, _BESIDE)
    found = place.css(_KEPT)
    ids = {one.mem_id for one in found}
    blocks = (one for one in found if not is_within(one, ids) and _is_text(one, place))
    return "".join(one.html or "" for one in blocks)


def _is_text(block: Node, place: Node) -> bool:
    around: Node | None = block
    while around is not None and around.mem_id != place.mem_id:
        if _OTHER.search(f"{around.attributes.get('class') or ''} {around.attributes.get('id') or ''}"):
            return False
        around = around.parent
    if block.tag not in ("ul", "ol", "dl"):
        return True
    # A list of nothing but links leads elsewhere.
    linked = sum(len(line_of(one)) for one in block.css("a"))
    return 2 * linked < len(line_of(block))
