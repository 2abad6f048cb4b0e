"""Templates set in type: MJML into HTML, and plain text, with slots marked."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError
from markupsafe import Markup, escape
from mjml import mjml2html

from newsletter.rendering.letter import MARK_CLOSE, MARK_OPEN, Slot
from newsletter.rendering.lines import hung, in_rows, isolated, isolates, reads, width, wrapped
from newsroom.errors import RenderError
from newsroom.looks import Looks

_TEMPLATES = Path(__file__).resolve().parents[2] / "templates"

_PLACE = re.compile("@@([0-9]+)@@")
"""Where a fragment goes. No word of an article, an offer or a note passes through the MJML compiler: it
wants well-formed XML, and spells combining marks and no-break spaces in attributes as Rust does."""


def frame(template: str, looks: Looks, **values: Any) -> tuple[str, list[str]]:
    """The MJML that a template gives, and the fragments of HTML that are set into it once it is compiled.

    Raises RenderError where the template fails.
    """
    fragments: list[str] = []

    def place(fragment: str) -> Markup:
        fragments.append(str(Markup.escape(fragment)))
        return Markup(f"@@{len(fragments) - 1}@@")  # noqa: S704 - a number

    def raw(caller: Callable[[], str]) -> Markup:
        return Markup("<mj-raw>{}</mj-raw>").format(place(caller()))

    try:
        mjml = (
            _environment(escaping=True)
            .get_template(template)
            .render(
                light=looks.light,
                dark=looks.dark,
                headline_font=Markup(looks.headline_font),  # noqa: S704 - checked by looks_of
                text_font=Markup(looks.text_font),  # noqa: S704 - checked by looks_of
                place=place,
                raw=raw,
                **values,
            )
        )
    except TemplateError as error:
        raise RenderError(f"templates/{template}: {error}") from error
    return mjml, fragments


def compiled(mjml: str, fragments: Sequence[str]) -> str:
    """The HTML of a frame with its fragments in it. Raises RenderError for MJML that is not well-formed."""
    try:
        # No fonts: left to itself, it would load those it knows by name from their maker's server.
        html = mjml2html(mjml, fonts={})
    except ValueError as error:
        raise RenderError(f"templates: not well-formed MJML: {error}") from error
    # Neighbouring conditional comments say the same as one, in fewer bytes.
    return placed(html.replace("<![endif]--><!--[if mso | IE]>", ""), fragments)


def placed(text: str, fragments: Sequence[str]) -> str:
    """A frame's text with its fragments in it."""
    return _PLACE.sub(lambda match: fragments[int(match[1])], text)


def plain(template: str, **values: Any) -> str:
    """A plain text. Raises RenderError where the template fails."""
    try:
        return _environment(escaping=False).get_template(template).render(**values)
    except TemplateError as error:
        raise RenderError(f"templates/{template}: {error}") from error


def _apart(text: str, direction: str) -> Markup:
    """`text` as HTML of that direction, with no separator at a line's end.

    What was set apart for its direction stands in an element of its own, for clients that know no isolates
    with a mark after it that ends its reach.
    """
    end = "\u200f" if direction == "rtl" else "\u200e"
    pieces = (
        Markup('<span dir="{}">{}</span>{}').format(own, _apart(piece, own), end) if own else escape(piece)
        for piece, own in isolates(text)
    )
    return Markup("").join(pieces).replace(" · ", " ·\u00a0")


def _mark(slot: str) -> str:
    return f"{MARK_OPEN}{Slot(slot)}{MARK_CLOSE}"


@cache
def _environment(*, escaping: bool) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        autoescape=escaping,  # noqa: S701 - off for plain text alone
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals["mark"] = _mark
    environment.filters["wrap"] = wrapped
    environment.filters["rows"] = in_rows
    environment.filters["hung"] = hung
    environment.filters["isolated"] = isolated
    environment.filters["reads"] = reads
    environment.filters["apart"] = _apart
    environment.filters["columns"] = width
    return environment
