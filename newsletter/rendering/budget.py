"""Keeping an edition under its size: which stories are shortened, in which order, and how far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from newsletter.edition import LeftOut, Selection
from newsletter.rendering.lines import sentence
from newsroom.masthead import SectionKind

LIMIT = 90 * 1024
"""The most bytes of HTML a mail may have: Gmail clips what comes after 102 KB."""


SENTENCE = 120
"""The most characters of a teaser that was shortened to one sentence."""


class Depth(IntEnum):
    """How much of a story is shown."""

    FULL = 3
    SHORT = 2
    """One sentence."""
    HEADLINE = 1
    CUT = 0


_DONE = {
    Depth.SHORT: "shortened to one sentence",
    Depth.HEADLINE: "shown as a headline alone",
    Depth.CUT: "left out for room",
}

Steps = tuple[tuple[int, Depth], ...]
"""Positions in `Selection.stories`, each with the depth it goes down to, cheapest loss first."""


@dataclass(frozen=True, slots=True)
class Trim:
    """How deep each story is shown; one that is not named is shown in full."""

    depths: Mapping[int, Depth]

    def depth(self, position: int) -> Depth:
        """The depth of the story at `position` in `Selection.stories`."""
        return self.depths.get(position, Depth.FULL)

    def in_words(self, selection: Selection) -> tuple[str, ...]:
        """What was done, a line each depth and block, for the operator."""
        titles = ["lead"] if selection.lead else []
        titles += [block.title for block in selection.blocks for _ in block.stories]
        counts = Counter((depth, titles[position]) for position, depth in sorted(self.depths.items()))
        return tuple(
            f"{title}: {count} {'story' if count == 1 else 'stories'} {_DONE[depth]}"
            for depth in (Depth.SHORT, Depth.HEADLINE, Depth.CUT)
            for (at, title), count in counts.items()
            if at is depth
        )


NOTHING = Trim({})


@dataclass(frozen=True, slots=True)
class Fitted:
    """A selection that a mail has room for, the stories it lost for that, and what was done, a line each."""

    selection: Selection
    left_out: tuple[LeftOut, ...] = ()
    shortened: tuple[str, ...] = ()


def uncut(selection: Selection) -> Fitted:
    """The selection as it is."""
    return Fitted(selection)


def steps(selection: Selection) -> Steps:
    """Every step there is, in order: from the last news block backwards each teaser becomes a sentence,
    then a headline; then the lead's becomes a sentence; then latest headlines go, sponsored lines, briefs,
    and at last news headlines. The lead stays."""
    teasers = [story.teaser.teaser for story in selection.stories]

    def short(position: int) -> str:
        return sentence(teasers[position], SENTENCE)

    places = _places(selection)
    news = places[SectionKind.EDITORIAL]
    lead = (0,) if selection.lead else ()
    lines = (
        *places[SectionKind.LATEST],
        *places[SectionKind.SPONSORED],
        *places[SectionKind.BRIEFS],
        *news,
    )
    return (
        *((position, Depth.SHORT) for position in news if teasers[position] != short(position)),
        *((position, Depth.HEADLINE) for position in news if teasers[position]),
        *((position, Depth.SHORT) for position in lead if teasers[position] != short(position)),
        *((position, Depth.CUT) for position in lines),
    )


def fitting(order: Steps, fits: Callable[[Trim], bool]) -> Trim | None:
    """The trim of the fewest steps that fits, or None where even all of them do not.

    `fits` is asked about log2(len(order)) times: more steps never make a mail longer.
    """
    if not fits(_after(order, len(order))):
        return None
    low, high = 0, len(order)
    while low < high:
        middle = (low + high) // 2
        if fits(_after(order, middle)):
            high = middle
        else:
            low = middle + 1
    return _after(order, low)


def _after(order: Steps, count: int) -> Trim:
    return Trim(dict(order[:count]))


def _places(selection: Selection) -> dict[SectionKind, list[int]]:
    """Positions in `Selection.stories` by kind of block, last first."""
    found: dict[SectionKind, list[int]] = {kind: [] for kind in SectionKind}
    position = 1 if selection.lead else 0
    for block in selection.blocks:
        for _ in block.stories:
            found[block.kind].append(position)
            position += 1
    return {kind: positions[::-1] for kind, positions in found.items()}
