"""Lines of text: cut at a word or a sentence, wrapped by the width they show, their scripts kept apart."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import takewhile

from content.prose import sentence_ends

WIDTH = 72
"""Columns of a plain-text mail."""

ELLIPSIS = "…"
_NEVER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_SPACES = re.compile("[ \t\n]+")
_WIDE = "\u0300"
"""Below the combining marks every character takes one column."""
_SHORTEST = 30
"""A sentence that ends before this many characters says too little alone: the next one stays with it."""
_ISOLATE, _POP = "\u2068", "\u2069"
_MARKS = {"ltr": "\u200e", "rtl": "\u200f"}
"""Letters of no width that run that way: what begins with one runs so whatever comes after it."""
_ENDS = re.compile(f"[{_ISOLATE}{_POP}]")
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Embeddings, overrides and isolates: they would reach out of what they stand in."""
SEPARATOR = " · "
_CURRENCY = "$¢£¤¥\u20a0-\u20cf"
_WITHIN_AMOUNTS = re.compile(
    rf"(?<=[{_CURRENCY}]) (?=\d)|(?<=\b[A-Z]{{3}}) (?=\d)|(?<=\d) (?=[{_CURRENCY}%]|[A-Z]{{3}}\b|\d{{3}}\b)"
)
"""Between a number and its currency, which a sign or three capitals name, and before three more digits."""


def clean(text: str) -> str:
    """`text` on one line, without what no mail may hold: control characters, lone surrogates, and the
    noncharacters that mark slots."""
    return _NEVER.sub("", text.replace("\r", " ").replace("\n", " ").replace("\t", " ")).strip()


def cut(text: str, limit: int) -> str:
    """`text` in at most `limit` characters: whole, or up to a sentence's end in its second half, or up
    to a word with an ellipsis."""
    if len(text) <= limit:
        return text
    # Asked of the whole text: at the end of a piece of it an abbreviation's full stop would end a sentence.
    end = max(takewhile(lambda end: end <= limit, sentence_ends(text)), default=0)
    if end >= limit // 2:
        return text[:end]
    room = text[:limit]
    word = room.rpartition(" ")[0] if " " in room[limit // 2 :] else room[:-1]
    return _whole(word).rstrip(" ,;:.–—-") + ELLIPSIS


def sentence(text: str, limit: int) -> str:
    """The first sentence of `text`, in at most `limit` characters."""
    first = next((end for end in sentence_ends(text) if end >= _SHORTEST), len(text))
    return cut(text[:first], limit)


def unbroken(text: str) -> str:
    """`text` with no-break spaces in its amounts, so that no line ends between "€" and "1.40"."""
    return _WITHIN_AMOUNTS.sub("\u00a0", text)


def isolated(text: str, direction: str, own: str = "") -> str:
    """`text` kept apart from its neighbours (Unicode's FSI and PDI) where it has letters of the other
    direction, so that a number after an Arabic name in an English line stays after it.

    `own` is how the text itself runs where that is known; else its first letter decides.
    """
    other = ("L",) if direction == "rtl" else ("R", "AL")
    if not any(unicodedata.bidirectional(character) in other for character in text):
        return text
    plain = text if _is_sound(text) else _DIRECTION.sub("", text)
    mark = _MARKS[own] if own and _direction(plain) != own else ""
    return f"{_ISOLATE}{mark}{plain}{_POP}"


@lru_cache(maxsize=4096)
def reads(text: str, direction: str) -> str:
    """How `text` is written: in `direction`, but in the other one where all its letters are of that.

    The first letter alone says too little: many an Arabic headline begins with a Latin name.
    """
    kinds = {unicodedata.bidirectional(character) for character in text}
    left, right = "L" in kinds, bool(kinds & {"R", "AL"})
    if left == right:
        return direction
    return "ltr" if left else "rtl"


def isolates(text: str) -> Iterator[tuple[str, str]]:
    """The pieces of `text`, each with the direction that its first letter gives it where `isolated` set it
    apart, and with none where it did not. A piece may have others in it."""
    if not _is_sound(text):
        yield text, ""
        return
    depth = start = 0
    for end in _ENDS.finditer(text):
        depth += 1 if end[0] == _ISOLATE else -1
        if depth == (1 if end[0] == _ISOLATE else 0):
            piece = text[start : end.start()]
            yield piece, "" if depth else _direction(piece)
            start = end.end()
    yield text[start:], ""


def _is_sound(text: str) -> bool:
    """Whether what sets pieces of `text` apart ends in it, and nothing else turns it round."""
    depth = 0
    for character in _DIRECTION.findall(text):
        depth += {_ISOLATE: 1, _POP: -1}.get(character, -len(text))
        if depth < 0:
            return False
    return depth == 0


def _direction(text: str) -> str:
    return first_direction(text) or "ltr"


def first_direction(text: str) -> str:
    """How the first letter runs that is not set apart itself, `ltr` or `rtl`; "" where there is none.

    Where nobody says how a line runs, as in an inbox, it runs so.
    """
    around = (piece for piece, own in isolates(text) if not own) if _ISOLATE in text else (text,)
    kinds = (unicodedata.bidirectional(character) for piece in around for character in piece)
    first = next((kind for kind in kinds if kind in ("L", "R", "AL")), "")
    return {"": "", "L": "ltr"}.get(first, "rtl")


def closed(text: str) -> str:
    """`text` with an end for each piece that is set apart: a cut may have taken it."""
    return text + _POP * (text.count(_ISOLATE) - text.count(_POP))


def width(text: str) -> int:
    """How many columns `text` takes in a terminal or a plain-text mail (Unicode's UAX 11)."""
    return len(text) if max(text, default="") < _WIDE else sum(map(_columns, text))


def wrapped(text: str, columns: int = WIDTH) -> str:
    """`text` in lines of at most `columns`; an address or a word that is longer has a line to itself.

    No-break spaces hold; text in a script without spaces breaks between its wide characters.
    """
    if len(text) <= columns and max(text, default="") < _WIDE:
        return " ".join(word for word in _SPACES.split(text) if word)
    lines: list[str] = []
    line, used = "", 0
    for word, long in _words(text, columns):
        if line and used + 1 + long > columns:
            lines.append(line)
            line, used = word, long
        else:
            line = f"{line} {word}" if line else word
            used += long + (1 if used else 0)
    return "\n".join([*lines, line])


def hung(text: str, before: str = "- ", columns: int = WIDTH) -> str:
    """`text` behind `before`, in lines of at most `columns`, each further one as far in as the first's words:
    nobody takes it for an item of its own."""
    further_in = " " * width(before)
    return before + wrapped(text, columns - width(before)).replace("\n", f"\n{further_in}")


def in_rows(text: str, columns: int = WIDTH) -> str:
    """What separators part, in lines of at most `columns`: where a line ends, the separator goes."""
    rows: list[str] = []
    for piece in text.split(SEPARATOR):
        longer = f"{rows[-1]}{SEPARATOR}{piece}" if rows else ""
        if longer and width(longer) <= columns:
            rows[-1] = longer
        else:
            rows += wrapped(piece, columns).split("\n")
    return "\n".join(rows)


def _words(text: str, columns: int) -> Iterator[tuple[str, int]]:
    """Each word with its width; one too wide for a line is cut where its script may be."""
    for word in _SPACES.split(text):
        long = width(word)
        if not word:
            continue
        if long <= columns or not any(_columns(character) == 2 for character in word):
            yield word, long
            continue
        piece, used = "", 0
        for character in word:
            if used + _columns(character) > columns:
                yield piece, used
                piece, used = "", 0
            piece += character
            used += _columns(character)
        yield piece, used


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def _whole(text: str) -> str:
    """`text` without a last character that was cut off from its combining marks or its emoji sequence."""
    return text.rstrip("\u200d\ufe0f")
