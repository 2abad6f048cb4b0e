"""What a mail has no room for is known when the edition is composed."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from content.article import Access
from newsletter.composition.fit import fitted
from newsletter.edition import Block, LeftOut, Selection
from newsletter.left_out import Why
from newsletter.rendering.budget import LIMIT, Fitted
from newsletter.rendering.phrases import languages
from newsletter.rendering.render import render
from newsletter.variant import Audience, Variant, narrowed
from newsroom.masthead import SectionKind
from tests import samples
from tests.newsletter import editions
from tests.newsletter.test_render import big

ROOM, LETTER = samples.newsroom(), samples.newsletter()


def stuffed(**changes: Any) -> Selection:
    """A lead, 90 stories of two sections, 100 latest headlines and a booking: far too much."""
    long = "The first sentence says what happened on the quay last night. " + "More words follow it. " * 30

    def stories(name: str, count: int, **more: Any) -> tuple[Any, ...]:
        return tuple(
            editions.story(f"{name} {at} of a very long night", "", long, **more) for at in range(count)
        )

    value = editions.selection(
        blocks=(
            Block("politics", "Politics", SectionKind.EDITORIAL,
                  stories("Vote", 60, sections=("politics",), correction="The gate is in Gdańsk. " * 3)),
            Block("culture", "Culture", SectionKind.EDITORIAL, stories("Book", 30, sections=("culture",))),
            Block("latest", "Latest", SectionKind.LATEST, stories("News", 100, sections=("politics",))),
            Block("partners", "Highlights", SectionKind.SPONSORED,
                  (editions.story("Oysters", sponsor="Ostrea", access=Access.FREE),)),
        )
    )  # fmt: skip
    return replace(value, **changes)


@cache
def fitted_once() -> Fitted:
    """What becomes of that much."""
    return fitted(stuffed(), ROOM, LETTER)


def ids(selection: Selection) -> list[str]:
    return [story.teaser.id for story in selection.stories]


def test_what_fits_stays_as_it_is() -> None:
    selection = editions.selection()
    result = fitted(selection, ROOM, LETTER)
    assert (result.selection, result.left_out, result.shortened) == (selection, (), ())


def test_what_is_only_shortened_stays_whole_and_is_said() -> None:
    selection = big(5, 13)
    result = fitted(selection, ROOM, LETTER)
    assert result.selection is selection
    assert result.left_out == ()
    assert result.shortened == render(selection, Variant(Audience.FREE), ROOM, LETTER).shortened
    assert any("shortened to one sentence" in line for line in result.shortened)


def test_what_would_be_cut_is_left_out_for_room_the_last_headlines_first() -> None:
    selection, result = stuffed(), fitted_once()
    kept, left_out = ids(result.selection), [entry.article_id for entry in result.left_out]
    assert 0 < len(left_out) < 100
    assert sorted(kept + left_out) == sorted(ids(selection))
    latest = [story.teaser.id for story in selection.blocks[2].stories]
    assert left_out == latest[-len(left_out) :]
    full = (Why.MAIL_FULL, (LIMIT // 1024,))
    assert set(result.left_out) == {LeftOut(id_, *full, for_room=True) for id_ in left_out}
    assert f"Latest: {len(left_out)} stories left out for room" in result.shortened
    assert "Culture: 30 stories shown as a headline alone" in result.shortened


@pytest.mark.parametrize("language", ["", "pl", *languages()])
def test_no_variant_loses_a_story_that_counts_as_used(language: str) -> None:
    selection = fitted_once().selection
    for audience in Audience:
        for sections in ((), ("politics",)):
            variant = Variant(audience, language, frozenset(sections))
            own = narrowed(selection, variant)
            made = render(own, variant, ROOM, LETTER)
            assert not [line for line in made.shortened if "left out" in line]
            html = "".join(str(part) for part in made.letter.html)
            assert all(f'href="{story.teaser.url}"' in html for story in own.stories)


def test_sponsors_that_a_cut_would_bring_beside_a_sensitive_story_are_left_out_too() -> None:
    selection = stuffed()
    *rest, last = selection.blocks[2].stories
    sensitive = tuple(replace(story, teaser=replace(story.teaser, sensitive=True)) for story in rest)
    latest = replace(selection.blocks[2], stories=(*sensitive, last))
    blocks = (*selection.blocks[:2], latest, selection.blocks[3])
    result = fitted(replace(selection, blocks=blocks), ROOM, LETTER)
    assert not any(story.teaser.is_sponsored for story in result.selection.stories)
    assert LeftOut(selection.blocks[3].stories[0].teaser.id, Why.BESIDE_SENSITIVE) in result.left_out
