"""Articles stored together are stored as one after the other."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from content.article import Booking
from content.carry_out import carry_out
from content.feed_rules import RuleBook
from content.store import insert, insert_many, withdraw
from content.sync_plan import Change, SyncPlan
from content.tables import article_sections, articles, section_changes
from newsroom.database import engine_for, metadata, reading, writing
from newsroom.errors import ArticleError
from newsroom.masthead import FeedRule
from tests.samples import NOON, article

BOOK = RuleBook((FeedRule("sea", "Sea", tags=("sea-wall",)), FeedRule("all", "All")))
TABLES = (articles, article_sections, section_changes)
_HOURS = st.integers(-3, 3).map(lambda hours: NOON + timedelta(hours=hours))
_BOOKINGS = st.none() | st.builds(Booking, st.just("Bank"), st.none() | _HOURS, st.none() | _HOURS)


@st.composite
def _many(draw):
    return [
        article(
            f"a{number}",
            published=draw(_HOURS),
            sections=tuple(draw(st.lists(st.sampled_from(["politics", "culture", "briefs"]), max_size=2))),
            tags=draw(st.sampled_from([(), ("sea-wall",)])),
            booking=draw(_BOOKINGS),
        )
        for number in range(draw(st.integers(0, 5)))
    ]


@pytest.fixture(scope="module")
def lasting(tmp_path_factory):
    value = engine_for(f"sqlite:///{tmp_path_factory.mktemp('many') / 'standfirst.db'}")
    metadata.create_all(value)
    yield value
    value.dispose()


def _stored(connection):
    return [sorted(map(repr, connection.execute(sa.select(table)))) for table in TABLES]


@settings(max_examples=60)
@given(_many(), st.booleans())
def test_many_are_stored_as_one_by_one(lasting, many, there_are_marks):
    results = []
    for together in (True, False):
        # It reads alone, so that nothing is committed.
        with reading(lasting) as connection:
            if there_are_marks:
                insert(connection, article("before", sections=("politics",)), "h", NOON, BOOK)
            if together:
                insert_many(connection, [(one, one.slug) for one in many], NOON, BOOK)
            else:
                for one in many:
                    insert(connection, one, one.slug, NOON, BOOK)
            results.append(_stored(connection))
    assert results[0] == results[1]


def test_the_last_change_of_a_section_is_marked(engine):
    early = NOON - timedelta(hours=3)
    over = article("b", published=early, booking=Booking("Bank", None, NOON - timedelta(hours=2)))
    with writing(engine) as connection:
        insert_many(connection, [(article("a"), "h"), (over, "h")], NOON)
        assert connection.execute(sa.select(section_changes.c.changed)).scalars().all() == [NOON]


def test_none_is_nothing(engine):
    with writing(engine) as connection:
        insert_many(connection, [], NOON)
        assert _stored(connection) == [[], [], []]


def test_one_that_cannot_be_stored_stores_none(engine):
    bad = article("b", booking=Booking("", None, None))
    with pytest.raises(ArticleError), writing(engine) as connection:
        insert_many(connection, [(article("a"), "h"), (bad, "h")], NOON)
    with reading(engine) as connection:
        assert _stored(connection) == [[], [], []]


def test_those_taken_back_with_their_coming_are_in_no_list(engine, tmp_path):
    some = [article(f"a{number}") for number in range(5)]
    plan = SyncPlan(insert=[Change(one, one.slug) for one in some], withdraw=[some[1].id, some[3].id])
    carry_out(engine, plan, {}, NOON, BOOK)
    other = engine_for(f"sqlite:///{tmp_path / 'other.db'}")
    metadata.create_all(other)
    with writing(other) as connection:
        for one in some:
            insert(connection, one, one.slug, NOON, BOOK)
            if one in (some[1], some[3]):
                withdraw(connection, [one.id], NOON, BOOK)
    with reading(engine) as connection, reading(other) as second:
        assert _stored(connection) == _stored(second)
        assert len(_stored(connection)[1]) == 6
    other.dispose()
