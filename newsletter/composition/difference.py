"""What a revision has otherwise than the one before it, in words for logs: stories by their ids. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from content.teaser import Teaser
from newsletter.composition.subject import cut, one_line
from newsletter.edition import Selection
from newsletter.rendering.lines import clean

QUOTED = 80
"""So many characters of what somebody wrote are in a log."""

_MOST = 5


def differences(
    before: Selection,
    after: Selection,
    live: Collection[str] | None = None,
    known: Collection[str] = (),
) -> dict[str, str]:
    """What `after` has otherwise, in the order in which it is told, by what it is of: stories that are out of
    it, those that are not as they were, lead, subject, and stories in another section.

    Where `live`, the ids of what was not withdrawn, is there, it is said which story was; what is `known` to
    be out, by their ids, is not told.
    """
    out = [id_ for id_ in gone(before, after) if id_ not in known]
    there = {story.teaser.id: story.teaser for story in after.stories}
    stay = (story.teaser for story in before.stories if story.teaser.id in there.keys() - set(known))
    if live is None:
        said = {"out": _first("without", out)}
    else:
        said = {
            "withdrawn": _first("withdrawn or put off", [id_ for id_ in out if id_ not in live]),
            "no place": _first("without a place now", [id_ for id_ in out if id_ in live]),
        }
    said |= {
        "changed": _first("changed", [one.id for one in stay if not _is_same(one, there[one.id])]),
        "lead": lead(before, after),
        "subject": subject(before, after),
        "moved": _first("moved", [f"{story} to {section}" for story, section in moved(before, after)]),
    }
    return {what: words for what, words in said.items() if words}


def changes(before: Selection, after: Selection) -> str:
    """All of that after a colon; "" where it is something else."""
    said = "; ".join(differences(before, after).values())
    return f": {said}" if said else ""


def lead(before: Selection, after: Selection) -> str:
    """Who leads instead of whom; "" where the same story does."""
    if before.leading == after.leading:
        return ""
    instead = f" instead of {before.leading}" if before.leading else ""
    return f"lead {after.leading}{instead}" if after.leading else f"no lead{instead}"


def subject(before: Selection, after: Selection) -> str:
    """Both subjects; "" where it is the same."""
    if before.subject == after.subject:
        return ""
    return f"subject {quoted(after.subject)} instead of {quoted(before.subject)}"


def moved(before: Selection, after: Selection, but: Collection[str] = ()) -> tuple[tuple[str, str], ...]:
    """(id, section) of those in another section than before, without those ids; the lead stands in none, and
    is said by itself."""
    were = before.sections
    return tuple(
        (id_, section)
        for id_, section in after.sections.items()
        if were.get(id_, section) != section and id_ not in but
    )


def gone(before: Selection, after: Selection) -> list[str]:
    """The ids of the stories that are not in it any more, in reading order."""
    there = {story.teaser.id for story in after.stories}
    return [story.teaser.id for story in before.stories if story.teaser.id not in there]


def by_id(teaser: Teaser) -> str:
    """A story as logs name it."""
    return teaser.id


def by_headline(teaser: Teaser) -> str:
    """A story as people name it."""
    return f"“{clean(teaser.headline)}”"


def by_hand(
    before: Selection,
    after: Selection,
    dropped: Collection[str] = (),
    named: Callable[[Teaser], str] = by_id,
) -> tuple[str, ...]:
    """What became of an editor's words because stories have gone: a subject is given up with the story that
    it was written for; a note stays, and somebody has to read it again, but for what somebody has just
    `dropped` and knows of."""
    said = []
    names = {story.teaser.id: named(story.teaser) for story in before.stories}
    if before.edits.subject and after.edits.subject is None:
        led = before.edits.subject_of or before.leading
        of = names.get(led, led) or "its lead"
        said.append(
            f"the subject written by hand is given up with {of}, which is out of it; the rule makes one"
        )
    news = {story.teaser.id for story in before.stories if not story.teaser.is_sponsored}
    lost = [names[id_] for id_ in gone(before, after) if id_ in news and id_ not in dropped]
    if after.note and after.note == before.note and lost:
        said.append(f"the note stays as it was written: see whether it speaks of {_few(lost)}, out of it now")
    return tuple(said)


def listed(what: str, ids: Collection[str]) -> str:
    """How many of them, and which; "" where there are none."""
    return f"{what} {len(ids)}: {', '.join(ids)}" if ids else ""


def quoted(text: str) -> str:
    """The beginning of what somebody wrote."""
    return f'"{cut(one_line(text), QUOTED)}"'


def _is_same(before: Teaser, now: Teaser) -> bool:
    """Whether nobody wrote anything anew: what was withdrawn and is there again is otherwise in its time
    alone."""
    return replace(before, changed=now.changed) == now


def _first(what: str, ids: Sequence[str]) -> str:
    return f"{what} {len(ids)}: {_few(ids)}" if ids else ""


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(names[:_MOST]) + more
