"""A selection becomes a letter: HTML through MJML, and a plain text that is as good. Pure: the same
selection, variant and newsroom give the same bytes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from newsletter.desk.briefing import Briefing
from newsletter.edition import Selection
from newsletter.rendering.budget import LIMIT, NOTHING, Trim, fitting, steps
from newsletter.rendering.letter import Letter, Slot, filled, parts_of
from newsletter.rendering.note import note_html
from newsletter.rendering.page import Page
from newsletter.rendering.phrases import phrases
from newsletter.rendering.sheet import laid_out
from newsletter.rendering.straight_in import LinkOf, plain
from newsletter.variant import Variant
from newsroom.errors import RenderError
from newsroom.looks import looks_of
from newsroom.masthead import Newsletter, Newsroom

SLOT_ROOM = 512
"""Bytes of the limit kept free for what each reader's own values add."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A rendered variant, with its size and what had to be shortened for it, a line each."""

    letter: Letter
    html_bytes: int
    """Bytes of UTF-8, without the readers' own values."""
    shortened: tuple[str, ...] = ()


def render(
    selection: Selection,
    variant: Variant,
    newsroom: Newsroom,
    newsletter: Newsletter,
    link_of: LinkOf = plain,
    briefing: Briefing | None = None,
    web_url: str | None = None,
) -> Rendered:
    """`selection`, already narrowed to `variant`, as the mail that its readers get.

    The variant's language is that of Standfirst's own words and of the date, and the letter names it, so
    that the trial slot can be filled in it. `link_of` says where a story's link leads. A `briefing` stands on
    top and costs the digest below it no word. `web_url` is where an edition is on the web that is not in the
    archive yet; empty where it is nowhere. Raises RenderError where a template fails, or where an edition
    stays over the limit with every story gone but the lead.
    """
    draw = _Draw(selection, variant, newsroom, newsletter, link_of, web_url=web_url)
    trim = NOTHING
    page, html = draw.set_in_type(trim)
    if not _fits(html, SLOT_ROOM):
        trim = _trim(draw, SLOT_ROOM)
        page, html = draw.set_in_type(trim)
    if briefing is not None:
        page, html = replace(draw, briefing=briefing).set_in_type(trim)
    letter = Letter(page.sheet.subject, parts_of(html), parts_of(page.text), draw.language)
    static = filled(letter.html, dict.fromkeys(Slot, ""), html=True)
    return Rendered(letter, len(static.encode()), trim.in_words(selection))


def trim_of(
    selection: Selection, variant: Variant, newsroom: Newsroom, newsletter: Newsletter, spare: int = 0
) -> Trim:
    """How `render` would shorten the same arguments, with `spare` bytes fewer to fill. Raises RenderError."""
    draw = _Draw(selection, variant, newsroom, newsletter)
    room = SLOT_ROOM + spare
    return NOTHING if _fits(draw.set_in_type(NOTHING)[1], room) else _trim(draw, room)


def source(selection: Selection, variant: Variant, newsroom: Newsroom, newsletter: Newsletter) -> str:
    """The whole MJML of what `render` makes of the same arguments, with nothing shortened."""
    return _Draw(selection, variant, newsroom, newsletter).page(NOTHING).mjml


@dataclass(frozen=True, slots=True)
class _Draw:
    """One variant, to be drawn as often as it takes to make it fit."""

    selection: Selection
    variant: Variant
    newsroom: Newsroom
    newsletter: Newsletter
    link_of: LinkOf = plain
    briefing: Briefing | None = None
    web_url: str | None = None

    @property
    def language(self) -> str:
        return self.variant.language or self.newsletter.language

    def page(self, trim: Trim) -> Page:
        words = phrases(self.language)
        sheet = laid_out(
            self.selection,
            self.variant,
            self.newsroom,
            self.newsletter,
            words,
            trim,
            self.link_of,
            self.web_url,
        )
        note = note_html(self.selection.note)
        return Page(sheet, words, looks_of(self.newsroom.look), note, self.briefing)

    def set_in_type(self, trim: Trim) -> tuple[Page, str]:
        page = self.page(trim)
        return page, page.html


def _trim(draw: _Draw, room: int) -> Trim:
    selection = draw.selection
    trim = fitting(steps(selection), lambda trim: _fits(draw.set_in_type(trim)[1], room))
    if trim is None:
        raise RenderError(
            f"{selection.newsletter} of {selection.local_date}: over {LIMIT // 1024} KB of HTML even without "
            "any story but the lead; shorten the editor's note, or the offer in newsroom.toml"
        )
    return trim


def _fits(html: str, room: int) -> bool:
    return len(html.encode()) <= LIMIT - room
