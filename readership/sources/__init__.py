"""What a place that readers come from gives: whom it lists, in the words of an import, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Listed:
    """One reader as a source lists them. Its words are read by `readership.row.understood`."""

    id: str
    """The source's own, which stays the same when the address changes; empty where it gives none."""
    cells: Mapping[str, str]
    """By the names in `readership.row.FIELDS`. `plan` and `newsletters` are in the source's own words; where
    there are several that may hold a comma, a line each."""
    number: int = 0
    """Which one it is, from 1: how a message names one without an id."""
    problem: str = ""
    """Why it cannot be used, where that is known already; says nothing of who it is."""


class ReaderSource(Protocol):
    """Where readers already are. It lists all of them each time, and decides nothing."""

    def pages(self, notes: Mapping[str, Any]) -> Iterator[Sequence[Listed]]:
        """Everybody, some at a time; `notes` are those of the last whole listing.

        Raises SourceError where it cannot be read to its end; the pages before that are good.
        """
        ...

    @property
    def is_whole(self) -> bool:
        """After the pages: whether everybody was listed, so that who was not is gone."""
        ...

    @property
    def is_unchanged(self) -> bool:
        """After the pages: it said that nothing has changed since `notes`, and listed nobody."""
        ...

    def notes(self) -> Mapping[str, Any]:
        """JSON values to remember once everybody is stored."""
        ...

    def close(self) -> None:
        """Let connections go."""
        ...
