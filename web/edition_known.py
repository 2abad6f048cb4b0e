"""All that is known of an edition when the page of its controls is drawn. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from content.teaser import Teaser
from newsletter.delivery.recalls import Kept
from newsletter.edition import Edition, EditionState, LeftOut, Selection, Story
from newsletter.editions import LogLine
from newsletter.left_out import Why
from web.edition_gone import Gone

MOST_LEFT_OUT = 30


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known of an edition when its page is drawn."""

    edition: Edition
    selection: Selection | None
    """None where nothing was composed."""
    left_out: Sequence[LeftOut]
    teasers: Mapping[str, Teaser]
    """Of the stories left out, by id; those withdrawn since are not in it."""
    dropped: Sequence[Story]
    gone: Sequence[Gone]
    """What it was composed with, and would not go out with it now."""
    log: Sequence[LogLine]
    done: int
    """Readers whose batch was handed over."""
    all: int
    """Readers in all of its batches."""
    is_kept: bool = False
    """Whether the provider keeps something of it that can be taken back."""
    not_taken_back: Kept | None = None
    """What it keeps of one that is stopped, and was to forget."""
    delay: timedelta = timedelta()
    """How long the provider keeps what it is handed."""
    pictures: Collection[str] = ()
    """The paths of those of its pictures that are not published yet."""
    is_archived: bool = False
    """Whether it was handed over, by the provider that is in use: that is what the archive has."""

    @property
    def seen(self) -> int:
        """The number of the last thing that was done to it."""
        return self.log[-1].number if self.log else 0

    @property
    def leading(self) -> str:
        """The id of the story that leads; empty where none does."""
        return self.selection.leading if self.selection else ""

    @property
    def is_open(self) -> bool:
        """Whether it takes every change."""
        edition = self.edition
        return (
            edition.state is EditionState.COMPOSED and edition.first_handed is None and edition.revision > 0
        )

    @property
    def has_news(self) -> bool:
        """Whether there is something to send: False where every story was withdrawn."""
        return self.selection is not None and self.selection.has_news

    @property
    def takes_words(self) -> bool:
        """Whether its page has the boxes to type into."""
        return self.is_open and self.has_news

    @property
    def can_stop(self) -> bool:
        """Whether there is something of it that could still be stopped."""
        return self.edition.is_open or self.is_kept

    @property
    def is_half_out(self) -> bool:
        """Whether it was held on its way: let go, it goes to the rest of its readers at once."""
        edition = self.edition
        return bool(edition.held) and edition.is_under_way

    @property
    def can_come_back(self) -> bool:
        """Whether there is a story that can be taken in."""
        has_room = any(one.for_room for one in self.left_out_by_rules)
        return has_room or bool(self.dropped) or any(one.can_take for one in self.gone)

    def waits(self, now: datetime) -> bool:
        """Whether it can be sent before its time."""
        return self.is_open and self.has_news and self.edition.goes > now

    def is_past(self, now: datetime) -> bool:
        """Whether its time has come while it was held: let go, it goes at once."""
        return self.is_open and bool(self.edition.held) and self.edition.goes <= now

    @property
    def left_out_by_rules(self) -> Sequence[LeftOut]:
        """What was left out and was expected in it, those that can be named, with no editor's doing."""
        others = (Why.DROPPED, Why.WITHDRAWN)
        return [
            one
            for one in self.left_out
            if one.article_id in self.teasers and one.why not in others and not one.why.is_no_news
        ][:MOST_LEFT_OUT]

    @property
    def headlines(self) -> Mapping[str, str]:
        """Of every story that may be named, by its id."""
        stories = (*(self.selection.stories if self.selection else ()), *self.dropped)
        shown = {story.teaser.id: story.teaser.headline for story in stories}
        gone = {one.id: one.headline for one in self.gone}
        return {one: teaser.headline for one, teaser in self.teasers.items()} | gone | shown
