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
    While it `holds`, what was made is kept back until `flush`, or `drop` where nobody may see it yet.
    """

    def __init__(self, public_dir: Path, remembered: Remembered, *, dry_run: bool = False) -> None:
        self._public_dir = public_dir
        self._remembered = remembered
        self._dry_run = dry_run
        self.holds = False
        self._kept: dict[str, bytes] = {}
        self.made: dict[str, tuple[Picture, ...]] = {}

    def publish(self, data: bytes) -> tuple[Picture, ...]:
        """The published sizes of the picture that `data` holds, widest first.

        Raises RenderError where it is not a picture or too large, PublishError where it cannot be written.
        """
        source_hash = hashlib.sha256(_VERSION + data).hexdigest()
        sizes = self.made.get(source_hash) or self._remembered(source_hash)
        if sizes and all(self.has(size.path) or size.path in self._kept for size in sizes):
            return sizes
        # Takes a while to import, and most runs find every picture made.
        from content.media import resized

        made = resized(data)
        self._kept |= {size.path: content for size, content in made if not self.has(size.path)}
        if not self.holds:
            self.flush()
        self.made[source_hash] = tuple(size for size, _ in made)
        return self.made[source_hash]

    def flush(self) -> None:
        """Write what was kept back. Raises PublishError where it cannot be; it is not kept any longer."""
        kept, self._kept = self._kept, {}
        for path, content in kept.items():
            if not self._dry_run:
                write_whole(self._public_dir / path, content)

    def drop(self) -> None:
        """Write nothing of what was kept back: it is made again when its time has come."""
        self._kept = {}

    def fetched(self, address: str, fetch: Callable[[], bytes] | None) -> tuple[Picture, ...] | None:
        """The published sizes of the picture at an address, fetched where it is not known yet.

        None where it would have to be and there is nothing to do it with. Raises as `publish`.
        """
        name = hashlib.sha256(_VERSION + b" " + address.encode()).hexdigest()
        sizes = self.made.get(name) or self._remembered(name)
        if sizes and all(self.has(size.path) or size.path in self._kept for size in sizes):
            return sizes
        if fetch is None:
            return None
        self.made[name] = self.publish(fetch())
        return self.made[name]

    def has(self, path: str) -> bool:
        """True where the published file is there."""
        try:
            return (self._public_dir / path).is_file()
        except OSError:
            # The folder is closed to us. Whether anything can be done about it, writing will tell.
            return False
