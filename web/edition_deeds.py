"""What the form of an edition's controls asks for, and the doing of it inside one writing transaction."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from sqlalchemy.engine import Connection

from content.sanitise import clean_line
from newsletter import editions, holds
from newsletter.desk import absent, editing
from newsletter.desk.choices import ImpossibleError
from newsletter.edition import Edition, Edits, Selection
from newsroom.errors import HeldError, MisuseError, RenderError
from newsroom.settings import Settings
from web.edition_view import LEAD, note_text
from web.forms import Form

ALWAYS = ("hold", "stop")
"""What keeps an edition from going out is done, whatever somebody else has done meanwhile."""

CHOICES = frozenset({"lead", "drop", "back", "top"})
"""What is done to one story."""

DEEDS = CHOICES | {"hold", "release", "now", "stop", "save", "look"}
"""What a form may ask for; `look` shows it again with what was typed."""

NOTE_LIMIT = 5_000
"""Characters of a note that is written here."""

TOP, WORDS, DROPPED, LEFT_OUT = "top", "words", "dropped", "left-out"
"""Parts of the page, beside the sections' and the lead's."""

BESIDES = ("leads", "given", "stays")
"""What a press may bring about besides: another story leads, the subject that was written by hand was given
up, or stays though another story leads."""

BOXES = ("subject", "note")
"""The names of what is typed into."""

_NO_EDITS = Edits()


class RefusedError(Exception):
    """Nothing was done: `key` is that of the phrase that says why, `status` the answer's."""

    def __init__(self, key: str, status: int = 409) -> None:
        super().__init__(key)
        self.key = key
        self.status = status


@dataclass(frozen=True, slots=True)
class Press:
    """The button that was pressed."""

    do: str
    story: str = ""
    section: str = ""


@dataclass(frozen=True, slots=True)
class Typed:
    """What the boxes hold; None where the form had none."""

    subject: str | None = None
    note: str | None = None


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
    """The ids of what had given way to what is left out again."""
    unsaved: str = ""
    """The key of the phrase that says why what was typed was not saved; empty where nothing was lost."""


def press_of(form: Form) -> Press | None:
    """The button; None where the form names none of this page."""
    do, _, what = form.get("do").partition(" ")
    if do not in DEEDS or bool(what) is not (do in CHOICES):
        return None
    if do == "top":
        section, _, story = what.partition(" ")
        return Press(do, story, section)
    return Press(do, what)


def mark_of(text: str) -> str:
    """What a form says of the text that a box had when its page was drawn, short enough for every press."""
    # A browser sends every end of a line as two characters.
    plain = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    return sha256(plain.encode(errors="replace")).hexdigest()[:16]


def shown_mark(selection: Selection) -> str:
    """What the question whether to send says of what it showed: the lead and the subject."""
    return mark_of(f"{selection.leading}\n{selection.subject}")


def only_changed(form: Form) -> Form:
    """The form without the boxes that hold what its page showed: nobody typed that, and what others have
    written there since stays. A box of which the form does not say what was shown was typed."""
    same = {name for name in BOXES if name in form.single and _is_as_shown(form, name)}
    return Form(form.pairs, {name: text for name, text in form.single.items() if name not in same})


def _is_as_shown(form: Form, name: str) -> bool:
    return form.get(f"was_{name}") == mark_of(form.single[name])


def typed_of(form: Form) -> Typed:
    """What the form brings of the boxes."""
    subject, note = form.single.get("subject"), form.single.get("note")
    return Typed(
        None if subject is None else clean_line(subject),
        None if note is None else note.replace("\r\n", "\n").strip(),
    )


def new_words(typed: Typed, selection: Selection) -> Edits:
    """What was typed and is not in the edition yet. Raises RefusedError where it is too long."""
    words = Edits()
    if typed.subject is not None and typed.subject != (selection.edits.subject or ""):
        if len(typed.subject) > editing.SUBJECT_LIMIT:
            raise RefusedError("edition_subject_long", 422)
        words = replace(words, subject=typed.subject)
    if typed.note is not None and typed.note != note_text(selection).strip():
        if len(typed.note) > NOTE_LIMIT:
            raise RefusedError("edition_note_long", 422)
        words = replace(words, note=editing.note_of(typed.note), note_text=typed.note)
    return words


def unsaved(connection: Connection, edition: Edition, typed: Typed) -> bool:
    """Whether something was typed that the edition does not have, be it too long for it."""
    try:
        return _words(connection, edition, typed) != _NO_EDITS
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
            raise RefusedError("edition_stale")
        if press.do in ("release", "now"):
            return _let_go(desk, typed, at_once=press.do == "now")
        return _edited(desk, press, typed)
    except ImpossibleError as error:
        raise RefusedError(f"edition_cannot_{error.cannot.name.lower()}") from error
    except editing.NoStoryLeftError as error:
        raise RefusedError("edition_last_story") from error
    except (MisuseError, HeldError, RenderError) as error:
        raise RefusedError("edition_not_possible") from error


def _kept_back(desk: Desk, press: Press, typed: Typed, *, is_stale: bool) -> Done:
    connection, edition = desk.connection, desk.edition
    if press.do == "stop":
        holds.stop(connection, edition.key, "", desk.by, desk.now)
        return Done(TOP)
    if not edition.held:
        holds.hold(connection, edition.key, "", desk.by, desk.now)
    if edition.first_handed is not None:
        return Done(TOP)
    try:
        words = _words(connection, edition, typed)
    except RefusedError as refused:
        return Done(TOP, unsaved=refused.key)
    if words == _NO_EDITS or is_stale:
        return Done(TOP, unsaved="edition_hold_unsaved" if words != _NO_EDITS else "")
    try:
        desk.change(words)
    except ImpossibleError as error:
        return Done(TOP, unsaved=f"edition_cannot_{error.cannot.name.lower()}")
    except (MisuseError, RenderError):
        # It is held all the same; a change that cannot be writes nothing.
        return Done(TOP, unsaved="edition_hold_unsaved")
    return Done(TOP, has_words=True)


def _let_go(desk: Desk, typed: Typed, *, at_once: bool) -> Done:
    words = _words(desk.connection, desk.edition, typed)
    if words != _NO_EDITS:
        desk.change(words)
    editing.release(desk.connection, desk.settings, desk.edition.key, desk.by, desk.now, at_once=at_once)
    return Done(TOP, has_words=words != _NO_EDITS)


def _words(connection: Connection, edition: Edition, typed: Typed) -> Edits:
    if not edition.revision:
        return _NO_EDITS
    return new_words(typed, editions.selection_of(connection, edition.key, edition.revision))


def _edited(desk: Desk, press: Press, typed: Typed) -> Done:
    connection, edition = desk.connection, desk.edition
    if not edition.revision:
        raise RefusedError("edition_not_possible")
    selection = editions.selection_of(connection, edition.key, edition.revision)
    words = new_words(typed, selection)
    away = {one.article_id for one in absent.no_room(connection, edition)}
    where, choice = _choice(press, selection, away)
    edits = replace(choice, subject=words.subject, note=words.note, note_text=words.note_text)
    changed = desk.change(edits)
    has_words = press.do != "save" and words != _NO_EDITS
    if not changed.what:
        raise RefusedError("edition_same", 200)
    besides = _besides(edits, selection, changed.selection)
    return Done(where, changed.gave_way, besides, has_words, changed.came_back)


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
    return tuple(one for one in BESIDES if said[one])


def _choice(press: Press, selection: Selection, away: Collection[str]) -> tuple[str, Edits]:
    """(where the button stood, what it chooses); `away` are the ids of what had no room. Raises
    RefusedError for a story or a section that is not there."""
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
        case "back" if story in selection.edits.dropped or story in away:
            is_dropped = story in selection.edits.dropped
            return DROPPED if is_dropped else LEFT_OUT, Edits(restored=frozenset({story}))
    raise RefusedError("edition_not_possible")
