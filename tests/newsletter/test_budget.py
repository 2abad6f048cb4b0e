"""The order in which an edition is made smaller."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from newsletter.edition import Block, Selection
from newsletter.rendering.budget import NOTHING, Depth, Trim, fitting, steps
from newsroom.masthead import SectionKind
from tests.newsletter import editions

LONG = "A first sentence that is long enough to count as one. " * 3


def edition() -> Selection:
    """Lead 0, news 1-2 and 3-4 with a brief 5, latest 6, sponsored 7."""
    news = tuple(editions.story(f"News {number}", teaser=LONG) for number in range(4))
    line = (editions.story("Line"),)
    return editions.selection(
        lead=editions.story("Lead", teaser=LONG),
        blocks=(
            Block("politics", "Politics", SectionKind.EDITORIAL, news[:2]),
            Block("europe", "Europe", SectionKind.EDITORIAL, news[2:]),
            Block("briefs", "In brief", SectionKind.BRIEFS, line),
            Block("latest", "Latest", SectionKind.LATEST, line),
            Block("partners", "Partners", SectionKind.SPONSORED, line),
        ),
    )


def test_teasers_go_from_the_last_block_backwards_then_lines_and_news_last() -> None:
    assert steps(edition()) == (
        *((position, Depth.SHORT) for position in (4, 3, 2, 1)),
        *((position, Depth.HEADLINE) for position in (4, 3, 2, 1)),
        (0, Depth.SHORT),
        *((position, Depth.CUT) for position in (6, 7, 5, 4, 3, 2, 1)),
    )


def test_a_teaser_that_is_a_sentence_already_has_no_step_of_its_own() -> None:
    story = (editions.story("News", teaser="One sentence."),)
    block = Block("politics", "Politics", SectionKind.EDITORIAL, story)
    brief = editions.selection(lead=None, blocks=(block,))
    assert steps(brief) == ((0, Depth.HEADLINE), (0, Depth.CUT))


@given(st.integers(0, 16))
def test_the_fewest_steps_that_fit_are_taken(enough: int) -> None:
    order = steps(edition())
    assert len(order) == 16
    trim = fitting(order, lambda tried: sum(3 - depth for depth in tried.depths.values()) >= _loss(enough))
    assert trim is not None
    assert dict(trim.depths) == dict(order[:enough])


def _loss(count: int) -> int:
    return sum(3 - depth for depth in dict(steps(edition())[:count]).values())


def test_there_may_be_no_way_to_fit() -> None:
    assert fitting(steps(edition()), lambda _: False) is None


def test_what_was_done_is_said_block_by_block() -> None:
    trim = Trim({4: Depth.SHORT, 3: Depth.SHORT, 2: Depth.HEADLINE, 7: Depth.CUT, 0: Depth.SHORT})
    assert trim.in_words(edition()) == (
        "lead: 1 story shortened to one sentence",
        "Europe: 2 stories shortened to one sentence",
        "Politics: 1 story shown as a headline alone",
        "Partners: 1 story left out for room",
    )
    assert NOTHING.in_words(edition()) == ()
