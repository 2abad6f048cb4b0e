"""What the store keeps of articles, and what each change marks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from content.article import Access, Article, Body, Booking, LeadImage, Picture
from content.holdings import at_references, elsewhere, of_source, shown_at
from content.row import columns, reader_hash, record_hash, stored
from content.store import (
    SourceState,
    insert,
    picture,
    remember_picture,
    set_source_state,
    source_state,
    update,
    withdraw,
)
from content.tables import article_sections, articles, section_changes
from newsroom.database import engine_for, metadata, reading, writing
from newsroom.errors import ArticleError
from tests.samples import NOON, article

LATER = NOON + timedelta(hours=1)
SIZES = (Picture("media/aa.jpg", 1200, 800, 90_000), Picture("media/bb.jpg", 600, 400, 40_000))


@pytest.fixture
def connection(engine):
    with writing(engine) as value:
        yield value


def _row(connection, value: Article):
    return connection.execute(sa.select(articles).where(articles.c.id == value.id)).mappings().one()


def _stored(connection, value: Article):
    return stored(_row(connection, value))


def _listed(connection) -> list[tuple[str, str, int]]:
    query = sa.select(article_sections.c.article_id, article_sections.c.section, article_sections.c.position)
    return sorted((row[0].rpartition("/")[2], row[1], row[2]) for row in connection.execute(query))


def _marks(connection) -> dict[str, datetime]:
    rows = connection.execute(sa.select(section_changes.c.section, section_changes.c.changed))
    return {row.section: row.changed for row in rows}


_MOMENTS = st.integers(0, 4 * 10**15).map(
    lambda microseconds: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
)
_LINES = st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")), max_size=20)
_KEYS = st.text(alphabet="abcdef-", min_size=1, max_size=5)
_PICTURES = st.builds(Picture, _LINES, st.integers(1, 9999), st.integers(1, 9999), st.integers(1, 10**6))
_IMAGES = st.builds(LeadImage, st.lists(_PICTURES, min_size=1, max_size=3).map(tuple), _LINES, _LINES, _LINES)
_BOOKINGS = st.builds(Booking, _LINES.filter(bool), st.none() | _MOMENTS, st.none() | _MOMENTS)
_ARTICLES = st.builds(
    Article,
    id=_LINES.filter(bool),
    source=_KEYS,
    reference=_LINES,
    slug=_KEYS,
    url=_LINES,
    headline=_LINES,
    published=_MOMENTS,
    updated=_MOMENTS,
    sections=st.lists(_KEYS, unique=True, max_size=3).map(tuple),
    body=_LINES.map(Body),
    teaser=_LINES,
    label=_LINES,
    authors=st.lists(_LINES, max_size=3).map(tuple),
    language=_KEYS,
    rank=st.none() | st.integers(1, 99),
    pinned=st.booleans(),
    sticky=st.booleans(),
    place=_KEYS,
    access=st.sampled_from(Access),
    products=st.frozensets(_KEYS, max_size=3),
    image=st.none() | _IMAGES,
    booking=st.none() | _BOOKINGS,
    correction=_LINES,
    sensitive=st.booleans(),
    again=st.booleans(),
    tags=st.lists(_KEYS, unique=True, max_size=3).map(tuple),
    words=st.integers(0, 10**6),
)


@pytest.fixture(scope="module")
def lasting(tmp_path_factory):
    """One database for every example of a property."""
    engine = engine_for(f"sqlite:///{tmp_path_factory.mktemp('store') / 'standfirst.db'}")
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@settings(deadline=None)
@given(value=_ARTICLES)
def test_what_goes_in_comes_out(lasting, value):
    # It reads alone, so that nothing is committed and no example sees another's article.
    with reading(lasting) as connection:
        insert(connection, value, "h", NOON)
        assert _stored(connection, value).article == value


@pytest.mark.sqlite
def test_a_few_of_a_source_are_found_without_looking_at_all_of_them(connection):
    asked = []
    sa.event.listen(connection, "before_cursor_execute", lambda *event: asked.append(event[2:4]))
    at_references(connection, "articles", ["a.md"])
    shown_at(connection, "articles", ["a.md"])
    for statement, values in asked[:2]:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
        assert [row for row in plan if "ix_articles_reference" in row[-1]], plan


@settings(deadline=None)
@given(value=_ARTICLES, other=_ARTICLES)
def test_the_record_hash_tells_articles_apart(value, other):
    other = replace(other, id=value.id, source=value.source, reference=value.reference)
    assert (record_hash(value) == record_hash(other)) == (value == other)
    assert record_hash(replace(value, reference="moved")) == record_hash(value)


@pytest.mark.parametrize(
    "change",
    [
        {"headline": "x"},
        {"label": "x"},
        {"teaser": "x"},
        {"body": Body("x")},
        {"access": Access.FREE},
        {"correction": "x"},
        {"image": LeadImage(SIZES)},
    ],
)
def test_the_reader_hash_sees_what_a_reader_reads(change):
    assert reader_hash(article(**change)) != reader_hash(article())


@pytest.mark.parametrize(
    "change",
    [
        {"rank": 1},
        {"sections": ("culture",)},
        {"place": "culture"},
        {"pinned": True},
        {"sticky": True},
        {"tags": ("a",)},
    ],
)
def test_the_reader_hash_does_not_see_moves(change):
    assert reader_hash(article(**change)) == reader_hash(article())
    assert record_hash(article(**change)) != record_hash(article())


def test_a_booking_without_a_sponsor_is_refused():
    with pytest.raises(ArticleError, match=r"bridge\.md.*sponsor"):
        columns(article(booking=Booking("")))


def test_a_new_article_is_listed_and_marks_its_sections(connection):
    insert(connection, article(sections=("politics", "culture", "politics")), "h", NOON)
    assert _listed(connection) == [("bridge", "culture", 1), ("bridge", "politics", 0)]
    assert _marks(connection) == {"politics": NOON, "culture": NOON}
    value = _stored(connection, article())
    assert (value.revision, value.changed, value.first_seen, value.withdrawn) == (1, NOON, NOON, None)


def test_an_embargoed_article_marks_nothing_and_changes_when_it_comes_out(connection):
    value = article(published=LATER)
    insert(connection, value, "h", NOON)
    update(connection, replace(value, headline="x"), "i", NOON, changed=True)
    assert _marks(connection) == {}
    assert _listed(connection) == [("bridge", "politics", 0)]
    assert _stored(connection, value).changed == LATER
    sooner = replace(value, published=NOON + timedelta(minutes=1))
    update(connection, sooner, "j", NOON, changed=True)
    assert _stored(connection, value).changed == sooner.published


def test_an_embargo_timed_anew_into_the_past_marks(connection):
    insert(connection, article(published=LATER), "h", NOON)
    update(connection, article(), "i", NOON, changed=True)
    assert _marks(connection) == {"politics": NOON}
    assert _stored(connection, article()).changed == NOON


def test_an_edit_is_a_revision_and_marks_the_sections_before_and_after(connection):
    insert(connection, article(sections=("politics", "briefs")), "h", NOON)
    insert(connection, article("other", sections=("other",)), "h", NOON)
    update(connection, article(sections=("culture", "briefs")), "i", LATER, changed=True)
    assert _marks(connection) == {"politics": LATER, "culture": LATER, "briefs": LATER, "other": NOON}
    assert _listed(connection) == [
        ("bridge", "briefs", 1),
        ("bridge", "culture", 0),
        ("other", "other", 0),
    ]
    value = _stored(connection, article())
    assert (value.revision, value.changed, value.first_seen) == (2, LATER, NOON)
    assert value.article.sections == ("culture", "briefs")


def test_a_moved_file_marks_nothing(connection):
    insert(connection, article(), "h", NOON)
    update(connection, article(reference="elsewhere.md"), "i", LATER, changed=False)
    assert _marks(connection) == {"politics": NOON}
    value = _stored(connection, article())
    assert (value.revision, value.changed) == (1, NOON)
    assert value.article.reference == "elsewhere.md"
    assert of_source(connection, "articles")[value.article.id].content_hash == "i"


def test_two_files_that_change_places_are_no_conflict(connection):
    insert(connection, article("a"), "h", NOON)
    insert(connection, article("b"), "h", NOON)
    update(connection, article("a", reference="b.md"), "i", NOON, changed=False)
    update(connection, article("b", reference="a.md"), "i", NOON, changed=False)
    assert {value.reference for value in of_source(connection, "articles").values()} == {"a.md", "b.md"}


def test_an_unknown_article_cannot_be_updated(connection):
    with pytest.raises(KeyError):
        update(connection, article(), "h", NOON, changed=True)


def test_marks_and_changes_never_go_back(connection):
    insert(connection, article(), "h", LATER)
    update(connection, article(headline="x"), "i", NOON, changed=True)
    assert _marks(connection) == {"politics": LATER}
    assert _stored(connection, article()).changed == LATER
    withdraw(connection, [article().id], NOON)
    assert _marks(connection) == {"politics": LATER}


def test_a_withdrawn_article_is_listed_nowhere_and_stays_known(connection):
    insert(connection, article(), "h", NOON)
    insert(connection, article("kept", sections=("culture",)), "h", NOON)
    insert(connection, article("embargoed", sections=("briefs",), published=LATER), "h", NOON)
    gone = article().id
    withdraw(connection, [gone, article("embargoed").id, "tag:unknown"], LATER - timedelta(minutes=1))
    assert _listed(connection) == [("kept", "culture", 0)]
    assert _marks(connection) == {"politics": LATER - timedelta(minutes=1), "culture": NOON}
    assert of_source(connection, "articles")[gone].withdrawn == LATER - timedelta(minutes=1)
    withdraw(connection, [gone], LATER)
    assert of_source(connection, "articles")[gone].withdrawn == LATER - timedelta(minutes=1)
    assert _marks(connection)["politics"] == LATER - timedelta(minutes=1)


@pytest.mark.parametrize("changed", [True, False])
def test_a_withdrawn_article_comes_back(connection, changed):
    insert(connection, article(), "h", NOON)
    withdraw(connection, [article().id], NOON)
    update(connection, article(sections=("culture",)), "i", LATER, changed=changed)
    assert _listed(connection) == [("bridge", "culture", 0)]
    assert _marks(connection) == {"politics": NOON, "culture": LATER}
    value = _stored(connection, article())
    assert (value.withdrawn, value.changed, value.revision) == (None, LATER, 2 if changed else 1)


@pytest.mark.parametrize(
    ("booking", "mark"),
    [
        (Booking("Harbour Bank"), NOON),
        (Booking("Harbour Bank", NOON, NOON), NOON),
        (Booking("Harbour Bank", LATER), None),
        (Booking("Harbour Bank", None, NOON - timedelta(minutes=1)), NOON - timedelta(minutes=1)),
        (Booking("Harbour Bank", None, NOON - timedelta(hours=2)), None),
    ],
)
def test_a_booking_marks_when_it_was_last_shown(connection, booking, mark):
    insert(connection, article(booking=booking, sections=("partners",)), "h", NOON)
    assert _marks(connection) == ({"partners": mark} if mark else {})


def test_a_booking_that_is_ended_early_marks(connection):
    insert(connection, article(booking=Booking("Harbour Bank"), sections=("partners",)), "h", NOON)
    ended = article(booking=Booking("Harbour Bank", None, NOON), sections=("partners",))
    update(connection, ended, "i", LATER, changed=True)
    assert _marks(connection) == {"partners": LATER}


def test_what_is_known_has_no_text(connection):
    value = article(body=Body("<p>paidword</p>"), image=LeadImage(SIZES), pinned=True)
    insert(connection, value, "h", NOON)
    insert(connection, article("other", source="elsewhere"), "h", NOON)
    found = of_source(connection, "articles")
    assert set(found) == {value.id}
    one = found[value.id]
    assert (one.reference, one.slug, one.headline) == (value.reference, value.slug, value.headline)
    assert (one.published, one.updated, one.pinned) == (value.published, value.updated, True)
    assert (one.reader_hash, one.record_hash) == (reader_hash(value), record_hash(value))
    assert "paidword" not in repr(one)


def test_ids_that_another_source_holds(connection):
    insert(connection, article(), "h", NOON)
    insert(connection, article("own", source="second"), "h", NOON)
    ids = [article().id, article("own").id, *(f"tag:x,{number}" for number in range(1_200))]
    found = elsewhere(connection, "second", ids)
    assert {held.source for held in found.values()} == {"articles"}
    assert set(found) == {article().id}


def test_a_sources_state(engine):
    state = SourceState(NOON, "could not be read", "half of it is gone", {"cursor": "2026", "etag": None})
    with writing(engine) as connection:
        assert source_state(connection, "articles") == SourceState()
        set_source_state(connection, "articles", SourceState(held="x"))
        set_source_state(connection, "articles", state)
    with reading(engine) as connection:
        assert source_state(connection, "articles") == state
        assert source_state(connection, "other") == SourceState()


def test_a_pictures_sizes(connection):
    assert picture(connection, "a" * 64) is None
    remember_picture(connection, "a" * 64, SIZES[:1], NOON)
    remember_picture(connection, "a" * 64, SIZES, NOON)
    assert picture(connection, "a" * 64) == SIZES
