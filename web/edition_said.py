"""What an editor is told of a press that was not done, or not as a whole. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from web.edition_deeds import OTHER_LEAD, TOP
from web.edition_form import Press
from web.edition_view import Known

LEAD_GONE = "edition_lead_gone"
"""The key of OTHER_LEAD where the story that led was withdrawn."""

_STALE, _STALE_OWN, _UNSAVED, _HOLD_UNSAVED = (
    f"edition_{one}" for one in ("stale", "stale_own", "unsaved", "hold_unsaved")
)
_QUIET = ("edition_same", "edition_did_hold", _UNSAVED)
"""What is said without having to be acted on."""
_AT_BOX = {
    "edition_subject_long": "subject",
    "edition_note_long": "note",
    "edition_cannot_field": "subject",
    OTHER_LEAD: "subject",
    LEAD_GONE: "subject",
}
"""The box that is meant, by the phrase."""
_SAYS_WHAT_IS_NEW = (_STALE, _STALE_OWN, _HOLD_UNSAVED)
_LEADS_TO_A_BOX = (*_SAYS_WHAT_IS_NEW, _UNSAVED)
_ABOUT_BOXES = {*_LEADS_TO_A_BOX, "edition_last_story", *_AT_BOX}
"""What is said of boxes and buttons that are not there when nothing can be changed any more."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the page says of what was pressed: lines, and in which part of it they stand."""

    lines: tuple[str, ...]
    where: str = TOP
    is_error: bool = False
    box: str = ""
    """The box that has to be mended."""
    wrong: str = ""
    """What is wrong with it."""
    way: str = ""
    """The box that it leads to: that one, or the first that holds what is not saved."""
    since: int = 0
    """The line of the edition's log after which all is new to the editor; 0 where nothing is called new."""


def as_things_are(key: str, editor: str, known: Known, seen: int, led: str, press: Press | None) -> str:
    """The key of the phrase that is true now: whose doing is new since the log's line `seen`, and what became
    of the story `led`, which led on the page that was pressed."""
    since = {line.by for line in known.log if line.number > seen}
    if key == _STALE and since == {editor[:200]}:
        key = _STALE_OWN
    if key == OTHER_LEAD and any(one.id == led and one.is_withdrawn for one in known.gone):
        key = LEAD_GONE
    if not known.takes_words and key in _ABOUT_BOXES:
        # There is nothing to press once more, nor what was typed.
        held = press is not None and press.do == "hold"
        key = "edition_did_hold" if held else "edition_not_possible"
    return key


def refusal(
    key: str, press: Press | None, kept: Sequence[str], seen: int, phrase: Callable[[str], str]
) -> Said:
    """What is said where `key` says why; `kept` are the boxes that hold what is not saved."""
    box, keys = _AT_BOX.get(key, ""), [key]
    if box and press is not None and press.do == "hold":
        keys.insert(0, "edition_did_hold")
    elif box and press is not None and press.do != "save":
        keys.append("edition_long_undone")
    if key in (OTHER_LEAD, LEAD_GONE):
        keys.append("edition_lead_look")
    if key in (_STALE, _STALE_OWN):
        keys.append("edition_still" if kept else "edition_look")
    return Said(
        tuple(phrase(one) for one in keys),
        is_error=key not in _QUIET,
        box=box,
        wrong=phrase(key) if box else "",
        way=box or (kept[0] if kept and key in _LEADS_TO_A_BOX else ""),
        since=seen if key in _SAYS_WHAT_IS_NEW else 0,
    )
