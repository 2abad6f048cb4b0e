"""Source HTML made regular in one pass: known tags alone, each closed where it ends, none nested too deep.

Parsers of HTML mend what is broken, and some of that mending costs the square of the input, or nests
thousands of elements. So this comes before them. It takes time in proportion to its input, keeps the text,
and gives tags that are closed in the order in which they were opened. It decides nothing about safety: that
is `content.sanitise`, which runs a sanitiser over what this gives.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from html import escape, unescape
from html.entities import html5

DEPTH = 60
"""How many elements may be open at once; tags beyond it are dropped, their text stays."""

VOID = frozenset({"br", "hr", "img", "wbr", "col"})
"""Elements without content or end tag."""

Attributes = Callable[[str, Mapping[str, str]], Mapping[str, str] | None]
"""Given a tag's name and its attributes, those to keep, or None to drop the tag; its content stays."""

_TAG_START = re.compile("</?[a-zA-Z]")
_TAG = re.compile(
    r"""<(?P<end>/?)(?P<name>[a-zA-Z][^\s/>]*)
        (?P<attributes>(?: [^>=]++ | =\s*"[^"]*" | =\s*'[^']*' | = )*+)>""",
    re.VERBOSE,
)
_ATTRIBUTE = re.compile(r"""([^\s"'>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?""")
_REFERENCE = re.compile(
    r"&(?:#[0-9]{1,9};?|#[xX][0-9a-fA-F]{1,8};?|([A-Za-z][A-Za-z0-9]*(?:;|(?![=A-Za-z0-9]))))"
)
# A number of so many digits names no character.
_ENDLESS = re.compile(r"&#(?=[0-9]{10}|[xX][0-9a-fA-F]{9})")

_RENAMED = {
    **dict.fromkeys(("address", "article", "aside", "center", "footer", "form", "header"), "div"),
    **dict.fromkeys(("hgroup", "main", "nav", "fieldset"), "div"),
    # The headline is the page's own h1.
    "h1": "h2",
    "strike": "s",
    "acronym": "abbr",
    "menu": "ul",
}
# Their content is not the article's text.
_SKIPPED = frozenset(
    {
        *("applet", "audio", "button", "canvas", "embed", "frameset", "head", "iframe", "math", "noembed"),
        *("noframes", "object", "script", "select", "style", "svg", "template", "textarea", "title", "video"),
        "xmp",
    }
)
_CODE = frozenset({"script", "style"})

_HEADINGS = frozenset({"h2", "h3", "h4", "h5", "h6"})
# They end a paragraph.
_BLOCKS = _HEADINGS | {
    *("blockquote", "dd", "details", "div", "dl", "dt", "figcaption", "figure", "hr", "li", "ol", "p", "pre"),
    *("section", "summary", "table", "ul"),
}
_ROW_GROUPS = frozenset({"thead", "tbody", "tfoot"})
_IN_TABLES = _ROW_GROUPS | frozenset({"caption", "colgroup", "col", "tr", "td", "th"})
# Directly inside of these only parts of a table may stand.
_FRAMES = _ROW_GROUPS | frozenset({"table", "tr", "colgroup"})
_TABLE = frozenset({"table"})
_CELLS = frozenset({"td", "th", "caption", "table"})
# What a part of a table stands in: everything that is open inside of it ends first.
_STANDS_IN = {
    "col": frozenset({"colgroup", "table"}),
    "tr": _ROW_GROUPS | _TABLE,
    **dict.fromkeys(("td", "th"), _ROW_GROUPS | {"tr", "table"}),
}
# What else a tag ends where it is still open, and what that does not reach across.
_ENDS = {
    "a": (frozenset({"a"}), _CELLS),
    "li": (frozenset({"li"}), _CELLS | {"ul", "ol"}),
    **dict.fromkeys(("dt", "dd"), (frozenset({"dt", "dd"}), _CELLS | {"dl"})),
    **dict.fromkeys(("rt", "rp"), (frozenset({"rt", "rp"}), _CELLS | {"ruby"})),
}
_PARAGRAPH = frozenset({"p"})

# Whose end tag may be left out: they end where the next one begins, or where what they stand in ends.
_ENDLESS_ITEMS = frozenset({"dd", "dt", "li", "td", "th", "tr"})
_HOLDERS = frozenset({"dl", "ol", "table", "ul"})

Text = Callable[[str], str]
"""Given plain text, how it is written."""


def regular(html: str, attributes: Attributes, text: Text = escape) -> str:
    """`html` with those tags that `attributes` keeps, balanced and at most DEPTH deep.

    Comments, elements that are hidden (`hidden`), and those whose content is not text (scripts, forms'
    fields, players), go as a whole.
    """
    writer = _Writer(attributes, text)
    position = 0
    without_end: set[str] = set()
    while (start := html.find("<", position)) >= 0:
        writer.text(html[position:start])
        if html.startswith("<!--", start):
            end = html.find("-->", start + 2)
            position = len(html) if end < 0 else end + 3
            continue
        if html.startswith(("<!", "<?"), start):
            end = html.find(">", start)
            position = len(html) if end < 0 else end + 1
            continue
        if not _TAG_START.match(html, start):
            writer.text("<")
            position = start + 1
            continue
        tag = _TAG.match(html, start)
        if tag is None:
            # It ends nowhere. The rest is text: looked at once, not once a bracket.
            writer.text(html[start:])
            return writer.finished()
        position = tag.end()
        name = tag["name"].lower()
        if tag["end"]:
            writer.end(_RENAMED.get(name, name))
        elif name in _SKIPPED:
            position = _past(html, name, position, without_end)
        else:
            writer.start(_RENAMED.get(name, name), tag["attributes"])
    writer.text(html[position:])
    return writer.finished()


def _past(html: str, name: str, position: int, without_end: set[str]) -> int:
    """Where the content of a skipped element ends."""
    if name not in without_end:
        end = re.compile(rf"</{name}(?=[\s/>])[^>]*>", re.IGNORECASE).search(html, position)
        if end:
            return end.end()
        without_end.add(name)
    return len(html) if name in _CODE else position


class _Hidden:
    """An element that nobody is to see, and how much of it is still open."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        """Empty once it has ended."""
        self._same = 1
        self._holders = 0

    def takes_start(self, name: str) -> bool:
        """Whether a start tag stands inside of it; one that cannot ends it."""
        if not self.name:
            return False
        # Cells stand in rows, and end none.
        is_cell = self.name == "tr" and name in ("td", "th")
        is_next = {self.name, name} <= _ENDLESS_ITEMS and not self._holders and not is_cell
        if is_next or (self.name == "p" and name in _BLOCKS):
            self.name = ""
            return False
        self._same += name == self.name
        self._holders += name in _HOLDERS
        return True

    def takes_end(self, name: str) -> bool:
        """Whether an end tag is its own, or of something inside of it; one of what is around it ends it."""
        if not self.name:
            return False
        if name == self.name:
            self._same -= 1
            self.name = self.name if self._same else ""
            return True
        is_around = name in _HOLDERS and not self._holders and self.name in _ENDLESS_ITEMS
        if is_around or (self.name == "p" and name in _BLOCKS):
            self.name = ""
            return False
        self._holders -= name in _HOLDERS and self._holders > 0
        return True


class _Writer:
    """What has been written so far, and what is open."""

    def __init__(self, attributes: Attributes, text: Text) -> None:
        self._attributes = attributes
        self._text = text
        self._out: list[str] = []
        self._open: list[str] = []
        self._dropped: Counter[str] = Counter()
        self._hidden = _Hidden()

    def text(self, text: str) -> None:
        """Write text, given with its references."""
        if text and not self._hidden.name:
            self._out.append(self._text(_decoded(text)))

    def start(self, name: str, raw: str) -> None:
        """Write a start tag, and before it the end tags that it implies."""
        if self._hidden.takes_start(name):
            return
        given = _parsed(raw)
        if "hidden" in given:
            self._hidden = _Hidden("" if name in VOID else name)
            return
        kept = self._attributes(name, given)
        if kept is None or not self._make_room(name):
            if name not in VOID:
                self._dropped[name] += 1
            return
        values = "".join(f' {key}="{escape(value)}"' for key, value in kept.items())
        self._out.append(f"<{name}{values}>")
        if name not in VOID:
            self._open.append(name)

    def end(self, name: str) -> None:
        """Write an end tag, and before it those of what is open inside; nothing where nothing is open."""
        if self._hidden.takes_end(name):
            return
        if self._dropped[name]:
            self._dropped[name] -= 1
            return
        bounds = _TABLE if name in _IN_TABLES else _CELLS
        if name == "table":
            bounds = frozenset()
        elif name == "li":
            bounds = _ENDS["li"][1]
        self._close(frozenset({name}), bounds)

    def finished(self) -> str:
        """Everything, with what is still open closed."""
        self._close_down_to(0)
        return "".join(self._out)

    def _make_room(self, name: str) -> bool:
        """End what cannot hold `name`; False where it has no place."""
        if name in _IN_TABLES:
            if "table" not in self._open:
                return False
            context = _STANDS_IN.get(name, _TABLE)
            while self._open[-1] not in context:
                self._close_down_to(len(self._open) - 1)
        elif self._open and self._open[-1] in _FRAMES:
            return False
        if name in _BLOCKS:
            self._close(_PARAGRAPH, _CELLS)
        if name in _ENDS:
            self._close(*_ENDS[name])
        if name in _HEADINGS and self._open and self._open[-1] in _HEADINGS:
            self._close_down_to(len(self._open) - 1)
        return len(self._open) < DEPTH

    def _close(self, names: frozenset[str], bounds: frozenset[str]) -> None:
        """End the innermost open element of `names` with all inside of it, unless a bound is nearer."""
        for index in range(len(self._open) - 1, -1, -1):
            if self._open[index] in names:
                self._close_down_to(index)
                return
            if self._open[index] in bounds:
                return

    def _close_down_to(self, length: int) -> None:
        while len(self._open) > length:
            self._out.append(f"</{self._open.pop()}>")


def _decoded(text: str) -> str:
    return unescape(_ENDLESS.sub("&amp;#", text)) if "&" in text else text


def _parsed(raw: str) -> dict[str, str]:
    """A tag's attributes; of one that is given twice the first counts."""
    found: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(raw):
        found.setdefault(name.lower(), _REFERENCE.sub(_character, double or single or bare))
    return found


def _character(reference: re.Match[str]) -> str:
    # In an attribute `&section=2` is no paragraph sign: a name counts only whole.
    name = reference[1]
    return reference[0] if name is not None and name not in html5 else unescape(reference[0])
