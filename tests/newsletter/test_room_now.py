"""A section is called full only while it is."""

from __future__ import annotations

from dataclasses import replace

from newsletter.composition.room_now import as_it_is
from newsletter.edition import LeftOut
from newsletter.left_out import Why
from tests.newsletter.material import edition, story

NEWS = tuple(story(name, number) for number, name in enumerate(("a", "b", "c", "d", "e"), 1))
MADE = edition(*NEWS, *(story(f"x{number}", number + 9, section="politics") for number in range(5)))


def test_full_only_while_it_is() -> None:
    selection = MADE.selection
    (block, *others) = selection.blocks
    full = [one for one in MADE.left_out if one.why is Why.FULL]
    assert full and {one.values for one in full} == {("Politics", 3)}
    assert as_it_is(MADE.left_out, selection) == MADE.left_out
    fewer = replace(selection, blocks=(replace(block, stories=block.stories[1:]), *others))
    for left in (fewer, replace(selection, blocks=(), lead=None)):
        then = as_it_is(full, left)
        assert {one.why for one in then} == {Why.WAS_FULL}
        assert then[0].reason == "Politics was full when the edition was made: 3 of 3"
        assert [(one.article_id, one.for_room) for one in then] == [(one.article_id, True) for one in full]
        assert list(as_it_is(then, selection)) == full


def test_of_several_sections_each_has_to_be_full() -> None:
    left = LeftOut("a", Why.FULL, ("Politics", 3, "Culture & Books", 3), for_room=True)
    assert as_it_is((left,), MADE.selection)[0].why is Why.WAS_FULL
    other = LeftOut("b", Why.MAIL_FULL, (90,), for_room=True)
    assert as_it_is((other,), MADE.selection) == (other,)
