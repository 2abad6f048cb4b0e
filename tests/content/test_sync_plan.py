"""What a sync decides, tried on whole histories of a source."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from content.article import Access, Body
from content.holdings import KnownArticle
from content.row import reader_hash, record_hash
from content.sources import Broken, Entry, Found, content_hash, given_of
from content.sync_plan import SyncPlan, plan_sync
from tests import samples

NOW = samples.NOON
HOUR = timedelta(hours=1)


def found(
    name: str,
    body: str = "text",
    *,
    claim: str = "",
    given: bool = False,
    withdrawn: bool = False,
    **changes: object,
) -> Found:
    """The file `name`.md as the folder gives it; `body` stands for its bytes."""
    article = samples.article(name, body=Body(f"<p>{body}</p>"), slug="s", url="https://quay.example/s")
    article = replace(article, headline=body, **changes)  # type: ignore[arg-type]  # A test names its fields.
    bytes_ = repr((body, claim, given, withdrawn, sorted(changes.items()))).encode()
    entry = Entry(f"{name}.md", f"articles/{name}.md", content_hash(bytes_, "v1"), f"tag:x:{name}")
    article = replace(article, id=entry.default_id, reference=entry.reference)
    return Found(entry, article, claim, updated_given=given, withdrawn=withdrawn)


@dataclass
class Store:
    """What the store would know, after plans are carried out on it."""

    known: dict[str, KnownArticle] = field(default_factory=dict)
    also: dict[str, str] = field(default_factory=dict)

    def sync(
        self, *files: Found, broken: tuple[Broken, ...] = (), now: datetime = NOW, **options: bool
    ) -> SyncPlan:
        plan = plan_sync(self.known, files, broken, now, also=self.also, **options)
        if plan.held:
            return plan
        for change in (*plan.insert, *plan.stores):
            article = change.article
            self.known[article.id] = KnownArticle(
                id=article.id,
                source=article.source,
                reference=article.reference,
                content_hash=change.content_hash,
                slug=article.slug,
                headline=article.headline,
                published=article.published,
                updated=article.updated,
                withdrawn=None,
                pinned=article.pinned,
                access=article.access.value,
                reader_hash=reader_hash(article),
                record_hash=record_hash(article),
            )
        for id_ in plan.withdraw:
            self.known[id_] = replace(self.known[id_], withdrawn=now)
        self.also = plan.also
        return plan

    @property
    def live(self) -> dict[str, str]:
        return {one.reference: one.id for one in self.known.values() if one.withdrawn is None}


def test_a_renamed_file_keeps_its_id_and_so_do_its_copies_and_what_comes_to_its_old_place() -> None:
    store = Store()
    store.sync(found("a"), found("b", "other"))
    plan = store.sync(found("c"), found("b", "other"))
    assert [change.article.reference for change in plan.move] == ["c.md"]
    assert not (plan.insert or plan.withdraw)
    assert store.live == {"c.md": "tag:x:a", "b.md": "tag:x:b"}
    # A new file where the first one was is another article, with an id of its own.
    store.sync(found("c"), found("b", "other"), found("a", "new"))
    assert store.live["a.md"] == "tag:x:a~2"
    store.sync(found("c"), found("b", "other"), found("a", "newer"))
    assert store.live["a.md"] == "tag:x:a~2"


def test_renamed_and_rewritten_is_one_gone_and_one_new_and_said() -> None:
    store = Store()
    store.sync(found("a", "one"), found("b", "two"))
    plan = store.sync(
        replace(found("c", "changed"), article=replace(found("c").article, headline="one")), found("b", "two")
    )  # type: ignore[arg-type]  # Not None.
    assert (len(plan.insert), plan.withdraw) == (1, ["tag:x:a"])
    (problem,) = plan.problems
    assert problem.place == "articles/c.md"
    assert "a.md is gone" in problem.message
    assert "id: tag:x:a" in problem.message


def test_a_file_listed_twice_is_one_article_in_both_sections() -> None:
    store = Store()
    plan = store.sync(
        found("a", claim="tag:x:i", sections=("politics",)),
        found("b", claim="tag:x:i", sections=("culture",)),
    )
    assert plan.twice == 1
    (change,) = plan.insert
    assert change.article.sections == ("politics", "culture")
    # One place goes, and the article loses that section; its first place goes, and it lives on at the other.
    plan = store.sync(found("a", claim="tag:x:i", sections=("politics",)))
    assert [one.article.sections for one in plan.update] == [("politics",)]


def test_the_same_bytes_without_an_id_are_one_article_too_and_live_on_at_the_other_place() -> None:
    store = Store()
    assert store.sync(found("a"), found("b")).twice == 1
    assert store.sync(found("a"), found("b")).changes_nothing
    assert set(store.live.values()) == {"tag:x:a"}
    plan = store.sync(found("b"))
    assert [one.article.reference for one in plan.move] == ["b.md"]
    assert store.live == {"b.md": "tag:x:a"}


def test_two_that_claim_one_id_change_nothing_of_what_is_known() -> None:
    store = Store()
    store.sync(found("a", claim="tag:x:i"))
    plan = store.sync(found("a", "new text", claim="tag:x:i"), found("b", "another", claim="tag:x:i"))
    assert plan.changes_nothing
    (problem,) = plan.problems
    assert problem.place == "articles/a.md, articles/b.md"
    assert problem.severity == "error"


def test_an_id_of_another_source_is_refused_while_it_lives_and_taken_over_after() -> None:
    store = Store()
    store.sync(found("a", claim="tag:x:i"))
    other = store.known["tag:x:i"]
    file = found("z", "its own", claim="tag:x:i")
    plan = plan_sync({}, [file], [], NOW, elsewhere={"tag:x:i": replace(other, source="wire")})
    assert plan.changes_nothing
    assert "source wire" in plan.problems[0].message
    gone = replace(other, source="wire", withdrawn=NOW)
    assert len(plan_sync({}, [file], [], NOW, elsewhere={"tag:x:i": gone}).restore) == 1


def test_a_broken_file_stays_as_it_is_known_also_where_its_article_is_listed_twice() -> None:
    store = Store()
    store.sync(found("a"), found("b"), found("c", "other"))
    for _ in range(2):
        plan = store.sync(found("a", "mended"), broken=(Broken("b.md"), Broken("c.md")))
        assert plan.changes_nothing
        assert set(store.live.values()) == {"tag:x:a", "tag:x:c"}
    store.sync(broken=(Broken("elsewhere.md", claim="tag:x:c"), Broken("a.md")))
    assert set(store.live.values()) == {"tag:x:a", "tag:x:c"}


def test_a_copy_of_what_is_broken_now_is_no_new_article() -> None:
    store = Store()
    store.sync(found("a"), found("b"))
    for file in (found("b"), found("b", "edited")):
        assert store.sync(file, broken=(Broken("a.md"),)).changes_nothing
        assert store.live == {"a.md": "tag:x:a"}


def test_a_broken_file_that_names_its_id_withdraws_nothing_that_was_at_its_place() -> None:
    store = Store()
    store.sync(found("a"), found("b", "other", claim="tag:x:i"), found("c", "third"))
    plan = store.sync(found("c", "third"), broken=(Broken("a.md", claim="tag:x:i"),))
    assert plan.changes_nothing
    # What says that it is the one that was there moves, though.
    moved = found("d", claim="tag:x:a")
    plan = store.sync(moved, found("c", "third"), broken=(Broken("a.md", claim="tag:x:i"),))
    assert [change.article.reference for change in plan.move] == ["d.md"]
    assert not plan.withdraw


def test_a_withdrawn_article_comes_back_though_its_old_place_is_broken() -> None:
    store = Store()
    store.sync(found("a"), found("b", "other"))
    store.sync(found("b", "other"))
    plan = store.sync(found("c", claim="tag:x:a"), found("b", "other"), broken=(Broken("a.md"),))
    assert len(plan.restore) == 1
    assert store.live["c.md"] == "tag:x:a"


@pytest.mark.parametrize("hours", [-40, -1, 5])
@pytest.mark.parametrize("known_hours", [None, -40, -1, 5])
@pytest.mark.parametrize("updated", [-41, -2, 0, 9])
@pytest.mark.parametrize("given", [True, False])
def test_updated_is_never_before_published(
    hours: int, known_hours: int | None, updated: int, given: bool
) -> None:
    """Whatever a source says: some give an update's time and then move the publication."""
    store = Store()
    if known_hours is not None:
        moment = NOW + known_hours * HOUR
        store.sync(found("a", "before", published=moment, updated=moment), now=NOW - 2 * HOUR)
    store.sync(found("a", given=given, published=NOW + hours * HOUR, updated=NOW + updated * HOUR))
    (one,) = store.known.values()
    assert one.updated >= one.published


@pytest.mark.parametrize(
    ("first", "second", "warned"),
    [
        (-5, -1, True),
        (-1, -5, True),
        (2, 3, True),
        (-14, -1, False),
        (-26, -25, False),
        (-26, -20, True),
        (-1, 14, False),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_two_leads_of_the_same_hours_are_said_once(
    first: int, second: int, warned: bool, at_once: bool
) -> None:
    def lead(name: str, hours: int) -> Found:
        moment = NOW + hours * HOUR
        return found(name, f"lead {name}", pinned=True, published=moment, updated=moment)

    store = Store()
    files = [lead("a", first), lead("b", second), found("c", "not a lead")]
    if not at_once:
        assert store.sync(files[0], files[2]).problems == []
    plan = store.sync(*files)
    assert [(one.place, one.severity) for one in plan.problems] == [("articles/b.md", "warning")] * warned
    assert all("a.md is to lead as well" in one.message for one in plan.problems)
    assert store.sync(*files).problems == []
    # The other one is taken back, and there is one.
    edited = found("b", "edited", pinned=True, published=NOW - HOUR, updated=NOW - HOUR)
    assert not [one for one in store.sync(edited, files[2]).problems if "lead" in one.message]


def test_published_never_moves_once_it_has_come_and_an_embargo_does() -> None:
    store = Store()
    store.sync(found("a"), found("b", "later", published=NOW + HOUR, updated=NOW + HOUR))
    plan = store.sync(
        found("a", published=NOW - 9 * HOUR, updated=NOW - 9 * HOUR),
        found("b", "later", published=NOW + 2 * HOUR, updated=NOW + 2 * HOUR),
    )
    assert [one.severity for one in plan.problems] == ["warning"]
    assert store.known["tag:x:a"].published == NOW - HOUR
    assert store.known["tag:x:b"].published == NOW + 2 * HOUR
    assert plan.embargoed == 1
    store.sync(found("a"), found("b", "later", published=NOW - 5 * HOUR, updated=NOW - 5 * HOUR))
    assert store.known["tag:x:b"].published == NOW - 5 * HOUR


@pytest.mark.parametrize(
    ("changes", "moves"),
    [
        ({"teaser": "new"}, True),
        ({"access": Access.FREE}, True),
        ({"correction": "It was nine."}, True),
        ({"rank": 1}, False),
        ({"sections": ("culture",)}, False),
        ({"pinned": True}, False),
        ({"url": "https://quay.example/other"}, False),
    ],
)
def test_updated_moves_with_what_readers_read(changes: dict[str, object], moves: bool) -> None:
    store = Store()
    store.sync(found("a"))
    plan = store.sync(found("a", **changes), now=NOW + HOUR)
    (change,) = plan.update
    assert change.changed
    assert change.article.updated == (NOW + HOUR if moves else NOW - HOUR)


def test_the_editors_own_updated_is_taken_once_it_has_come() -> None:
    store = Store()
    store.sync(found("a"))
    store.sync(found("a", given=True, updated=NOW - HOUR / 2))
    assert store.known["tag:x:a"].updated == NOW - HOUR / 2
    store.sync(found("a", "b", given=True, updated=NOW + 9 * HOUR))
    assert store.known["tag:x:a"].updated == NOW


@pytest.mark.parametrize(
    ("before", "after", "held"),
    [
        (8, 4, False),
        (8, 3, True),
        (8, 0, True),
        (3, 1, False),
        (3, 0, True),
        (1, 0, True),
        (4, 2, False),
        (4, 1, True),
    ],
)
def test_a_source_that_lost_more_than_half_is_held(before: int, after: int, held: bool) -> None:
    store = Store()
    files = [found(f"f{number}", f"text {number}") for number in range(before)]
    store.sync(*files)
    plan = store.sync(*files[:after], found("new", "new") if after else files[0]) if after else store.sync()
    assert bool(plan.held) is held
    assert len(store.live) == (before if held else after + 1)
    if held:
        assert len(store.sync(*files[:after], allow_withdrawals=True).withdraw) == before - after
        assert len(store.live) == after


def test_a_missing_source_is_held_whatever_it_had() -> None:
    store = Store()
    store.sync(found("a"))
    assert "not mounted" in plan_sync(store.known, [], [], NOW, missing="not mounted").held


def test_what_the_source_takes_back_is_withdrawn_remembered_and_comes_back() -> None:
    store = Store()
    back = found("a", withdrawn=True)
    plan = store.sync(back)
    assert (len(plan.insert), plan.withdraw) == (1, ["tag:x:a"])
    assert store.sync(back).changes_nothing
    assert len(store.sync(found("a", "again")).restore) == 1
    assert store.known["tag:x:a"].withdrawn is None
    draft = Found(found("a", "draft").entry, None, withdrawn=True)
    assert store.sync(draft).withdraw == ["tag:x:a"]
    assert store.sync(draft).changes_nothing


NAMES = st.sampled_from("abcd")
MOMENTS = st.sampled_from([NOW - 3 * HOUR, NOW - HOUR, NOW + HOUR, NOW + 30 * HOUR])


@st.composite
def folders(draw: st.DrawFn) -> list[Found]:
    """A folder as it may be: few names, few texts, some ids, so that everything meets everything."""
    files = []
    for name in draw(st.lists(NAMES, unique=True, max_size=4)):
        published = draw(MOMENTS)
        file = found(
            name,
            draw(st.sampled_from(["one", "two", "three"])),
            claim=draw(st.sampled_from(["", "", "tag:x:i", "tag:x:a"])),
            given=draw(st.booleans()),
            withdrawn=draw(st.integers(0, 9)) == 0,
            published=published,
            updated=published + draw(st.sampled_from([0, 1, 40])) * HOUR,
            sections=(draw(st.sampled_from(["politics", "culture"])),),
        )
        files.append(file)
    return files


BROKEN = st.builds(
    lambda name, claim: Broken(f"{name}.md", claim), NAMES, st.sampled_from(["", "", "tag:x:i", "tag:x:a"])
)
STEPS = st.lists(
    st.tuples(folders(), st.lists(BROKEN, max_size=1), st.integers(0, 40)), min_size=1, max_size=6
)

# An article's file goes to two places that differ, so it stays as known at its old one; another one comes
# there, and then that breaks: both are known there.
LEFT_FOR_TWO_PLACES = [
    ([found("d", "one", claim="tag:x:a")], [], 0),
    ([found("b", "two", claim="tag:x:a"), found("c", claim="tag:x:a"), found("d", "three")], [], 0),
    ([], [Broken("d.md")], 0),
]
# The same with places that the source takes back, and among withdrawn articles of the same bytes.
LEFT_FOR_PLACES_TAKEN_BACK = [
    ([found("b", claim="tag:x:i"), *(found(name, withdrawn=True) for name in "acd")], [], 0),
    (
        [
            found("a", claim="tag:x:i", withdrawn=True, updated=NOW),
            found("b"),
            found("c", claim="tag:x:i", withdrawn=True),
            found("d", withdrawn=True),
        ],
        [],
        0,
    ),
    ([], [Broken("b.md")], 0),
]
# A broken file names the id of an article that comes at the same time, and was another one.
NAMES_WHAT_COMES = [
    ([found("a")], [], 0),
    (
        [found("b", "two", claim="tag:x:a"), found("d", "three", claim="tag:x:i")],
        [Broken("a.md", "tag:x:i")],
        0,
    ),
]


# What is taken back has left its place to a copy of another article.
TAKEN_BACK_ELSEWHERE = [
    ([found("d", claim="tag:x:i"), found("b", "two")], [], 0),
    ([found("d", "two"), found("b", "two"), found("c", claim="tag:x:i", withdrawn=True)], [], 0),
]


@settings(max_examples=150, deadline=None)
@given(STEPS)
@example(LEFT_FOR_TWO_PLACES)
@example(LEFT_FOR_PLACES_TAKEN_BACK)
@example(NAMES_WHAT_COMES)
@example(TAKEN_BACK_ELSEWHERE)
def test_whatever_happens_a_plan_made_again_is_empty_and_what_is_out_moves_into_the_future_alone(
    steps: list[tuple[list[Found], list[Broken], int]],
) -> None:
    store = Store()
    now = NOW
    for files, broken_list, hours in steps:
        now += hours * HOUR
        broken = tuple(broken_list)
        files = [one for one in files if one.entry.reference not in {one.reference for one in broken}]
        before, also = dict(store.known), store.also
        plan = store.sync(*files, broken=broken, now=now, allow_withdrawals=True)
        assert store.sync(*files, broken=broken, now=now, allow_withdrawals=True).changes_nothing
        assert before.keys() <= store.known.keys()
        for id_, one in before.items():
            if one.published <= now:
                published = store.known[id_].published
                assert published == one.published or published > now
        for lost in broken:
            elsewhere = {file.claim or also.get(file.entry.reference) for file in files}
            _assert_kept(lost, before, store.known, elsewhere)
        for one in store.known.values():
            assert one.updated >= one.published
        usable = {file.entry.reference for file in files if not file.withdrawn}
        if not [problem for problem in plan.problems if problem.severity == "error"] and not broken:
            assert {*store.live, *store.also} >= usable
            assert {*store.live} <= usable


def _assert_kept(
    lost: Broken,
    before: dict[str, KnownArticle],
    after: dict[str, KnownArticle],
    elsewhere: Collection[str | None],
) -> None:
    """Nothing that was at a broken place, or that the file there says it is, was changed or withdrawn."""
    for id_, one in before.items():
        was_there = one.reference == lost.reference and one.withdrawn is None
        # What is elsewhere too, while the broken file says that it is another article, is what is there.
        if id_ == lost.claim or (was_there and not (lost.claim and id_ in elsewhere)):
            assert after[id_] == one


def test_what_is_out_and_gets_a_date_to_come_is_under_embargo_again() -> None:
    store = Store()
    store.sync(found("a", published=NOW - 2 * HOUR, updated=NOW - 2 * HOUR))
    again = found("a", published=NOW + HOUR, updated=NOW + HOUR)
    plan = store.sync(again)
    (told,) = plan.problems
    assert "nothing shows it before" in told.message
    assert plan.embargoed == 1
    assert store.known["tag:x:a"].published == NOW + HOUR
    assert store.sync(again).problems == []
    # It comes by itself, and whoever changes their mind moves it once more.
    assert store.sync(again, now=NOW + 2 * HOUR).changes_nothing
    store.sync(found("a", published=NOW - HOUR, updated=NOW - HOUR))
    assert store.known["tag:x:a"].published == NOW - HOUR


def test_that_published_stays_is_said_once_and_not_for_every_change_of_the_rules() -> None:
    store = Store()
    first = found("a", published=NOW - 2 * HOUR)
    store.sync(first)
    moved = found("a", published=NOW - HOUR)
    (told,) = store.sync(moved).problems
    assert "published moves no more" in told.message
    assert "nothing is to be done" in told.message
    given = given_of(moved.entry.content_hash)
    read_anew = replace(moved, entry=replace(moved.entry, content_hash=given + "f" * 24))
    plan = store.sync(read_anew)
    assert (plan.problems, plan.changes_nothing) == ([], False)
    assert store.sync(found("a", "other", published=NOW - HOUR)).problems
