"""The published pictures: each made once, and found again by the hash of its original."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from content.article import Picture
from newsroom.files import write_whole

FOLDER = "media"
"""Below the public folder."""

LARGEST_SOURCE = 60_000_000
"""Bytes of the biggest original that is opened."""

# Part of what a source picture is remembered by: raise it when the same original gives other files.
_VERSION = b"1"

Remembered = Callable[[str], tuple[Picture, ...] | None]
"""The sizes that a source picture was made into, by its hash."""


class Gallery:
    """Publishes pictures below `public_dir`; one that is remembered and still there is not made again.

    `made` has, by source hash, what was made and is to be remembered. With `dry_run` nothing is written.
    """

    def __init__(self, public_dir: Path, remembered: Remembered, *, dry_run: bool = False) -> None:
        self._public_dir = public_dir
        self._remembered = remembered
        self._dry_run = dry_run
        self.made: dict[str, tuple[Picture, ...]] = {}

    def publish(self, data: bytes) -> tuple[Picture, ...]:
        """The published sizes of the picture that `data` holds, widest first.

        Raises RenderError where it is not a picture or too large, PublishError where it cannot be written.
        """
        source_hash = hashlib.sha256(_VERSION + data).hexdigest()
        sizes = self.made.get(source_hash) or self._remembered(source_hash)
        if sizes and all(self.has(size.path) for size in sizes):
            return sizes
        # Takes a while to import, and most runs find every picture made.
        from content.media import resized

        made = resized(data)
        for size, content in made:
            if not self._dry_run and not self.has(size.path):
                write_whole(self._public_dir / size.path, content)
        self.made[source_hash] = tuple(size for size, _ in made)
        return self.made[source_hash]

    def fetched(self, address: str, fetch: Callable[[], bytes] | None) -> tuple[Picture, ...] | None:
        """The published sizes of the picture at an address, fetched where it is not known yet.

        None where it would have to be and there is nothing to do it with. Raises as `publish`.
        """
        name = hashlib.sha256(_VERSION + b" " + address.encode()).hexdigest()
        sizes = self.made.get(name) or self._remembered(name)
        if sizes and all(self.has(size.path) for size in sizes):
            return sizes
        if fetch is None:
            return None
        self.made[name] = self.publish(fetch())
        return self.made[name]

    def has(self, path: str) -> bool:
        """True where the published file is there."""
        return (self._public_dir / path).is_file()
