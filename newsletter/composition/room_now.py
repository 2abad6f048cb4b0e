"""What an account of left-out stories says of a section's room, held against the stories there are. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from newsletter.edition import LeftOut, Selection
from newsletter.left_out import Why


def as_it_is(left_out: Iterable[LeftOut], selection: Selection) -> tuple[LeftOut, ...]:
    """The account as it is true of `selection`: a section is full only while it is. Of one that has room
    again it says that it was; full once more, that it is."""
    filled = {block.title: len(block.stories) for block in selection.blocks}
    return tuple(_now(one, filled) if one.why in (Why.FULL, Why.WAS_FULL) else one for one in left_out)


def _now(one: LeftOut, filled: dict[str, int]) -> LeftOut:
    sections = zip(one.values[::2], one.values[1::2], strict=True)
    is_full = all(filled.get(str(title), 0) >= int(str(count)) for title, count in sections)
    return replace(one, why=Why.FULL if is_full else Why.WAS_FULL)
