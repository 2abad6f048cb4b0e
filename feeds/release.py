"""What this release makes of an article: it changes whenever the same articles may give other bytes."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_MADE_BY = ("feeds/*.py", "content/teaser.py", "content/prose.py", "templates/words/feeds/*.toml")
_WRITERS = ("feedgen", "lxml")


@cache
def release() -> str:
    """SHA-256 of the code and the words that decide what a feed holds, and of what writes its XML.

    Too many changes rather than too few: a feed that is made anew without need has the bytes it had, and its
    file is not touched. Nobody has to remember to raise a number.
    """
    digest = hashlib.sha256()
    for path in sorted(path for pattern in _MADE_BY for path in _ROOT.glob(pattern)):
        digest.update(path.relative_to(_ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    for name in _WRITERS:
        digest.update(f"{name} {version(name)}\0".encode())
    return digest.hexdigest()
