"""A query's columns and rows as the fields of an article, and what is wrong with them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from difflib import get_close_matches
from email.utils import parsedate_to_datetime
from html import unescape
from typing import Any, Literal
from zoneinfo import ZoneInfo

from content.article import Access
from content.prose import plain
from content.sanitise import TAGS, clean_line
from newsroom.sql_database import Row

Kind = Literal["articles", "bookings"]

_ALIASES = {
    "title": "headline",
    "standfirst": "teaser",
    "html": "body",
    "author": "authors",
    "date": "published",
    "section": "sections",
    "tag": "tags",
    "image_url": "image",
}
_LINES = (
    "headline",
    "label",
    "teaser",
    "correction",
    "sponsor",
    "image_alt",
    "image_caption",
    "image_credit",
)
_MOMENTS = ("published", "updated", "run_from", "run_until")
_FLAGS = ("lead", "sensitive", "again", "digest", "withdrawn", "draft")
_LISTS = ("sections", "tags", "authors", "products")
_PLAIN = ("id", "body", "opening", "place", "access", "slug", "url", "language", "image", "rank")
FIELDS = frozenset((*_LINES, *_MOMENTS, *_FLAGS, *_LISTS, *_PLAIN))
"""What a column may be called; it has further names in `_ALIASES`."""

# The last of each is a bit, as MySQL has it.
_YES = frozenset({"1", "true", "t", "yes", "y", "on", "\x01"})
_NO = frozenset({"0", "false", "f", "no", "n", "off", "\x00"})
_LONGEST_ID = 200
_MILLISECONDS, _MICROSECONDS = 10**11, 10**14
"""A number of seconds that large is none: 5138, in the first case."""
_REFERENCE = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_END_TAG = re.compile(rf"</(?:{'|'.join(sorted(TAGS))})\s*>|<br\s*/?>", re.IGNORECASE)
_MAIL = re.compile(r"[A-Za-z]{3}, \d{1,2} [A-Za-z]{3} \d{4} ", re.ASCII)
_STAMP = re.compile(r"(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d))?", re.ASCII)


class UnusableError(ValueError):
    """Says what is wrong with a row, without a word of it."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns of a query are to us, by their place in a row."""

    names: tuple[str, ...]
    """Ours; empty where there is none."""
    warnings: tuple[str, ...] = ()
    """What is said of them, once."""


def read_columns(found: Sequence[str], kind: Kind, *, has_section: bool, changed: str) -> Columns:
    """Raises UnusableError where one is missing without which there is no article, or is there twice."""
    names = [_ALIASES.get(name.lower(), name.lower()) for name in found]
    needed = ["id", "headline", "published", *(() if has_section else ("sections",))]
    needed += ["sponsor"] if kind == "bookings" else []
    there = ", ".join(found)
    for name in needed:
        if name not in names:
            raise UnusableError(f"it gives no column {name}; there are: {there}")
    for name in FIELDS:
        if names.count(name) > 1:
            raise UnusableError(f"it gives {name} twice; there are: {there}")
    warnings = []
    for number, name in enumerate(names):
        if name not in FIELDS:
            names[number] = ""
            if name != changed.lower():
                warnings.append(_unknown(found[number], names))
    return Columns(tuple(names), tuple(warnings))


def id_of(value: Any) -> str:
    """A row's id as text. Raises UnusableError for none, and for what cannot be one."""
    if isinstance(value, float | Decimal) and value == int(value):
        value = int(value)
    text = text_of("id", value).strip()
    if not text:
        raise UnusableError("it has no id")
    if len(text) > _LONGEST_ID or clean_line(text) != text:
        raise UnusableError(f"its id is no line of at most {_LONGEST_ID} characters")
    return text


def values_of(columns: Columns, rows: Sequence[Row], zone: ZoneInfo) -> dict[str, Any]:
    """What the rows of one article say, by our names: texts, lists of texts. What says nothing is not there.

    Raises UnusableError where they are not one article's, or a value cannot be read.
    """
    found: dict[str, Any] = {}
    for number, name in enumerate(columns.names):
        if not name or name == "id":
            continue
        if name in _LISTS:
            several = [one for row in rows for one in _list(name, row[number])]
            if name == "sections" and len(rows) > 1:
                # In which order rows come is the database's affair, and differs from pass to pass.
                several.sort()
            if several:
                found[name] = tuple(dict.fromkeys(several))
            continue
        value = rows[0][number]
        if any(row[number] != value for row in rows[1:]):
            raise UnusableError(f"{len(rows)} rows have its id, and differ in {name}")
        text = "" if value is None else _READ.get(name, text_of)(name, value)
        if name in _MOMENTS and text:
            text = _in_zone(name, value, text, zone)
        if text:
            found[name] = text
    return found


def is_taken_back(columns: Columns, rows: Sequence[Row]) -> bool:
    """Whether one of an article's rows says that it is withdrawn, or a draft; whatever else they say."""
    return any(_is_yes(value) for name in ("withdrawn", "draft") for value in _column(columns, rows, name))


def said_access(columns: Columns, rows: Sequence[Row]) -> Access | None:
    """Who may read an article that cannot be used, by the most closed word in its rows.

    Paid for a word that is none; None where they say nothing.
    """
    words = {str(value).strip().lower() for value in _column(columns, rows, "access") if value is not None}
    words.discard("")
    known = [one for one in (Access.FREE, Access.REGISTERED, Access.PAID) if one.value in words]
    if not words:
        return None
    return known[-1] if len(known) == len(words) else Access.PAID


def text_of(name: str, value: Any) -> str:
    """A value as text. Raises UnusableError for bytes that are no UTF-8."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bytes | bytearray | memoryview):
        try:
            return bytes(value).decode()
        except UnicodeDecodeError:
            raise UnusableError(f"{name} is no UTF-8; convert it in the query") from None
    if isinstance(value, list | tuple | dict):
        raise UnusableError(f"{name} is one text, not a list")
    return str(value)


def line_of(name: str, value: Any) -> str:
    """A line as a person wrote it: references are decoded once, and tags are taken off where there are any.

    What only looks like a tag or a reference, such as ` < ` or `R&D`, stays.
    """
    text = text_of(name, value)
    if "<" in text and _END_TAG.search(text):
        return plain(text)
    return _REFERENCE.sub(lambda found: unescape(found[0]), text) if "&" in text else text


def _column(columns: Columns, rows: Sequence[Row], name: str) -> list[Any]:
    return [row[columns.names.index(name)] for row in rows] if name in columns.names else []


def _is_yes(value: Any) -> bool:
    try:
        return _flag("", value) == "true"
    except UnusableError:
        return False


def _flag(name: str, value: Any) -> str:
    text = text_of(name, value).strip(" ").lower()
    # Another text is refused where all fields are.
    return "true" if text in _YES else "false" if text in _NO else text


def _number(name: str, value: Any) -> str:
    is_whole = isinstance(value, float | Decimal) and value == int(value)
    return str(int(value)) if is_whole else text_of(name, value).strip()


def _moment(name: str, value: Any) -> str:
    """A date as front matter has it, or with its zone; empty for one that MySQL or an epoch leaves open."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float | Decimal):
        return _epoch(name, float(value))
    text = text_of(name, value).strip()
    if text.startswith("0000-00-00") or (text == "infinity" and name == "run_until"):
        return ""
    if stamp := _STAMP.fullmatch(text):
        day, hour = "-".join(stamp.groups()[:3]), ":".join(filter(None, stamp.groups()[3:]))
        return f"{day} {hour}".strip()
    if re.fullmatch(r"-?\d{1,17}(\.\d+)?", text):
        return _epoch(name, float(text))
    return _as_mail_has_it(text) if _MAIL.match(text) else text


def _epoch(name: str, value: float) -> str:
    size = abs(value)
    scale = 1e6 if size >= _MICROSECONDS else 1e3 if size >= _MILLISECONDS else 1.0
    try:
        return datetime.fromtimestamp(value / scale, UTC).isoformat() if value else ""
    except (ValueError, OverflowError, OSError):
        raise UnusableError(f"{name} is a number that is no date") from None


def _as_mail_has_it(text: str) -> str:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return text
    return moment.isoformat()


def _in_zone(name: str, value: Any, text: str, zone: ZoneInfo) -> str:
    """`text` with its zone: one without is in `zone`. What is no date stays, and is refused later."""
    if name == "run_until" and len(text) <= len("2026-03-10"):
        # A day, of which its end counts.
        return text
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(text)
        return moment.replace(tzinfo=moment.tzinfo or zone).astimezone(UTC).isoformat()
    except ValueError:
        return text
    except OverflowError:
        raise UnusableError(f"{name} is at the end of the calendar") from None


def _list(name: str, value: Any) -> tuple[str, ...]:
    """One text, several with commas, a JSON list, or the database's own list."""
    several: Sequence[Any] = ()
    if isinstance(value, list | tuple):
        several = value
    elif text := text_of(name, value).strip():
        several = _json_list(name, text) if text.startswith("[") else text.split(",")
    lines = (line_of(name, one).strip() for one in several)
    return tuple(line for line in lines if line)


def _json_list(name: str, text: str) -> list[Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list):
        raise UnusableError(f"{name} begins like a JSON list and is none")
    return found


def _unknown(name: str, names: Sequence[str]) -> str:
    known = sorted((FIELDS | _ALIASES.keys()) - set(names))
    close = get_close_matches(name.lower(), known, 1)
    advice = f'did you mean "{close[0]}"?' if close else "see docs/sources/sql.md for those there are"
    return f"nobody reads the column {name}; {advice}"


_READ: Mapping[str, Callable[[str, Any], str]] = {
    **dict.fromkeys(_LINES, line_of),
    **dict.fromkeys(_MOMENTS, _moment),
    **dict.fromkeys(_FLAGS, _flag),
    "rank": _number,
}
