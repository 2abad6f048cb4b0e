"""A sheet set in type: through the digest's templates into HTML and plain text, slots marked."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from html import unescape
from pathlib import Path

import nh3
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError
from markupsafe import Markup, escape
from mjml import mjml2html

from newsletter.letter import MARK_CLOSE, MARK_OPEN, Slot
from newsletter.lines import clean, isolated, isolates, width, wrapped
from newsletter.phrases import Phrases
from newsletter.sheet import Sheet
from newsroom.errors import RenderError
from newsroom.looks import Looks

_TEMPLATES = Path(__file__).resolve().parent.parent / "templates"

_PLACE = re.compile("@@([0-9]+)@@")
"""Where a fragment goes. No word of an article, an offer or a note passes through the MJML compiler: it
wants well-formed XML, and spells combining marks and no-break spaces in attributes as Rust does."""
_FILLER = "\u034f\u200c\u00a0" * 90
"""Invisible: keeps a mail client from filling its preview line with the masthead."""
_NOTE_TAGS = {"a", "b", "br", "em", "i", "li", "ol", "p", "strong", "ul"}
_BLOCK_END, _BREAK = re.compile("</(?:p|li|ul|ol)>"), re.compile("<br>")
_HREF, _TAG = re.compile('<a href="([^"]*)"'), re.compile("<[^>]*>")


@dataclass(frozen=True, slots=True)
class Page:
    """What the templates draw from."""

    sheet: Sheet
    words: Phrases
    looks: Looks
    note: str
    """As `note_html` gives it."""

    @property
    def html(self) -> str:
        """The whole mail as HTML."""
        mjml, fragments = self._frame()
        try:
            # No fonts: left to itself, it would load those it knows by name from their maker's server.
            compiled = mjml2html(mjml, fonts={})
        except ValueError as error:
            raise RenderError(f"templates/digest: not well-formed MJML: {error}") from error
        # Neighbouring conditional comments say the same as one, in fewer bytes.
        return _placed(compiled.replace("<![endif]--><!--[if mso | IE]>", ""), fragments)

    @property
    def mjml(self) -> str:
        """The MJML that says the same as `html`."""
        return _placed(*self._frame())

    @property
    def text(self) -> str:
        """The whole mail as plain text."""
        template = _environment(escaping=False).get_template("digest/digest.txt.j2")
        try:
            return template.render(sheet=self.sheet, words=self.words, note=_plain(self.note))
        except TemplateError as error:
            raise RenderError(f"templates/digest/digest.txt.j2: {error}") from error

    def _frame(self) -> tuple[str, list[str]]:
        """The MJML around the fragments, and the fragments of HTML that are set into it afterwards."""
        fragments: list[str] = []

        def place(fragment: str) -> Markup:
            fragments.append(str(Markup.escape(fragment)))
            return Markup(f"@@{len(fragments) - 1}@@")  # noqa: S704 - a number

        def raw(caller: Callable[[], str]) -> Markup:
            return Markup("<mj-raw>{}</mj-raw>").format(place(caller()))

        template = _environment(escaping=True).get_template("digest/digest.mjml.j2")
        try:
            mjml = template.render(
                sheet=self.sheet,
                words=self.words,
                light=self.looks.light,
                dark=self.looks.dark,
                headline_font=Markup(self.looks.headline_font),  # noqa: S704 - checked by looks_of
                text_font=Markup(self.looks.text_font),  # noqa: S704 - checked by looks_of
                start=_start(self.sheet.direction),
                own_start=_start(self.sheet.own_direction),
                filler=_FILLER,
                note=Markup(self.note),  # noqa: S704 - sanitised by note_html
                place=place,
                raw=raw,
            )
        except TemplateError as error:
            raise RenderError(f"templates/digest/digest.mjml.j2: {error}") from error
        return mjml, fragments


def note_html(html: str) -> str:
    """An editor's note with the tags a mail can show, each of them closed."""
    return clean(nh3.clean(html, tags=_NOTE_TAGS, attributes={"a": {"href"}}, link_rel=None)) if html else ""


def _placed(text: str, fragments: Sequence[str]) -> str:
    return _PLACE.sub(lambda match: fragments[int(match[1])], text)


def _plain(html: str) -> str:
    """A note as wrapped text, each link's address on a line of its own after its paragraph."""
    paragraphs = []
    for block in _BLOCK_END.split(html):
        lines = [_unmarked(line) for line in _BREAK.split(block)]
        links = [unescape(link) for link in _HREF.findall(block)]
        paragraphs.append("\n".join([*(wrapped(line) for line in lines if line), *links]))
    text = "\n\n".join(paragraph for paragraph in paragraphs if paragraph)
    return text.replace("\n\n- ", "\n- ")


def _unmarked(html: str) -> str:
    return unescape(_TAG.sub("", html.replace("<li>", "- "))).strip()


def _start(direction: str) -> str:
    return "right" if direction == "rtl" else "left"


def _apart(text: str, direction: str) -> Markup:
    """`text` as HTML of that direction, with no separator at a line's end.

    What was set apart for its direction stands in an element of its own, for clients that know no isolates
    with a mark after it that ends its reach.
    """
    end = "\u200f" if direction == "rtl" else "\u200e"
    pieces = (
        Markup('<span dir="{}">{}</span>{}').format(own, piece, end) if own else escape(piece)
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
    environment.filters["isolated"] = isolated
    environment.filters["apart"] = _apart
    environment.filters["columns"] = width
    return environment
