"""Paid words in what was published: every file is read as a reader's program would."""

from __future__ import annotations

import email
import re
from collections.abc import Iterable, Sequence
from email.header import decode_header, make_header
from email.message import Message
from pathlib import Path

_FOLDED = re.compile(r"\r?\n(?=[ \t])")


def found(words: Sequence[str], files: Iterable[Path]) -> dict[str, list[Path]]:
    """Which of the words stand in which of the files; words that stand in none are left out."""
    leaks: dict[str, list[Path]] = {}
    folded = [(word, word.casefold()) for word in words]
    for path in files:
        text = _text(path).casefold()
        for word, plain in folded:
            if plain in text:
                leaks.setdefault(word, []).append(path)
    return leaks


def published(folder: Path) -> list[Path]:
    """Everything a run gave away: public files, mails, previews and the log."""
    places = (folder / "public", folder / "outbox", folder / "preview", folder / "standfirst.log")
    files = [path for place in places for path in (place.rglob("*") if place.is_dir() else (place,))]
    return sorted(path for path in files if path.is_file())


def _text(path: Path) -> str:
    data = path.read_bytes()
    raw = data.decode("utf-8", "replace")
    if path.suffix != ".eml":
        return raw
    message = email.message_from_bytes(data)
    # Read as the library reads them by itself: all that it can say of a header takes ten times as long.
    headers = [str(make_header(decode_header(_FOLDED.sub("", str(value))))) for value in message.values()]
    parts = [_content(part) for part in message.walk() if part.get_content_maintype() == "text"]
    return "\n".join([raw, *headers, *parts])


def _content(part: Message) -> str:
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)  # noqa: S101 - tells the type checker what a text part gives
    return data.decode(part.get_content_charset("utf-8"), "replace")
