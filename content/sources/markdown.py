"""An article's Markdown as HTML, not clean yet, with the pictures that lie beside it already published."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape, unescape
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

from content.article import Picture

Shown = tuple[str, Picture]
"""A published picture's absolute address, and the picture."""

_MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
# Every link becomes one here: which of them may stay is decided by `content.sanitise`, which keeps the text.
setattr(_MARKDOWN, "validateLink", lambda _url: True)  # noqa: B010  # A method, but meant to be replaced.
_IMAGE = re.compile(r"<img\b[^>]{0,4000}>", re.IGNORECASE)
_SOURCE = re.compile(r"""(\bsrc\s*=\s*)(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_ALT = re.compile(r"""\balt\s*=\s*(?:"\s*[^"\s]|'\s*[^'\s]|[^\s"'>])""", re.IGNORECASE)


def html_of(markdown: str, published: Callable[[str], Shown | None], undescribed: Callable[[], None]) -> str:
    """`markdown` as HTML; HTML inside it stays, so what this gives is still to be cleaned.

    `published` is asked for each picture with a relative address and says where it is now, or None;
    `undescribed` is called for each picture without an alt text.
    """
    tokens = _MARKDOWN.parse(markdown)
    for token in tokens:
        for part in (token, *(token.children or ())):
            if part.type == "image":
                _show(part, published, undescribed)
            elif part.type in ("html_block", "html_inline"):
                part.content = illustrated(part.content, published, undescribed)
    rendered = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    return str(rendered)


def illustrated(html: str, published: Callable[[str], Shown | None], undescribed: Callable[[], None]) -> str:
    """`html` with its pictures as `html_of` has those of Markdown."""
    return _IMAGE.sub(lambda tag: _shown(tag[0], published, undescribed), html)


def is_local(address: str) -> bool:
    """True for an address relative to the article: no scheme, no host, not from the site's root."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return bool(parts.path) and not (parts.scheme or parts.netloc or address.startswith("/"))


def _show(image: Token, published: Callable[[str], Shown | None], undescribed: Callable[[], None]) -> None:
    if not image.content.strip():
        undescribed()
    address = str(image.attrs.get("src", ""))
    found = published(_name(address)) if is_local(address) else None
    if found:
        url, picture = found
        image.attrs |= {"src": url, "width": picture.width, "height": picture.height}


def _shown(tag: str, published: Callable[[str], Shown | None], undescribed: Callable[[], None]) -> str:
    if not _ALT.search(tag):
        undescribed()
    source = _SOURCE.search(tag)
    address = unescape(source[2] or source[3] or source[4] or "").strip() if source else ""
    found = published(_name(address)) if source and is_local(address) else None
    if not (source and found):
        return tag
    return f'{tag[: source.start()]}{source[1]}"{escape(found[0])}"{tag[source.end() :]}'


def _name(address: str) -> str:
    return unquote(urlsplit(address).path)
