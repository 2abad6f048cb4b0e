"""What an edition shows, where, and the account of what it does not show."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.teaser import Teaser
from newsletter.composition.compose import compose
from newsletter.composition.eligibility import Material, window_start
from newsletter.composition.sponsored import rotated, runs, sponsor_key
from newsletter.edition import Composition, Edits, NothingNew
from newsroom.masthead import Place, Section, SectionKind
from tests import samples
from tests.newsletter.material import MARKED, NOW, TODAY, booking, composed, edition, materials, story

HOUR = timedelta(hours=1)


def slugs(composition: Composition) -> dict[str, list[str]]:
    """Section key → slugs in their order; the lead under "lead"."""
    selection = composition.selection
    shown = {block.section: [story.teaser.slug for story in block.stories] for block in selection.blocks}
    return {"lead": [selection.lead.teaser.slug] if selection.lead else [], **shown}


def why(composition: Composition, name: str) -> str:
    return next(left.reason for left in composition.left_out if left.article_id == samples.teaser(name).id)


def test_window():
    assert window_start(None, NOW) == NOW - 24 * HOUR
    assert window_start(NOW - 24 * HOUR, NOW) == NOW - 36 * HOUR
    assert window_start(NOW - 72 * HOUR, NOW) == NOW - 78 * HOUR


def test_order_is_rank_then_newest_then_id_and_the_lead_stands_apart():
    result = edition(
        story("old", 9),
        story("new", 1),
        story("b-same", 5),
        story("a-same", 5),
        story("second", 20, rank=2),
        story("first", 22, rank=1),
    )
    assert slugs(result) == {
        "lead": ["first"],
        "politics": ["second", "new", "a-same"],
        "latest": ["b-same", "old"],
    }


def test_sections_stand_in_the_newsletters_order_and_empty_ones_are_left_out():
    result = edition(story("short", section="briefs"), story("book", section="culture"), story("vote"))
    assert list(slugs(result)) == ["lead", "culture", "briefs"]
    assert slugs(result)["lead"] == ["vote"]


def test_what_stays_at_the_top_of_the_site_leads_where_nobody_pins_a_story_for_the_digest():
    sticky = story("vote", pinned=True, sticky=True)
    result = edition(sticky, story("book", section="culture", pinned=True))
    assert slugs(result) == {"lead": ["book"], "politics": ["vote"]} and not result.warnings
    result = edition(sticky, story("book", section="culture"))
    assert slugs(result)["lead"] == ["vote"] and not result.warnings


def test_a_pinned_story_leads_from_any_section_and_several_are_named():
    result = edition(story("vote"), story("book", section="culture", pinned=True))
    assert slugs(result) == {"lead": ["book"], "politics": ["vote"]} and not result.warnings
    several = edition(story("vote", pinned=True), story("book", section="culture", pinned=True))
    assert slugs(several) == {"lead": ["vote"], "culture": ["book"]}
    assert several.warnings == (
        'more than one lead: "The vote reopens" and "The book reopens"; "The vote reopens" leads',
    )


def test_a_pinned_story_of_another_newsletters_section_does_not_lead():
    result = edition(story("vote"), story("match", section="sport", pinned=True))
    assert slugs(result) == {"lead": ["vote"], "latest": ["match"]}


def test_a_brief_leads_only_where_there_is_no_article():
    letter = samples.newsletter(places=(Place("briefs", 3), Place("culture", 3)))
    result = edition(story("short", section="briefs"), story("book", section="culture"), newsletter=letter)
    assert slugs(result) == {"lead": ["book"], "briefs": ["short"]}
    assert slugs(edition(story("short", section="briefs"), newsletter=letter)) == {"lead": ["short"]}


def test_an_article_in_two_sections_stands_once_under_the_first_that_wants_it_and_has_room():
    both = {"sections": ("culture", "politics")}
    filler = [story(f"vote{number}", number) for number in range(1, 5)]
    room = edition(story("both", 9, **both), *filler[:2])
    assert slugs(room) == {"lead": ["vote1"], "politics": ["vote2", "both"]}
    full = edition(story("both", 9, **both), *filler)
    assert slugs(full) == {"lead": ["vote1"], "politics": ["vote2", "vote3", "vote4"], "culture": ["both"]}


def test_an_explicit_place_beats_the_order_of_sections_and_a_wrong_one_is_told():
    placed = edition(story("lead"), story("both", 2, sections=("politics", "culture"), place="culture"))
    assert slugs(placed) == {"lead": ["lead"], "culture": ["both"]}
    for wrong in ("sport", "latest", "partners"):
        result = edition(story("lead"), story("vote", 2, place=wrong))
        assert slugs(result) == {"lead": ["lead"], "politics": ["vote"]}
        assert result.warnings == (
            f'"The vote reopens": its place "{wrong}" is not a news section of daily, so it is ignored',
        )


def test_what_a_full_section_leaves_out_stays_eligible_and_says_so():
    letter = samples.newsletter(places=(Place("politics", 1), Place("culture", 1)))
    result = edition(
        story("one", 1), story("two", 2), story("three", 3, rank=9),
        story("both", 4, sections=("politics", "culture")),
        story("book", 1, section="culture"), story("match", 1, section="sport"), newsletter=letter,
    )  # fmt: skip
    assert slugs(result) == {"lead": ["three"], "politics": ["one"], "culture": ["book"]}
    left = {value.article_id.rpartition("/")[2]: (value.reason, value.for_room) for value in result.left_out}
    assert left == {
        "two": ("Politics is full: 1 of 1", True),
        "both": ("Politics is full: 1 of 1; Culture & Books is full: 1 of 1", True),
        "match": ("not in a section of this newsletter (its own: sport)", False),
    }


def test_carried_over_stories_come_after_every_new_one_even_a_ranked_one():
    waiting, older, oldest = story("waiting", 20, rank=1), story("older", 90), story("oldest", 99)
    result = edition(
        story("new", 30, rank=9),
        story("new2", 31),
        waiting,
        carried=(waiting, older, oldest),
        previous=NOW - 24 * HOUR,
    )
    # The one that finds no room is no latest headline either.
    assert slugs(result) == {"lead": ["new"], "politics": ["new2", "waiting", "older"]}
    assert [value.is_carried for value in result.selection.stories] == [False, False, True, True]
    assert result.left_out[-1].for_room
    assert result.fresh == 2


def test_a_carried_over_story_does_not_lead_before_a_new_one_of_a_later_section():
    result = edition(story("book", section="culture"), carried=(story("waiting", 90),))
    assert slugs(result) == {"lead": ["book"], "politics": ["waiting"]}
    alone = edition(carried=(story("waiting", 90),))
    assert slugs(alone) == {"lead": ["waiting"]}


def test_used_stories_stay_out_unless_readmitted_and_revised():
    result = edition(
        story("used", 2),
        story("same", 2, again=True, revision=3),
        story("news", 3),
        readmitted=(story("again", 200, again=True, revision=4), story("same", 2, again=True, revision=3)),
        used={samples.teaser("used").id: 1, samples.teaser("again").id: 3, samples.teaser("same").id: 3},
        used_in={samples.teaser("used").id: "daily-2026-03-09"},
    )
    assert slugs(result) == {"lead": ["news"], "politics": ["again"]}
    assert [value.is_update for value in result.selection.stories] == [False, True]
    assert why(result, "used") == "already in daily-2026-03-09"
    assert why(result, "same") == "already in an edition of this newsletter and not revised since"
    assert result.fresh == 2


def test_an_update_is_as_new_as_its_update():
    again = replace(story("again", 200, again=True, revision=2), updated=NOW - timedelta(minutes=5))
    result = edition(story("news", 1), readmitted=(again,), used={again.id: 1})
    assert slugs(result) == {"lead": ["again"], "politics": ["news"]}


def test_an_old_story_never_used_is_readmitted_by_an_update_in_the_window():
    old = story("old", 200, again=True)
    result = edition(story("news", 1), readmitted=(replace(old, updated=NOW - 2 * HOUR),))
    assert slugs(result) == {"lead": ["news"], "politics": ["old"]}
    assert result.selection.stories[1].is_update
    assert slugs(edition(story("news", 1), readmitted=(replace(old, updated=NOW - 24 * HOUR),))) == {
        "lead": ["news"]
    }
    assert not edition(replace(story("new", 1), again=True)).selection.stories[0].is_update


def test_outside_the_window_and_embargoed():
    result = edition(
        story("news"), story("edge", 24), story("inside", 23.99), story("embargo", -1, headline="Secret"),
        readmitted=(story("old", 200, again=True),),
    )  # fmt: skip
    assert slugs(result) == {"lead": ["news"], "politics": ["inside"]}
    assert why(result, "embargo") == "not published yet"
    assert why(result, "edge") == "published 2026-03-09 13:00, before the window (2026-03-09 13:00)"
    assert why(result, "old").startswith("published 2026-03-02 05:00, before the window")


def test_latest_has_the_newest_of_every_news_section_that_is_not_shown():
    letter = samples.newsletter(places=(Place("latest", 2), Place("politics", 1)))
    result = edition(
        story("vote", 5), story("vote2", 6), story("match", 4, section="sport"),
        story("book", 3, section="culture"),
        story("vote3", 9), newsletter=letter,
    )  # fmt: skip
    assert slugs(result) == {"lead": ["vote"], "latest": ["book", "match"], "politics": ["vote2"]}
    assert result.fresh == 5


def test_latest_headlines_are_editorial_ones():
    letter = samples.newsletter(places=(Place("politics", 1), Place("briefs", 1), Place("latest", 4)))
    briefs = [story(f"short{number}", number, section="briefs") for number in (1, 2, 3)]
    both = story("both", 9, sections=("briefs", "culture"), place="politics")
    result = edition(
        story("lead", 1), story("vote", 2), story("match", 3, section="sport"), *briefs, both,
        newsletter=letter,
    )  # fmt: skip
    assert slugs(result) == {
        "lead": ["lead"], "politics": ["vote"], "briefs": ["short1"], "latest": ["match", "both"],
    }  # fmt: skip
    assert why(result, "short2") == "In brief is full: 1 of 1"
    alone = samples.newsletter(places=(Place("latest", 4),))
    result = edition(briefs[0], story("vote", 2), newsletter=alone)
    assert slugs(result) == {"lead": ["vote"]}
    assert why(result, "short1") == "not in a section of this newsletter (its own: briefs)"
    assert result.fresh == 1


def test_latest_headlines_beside_empty_sections_make_no_edition_but_alone_they_do():
    match = story("match", section="sport")
    assert isinstance(composed(match), NothingNew)
    letter = samples.newsletter(places=(Place("latest", 4),))
    result = edition(match, story("vote", 2), newsletter=letter)
    assert slugs(result) == {"lead": ["match"], "latest": ["vote"]}


def nothing(*news: Teaser, **arguments: Any) -> NothingNew:
    value = composed(*news, **arguments)
    assert isinstance(value, NothingNew)
    return value


def test_nothing_new_says_why():
    bookings = tuple(booking(f"ad{number}") for number in range(3))
    value = nothing(
        story("used"), used={samples.teaser("used").id: 1}, bookings=bookings, previous=NOW - 24 * HOUR
    )
    assert value.reason == "no new story since 2026-03-09 13:00; 3 bookings alone make no edition"
    assert composed() == NothingNew("no new story")
    dropped = nothing(story("vote"), edits=Edits(dropped=frozenset({samples.teaser("vote").id})))
    assert dropped.reason == "no new story; 1 dropped by an editor"
    elsewhere = nothing(story("match", section="sport"), bookings=bookings[:1])
    assert elsewhere.reason == (
        "no new story; 1 in sections that this newsletter has not; 1 booking alone makes no edition"
    )


def test_nothing_new_says_why_of_each_story():
    value = nothing(
        story("used"), story("old", 30), story("match", section="sport"), story("short", section="jobs"),
        used={samples.teaser("used").id: 1}, bookings=(booking("ad"),),
    )  # fmt: skip
    assert {left.article_id.rpartition("/")[2]: left.reason for left in value.left_out} == {
        "used": "already in an edition of this newsletter",
        "old": "published 2026-03-09 07:00, before the window (2026-03-09 13:00)",
        "match": "latest headlines alone make no edition",
        "short": "not in a section of this newsletter (its own: jobs)",
        "ad": "a booking alone makes no edition",
    }


def test_editors_choices_beat_the_rules():
    ids = {name: samples.teaser(name).id for name in ("vote", "quiet", "book", "gone")}
    result = edition(
        story("vote", pinned=True),
        story("vote2", 1, rank=1),
        story("quiet", 9, sensitive=True),
        story("book", 8, section="culture"),
        story("gone", 1),
        edits=Edits(
            lead=ids["quiet"], dropped=frozenset({ids["gone"]}), subject="A day\r\nBcc: x",
            note="<p>Good morning</p>",
            places=((ids["book"], "politics"), (ids["vote"], "latest")),
        ),
    )  # fmt: skip
    assert slugs(result) == {"lead": ["quiet"], "politics": ["book", "vote2", "vote"]}
    assert result.selection.subject == "A day Bcc: x" and result.selection.note == "<p>Good morning</p>"
    assert why(result, "gone") == "dropped by an editor"
    assert result.warnings[0] == (
        f'{ids["vote"]}: "latest" is not a news section of daily, so the edit of its place is ignored; '
        "allowed: politics, culture, briefs"
    )


def test_an_edit_takes_a_slot_of_a_full_section():
    letter = samples.newsletter(places=(Place("politics", 1),))
    wanted = story("book", 9, section="culture")
    news = (story("vote"), story("vote2", 2), wanted)
    result = edition(*news, newsletter=letter, edits=Edits(places=((wanted.id, "politics"),)))
    assert slugs(result) == {"lead": ["book"]} | {"politics": ["vote"]}


def test_a_lead_that_is_not_there_is_told():
    result = edition(story("vote"), edits=Edits(lead="tag:gone"))
    assert slugs(result)["lead"] == ["vote"]
    assert result.warnings == (
        "tag:gone was chosen as the lead but is not among the stories of this edition",
    )


# Sensitive stories


def test_a_sensitive_story_never_leads_by_itself():
    result = edition(story("crash", 1, rank=1, sensitive=True), story("vote", 5))
    assert slugs(result) == {"lead": ["vote"], "politics": ["crash"]}
    only = edition(story("crash", sensitive=True))
    assert only.selection.lead is None and slugs(only) == {"lead": [], "politics": ["crash"]}
    assert only.selection.subject == "The Morning Quay, Tuesday 10 March" and only.selection.preheader == ""


def test_a_sensitive_lead_leaves_out_sponsors_and_offer():
    result = edition(story("crash", sensitive=True, pinned=True), story("vote", 5), bookings=(booking("ad"),))
    offer = result.selection.offer
    assert slugs(result) == {"lead": ["crash"], "politics": ["vote"]}
    assert not offer.subscribe_url and not offer.trial and offer.account_url
    assert result.warnings == ("no sponsored stories and no offer in this edition: a sensitive story leads",)
    assert why(result, "ad") == "a sensitive story leads"
    assert result.selection.subject == "The vote reopens"


def test_a_sensitive_story_is_not_the_last_before_sponsors_and_offer():
    result = edition(
        story("lead", 1), story("vote", 2), story("vote2", 3), story("crash", 4, sensitive=True),
        bookings=(booking("ad"),)
    )  # fmt: skip
    assert slugs(result) == {"lead": ["lead"], "politics": ["vote", "crash", "vote2"], "partners": ["ad"]}
    assert result.selection.offer.subscribe_url and not result.warnings


def test_where_only_sensitive_stories_stand_last_sponsors_and_offer_go():
    result = edition(
        story("vote"), story("vote2", 2), story("crash", section="briefs", sensitive=True),
        bookings=(booking("ad"),)
    )  # fmt: skip
    assert slugs(result) == {"lead": ["vote"], "politics": ["vote2"], "briefs": ["crash"]}
    assert not result.selection.offer.subscribe_url
    why_not = "every story of In brief, the last section, is sensitive"
    assert result.warnings == (f"no sponsored stories and no offer in this edition: {why_not}",)


# Sponsored stories


def test_sponsored_blocks_stand_after_all_news_wherever_the_newsletter_lists_them():
    letter = samples.newsletter(places=(Place("partners", 12), Place("politics", 3), Place("briefs", 3)))
    result = edition(
        story("vote"), story("vote2", 2), story("short", section="briefs"), bookings=(booking("ad"),),
        newsletter=letter
    )  # fmt: skip
    assert list(slugs(result)) == ["lead", "politics", "briefs", "partners"]


def test_only_running_bookings_both_ends_included():
    result = edition(
        story("vote"),
        bookings=(
            booking("open"),
            booking("from-now", run_from=NOW),
            booking("until-now", run_until=NOW),
            booking("over", run_until=NOW - timedelta(seconds=1)),
            booking("to-come", run_from=NOW + timedelta(seconds=1)),
            booking("tomorrow", run_from=NOW + timedelta(hours=11, minutes=30)),
            replace(booking("elsewhere"), sections=("jobs",)),
        ),
        newsletter=samples.newsletter(sponsored_per_sponsor=9),
    )
    assert sorted(slugs(result)["partners"]) == ["from-now", "open", "until-now"]
    assert why(result, "over") == "its booking has ended"
    assert why(result, "to-come") == "its booking begins on 2026-03-10"
    # Half past midnight in the newsroom, and still today in UTC.
    assert why(result, "tomorrow") == "its booking begins on 2026-03-11"
    assert why(result, "elsewhere") == "not in a sponsored section of this newsletter"


def test_no_more_than_max_and_per_sponsor():
    bookings = tuple(booking(f"ad{number}", f"Sponsor {number % 3}") for number in range(12))
    letter = samples.newsletter(sponsored_max=5, sponsored_per_sponsor=2)
    result = edition(story("vote"), bookings=bookings, newsletter=letter)
    shown = result.selection.blocks[-1].stories
    assert len(shown) == 5 and Counter(value.teaser.sponsor for value in shown).most_common(1)[0][1] == 2
    assert {left.reason for left in result.left_out} == {
        "no more than 2 of its sponsor",
        "no room for more than 5 sponsored",
    }


def test_one_limit_for_several_sponsored_sections_and_no_booking_twice():
    newsroom = samples.newsroom()
    jobs = Section("jobs", "Jobs", SectionKind.SPONSORED)
    newsroom = replace(newsroom, sections=(*newsroom.sections, jobs))
    letter = samples.newsletter(
        places=(Place("politics", 3), Place("jobs", 2), Place("partners", 9)), sponsored_max=4
    )
    bookings = tuple(replace(booking(f"ad{n}", f"S{n}"), sections=("partners", "jobs")) for n in range(2))
    bookings += tuple(booking(f"own{n}", f"T{n}") for n in range(4))
    result = edition(story("vote"), bookings=bookings, house=newsroom, newsletter=letter)
    assert sorted(slugs(result)["jobs"]) == ["ad0", "ad1"] and len(slugs(result)["partners"]) == 2


@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=7).filter(lambda counts: sum(counts) <= 12),
    st.integers(0, 10**6),
)
def test_over_a_full_turn_every_sponsor_and_every_booking_of_it_comes_first_equally_often(counts, start):
    bookings = [
        booking(f"{sponsor}-{n}", f"Sponsor {sponsor}")
        for sponsor, most in enumerate(counts)
        for n in range(most)
    ]
    turns = len(counts) * 12  # twelve is divisible by every number of bookings up to four
    first = [rotated(bookings, turn)[0] for turn in range(start, start + turns)]
    assert set(Counter(value.sponsor for value in first).values()) == {12}
    for sponsor, most in enumerate(counts):
        own = Counter(value.slug for value in first if value.sponsor == f"Sponsor {sponsor}")
        assert set(own.values()) == {12 // most} and len(own) == most
    assert sorted(v.id for v in rotated(bookings, start)) == sorted(v.id for v in bookings)


@pytest.mark.parametrize("days", [frozenset(range(1, 8)), frozenset({1}), frozenset({2, 4})])
def test_within_a_month_of_editions_each_of_seven_sponsors_bookings_comes_first(days: frozenset[int]):
    bookings = tuple(booking(f"ad{number}", f"Sponsor {number % 7}") for number in range(12))
    letter = samples.newsletter(days=days)
    first = []
    for number in range(31 * 7):
        day = TODAY + timedelta(days=number)
        if day.isoweekday() in days and len(first) < 31:
            made = compose(
                samples.newsroom(),
                letter,
                Material((story("vote"), story("v2")), bookings=bookings),
                Edits(),
                NOW,
                day,
            )
            assert isinstance(made, Composition)
            first.append(made.selection.blocks[-1].stories[0].teaser.slug)
    assert len(set(first)) == 12


# Properties


def check(result: Composition, material: Material) -> None:
    """What holds for every edition there is."""
    selection = result.selection
    everything = [value.teaser for value in selection.stories]
    news = [teaser for teaser in everything if not teaser.is_sponsored]
    assert len({teaser.id for teaser in everything}) == len(everything)
    assert news, "sponsors made an edition"
    assert all(teaser.published <= NOW for teaser in news)
    for value in selection.stories:
        assert value.is_update or value.teaser.id not in material.used
    assert {left.article_id for left in result.left_out}.isdisjoint(teaser.id for teaser in everything)
    check_places(result)
    check_sponsors(everything)
    assert 0 < len(selection.subject) < 60
    assert MARKED not in selection.subject + selection.preheader


def check_places(result: Composition) -> None:
    most = {place.section: place.stories for place in samples.newsletter().places}
    kinds = [block.kind for block in result.selection.blocks]
    assert all(0 < len(block.stories) <= most[block.section] for block in result.selection.blocks)
    assert kinds == sorted(kinds, key=lambda kind: kind is SectionKind.SPONSORED)
    lead = result.selection.lead
    assert lead is None or not lead.teaser.sensitive or lead.teaser.pinned
    if SectionKind.SPONSORED in kinds:
        news = [value.teaser for value in result.selection.stories if not value.teaser.is_sponsored]
        assert not news[-1].sensitive and not (lead and lead.teaser.sensitive)


def check_sponsors(everything: list[Teaser]) -> None:
    sponsored = [teaser for teaser in everything if teaser.is_sponsored]
    assert all(runs(teaser, NOW) for teaser in sponsored)
    assert len(sponsored) <= 12
    assert max(Counter(map(sponsor_key, sponsored)).values(), default=0) <= 3


@given(materials())
def test_properties_of_any_edition(material):
    arguments = (samples.newsroom(), samples.newsletter(), material, Edits(), NOW, TODAY, "", "Tuesday")
    result = compose(*arguments)
    if isinstance(result, Composition):
        check(result, material)
        considered = {teaser.id for teaser in (*material.news, *material.carried, *material.bookings)}
        shown = {value.teaser.id for value in result.selection.stories}
        assert considered == shown | {left.article_id for left in result.left_out}
    turned = replace(
        material,
        news=material.news[::-1],
        readmitted=material.readmitted[::-1],
        carried=material.carried[::-1],
        bookings=material.bookings[::-1],
    )
    again = compose(samples.newsroom(), samples.newsletter(), turned, Edits(), NOW, TODAY, "", "Tuesday")
    if isinstance(result, Composition):
        assert isinstance(again, Composition) and again.selection == result.selection
        assert set(again.left_out) == set(result.left_out)
    else:
        assert isinstance(again, NothingNew) and again.reason == result.reason
        assert set(again.left_out) == set(result.left_out)
