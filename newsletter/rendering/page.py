"""A sheet set in type: through the digest's templates into HTML and plain text, slots marked."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from newsletter.desk.briefing import Briefing
from newsletter.rendering.note import directed, note_text
from newsletter.rendering.phrases import Phrases
from newsletter.rendering.sheet import Sheet
from newsletter.rendering.typesetting import compiled, frame, placed, plain
from newsroom.looks import Looks

_FILLER = "\u034f\u200c\u00a0" * 90
"""Invisible: keeps a mail client from filling its preview line with the masthead."""


@dataclass(frozen=True, slots=True)
class Page:
    """What the templates draw from."""

    sheet: Sheet
    words: Phrases
    looks: Looks
    note: str
    """As `note_html` of newsletter/rendering/note.py gives it."""
    briefing: Briefing | None = None
    """What its editors are told on top of a preview."""

    @property
    def html(self) -> str:
        """The whole mail as HTML."""
        return compiled(*self._frame())

    @property
    def mjml(self) -> str:
        """The MJML that says the same as `html`."""
        return placed(*self._frame())

    @property
    def text(self) -> str:
        """The whole mail as plain text."""
        return plain(
            "digest/digest.txt.j2",
            sheet=self.sheet,
            words=self.words,
            note=note_text(self.note, self._around_note),
            briefing=self.briefing,
        )

    @property
    def _around_note(self) -> str:
        """How the note as a whole runs."""
        return (self.sheet.note.direction if self.sheet.note else "") or self.sheet.own_direction

    def _frame(self) -> tuple[str, list[str]]:
        """The MJML around the fragments, and the fragments of HTML that are set into it afterwards."""
        return frame(
            "digest/digest.mjml.j2",
            self.looks,
            sheet=self.sheet,
            words=self.words,
            start=_start(self.sheet.direction),
            own_start=_start(self.sheet.own_direction),
            filler=_FILLER,
            briefing=self.briefing,
            note=Markup(directed(self.note, self._around_note, in_mail=True)),  # noqa: S704 - sanitised
        )


def _start(direction: str) -> str:
    return "right" if direction == "rtl" else "left"
