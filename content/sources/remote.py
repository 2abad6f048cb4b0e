"""What a source that is asked over and over gives: a part of its articles at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from content.gallery import Gallery
from content.sources import Broken, Entry, Problem, Reading
from newsroom.errors import SourceError


@dataclass(frozen=True, slots=True)
class Part:
    """Some of a source's articles."""

    entries: tuple[Entry, ...] = ()
    gone: tuple[str, ...] = ()
    """References of articles that the source takes back: unpublished, deleted, in no section any more."""
    broken: tuple[Broken, ...] = ()
    problems: tuple[Problem, ...] = ()
    unplaced: Mapping[str, int] = field(default_factory=dict)
    """How many articles stand in none of the newsroom's sections, by the source's own name for where."""
    present: tuple[str, ...] = ()
    """References of what is there and is as it was when it was last read: not gone, and not read again."""
    held: str = ""
    """Why a person has to decide before anything of this pass is remembered: then it has no entries."""


class GoneError(SourceError):
    """The source says that it is gone for good; its `notes` are remembered all the same."""


class RemoteSource(Protocol):
    """Where articles come from, when it is too far or too much to be listed each time. It decides nothing."""

    lists_all: bool
    """Whether a full pass lists every article that there is, so that one that is not listed is gone."""
    always_full: bool
    """Whether each of its passes is a full one, so that what is gone may be seen by each."""

    def parts(self, notes: Mapping[str, Any], *, full: bool) -> Iterator[Part]:
        """Its articles: with `full` all of them, else at least those that changed since `notes`.

        Without notes nothing is as it was: a full pass reads every article anew.
        Raises SourceError where it cannot be read; the parts before that are good. GoneError is one whose
        notes are to be remembered, so that nobody is asked in vain again.
        """
        ...

    def read(self, entry: Entry, gallery: Gallery, now: datetime) -> Reading:
        """The article of an entry of the last part, cleaned. One that cannot be used is `Broken`."""
        ...

    def notes(self) -> Mapping[str, Any]:
        """JSON values to remember once every part is stored: how far it was read."""
        ...

    def close(self) -> None:
        """Let connections go."""
        ...
