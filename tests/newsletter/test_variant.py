"""Who shares a variant, and what a choice of sections leaves of an edition."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from newsletter.composition.compose import compose
from newsletter.edition import Composition, Edits, Selection
from newsletter.variant import Audience, Variant, narrowed, variant_for, variant_from_json
from readership.reader import Plan
from tests import samples
from tests.newsletter.material import MARKED, NOW, TODAY, booking, edition, materials, story

SELECTION = edition(
    story("vote", 1),
    story("vote2", 2),
    story("both", 3, sections=("culture", "politics")),
    story("book", 4, section="culture"),
    story("short", 2, section="briefs"),
    story("match", 1, section="sport"),
    bookings=(booking("ad"),),
).selection


def chosen(*sections: str, selection: Selection = SELECTION) -> Variant | None:
    return variant_for(samples.reader(), samples.subscription(sections=frozenset(sections)), TODAY, selection)


def slugs(selection: Selection) -> list[str]:
    return [value.teaser.slug for value in selection.stories]


@pytest.mark.parametrize(
    ("plan", "until", "audience"),
    [
        (Plan.FREE, None, Audience.FREE),
        (Plan.TRIAL, date(2026, 3, 10), Audience.TRIAL),
        (Plan.TRIAL, date(2026, 3, 9), Audience.FREE),
        (Plan.TRIAL, None, Audience.TRIAL),
        (Plan.PAID, date(2026, 3, 10), Audience.MEMBER),
        (Plan.PAID, date(2026, 3, 9), Audience.FREE),
        (Plan.GROUP, None, Audience.MEMBER),
    ],
)
def test_audience_of_the_plan_that_holds_that_day(plan: Plan, until: date | None, audience: Audience):
    reader = samples.reader(plan=plan, plan_until=until)
    assert variant_for(reader, samples.subscription(), TODAY, SELECTION) == Variant(audience)


@pytest.mark.parametrize(
    ("own", "newsletters", "language"),
    [("", "en", ""), ("en", "en-GB", ""), ("EN_us", "en-GB", ""), ("de", "en", "de"), ("pt_BR", "", "pt-br")],
)
def test_language(own: str, newsletters: str, language: str):
    variant = variant_for(samples.reader(language=own), samples.subscription(), TODAY, SELECTION, newsletters)
    assert variant == Variant(Audience.FREE, language)


def test_a_choice_keeps_its_stories_and_the_first_of_them_leads():
    variant = chosen("culture")
    assert variant is not None
    result = narrowed(SELECTION, variant)
    assert slugs(result) == ["both", "book", "ad"] and result.lead and result.lead.teaser.slug == "both"
    assert result.subject == "The both reopens" and result.preheader == "The book reopens"


def test_latest_headlines_of_their_sections_stay_too():
    variant = chosen("sport", "briefs")
    assert variant is not None
    result = narrowed(SELECTION, variant)
    assert slugs(result) == ["short", "match", "ad"]
    assert [block.section for block in result.blocks] == ["latest", "partners"]


def test_no_story_of_theirs_is_no_variant_and_sponsors_are_no_story():
    assert chosen("science") is None
    assert chosen("partners") is None


def test_choices_that_show_the_same_are_one_variant():
    assert chosen("politics", "culture", "briefs", "sport") == chosen() == Variant(Audience.FREE)
    assert chosen("culture", "science") == chosen("culture")
    assert chosen("culture") != chosen("culture", "sport")


def test_a_story_placed_by_an_editor_belongs_to_that_section_as_well():
    book = story("book", section="culture")
    selection = edition(story("vote", rank=1), book, edits=Edits(places=((book.id, "politics"),))).selection
    selection = replace(selection, edits=replace(selection.edits, lead=None))
    variant = chosen("culture", selection=selection)
    assert variant is not None and "book" in slugs(narrowed(selection, variant))
    variant = chosen("politics", selection=selection)
    assert variant is None or "vote" in slugs(narrowed(selection, variant))


def test_an_editors_subject_is_for_those_who_see_the_lead():
    selection = edition(
        story("vote"), story("book", section="culture"), edits=Edits(subject="The vote!")
    ).selection
    for section, subject in (("politics", "The vote!"), ("culture", "The book reopens")):
        variant = chosen(section, selection=selection)
        assert variant is not None and narrowed(selection, variant).subject == subject


def test_a_narrowed_edition_keeps_sponsors_off_sensitive_stories():
    selection = edition(
        story("vote"), story("crash", section="culture", sensitive=True), story("short", section="briefs"),
        bookings=(booking("ad"),),
    ).selection  # fmt: skip
    assert "ad" in slugs(selection)
    variant = chosen("culture", selection=selection)
    assert variant is not None
    result = narrowed(selection, variant)
    assert slugs(result) == ["crash"] and result.lead is None and not result.offer.subscribe_url
    assert result.subject == "The Morning Quay, Tuesday 10 March"


def test_withdrawals_may_leave_a_variant_without_news():
    variant = Variant(Audience.FREE, sections=frozenset({"science"}))
    assert not narrowed(SELECTION, variant).has_news


def test_keys_and_json():
    variants = [
        Variant(audience, language, frozenset(sections))
        for audience in Audience
        for language in ("", "de")
        for sections in ((), ("a",), ("a", "b"))
    ]
    assert len({variant.key for variant in variants}) == len(variants)
    assert [variant_from_json(variant.to_json()) for variant in variants] == variants
    assert Variant(Audience.TRIAL, "de", frozenset("a")).whole == Variant(Audience.TRIAL, "de")


_choices = st.frozensets(st.sampled_from(["politics", "culture", "briefs", "sport", "partners", "latest"]))


@given(materials(), _choices, _choices)
def test_same_stories_same_variant_and_no_story_of_another_section(material, one, other):
    made = compose(samples.newsroom(), samples.newsletter(), material, Edits(), NOW, TODAY)
    assume(isinstance(made, Composition))
    assert isinstance(made, Composition)
    selection = made.selection
    sections = {value.teaser.id: set() for value in selection.stories}
    for block in selection.blocks:
        for value in block.stories:
            sections[value.teaser.id].add(block.section)
    theirs = []
    for choice in (one, other):
        wanted = {
            value.teaser.id
            for value in selection.stories
            if not value.teaser.is_sponsored
            and (
                not choice
                or choice & ({*value.teaser.sections, value.teaser.place} | sections[value.teaser.id])
            )
        }
        variant = chosen(*choice, selection=selection)
        assert (variant is None) == (not wanted)
        theirs.append((wanted, variant))
        if variant is not None:
            result = narrowed(selection, variant)
            assert {value.teaser.id for value in result.stories if not value.teaser.is_sponsored} == wanted
            assert len(result.subject) < 60 and MARKED not in result.subject + result.preheader
    assert (theirs[0][0] == theirs[1][0]) == (theirs[0][1] == theirs[1][1])
