"""A page's bytes as a tree, and what stands in one of its elements."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from content.sanitise import clean_line
from content.sources.feed_text import decoded
from content.sources.feed_words import line_of_html
from content.sources.pages_shape import is_sound
from newsroom.errors import SourceError

Page = LexborHTMLParser
Node = LexborNode

DEEPEST = 128
"""Elements inside of each other. Finding `article div p` in thousands of them would take years."""

_TOO_DEEP = " > ".join("*" * (DEEPEST + 1))
_META = re.compile(rb"""<meta\s[^>]{0,300}?charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)
_META_WITHIN = 4_096
_QUOTED = re.compile(r"""\\.|"[^"]*"|'[^']*'""")
_PAGES = re.compile(r"\s*(?:text/(?:html|plain)|application/xhtml\+xml|)\s*(?:;|$)", re.IGNORECASE)
_WITH_CONTENT = {"meta": "content", "time": "datetime", "data": "value"}
_SOURCES = ("data-src", "data-lazy-src", "data-original", "src")


def page_of(data: bytes, content_type: str) -> Page:
    """The page. Raises SourceError, without the address, where it is none, or would take too long.

    Its encoding is what the bytes show: a byte order mark or valid UTF-8; else what the header says, else the
    page itself.
    """
    if not _PAGES.match(content_type):
        kind = clean_line(content_type.partition(";")[0])[:60]
        raise SourceError(f"it is no page ({kind}); check the address")
    html = text_of_page(data, content_type)
    page = LexborHTMLParser(html) if is_sound(html) else None
    if page is None or page.css_first(_TOO_DEEP) is not None:
        raise SourceError(f"more than {DEEPEST} elements are nested in it; mend its template")
    return page


def text_of_page(data: bytes, content_type: str) -> str:
    """A page's text."""
    meta = _META.search(data[:_META_WITHIN])
    own = f"charset={meta[1].decode('ascii')}" if meta else ""
    found = decoded(data, content_type if "charset" in content_type.lower() or not own else own)
    if not found.is_clean and own:
        found = decoded(data, own)
    return found.text


def check_selector(selector: str, where: str) -> None:
    """Raises SourceError, which names the setting, where this is no CSS selector."""
    try:
        LexborHTMLParser("").css(selector)
        # A bracket that is left open would be closed at the end, and nothing be found by it.
        bare = _QUOTED.sub("", selector)
        is_whole = bare.count("[") == bare.count("]") and bare.count("(") == bare.count(")")
    except SelectolaxError:
        is_whole = False
    if not is_whole:
        raise SourceError(f"{where}: not a CSS selector that can be used; mend it in newsroom.toml")


def line_of(node: Node | None) -> str:
    """What a browser shows of an element, in one line."""
    return line_of_html(node.html or "") if node is not None else ""


def value_of(node: Node) -> str:
    """What an element says to machines, where it does (`content`, `datetime`), else its text."""
    name = _WITH_CONTENT.get(node.tag or "", "content")
    given = node.attributes.get(name)
    return clean_line(given) if given else line_of(node)


def source_of(node: Node) -> str:
    """The address of a picture: of an `img`, or the first in an element; that of `meta` is its content."""
    image = node if node.tag in ("img", "meta") else node.css_first("img")
    if image is None:
        return ""
    if image.tag == "meta":
        return (image.attributes.get("content") or "").strip()
    found = (image.attributes.get(name) or "" for name in _SOURCES)
    # Until it is scrolled to, many a picture is a dot that is written into the page itself.
    return next((one.strip() for one in found if one.strip() and not one.strip().startswith("data:")), "")


def remove(node: Node, selectors: Iterable[str]) -> None:
    """Take what is found by these out of an element."""
    found = {one.mem_id: one for one in node.css(", ".join(selectors)) if one.mem_id != node.mem_id}
    # With an element goes what is in it, and what is gone must not be touched again.
    for one in [one for one in found.values() if not is_within(one, found)]:
        one.decompose()


def is_within(node: Node, others: Container[int]) -> bool:
    """Whether an element stands in one of those with these `mem_id`."""
    place = node.parent
    while place is not None:
        if place.mem_id in others:
            return True
        place = place.parent
    return False
