"""What an edition becomes by choices: undone, they leave it as it was."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content.teaser import Teaser
from newsletter.composition.revise import taken_out
from newsletter.desk.choices import ImpossibleError, check, check_done
from newsletter.desk.deciding import Back, Decided, Given, decided, last_seen
from newsletter.edition import Composition, Edits, LeftOut, Selection, Story
from newsletter.left_out import Why
from newsroom.masthead import Newsletter, Place
from tests import samples
from tests.newsletter.material import NOW, edition, newsroom, story

LETTER = samples.newsletter(places=(Place("politics", 2), Place("culture", 2), Place("latest", 2)))


def id_of(name: str) -> str:
    return samples.teaser(name).id


@dataclass
class Desk:
    """An edition that takes choices, without a database."""

    pool: Sequence[Teaser]
    letter: Newsletter = LETTER
    revisions: list[Selection] = field(default_factory=list)
    left_out: tuple[LeftOut, ...] = ()

    def __post_init__(self) -> None:
        made: Composition = edition(*self.pool, newsletter=self.letter)
        self.revisions, self.left_out = [made.selection], made.left_out

    @property
    def now(self) -> Selection:
        return self.revisions[-1]

    @property
    def without_room(self) -> list[str]:
        return [one.article_id for one in self.left_out if one.for_room]

    def edit(self, edits: Edits, gone: Collection[str] = ()) -> Decided | None:
        """Make the edits while the stories of `gone` are withdrawn; None where they cannot be."""
        live = {teaser.id: teaser for teaser in self.pool if teaser.id not in gone}
        before = self.now
        ids = {one.teaser.id for one in before.stories}
        named = {*edits.restored, *dict(edits.places), *([edits.lead] if edits.lead else [])} - ids
        had = last_seen(reversed(self.revisions), named)
        new = named - {one.teaser.id for _, one in had}
        back = Back(had, tuple(("", Story(live[id_])) for id_ in self.without_room if id_ in new))
        out = [one.article_id for one in self.left_out if one.why is Why.GAVE_WAY]
        waiting = last_seen(reversed(self.revisions), [id_ for id_ in out if id_ not in back.ids])
        known = Given(newsroom(), self.letter, before, live, NOW, NOW, back, waiting)
        edits = replace(edits, restored=edits.restored | back.ids)
        try:
            check(edits, newsroom(), live)
            done = decided(known, edits)
            check_done(edits, done.selection)
        except ImpossibleError:
            return None
        after = done.selection
        if not after.has_news:
            return None
        if after != before:
            shown = {one.teaser.id for one in after.stories}
            still = [one for one in self.left_out if one.article_id not in shown]
            self.left_out = (*still, *taken_out(before, after, edits, live))
            self.revisions.append(after)
        return done

    def undoing(self, edits: Edits) -> Edits:
        """What takes the edits back that are to be made."""
        before = self.now
        if edits.dropped:
            # A lead that was left out leads again.
            (id_,) = edits.dropped
            return Edits(lead=id_) if id_ == before.leading else Edits(restored=edits.dropped)
        if edits.restored:
            return Edits(dropped=edits.restored)
        if edits.places:
            ((id_, _),) = edits.places
            return Edits(places=((id_, before.sections[id_]),))
        is_there = any(one.teaser.id == edits.lead for one in before.stories)
        taken_in = frozenset() if is_there or edits.lead is None else frozenset({edits.lead})
        return Edits(lead=before.leading, dropped=taken_in)


def shape(selection: Selection) -> tuple[str, dict[str, str]]:
    """Which story leads, and in which section each other stands."""
    return selection.leading, selection.sections


@st.composite
def pools(draw: st.DrawFn) -> tuple[Teaser, ...]:
    """Stories of two sections, more than these have room for."""
    sections = draw(st.lists(st.sampled_from(["politics", "culture"]), min_size=4, max_size=10))
    return tuple(
        story(f"s{number}", number + 1, section=section, rank=draw(st.sampled_from([None, None, 1, 2])))
        for number, section in enumerate(sections)
    )


def choice(data: st.DataObject, desk: Desk, deeds: Sequence[str]) -> Edits | None:
    """Any choice that there is a button for; None where there is none."""
    composed = {one.teaser.id for one in desk.revisions[0].stories}
    shown = [one.teaser.id for one in desk.now.stories]
    placed = [id_ for id_, section in desk.now.sections.items() if section != "latest"]
    never = [id_ for id_ in desk.without_room if id_ not in composed]
    what = data.draw(st.sampled_from(deeds))
    ids = {"drop": shown, "back": never, "place": placed, "lead": [*shown, *never]}[what]
    if not ids:
        return None
    id_ = data.draw(st.sampled_from(ids))
    if what == "lead":
        return Edits(lead=id_)
    if what == "place":
        return Edits(places=((id_, data.draw(st.sampled_from(["politics", "culture"]))),))
    return Edits(dropped=frozenset({id_})) if what == "drop" else Edits(restored=frozenset({id_}))


def done_and_undone(desk: Desk, data: st.DataObject, deeds: Sequence[str]) -> None:
    """Make some choices, and take them back, the last one first."""
    undo: list[Edits] = []
    for _ in range(data.draw(st.integers(1, 5))):
        edits = choice(data, desk, deeds)
        back = desk.undoing(edits) if edits else None
        if edits and back and desk.edit(edits) is not None:
            undo.append(back)
    for edits in reversed(undo):
        assert desk.edit(edits) is not None


@pytest.mark.parametrize("deeds", [("drop", "lead"), ("back", "lead")])
@settings(deadline=None)
@given(pools(), st.data())
def test_choices_that_are_undone_leave_the_edition_as_it_was(
    deeds: Sequence[str], pool: tuple[Teaser, ...], data: st.DataObject
) -> None:
    desk = Desk(pool)
    done_and_undone(desk, data, deeds)
    assert shape(desk.now) == shape(desk.revisions[0])


@settings(deadline=None)
@given(pools(), st.data())
def test_of_all_kinds_they_leave_the_same_lead_and_stories(
    pool: tuple[Teaser, ...], data: st.DataObject
) -> None:
    # One of the latest headlines may come back on top of its own section, and what was placed stays there.
    desk = Desk(pool)
    done_and_undone(desk, data, ("drop", "back", "lead", "place"))
    composed = desk.revisions[0]
    assert (desk.now.leading, set(desk.now.sections)) == (composed.leading, set(composed.sections))


@settings(deadline=None)
@given(pools(), st.data())
def test_what_gave_way_waits_only_while_there_is_no_room_and_what_was_dropped_stays_out(
    pool: tuple[Teaser, ...], data: st.DataObject
) -> None:
    desk = Desk(pool)
    for _ in range(data.draw(st.integers(1, 6))):
        edits = choice(data, desk, ("drop", "back", "lead", "place"))
        if edits is None or desk.edit(edits) is None:
            continue
        assert not desk.now.edits.dropped & {one.teaser.id for one in desk.now.stories}
        before = desk.now
        done = desk.edit(Edits())
        assert done is not None and (done.came_back, done.selection) == ((), before)


def test_what_gave_way_comes_back_where_a_story_of_it_was_dropped_before() -> None:
    desk = Desk([story(name, number) for number, name in enumerate(("a", "b", "c", "d", "e", "f"), 1)])
    first = shape(desk.now)
    assert first[1] == {id_of("b"): "politics", id_of("c"): "politics"} | dict.fromkeys(
        (id_of("d"), id_of("e")), "latest"
    )
    desk.edit(Edits(dropped=frozenset({id_of("b")})))
    assert id_of("f") not in desk.now.sections
    desk.edit(Edits(places=((id_of("b"), "politics"),)))
    assert shape(desk.now) == first
    # As a lead it leaves its section, where there is room again.
    desk.edit(Edits(restored=frozenset({id_of("f")})))
    assert [one.article_id for one in desk.left_out if one.why is Why.GAVE_WAY] == [id_of("c")]
    done = desk.edit(Edits(lead=id_of("f"), dropped=frozenset({id_of("a")})))
    assert done is not None and done.came_back == (id_of("c"),)
    assert desk.now.sections[id_of("c")] == "politics"


def test_to_place_a_story_changes_no_lead_where_the_one_that_was_chosen_is_gone() -> None:
    desk = Desk([story(name, number) for number, name in enumerate(("a", "b", "c", "d"), 1)])
    desk.edit(Edits(lead=id_of("a")))
    for gone in (Edits(dropped=frozenset({id_of("a")})), Edits()):
        desk.edit(gone, gone={id_of("a")})
        assert desk.now.leading == id_of("b")
    assert desk.edit(Edits(places=((id_of("d"), "politics"),))) is not None
    assert desk.now.leading == id_of("b")
