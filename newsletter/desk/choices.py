"""What an editor chose, held against what there is: a choice that cannot come true is refused with its
reason, and nothing says that it was done. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from enum import StrEnum

from content.blank import is_blank
from content.prose import plain
from content.teaser import Teaser
from newsletter.composition.subject import unknown_field
from newsletter.edition import Edits, Selection
from newsroom.errors import MisuseError
from newsroom.masthead import Newsroom


class Cannot(StrEnum):
    """Why a choice cannot come true."""

    BOTH = "it is to be left out as well"
    GONE = "it was withdrawn, or is not published by then"
    ELSEWHERE = "another edition has it"
    PAID_LEAD = "it is paid content, which never leads"
    PAID_PLACE = "it is paid content, which stays in its own section"
    NO_PLACE = "nobody places stories in that section: paid content and latest headlines come by themselves"
    LEADS = "it is the lead, which stands in no section: let another story lead"
    FULL = "the section has no room for so many placed stories"
    FIELD = "nothing is filled in for that; allowed, each closed: {lead}, {second}, {name}, {title}, {date}"


class ImpossibleError(MisuseError):
    """A choice that cannot come true."""

    def __init__(self, cannot: Cannot, story: str, option: str) -> None:
        super().__init__(f"edit: {option} {story}: {cannot}")
        self.cannot = cannot
        self.story = story
        """Its id; of a subject, what is in its braces."""


def with_words(edits: Edits, before: Selection) -> Edits:
    """The edits without a subject or a note of which nobody would see anything: either counts as empty, and
    as no edit where there was none to take away."""
    subject, note = edits.subject, edits.note
    if subject is not None and is_blank(subject):
        subject = "" if before.edits.subject else None
    if note is not None and is_blank(plain(note)):
        note = "" if before.note else None
    return replace(edits, subject=subject, note=note, note_text=edits.note_text if note else None)


def check(
    edits: Edits, newsroom: Newsroom, there: Mapping[str, Teaser], elsewhere: Collection[str] = ()
) -> None:
    """Refuse what no edition could have. `there` has the live articles among the edition's own and those
    taken back, by id; `elsewhere` are the ids of what another edition has. Raises ImpossibleError."""
    field = unknown_field(edits.subject or "")
    if field:
        raise ImpossibleError(Cannot.FIELD, field, "--subject")
    named = [(edits.lead, "--lead")] if edits.lead else []
    named += [(story, "--place") for story, _ in edits.places]
    named += [(story, "--back") for story in sorted(edits.restored)]
    for story, option in named:
        if story in edits.dropped:
            raise ImpossibleError(Cannot.BOTH, story, option)
        if story not in there:
            raise ImpossibleError(Cannot.GONE, story, option)
        if story in elsewhere:
            raise ImpossibleError(Cannot.ELSEWHERE, story, option)
    if edits.lead and there[edits.lead].is_sponsored:
        raise ImpossibleError(Cannot.PAID_LEAD, edits.lead, "--lead")
    for story, key in edits.places:
        section = newsroom.section(key)
        if there[story].is_sponsored:
            raise ImpossibleError(Cannot.PAID_PLACE, story, "--place")
        if section is None or not section.is_news:
            raise ImpossibleError(Cannot.NO_PLACE, story, "--place")


def check_done(edits: Edits, after: Selection) -> None:
    """Refuse what the edition `after` the edits has not come to. Raises ImpossibleError."""
    if edits.lead and edits.lead != after.leading:
        raise ImpossibleError(Cannot.GONE, edits.lead, "--lead")
    placed = after.sections.items()
    for place in edits.places:
        if place not in placed:
            cannot = Cannot.LEADS if place[0] == after.leading else Cannot.FULL
            raise ImpossibleError(cannot, place[0], "--place")
    for story in sorted(missing(edits.restored, after)):
        raise ImpossibleError(Cannot.GONE, story, "--back")


def missing(wanted: Collection[str], after: Selection) -> frozenset[str]:
    """Those of `wanted` that the edition does not show."""
    return frozenset(wanted) - {story.teaser.id for story in after.stories}
