"""The shelf of private feeds: made once, looked at now and then, never more than there is room for."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from content import store
from content.article import Article, Body
from content.entitlement import Viewer
from newsroom.database import writing
from tests import samples
from tests.samples import NOON, article
from web.private_shelf import LOOK_EVERY, Shelf

PAYER = Viewer(True, True)


@pytest.fixture
def shelf(engine: Engine, tmp_path: Path) -> Shelf:
    return Shelf(engine, samples.newsroom(), tmp_path)


def add(engine: Engine, *some: Article) -> None:
    with writing(engine) as connection:
        for one in some:
            store.insert(connection, one, "hash", NOON - timedelta(hours=1))


def test_it_is_made_once_for_all_who_may_read_the_same(engine: Engine, shelf: Shelf) -> None:
    add(engine, article(products=frozenset({"arts"})))
    first = shelf.fetch("politics", ".rss", Viewer(True, True, frozenset({"arts", "sport"})), NOON)
    # Sport opens nothing in it.
    assert shelf.at_hand("politics", ".rss", Viewer(True, True, frozenset({"arts"})), NOON) is first
    assert shelf.at_hand("politics", ".rss", PAYER, NOON) is None
    # Who does not pay has nothing of products.
    ended = shelf.fetch("politics", ".rss", Viewer(True, False, frozenset({"arts"})), NOON)
    assert shelf.at_hand("politics", ".rss", Viewer(True, False), NOON) is ended


def test_what_did_not_change_is_not_made_again(engine: Engine, shelf: Shelf) -> None:
    add(engine, article())
    first = shelf.fetch("politics", ".rss", PAYER, NOON)
    for number in range(1, 100):
        now = NOON + number * LOOK_EVERY
        assert shelf.at_hand("politics", ".rss", PAYER, now) is None
        assert shelf.fetch("politics", ".rss", PAYER, now) is first


def test_what_was_not_asked_for_the_longest_makes_room(engine: Engine, tmp_path: Path) -> None:
    # The whole house has one story in each section, and room for two and a half of them.
    sections = ("politics", "culture", "briefs")
    add(engine, *(article(name, sections=(name,), body=Body(f"<p>{name * 9_000}</p>")) for name in sections))
    size = Shelf(engine, samples.newsroom(), tmp_path)
    size.fetch("politics", ".json", PAYER, NOON)
    shelf = Shelf(engine, samples.newsroom(), tmp_path, room=size.size * 5 // 2)
    for name in ("politics", "culture"):
        shelf.fetch(name, ".json", PAYER, NOON)
    assert shelf.at_hand("politics", ".json", PAYER, NOON) is not None
    shelf.fetch("briefs", ".json", PAYER, NOON)
    there = [name for name in sections if shelf.at_hand(name, ".json", PAYER, NOON)]
    assert there == ["politics", "briefs"]
    assert shelf.size <= size.size * 5 // 2


def test_one_that_is_too_large_is_handed_out_all_the_same(engine: Engine, tmp_path: Path) -> None:
    add(engine, article())
    shelf = Shelf(engine, samples.newsroom(), tmp_path, room=10)
    assert shelf.fetch("politics", ".rss", PAYER, NOON).pieces.still
