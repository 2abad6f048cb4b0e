"""Front matter's texts as what they should be: lines, lists, dates, yes or no; mistakes have places."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from difflib import get_close_matches
from zoneinfo import ZoneInfo

from content.sanitise import clean_line
from content.sources import Problem
from content.sources.fields import Fields, Items, Node, Text

_YES = frozenset({"true", "yes", "on"})
_NO = frozenset({"false", "no", "off"})
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT = re.compile(
    r"""(?P<day>\d{4}-\d{2}-\d{2}) (?:[Tt]|[\ \t]+)
        (?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d+)?)? [\ \t]*
        (?:(?P<utc>[Zz])|(?P<sign>[+-])(?P<hours>\d{2})(?::?(?P<minutes>\d{2}))?)?""",
    re.ASCII | re.VERBOSE,
)
_YEARS = range(1900, 2200)
_DATE_FORM = "not a date; write 2026-03-10 06:00, 2026-03-10T06:00:00+01:00 or 2026-03-10"


class FieldReader:
    """Takes one mapping apart. `problems` has what was wrong; `refused` is True after an error."""

    def __init__(self, fields: Fields, place: str) -> None:
        self._fields = fields
        # Of a key that is there twice the first counts. Asked for some forty times with each article.
        self._nodes = {key.value: node for key, node in reversed(fields.fields)}
        self._place = place
        self.problems: list[Problem] = []

    @property
    def refused(self) -> bool:
        """True where an error makes the article unusable."""
        return any(problem.severity == "error" for problem in self.problems)

    def check_keys(self, allowed: Collection[str]) -> None:
        """Warn of each key that nobody reads. It is not named: what stands there may be text gone astray."""
        for key, _ in self._fields.fields:
            if key.value not in allowed:
                close = get_close_matches(key.value.lower(), allowed, 1)
                advice = (
                    f'did you mean "{close[0]}"?' if close else "see docs/articles.md for those there are"
                )
                self.warn(key, f"unknown key; {advice}")

    def node(self, *keys: str) -> Node | None:
        """The value of the first of `keys` that has one."""
        for key in keys:
            node = self._nodes.get(key)
            if node is not None and not (isinstance(node, Text) and node.is_nothing):
                return node
        return None

    def has(self, *keys: str) -> bool:
        """True where one of `keys` has a value."""
        return self.node(*keys) is not None

    def warn(self, node: Node | None, message: str) -> None:
        """Something is used otherwise than it was written."""
        self.problems.append(Problem(self._at(node), message, "warning"))

    def refuse(self, node: Node | None, message: str) -> None:
        """The article cannot be used. What is said already is not said again: a field may be read twice."""
        problem = Problem(self._at(node), message)
        if problem not in self.problems:
            self.problems.append(problem)

    def line(self, *keys: str, longest: int | None = None) -> str:
        """One line of plain text; empty where there is none. A line break is folded, with a warning."""
        node = self.node(*keys)
        if node is None:
            return ""
        if not isinstance(node, Text):
            self.refuse(node, f"{keys[0]} is one text, not a list")
            return ""
        if "\n" in node.value.strip():
            self.warn(node, f"{keys[0]} has a line break; it is read as a space")
        value = clean_line(node.value)
        if longest is not None and len(value) > longest:
            self.refuse(node, f"{keys[0]} has {len(value)} characters; {longest} at most")
        return value

    def lines(self, *keys: str) -> tuple[tuple[str, Node], ...]:
        """Each text of a list with its place; one alone is a list of one, repeated ones count once."""
        found: dict[str, Node] = {}
        for node in self._items(*keys):
            if not isinstance(node, Text):
                self.refuse(node, f"{keys[0]} is a list of texts")
            elif value := clean_line(node.value):
                found.setdefault(value, node)
        return tuple(found.items())

    def flag(self, key: str) -> bool:
        """True where `key` says so; no, where it is not there."""
        node = self.node(key)
        value = node.value.strip().lower() if isinstance(node, Text) else ""
        if node is not None and value not in _YES | _NO:
            self.refuse(node, f"{key} is true or false")
        return value in _YES

    def number(self, key: str) -> int | None:
        """A whole number from 1 on; None where it is not there."""
        node = self.node(key)
        if node is None:
            return None
        if isinstance(node, Text) and re.fullmatch("[0-9]{1,6}", node.value.strip()) and int(node.value) > 0:
            return int(node.value)
        self.refuse(node, f"{key} is a whole number from 1 on")
        return None

    def moment(self, zone: ZoneInfo, *keys: str, end_of_day: bool = False) -> datetime | None:
        """A moment in UTC: one without a zone is in `zone`, a plain date is when that day begins there.

        With `end_of_day` a plain date is that day's last moment.
        """
        node = self.node(*keys)
        if node is None:
            return None
        if not isinstance(node, Text):
            self.refuse(node, _DATE_FORM)
            return None
        try:
            value = _moment(node.value.strip(), zone, end_of_day=end_of_day)
        except (ValueError, OverflowError):
            self.refuse(node, "no such day or hour")
            return None
        if value is None:
            self.refuse(node, _DATE_FORM)
        return value

    def _items(self, *keys: str) -> Iterator[Node]:
        node = self.node(*keys)
        if isinstance(node, Items):
            yield from node.items
        elif node is not None:
            yield node

    def _at(self, node: Node | None) -> str:
        return f"{self._place}:{node.line}:{node.column}" if node and node.line else self._place


def _moment(text: str, zone: ZoneInfo, *, end_of_day: bool) -> datetime | None:
    if _DAY.fullmatch(text):
        day = date.fromisoformat(text)
        begins = datetime.combine(day, time(), zone)
        ends = datetime.combine(day + timedelta(days=1), time(), zone)
        value = ends.astimezone(UTC) - timedelta(microseconds=1) if end_of_day else begins.astimezone(UTC)
    elif parts := _MOMENT.fullmatch(text):
        clock = time(int(parts["hour"]), int(parts["minute"]), int(parts["second"] or 0))
        value = datetime.combine(date.fromisoformat(parts["day"]), clock, _zone(parts) or zone).astimezone(
            UTC
        )
    else:
        return None
    if value.year not in _YEARS:
        raise ValueError("outside of the years that there are articles of")
    return value


def _zone(parts: re.Match[str]) -> tzinfo | None:
    if parts["utc"]:
        return UTC
    if not parts["sign"]:
        return None
    offset = timedelta(hours=int(parts["hours"]), minutes=int(parts["minutes"] or 0))
    return timezone(-offset if parts["sign"] == "-" else offset)
