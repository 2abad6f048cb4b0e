"""What editors have changed in an edition: for its log by ids, for the other editors by headlines. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from content.prose import plain
from newsletter.composition.difference import (
    QUOTED,
    by_hand,
    differences,
    lead,
    listed,
    moved,
    quoted,
    subject,
)
from newsletter.composition.subject import cut, one_line
from newsletter.edition import Edits, Selection
from newsletter.rendering.lines import clean, unbroken
from newsletter.rendering.tongue import set_apart
from newsroom.masthead import SectionKind

MOST = 8
"""Stories that are named of those that came in, or went."""

Words = Mapping[str, str]
"""templates/words/personal/preview/LANGUAGE.toml."""


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that is otherwise."""

    said: str
    stories: tuple[str, ...] = ()
    """Whose headlines follow; a single one is in what is said."""


@dataclass(frozen=True, slots=True)
class Others:
    """What became of stories that an edit does not name: their ids."""

    gave_way: tuple[str, ...] = ()
    """They lost their room to another, and wait for the next edition."""
    came_back: tuple[str, ...] = ()
    """They had lost it before, and have it again."""
    moved: tuple[tuple[str, str], ...] = ()
    """Each with the key of the section that it stands in now."""


_NO_OTHERS = Others()


def logged(
    edits: Edits,
    before: Selection,
    fresh: Selection,
    after: Selection,
    live: Collection[str] = (),
    others: Others = _NO_OTHERS,
) -> str:
    """What was changed and from what: stories by their ids, an editor's own words as they are.

    What `fresh`, the edition brought up to date alone, has otherwise than `before` came along, and is told
    apart: nobody chose it. `live` are the ids of what was not withdrawn.
    """
    by_edit = _consequences(edits, before, fresh, after)
    chosen = [
        (lead(before, after) or f"lead {edits.lead}") if edits.lead else "",
        listed("dropped", sorted(edits.dropped)),
        listed("taken in", sorted(edits.restored)),
        listed("placed", [f"{story} in {section}" for story, section in edits.places]),
        _subject(edits, before, after) if edits.subject is not None else "",
        _note(edits) if edits.note is not None else "",
    ]
    consequences = [
        *by_edit.values(),
        listed("moved", [f"{story} to {section}" for story, section in others.moved]),
        listed("gave way", others.gave_way),
        listed("back in the room", others.came_back),
    ]
    along = differences(before, fresh, live, known=edits.dropped)
    # Each is said once: where it came about, and as what it came to in the end.
    elsewhere = {*by_edit, "lead" if edits.lead else "", "subject" if edits.subject is not None else ""}
    came = [words for what, words in along.items() if what not in elsewhere]
    if any(chosen):
        chosen += consequences
    else:
        came += consequences
    said = [
        f"{what}: {'; '.join(filter(None, parts))}"
        for what, parts in (("edited", chosen), ("brought up to date", came))
        if any(parts)
    ]
    return "; ".join((*said, *by_hand(before, after, edits.dropped))) or "brought up to date"


def _consequences(edits: Edits, before: Selection, fresh: Selection, after: Selection) -> dict[str, str]:
    """Lead and subject, where the edits brought about another one and do not name it."""
    found = {}
    if not edits.lead and after.leading != fresh.leading:
        found["lead"] = lead(before, after)
    if edits.subject is None and after.subject != fresh.subject:
        found["subject"] = subject(before, after)
    return found


def told(
    before: Selection,
    after: Selection,
    words: Words,
    withdrawn: Collection[str] = (),
    language: str = "en",
) -> tuple[Told, ...]:
    """What is otherwise in `after`, in `language`, for an editor who has seen `before`; `withdrawn` are the
    ids of what no editor took out."""
    names = {
        teaser.id: set_apart(unbroken(clean(teaser.headline)), teaser.language, language)
        for teaser in (story.teaser for story in (*before.stories, *after.stories))
    }
    were, are = ([story.teaser.id for story in one.stories] for one in (before, after))
    lines = []
    if after.subject != before.subject:
        now, then = (set_apart(clean(one.subject), "", language) for one in (after, before))
        lines.append(Told(words["changed_subject"].format(now=now, before=then)))
    if after.leading and after.leading != before.leading:
        lines.append(Told(words["changed_lead"].format(now=names[after.leading])))
    named = []
    for key, ids in (
        ("changed_out", [id_ for id_ in were if id_ not in are and id_ not in withdrawn]),
        ("changed_withdrawn", [id_ for id_ in were if id_ not in are and id_ in withdrawn]),
        ("changed_in", [id_ for id_ in are if id_ not in were]),
    ):
        named.append((key, [names[id_] for id_ in ids]))
    titles = {block.section: set_apart(clean(block.title), "", language) for block in after.blocks}
    for key, places in (
        ("changed_moved", moved(before, after)),
        ("changed_up", _further_up(before, after)),
    ):
        named.append((key, [f"{names[id_]} ({titles[section]})" for id_, section in places]))
    lines += [_named(words[key], some, words) for key, some in named if some]
    if after.note != before.note:
        key = "changed_note" if before.note else "changed_note_new"
        now = set_apart(cut(one_line(plain(after.note)), QUOTED), "", language)
        lines.append(Told(words[key if after.note else "changed_note_gone"].format(now=now)))
    return tuple(lines)


def _further_up(before: Selection, after: Selection) -> tuple[tuple[str, str], ...]:
    """(id, section) of those that stand before others in their section which they stood behind."""
    stood = {block.section: [story.teaser.id for story in block.stories] for block in before.blocks}
    found = []
    for block in after.blocks:
        if block.kind not in (SectionKind.EDITORIAL, SectionKind.BRIEFS):
            continue
        are = [story.teaser.id for story in block.stories]
        waiting = [id_ for id_ in stood.get(block.section, ()) if id_ in are]
        for id_ in are:
            if id_ in waiting:
                if id_ != waiting[0]:
                    found.append((id_, block.section))
                waiting.remove(id_)
    return tuple(found)


def _named(phrase: str, names: Sequence[str], words: Words) -> Told:
    if len(names) == 1:
        return Told(phrase.format(what=names[0]))
    more = (words["more"].format(count=len(names) - MOST),) if len(names) > MOST else ()
    return Told(phrase.format(what="").rstrip(), (*names[:MOST], *more))


def _subject(edits: Edits, before: Selection, after: Selection) -> str:
    by_rule = "" if edits.subject else " by rule"
    return f"subject{by_rule} {quoted(after.subject)} instead of {quoted(before.subject)}"


def _note(edits: Edits) -> str:
    if not edits.note:
        return "note taken away"
    return f"note {quoted(edits.note_text)}" if edits.note_text else "note"
