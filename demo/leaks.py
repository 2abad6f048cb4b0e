"""Paid words in what was published: every file is read as a reader's program would."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterable, Sequence
from pathlib import Path


def found(words: Sequence[str], files: Iterable[Path]) -> dict[str, list[Path]]:
    """Which of the words stand in which of the files; words that stand in none are left out."""
    leaks: dict[str, list[Path]] = {}
    for path in files:
        text = _text(path).casefold()
        for word in words:
            if word.casefold() in text:
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
    message = email.message_from_bytes(data, policy=email.policy.default)
    parts = [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]
    return "\n".join([raw, *map(str, message.values()), *parts])
