"""The page that explains the feeds, and the stylesheet that makes a feed readable in a browser."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from feeds.listing import ENDINGS, Listed
from feeds.words import words
from newsroom.looks import looks_of
from newsroom.masthead import Newsroom

_TEMPLATES = Path(__file__).resolve().parent.parent / "templates" / "feeds"


def index_page(newsroom: Newsroom, feeds: Sequence[Listed]) -> bytes:
    """index.html: every feed with its addresses, to be read without JavaScript and without a third party."""
    page = _render("index.html.j2", newsroom, feeds)
    # It names its own style and script, wherever it is opened: no other one runs in it.
    style, script = (_hash(page, name) for name in (b"style", b"script"))
    policy = (
        f"default-src 'none'; style-src {style}; script-src {script}; base-uri 'none'; form-action 'none'"
    )
    return page.replace(b"POLICY", policy.encode(), 1)


def _hash(page: bytes, name: bytes) -> str:
    """The CSP source of the page's one element of this name."""
    text = page.split(b"<%s>" % name, 1)[1].split(b"</%s>" % name, 1)[0]
    return f"'sha256-{b64encode(hashlib.sha256(text).digest()).decode()}'"


def stylesheet(newsroom: Newsroom) -> bytes:
    """feed.css: browsers show RSS and Atom through it."""
    return _render("feed.css.j2", newsroom, ())


def private_stylesheet(newsroom: Newsroom) -> bytes:
    """private.css: the same of a reader's own feeds, which it says are private."""
    return _render("feed.css.j2", newsroom, (), is_private=True)


def _render(name: str, newsroom: Newsroom, feeds: Sequence[Listed], *, is_private: bool = False) -> bytes:
    looks = looks_of(newsroom.look)
    text = (
        _environment()
        .get_template(name)
        .render(
            newsroom=newsroom,
            feeds=feeds,
            is_private=is_private,
            endings=ENDINGS,
            words=words(newsroom.language),
            direction=_direction(newsroom.language),
            light=looks.light,
            dark=looks.dark,
            headline_font=looks.headline_font,
            text_font=looks.text_font,
        )
    )
    return text.encode()


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        # Fonts and colours are white-listed by `looks_of`; CSS knows no HTML escapes.
        autoescape=select_autoescape(("html.j2",)),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _direction(language: str) -> str:
    try:
        return str(Locale.parse(language, sep="-").text_direction)
    except (UnknownLocaleError, ValueError):
        return "ltr"
