"""Front matter: the YAML between two lines of dashes at a file's beginning, as texts that know their place.

Values stay the texts that were written: what is a date or a yes is for the one who asks for a date or a yes,
so a headline of `No` or of `2026` stays a headline.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from content.sources.fields import Fields, Items, Node, Text
from newsroom.errors import ArticleError

LARGEST = 64 * 1024
"""Characters that a front matter may have."""
DEEPEST = 4
"""How deep its lists and mappings may be nested."""

_BOUNDARY = re.compile(r"^---[ \t]*$", re.MULTILINE)
_END = re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.MULTILINE)
_LINE_ENDS = re.compile("\r\n?")
# YAML takes these for ends of lines, and the fields' own cleaning for blanks.
_OTHER_ENDS = str.maketrans("\x85\u2028\u2029", "   ")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]")
_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
# The one in C where PyYAML has it: ten times as fast, and it refuses deep nesting before it costs anything.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_COLON = "a value with a colon in it; put the value in quotes"
_HINTS = {
    "mapping values are not allowed in this context": _COLON,
    "mapping values are not allowed here": _COLON,
    "did not find expected key": "neither a key nor the rest of a value; indent it, or use quotes",
    "found character that cannot start any token": "a tab or a special character; put the value in quotes",
    "found a tab character": "a tab; indent with spaces",
    "could not find expected ':'": "a line that is neither a key with a colon nor indented",
    "exceeded maximum nesting depth": "nested too deep",
}
_NOT_YAML = (
    "not YAML; put a value in quotes where it has a colon, or quotes or a special character at its beginning"
)


class FrontMatterError(ArticleError):
    """It cannot be read; `line` and `column` count from 1, in the file."""

    def __init__(self, message: str, line: int, column: int = 1) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


def split(text: str) -> tuple[Fields, str]:
    """The front matter of `text` and the body after it.

    Raises FrontMatterError where there is none, it has no end, is not a YAML mapping, repeats a key, or uses
    what articles have no need of: aliases, deep nesting.
    """
    text = _LINE_ENDS.sub("\n", text.removeprefix("\ufeff"))
    start = _BOUNDARY.match(text, len(text) - len(text.lstrip("\n")))
    if start is None:
        raise FrontMatterError(
            "no front matter: a file begins with a line of ---, its keys, and another ---", 1
        )
    end = _END.search(text, start.end() + 1)
    if end is None:
        raise FrontMatterError("the front matter has no end: write a line of --- after the last key", 1)
    front = text[start.end() : end.start()]
    above = text.count("\n", 0, start.end())
    if len(front) > LARGEST:
        raise FrontMatterError(
            f"the front matter has {len(front):,} characters; {LARGEST:,} at most", above + 2
        )
    return _parsed(_CONTROLS.sub("", front.translate(_OTHER_ENDS)), above), text[end.end() :].lstrip("\n")


def _parsed(front: str, above: int) -> Fields:
    events = _Events(front, above)
    first = events.next()
    while isinstance(first, yaml.StreamStartEvent | yaml.DocumentStartEvent):
        first = events.next()
    if isinstance(first, yaml.StreamEndEvent):
        return Fields((), above + 2, 1)
    node = events.node(first, 0)
    events.end()
    if not isinstance(node, Fields):
        raise FrontMatterError("the front matter is not made of keys and values", node.line, node.column)
    return node


class _Events:
    """YAML's events, one after the other, made into nodes. Nothing is ever repeated, so nothing grows."""

    def __init__(self, front: str, above: int) -> None:
        self._events: Iterator[yaml.Event] = iter(yaml.parse(front, Loader=_LOADER))
        self._above = above

    def next(self) -> yaml.Event:
        try:
            return next(self._events)
        except yaml.MarkedYAMLError as error:
            problem = error.problem or ""
            begun = error.context_mark if problem.startswith("could not find") else None
            mark = begun or error.problem_mark or error.context_mark
            message = next((hint for known, hint in _HINTS.items() if problem.startswith(known)), _NOT_YAML)
            line, column = (mark.line, mark.column) if mark else (0, 0)
            raise FrontMatterError(message, self._above + line + 1, column + 1) from None
        except yaml.YAMLError:
            raise FrontMatterError(_NOT_YAML, self._above + 1) from None

    def end(self) -> None:
        """Refuse what comes after the one mapping."""
        while not isinstance(event := self.next(), yaml.StreamEndEvent):
            if not isinstance(event, yaml.DocumentEndEvent):
                raise FrontMatterError(_NOT_YAML, *self._place(event))

    def node(self, event: yaml.Event, depth: int) -> Node:
        line, column = self._place(event)
        if depth > DEEPEST:
            raise FrontMatterError("nested too deep", line, column)
        if isinstance(event, yaml.AliasEvent):
            raise FrontMatterError("an alias (*name) is not taken here; write the value out", line, column)
        if isinstance(event, yaml.ScalarEvent):
            plain = event.style in (None, "")
            return Text(event.value, line, column, is_nothing=plain and event.value in _NOTHING)
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not isinstance(event := self.next(), yaml.SequenceEndEvent):
                items.append(self.node(event, depth + 1))
            return Items(tuple(items), line, column)
        return Fields(tuple(self._fields(depth)), line, column)

    def _fields(self, depth: int) -> Iterator[tuple[Text, Node]]:
        lines: dict[str, int] = {}
        while not isinstance(event := self.next(), yaml.MappingEndEvent):
            key = self.node(event, depth + 1)
            if not isinstance(key, Text):
                raise FrontMatterError("a key is one word", key.line, key.column)
            if key.value in lines:
                message = f"this key stands in line {lines[key.value]} already"
                raise FrontMatterError(message, key.line, key.column)
            lines[key.value] = key.line
            yield key, self.node(self.next(), depth + 1)

    def _place(self, event: yaml.Event) -> tuple[int, int]:
        mark = event.start_mark
        if mark is None:  # The loaders always say where; only the type leaves it open.
            return self._above + 1, 1
        return self._above + mark.line + 1, mark.column + 1
