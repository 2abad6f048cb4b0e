"""A composed edition brought up to date: before its first hand-over, and after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from content.teaser import Teaser
from newsletter.composition.compose import compose
from newsletter.composition.difference import by_hand
from newsletter.composition.revise import revised
from newsletter.edition import Composition, Edits, Selection
from newsroom.masthead import Offer, Place
from tests import samples
from tests.newsletter.material import MARKED, NOW, TODAY, booking, edition, materials, story

NEWS = (
    story("vote", 1),
    story("vote2", 2),
    story("vote3", 3),
    story("book", 2, section="culture"),
    story("short", 2, section="briefs"),
)
SELECTION = edition(*NEWS, bookings=(booking("ad"), booking("ad2", "Lumen"))).selection


def current(selection: Selection) -> dict[str, Teaser]:
    return {value.teaser.id: value.teaser for value in selection.stories}


def revise(
    selection: Selection, live: Mapping[str, Teaser], edits: Edits | None = None, **changes: Any
) -> Selection:
    arguments = {"newsroom": samples.newsroom(), "newsletter": samples.newsletter(), "now": NOW, **changes}
    return revised(selection, current=live, edits=edits or Edits(), **arguments)


def without(selection: Selection, *names: str) -> dict[str, Teaser]:
    gone = {samples.teaser(name).id for name in names}
    return {key: teaser for key, teaser in current(selection).items() if key not in gone}


def changed(selection: Selection, name: str, **changes: Any) -> dict[str, Teaser]:
    live = current(selection)
    key = samples.teaser(name).id
    live[key] = replace(live[key], revision=live[key].revision + 1, **changes)
    return live


def places(selection: Selection) -> dict[str, list[str]]:
    shown = {block.section: [value.teaser.slug for value in block.stories] for block in selection.blocks}
    return {"lead": [selection.lead.teaser.slug] if selection.lead else [], **shown}


def test_a_booking_of_the_editions_hour_stays_before_that_hour_has_come():
    due = NOW + timedelta(hours=12)
    tomorrow = booking("tomorrow", "Lumen", run_from=NOW + timedelta(hours=6))
    over = booking("over", run_until=NOW + timedelta(hours=6))
    selection = edition(*NEWS, bookings=(booking("ad"), tomorrow, over), due=due).selection
    assert places(selection)["partners"] == ["tomorrow", "ad"]
    assert revise(selection, current(selection), due=due) == selection
    assert places(revise(selection, current(selection)))["partners"] == ["ad"]
    assert places(revise(selection, current(selection), now=due, due=due)) == places(selection)


def test_nothing_changed_is_the_same_selection():
    assert revise(SELECTION, current(SELECTION)) == SELECTION
    assert revise(SELECTION, current(SELECTION), withdrawals_only=True) is SELECTION


def test_a_mended_headline_is_right_in_its_place_and_in_the_subject():
    result = revise(SELECTION, changed(SELECTION, "vote", headline="Mended"))
    assert places(result) == places(SELECTION)
    assert result.subject == "Mended" and result.lead and result.lead.teaser.revision == 2
    frozen = revise(SELECTION, changed(SELECTION, "vote", headline="Mended"), withdrawals_only=True)
    assert frozen is SELECTION


def test_a_withdrawn_story_goes_and_the_next_one_leads():
    for only in (False, True):
        result = revise(SELECTION, without(SELECTION, "vote", "ad"), withdrawals_only=only)
        news = {"lead": ["vote2"], "politics": ["vote3"], "culture": ["book"], "briefs": ["short"]}
        assert places(result) == {**news, "partners": ["ad2"]}
        assert result.subject == "The vote2 reopens"
        assert result.preheader == "The vote3 reopens · The book reopens"


def test_an_embargo_put_on_again_takes_a_story_out():
    live = changed(SELECTION, "vote", published=NOW + timedelta(hours=1))
    assert places(revise(SELECTION, live))["lead"] == ["vote2"]


def test_a_story_that_became_sponsored_is_no_news():
    result = revise(SELECTION, changed(SELECTION, "vote", sponsor="Ostrea"))
    assert places(result)["lead"] == ["vote2"]


def test_a_booking_that_ended_goes_before_the_first_hand_over():
    live = changed(SELECTION, "ad", run_until=NOW - timedelta(minutes=1))
    assert places(revise(SELECTION, live))["partners"] == ["ad2"]
    assert places(revise(SELECTION, live, withdrawals_only=True)) == places(SELECTION)


def test_moved_and_newly_pinned_stories_move():
    moved = revise(SELECTION, changed(SELECTION, "vote3", sections=("culture",)))
    assert places(moved)["politics"] == ["vote2"] and places(moved)["culture"] == ["book", "vote3"]
    pinned = revise(SELECTION, changed(SELECTION, "book", pinned=True))
    assert places(pinned)["lead"] == ["book"] and places(pinned)["politics"] == ["vote", "vote2", "vote3"]


def test_a_story_that_turned_sensitive_leads_no_longer():
    result = revise(SELECTION, changed(SELECTION, "vote", sensitive=True))
    assert places(result)["lead"] == ["vote2"] and "vote" in places(result)["politics"]
    assert result.subject == "The vote2 reopens"


def test_the_offer_and_the_words_of_the_newsroom_are_refreshed():
    newsroom = samples.newsroom(offer=Offer(trial="New", subscribe_url="https://quay.example/new"))
    letter = samples.newsletter(subject="{title} on {date}")
    result = revise(SELECTION, current(SELECTION), newsroom=newsroom, newsletter=letter)
    assert result.offer == newsroom.offer
    assert result.subject == "The Morning Quay on Tuesday 10 March"
    frozen = revise(SELECTION, without(SELECTION, "vote"), newsroom=newsroom, withdrawals_only=True)
    assert frozen.offer == SELECTION.offer


def test_an_editors_choices_hold_in_later_revisions():
    edits = Edits(lead=samples.teaser("book").id, subject="Ours", note="<p>Hello</p>")
    first = revise(SELECTION, current(SELECTION), edits)
    later = revise(
        first,
        changed(first, "vote", headline="Mended"),
        Edits(dropped=frozenset({samples.teaser("vote2").id})),
    )
    assert places(later)["lead"] == ["book"] and places(later)["politics"] == ["vote", "vote3"]
    assert later.subject == "Ours" and later.note == "<p>Hello</p>"
    back = revise(later, current(later), Edits(subject="", note=""))
    assert back.subject == "The book reopens" and back.note == ""


def test_a_dropped_story_that_is_made_the_lead_is_back():
    key = samples.teaser("book").id
    assert Edits(dropped=frozenset({key})).then(Edits(lead=key)).dropped == frozenset()


def test_a_withdrawn_lead_takes_the_editors_subject_along_once_mail_is_out():
    first = revise(SELECTION, current(SELECTION), Edits(subject="About the vote"))
    kept = revise(first, without(first, "book"), withdrawals_only=True)
    assert kept.subject == "About the vote"
    gone = revise(first, without(first, "vote"), withdrawals_only=True)
    assert gone.subject == "The vote2 reopens"


def test_without_news_nothing_is_left_to_send():
    names = [teaser.slug for teaser in NEWS]
    for only in (False, True):
        result = revise(SELECTION, without(SELECTION, *names), withdrawals_only=only)
        assert not result.has_news and result.lead is None and result.blocks == ()
        assert revise(result, {}, withdrawals_only=only) == result


def test_latest_headlines_alone_are_no_edition_either():
    letter = samples.newsletter(places=(Place("politics", 2), Place("latest", 2)))
    selection = edition(story("vote"), story("match", 2, section="sport"), newsletter=letter).selection
    result = revise(selection, without(selection, "vote"), newsletter=letter)
    assert not result.has_news


def test_the_lead_after_a_hand_over_is_never_sensitive_and_sponsors_keep_off():
    selection = edition(
        story("vote"), story("crash", 2, sensitive=True), story("vote2", 3), bookings=(booking("ad"),)
    ).selection
    result = revise(selection, without(selection, "vote"), withdrawals_only=True)
    assert places(result) == {"lead": ["vote2"], "politics": ["crash"]}
    assert not result.offer.subscribe_url and result.subject == "The vote2 reopens"


@given(materials(), st.data())
def test_revising_twice_is_revising_once_and_adds_nothing(material, data):
    made = compose(samples.newsroom(), samples.newsletter(), material, Edits(), NOW, TODAY)
    assume(isinstance(made, Composition))
    assert isinstance(made, Composition)
    selection = made.selection
    only = data.draw(st.booleans())
    assert revise(selection, current(selection), withdrawals_only=only) == selection
    live = {}
    for key, teaser in current(selection).items():
        fate = data.draw(
            st.sampled_from(["stays", "stays", "gone", "ranked", "moved", "embargoed", "sensitive"])
        )
        if fate == "ranked":
            teaser = replace(teaser, rank=1)
        if fate == "moved":
            teaser = replace(teaser, sections=("culture",))
        if fate == "embargoed":
            teaser = replace(teaser, published=NOW + timedelta(hours=1))
        if fate == "sensitive":
            teaser = replace(teaser, sensitive=True, headline=MARKED + teaser.headline)
        if fate != "gone":
            live[key] = teaser
    once = revise(selection, live, withdrawals_only=only)
    assert revise(once, live, withdrawals_only=only) == once
    ids = [value.teaser.id for value in once.stories]
    assert set(ids) <= set(live) and len(set(ids)) == len(ids)
    if once.has_news:
        assert len(once.subject) < 60 and MARKED not in once.subject + once.preheader
    if not only:
        assert all(value.teaser.published <= NOW for value in once.stories)


def test_a_subject_written_by_hand_goes_with_the_story_that_led_then():
    written = revise(SELECTION, current(SELECTION), Edits(subject="A crane falls"))
    assert (written.subject, written.edits.subject_of) == ("A crane falls", samples.teaser("vote").id)
    for only in (False, True):
        gone = revise(written, without(written, "vote"), withdrawals_only=only)
        assert (gone.subject, gone.edits.subject, gone.edits.subject_of) == ("The vote2 reopens", None, None)
        other = revise(written, without(written, "book"), withdrawals_only=only)
        assert other.subject == "A crane falls"


def test_also_where_another_story_leads_since_and_an_editor_drops_it():
    written = revise(SELECTION, current(SELECTION), Edits(subject="A crane falls"))
    led = revise(written, current(written), Edits(lead=samples.teaser("book").id))
    assert (places(led)["lead"], led.subject) == (["book"], "A crane falls")
    for only in (False, True):
        assert revise(led, without(led, "vote"), withdrawals_only=only).subject == "The book reopens"
    dropped = revise(led, current(led), Edits(dropped=frozenset({samples.teaser("vote").id})))
    assert dropped.subject == "The book reopens"
    again = revise(dropped, current(dropped), Edits(subject="A book falls"))
    assert again.edits.subject_of == samples.teaser("book").id


def test_what_became_of_an_editors_words_is_said_of_news_alone():
    written = revise(SELECTION, current(SELECTION), Edits(subject="A crane falls", note="<p>Look.</p>"))
    vote, book = (samples.teaser(name).id for name in ("vote", "book"))
    without_lead = by_hand(written, revise(written, without(written, "vote", "ad")))
    assert without_lead == (
        f"the subject written by hand is given up with {vote}, which is out of it; the rule makes one",
        f"the note stays as it was written: see whether it speaks of {vote}, out of it now",
    )
    assert [
        f"speaks of {book}," in one for one in by_hand(written, revise(written, without(written, "book")))
    ] == [True]
    # Whoever has just left it out knows.
    dropped = revise(written, current(written), Edits(dropped=frozenset({book})))
    assert by_hand(written, dropped, {book}) == ()
    assert [f"speaks of {book}," in one for one in by_hand(written, dropped)] == [True]
    assert by_hand(written, revise(written, without(written, "ad"))) == ()
    assert by_hand(SELECTION, revise(SELECTION, without(SELECTION, "vote"))) == ()
    by_rule = revise(written, without(written, "ad"), Edits(subject="", note=""))
    assert by_hand(written, by_rule) == ()
