"""What an editor is told of a press that was not done, or not as a whole. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from newsletter.edition import EditionState
from newsletter.editions import LogLine
from newsletter.holds import STOPPED
from web.edition_deeds import CUT, NOT_POSSIBLE, OTHER_LEAD, STALE, TOP
from web.edition_form import BOXES, Press
from web.edition_known import Known

LEAD_GONE = "edition_lead_gone"
"""The key of OTHER_LEAD where the story that led was withdrawn."""

_STALE_OWN, _UNSAVED, _HOLD_UNSAVED = (f"edition_{one}" for one in ("stale_own", "unsaved", "hold_unsaved"))
_DID_HOLD, _DID_STOP = "edition_did_hold", "edition_did_stop"
_QUIET = ("edition_same", _DID_HOLD, _DID_STOP, _UNSAVED)
"""What is said without having to be acted on."""
_AT_BOX = {
    "edition_subject_long": "subject",
    "edition_note_long": "note",
    CUT: "note",
    "edition_cannot_field": "subject",
    OTHER_LEAD: "subject",
    LEAD_GONE: "subject",
}
"""The box that is meant, by the phrase."""
SAYS_WHAT_IS_NEW = (STALE, _STALE_OWN, _HOLD_UNSAVED)
"""The keys of what is followed by all that is new to the editor."""
_LEADS_TO_A_BOX = (*SAYS_WHAT_IS_NEW, _UNSAVED)
_ABOUT_BOXES = {*_LEADS_TO_A_BOX, "edition_last_story", *_AT_BOX}
"""What is said of boxes and buttons that are not there when nothing can be changed any more."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the page says of what was pressed: lines, and in which part of it they stand."""

    lines: tuple[str, ...]
    where: str = TOP
    is_error: bool = False
    done: str = ""
    """What was done all the same, said before the lines."""
    wrong: Mapping[str, str] = field(default_factory=dict)
    """By each box that has to be mended, what is wrong with it."""
    way: str = ""
    """The box that it leads to: the first of those, or the first that holds what is not saved."""
    since: int = 0
    """The line of the edition's log after which all is new to the editor; 0 where nothing is called new."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a press was not done, or what was typed not saved with it."""

    key: str
    press: Press | None
    kept: Sequence[str]
    """The boxes that hold what is not saved."""
    wrong: Mapping[str, str]
    """Those of them that cannot be saved, each with the key of why."""
    seen: int
    """The line of the edition's log that the editor saw last."""
    leads_anew: bool
    """Whether another story leads than on the page that was pressed."""
    is_cut: bool
    """Whether a box held more than was read."""
    has_copy: bool
    """Whether what was typed can only be copied."""

    @property
    def is_hold(self) -> bool:
        return self.press is not None and self.press.do == "hold"

    @property
    def box(self) -> str:
        """The box that is meant; empty where none is."""
        return _AT_BOX.get(self.key, "")

    @property
    def mended(self) -> dict[str, str]:
        """By each box that has to be mended, in the page's order, the key of why."""
        found = {**self.wrong, self.box: self.key}
        return {box: found[box] for box in BOXES if box in found} if self.box else {}

    @property
    def keys(self) -> list[str]:
        """Of the phrases that are said, after what was done all the same."""
        keys = list(self.mended.values()) or [self.key]
        if self.box and not self.is_hold and (self.press is None or self.press.do != "save"):
            keys.append("edition_long_undone")
        is_stale = self.key in (STALE, _STALE_OWN)
        if self.leads_anew and self.key in SAYS_WHAT_IS_NEW:
            keys.append("edition_did_leads")
        suits = is_stale and self.leads_anew and "subject" in self.kept
        if suits or self.key in (OTHER_LEAD, LEAD_GONE):
            keys.append("edition_lead_look")
        elif is_stale:
            keys.append("edition_still" if self.kept else "edition_look")
        if self.is_cut and CUT not in keys:
            keys.append(CUT)
        return [*keys, *(["edition_typed"] if self.has_copy else [])]


def as_things_are(key: str, editor: str, known: Known, seen: int, led: str, press: Press | None) -> str:
    """The key of the phrase that is true now: whose doing is new since the log's line `seen`, what became of
    the story `led`, which led on the page that was pressed, and why nothing can be done any more."""
    since = {line.by for line in known.log if line.number > seen}
    if key == STALE and since == {editor[:200]}:
        key = _STALE_OWN
    if key == OTHER_LEAD and any(one.id == led and one.is_withdrawn for one in known.gone):
        key = LEAD_GONE
    if not known.takes_words and key in _ABOUT_BOXES:
        # There is nothing to press once more.
        held = press is not None and press.do == "hold"
        key = _DID_HOLD if held else NOT_POSSIBLE
    return _over(known) if key == NOT_POSSIBLE else key


def _over(known: Known) -> str:
    """The key of why nothing can be changed: it was stopped, somebody sent it, or its hour came."""
    if known.edition.state is EditionState.STOPPED and ended_by(known):
        return f"{NOT_POSSIBLE}_stopped"
    if known.edition.first_handed is not None and ended_by(known):
        return f"{NOT_POSSIBLE}_sent"
    # What its provider keeps goes out later: the page has until when.
    is_begun = known.edition.first_handed is not None and not known.is_kept
    return f"{NOT_POSSIBLE}_begun" if is_begun else NOT_POSSIBLE


def ended_by(known: Known) -> LogLine | None:
    """The line of the log that says who stopped it, else who sent it or let it go when its hour had come."""
    edition = known.edition
    if edition.state is EditionState.STOPPED:
        return next((line for line in reversed(known.log) if line.what.startswith(STOPPED)), None)
    begun = edition.first_handed
    for line in reversed(known.log):
        is_sent = line.what.startswith(("let go at once", "released")) and line.at >= edition.goes
        if begun is not None and is_sent and line.at <= begun:
            return line
    return None


def refusal(of: Refusal, phrase: Callable[[str], str]) -> Said:
    """What is said of it; `phrase` has the words."""
    is_held = of.is_hold and (bool(of.box) or of.key == _HOLD_UNSAVED)
    leads = (*of.mended, *(of.kept if of.key in _LEADS_TO_A_BOX else ()))
    return Said(
        tuple(map(phrase, of.keys)),
        is_error=of.key not in _QUIET,
        done=phrase(_DID_HOLD) if is_held else "",
        wrong={box: phrase(key) for box, key in of.mended.items()},
        way=leads[0] if leads else "",
        since=of.seen if of.key in SAYS_WHAT_IS_NEW else 0,
    )
