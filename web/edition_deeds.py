"""What a press on an edition's controls does, inside one writing transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.engine import Connection

from content.blank import is_blank
from content.prose import plain
from newsletter import editions, holds
from newsletter.composition.subject import has_fields, unknown_field
from newsletter.desk import absent, editing
from newsletter.desk.choices import Cannot, ImpossibleError, with_words
from newsletter.desk.previews import selection_shown
from newsletter.edition import Edition, Edits, Selection
from newsroom.errors import HeldError, MisuseError, RenderError
from newsroom.settings import Settings
from web.edition_form import BOXES, Press, Typed, mark_of, typed_of
from web.edition_view import LEAD, note_text
from web.forms import Form

ALWAYS = ("hold", "stop")
"""What keeps an edition from going out is done, whatever somebody else has done meanwhile."""

TOP, WORDS, GONE, DROPPED, LEFT_OUT = "top", "words", "gone", "dropped", "left-out"
"""Parts of the page, beside the sections' and the lead's."""

BESIDES = ("leads", "given", "stays", "picture", "link", "bare")
"""What a press may bring about besides: another story leads, the subject that was written by hand was given
up, or stays though another story leads; a picture or a link of the note is in no mail, or nothing at all."""

OTHER_LEAD = "edition_lead_other"
"""The key of why a subject was not saved that was written for a story that leads no more."""

CUT = "edition_cut"
"""The key of why a box was not saved that held more than is read."""

STALE, NOT_POSSIBLE = "edition_stale", "edition_not_possible"
_SAME, _LAST = "edition_same", "edition_last_story"
_SUBJECT_LONG, _NOTE_LONG = "edition_subject_long", "edition_note_long"

REFUSALS = {
    _SAME: 200,
    STALE: 409,
    NOT_POSSIBLE: 409,
    _LAST: 409,
    "edition_not_taken_back": 409,
} | {f"edition_cannot_{one.name.lower()}": 409 for one in Cannot if one is not Cannot.FIELD}
"""The keys of why a press was not done that have nothing to do with what was typed, each with its status."""

_NO_EDITS = Edits()


class RefusedError(Exception):
    """Nothing was done: `key` is that of the phrase that says why, `status` the answer's."""

    def __init__(self, key: str, status: int = 409) -> None:
        super().__init__(key)
        self.key = key
        self.status = status


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a press."""

    where: str
    """The part of the page that the button stood in."""
    gave_way: Collection[str] = ()
    besides: Collection[str] = ()
    """What else came with it, of BESIDES."""
    has_words: bool = False
    """Whether what was typed was saved with it."""
    came_back: Collection[str] = ()
    """The ids of what had given way, and has its room again."""
    moved: Collection[str] = ()
    """The ids of what stands in another section now, by no editor's choice."""
    unsaved: str = ""
    """The key of the phrase that says why what was typed was not saved; empty where nothing was lost."""


def shown_mark(selection: Selection) -> str:
    """What the question whether to send says of what it showed: the lead and the subject."""
    return mark_of(f"{selection.leading}\n{selection.subject}")


def not_saved(form: Form, selection: Selection | None) -> tuple[str, ...]:
    """The boxes that hold what the edition has not, be it too long for it."""
    if selection is None:
        return ()
    typed = typed_of(form)
    has = {"subject": selection.edits.subject or "", "note": note_text(selection).strip()}
    got = {"subject": typed.subject, "note": typed.note}
    return tuple(box for box in BOXES if got[box] is not None and got[box] != has[box])


def wrong_boxes(form: Form, kept: Collection[str]) -> dict[str, str]:
    """Of the boxes that hold what is not saved, those that cannot be: each with the key of why."""
    typed, found = typed_of(form), {}
    if "subject" in kept and len(typed.subject or "") > editing.SUBJECT_LIMIT:
        found["subject"] = _SUBJECT_LONG
    elif "subject" in kept and unknown_field(typed.subject or ""):
        found["subject"] = "edition_cannot_field"
    if "note" in kept and len(typed.note or "") > editing.NOTE_LIMIT:
        found["note"] = _NOTE_LONG
    return found


def new_words(typed: Typed, selection: Selection) -> Edits:
    """What was typed and is not in the edition yet. Raises RefusedError where it is too long."""
    words = _NO_EDITS
    if typed.subject is not None and typed.subject != (selection.edits.subject or ""):
        if len(typed.subject) > editing.SUBJECT_LIMIT:
            raise RefusedError(_SUBJECT_LONG, 422)
        words = replace(words, subject=typed.subject)
    if typed.note is not None and typed.note != note_text(selection).strip():
        if len(typed.note) > editing.NOTE_LIMIT:
            raise RefusedError(_NOTE_LONG, 422)
        words = replace(words, note=editing.note_of(typed.note), note_text=typed.note)
    return words


def unsaved(connection: Connection, edition: Edition, typed: Typed) -> bool:
    """Whether something was typed that the edition does not have, be it too long for it."""
    try:
        return typed.is_cut or _words(connection, edition, typed) != _NO_EDITS
    except RefusedError:
        return True


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a press is answered: inside one writing transaction, of an edition that nobody else changes."""

    connection: Connection
    settings: Settings
    edition: Edition
    by: str
    """The editor's address."""
    now: datetime

    def change(self, edits: Edits) -> editing.Changed:
        """Make the edits the edition's. Raises MisuseError, ImpossibleError, HeldError, RenderError."""
        return editing.change(self.connection, self.settings, self.edition.key, edits, self.by, self.now)


def done(desk: Desk, press: Press, typed: Typed, *, is_stale: bool = False) -> Done:
    """Do what was asked for, and save what was typed with it. With `is_stale` somebody has done something
    that whoever presses has not seen.

    Raises RefusedError where it cannot be: the transaction is to be rolled back then.
    """
    try:
        if press.do in ALWAYS:
            return _kept_back(desk, press, typed, is_stale=is_stale)
        if is_stale:
            raise RefusedError(STALE)
        if press.do in ("release", "now"):
            return _let_go(desk, typed, at_once=press.do == "now")
        return _edited(desk, press, typed)
    except ImpossibleError as error:
        raise RefusedError(f"edition_cannot_{error.cannot.name.lower()}") from error
    except editing.NoStoryLeftError as error:
        raise RefusedError(_LAST) from error
    except (MisuseError, HeldError, RenderError) as error:
        raise RefusedError(NOT_POSSIBLE) from error


def _kept_back(desk: Desk, press: Press, typed: Typed, *, is_stale: bool) -> Done:
    connection, edition = desk.connection, desk.edition
    if press.do == "stop":
        is_lost = unsaved(connection, edition, typed)
        holds.stop(connection, edition.key, "", desk.by, desk.now)
        return Done(TOP, unsaved="edition_did_stop" if is_lost else "")
    if not edition.held:
        holds.hold(connection, edition.key, "", desk.by, desk.now)
    if edition.first_handed is not None:
        return Done(TOP, unsaved="edition_did_hold" if unsaved(connection, edition, typed) else "")
    if typed.is_cut:
        return Done(TOP, unsaved=CUT)
    return _held_with(desk, typed, is_stale=is_stale) if edition.revision else Done(TOP)


def _held_with(desk: Desk, typed: Typed, *, is_stale: bool) -> Done:
    """Save what was typed with a hold, which is done already."""
    before = editions.selection_of(desk.connection, desk.edition.key, desk.edition.revision)
    try:
        words = new_words(typed, before)
        if words == _NO_EDITS or is_stale:
            return Done(TOP, unsaved="edition_hold_unsaved" if words != _NO_EDITS else "")
        _check_lead(desk, words, typed)
        desk.change(words)
    except RefusedError as refused:
        return Done(TOP, unsaved=refused.key)
    except ImpossibleError as error:
        return Done(TOP, unsaved=f"edition_cannot_{error.cannot.name.lower()}")
    except (MisuseError, RenderError):
        # It is held all the same; a change that cannot be writes nothing.
        return Done(TOP, unsaved="edition_hold_unsaved")
    return Done(TOP, besides=_lost(words, before), has_words=True)


def _check_lead(desk: Desk, words: Edits, typed: Typed, choice: Edits = _NO_EDITS) -> None:
    """Raise RefusedError where a subject was written for another lead than there is now. A story is withdrawn
    by a run, which is no line of the edition's log: no form is stale by it."""
    if not words.subject or has_fields(words.subject) or typed.lead is None or choice.lead:
        return
    # As it is by now: to hold gives an edition that was sent early its hour back.
    edition = editions.get(desk.connection, desk.edition.key)
    newsletter = editing.newsletter_of(desk.settings, edition)
    shown = selection_shown(desk.connection, desk.settings, newsletter, edition, desk.now)
    if shown.leading and shown.leading != typed.lead:
        raise RefusedError(OTHER_LEAD)


def _let_go(desk: Desk, typed: Typed, *, at_once: bool) -> Done:
    words, lost = _words(desk.connection, desk.edition, typed), tuple[str, ...]()
    if words != _NO_EDITS:
        lost = _lost(words, editions.selection_of(desk.connection, desk.edition.key, desk.edition.revision))
        _check_lead(desk, words, typed)
        desk.change(words)
    editing.release(desk.connection, desk.settings, desk.edition.key, desk.by, desk.now, at_once=at_once)
    return Done(TOP, besides=lost, has_words=words != _NO_EDITS)


def _words(connection: Connection, edition: Edition, typed: Typed) -> Edits:
    if not edition.revision:
        return _NO_EDITS
    return new_words(typed, editions.selection_of(connection, edition.key, edition.revision))


def _edited(desk: Desk, press: Press, typed: Typed) -> Done:
    connection, edition = desk.connection, desk.edition
    if not edition.revision:
        raise RefusedError(NOT_POSSIBLE)
    selection = editions.selection_of(connection, edition.key, edition.revision)
    words = new_words(typed, selection)
    away = dict.fromkeys((one.article_id for one in absent.no_room(connection, edition)), LEFT_OUT)
    away |= dict.fromkeys(absent.returned(connection, desk.settings, edition, desk.now), GONE)
    away |= dict.fromkeys(selection.edits.dropped, DROPPED)
    where, choice = _choice(press, selection, away)
    _check_lead(desk, words, typed, choice)
    edits = replace(choice, subject=words.subject, note=words.note, note_text=words.note_text)
    changed = desk.change(edits)
    # Of what nobody would see nothing is saved.
    has_words = press.do != "save" and with_words(words, selection) != _NO_EDITS
    lost = _lost(words, selection)
    if not changed.what:
        # Of a note that is nothing but a picture nothing is left to be saved.
        raise RefusedError(f"edition_did_{lost[0]}" if lost else _SAME, 200)
    besides = (*_besides(edits, selection, changed.selection), *lost)
    moved = [id_ for id_, _ in changed.others.moved]
    return Done(where, changed.gave_way, besides, has_words, changed.came_back, moved)


def _besides(edits: Edits, before: Selection, after: Selection) -> tuple[str, ...]:
    """What the edits brought about that they do not say. Pure."""
    is_other = after.leading != before.leading
    own = before.edits.subject if edits.subject is None else ""
    said = {
        "leads": is_other and not edits.lead,
        "given": bool(own) and not after.edits.subject,
        # One with fields is filled in anew, and speaks of the story that leads now.
        "stays": bool(own) and is_other and after.edits.subject_of is not None,
    }
    return tuple(one for one, is_so in said.items() if is_so)


def lost_of(text: str, before: Selection | None) -> tuple[str, ...]:
    """What of a note is in no mail, of BESIDES: "bare" where nothing is left of it, and it took the note that
    was there `before` away."""
    if not text:
        return ()
    is_bare = before is not None and bool(before.note) and is_blank(plain(editing.note_of(text)))
    return (*editing.lost_of(text), *(["bare"] if is_bare else []))


def _lost(words: Edits, before: Selection) -> tuple[str, ...]:
    return lost_of(words.note_text or "", before)


def _choice(press: Press, selection: Selection, away: Mapping[str, str]) -> tuple[str, Edits]:
    """(where the button stood, what it chooses); `away` has by id the part of the page with what may be taken
    in. Raises RefusedError for a story or a section that is not there."""
    story = press.story
    there = selection.sections | ({selection.leading: LEAD} if selection.lead else {})
    match press.do:
        case "save":
            return WORDS, Edits()
        case "lead" if story in there:
            return there[story], Edits(lead=story)
        case "drop" if story in there:
            return there[story], Edits(dropped=frozenset({story}))
        case "top" if story in there and press.section in there.values():
            return there[story], Edits(places=((story, press.section),))
        case "back" if story in away:
            return away[story], Edits(restored=frozenset({story}))
    raise RefusedError(NOT_POSSIBLE)
