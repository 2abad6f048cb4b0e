"""What finds the pictures that an article names: beside its file, or at their addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from content.article import Picture


class Pictures(Protocol):
    """Finds the pictures that an article names."""

    @property
    def watched(self) -> Mapping[str, str]:
        """What was looked for, each with its stamp: when one of them changes, the article does."""
        ...

    @property
    def shown(self) -> tuple[str, ...]:
        """The published files, relative to the public folder."""
        ...

    def find(self, name: str) -> tuple[Picture, ...]:
        """The published sizes of a picture, widest first. Raises RenderError, which says why not."""
        ...
