"""The pictures of one article that lie in its source folder: found, published, or reported."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping
from pathlib import Path

from content.article import Picture
from content.gallery import LARGEST_SOURCE
from content.sources import PublishPicture
from newsroom.errors import RenderError


def stamp(root: Path, name: str) -> str:
    """The size and time of the file `name` below `root`; empty where it isn't there."""
    try:
        found = (root / name).stat()
    except (OSError, ValueError):
        return ""
    return f"{found.st_size}:{found.st_mtime_ns}"


class Illustrations:
    """Finds pictures beside the article `reference` or below `root`, never outside of it.

    `watched` has what was looked for, each with its stamp; `shown` the published files.
    """

    def __init__(self, root: Path, reference: str, publish: PublishPicture) -> None:
        self._root = root
        self._folder = posixpath.dirname(reference)
        self._publish = publish
        self._watched: dict[str, str] = {}
        self._shown: dict[str, None] = {}

    @property
    def watched(self) -> Mapping[str, str]:
        """Every file that was looked for, found or not: when one of them changes, the article does."""
        return self._watched

    @property
    def shown(self) -> tuple[str, ...]:
        """The published files, relative to the public folder."""
        return tuple(self._shown)

    def find(self, name: str) -> tuple[Picture, ...]:
        """The published sizes of the picture `name`.

        Raises RenderError, which says why there is none, but never what was asked for.
        """
        path = self._path(name)
        try:
            if path.stat().st_size > LARGEST_SOURCE:
                raise RenderError(
                    f"it is larger than the {LARGEST_SOURCE // 1_000_000} MB that a picture may have"
                )
            sizes = self._publish(path.read_bytes())
        except OSError as error:
            raise RenderError(f"it cannot be read: {error.strerror}") from error
        self._shown |= dict.fromkeys(size.path for size in sizes)
        return sizes

    def _path(self, name: str) -> Path:
        for folder in dict.fromkeys((self._folder, "")):
            candidate = posixpath.normpath(posixpath.join(folder, name))
            if candidate.startswith(("../", "/")) or candidate in (".", "..") or "\0" in candidate:
                continue
            self._watched[candidate] = stamp(self._root, candidate)
            path = self._root / candidate
            if self._watched[candidate] and path.is_file():
                if not os.path.realpath(path).startswith(os.path.realpath(self._root) + os.sep):
                    raise RenderError("it leads out of the source's folder; put the file itself there")
                return path
        raise RenderError("it is not there, neither beside the article nor in the source's folder")
