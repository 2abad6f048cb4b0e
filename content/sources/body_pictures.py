"""The pictures in an article's text that lie beside its file: published as they are met, faults counted."""

from __future__ import annotations

from collections.abc import Iterator

from content.sources.article_pictures import Pictures
from content.sources.markdown import Shown
from newsroom.errors import RenderError


class BodyPictures:
    """Hands a text's pictures over, one after the other; `problems` has what is wrong with them then."""

    def __init__(self, pictures: Pictures, public_url: str) -> None:
        self._pictures = pictures
        self._public_url = public_url
        self._seen = 0
        self._undescribed = 0
        self._unusable: list[str] = []

    def published(self, name: str) -> Shown | None:
        """Where the picture `name` is now, and the picture; None where it cannot be used."""
        self._seen += 1
        try:
            size = self._pictures.find(name)[0]
        except RenderError as error:
            # Which one: a name that is no file's may be any text.
            self._unusable.append(f"picture {self._seen} of the body's own cannot be used: {error}")
            return None
        return f"{self._public_url}/{size.path}", size

    def count_undescribed(self) -> None:
        """Note that a picture has no alt text."""
        self._undescribed += 1

    def problems(self) -> Iterator[str]:
        """A line for each that cannot be used, and one for those without an alt text."""
        yield from self._unusable
        if self._undescribed:
            yield f"{self._undescribed} of the body's pictures have no alt text"
