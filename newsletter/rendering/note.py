"""An editor's note set in type, as HTML and as plain text: each block of it runs as its letters do. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from html import unescape
from itertools import pairwise

import nh3

from newsletter.rendering.lines import WIDTH, clean, first_direction, wrapped

_TAGS = {"a", "b", "blockquote", "br", "em", "i", "li", "ol", "p", "strong", "ul"}
_HEADINGS = {f"h{level}" for level in range(1, 7)}
_HEADING, _HEADING_END = re.compile("<h[1-6]>"), re.compile("</h[1-6]>")
_PRE = re.compile("<pre>(.*?)</pre>", re.DOTALL)
_QUOTE = re.compile("<blockquote>(.*?)</blockquote>", re.DOTALL)
_BLOCK = re.compile("<(/?)(p|li|ul|ol|blockquote)>")
_BLOCK_END, _BREAK = re.compile("</(?:p|li|ul|ol)>"), re.compile("<br>")
_LISTS = re.compile("</?[ou]l>|<li>")
_FIRST, _ITEM = "\x1d", "\x1e"
"""Before the first item of a list that is in no other, and before every other item: no note has them, being
cleaned."""
_BEFORE = re.compile(rf"(> )?([{_FIRST}{_ITEM}] *(?:- |[0-9]+[.] ))?")
_HREF, _TAG = re.compile('<a href="([^"]*)"'), re.compile("<[^>]*>")
_HEBREW = "\u0590"
"""No letter before it runs from right to left."""
_MARKS = {"ltr": "\u200e", "rtl": "\u200f"}
_SIDES = {"ltr": "left", "rtl": "right"}


def note_html(html: str) -> str:
    """An editor's note with the tags a mail can show, each of them closed. A heading is a line in bold: the
    mail's own headings are its stories'."""
    if not html:
        return ""
    found = nh3.clean(html, tags=_TAGS | _HEADINGS | {"pre"}, attributes={"a": {"href"}}, link_rel=None)
    found = _HEADING_END.sub("</b></p>", _HEADING.sub("<p><b>", found))
    return clean(_PRE.sub(lambda pre: f"<p>{pre[1].strip().replace(chr(10), '<br>')}</p>", found))


def directed(note: str, around: str, *, in_mail: bool = False) -> str:
    """`note`, as `note_html` gives it, with the direction of each block that runs otherwise than what is
    around it. In a mail what a style sheet says elsewhere is said in place: sides, and quotes in italics,
    which Arabic and Hebrew have none of."""
    written, end = [], 0
    sides = _sides(note) if _may_turn(note, around) else {}
    standing = [(around, False)]
    for tag in _BLOCK.finditer(note):
        written.append(note[end : tag.start()])
        end = tag.end()
        if tag[1]:
            standing.pop()
            written.append(tag[0])
            continue
        outside, in_quote = standing[-1]
        side = sides.get(tag.start()) or outside
        in_quote = in_quote or tag[2] == "blockquote"
        standing.append((side, in_quote))
        way = f' dir="{side}"' if side != outside else ""
        style = ";".join(_styles(tag[2], side, outside, in_quote)) if in_mail else ""
        written.append(f"<{tag[2]}{way}" + (f' style="{style}">' if style else ">"))
    return "".join([*written, note[end:]])


def _may_turn(note: str, around: str) -> bool:
    return around == "rtl" or max(note, default="") >= _HEBREW


def _styles(tag: str, side: str, outside: str, in_quote: bool) -> Iterator[str]:
    if tag == "blockquote":
        yield "margin:0;padding:0 16px"
        if side == "ltr":
            yield "font-style:italic"
    if side == outside:
        return
    yield f"text-align:{_SIDES[side]}"
    if tag == "li":
        # Its point or number stands on the side on which its list left no room.
        yield f"margin-{_SIDES[side]}:24px"
    elif in_quote and tag != "blockquote":
        yield f"font-style:{'italic' if side == 'ltr' else 'normal'}"


def _sides(note: str) -> dict[int, str]:
    """How each block runs, by where its tag begins: as most of its letters do. Those without any are not in
    it, and a list in an item is no part of that."""
    found: dict[int, str] = {}
    begun: list[tuple[re.Match[str], int]] = []
    end = 0
    for tag in _BLOCK.finditer(note):
        if begun:
            begun[-1] = (
                begun[-1][0],
                begun[-1][1] + _balance(unescape(_TAG.sub("", note[end : tag.start()]))),
            )
        end = tag.end()
        if not tag[1]:
            begun.append((tag, 0))
            continue
        opened, balance = begun.pop()
        if balance:
            found[opened.start()] = "ltr" if balance > 0 else "rtl"
        if begun and not (begun[-1][0][2] == "li" and tag[2] in ("ul", "ol")):
            begun[-1] = (begun[-1][0], begun[-1][1] + balance)
    return found


def _balance(text: str) -> int:
    """How many letters more run from left to right than from right to left."""
    kinds = [unicodedata.bidirectional(character) for character in text]
    return kinds.count("L") - kinds.count("R") - kinds.count("AL")


def note_text(note: str, around: str) -> str:
    """`note`, as `note_html` gives it, as wrapped text, each link's address on a line of its own after its
    paragraph; what is quoted has a mark before each line, and a list in another one stands further in.

    A line that would be taken to run otherwise than its paragraph begins with an invisible mark.
    """
    paragraphs = []
    may_turn = _may_turn(note, around)
    for block in _BLOCK_END.split(_QUOTE.sub(_marked, _numbered(note))):
        lines = [line for line in map(_unmarked, _BREAK.split(block)) if line]
        links = [unescape(link) for link in _HREF.findall(block)]
        if lines or links:
            paragraphs.append("\n".join([*_lines(lines, around if may_turn else ""), *links]))
    return _joined(paragraphs)


def _joined(paragraphs: Sequence[str]) -> str:
    """An item follows the one before it, and a list the words that lead to it, without a line between."""
    text = paragraphs[0] if paragraphs else ""
    for before, one in pairwise(paragraphs):
        (was_quoted, was_item), (is_quoted, is_item) = (_before(each) for each in (before, one))
        is_close = is_item.startswith(_ITEM) or (is_item and not was_item and was_quoted == is_quoted)
        text += ("\n" if is_close else "\n\n") + one
    return text.replace(_FIRST, "").replace(_ITEM, "")


def _numbered(html: str) -> str:
    """`html` with each item's number or dash before it, and a mark before that."""
    lists: list[tuple[int | None, int]] = []
    written, end = [], 0
    for tag in _LISTS.finditer(html):
        written.append(html[end : tag.start()])
        end = tag.end()
        if tag[0].startswith("</"):
            del lists[-1:]
        elif tag[0] != "<li>":
            lists.append((0 if tag[0] == "<ol>" else None, 0))
            written.append("</p>")
        elif lists:
            count = lists[-1][0]
            number = f"{count + 1}. " if count is not None else "- "
            is_first = len(lists) == 1 and not lists[0][1]
            further_in = sum(width for _, width in lists[:-1])
            written.append((_FIRST if is_first else _ITEM) + " " * further_in + number)
            lists[-1] = (None if count is None else count + 1, len(number))
    return "".join([*written, html[end:]])


def _marked(quote: re.Match[str]) -> str:
    said = quote[1].replace(_FIRST, f"&gt; {_FIRST}").replace(_ITEM, f"&gt; {_ITEM}")
    return said.replace("<p>", "<p>&gt; ").replace("<br>", "<br>&gt; ")


def _lines(lines: Sequence[str], around: str) -> Iterator[str]:
    """The lines of one paragraph, wrapped, those after its first one as far in as its words; `around` is
    empty where all of them run as everything does."""
    side = _marked_side("".join(lines), around) if around else ""
    further_in = ""
    for line in lines:
        quoted, item = _before(line)
        start = quoted + (item or further_in)
        further_in = further_in or " " * (len(item) - 1)
        rest = wrapped(line[len(quoted + item) :], WIDTH - len(quoted + further_in))
        for words in rest.split("\n"):
            yield start + (_MARKS[side] if side and first_direction(words) != side else "") + words
            start = quoted + further_in


def _marked_side(text: str, around: str) -> str:
    """How a paragraph runs; empty where that need not be said: all its letters run as what is around it."""
    kinds = {unicodedata.bidirectional(character) for character in text}
    balance = _balance(text)
    side = around if not balance else "ltr" if balance > 0 else "rtl"
    return side if side != around or ("L" in kinds and kinds & {"R", "AL"}) else ""


def _before(line: str) -> tuple[str, str]:
    """What is before the words of a line: the mark of a quote, and the mark and the point of an item."""
    found = _BEFORE.match(line)
    return (found[1] or "", found[2] or "") if found else ("", "")


def _unmarked(html: str) -> str:
    return unescape(_TAG.sub("", html)).strip(" \t\n")
