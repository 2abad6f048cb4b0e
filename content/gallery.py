"""The published pictures: each made once, and found again by the hash of its original."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
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
Waiting = Callable[[Sequence[str]], Mapping[str, bytes]]
"""Those of these paths whose file was made and waits for its time, each with its bytes."""


def _none_waits(_: Sequence[str]) -> Mapping[str, bytes]:
    return {}


class Gallery:
    """Publishes pictures below `public_dir`; one that is remembered and still there is not made again.

    `made` has, by source hash, what was made and is to be remembered. With `dry_run` nothing is written.
    While it `holds`, what was made is kept back until `flush`, or `drop` where nobody may see it yet.
    """

    def __init__(
        self,
        public_dir: Path,
        remembered: Remembered,
        waiting: Waiting = _none_waits,
        *,
        dry_run: bool = False,
    ) -> None:
        self._public_dir = public_dir
        self._remembered = remembered
        self._waiting = waiting
        self._dry_run = dry_run
        self.holds = False
        self._kept: dict[str, bytes] = {}
        self.made: dict[str, tuple[Picture, ...]] = {}

    def publish(self, data: bytes) -> tuple[Picture, ...]:
        """The published sizes of the picture that `data` holds, widest first.

        Raises RenderError where it is not a picture or too large, PublishError where it cannot be written.
        """
        source_hash = hashlib.sha256(_VERSION + data).hexdigest()
        if sizes := self._known(source_hash):
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

    def drop(self) -> Mapping[str, bytes]:
        """Write nothing of what was kept back, and return it: its time comes later."""
        kept, self._kept = self._kept, {}
        return kept

    def fetched(self, address: str, fetch: Callable[[], bytes] | None) -> tuple[Picture, ...] | None:
        """The published sizes of the picture at an address, fetched where it is not known yet.

        None where it would have to be and there is nothing to do it with. Raises as `publish`.
        """
        name = hashlib.sha256(_VERSION + b" " + address.encode()).hexdigest()
        if sizes := self._known(name):
            return sizes
        if fetch is None:
            return None
        self.made[name] = self.publish(fetch())
        return self.made[name]

    def _known(self, source_hash: str) -> tuple[Picture, ...] | None:
        """The sizes of a picture whose every file is there, is kept back or was waiting for its time."""
        sizes = self.made.get(source_hash) or self._remembered(source_hash)
        if not sizes:
            return None
        missing = [size.path for size in sizes if not (size.path in self._kept or self.has(size.path))]
        if missing:
            waiting = self._waiting(missing)
            if len(waiting) < len(set(missing)):
                return None
            self._kept |= waiting
            if not self.holds:
                self.flush()
        return sizes

    def has(self, path: str) -> bool:
        """True where the published file is there."""
        try:
            return (self._public_dir / path).is_file()
        except OSError:
            # The folder is closed to us. Whether anything can be done about it, writing will tell.
            return False
