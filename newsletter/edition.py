"""One issue of a newsletter: what was chosen for it, and the states it and its deliveries go through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from operator import itemgetter
from typing import Any

from content.teaser import Teaser
from newsletter.left_out import Values, Why, english, read, stored
from newsroom.masthead import Offer, SectionKind

ALL_WITHDRAWN = "every story of it was withdrawn"
"""Why a run holds an edition that has nothing left to say."""

BY_HAND = "by hand"
"""Why one is held by a person who gave no reason."""

RUN = "run"
"""Who did something to an edition where no person did."""


class EditionState(StrEnum):
    """Where an edition is. `held` is apart: a composed or sending edition may be held."""

    COMPOSED = "composed"
    SENDING = "sending"
    SENT = "sent"
    STOPPED = "stopped"
    SKIPPED = "skipped"
    MISSED = "missed"

    @property
    def is_open(self) -> bool:
        """Whether an edition has still something to hand over."""
        return self in (EditionState.COMPOSED, EditionState.SENDING)


class BatchState(StrEnum):
    """What is known of a batch's hand-over."""

    PLANNED = "planned"
    HANDED = "handed"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"
    EMPTY = "empty"
    """Nobody is left in it: each of its readers was dropped, or moved to another batch."""
    TAKEN_BACK = "taken back"
    """Its provider forgets it: a record of that hand-over, whose readers are in another batch."""


class DeliveryState(StrEnum):
    """A delivery's own state, where it differs from its batch's."""

    PLANNED = "planned"
    HANDED = "handed"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"
    DROPPED = "dropped"


class ExclusionReason(StrEnum):
    """Why a candidate gets no delivery of an edition."""

    PENDING = "not confirmed"
    PAUSED = "paused"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    CLEANED = "cleaned"
    ERASED = "erased"
    STAGING = "not in allow_to"
    NO_STORIES = "none of their sections has a story today"
    TWICE = "same address as another reader"
    WARM_UP = "left for another day: the sending domain is warmed up"


@dataclass(frozen=True, slots=True)
class Story:
    """One place in an edition and the teaser frozen into it."""

    teaser: Teaser
    is_update: bool = False
    """Readmitted by `again`: marked "Updated"."""
    is_carried: bool = False
    """Left out for room by an earlier edition: it ranks after every new story."""


@dataclass(frozen=True, slots=True)
class Block:
    """One section of an edition, in its order."""

    section: str
    title: str
    kind: SectionKind
    stories: tuple[Story, ...]


@dataclass(frozen=True, slots=True)
class Edits:
    """What editors chose for one edition. None leaves a choice to the rules."""

    lead: str | None = None
    """The id of the story that leads, sensitive or not."""
    dropped: frozenset[str] = frozenset()
    subject: str | None = None
    note: str | None = None
    """A word on top, as sanitised HTML; an empty one takes an earlier note away."""
    places: tuple[tuple[str, str], ...] = ()
    """(article id, section key): where a story stands, before all others of that section; of several in one
    section the one that was placed last comes first."""
    note_text: str | None = None
    """The note as the editor wrote it, to go on with."""
    restored: frozenset[str] = frozenset()
    """Dropped before, and taken back into the edition now; no edits that were made have any."""
    subject_of: str | None = None
    """The id of the story that led when the subject was written: with that story the subject goes."""

    def then(self, later: Edits) -> Edits:
        """These edits with `later` ones made on top of them."""
        places = dict(later.places)
        places |= {story: section for story, section in self.places if story not in places}
        return Edits(
            lead=self.lead if later.lead is None else later.lead,
            # Choosing a story as the lead takes it back into the edition.
            dropped=(self.dropped | later.dropped) - later.restored - ({later.lead} if later.lead else set()),
            subject=self.subject if later.subject is None else later.subject,
            note=self.note if later.note is None else later.note,
            # By section: the order between two of them says nothing.
            places=tuple(sorted(places.items(), key=itemgetter(1))),
            # Of a note that was written elsewhere there is no text to go on with.
            note_text=self.note_text if later.note is None else later.note_text,
            subject_of=self.subject_of if later.subject is None else later.subject_of,
        )


@dataclass(frozen=True, slots=True)
class SubjectRule:
    """How a subject is made, and the values that are not a story's."""

    template: str = "{lead}"
    """`{lead}`, `{second}`, `{name}`, `{title}` and `{date}` are filled in."""
    name: str = ""
    title: str = ""
    date: str = ""


@dataclass(frozen=True, slots=True)
class Selection:
    """What an edition freezes: stories and their places, offer, subject, note."""

    newsletter: str
    local_date: date
    slot: str
    composed: datetime
    subject: str
    preheader: str
    lead: Story | None
    blocks: tuple[Block, ...]
    offer: Offer
    note: str = ""
    """An editor's word on top, as sanitised HTML."""
    edits: Edits = field(default_factory=Edits)
    """Every edit made so far: they hold in later revisions too."""
    rule: SubjectRule = field(default_factory=SubjectRule)
    """What a subject is made of when the stories change."""

    @property
    def has_news(self) -> bool:
        """False where nothing but sponsored stories, or nothing at all, is left: not to be sent."""
        return any(not story.teaser.is_sponsored for story in self.stories)

    @property
    def stories(self) -> tuple[Story, ...]:
        """Every story once, in reading order, sponsored ones included."""
        lead = (self.lead,) if self.lead else ()
        return lead + tuple(story for block in self.blocks for story in block.stories)

    @property
    def leading(self) -> str:
        """The id of the lead; empty where nothing leads."""
        return self.lead.teaser.id if self.lead else ""

    @property
    def sections(self) -> dict[str, str]:
        """By story id, the key of the section that it stands in; the lead stands in none."""
        return {story.teaser.id: block.section for block in self.blocks for story in block.stories}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A considered story that is not in the edition, and why; `for_room` keeps it eligible."""

    article_id: str
    why: Why
    values: Values = ()
    for_room: bool = False

    @property
    def reason(self) -> str:
        """Why, as the operator reads it."""
        return english(self.why, self.values)

    @property
    def stored(self) -> dict[str, Any]:
        """The same as JSON."""
        return {
            "article_id": self.article_id,
            "why": self.why.value,
            "values": stored(self.values),
            "for_room": self.for_room,
        }

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> LeftOut:
        """What was `stored`."""
        why = Why(row["why"])
        return cls(row["article_id"], why, read(why, row["values"]), for_room=row["for_room"])


@dataclass(frozen=True, slots=True)
class Composition:
    """A composed selection with the account of what was left out, and what an editor should know."""

    selection: Selection
    left_out: tuple[LeftOut, ...]
    fresh: int
    """How many new news stories were eligible: what the circuit breaker looks at."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NothingNew:
    """Why there is no edition, and why of each story that was considered."""

    reason: str
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True)
class Edition:
    """An edition's row."""

    key: str
    newsletter: str
    local_date: date
    slot: str
    state: EditionState
    revision: int
    due: datetime
    composed: datetime | None = None
    first_handed: datetime | None = None
    finished: datetime | None = None
    held: str = ""
    """Why it is held; empty where it is not."""
    note: str = field(default="", kw_only=True)
    """What a person should know: why it was skipped, missed or stopped."""
    candidates: int | None = field(default=None, kw_only=True)
    """How many readers were looked at when it was planned; None before."""
    released: bool = field(default=False, kw_only=True)
    """A person let it go, or resumed it, after its hour: it goes out however late that was."""
    not_before: datetime | None = field(default=None, kw_only=True)
    """When it may go out, where that is not its hour."""
    recall: str = field(default="", kw_only=True)
    """Under which name the provider can be told not to send what it still keeps."""
    recalled: datetime | None = field(default=None, kw_only=True)
    """When it was told so last, or asked."""

    @property
    def is_open(self) -> bool:
        """Whether it has still something to hand over."""
        return self.state.is_open

    @property
    def is_under_way(self) -> bool:
        """Whether something of it was handed over, and not everything."""
        return self.first_handed is not None and self.is_open

    @property
    def goes(self) -> datetime:
        """When it may be handed over: its hour, the end of its editors' window, or the moment at which a
        person sent it."""
        return self.not_before or self.due


def edition_key(newsletter: str, local_date: date, slot: str = "") -> str:
    """`NEWSLETTER-YYYY-MM-DD`, with `-SLOT` for an extra edition."""
    return f"{newsletter}-{local_date.isoformat()}" + (f"-{slot}" if slot else "")


def day_and_slot(key: str, newsletter: str) -> tuple[date, str] | None:
    """What `edition_key` made this newsletter's key of; None for another newsletter's."""
    rest = key.removeprefix(f"{newsletter}-")
    try:
        day, slot = date.fromisoformat(rest[:10]), rest[11:]
    except ValueError:
        return None
    return (day, slot) if edition_key(newsletter, day, slot) == key else None
