"""What editors have changed in an edition: for its log by ids, for the other editors by headlines. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from content.prose import plain
from newsletter.composition.difference import by_hand, gone
from newsletter.composition.subject import cut, one_line
from newsletter.edition import Edits, Selection
from newsletter.rendering.lines import clean, unbroken
from newsletter.rendering.tongue import set_apart
from newsroom.masthead import SectionKind

QUOTED = 80
"""So many characters of what an editor wrote are in the log."""

MOST = 8
"""Stories that are named of those that came in, or went."""

Words = Mapping[str, str]
"""templates/words/personal/preview/LANGUAGE.toml."""

_NO_EDITS = Edits()


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
    chosen = [
        f"lead {edits.lead}{_instead_of(edits.lead, before)}" if edits.lead else "",
        _listed("dropped", sorted(edits.dropped)),
        _listed("taken in", sorted(edits.restored)),
        _listed("placed", [f"{story} in {section}" for story, section in edits.places]),
        _subject(edits, before, after) if edits.subject is not None else "",
        _note(edits) if edits.note is not None else "",
    ]
    of_others = [
        _listed("moved", [f"{story} to {section}" for story, section in others.moved]),
        _listed("gave way", others.gave_way),
        _listed("back in the room", others.came_back),
    ]
    along = _along(edits, before, fresh, live)
    if any(chosen):
        chosen += of_others
    else:
        along += of_others
    said = [
        f"{what}: {'; '.join(filter(None, parts))}"
        for what, parts in (("edited", chosen), ("brought up to date", along))
        if any(parts)
    ]
    return "; ".join((*said, *by_hand(before, after, edits.dropped))) or "brought up to date"


def moved(edits: Edits, before: Selection, after: Selection) -> tuple[tuple[str, str], ...]:
    """(id, section) of those in another section than before that nobody placed there."""
    placed, sections = dict(edits.places), after.sections
    return tuple((id_, sections[id_]) for id_ in _moved(before, after) if id_ not in placed)


def _along(edits: Edits, before: Selection, fresh: Selection, live: Collection[str]) -> list[str]:
    """What is otherwise in the edition by no editor's doing."""
    there = {story.teaser.id: story.teaser for story in fresh.stories}
    out = [id_ for id_ in gone(before, fresh) if id_ not in edits.dropped]
    known = [one.teaser for one in before.stories if one.teaser.id not in edits.dropped]
    changed = [one.id for one in known if there.get(one.id, one) != one]
    other_lead = fresh.leading if fresh.leading != before.leading and not edits.lead else ""
    return [
        _listed("withdrawn or put off", [id_ for id_ in out if id_ not in live]),
        _listed("without a place now", [id_ for id_ in out if id_ in live]),
        _listed("changed", changed),
        f"lead {other_lead}{_instead_of(other_lead, before)}" if other_lead else "",
        _listed("moved", [f"{story} to {section}" for story, section in moved(_NO_EDITS, before, fresh)]),
    ]


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
        ("changed_moved", moved(_NO_EDITS, before, after)),
        ("changed_up", _further_up(before, after)),
    ):
        named.append((key, [f"{names[id_]} ({titles[section]})" for id_, section in places]))
    lines += [_named(words[key], some, words) for key, some in named if some]
    if after.note != before.note:
        key = "changed_note" if before.note else "changed_note_new"
        now = set_apart(cut(one_line(plain(after.note)), QUOTED), "", language)
        lines.append(Told(words[key if after.note else "changed_note_gone"].format(now=now)))
    return tuple(lines)


def _moved(before: Selection, after: Selection) -> list[str]:
    """Those in another section than before; the lead is said by itself."""
    sections = before.sections
    return [id_ for id_, section in after.sections.items() if sections.get(id_, section) != section]


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


def _instead_of(lead: str, before: Selection) -> str:
    led = before.leading
    return f" instead of {led}" if led and led != lead else ""


def _subject(edits: Edits, before: Selection, after: Selection) -> str:
    by_rule = "" if edits.subject else " by rule"
    return f"subject{by_rule} {_quoted(after.subject)} instead of {_quoted(before.subject)}"


def _note(edits: Edits) -> str:
    if not edits.note:
        return "note taken away"
    return f"note {_quoted(edits.note_text)}" if edits.note_text else "note"


def _quoted(text: str) -> str:
    return f'"{cut(one_line(text), QUOTED)}"'


def _listed(what: str, ids: Collection[str]) -> str:
    return f"{what} {len(ids)}: {', '.join(ids)}" if ids else ""
