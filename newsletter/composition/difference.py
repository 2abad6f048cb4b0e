"""What a revision has otherwise than the one before it, in words for logs: stories by their ids. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from newsletter.edition import Selection

_MOST = 5


def changes(before: Selection, after: Selection) -> str:
    """Which stories are out of it, and which are otherwise; "" where it is something else."""
    now = {story.teaser.id: story.teaser for story in after.stories}
    other = [one.teaser.id for one in before.stories if now.get(one.teaser.id, one.teaser) != one.teaser]
    said = [
        f"{word} {_few(ids)}" for word, ids in (("without", gone(before, after)), ("changed:", other)) if ids
    ]
    return f": {'; '.join(said)}" if said else ""


def gone(before: Selection, after: Selection) -> list[str]:
    """The ids of the stories that are not in it any more, in reading order."""
    there = {story.teaser.id for story in after.stories}
    return [story.teaser.id for story in before.stories if story.teaser.id not in there]


def by_hand(before: Selection, after: Selection, dropped: Collection[str] = ()) -> tuple[str, ...]:
    """What became of an editor's words because stories have gone: a subject is given up with the story that
    it was written for; a note stays, and somebody has to read it again, but for what somebody has just
    `dropped` and knows of."""
    said = []
    if before.edits.subject and after.edits.subject is None:
        led = before.edits.subject_of or before.leading or "its lead"
        said.append(
            f"the subject written by hand is given up with {led}, which is out of it; the rule makes one"
        )
    news = {story.teaser.id for story in before.stories if not story.teaser.is_sponsored}
    lost = [id_ for id_ in gone(before, after) if id_ in news and id_ not in dropped]
    if after.note and after.note == before.note and lost:
        said.append(f"the note stays as it was written: see whether it speaks of {_few(lost)}, out of it now")
    return tuple(said)


def _few(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _MOST} more" if len(ids) > _MOST else ""
    return ", ".join(ids[:_MOST]) + more
