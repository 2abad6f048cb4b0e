"""A sheet set in type: through the digest's templates into HTML and plain text, slots marked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape

import nh3
from markupsafe import Markup

from newsletter.desk.briefing import Briefing
from newsletter.rendering.lines import WIDTH, clean, wrapped
from newsletter.rendering.phrases import Phrases
from newsletter.rendering.sheet import Sheet
from newsletter.rendering.typesetting import compiled, frame, placed, plain
from newsroom.looks import Looks

_FILLER = "\u034f\u200c\u00a0" * 90
"""Invisible: keeps a mail client from filling its preview line with the masthead."""
_NOTE_TAGS = {"a", "b", "blockquote", "br", "em", "i", "li", "ol", "p", "strong", "ul"}
_HEADINGS = {f"h{level}" for level in range(1, 7)}
_BLOCK_END, _BREAK = re.compile("</(?:p|li|ul|ol)>"), re.compile("<br>")
_HEADING, _HEADING_END = re.compile("<h[1-6]>"), re.compile("</h[1-6]>")
_QUOTE, _PRE = (
    re.compile("<blockquote>(.*?)</blockquote>", re.DOTALL),
    re.compile("<pre>(.*?)</pre>", re.DOTALL),
)
_QUOTE_STYLE = '<blockquote style="margin:0;padding:0 16px;font-style:italic">'
_LISTS = re.compile("</?[ou]l>|<li>")
_ITEM = "\x1e"
"""Before each item of a list: no note has it, since it is cleaned."""
_BEFORE = re.compile(rf"(> )?({_ITEM}(?:- |[0-9]+[.] ))?")
_NEXT_ITEM = re.compile(rf"\n\n(> )?{_ITEM}")
_HREF, _TAG = re.compile('<a href="([^"]*)"'), re.compile("<[^>]*>")


@dataclass(frozen=True, slots=True)
class Page:
    """What the templates draw from."""

    sheet: Sheet
    words: Phrases
    looks: Looks
    note: str
    """As `note_html` gives it."""
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
            note=_plain(self.note),
            briefing=self.briefing,
        )

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
            note=Markup(self.note.replace("<blockquote>", _QUOTE_STYLE)),  # noqa: S704 - sanitised by note_html
        )


def note_html(html: str) -> str:
    """An editor's note with the tags a mail can show, each of them closed. A heading is a line in bold: the
    mail's own headings are its stories'."""
    if not html:
        return ""
    found = nh3.clean(html, tags=_NOTE_TAGS | _HEADINGS | {"pre"}, attributes={"a": {"href"}}, link_rel=None)
    found = _HEADING_END.sub("</b></p>", _HEADING.sub("<p><b>", found))
    return clean(_PRE.sub(lambda pre: f"<p>{pre[1].strip().replace(chr(10), '<br>')}</p>", found))


def _plain(html: str) -> str:
    """A note as wrapped text, each link's address on a line of its own after its paragraph; what is quoted
    has a mark before each line."""
    paragraphs = []
    for block in _BLOCK_END.split(_QUOTE.sub(_marked, _numbered(html))):
        lines = [_unmarked(line) for line in _BREAK.split(block)]
        links = [unescape(link) for link in _HREF.findall(block)]
        paragraphs.append("\n".join([*(_wrapped(line) for line in lines if line), *links]))
    text = "\n\n".join(paragraph for paragraph in paragraphs if paragraph)
    return _NEXT_ITEM.sub(r"\n\1", text).replace(_ITEM, "")


def _numbered(html: str) -> str:
    """`html` with each item's number or dash before it, and a mark before that."""
    lists: list[int | None] = []
    written, end = [], 0
    for tag in _LISTS.finditer(html):
        written.append(html[end : tag.start()])
        end = tag.end()
        if tag[0].startswith("</"):
            del lists[-1:]
        elif tag[0] != "<li>":
            lists.append(0 if tag[0] == "<ol>" else None)
            written.append("</p>")
        elif lists and lists[-1] is not None:
            lists[-1] += 1
            written.append(f"{_ITEM}{lists[-1]}. ")
        else:
            written.append(f"{_ITEM}- ")
    return "".join([*written, html[end:]])


def _marked(quote: re.Match[str]) -> str:
    said = quote[1].replace(_ITEM, f"&gt; {_ITEM}")
    return said.replace("<p>", "<p>&gt; ").replace("<br>", "<br>&gt; ")


def _wrapped(line: str) -> str:
    before = _BEFORE.match(line)
    quoted, item = before.groups("") if before else ("", "")
    indent = " " * (len(item) - len(_ITEM)) if item else ""
    text = wrapped(line[len(quoted + item) :], WIDTH - len(quoted + indent))
    return quoted + item + text.replace("\n", f"\n{quoted}{indent}")


def _unmarked(html: str) -> str:
    return unescape(_TAG.sub("", html)).strip(" \t\n")


def _start(direction: str) -> str:
    return "right" if direction == "rtl" else "left"
