"""What readers are told who were sent an article before it was corrected: who, what, and once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from content.teaser import Teaser
from newsletter.edition import Selection

KEPT = timedelta(days=7)
"""How long after it came a correction still goes into a reader's next edition."""

MOST_LINES = 5
"""The most corrections in one box; those left over come in the reader's edition after it."""


@dataclass(frozen=True, slots=True)
class Correction:
    """One line of the box, as its readers get it."""

    article_id: str
    words: str
    """What was wrong, and what is right."""
    headline: str
    url: str
    language: str
    """The article's."""
    sponsor: str
    """Of paid content; empty for the newsroom's own."""
    day: date
    """Of the edition that had it wrong."""
    title: str = ""
    """The newsletter of that edition, where it is another one than the reader is told by."""

    @property
    def key(self) -> str:
        """The same for the same words on the same article, whichever edition had it wrong."""
        return hashlib.sha256(f"{self.article_id}\0{self.words}".encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """What `correction_from_json` makes it from again."""
        return {
            "article": self.article_id,
            "words": self.words,
            "headline": self.headline,
            "url": self.url,
            "language": self.language,
            "sponsor": self.sponsor,
            "day": self.day.isoformat(),
            "title": self.title,
        }


Box = tuple[Correction, ...]
"""The lines of one box in their order; empty where there is none."""


OwedTo = Callable[[Sequence[int]], Mapping[int, Box]]
"""For a page of readers: what each is to be told; those who are to be told nothing are not in it."""


def nobody(_: Sequence[int]) -> Mapping[int, Box]:
    """Nobody is to be told anything."""
    return {}


def correction_from_json(value: Mapping[str, Any]) -> Correction:
    """The correction that `Correction.to_json` described."""
    return Correction(
        value["article"],
        value["words"],
        value["headline"],
        value["url"],
        value["language"],
        value["sponsor"],
        date.fromisoformat(value["day"]),
        value["title"],
    )


@dataclass(frozen=True, slots=True)
class Book:
    """What each batch of the ledger means for today's corrections."""

    order: Mapping[str, int] = field(default_factory=dict)
    """The keys of today's corrections, and which is told first."""
    wrong: Mapping[int, Box] = field(default_factory=dict)
    """By batch: what its letter had before it was corrected."""
    told: Mapping[int, frozenset[str]] = field(default_factory=dict)
    """By batch: the keys of the corrections in its letter's box."""
    sent: frozenset[int] = frozenset()
    """Batches that were accepted, or may have been."""
    coming: frozenset[int] = frozenset()
    """Batches that are still to be handed over."""

    def owed(self, places: Iterable[tuple[int, bool]]) -> Box:
        """What a reader is to be told, the earliest correction first, at most MOST_LINES of them.

        `places` are the batches that the reader is in, each with whether the reader was sent it, or may have
        been, whatever became of the others in it.
        """
        lines: dict[str, Correction] = {}
        known: set[str] = set()
        for batch, by_itself in places:
            was_sent = by_itself or batch in self.sent
            if was_sent or batch in self.coming:
                known |= self.told.get(batch, frozenset())
            for line in self.wrong.get(batch, ()) if was_sent else ():
                before = lines.get(line.key)
                if before is None or (before.day, before.title) < (line.day, line.title):
                    lines[line.key] = line
        left = sorted(lines.keys() - known, key=self.order.__getitem__)
        return tuple(lines[key] for key in left[:MOST_LINES])


def correction_of(teaser: Teaser, day: date, title: str = "") -> Correction:
    """The line for an article as it is now, which the edition of `day` had before its correction."""
    return Correction(
        article_id=teaser.id,
        words=teaser.correction,
        headline=teaser.headline,
        url=teaser.url,
        language=teaser.language,
        sponsor=teaser.sponsor,
        day=day,
        title=title,
    )


def wrong_in(selection: Selection, corrected: Iterable[Teaser], title: str = "") -> Box:
    """A line for each of `corrected` that the selection has without its present correction."""
    had = {story.teaser.id: story.teaser.correction for story in selection.stories}
    return tuple(
        correction_of(teaser, selection.local_date, title)
        for teaser in corrected
        if had.get(teaser.id, teaser.correction) != teaser.correction
    )


def standing(box: Box, live: Collection[str]) -> Box:
    """The lines whose articles are still there: nobody is told of a withdrawn one."""
    return tuple(line for line in box if line.article_id in live)
