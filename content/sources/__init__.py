"""What a content source gives: the articles that it has, and a problem for each that cannot be used."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from content.article import Access, Article, Picture

PublishPicture = Callable[[bytes], tuple[Picture, ...]]
"""Publishes a picture and returns its sizes, widest first. Raises RenderError where it is none."""

# A content hash is the hash of what the source gave, then that of how it was read: so a file that was renamed
# is known again though the settings changed as well.
_GIVEN = 40


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with an article and where: never a word of its text."""

    place: str
    """The file with line and column, or the source's own id."""
    message: str
    severity: Literal["warning", "error"] = "error"
    """An error leaves the article as it is known; a warning is used as the message says."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An article that a source lists, before it is read."""

    reference: str
    place: str
    """How a message names it."""
    content_hash: str
    """`content_hash` of what the source gave: equal means nothing to do."""
    default_id: str
    """The entry id of an article that names none itself."""


@dataclass(frozen=True, slots=True)
class Found:
    """An article that a source has, read or known to be unchanged."""

    entry: Entry
    article: Article | None = None
    """None where it was not read because it is as known, and for drafts."""
    claim: str = ""
    """The id that it names itself."""
    updated_given: bool = False
    """Its `updated` is the editor's word, not its publication."""
    withdrawn: bool = False
    """The source itself says that it is taken back, or a draft."""


@dataclass(frozen=True, slots=True)
class Broken:
    """An article that is there and cannot be used: what is known of it stays."""

    reference: str
    claim: str = ""
    access: Access | None = None
    """Who may read it, by its own word, where that much can be read: it is never open to more."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a source has at this moment."""

    entries: tuple[Entry, ...] = ()
    broken: tuple[Broken, ...] = ()
    problems: tuple[Problem, ...] = ()
    missing: str = ""
    """Says that the source as a whole is not there: unmounted, moved, misspelt."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One entry, read."""

    found: Found | Broken
    problems: tuple[Problem, ...] = ()
    watched: Mapping[str, str] = field(default_factory=dict)
    """The pictures that it names, each with its stamp: when one changes, the article is read again."""
    shown: tuple[str, ...] = ()
    """The published pictures that it needs, relative to the public folder."""
    waits: Mapping[str, bytes] = field(default_factory=dict)
    """Files of its pictures that nobody may see yet, by the path that they will have."""


class Source(Protocol):
    """Where articles come from. It reads, and decides nothing."""

    def listing(self) -> Listing:
        """Every article that it has. Raises SourceError where it cannot be read as a whole."""
        ...

    def read(self, entry: Entry, publish: PublishPicture) -> Reading:
        """The article of `entry`, cleaned. One that cannot be used is `Broken`, and a problem."""
        ...

    def stamp(self, name: str) -> str:
        """What tells one version of a picture from the next; empty where there is none."""
        ...


def content_hash(given: bytes, reading: str) -> str:
    """64 digits for what a source gave and for how it is read (the reader's version and settings)."""
    return hashlib.sha256(given).hexdigest()[:_GIVEN] + hashlib.sha256(reading.encode()).hexdigest()[_GIVEN:]


def joined_hash(entries: Sequence[Entry]) -> str:
    """The content hash of one article that a source lists in several places."""
    if len(entries) == 1:
        return entries[0].content_hash
    listed = sorted(f"{entry.reference}\0{entry.content_hash}" for entry in entries)
    return hashlib.sha256("\0".join(listed).encode()).hexdigest()


def given_of(content_hash: str) -> str:
    """The part of a content hash that is of what the source gave."""
    return content_hash[:_GIVEN]
