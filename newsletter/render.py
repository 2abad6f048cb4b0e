"""A selection becomes a letter: HTML through MJML, and a plain text that is as good. Pure: the same
selection, audience and newsroom give the same bytes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from html import unescape
from pathlib import Path

import nh3
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from mjml import mjml2html

from newsletter.budget import LIMIT, NOTHING, Trim, fitting, steps
from newsletter.edition import Selection
from newsletter.letter import MARK_CLOSE, MARK_OPEN, Letter, Slot, filled, parts_of
from newsletter.lines import clean, width, wrapped
from newsletter.phrases import Phrases, phrases
from newsletter.sheet import Sheet, laid_out
from newsroom.errors import RenderError
from newsroom.looks import looks_of
from newsroom.masthead import Look, Newsletter, Newsroom

_TEMPLATES = Path(__file__).resolve().parent.parent / "templates"

SLOT_ROOM = 512
"""Bytes kept free for what each reader's own values add."""

_PLACE = re.compile("@@([0-9]+)@@")
"""Where a fragment goes. No word of an article, an offer or a note passes through the MJML compiler: it
wants well-formed XML, and spells combining marks and no-break spaces in attributes as Rust does."""
_FILLER = "\u034f\u200c\u00a0" * 90
"""Invisible: keeps a mail client from filling its preview line with the masthead."""
_BLOCK_END, _BREAK = re.compile("</(?:p|li|ul|ol)>"), re.compile("<br>")
_HREF, _TAG = re.compile('<a href="([^"]*)"'), re.compile("<[^>]*>")
_NOTE_TAGS = {"a", "b", "br", "em", "i", "li", "ol", "p", "strong", "ul"}


@dataclass(frozen=True, slots=True)
class Rendered:
    """A rendered variant, with its size and what had to be shortened for it, a line each."""

    letter: Letter
    html_bytes: int
    """Bytes of UTF-8, without the readers' own values."""
    shortened: tuple[str, ...] = ()


def render(
    selection: Selection, audience: str, newsroom: Newsroom, newsletter: Newsletter, language: str = ""
) -> Rendered:
    """`selection`, already narrowed to a variant, as the mail that `audience` gets.

    `audience` is an `Audience` or its value; `language` is that of Standfirst's own words and the date,
    the newsletter's where it is not given. Raises RenderError where a template fails, or where an
    edition stays over the limit with every teaser gone.
    """
    words = phrases(language or newsletter.language)
    note = _note(selection.note)

    def html(trim: Trim) -> str:
        sheet = laid_out(selection, audience, newsroom, newsletter, words, trim)
        return _html(_Page(sheet, words, note, newsroom.look))

    def fits(trim: Trim) -> bool:
        return len(html(trim).encode()) <= LIMIT - SLOT_ROOM

    trim: Trim | None = NOTHING
    if not fits(NOTHING):
        trim = fitting(steps(selection), fits)
    if trim is None:
        raise RenderError(
            f"{selection.newsletter} of {selection.local_date}: over {LIMIT // 1024} KB of HTML even without "
            "any story but the lead; shorten the editor's note, or the offer's words in newsroom.toml"
        )
    sheet = laid_out(selection, audience, newsroom, newsletter, words, trim)
    marked = html(trim)
    letter = Letter(
        subject=sheet.subject,
        html=parts_of(marked),
        text=parts_of(_text(sheet, words, note)),
        language=sheet.language,
    )
    static = filled(letter.html, dict.fromkeys(Slot, ""), html=True)
    return Rendered(letter, len(static.encode()), trim.in_words(selection))


def source(
    selection: Selection, audience: str, newsroom: Newsroom, newsletter: Newsletter, language: str = ""
) -> str:
    """The MJML that `render` compiles for the same arguments, with nothing shortened."""
    words = phrases(language or newsletter.language)
    sheet = laid_out(selection, audience, newsroom, newsletter, words, NOTHING)
    mjml, fragments = _mjml(_Page(sheet, words, _note(selection.note), newsroom.look))
    return _placed(mjml, fragments)


@dataclass(frozen=True, slots=True)
class _Page:
    sheet: Sheet
    words: Phrases
    note: str
    look: Look


def _mjml(page: _Page) -> tuple[str, list[str]]:
    """The frame as MJML, with places for the fragments of HTML that are returned beside it."""
    looks = looks_of(page.look)
    fragments: list[str] = []

    def place(fragment: str) -> Markup:
        fragments.append(str(Markup.escape(fragment)))
        return Markup(f"@@{len(fragments) - 1}@@")  # noqa: S704 - a number

    def raw(caller: Callable[[], str]) -> Markup:
        return Markup("<mj-raw>{}</mj-raw>").format(place(caller()))

    mjml = (
        _environment(escaping=True)
        .get_template("digest/digest.mjml.j2")
        .render(
            sheet=page.sheet,
            words=page.words,
            light=looks.light,
            dark=looks.dark,
            # Checked to hold nothing that a style or an attribute could trip over.
            headline_font=Markup(looks.headline_font),  # noqa: S704
            text_font=Markup(looks.text_font),  # noqa: S704
            start="right" if page.sheet.direction == "rtl" else "left",
            filler=_FILLER,
            # Sanitised here, by _note.
            note=Markup(page.note),  # noqa: S704
            place=place,
            raw=raw,
        )
    )
    return mjml, fragments


def _placed(text: str, fragments: Sequence[str]) -> str:
    return _PLACE.sub(lambda match: fragments[int(match[1])], text)


def _html(page: _Page) -> str:
    mjml, fragments = _mjml(page)
    try:
        compiled = mjml2html(mjml)
    except ValueError as error:
        raise RenderError(f"templates/digest: not well-formed MJML: {error}") from error
    # Neighbouring conditional comments say the same as one, in fewer bytes.
    return _placed(compiled.replace("<![endif]--><!--[if mso | IE]>", ""), fragments)


def _text(sheet: Sheet, words: Phrases, note: str) -> str:
    template = _environment(escaping=False).get_template("digest/digest.txt.j2")
    return template.render(sheet=sheet, words=words, note=_plain(note))


def _note(html: str) -> str:
    """An editor's note with the tags a mail can show, balanced."""
    return clean(nh3.clean(html, tags=_NOTE_TAGS, attributes={"a": {"href"}}, link_rel=None)) if html else ""


def _plain(html: str) -> str:
    """A note as wrapped text, each link's address on a line of its own after its paragraph."""
    if not html:
        return ""
    paragraphs = []
    for block in _BLOCK_END.split(html):
        lines = [_unmarked(line) for line in _BREAK.split(block)]
        links = [unescape(link) for link in _HREF.findall(block)]
        paragraphs.append("\n".join([*(wrapped(line) for line in lines if line), *links]))
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def _unmarked(html: str) -> str:
    return unescape(_TAG.sub("", html.replace("<li>", "- "))).strip()


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
    environment.filters["columns"] = width
    return environment
