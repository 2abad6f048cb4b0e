"""A selection brought down to what a mail has room for, before anybody counts its stories as used."""

from __future__ import annotations

from newsletter.edition import LeftOut, Selection
from newsletter.left_out import Why
from newsletter.remainder import remainder
from newsletter.rendering.budget import LIMIT, Depth, Fitted, Trim, uncut
from newsletter.rendering.render import trim_of
from newsletter.variant import Audience, Variant
from newsroom.masthead import Newsletter, Newsroom

SPARE = 4 * 1024
"""Bytes kept free where stories have to go: another language's words, or another lead for the readers of some
sections, must not cost any other variant a story that counts as used."""

_LARGEST = Variant(Audience.FREE)
"""Whole, with every lock and the offer."""


def fitted(selection: Selection, newsroom: Newsroom, newsletter: Newsletter) -> Fitted:
    """The selection without the stories that no mail of it would have room for.

    They are left out for room, so that a later edition can have them. Where something is only shortened the
    selection stays as it is: `render` shortens each variant by itself. Raises RenderError where not even the
    lead alone fits.
    """
    trim = trim_of(selection, _LARGEST, newsroom, newsletter)
    if not trim.depths:
        return uncut(selection)
    cut = _cuts(trim_of(selection, _LARGEST, newsroom, newsletter, SPARE))
    if not cut.depths:
        return Fitted(selection, (), trim.in_words(selection))
    ids = {story.teaser.id for position, story in enumerate(selection.stories) if position in cut.depths}
    kept = remainder(selection, lambda story, _: story.teaser.id not in ids)
    trim = trim_of(kept, _LARGEST, newsroom, newsletter)
    return Fitted(kept, _left_out(selection, kept, ids), trim.in_words(kept) + cut.in_words(selection))


def _cuts(trim: Trim) -> Trim:
    return Trim({position: depth for position, depth in trim.depths.items() if depth is Depth.CUT})


def _left_out(before: Selection, after: Selection, cut: set[str]) -> tuple[LeftOut, ...]:
    kept = {story.teaser.id for story in after.stories}
    gone = [story.teaser.id for story in before.stories if story.teaser.id not in kept]
    return tuple(
        LeftOut(id_, Why.MAIL_FULL, (LIMIT // 1024,), for_room=True)
        if id_ in cut
        else LeftOut(id_, Why.BESIDE_SENSITIVE)
        for id_ in gone
    )
