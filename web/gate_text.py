"""An article's text as our own pages may show it: no picture comes from another house, wide tables scroll.

What comes in is sanitised (`content.sanitise`) and stays so.
"""

from __future__ import annotations

import re
from html import escape, unescape

from content.prose import blocks, plain

_TAG = re.compile(r"""<(/?)(a|img|table)(?![a-zA-Z0-9])((?:[^>"']++|"[^"]*"|'[^']*')*+)>""")
_VALUE = re.compile(r"""\s(src|alt)="([^"]*)\"""")


def for_page(html: str, public_url: str, picture: str, scrolls: str) -> str:
    """`html` for a page whose policy lets in pictures of our own alone.

    A picture that is ours loses our name, so that it is the page's own, whatever that is asked under. Any
    other becomes a link to it: the reader's browser asks no other house for anything before a click.
    `picture` is the link's word, `scrolls` the name of a table that may be too wide.
    """
    depth = 0

    def shown(tag: re.Match[str]) -> str:
        nonlocal depth
        closing, name, rest = tag.groups()
        if name == "a":
            depth += -1 if closing else 1
            return tag[0]
        if name == "table":
            start = f'<div class="wide" role="region" tabindex="0" aria-label="{escape(scrolls)}">'
            return f"{tag[0]}</div>" if closing else f"{start}{tag[0]}"
        return _picture(tag[0], rest, public_url, picture, is_linked=depth > 0)

    return _TAG.sub(shown, html)


def repeats(html: str, teaser: str) -> bool:
    """Whether the text begins with what the teaser says, which then needs saying once."""
    first = next(blocks(html), None)
    if first is None or first.tag != "p":
        return False
    said, opening = _folded(teaser), _folded(plain(first.html))
    return bool(said) and opening.startswith(said)


def _picture(tag: str, rest: str, public_url: str, word: str, *, is_linked: bool) -> str:
    values = {name: unescape(value) for name, value in _VALUE.findall(rest)}
    src, alt = values.get("src", ""), values.get("alt", "")
    if src.startswith(f"{public_url}/media/"):
        own = escape(src.removeprefix(public_url))
        kept = "" if "alt" in values else ' alt=""'
        return tag.replace(escape(src), own, 1).replace("<img", f'<img loading="lazy"{kept}', 1)
    said = escape(f"{word}: {alt}" if alt else word)
    if not src or src.startswith(f"{public_url}/"):
        # At our own address there are no pictures but those: it is missing, and what it shows is said.
        return escape(alt)
    return said if is_linked else f'<a href="{escape(src)}" rel="noreferrer">{said}</a>'


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold().rstrip(".…")
