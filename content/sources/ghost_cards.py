"""A post's HTML as Ghost writes it, made into what reads well without Ghost's scripts and style sheet."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser

from content.article import Access
from content.markup import regular

WALL = "<!--members-only-->"
"""What stands before it is public."""

_GATED = re.compile(
    r"<!--\s*kg-gated-block:begin\b(?P<rules>.*?)-->(?P<html>.*?)(?:<!--\s*kg-gated-block:end\s*-->|\Z)",
    re.DOTALL,
)
_NON_MEMBERS = re.compile(r"\bnonMember:[\"']?true\b")
_SEGMENT = re.compile(r"\bmemberSegment:\s*[\"']([^\"']*)[\"']")
_SEGMENTS = {Access.REGISTERED: "status:free", Access.PAID: "status:-free"}
_CARDS = re.compile("kg-(?:audio|video|signup|bookmark)-")
# Buttons and counters of players, forms, a site's icon.
_DROPPED = (
    "kg-audio-player",
    "kg-audio-thumbnail",
    "kg-video-overlay",
    "kg-video-player-container",
    "kg-signup-card",
    "kg-bookmark-icon",
)


def for_readers(html: str, access: Access) -> str:
    """The text without those blocks that an editor has kept from somebody who may read the post.

    The Admin API gives every one, whoever it is for.
    """
    if "kg-gated-block" not in html:
        return html
    return _GATED.sub(lambda block: block["html"] if _may_read(block["rules"], access) else "", html)


def readable(html: str) -> str:
    """The text without what only works on the site: players' buttons, sign-up forms, icons of bookmarks."""
    if not _CARDS.search(html):
        return html
    # The parser takes the square of their number for elements inside of each other.
    page = LexborHTMLParser(regular(html, lambda _, given: given))
    body = page.body
    if body is None:
        return html
    for name in _DROPPED:
        for node in body.css(f".{name}"):
            node.decompose()
    for node in body.css(".kg-bookmark-publisher"):
        # Ghost's own style sheet parts it from the author.
        if node.prev is not None:
            node.insert_before(" · ")
    return body.inner_html or ""


def _may_read(rules: str, access: Access) -> bool:
    """Whether everybody who may read the post may read a block with these rules."""
    if access is Access.FREE:
        return _NON_MEMBERS.search(rules) is not None
    segment = _SEGMENT.search(rules)
    return segment is not None and _SEGMENTS[access] in segment[1].split(",")
