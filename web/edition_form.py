"""What the form of an edition's controls brings: which button was pressed, and what was typed. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256

from content.sanitise import clean_line
from web.forms import Form

CHOICES = frozenset({"lead", "drop", "back", "top"})
"""What is done to one story."""

DEEDS = CHOICES | {"hold", "release", "now", "stop", "save", "look"}
"""What a form may ask for; `look` shows it again with what was typed."""

BOXES = ("subject", "note")
"""The names of what is typed into."""


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
    lead: str | None = None
    """The id of the lead that the form's page showed, which a subject is written for."""
    is_cut: bool = False
    """Whether a box held more than is read, so that nobody knows what."""


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


def only_changed(form: Form) -> Form:
    """The form without the boxes that hold what its page showed: nobody typed that, and what others have
    written there since stays. A box of which the form does not say what was shown was typed."""
    same = {name for name in BOXES if name in form.single and _is_as_shown(form, name)}
    return replace(form, single={name: text for name, text in form.single.items() if name not in same})


def _is_as_shown(form: Form, name: str) -> bool:
    return form.get(f"was_{name}") == mark_of(form.single[name])


def typed_of(form: Form) -> Typed:
    """What the form brings of the boxes."""
    subject, note = form.single.get("subject"), form.single.get("note")
    return Typed(
        None if subject is None else clean_line(subject),
        None if note is None else note.replace("\r\n", "\n").strip(),
        form.single.get("was_lead"),
        form.is_cut,
    )
